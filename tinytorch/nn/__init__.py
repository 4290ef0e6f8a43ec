"""Layers and losses, where a PyTorch user looks for them; each is defined in a course file."""

from tinytorch._lazy import face

_POOLS = ("AdaptiveAvgPool", "AdaptiveMaxPool", "AvgPool", "LPPool", "MaxPool")

__getattr__, __dir__, __all__ = face(
    __name__,
    {
        "tinytorch.layers": (
            *(
                "ELU",
                "Flatten",
                "GELU",
                "Identity",
                "LeakyReLU",
                "Linear",
                "LogSigmoid",
                "LogSoftmax",
                "Module",
                "ModuleDict",
            ),
            *("ModuleList", "Parameter", "ReLU", "Sequential", "SiLU", "Sigmoid", "Softmax", "Softplus", "Tanh"),
        ),
        "tinytorch.losses": ("BCEWithLogitsLoss", "CrossEntropyLoss", "L1Loss", "MSELoss", "NLLLoss"),
        "tinytorch.conv": ("Conv1d", "Conv2d"),
        "tinytorch.pooling": [f"{pool}{dims}d" for pool in _POOLS for dims in (1, 2)],
        "tinytorch.regularization": ("BatchNorm1d", "BatchNorm2d", "Dropout", "Dropout1d", "Dropout2d", "LayerNorm"),
        "tinytorch.recurrent": ("GRU",),
    },
    ("functional", "init", "utils"),
)
