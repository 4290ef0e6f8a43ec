"""The switches that scripts set for the sake of runs that can be repeated: here a seed is enough, and nothing looks at them."""

from typing import TYPE_CHECKING

from tinytorch import _lazy

if not TYPE_CHECKING:
    __getattr__ = _lazy.lacks(__name__)

allow_tf32 = False
benchmark = False
deterministic = True
enabled = False


def is_available() -> bool:
    """Never."""
    return False


def version() -> None:
    """None, for there is no cuDNN."""
