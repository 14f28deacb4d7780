"""The content-addressed store: blobs, images, names, locks, garbage collection, fsck."""
