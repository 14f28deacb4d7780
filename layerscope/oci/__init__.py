"""Value types of the OCI specs: pure, no I/O."""
