"""TARGETs in and out: archives, layouts, root file systems, the store."""
