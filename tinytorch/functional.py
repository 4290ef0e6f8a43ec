"""The ops as functions of Tensors, a line each, and what is composed of them.

Nothing here knows a derivative: each function is made of calls that do.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinytorch import ops
from tinytorch.dtypes import as_array
from tinytorch.methods import Number
from tinytorch.tensor import Tensor, apply, constant, is_tensor, matmul


def _functions(*names: str) -> list[Callable[..., Any]]:
    """Methods of Tensor as functions, whose first argument is called `input`."""
    return [_function(name, getattr(Tensor, name)) for name in names]


def _check_tensor(name: str, input: Any) -> None:
    """Raise TypeError for what is no Tensor."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name} expects a Tensor, got {type(input).__name__}: make it one with tensor()")


def _function(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    def called(input: Tensor, *args: Any, **kwargs: Any) -> Any:
        _check_tensor(name, input)
        return method(input, *args, **kwargs)

    called.__name__, called.__doc__, called.__qualname__ = name, method.__doc__, name
    return called


add, sub, mul, div, neg, pow = _functions("add", "sub", "mul", "div", "neg", "pow")
abs, sqrt, exp, log, sin, cos = _functions("abs", "sqrt", "exp", "log", "sin", "cos")
square, sign, erf, tanh, sigmoid = _functions("square", "sign", "erf", "tanh", "sigmoid")
maximum, minimum, clamp = _functions("maximum", "minimum", "clamp")
sum, mean, var, std, norm = _functions("sum", "mean", "var", "std", "norm")
max, min, amax, amin, argmax, argmin = _functions("max", "min", "amax", "amin", "argmax", "argmin")
all, any = _functions("all", "any")
eq, ne, lt, le, gt, ge = _functions("eq", "ne", "lt", "le", "gt", "ge")
logsumexp, softmax, log_softmax = _functions("logsumexp", "softmax", "log_softmax")
reshape, flatten, permute, transpose = _functions("reshape", "flatten", "permute", "transpose")
squeeze, unsqueeze, broadcast_to = _functions("squeeze", "unsqueeze", "broadcast_to")
gather, masked_fill, clone = _functions("gather", "masked_fill", "clone")
chunk, unbind, flip, roll = _functions("chunk", "unbind", "flip", "roll")


# Activations


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0), with slope 0 at 0."""
    _check_tensor("relu", input)
    return input.relu_() if inplace else input.relu()


def leaky_relu(input: Tensor, negative_slope: Number = 0.01, inplace: bool = False) -> Tensor:
    """x where it is positive, else negative_slope x. Maas, Hannun and Ng (2013)."""
    _check_tensor("leaky_relu", input)
    if inplace:
        return input.copy_(leaky_relu(input.clone(), negative_slope))
    return where(input > 0, input, negative_slope * input)


def elu(input: Tensor, alpha: Number = 1.0, inplace: bool = False) -> Tensor:
    """x where it is positive, else alpha (exp(x) - 1). Clevert, Unterthiner and Hochreiter (2016), equation 14."""
    _check_tensor("elu", input)
    if inplace:
        return input.copy_(elu(input.clone(), alpha))
    return where(input > 0, input, alpha * (input.clamp(max=0).exp() - 1))


def softplus(input: Tensor, beta: Number = 1, threshold: Number = 20) -> Tensor:
    """log(1 + exp(beta x)) / beta without overflow, a smooth relu.

    It is x where beta x is above a threshold below 20; from there on the two are the same."""
    _check_tensor("softplus", input)
    scaled = input * beta
    smooth: Tensor = apply(ops.logaddexp, scaled, 0) / beta
    return smooth if threshold >= 20 else where(scaled > threshold, input, smooth)


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(x)), without overflow."""
    _check_tensor("logsigmoid", input)
    return -softplus(-input)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x sigmoid(x), also called swish. Elfwing, Uchibe and Doya (2018)."""
    _check_tensor("silu", input)
    if inplace:
        return input.copy_(silu(input.clone()))
    y: Tensor = input * input.sigmoid()
    return y


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x times the normal distribution function of x, or its approximation by "tanh".

    Hendrycks and Gimpel (2016), section 2. Raises ValueError for another approximation.
    """
    _check_tensor("gelu", input)
    if approximate == "tanh":
        twice: Tensor = 1 + (math.sqrt(2 / math.pi) * (input + 0.044715 * input**3)).tanh()
    elif approximate == "none":
        twice = 1 + (input / math.sqrt(2)).erf()
    else:
        raise ValueError(f"gelu approximates by 'none' or 'tanh', not by {approximate!r}")
    return 0.5 * input * twice


# Choosing and comparing


def where(condition: Any, input: Any = None, other: Any = None) -> Tensor:
    """input where the condition holds, else other; all three broadcast. Raises TypeError where one of them is missing."""
    if input is None or other is None:
        said = "where expects a condition, and what to take where it holds and where not"
        raise TypeError(
            f"{said}; the places where it holds are np.nonzero(condition.array), what is there x[condition]"
        )
    return apply(ops.where, input, other, condition=as_array(condition).astype(np.bool_, copy=False))


def logaddexp(input: Tensor, other: Tensor) -> Tensor:
    """log(exp(input) + exp(other)), without overflow."""
    _check_tensor("logaddexp", input)
    return apply(ops.logaddexp, input, other)


def isnan(input: Tensor) -> Tensor:
    """Which elements are not a number."""
    _check_tensor("isnan", input)
    return constant(np.isnan, input)


def isfinite(input: Tensor) -> Tensor:
    """Which elements are neither infinite nor nan."""
    _check_tensor("isfinite", input)
    return constant(np.isfinite, input)


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two Tensors have one shape and the same elements."""
    _check_tensor("equal", input)
    _check_tensor("equal", other)
    return bool(np.array_equal(input.array, other.array))


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8) -> bool:
    """Whether |input - other| <= atol + rtol |other| everywhere."""
    _check_tensor("allclose", input)
    _check_tensor("allclose", other)
    return bool(np.allclose(input.array, other.array, rtol, atol))


# Joining, taking apart, moving


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors joined along a dimension; raises RuntimeError where there are none, or other lengths differ, TypeError
    for what is no list of Tensors."""
    _check_several("cat", tensors)
    if not tensors:
        raise RuntimeError("cat expects at least one Tensor, got none")
    if builtins.any(t.array.shape == (0,) for t in tensors):
        tensors = _fitting(tensors, dim)
    return apply(ops.cat, *tensors, axis=dim)


def _fitting(tensors: Sequence[Tensor], dim: int) -> Sequence[Tensor]:
    """The Tensors, those of shape (0,) in one that fits the others: scripts start lists so."""
    shape = next((t.shape for t in tensors if t.ndim and t.shape != (0,)), (0,))
    none = tuple(0 if i == dim % len(shape) else n for i, n in enumerate(shape))
    return [t.reshape(none) if t.shape == (0,) else t for t in tensors]


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """n Tensors of one shape (...) side by side in a new dimension: (n, ...) where it is the first.

    Raises RuntimeError where shapes differ, TypeError for anything but a list or tuple of Tensors.
    """
    _check_several("stack", tensors)
    if len({t.shape for t in tensors}) > 1:
        raise RuntimeError(f"stack expects Tensors of one shape, got {', '.join(str(t.shape) for t in tensors)}")
    return cat([t.unsqueeze(dim) for t in tensors], dim)


def _check_several(name: str, tensors: Any) -> None:
    """Raise TypeError for anything but a list or tuple of Tensors."""
    others = [t for t in tensors if not is_tensor(t)] if isinstance(tensors, (list, tuple)) else [tensors]
    if others:
        raise TypeError(f"{name} expects a list of Tensors, got {type(others[0]).__name__}")


def split(tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of pieces along a dimension; see `Tensor.split`."""
    pieces: tuple[Tensor, ...] = tensor.split(split_size_or_sections, dim)
    return pieces


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: Number = 0) -> Tensor:
    """More elements around a Tensor: pad = (left, right, top, bottom, ...), the last dimension first.

    mode: "constant" (a value), "reflect" (mirrored, without the edge), "replicate" (the edge), "circular" (from the other
    end). A negative pad takes away. Raises ValueError for another mode, RuntimeError for a pad of odd length or too long.
    """
    if len(pad) % 2 or len(pad) > 2 * input.ndim:
        raise RuntimeError(f"pad expects pairs of numbers for at most {input.ndim} dimensions, got {tuple(pad)}")
    if builtins.any(n < 0 for n in pad):
        more, less = [builtins.max(n, 0) for n in pad], [builtins.min(n, 0) for n in pad]
        if mode == "circular":  # what comes in again is of what is left
            return _padded(_cropped(input, less), more, mode, value)
        return _cropped(_padded(input, more, mode, value), less)
    return _padded(input, pad, mode, value)


def _cropped(input: Tensor, pad: Sequence[int]) -> Tensor:
    """What is left of a Tensor when negative pads take away from its ends."""
    places = [slice(None)] * input.ndim
    for i, (before, after) in enumerate(zip(pad[::2], pad[1::2], strict=True), 1):
        length = input.shape[-i]
        if length + before + after < 0:
            raise RuntimeError(f"pad cannot take {(-before, -after)} from the {length} at dim {-i}")
        places[-i] = slice(-before, length + after)
    return input[tuple(places)]


def _padded(input: Tensor, pad: Sequence[int], mode: str, value: Number) -> Tensor:
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

    Raises RuntimeError where the input has another number of features, or input or bias another type than the weight.
    """
    check_input("linear", input, weight, bias)
    if not input.ndim or input.shape[-1] != weight.shape[-1]:
        raise RuntimeError(f"linear expects inputs of {weight.shape[-1]} features, got an input of shape {input.shape}")
    return apply(ops.linear, input, weight) if bias is None else apply(ops.linear, input, weight, bias)


def check_input(name: str, input: Any, weight: Tensor, bias: Tensor | None = None) -> None:
    """Raise TypeError for an input that is no Tensor, RuntimeError for one, or a bias, of another type than the weight that
    it will meet."""
    _check_tensor(name, input)
    if input.array.dtype != weight.array.dtype:
        raise RuntimeError(
            f"{name} of {weight.dtype} expects an input of that type, got {input.dtype}: convert it with to()"
        )
    if bias is not None and bias.array.dtype != weight.array.dtype:
        raise RuntimeError(f"{name} of {weight.dtype} expects a bias of that type, got {bias.dtype}")


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The inner product of two vectors, (n,) and (n,) -> (). Raises RuntimeError for other shapes."""
    if input.ndim != 1 or tensor.ndim != 1:
        raise RuntimeError(f"dot expects two vectors, got shapes {input.shape} and {tensor.shape}")
    return matmul(input, tensor)


def normalize(input: Tensor, p: Number = 2, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """Divided along a dimension by its norm, or by eps where that is smaller."""
    y: Tensor = input / input.norm(p, dim, keepdim=True).clamp(min=eps)
    return y


def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """The rows of a table at indices: input (...) of whole numbers, weight (V, D) -> (..., D).

    The row at padding_idx gets no gradient. Raises TypeError for indices that are no whole numbers, RuntimeError for a table
    that is no matrix, IndexError for an index that is not in it.
    """
    if not isinstance(input, Tensor) or input.dtype.kind not in "iu":
        raise TypeError(
            f"embedding expects a Tensor of whole numbers, got {getattr(input, 'dtype', type(input).__name__)}"
        )
    if weight.ndim != 2:
        raise RuntimeError(f"embedding expects a table (V, D) of vectors, got shape {weight.shape}")
    rows = weight.shape[0]
    outside = input.array[(input.array < 0) | (input.array >= rows)]
    if outside.size:
        raise IndexError(f"embedding expects indices from 0 to {rows - 1}, got {outside.flat[0]}")
    taken = weight[input]
    if padding_idx is None:
        return taken
    padded = (input.array == padding_idx % rows)[..., None]
    return where(padded, taken.detach(), taken)


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
