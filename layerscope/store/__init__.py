"""The content-addressed store: blobs, images, names, transactions, locks, garbage, fsck."""
