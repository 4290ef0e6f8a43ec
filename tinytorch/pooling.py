"""10 Pooling: a window summed up in one number, so that a network sees more of its input with less of it.

Every pooling visits the offsets in its window one by one, each time for all windows at once, so the work is a few operations
on long rows whatever the size of the window.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from tinytorch import functional as F
from tinytorch.conv import (
    Padding,
    Sizes,
    all_windows,
    as_remembered,
    batch_first,
    batch_last,
    check_fits,
    first_there,
    inside,
    sizes,
    surround,
)
from tinytorch.layers import Module
from tinytorch.ops import Array, Rule, differentiable_once, linear_in_inputs, run
from tinytorch.tensor import Tensor, apply


@differentiable_once
def max_pool(x: np.ndarray, *, kernel_size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes) -> Rule:
    """The largest element of every window, (N, C, *size) -> (N, C, *output_size).

    The gradient goes to it, and to the first where several are equal. Outside of x nothing is ever the largest. A window
    with a nan in it is nan, and sends no gradient.
    """
    size = x.shape[2:]
    met = [places for _, places in all_windows(size, kernel_size, stride, padding, dilation)]
    _, within = inside(size, padding)
    lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    padded = surround(batch_last(x), padding, lowest)
    candidates, shape = [padded[places] for places in met], padded.shape
    y = np.maximum(candidates[0], candidates[-1])
    for candidate in candidates[1:-1]:
        np.maximum(y, candidate, out=y)

    if padded.size > x.size and x.dtype.kind == "f":
        padded = surround(batch_last(x), padding, np.nan)  # nan equals nothing: no gradient leaks out of x
        candidates = [padded[places] for places in met]
    chosen = [candidates[0] == y]
    taken = chosen[0]
    for candidate in candidates[1:]:
        chosen.append((candidate == y) > taken)
        taken = taken | chosen[-1]
    first_to_come = first_there(kernel_size, stride, dilation)
    tiled = all(first_to_come) and math.prod(shape) == y.size * len(met)  # each place is in one window only

    def way_back(g: np.ndarray) -> np.ndarray:
        g = np.ascontiguousarray(batch_last(g))
        dx = (np.empty if tiled else np.zeros)(shape, g.dtype)
        for places, largest, first in zip(met, chosen, first_to_come, strict=True):
            if first:
                np.multiply(g, largest, out=dx[places])
            else:
                dx[places] += g * largest
        inner: np.ndarray = batch_first(dx[within])
        return inner

    return batch_first(y), way_back


@linear_in_inputs
def sum_pool(x: np.ndarray, *, kernel_size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes) -> Rule:
    """The sum of every window, (N, C, *size) -> (N, C, *output_size)."""
    size = x.shape[2:]
    geometry: dict[str, Any] = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
    padded = surround(batch_last(x), padding, 0.0)
    (_, first), *others = all_windows(size, **geometry)
    y = padded[first].copy()
    for _, places in others:
        y += padded[places]
    return batch_first(y), lambda g: run(spread, g, size=size, **geometry)


@linear_in_inputs
def spread(g: np.ndarray, *, size: Sizes, kernel_size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes) -> Rule:
    """Every element added to all of its window, (N, C, *output_size) -> (N, C, *size): the way back of sum_pool, as
    sum_pool is of it."""
    geometry: dict[str, Any] = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
    each = batch_last(g)
    padded_size, within = inside(size, padding)
    padded = np.zeros((len(each), *padded_size, len(g)), g.dtype)
    for _, places in all_windows(size, **geometry):
        padded[places] += each
    return batch_first(padded[within]), lambda h: run(sum_pool, h, **geometry)


def root(x: Array, *, p: float) -> Rule:
    """x^(1/p) for x >= 0. At 0, where the slope is infinite, the gradient is 0: pooling a window of zeros moves nothing."""
    positive = x + (x == 0)
    y = positive ** (1 / p) * (x != 0)
    return y, lambda g: g * y / (p * positive)


# On Tensors


def _windows(
    name: str, dims: int, input: Tensor, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> dict[str, Any]:
    """The geometry of a pooling, checked."""
    given = as_remembered((kernel_size, stride, padding, dilation))
    return _checked(name, dims, input.array.shape, *given, ceil_mode)


@lru_cache(maxsize=1024, typed=True)
def _checked(
    name: str, dims: int, shape: Sizes, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> dict[str, Any]:
    """The sizes of a pooling; ceil_mode pads the end so that a last window begins inside of the input."""
    if len(shape) not in (dims + 1, dims + 2):
        raise RuntimeError(f"{name} expects an input of {dims + 2} dimensions, got shape {shape}")
    kernel = sizes(name, "kernel_size", kernel_size, dims)
    steps = kernel if stride is None else sizes(name, "stride", stride, dims)
    spread = sizes(name, "dilation", dilation, dims)
    each = sizes(name, "padding", padding, dims, least=0)
    if any(2 * p > k for p, k in zip(each, kernel, strict=True)):
        raise RuntimeError(f"{name} expects a padding of at most half of its kernel {kernel}, got {padding}")
    around = [(p, p) for p in each]
    if ceil_mode:
        for i, (n, k, s, p, d) in enumerate(zip(shape[-dims:], kernel, steps, each, spread, strict=True)):
            span = d * (k - 1) + 1
            count = math.ceil((n + 2 * p - span) / s) + 1
            count -= (count - 1) * s >= n + p
            around[i] = (p, max((count - 1) * s + span - n - p, p))
    geometry: dict[str, Any] = {"kernel_size": kernel, "stride": steps, "padding": tuple(around), "dilation": spread}
    check_fits(name, shape, **geometry)
    return geometry


def _max_pool(
    dims: int, input: Tensor, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Tensor:
    geometry = _windows(f"max_pool{dims}d", dims, input, kernel_size, stride, padding, dilation, ceil_mode)
    if input.array.ndim == dims + 1:
        y: Tensor = apply(max_pool, input.unsqueeze(0), **geometry).squeeze(0)
        return y
    return apply(max_pool, input, **geometry)


def _check_no_indices(name: str, return_indices: bool) -> None:
    """Raise NotImplementedError where indices are asked for, which only unpooling needs."""
    if return_indices:
        raise NotImplementedError(
            f"{name} gives the values alone, without return_indices: for one window there is max(dim)"
        )


def max_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor:
    """The largest element of every window of a signal, (N, C, L) -> (N, C, L_out); the stride is the kernel by default.

    Raises RuntimeError for other dimensions, a padding of more than half of the kernel, a kernel larger than the input,
    NotImplementedError for return_indices.
    """
    _check_no_indices("max_pool1d", return_indices)
    return _max_pool(1, input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor:
    """The largest element of every window of an image, (N, C, H, W) -> (N, C, H_out, W_out). Raises as max_pool1d does."""
    _check_no_indices("max_pool2d", return_indices)
    return _max_pool(2, input, kernel_size, stride, padding, dilation, ceil_mode)


def _avg_pool(
    name: str,
    dims: int,
    input: Tensor,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
) -> Tensor:
    geometry = _windows(name, dims, input, kernel_size, stride, padding, 1, ceil_mode)
    plain = count_include_pad and not ceil_mode or not any(map(any, geometry["padding"]))
    count: Any = math.prod(geometry["kernel_size"]) if plain else Tensor(_counts(input, geometry, count_include_pad))
    batch = input if input.ndim == dims + 2 else input.unsqueeze(0)
    means: Tensor = apply(sum_pool, batch, **geometry) / count
    return means if batch is input else means.squeeze(0)


def _counts(input: Tensor, geometry: dict[str, Any], count_include_pad: bool) -> np.ndarray:
    """How many elements each window averages: what lies beyond the padding never counts, the padding if it is asked to."""
    ones = np.ones((1, 1, *input.shape[-len(geometry["kernel_size"]) :]), input.dtype)
    before = tuple(p for p, _ in geometry["padding"])
    if count_include_pad:
        ones = np.pad(ones, [(0, 0), (0, 0), *((p, p) for p in before)], constant_values=1)
        around = tuple((0, after - p) for p, after in geometry["padding"])
        geometry = {**geometry, "padding": around}
    counted: np.ndarray = sum_pool(ones, **geometry)[0]
    return counted


def avg_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of every window of a signal, (N, C, L) -> (N, C, L_out). Raises as max_pool1d does."""
    return _avg_pool("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


def avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of every window of an image, (N, C, H, W) -> (N, C, H_out, W_out). Raises as max_pool1d does."""
    return _avg_pool("avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad)


def _lp_pool(dims: int, input: Tensor, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool) -> Tensor:
    name = f"lp_pool{dims}d"
    if not norm_type > 0:
        raise RuntimeError(f"{name} expects a norm_type above 0, got {norm_type}")
    if norm_type == math.inf:
        return _max_pool(dims, input.abs(), kernel_size, stride, 0, 1, ceil_mode)
    powers = input.square() if norm_type == 2 else input.abs() ** norm_type
    means = _avg_pool(name, dims, powers, kernel_size, stride, 0, ceil_mode, True)
    return apply(root, means * math.prod(sizes(name, "kernel_size", kernel_size, dims)), p=norm_type)


def lp_pool1d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """(sum |x|^p)^(1/p) of every window of a signal, p above 0; with p = inf the largest |x|. Raises as max_pool1d does.

    The gradient of a window of zeros is 0. A window that ceil_mode lets reach beyond the end counts its mean for what it
    lacks. Sermanet, Chintala and LeCun (2012), equation 1.
    """
    return _lp_pool(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """(sum |x|^p)^(1/p) of every window of an image; see `lp_pool1d`."""
    return _lp_pool(2, input, norm_type, kernel_size, stride, ceil_mode)


def _adaptive(kind: str, dims: int, input: Tensor, output_size: Any) -> Tensor:
    """Windows that divide the input as evenly as they can: window i of m covers floor(i n / m) to ceil((i + 1) n / m)."""
    name = f"adaptive_{kind}_pool{dims}d"
    if input.ndim not in (dims + 1, dims + 2):
        raise RuntimeError(f"{name} expects an input of {dims + 2} dimensions, got shape {input.shape}")
    size = input.shape[-dims:]
    wanted = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * dims
    if len(wanted) != dims or any(m is not None and m < 1 for m in wanted):
        raise RuntimeError(f"{name} expects {dims} output sizes of at least 1, or None to keep one, got {output_size}")
    wanted = tuple(n if m is None else m for n, m in zip(size, wanted, strict=True))
    if all(n % m == 0 for n, m in zip(size, wanted, strict=True)):
        kernel = tuple(n // m for n, m in zip(size, wanted, strict=True))
        return _max_pool(dims, input, kernel, kernel, 0, 1, False) if kind == "max" else _mean_of_blocks(input, kernel)

    def reduce(part: Tensor, axis: int) -> Tensor:
        y: Tensor = part.max(axis, keepdim=True).values if kind == "max" else part.mean(axis, keepdim=True)
        return y

    for axis in reversed(range(input.ndim - dims, input.ndim)):  # so that of equal elements the first as one reads wins
        n, m = input.shape[axis], wanted[axis - input.ndim]
        bounds = [(i * n // m, -(-(i + 1) * n // m)) for i in range(m)]
        input = F.cat([reduce(input[(slice(None),) * axis + (slice(a, b),)], axis) for a, b in bounds], axis)
    return input


def _mean_of_blocks(input: Tensor, kernel: Sizes) -> Tensor:
    """The mean of blocks that tile the input; all of it at once is global average pooling."""
    dims = len(kernel)
    if input.shape[-dims:] == kernel:
        whole: Tensor = input.mean(tuple(range(-dims, 0)), keepdim=True)
        return whole
    return _avg_pool(f"avg_pool{dims}d", dims, input, kernel, kernel, 0, False, True)


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Tensor:
    """The largest element of each of output_size windows of a signal, (N, C, L) -> (N, C, output_size)."""
    _check_no_indices("adaptive_max_pool1d", return_indices)
    return _adaptive("max", 1, input, output_size)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Tensor:
    """The largest element of each of output_size windows of an image; None keeps a size."""
    _check_no_indices("adaptive_max_pool2d", return_indices)
    return _adaptive("max", 2, input, output_size)


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """The mean of each of output_size windows of a signal, (N, C, L) -> (N, C, output_size); 1 is global pooling."""
    return _adaptive("avg", 1, input, output_size)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """The mean of each of output_size windows of an image; None keeps a size, 1 is global pooling."""
    return _adaptive("avg", 2, input, output_size)


class _Pool(Module):
    dims: int

    def __init__(
        self, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, *, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation, self.ceil_mode = padding, dilation, ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, ...) -> (N, C, ...)."""
        pool = max_pool1d if self.dims == 1 else max_pool2d
        return pool(input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_Pool):
    """The largest element of every window of a signal; see `max_pool1d`."""

    dims = 1


class MaxPool2d(_Pool):
    """The largest element of every window of an image; see `max_pool2d`."""

    dims = 2


class _AvgPool(Module):
    dims: int

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode, self.count_include_pad = padding, ceil_mode, count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, ...) -> (N, C, ...)."""
        pool = avg_pool1d if self.dims == 1 else avg_pool2d
        return pool(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def extra_repr(self) -> str:
        """As PyTorch shows it, which keeps tuples for signals."""
        options = {"kernel_size": self.kernel_size, "stride": self.stride, "padding": self.padding}
        if self.dims == 1:
            options = {name: sizes("AvgPool1d", name, given, 1, least=0) for name, given in options.items()}
        return ", ".join(f"{name}={value}" for name, value in options.items())


class AvgPool1d(_AvgPool):
    """The mean of every window of a signal; see `avg_pool1d`."""

    dims = 1


class AvgPool2d(_AvgPool):
    """The mean of every window of an image; see `avg_pool2d`."""

    dims = 2


class _LPPool(Module):
    dims: int

    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> None:
        super().__init__()
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, ...) -> (N, C, ...)."""
        return _lp_pool(self.dims, input, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        return f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, ceil_mode={self.ceil_mode}"


class LPPool1d(_LPPool):
    """The p-norm of every window of a signal; see `lp_pool1d`."""

    dims = 1


class LPPool2d(_LPPool):
    """The p-norm of every window of an image; see `lp_pool2d`."""

    dims = 2


class _AdaptivePool(Module):
    kind: str
    dims: int

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, ...) -> (N, C, *output_size)."""
        return _adaptive(self.kind, self.dims, input, self.output_size)

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptivePool):
    """The mean of each of output_size windows of a signal."""

    kind, dims = "avg", 1


class AdaptiveAvgPool2d(_AdaptivePool):
    """The mean of each of output_size windows of an image."""

    kind, dims = "avg", 2


class AdaptiveMaxPool1d(_AdaptivePool):
    """The largest element of each of output_size windows of a signal."""

    kind, dims = "max", 1


class AdaptiveMaxPool2d(_AdaptivePool):
    """The largest element of each of output_size windows of an image."""

    kind, dims = "max", 2
