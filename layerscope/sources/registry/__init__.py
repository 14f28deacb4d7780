"""Registries, by the OCI distribution API: images looked at, pulled and pushed."""
