"""Layers and losses, where a PyTorch user looks for them; each is defined in a course file."""

from tinytorch._lazy import face

__getattr__, __dir__, __all__ = face(
    __name__,
    {
        "tinytorch.layers": """
            ELU Embedding Flatten GELU Identity LeakyReLU Linear LogSigmoid LogSoftmax Module ModuleDict ModuleList
            Parameter ReLU Sequential SiLU Sigmoid Softmax Softplus Tanh""",
        "tinytorch.losses": "BCELoss BCEWithLogitsLoss CrossEntropyLoss L1Loss MSELoss NLLLoss",
        "tinytorch.conv": "Conv1d Conv2d",
        "tinytorch.pooling": """
            AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveMaxPool1d AdaptiveMaxPool2d AvgPool1d AvgPool2d
            LPPool1d LPPool2d MaxPool1d MaxPool2d""",
        "tinytorch.regularization": "BatchNorm1d BatchNorm2d Dropout Dropout1d Dropout2d LayerNorm",
        "tinytorch.recurrent": "GRU",
    },
    "functional init utils",
)
