"""The face of PyTorch's `torch.utils`: what lies behind its names is elsewhere.

`tinytorch.utils.data` is the part that there is.
"""

from tinytorch._lazy import face

__getattr__, __dir__, __all__ = face(__name__, {}, "data")
