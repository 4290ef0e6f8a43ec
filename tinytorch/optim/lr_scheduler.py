"""Learning rate schedules, where a PyTorch user looks for them: the schedulers, and the functions that they set.

See `tinytorch.schedules` for the one and `tinytorch.optimizers` for the other.
"""

from tinytorch._lazy import face

__getattr__, __dir__, __all__ = face(
    __name__,
    {
        "tinytorch.schedules": """
            ConstantLR CosineAnnealingLR ExponentialLR LRScheduler LambdaLR LinearLR MultiStepLR OneCycleLR
            ReduceLROnPlateau StepLR""",
        "tinytorch.optimizers": """
            constant cosine exponential linear multi_step one_cycle one_cycle_momentum step_decay""",
    },
)
