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
from tinytorch.creation import empty
from tinytorch.dtypes import Device
from tinytorch.layers import Module, Parameter, reset_weights
from tinytorch.ops import Array, Rule, linear_in_inputs, run
from tinytorch.tensor import Tensor, apply

Sizes = tuple[int, ...]
Index = tuple[Any, ...]
Padding = tuple[tuple[int, int], ...]  # (before, after) of every dimension of space


def batch_last(x: Array) -> Array:
    """(N, C, ...) -> (C, ..., N), a view."""
    return np.transpose(x, (*range(1, x.ndim), 0))


def batch_first(x: Array) -> Array:
    """(C, ..., N) -> (N, C, ...), a view."""
    return np.transpose(x, (x.ndim - 1, *range(x.ndim - 1)))


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
def inside(size: Sizes, padding: Padding) -> Index:
    """The places in (C, *padded size, N) that are not padding."""
    return slice(None), *(slice(before, before + n) for n, (before, _) in zip(size, padding, strict=True))


@linear_in_inputs
def unfold(x: np.ndarray, *, kernel_size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes) -> Rule:
    """The window of every output: x (N, C, *size) -> (C, *kernel_size, *output_size, N), with zeros outside of x."""
    batch, channels, *size = x.shape
    geometry: Any = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
    count = count_windows(tuple(size), **geometry)
    padded = surround(batch_last(x), padding, 0.0)
    y = np.empty((channels, *kernel_size, *count, batch), x.dtype)
    for offset, met in all_windows(tuple(size), **geometry):
        y[offset] = padded[met]
    return y, lambda g: run(fold, g, size=tuple(size), **geometry)


@linear_in_inputs
def fold(g: np.ndarray, *, size: Sizes, kernel_size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes) -> Rule:
    """Every window added up where unfold took it: (C, *kernel_size, *output_size, N) -> (N, C, *size)."""
    geometry: Any = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
    padded_size = (n + sum(p) for n, p in zip(size, padding, strict=True))
    padded = np.zeros((g.shape[0], *padded_size, g.shape[-1]), g.dtype)
    for offset, met in all_windows(size, **geometry):
        padded[met] += g[offset]
    return batch_first(padded[inside(size, padding)]), lambda h: run(unfold, h, **geometry)


def surround(x: np.ndarray, padding: Padding, value: float) -> np.ndarray:
    """(C, *size, N) with a value around every dimension of space; x itself where there is no padding."""
    if not any(map(any, padding)):
        return x
    size = x.shape[1:-1]
    padded = np.full((len(x), *(n + sum(p) for n, p in zip(size, padding, strict=True)), x.shape[-1]), value, x.dtype)
    padded[inside(size, padding)] = x
    return padded


def convolution(
    x: Array, weight: Array, *bias: Array, stride: Sizes, padding: Padding, dilation: Sizes, groups: int
) -> Rule:
    """Every window of x multiplied by the weights, for signals, images or any number of dimensions of space.

    x (N, C, *size), weight (out, C / groups, *kernel_size), bias (out,) or none -> (N, out, *output_size). It is what deep
    learning calls convolution, a cross-correlation: the kernel is not flipped. Goodfellow et al. (2016), equation 9.6.
    """
    shape = weight.shape
    out, _, *kernel_size = shape
    geometry = {"kernel_size": tuple(kernel_size), "stride": stride, "padding": padding, "dilation": dilation}
    size, batch = x.shape[2:], x.shape[0]
    count = count_windows(size, **geometry)
    columns_shape = (x.shape[1], *kernel_size, *count, batch)
    inputs, places = math.prod(shape[1:]), math.prod(count) * batch

    columns = np.reshape(run(unfold, x, **geometry), (groups, inputs, places))
    matrix = np.reshape(weight, (groups, out // groups, inputs))
    y = np.reshape(matrix @ columns, (out, places))
    if bias:
        y = y + np.reshape(bias[0], (out, 1))

    def pullback(g: Array, wanted: Sequence[bool]) -> tuple[Array, ...]:
        rows = np.reshape(batch_last(g), (groups, out // groups, places))
        dx = dweight = dbias = None
        if wanted[0]:
            dcolumns = np.reshape(np.swapaxes(matrix, 1, 2) @ rows, columns_shape)
            dx = run(fold, dcolumns, size=size, **geometry)
        if wanted[1]:
            dweight = np.reshape(rows @ np.swapaxes(columns, 1, 2), shape)
        if bias and wanted[2]:
            dbias = np.reshape(np.sum(rows, axis=2), (out,))
        return dx, dweight, *([dbias] if bias else [])

    return batch_first(np.reshape(y, (out, *count, batch))), pullback


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

    padding: a number or "same", "valid". Raises RuntimeError for other shapes and kernels larger than the padded input.
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

    Sizes are a number or a pair, padding may be "same" or "valid". Raises RuntimeError for other shapes and kernels larger
    than the padded input.
    """
    return _conv(2, input, weight, bias, stride, padding, dilation, groups)


def _conv(
    dims: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any, groups: int
) -> Tensor:
    name = f"conv{dims}d"
    if weight.ndim != dims + 2:
        raise RuntimeError(f"{name} expects a weight of {dims + 2} dimensions, got shape {weight.shape}")
    out, channels, *kernel_size = weight.shape
    if groups < 1 or out % groups:
        raise RuntimeError(f"{name} expects a number of groups that divides {out} output channels, got groups={groups}")
    if bias is not None and bias.shape != (out,):
        raise RuntimeError(f"{name} expects a bias of shape {(out,)}, got {bias.shape}")
    check_channels(name, dims, input, channels * groups)
    geometry = _geometry(name, dims, kernel_size, stride, padding, dilation)
    check_fits(name, input, **geometry)
    del geometry["kernel_size"]  # the shape of the weight says it
    parameters = (weight,) if bias is None else (weight, bias)
    batch = input if input.ndim == dims + 2 else input.unsqueeze(0)
    y = apply(convolution, batch, *parameters, **geometry, groups=groups)
    return y if batch is input else y.squeeze(0)


def check_channels(name: str, dims: int, input: Tensor, channels: int) -> None:
    """Raise RuntimeError for what is not (N, channels, *size) or (channels, *size), with dims dimensions of space."""
    if input.ndim not in (dims + 1, dims + 2):
        raise RuntimeError(f"{name} expects an input of {dims + 2} dimensions, got shape {input.shape}")
    if input.shape[-dims - 1] != channels:
        got = input.shape[-dims - 1]
        raise RuntimeError(f"{name} expects {channels} input channels, got {got} in an input of shape {input.shape}")


def sizes(name: str, what: str, given: Any, dims: int, least: int = 1) -> Sizes:
    """A whole number for each dimension of space from one for all or one for each."""
    each = tuple(given) if isinstance(given, (tuple, list)) else (given,)
    each = each * dims if len(each) == 1 else each
    if len(each) != dims or any(not isinstance(n, (int, np.integer)) or n < least for n in each):
        numbers = "one whole number" if dims == 1 else f"{dims} whole numbers"
        raise RuntimeError(f"{name} expects a {what} of {numbers} of at least {least}, got {given!r}")
    return each


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


def check_fits(name: str, input: Tensor, kernel_size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes) -> None:
    """Raise RuntimeError where not one window fits into the padded input."""
    if min(count_windows(input.shape[-len(kernel_size) :], kernel_size, stride, padding, dilation)) < 1:
        raise RuntimeError(
            f"{name} expects an input at least as large as its kernel {kernel_size} with dilation {dilation}, "
            f"got shape {input.shape} with padding {tuple(before for before, _ in padding)}"
        )


def unfold_images(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """The window of every output as a column: (N, C, H, W) -> (N, C kh kw, windows), or both without N.

    Raises RuntimeError for other dimensions and kernels larger than the padded input.
    """
    if input.ndim == 3:
        return unfold_images(input.unsqueeze(0), kernel_size, dilation, padding, stride).squeeze(0)
    if input.ndim != 4:
        raise RuntimeError(f"unfold expects images (N, C, H, W), got shape {input.shape}")
    geometry = _geometry("unfold", 2, kernel_size, stride, padding, dilation)
    check_fits("unfold", input, **geometry)
    y = apply(unfold, input, **geometry)
    channels, kh, kw, height, width, batch = y.shape
    return y.reshape(channels * kh * kw, height * width, batch).permute(2, 0, 1)


def fold_images(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Columns added up where unfold took them: (N, C kh kw, windows) -> (N, C, H, W), or both without N.

    Raises RuntimeError where unfold gives no columns of this shape for an image of output_size.
    """
    if input.ndim == 2:
        return fold_images(input.unsqueeze(0), output_size, kernel_size, dilation, padding, stride).squeeze(0)
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
    given = (tuple(g) if isinstance(g, list) else g for g in (kernel_size, stride, padding, dilation))
    return dict(_checked(name, dims, *given))


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
        check_channels(type(self).__name__, self.dims, input, self.in_channels)
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
    """A convolution over signals, (N, in_channels, L) -> (N, out_channels, L_out), with options as PyTorch has them.

    weight (out, in / groups, k) and bias (out,) are uniform in +-1 / sqrt(in / groups k) at first. Raises ValueError for
    channels that groups do not divide, RuntimeError for an input of other channels or shorter than the kernel.
    """

    dims = 1


class Conv2d(_Conv):
    """A convolution over images, (N, in_channels, H, W) -> (N, out_channels, H_out, W_out), with PyTorch's options.

    weight (out, in / groups, kh, kw) and bias (out,) are uniform in +-1 / sqrt(in / groups kh kw) at first. Raises as
    Conv1d does.
    """

    dims = 2
