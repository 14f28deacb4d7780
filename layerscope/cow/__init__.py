"""The copy-on-write engine: writable layers over read-only stacks, as the kernel does it."""
