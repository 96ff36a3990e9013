"""Bridge: a sync engine between labeling platforms and models."""

from bridge._version import __version__

__all__ = ["__version__"]
