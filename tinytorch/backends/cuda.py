"""What scripts set for how a GPU is to multiply: there is none, and nothing looks at it."""

from types import SimpleNamespace
from typing import TYPE_CHECKING

from tinytorch import _lazy

if not TYPE_CHECKING:
    __getattr__ = _lazy.lacks(__name__)

matmul = SimpleNamespace(allow_tf32=False)


def is_built() -> bool:
    """Never."""
    return False
