"""Learning rate schedules, where a PyTorch user looks for them: the schedulers, and the functions that they set.

See `tinytorch.schedules` for the one and `tinytorch.optimizers` for the other.
"""

from tinytorch.optimizers import (
    constant,
    cosine,
    exponential,
    linear,
    multi_step,
    one_cycle,
    one_cycle_momentum,
    step_decay,
)
from tinytorch.schedules import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    OneCycleLR,
    StepLR,
)

__all__ = [
    "ConstantLR",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "OneCycleLR",
    "StepLR",
    "constant",
    "cosine",
    "exponential",
    "linear",
    "multi_step",
    "one_cycle",
    "one_cycle_momentum",
    "step_decay",
]
