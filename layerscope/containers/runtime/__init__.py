"""Processes in containers: namespaces, a root of their own, a small init, logs (Linux)."""
