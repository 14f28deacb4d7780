"""Containers of other engines on this machine: looked at, never touched."""
