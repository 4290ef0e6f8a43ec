"""The optimizers, where a PyTorch user looks for them: see `tinytorch.optimizers`."""

from tinytorch.optim import lr_scheduler
from tinytorch.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "lr_scheduler"]
