"""The live ledger: what a writable layer holds and costs while processes write into it."""
