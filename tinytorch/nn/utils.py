"""Gradient clipping, where a PyTorch user looks for it."""

from tinytorch._lazy import face

__getattr__, __dir__, __all__ = face(__name__, {"tinytorch.optimizers": "clip_grad_norm_ clip_grad_value_"})
