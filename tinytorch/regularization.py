"""11 Regularization: dropout, which hides parts of a signal while training, and norms, which keep its scale.

Randomness and running statistics stay here, outside of the rules: a mask is an input, the statistics of a batch are arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinytorch import ops
from tinytorch.changes import mark_changed
from tinytorch.creation import ones, zeros
from tinytorch.dtypes import Device
from tinytorch.generator import default_generator
from tinytorch.layers import Module, Parameter
from tinytorch.tensor import Tensor, apply

# Dropout


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Every element zero with probability p, else 1 / (1 - p) times as large, so that the mean stays. Srivastava et al.
    (2014), section 10. Raises ValueError for a p outside of [0, 1].
    """
    return _dropout(input, input.shape, p, training, inplace)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of signals (N, C, L) or (C, L) zero with probability p. Tompson et al. (2015)."""
    return _dropout_channels("dropout1d", 1, input, p, training, inplace)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of images (N, C, H, W) or (C, H, W) zero with probability p. Tompson et al. (2015)."""
    return _dropout_channels("dropout2d", 2, input, p, training, inplace)


def _dropout_channels(name: str, dims: int, input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    if input.ndim not in (dims + 1, dims + 2):
        raise RuntimeError(f"{name} expects an input of {dims + 2} dimensions, got shape {input.shape}")
    return _dropout(input, input.shape[:-dims] + (1,) * dims, p, training, inplace)


def _dropout(input: Tensor, mask_shape: tuple[int, ...], p: float, training: bool, inplace: bool) -> Tensor:
    _check_probability("dropout", p)
    if not training or p == 0:
        return input
    if not input.is_floating_point():
        raise RuntimeError(f"dropout expects floating point numbers, got {input.dtype}")
    kept = default_generator.numpy.random(mask_shape, dtype=np.float32) >= p
    mask = kept.astype(input.dtype) / max(1 - p, float(np.finfo(input.dtype).tiny))
    return input.mul_(mask) if inplace else input * mask


def _check_probability(name: str, p: Any) -> None:
    if not isinstance(p, (float, int, np.floating)) or not 0 <= p <= 1:
        raise ValueError(f"{name} expects a probability from 0 to 1, got {p!r}")


class Dropout(Module):
    """Hides single elements while training; see `dropout`."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        _check_probability(type(self).__name__, p)
        self.p, self.inplace = p, inplace

    def forward(self, input: Tensor) -> Tensor:
        """The same shape."""
        return dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout1d(Dropout):
    """Hides whole channels of signals while training; see `dropout1d`."""

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, L) -> the same shape."""
        return dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(Dropout):
    """Hides whole channels of images while training; see `dropout2d`."""

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        return dropout2d(input, self.p, self.training, self.inplace)


# Norms


def moments(x: np.ndarray, axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance over axes, which stay with length 1; the variance divides by the number of elements."""
    mean = x.mean(axes, keepdims=True)
    centred = x - mean
    return mean, (centred * centred).mean(axes, keepdims=True)


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """Every channel of (N, C, ...) with mean 0 and variance 1, then times weight (C,) plus bias (C,).

    While training the statistics are the batch's, and the running ones move towards them by momentum (the variance without
    bias, n - 1); else the running ones are used. Ioffe and Szegedy (2015), algorithms 1 and 2. Raises ValueError where a
    training batch has one value for each channel, which has no variance, RuntimeError for other shapes.
    """
    if input.ndim < 2:
        raise RuntimeError(f"batch_norm expects an input (N, C, ...), got shape {input.shape}")
    _check_shapes("batch_norm", input.shape[1:2], running_mean, running_var, weight, bias)
    channels = (1, input.shape[1]) + (1,) * (input.ndim - 2)
    scale: Any = np.ones(input.shape[1], input.dtype) if weight is None else weight
    shift: Any = np.zeros(input.shape[1], input.dtype) if bias is None else bias
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError("batch_norm expects running statistics when it is not training")
        factor = scale / (running_var + eps).sqrt()
        y: Tensor = input * factor.reshape(channels) + (shift - running_mean * factor).reshape(channels)
        return y
    count = input.numel() // input.shape[1]
    if count < 2:
        raise ValueError(
            f"batch_norm expects more than one value for each channel while training, got shape {input.shape}"
        )
    mean, var = moments(input.array, tuple(i for i in range(input.ndim) if i != 1))
    for running, now in ((running_mean, mean), (running_var, var * (count / (count - 1)))):
        if running is not None:
            running.array += momentum * (now.reshape(-1) - running.array)
            mark_changed(running.array)
    return apply(ops.batch_norm, input, scale, shift, mean=mean, std=np.sqrt(var + eps))


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Every example's last dimensions with mean 0 and variance 1, then times weight plus bias in their shape.

    Ba, Kiros and Hinton (2016). Raises RuntimeError where the input does not end in normalized_shape, or weight or bias
    have another shape.
    """
    features = tuple(normalized_shape)
    if not features or input.shape[-len(features) :] != features:
        raise RuntimeError(
            f"layer_norm expects an input (..., {', '.join(map(str, features))}), got shape {input.shape}"
        )
    _check_shapes("layer_norm", features, weight, bias)
    scale: Any = np.ones(features, input.dtype) if weight is None else weight
    shift: Any = np.zeros(features, input.dtype) if bias is None else bias
    mean, var = moments(input.array, tuple(range(-len(features), 0)))
    return apply(ops.layer_norm, input, scale, shift, mean=mean, std=np.sqrt(var + eps))


def _check_shapes(name: str, expected: tuple[int, ...], *parameters: Tensor | None) -> None:
    """Raise RuntimeError where a parameter, or a running statistic, has another shape."""
    for parameter in parameters:
        if parameter is not None and parameter.shape != expected:
            raise RuntimeError(
                f"{name} expects weights, biases and statistics of shape {expected}, got {parameter.shape}"
            )


class _BatchNorm(Module):
    dims: tuple[int, ...]
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Any  # a Tensor, or None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = np.float32,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        Device(device or "cpu")
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = Parameter(ones(num_features, dtype=dtype)) if affine else None
        self.bias = Parameter(zeros(num_features, dtype=dtype)) if affine and bias else None
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, dtype=dtype) if tracked else None)
        self.register_buffer("running_var", ones(num_features, dtype=dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", zeros((), dtype=np.int64) if tracked else None)

    def forward(self, input: Tensor) -> Tensor:
        """(N, num_features, ...) -> the same shape."""
        name = type(self).__name__
        if input.ndim not in self.dims:
            wanted = " or ".join(map(str, self.dims))
            raise ValueError(f"{name} expects an input of {wanted} dimensions, got shape {input.shape}")
        if input.shape[1] != self.num_features:
            raise RuntimeError(
                f"{name} expects {self.num_features} channels, got {input.shape[1]} in an input of shape {input.shape}"
            )
        momentum = self.momentum
        if self.training and self.track_running_stats:
            self.num_batches_tracked.array += 1
            momentum = 1 / self.num_batches_tracked.item() if momentum is None else momentum
        return batch_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            momentum or 0.0,
            self.eps,
        )

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    """Batch norm for features (N, C) or signals (N, C, L); see `batch_norm`."""

    dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch norm for images (N, C, H, W); see `batch_norm`."""

    dims = (4,)


class LayerNorm(Module):
    """Every example's last dimensions with mean 0 and variance 1; see `layer_norm`."""

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__()
        Device(device or "cpu")
        features = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
        self.normalized_shape, self.eps, self.elementwise_affine = features, eps, elementwise_affine
        self.weight = Parameter(ones(features, dtype=dtype)) if elementwise_affine else None
        self.bias = Parameter(zeros(features, dtype=dtype)) if elementwise_affine and bias else None

    def forward(self, input: Tensor) -> Tensor:
        """(..., *normalized_shape) -> the same shape."""
        return layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )
