"""The ops as functions of Tensors, a line each, and what is composed of them.

Nothing here knows a derivative: each function is made of calls that do.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinytorch import ops
from tinytorch.dtypes import as_array
from tinytorch.methods import Number, from_front
from tinytorch.tensor import Tensor, apply, constant, matmul

__all__ = [
    *(
        "abs",
        "add",
        "all",
        "allclose",
        "amax",
        "amin",
        "any",
        "argmax",
        "argmin",
        "broadcast_to",
        "cat",
        "chunk",
        "clamp",
    ),
    *("clone", "div", "dot", "elu", "eq", "equal", "erf", "exp", "flatten", "flip", "gather", "ge", "gelu", "gt"),
    *("isfinite", "isnan", "le", "leaky_relu", "linear", "log", "log_softmax", "logaddexp", "logsigmoid", "logsumexp"),
    *("lt", "matmul", "max", "maximum", "mean", "min", "minimum", "mul", "ne", "neg", "norm", "normalize", "one_hot"),
    *("pad", "permute", "pow", "relu", "reshape", "roll", "sigmoid", "sign", "silu", "softmax", "softplus", "split"),
    *(
        "sqrt",
        "square",
        "squeeze",
        "stack",
        "std",
        "sub",
        "sum",
        "tanh",
        "transpose",
        "unbind",
        "unsqueeze",
        "var",
        "where",
    ),
]

add, sub, mul, div, neg, pow = Tensor.add, Tensor.sub, Tensor.mul, Tensor.div, Tensor.neg, Tensor.pow
abs, sqrt, exp, log, square, sign, erf = (
    *(Tensor.abs, Tensor.sqrt, Tensor.exp, Tensor.log),
    *(Tensor.square, Tensor.sign, Tensor.erf),
)
tanh, sigmoid = Tensor.tanh, Tensor.sigmoid
maximum, minimum, clamp = Tensor.maximum, Tensor.minimum, Tensor.clamp
sum, mean, var, std, norm = Tensor.sum, Tensor.mean, Tensor.var, Tensor.std, Tensor.norm
max, min, amax, amin, argmax, argmin = Tensor.max, Tensor.min, Tensor.amax, Tensor.amin, Tensor.argmax, Tensor.argmin
all, any = Tensor.all, Tensor.any
eq, ne, lt, le, gt, ge = Tensor.eq, Tensor.ne, Tensor.lt, Tensor.le, Tensor.gt, Tensor.ge
logsumexp, softmax, log_softmax = Tensor.logsumexp, Tensor.softmax, Tensor.log_softmax
reshape, flatten, permute, transpose = Tensor.reshape, Tensor.flatten, Tensor.permute, Tensor.transpose
squeeze, unsqueeze, broadcast_to, gather, clone = (
    *(Tensor.squeeze, Tensor.unsqueeze, Tensor.broadcast_to),
    *(Tensor.gather, Tensor.clone),
)


# Activations


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0), with slope 0 at 0."""
    return input.relu_() if inplace else input.relu()


def leaky_relu(input: Tensor, negative_slope: Number = 0.01) -> Tensor:
    """x where it is positive, else negative_slope x. Maas, Hannun and Ng (2013)."""
    return where(input > 0, input, negative_slope * input)


def elu(input: Tensor, alpha: Number = 1.0) -> Tensor:
    """x where it is positive, else alpha (exp(x) - 1). Clevert, Unterthiner and Hochreiter (2016), equation 14."""
    return where(input > 0, input, alpha * (input.clamp(max=0).exp() - 1))


def softplus(input: Tensor, beta: Number = 1, threshold: Number = 20) -> Tensor:
    """log(1 + exp(beta x)) / beta without overflow, a smooth relu. It is exact above PyTorch's threshold too."""
    return apply(ops.logaddexp, input * beta, 0) / beta


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(x)), without overflow."""
    return -softplus(-input)


def silu(input: Tensor) -> Tensor:
    """x sigmoid(x), also called swish. Elfwing, Uchibe and Doya (2018)."""
    return input * input.sigmoid()


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x times the normal distribution function of x, or its approximation by "tanh".

    Hendrycks and Gimpel (2016), section 2. Raises ValueError for another approximation.
    """
    if approximate == "tanh":
        return 0.5 * input * (1 + (math.sqrt(2 / math.pi) * (input + 0.044715 * input**3)).tanh())
    if approximate != "none":
        raise ValueError(f"gelu approximates by 'none' or 'tanh', not by {approximate!r}")
    return 0.5 * input * (1 + (input / math.sqrt(2)).erf())


# Choosing and comparing


def where(condition: Any, input: Any, other: Any) -> Tensor:
    """input where the condition holds, else other; all three broadcast."""
    return apply(ops.where, input, other, condition=as_array(condition).astype(np.bool_, copy=False))


def logaddexp(input: Tensor, other: Tensor) -> Tensor:
    """log(exp(input) + exp(other)), without overflow."""
    return apply(ops.logaddexp, input, other)


def isnan(input: Tensor) -> Tensor:
    """Which elements are not a number."""
    return constant(np.isnan, input)


def isfinite(input: Tensor) -> Tensor:
    """Which elements are neither infinite nor nan."""
    return constant(np.isfinite, input)


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two Tensors have one shape and the same elements."""
    return bool(np.array_equal(input.array, other.array))


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8) -> bool:
    """Whether |input - other| <= atol + rtol |other| everywhere."""
    return bool(np.allclose(input.array, other.array, rtol, atol))


# Joining, taking apart, moving


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors joined along a dimension; raises RuntimeError where there are none, or other lengths differ."""
    if not tensors:
        raise RuntimeError("cat expects at least one Tensor, got none")
    return apply(ops.cat, *tensors, axis=dim)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors, all of one shape, side by side in a new dimension."""
    if len({t.shape for t in tensors}) > 1:
        raise RuntimeError(f"stack expects Tensors of one shape, got {', '.join(str(t.shape) for t in tensors)}")
    return cat([t.unsqueeze(dim) for t in tensors], dim)


def split(tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of pieces along a dimension: of one size, the last perhaps shorter, or of the sizes given.

    Raises RuntimeError where the sizes do not add up to the length.
    """
    if not tensor.ndim:
        raise RuntimeError("split expects at least one dimension, got a single number")
    at = from_front(dim, tensor)
    length, sizes = tensor.shape[at], split_size_or_sections
    if isinstance(sizes, int):
        if sizes <= 0:
            raise RuntimeError(f"split expects pieces of at least 1, got {sizes}")
        sizes = [builtins.min(sizes, length - start) for start in range(0, length, sizes)] or [0]
    if builtins.sum(sizes) != length or builtins.any(n < 0 for n in sizes):
        raise RuntimeError(
            f"split expects sizes that add up to {length}, the length along dim {dim}, got {list(sizes)}"
        )
    stops = np.cumsum(sizes).tolist()
    before = (slice(None),) * at
    return tuple(tensor[(*before, slice(stop - size, stop))] for size, stop in zip(sizes, stops, strict=True))


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most so many pieces of one size along a dimension, the last perhaps shorter."""
    if not input.ndim or chunks <= 0:
        raise RuntimeError(f"chunk expects at least one dimension and one piece, got shape {input.shape} and {chunks}")
    return split(input, builtins.max(1, math.ceil(input.shape[from_front(dim, input)] / chunks)), dim)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Every slice along a dimension, without it."""
    return tuple(piece.squeeze(dim) for piece in split(input, 1, dim))


def flip(input: Tensor, dims: int | Sequence[int]) -> Tensor:
    """The order of the elements along the dimensions reversed; raises RuntimeError for a dimension named twice."""
    named = [from_front(d, input) for d in ([dims] if isinstance(dims, int) else dims)]
    reversed_ = set(named)
    if len(reversed_) < len(named):
        raise RuntimeError(f"flip got a dimension twice in {dims}")
    return input[tuple(slice(None, None, -1 if d in reversed_ else None) for d in range(input.ndim))]


def roll(input: Tensor, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Tensor:
    """The elements moved along dimensions, those beyond the end coming in again at the start.

    Without dims, as one flat sequence. Raises RuntimeError where there is not one shift for each dimension.
    """
    if dims is None:
        return roll(input.flatten(), shifts, 0).reshape(input.shape)
    shifts, dims = ([n] if isinstance(n, int) else n for n in (shifts, dims))
    if len(shifts) != len(dims):
        raise RuntimeError(
            f"roll expects one shift for each dimension, got shifts {list(shifts)} and dims {list(dims)}"
        )
    if dims and not input.ndim:
        raise IndexError("roll expects at least one dimension, got a single number")
    for shift, dim in zip(shifts, dims, strict=True):
        length = input.shape[from_front(dim, input)]
        if length:
            input = cat(split(input, [length - shift % length, shift % length], dim)[::-1], dim)
    return input


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: Number = 0) -> Tensor:
    """More elements around a Tensor: pad = (left, right, top, bottom, ...), the last dimension first.

    mode: "constant" (a value), "reflect" (mirrored, without the edge), "replicate" (the edge), "circular" (from the other
    end). Raises ValueError for another mode, RuntimeError for a pad of odd length, too long or negative.
    """
    if len(pad) % 2 or len(pad) > 2 * input.ndim or builtins.any(n < 0 for n in pad):
        raise RuntimeError(f"pad expects pairs of numbers >= 0 for at most {input.ndim} dimensions, got {tuple(pad)}")
    pairs = list(zip(pad[::2], pad[1::2], strict=True))[::-1]
    if mode == "constant":
        widths = [(0, 0)] * (input.ndim - len(pairs)) + pairs
        return apply(ops.pad, input, widths=widths, value=value)
    modes = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    if mode not in modes:
        raise ValueError(f"pad knows the modes constant, reflect, replicate and circular, not {mode!r}")
    for dim, width in enumerate(pairs, input.ndim - len(pairs)):
        most = {"reflect": input.shape[dim] - 1, "circular": input.shape[dim]}.get(mode, math.inf)
        if builtins.max(width) > most:
            raise RuntimeError(
                f"pad in mode {mode} adds at most {most} at dim {dim} of shape {input.shape}, not {width}"
            )
        places = np.pad(np.arange(input.shape[dim]), width, mode=modes[mode])  # type: ignore[call-overload]
        input = input[(slice(None),) * dim + (places,)]
    return input


# Vectors and matrices


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W^T + b: input (..., in), weight (out, in), bias (out,) -> (..., out).

    Raises RuntimeError where the input has another number of features.
    """
    if not input.ndim or input.shape[-1] != weight.shape[-1]:
        raise RuntimeError(f"linear expects inputs of {weight.shape[-1]} features, got an input of shape {input.shape}")
    return apply(ops.linear, input, weight) if bias is None else apply(ops.linear, input, weight, bias)


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The inner product of two vectors."""
    if input.ndim != 1 or tensor.ndim != 1:
        raise RuntimeError(f"dot expects two vectors, got shapes {input.shape} and {tensor.shape}")
    return matmul(input, tensor)


def normalize(input: Tensor, p: Number = 2, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """Divided along a dimension by its norm, or by eps where that is smaller."""
    return input / input.norm(p, dim, keepdim=True).clamp(min=eps)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Labels (...) -> (..., num_classes) int64 with a 1 at the label; by default as many classes as the largest label needs.

    Raises ValueError for a label that is no whole number, negative or too large.
    """
    labels = tensor.array
    if labels.dtype.kind not in "iu":
        raise ValueError(f"one_hot expects labels that are whole numbers, got {labels.dtype}")
    count = num_classes if num_classes != -1 else int(labels.max()) + 1 if labels.size else 0
    if labels.size and not 0 <= labels.min() <= labels.max() < count:
        raise ValueError(f"one_hot expects labels from 0 to {count - 1}, got {labels.min()} to {labels.max()}")
    return Tensor((labels[..., None] == np.arange(count)).astype(np.int64))
