"""Gradient clipping, where a PyTorch user looks for it."""

from tinytorch.optimizers import clip_grad_norm_, clip_grad_value_

__all__ = ["clip_grad_norm_", "clip_grad_value_"]
