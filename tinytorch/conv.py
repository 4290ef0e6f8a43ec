"""09 Convolution: the same small weights at every place of a signal or an image.

A convolution is one matrix product after `unfold` has written the window of every output side by side. `fold`, which adds
the windows up again where they came from, is the way back of unfold, and unfold that of fold.

The batch is kept as the last axis in memory (a Tensor still says (N, C, H, W); its strides differ): unfolding is then a few
long copies, one for each place in the kernel, and the product is one large one. Elementwise ops keep the order of memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from tinytorch import functional as F
from tinytorch import kernels
from tinytorch.creation import empty
from tinytorch.dtypes import Device
from tinytorch.layers import Module, Parameter, reset_weights
from tinytorch.ops import Array, Rule, linear_in_inputs, ones, run
from tinytorch.tensor import Tensor, apply

Sizes = tuple[int, ...]
Index = tuple[Any, ...]
Padding = tuple[tuple[int, int], ...]  # (before, after) of every dimension of space


def batch_last(x: Array) -> Array:
    """(N, C, ...) -> (C, ..., N), a view."""
    axes = _to_last(x.ndim)
    return x.transpose(axes) if isinstance(x, np.ndarray) else np.transpose(x, axes)


def batch_first(x: Array) -> Array:
    """(C, ..., N) -> (N, C, ...), a view."""
    axes = _to_first(x.ndim)
    return x.transpose(axes) if isinstance(x, np.ndarray) else np.transpose(x, axes)


@lru_cache
def _to_last(ndim: int) -> Sizes:
    return *range(1, ndim), 0


@lru_cache
def _to_first(ndim: int) -> Sizes:
    return ndim - 1, *range(ndim - 1)


@lru_cache(maxsize=1024)
def count_windows(size: Sizes, kernel_size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes) -> Sizes:
    """How many windows fit along each dimension of space. Dumoulin and Visin (2016), relationship 15."""
    geometry = zip(size, kernel_size, stride, padding, dilation, strict=True)
    return tuple((n + sum(p) - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in geometry)


@lru_cache(maxsize=1024)
def all_windows(
    size: Sizes, kernel_size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes
) -> list[tuple[Index, Index]]:
    """For each place in the kernel, its index in (C, *kernel_size, ...) and what it meets in (C, *padded size, N), all
    windows at once. Shapes recur from step to step, so the answers are kept."""
    count = count_windows(size, kernel_size, stride, padding, dilation)

    def met(offset: Sizes) -> Index:
        geometry = zip(offset, count, stride, dilation, strict=True)
        return slice(None), *(slice(o * d, o * d + (n - 1) * s + 1, s) for o, n, s, d in geometry)

    return [((slice(None), *offset), met(offset)) for offset in np.ndindex(kernel_size)]


@lru_cache(maxsize=1024)
def first_there(kernel_size: Sizes, stride: Sizes, dilation: Sizes) -> list[bool]:
    """For each place in the kernel, whether it meets nothing in any window that a place before it met in one."""

    def within_stride(offset: Sizes) -> Sizes:
        return tuple(o * d % s for o, s, d in zip(offset, stride, dilation, strict=True))

    steps = [within_stride(offset) for offset in np.ndindex(kernel_size)]
    first = {step: i for i, step in reversed(list(enumerate(steps)))}
    return [first[step] == i for i, step in enumerate(steps)]


@lru_cache(maxsize=1024)
def along_each(
    size: Sizes, kernel_size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes
) -> list[list[tuple[Index, Index, bool]]]:
    """What fold adds up along each dimension of space, for each place in the kernel along it: where that place stands in
    (C, kernel sizes up to this dimension, output sizes up to it, ..., N), what it meets in (C, kernel sizes before this
    dimension, output sizes before it, its padded size, ..., N), and whether no place before it met any of that."""

    def places(dim: int, n: int, k: int, s: int, d: int) -> list[tuple[Index, Index, bool]]:
        before, left = (slice(None),) * (dim + 1), (slice(None),) * (2 * dim + 1)
        first = first_there((k,), (s,), (d,))
        return [((*before, i), (*left, slice(i * d, i * d + (n - 1) * s + 1, s)), first[i]) for i in range(k)]

    count = count_windows(size, kernel_size, stride, padding, dilation)
    return [places(*each) for each in zip(range(len(size)), count, kernel_size, stride, dilation, strict=True)]


@lru_cache(maxsize=1024)
def inside(size: Sizes, padding: Padding) -> tuple[Sizes, Index]:
    """The padded size, and the places in (C, *padded size, N) that are not padding."""
    each = list(zip(size, padding, strict=True))
    return tuple(n + sum(p) for n, p in each), (slice(None), *(slice(before, before + n) for n, (before, _) in each))


@linear_in_inputs
def unfold(x: np.ndarray, *, kernel_size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes) -> Rule:
    """The window of every output: x (N, C, *size) -> (C, *kernel_size, *output_size, N), with zeros outside of x."""
    size = x.shape[2:]
    geometry: Any = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
    count = count_windows(size, kernel_size, stride, padding, dilation)
    windows = kernels.windows(surround(batch_last(x), padding, 0.0), count, kernel_size, stride, dilation)
    return windows.copy(), lambda g: run(fold, g, size=size, **geometry)


@linear_in_inputs
def fold(g: np.ndarray, *, size: Sizes, kernel_size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes) -> Rule:
    """Every window added up where unfold took it: (C, *kernel_size, *output_size, N) -> (N, C, *size)."""
    geometry: Any = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
    padded_size, within = inside(size, padding)
    along = along_each(size, **geometry)
    for dim in reversed(range(len(size))):
        # g: (C, kernel sizes up to this dimension, output sizes up to it, padded sizes after it, N)
        before, windows, after = g.shape[: dim + 1], g.shape[dim + 2 : 2 * dim + 2], g.shape[2 * dim + 3 :]
        summed = np.zeros((*before, *windows, padded_size[dim], *after), g.dtype)
        for place, met, first in along[dim]:
            part = summed[met]
            if first:
                part[...] = g[place]  # to write over zeros is quicker than to add to them
            else:
                part += g[place]
        g = summed
    return batch_first(g[within]), lambda h: run(unfold, h, **geometry)


def surround(x: np.ndarray, padding: Padding, value: float) -> np.ndarray:
    """(C, *size, N), in that order of memory, with a value around every dimension of space."""
    channels, *size, batch = x.shape
    padded_size, within = inside(tuple(size), padding)
    if padded_size == x.shape[1:-1]:
        return x if x.strides[-1] == x.itemsize else np.ascontiguousarray(x)
    padded = np.empty((channels, *padded_size, batch), x.dtype)
    padded.fill(value)
    padded[within] = x
    return padded


def convolution(
    x: Array, weight: Array, *bias: Array, stride: Sizes, padding: Padding, dilation: Sizes, groups: int
) -> Rule:
    """Every window of x multiplied by the weights, for signals, images or any number of dimensions of space.

    x (N, C, *size), weight (out, C / groups, *kernel_size), bias (out,) or none -> (N, out, *output_size). It is what deep
    learning calls convolution, a cross-correlation: the kernel is not flipped. Goodfellow et al. (2016), equation 9.6.
    """
    (batch, channels), size = x.shape[:2], x.shape[2:]
    shape, out, kernel_size = weight.shape, weight.shape[0], weight.shape[2:]
    geometry: Any = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
    count = count_windows(size, kernel_size, stride, padding, dilation)
    inputs, places = math.prod(shape[1:]), math.prod(count) * batch
    if groups * inputs * places > kernels.MANY and isinstance(x, np.ndarray):  # the same in pieces, which is quicker
        padded, (_, within) = surround(batch_last(x), padding, 0.0), inside(size, padding)
        steps: Any = {"count": count, "kernel_size": kernel_size, "stride": stride, "dilation": dilation}
        return kernels.convolution_in_slabs(unfold, fold, padded, within, weight, *bias, groups=groups, **steps)

    columns = run(unfold, x, **geometry).reshape((groups, inputs, places))
    matrix = weight.reshape((groups, out // groups, inputs))
    y = matrix @ columns
    if with_bias := bool(bias):
        y += bias[0].reshape((groups, out // groups, 1))

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array, ...]:
        rows = batch_last(g).reshape((groups, out // groups, places))
        dx = dweight = dbias = None
        if wanted[0]:
            dcolumns = (np.swapaxes(matrix, 1, 2) @ rows).reshape((channels, *kernel_size, *count, batch))
            dx = run(fold, dcolumns, size=size, **geometry)
        if wanted[1]:
            dmatrix = columns @ np.swapaxes(rows, 1, 2)  # of the transpose, which is quicker
            dweight = np.swapaxes(dmatrix, 1, 2).reshape(shape)
        if with_bias and wanted[2]:
            dbias = (rows @ ones(places, g.dtype)).reshape((out,))  # a sum, several times quicker than np.sum
        return dx, dweight, *([dbias] if with_bias else [])

    return batch_first(y.reshape((out, *count, batch))), pullback


# On Tensors


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """A convolution over signals: input (N, C, L) or (C, L), weight (out, C / groups, k), bias (out,) -> (N, out, L_out).

    padding: a number or "same", "valid". The formula is that of `convolution`. Raises RuntimeError for other shapes and kernels
    larger than the padded input.
    """
    return _conv(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """A convolution over images: input (N, C, H, W) or (C, H, W), weight (out, C / groups, kh, kw) -> (N, out, H_out, W_out).

    Sizes are a number or a pair, padding may be "same" or "valid". The formula is that of `convolution`. Raises RuntimeError
    for other shapes and kernels larger than the padded input.
    """
    return _conv(2, input, weight, bias, stride, padding, dilation, groups)


def _conv(
    dims: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any, groups: int
) -> Tensor:
    F.check_input(f"conv{dims}d", input, weight, bias)
    shapes = input.array.shape, weight.array.shape, None if bias is None else bias.array.shape
    geometry = _checked_conv(dims, *shapes, *as_remembered((stride, padding, dilation, groups)))
    parameters = (weight,) if bias is None else (weight, bias)
    if input.array.ndim == dims + 2:
        return apply(convolution, input, *parameters, **geometry)
    y: Tensor = apply(convolution, input.unsqueeze(0), *parameters, **geometry).squeeze(0)
    return y


@lru_cache(maxsize=1024, typed=True)
def _checked_conv(
    dims: int, input: Sizes, weight: Sizes, bias: Sizes | None, stride: Any, padding: Any, dilation: Any, groups: int
) -> dict[str, Any]:
    """What convolution is told of shapes that were found to fit."""
    name = f"conv{dims}d"
    if len(weight) != dims + 2:
        raise RuntimeError(f"{name} expects a weight of {dims + 2} dimensions, got shape {weight}")
    out, channels, *kernel_size = weight
    if groups < 1 or out % groups:
        raise RuntimeError(f"{name} expects a number of groups that divides {out} output channels, got groups={groups}")
    if bias is not None and bias != (out,):
        raise RuntimeError(f"{name} expects a bias of shape {(out,)}, got {bias}")
    check_channels(name, dims, input, channels * groups)
    geometry = _geometry(name, dims, kernel_size, stride, padding, dilation)
    check_fits(name, input, **geometry)
    del geometry["kernel_size"]  # the shape of the weight says it
    return {**geometry, "groups": groups}


def check_channels(name: str, dims: int, input: Sizes, channels: int) -> None:
    """Raise RuntimeError for what is not (N, channels, *size) or (channels, *size), with dims dimensions of space."""
    if len(input) not in (dims + 1, dims + 2):
        raise RuntimeError(f"{name} expects an input of {dims + 2} dimensions, got shape {input}")
    if input[-dims - 1] != channels:
        raise RuntimeError(
            f"{name} expects {channels} input channels, got {input[-dims - 1]} in an input of shape {input}"
        )


def sizes(name: str, what: str, given: Any, dims: int, least: int = 1) -> Sizes:
    """A whole number for each dimension of space from one for all or one for each."""
    each = tuple(given) if isinstance(given, (tuple, list)) else (given,)
    each = each * dims if len(each) == 1 else each
    if len(each) != dims or any(not isinstance(n, (int, np.integer)) or n < least for n in each):
        numbers = "one whole number" if dims == 1 else f"{dims} whole numbers"
        raise RuntimeError(f"{name} expects a {what} of {numbers} of at least {least}, got {given!r}")
    return tuple(map(int, each))


def as_remembered(given: Any) -> Any:
    """What a user gave for sizes in a form that a cache can look up: lists and arrays as tuples."""
    try:
        hash(given)
    except TypeError:
        given = given.tolist() if isinstance(given, np.ndarray) else given
        return tuple(map(as_remembered, given)) if isinstance(given, (list, tuple)) else given
    return given


def paddings(name: str, given: Any, kernel_size: Sizes, stride: Sizes, dilation: Sizes) -> Padding:
    """(before, after) for each dimension of space, from a number, one for each, "valid" or "same"."""
    if given == "same":
        if any(s != 1 for s in stride):
            raise RuntimeError(f"{name} with padding='same' expects stride 1, got {stride}")
        spans = [d * (k - 1) for k, d in zip(kernel_size, dilation, strict=True)]
        return tuple((span // 2, span - span // 2) for span in spans)
    if given == "valid":
        given = 0
    each = sizes(name, "padding 'same', 'valid' or", given, len(kernel_size), least=0)
    return tuple((n, n) for n in each)


def check_fits(name: str, input: Sizes, kernel_size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes) -> None:
    """Raise RuntimeError where not one window fits into the padded input."""
    if min(count_windows(input[-len(kernel_size) :], kernel_size, stride, padding, dilation)) < 1:
        raise RuntimeError(
            f"{name} expects an input at least as large as its kernel {kernel_size} with dilation {dilation}, "
            f"got shape {input} with padding {tuple(before for before, _ in padding)}"
        )


def unfold_images(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """The window of every output as a column: (N, C, H, W) -> (N, C kh kw, windows), or both without N.

    Raises RuntimeError for other dimensions and kernels larger than the padded input.
    """
    if input.ndim == 3:
        columns: Tensor = unfold_images(input.unsqueeze(0), kernel_size, dilation, padding, stride).squeeze(0)
        return columns
    if input.ndim != 4:
        raise RuntimeError(f"unfold expects images (N, C, H, W), got shape {input.shape}")
    geometry = _geometry("unfold", 2, kernel_size, stride, padding, dilation)
    check_fits("unfold", input.shape, **geometry)
    y = apply(unfold, input, **geometry)
    channels, kh, kw, height, width, batch = y.shape
    columns = y.reshape(channels * kh * kw, height * width, batch).permute(2, 0, 1)
    return columns


def fold_images(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Columns added up where unfold took them: (N, C kh kw, windows) -> (N, C, H, W), or both without N.

    Raises RuntimeError where unfold gives no columns of this shape for an image of output_size.
    """
    if input.ndim == 2:
        image: Tensor = fold_images(input.unsqueeze(0), output_size, kernel_size, dilation, padding, stride).squeeze(0)
        return image
    geometry = _geometry("fold", 2, kernel_size, stride, padding, dilation)
    size = sizes("fold", "output_size", output_size, 2)
    count, places = count_windows(size, **geometry), math.prod(geometry["kernel_size"])
    if input.ndim != 3 or min(count) < 1 or input.shape[1] % places or input.shape[2] != math.prod(count):
        raise RuntimeError(
            f"fold of windows {geometry['kernel_size']} to {size} expects (N, C x {places}, {' x '.join(map(str, count))}), "
            f"got shape {input.shape}"
        )
    batch, rows, _ = input.shape
    columns = input.permute(1, 2, 0).reshape(rows // places, *geometry["kernel_size"], *count, batch)
    return apply(fold, columns, size=size, **geometry)


def _geometry(name: str, dims: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any) -> dict[str, Any]:
    """What a user gave, checked, as `unfold` takes it."""
    return dict(_checked(name, dims, *as_remembered((kernel_size, stride, padding, dilation))))


@lru_cache(maxsize=1024, typed=True)
def _checked(name: str, dims: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any) -> dict[str, Any]:
    kernel = sizes(name, "kernel_size", kernel_size, dims)
    steps, spread = sizes(name, "stride", stride, dims), sizes(name, "dilation", dilation, dims)
    around = paddings(name, padding, kernel, steps, spread)
    return {"kernel_size": kernel, "stride": steps, "padding": around, "dilation": spread}


class _Conv(Module):
    dims: int

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__()
        Device(device or "cpu")
        name = type(self).__name__
        if groups < 1 or in_channels % groups or out_channels % groups:
            channels = f"{in_channels} and {out_channels} channels"
            raise ValueError(f"{name} expects {channels} to be divisible by groups={groups}")
        modes = ("zeros", "reflect", "replicate", "circular")
        if padding_mode not in modes:
            raise ValueError(f"{name} knows the padding modes {', '.join(modes)}, not {padding_mode!r}")
        self.in_channels, self.out_channels = in_channels, out_channels
        self.groups, self.padding_mode = groups, padding_mode
        geometry = _geometry(name, self.dims, kernel_size, stride, padding, dilation)
        self.kernel_size, self.stride, self.dilation = (geometry[key] for key in ("kernel_size", "stride", "dilation"))
        self._padding = geometry["padding"]
        self.padding = padding if isinstance(padding, str) else tuple(before for before, _ in self._padding)
        self.weight = Parameter(empty(out_channels, in_channels // groups, *self.kernel_size, dtype=dtype))
        self.bias = Parameter(empty(out_channels, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights, as PyTorch does."""
        reset_weights(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """(N, in_channels, ...) -> (N, out_channels, ...)."""
        F.check_input(type(self).__name__, input, self.weight)
        check_channels(type(self).__name__, self.dims, input.array.shape, self.in_channels)
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, [n for pair in self._padding[::-1] for n in pair], self.padding_mode), 0
        return _conv(self.dims, input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        """As PyTorch shows it."""
        shown = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        options = {
            "padding": (self.padding, self.padding != (0,) * self.dims),
            "dilation": (self.dilation, max(self.dilation) > 1),
            "groups": (self.groups, self.groups > 1),
            "bias": (False, self.bias is None),
            "padding_mode": (self.padding_mode, self.padding_mode != "zeros"),
        }
        return ", ".join([shown, *(f"{name}={value}" for name, (value, differs) in options.items() if differs)])


class Conv1d(_Conv):
    """A convolution over signals, (N, in_channels, L) -> (N, out_channels, L_out), with the options of `conv1d`.

    weight (out, in / groups, k) and bias (out,) are uniform in +-1 / sqrt(in / groups k) at first. Raises ValueError for
    channels that groups do not divide, RuntimeError for an input of other channels or shorter than the kernel.
    """

    dims = 1


class Conv2d(_Conv):
    """A convolution over images, (N, in_channels, H, W) -> (N, out_channels, H_out, W_out), with the options of `conv2d`.

    weight (out, in / groups, kh, kw) and bias (out,) are uniform in +-1 / sqrt(in / groups kh kw) at first. Raises as
    Conv1d does.
    """

    dims = 2
