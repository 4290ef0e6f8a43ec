"""There is no GPU of Apple's either; this says so to scripts that ask."""

from tinytorch._lazy import lacks

__getattr__ = lacks(__name__)


def is_available() -> bool:
    """Never."""
    return False


def is_built() -> bool:
    """Nor could it be."""
    return False
