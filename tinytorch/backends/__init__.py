"""What scripts ask of PyTorch's backends and set in them: there is NumPy alone, so `cudnn` and `cuda` listen to nothing, and `mps` is away."""

from tinytorch._lazy import face

__getattr__, __dir__, __all__ = face(__name__, {}, "cuda cudnn mps")
