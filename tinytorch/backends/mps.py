"""There is no GPU of Apple's either; this says so to scripts that ask."""

from typing import TYPE_CHECKING

from tinytorch import _lazy

if not TYPE_CHECKING:
    __getattr__ = _lazy.lacks(__name__)


def is_available() -> bool:
    """Never."""
    return False


def is_built() -> bool:
    """Nor could it be."""
    return False
