"""The face of PyTorch's `torch.utils`: what lies behind its names is elsewhere.

`tinytorch.utils.data` is the part that there is.
"""

from tinytorch.utils import data

__all__ = ["data"]
