"""Images of Podman, Buildah, CRI-O: read in their storage on disk, where they lie."""
