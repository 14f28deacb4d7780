"""layerscope: what every image layer and every container's writable layer holds and costs, live."""

__version__ = "0.1.0"
