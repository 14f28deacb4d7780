"""Images of a running Docker: asked for over its API, read where they lie where that may be."""
