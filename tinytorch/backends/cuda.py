"""What scripts set for how a GPU is to multiply: there is none, and nothing looks at it."""

from types import SimpleNamespace

from tinytorch._lazy import lacks

__getattr__ = lacks(__name__)

matmul = SimpleNamespace(allow_tf32=False)


def is_built() -> bool:
    """Never."""
    return False
