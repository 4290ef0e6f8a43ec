"""Initial weights, where a PyTorch user looks for them."""

from tinytorch._lazy import face

__getattr__, __dir__, __all__ = face(
    __name__,
    {
        "tinytorch.init": """
            calculate_gain constant_ kaiming_normal_ kaiming_uniform_ normal_ ones_ uniform_ xavier_normal_
            xavier_uniform_ zeros_"""
    },
)
