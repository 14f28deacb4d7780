"""What a writable layer costs: Docker's sizes, Docker's change list, the ledger that keeps them."""
