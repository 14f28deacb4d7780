"""An image's history and config told as the Dockerfile that they could have come from. Pure."""
