"""There is no accelerator here; this says so to scripts that ask for whichever there is."""

from typing import TYPE_CHECKING

from tinytorch import _lazy

if not TYPE_CHECKING:
    __getattr__ = _lazy.lacks(__name__)


def is_available() -> bool:
    """Never."""
    return False


def current_accelerator(check_available: bool = False) -> None:
    """None, with or without looking for it."""


def device_count() -> int:
    """Always 0."""
    return 0
