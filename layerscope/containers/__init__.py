"""Containers: records, lifecycle, volumes, commit."""
