"""Layer bytes: codecs, the tar scanner, the reproducible tar writer, safe unpacking."""
