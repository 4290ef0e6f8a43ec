"""There is no GPU here; this says so to scripts that ask, and takes what they do for the sake of one."""

from typing import TYPE_CHECKING

from tinytorch import _lazy

if not TYPE_CHECKING:
    __getattr__ = _lazy.lacks(__name__)


def is_available() -> bool:
    """Never."""
    return False


def is_initialized() -> bool:
    """Never."""
    return False


def device_count() -> int:
    """None."""
    return 0


def manual_seed_all(seed: int) -> None:
    """Nothing to seed."""


def manual_seed(seed: int) -> None:
    """Nothing to seed: `tinytorch.manual_seed` starts all random numbers."""


def empty_cache() -> None:
    """Nothing to empty."""


def memory_allocated(device: object = None) -> int:
    """No bytes, as in a PyTorch without GPU."""
    return 0


def max_memory_allocated(device: object = None) -> int:
    """No bytes at any time."""
    return 0
