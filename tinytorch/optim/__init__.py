"""The optimizers, where a PyTorch user looks for them: see `tinytorch.optimizers`."""

from tinytorch._lazy import face

__getattr__, __dir__, __all__ = face(
    __name__, {"tinytorch.optimizers": "SGD Adam AdamW Optimizer RMSprop"}, "lr_scheduler"
)
