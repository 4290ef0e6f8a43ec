"""What can be asked of a Tensor: functions of its elements, reductions, shapes, types. Each is a call of an op or two.

Names, order of arguments and defaults are PyTorch's; where it says `dim` and `keepdim`, NumPy's `axis` and `keepdims` will do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from tinytorch import ops
from tinytorch._lazy import Lacking
from tinytorch.dtypes import Device
from tinytorch.generator import Generator, default_generator

Tensor: TypeAlias = Any  # tinytorch.tensor.Tensor, which is made of these methods
Number: TypeAlias = float | int | bool
Dim: TypeAlias = int | tuple[int, ...] | None


class ValuesAndIndices(NamedTuple):
    """What `max` and `min` along a dimension give: the values, and where they stood."""

    values: Tensor
    indices: Tensor


def takes_axis(method: Callable[..., Any]) -> Callable[..., Any]:
    """Let a method with PyTorch's `dim` and `keepdim` be called with NumPy's `axis` and `keepdims` too, and one with a
    `correction` of 1 or 0 with PyTorch's older name for whether there is one, `unbiased`."""

    def called(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        for name, other in (("axis", "dim"), ("keepdims", "keepdim"), ("unbiased", "correction")):
            if name in kwargs:
                kwargs[other] = kwargs.pop(name)
        return method(self, *args, **kwargs)

    called.__name__, called.__doc__, called.__qualname__ = method.__name__, method.__doc__, method.__qualname__
    return called


def method(op: Callable[..., Any]) -> Callable[..., Tensor]:
    """A method that is one op."""

    def called(self: Tensor, *others: Any, **params: Any) -> Tensor:
        return self.apply(op, self, *others, **params)

    called.__name__, called.__doc__, called.__qualname__ = op.__name__, op.__doc__, f"Tensor.{op.__name__}"
    return called


def method_of_floats(op: Callable[..., Any]) -> Callable[..., Tensor]:
    """A method that is one op of floats: whole numbers and booleans become float32 first."""

    def called(self: Tensor) -> Tensor:
        return self.apply(op, self if self.dtype.kind == "f" else self.float())

    called.__name__, called.__doc__, called.__qualname__ = op.__name__, op.__doc__, f"Tensor.{op.__name__}"
    return called


def in_float32(method: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Let a method compute in float32 for a Tensor of float16, in which long sums overflow or stand still."""

    def called(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if self.dtype == np.float16:
            return method(self.float(), *args, **kwargs).to(np.float16)
        return method(self, *args, **kwargs)

    called.__name__, called.__doc__, called.__qualname__ = method.__name__, method.__doc__, method.__qualname__
    return called


def _axes(dim: Any, x: Tensor) -> Any:
    """Dims as NumPy takes axes: None, a number or a tuple; without any of them, all are meant, as in PyTorch."""
    if dim is None or isinstance(dim, (int, np.integer)):
        return dim
    if not isinstance(dim, (tuple, list)) or not all(isinstance(d, (int, np.integer)) for d in dim):
        raise TypeError(f"dim is a whole number or a tuple of them, got {dim!r}")
    if not x.ndim:  # as if it had one dim, which NumPy grants to numbers only
        dim = [d for d in dim if from_front(d, x, "reducing") is None]
    return tuple(dim) or None


def from_front(dim: int, x: Tensor, caller: str) -> int:
    """A dim of x counted from 0; a single number is taken to have one. Raises IndexError where x has no such dim."""
    count = x.array.ndim or 1
    if not -count <= dim < count:
        raise IndexError(f"{caller}: dim {dim} is out of range for a Tensor of shape {x.shape}")
    return int(dim % count)


def _floats(x: Tensor, name: str) -> Tensor:
    """x, which must hold floats for what is asked of it."""
    if x.dtype.kind != "f":
        raise RuntimeError(f"{name} needs floating point numbers, this Tensor holds {x.dtype}: use float() first")
    return x


def find_dtype(caller: str, *target: Any) -> Any:
    """The data type among what a method `to` was given, or a Tensor's, or None; a device is checked.

    Raises TypeError for anything else.
    """
    dtype = None
    for one in target:
        if isinstance(one, (Device, str)):
            Device(one)
        elif isinstance(one, TensorMethods):
            like: Tensor = one
            dtype = like.dtype
        elif isinstance(one, (np.dtype, type)):
            dtype = one
        elif one is not None:
            raise TypeError(f"{caller} expects a data type, a device or a Tensor, got {one!r}")
    return dtype


def numbers(given: tuple[Any, ...]) -> tuple[int, ...]:
    """The numbers of a shape or an order, given one by one or as one sequence."""
    return tuple(given[0]) if len(given) == 1 and isinstance(given[0], (tuple, list)) else given


def check_bounds(low: Any, high: Any) -> bool:
    """Whether a bound of clamp is a Tensor. Raises RuntimeError where there is neither bound."""
    if low is None and high is None:
        raise RuntimeError("clamp needs min, max or both")
    return isinstance(low, TensorMethods) or isinstance(high, TensorMethods)


def check_fill(mask: Tensor, value: Any) -> None:
    """Raise RuntimeError where masked_fill has a mask that is not of booleans, or more than one value."""
    if getattr(mask, "dtype", None) != np.bool_:
        raise RuntimeError(f"masked_fill expects a mask of booleans, got {getattr(mask, 'dtype', type(mask).__name__)}")
    if np.shape(getattr(value, "array", value)):
        raise RuntimeError(f"masked_fill expects a single number as its value, got shape {np.shape(value)}")
    if isinstance(value, complex):
        raise RuntimeError(f"masked_fill expects a real number as its value, got {value}")


def _truncated(a: Any, b: Any) -> Any:
    """a / b without what is behind the point; of whole numbers exactly."""
    if getattr(a, "dtype", np.dtype(int)).kind == "f" or getattr(b, "dtype", np.dtype(type(b))).kind == "f":
        return np.trunc(a / b)
    down = np.floor_divide(a, b)
    return down + ((down < 0) & (down * b != a))


class TensorMethods(Lacking):
    """The methods of Tensor that are ops; see `tinytorch.tensor.Tensor`."""

    __slots__ = ()
    _functions = ("tinytorch", "tinytorch.nn.functional")

    # Functions of every element

    abs = method(ops.abs)
    sqrt = method_of_floats(ops.sqrt)
    exp = method_of_floats(ops.exp)
    log = method_of_floats(ops.log)
    sin = method_of_floats(ops.sin)
    cos = method_of_floats(ops.cos)
    tanh = method_of_floats(ops.tanh)
    sigmoid = method_of_floats(ops.sigmoid)
    erf = method_of_floats(ops.erf)
    relu = method(ops.relu)
    neg = method(ops.neg)
    mul = method(ops.mul)
    pow = method(ops.pow)
    maximum = method(ops.maximum)
    minimum = method(ops.minimum)

    def add(self: Tensor, other: Any, *, alpha: Number = 1) -> Tensor:
        """self + alpha * other."""
        return self.apply(ops.add, self, other if alpha == 1 else other * alpha)

    def sub(self: Tensor, other: Any, *, alpha: Number = 1) -> Tensor:
        """self - alpha * other."""
        return self.apply(ops.sub, self, other if alpha == 1 else other * alpha)

    def div(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
        """self / other; rounded towards 0 by "trunc" and down by "floor", which no gradient passes.

        Raises ValueError for another mode."""
        if rounding_mode is None:
            return self.apply(ops.div, self, other)
        if rounding_mode not in ("floor", "trunc"):
            raise ValueError(f"div rounds by 'floor' or 'trunc', not by {rounding_mode!r}")
        return self.constant(np.floor_divide if rounding_mode == "floor" else _truncated, self, other)

    def square(self: Tensor) -> Tensor:
        """The square of every element; of booleans as int64."""
        x = self.long() if self.dtype.kind == "b" else self
        return self.apply(ops.mul, x, x)

    def clamp(self: Tensor, min: Any = None, max: Any = None) -> Tensor:
        """Every element kept within [min, max], two numbers or Tensors, one of which may be left out; the gradient passes
        where it was within already, and else goes to the bound. Raises RuntimeError where both are left out."""
        if check_bounds(min, max):
            raised = self if min is None else self.apply(ops.where, min, self, condition=(self < min).array)
            return raised if max is None else self.apply(ops.where, max, raised, condition=(raised > max).array)
        return self.apply(ops.clamp, self, min=min, max=max)

    def masked_fill(self: Tensor, mask: Tensor, value: Any) -> Tensor:
        """A single number where the mask is true, else the elements as they are, in this Tensor's type; both broadcast.

        Raises RuntimeError for a mask that is not of booleans, and for several values.
        """
        check_fill(mask, value)
        fill = value.to(self.dtype) if isinstance(value, TensorMethods) else np.asarray(value).astype(self.dtype)
        return self.apply(ops.where, self, fill, condition=~mask.array)

    def sign(self: Tensor) -> Tensor:
        """-1, 0 or 1; no gradient passes."""
        return self.constant(np.sign, self) if self.dtype.kind != "b" else self.clone()

    # Reductions

    @takes_axis
    def sum(self: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """The sum over dim (one, several or all); whole numbers and booleans add up to int64."""
        x = self.long() if self.dtype.kind in "iub" else self
        return self.apply(ops.sum, x, axis=_axes(dim, self), keepdims=keepdim)

    @takes_axis
    @in_float32
    def mean(self: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """The mean over dim (one, several or all); raises RuntimeError for anything but floats."""
        return self.apply(ops.mean, _floats(self, "mean"), axis=_axes(dim, self), keepdims=keepdim)

    @takes_axis
    @in_float32
    def var(self: Tensor, dim: Dim = None, correction: Number = 1, keepdim: bool = False) -> Tensor:
        """The variance over dim: the sum of squared distances from the mean by (count - correction).

        A bool as dim is PyTorch's older `unbiased`: whether the correction is 1 or 0, over all dims."""
        dim, correction = (None, dim) if isinstance(dim, bool) else (dim, 1 if correction is None else correction)
        mean = _floats(self, "var").mean(dim, keepdim=True)
        count = math.prod(n for n, kept in zip(self.shape, mean.shape, strict=True) if n != kept)
        distance = self - mean
        return (distance * distance).sum(dim, keepdim) / max(count - correction, 0)

    @takes_axis
    def std(self: Tensor, dim: Dim = None, correction: Number = 1, keepdim: bool = False) -> Tensor:
        """The square root of the variance."""
        return self.var(dim, correction, keepdim).sqrt()

    @takes_axis
    def amax(self: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """The largest element over dim; equal ones share the gradient evenly."""
        return self.apply(ops.amax, self, axis=_axes(dim, self), keepdims=keepdim)

    @takes_axis
    def amin(self: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """The smallest element over dim; equal ones share the gradient evenly."""
        return self.apply(ops.amin, self, axis=_axes(dim, self), keepdims=keepdim)

    @takes_axis
    def max(self: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
        """The largest element of all; along one dim, (values, indices) with the first where several are equal; over a
        tuple of dims, the values; with a Tensor, the larger of the two."""
        if isinstance(dim, TensorMethods):
            return self.maximum(dim)
        if dim is None or isinstance(dim, tuple):
            return self.amax(dim, keepdim)
        return self._taken(dim, self.argmax(dim, keepdim=True), keepdim)

    @takes_axis
    def min(self: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
        """The smallest element; see `max`."""
        if isinstance(dim, TensorMethods):
            return self.minimum(dim)
        if dim is None or isinstance(dim, tuple):
            return self.amin(dim, keepdim)
        return self._taken(dim, self.argmin(dim, keepdim=True), keepdim)

    def _taken(self: Tensor, dim: int, indices: Tensor, keepdim: bool) -> ValuesAndIndices:
        """The elements that indices name along dim, which was kept with length 1, and the indices."""
        values = self.gather(dim, indices)
        return (
            ValuesAndIndices(values, indices)
            if keepdim
            else ValuesAndIndices(values.squeeze(dim), indices.squeeze(dim))
        )

    @takes_axis
    def argmax(self: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Where the largest element stands along dim, or in the flattened Tensor; the first where several are equal."""
        return self.constant(np.argmax, self, axis=dim, keepdims=keepdim).long()

    @takes_axis
    def argmin(self: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Where the smallest element stands; see `argmax`."""
        return self.constant(np.argmin, self, axis=dim, keepdims=keepdim).long()

    @takes_axis
    def all(self: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """Whether every element is true."""
        return self.constant(np.all, self, axis=_axes(dim, self), keepdims=keepdim)

    @takes_axis
    def any(self: Tensor, dim: Dim = None, keepdim: bool = False) -> Tensor:
        """Whether some element is true."""
        return self.constant(np.any, self, axis=_axes(dim, self), keepdims=keepdim)

    @takes_axis
    def logsumexp(self: Tensor, dim: Dim, keepdim: bool = False) -> Tensor:
        """log(sum(exp(x))) over dim, without overflow."""
        return self.apply(
            ops.logsumexp, self if self.dtype.kind == "f" else self.float(), axis=_axes(dim, self), keepdims=keepdim
        )

    @takes_axis
    def softmax(self: Tensor, dim: int, dtype: Any = None) -> Tensor:
        """exp(x) / sum(exp(x)) along dim, without overflow; with a dtype, the elements are first converted to it."""
        x = _floats(self.to(dtype), "softmax")
        return self.apply(ops.softmax, x, axis=dim) if x.numel() else x.clone()

    @takes_axis
    def log_softmax(self: Tensor, dim: int, dtype: Any = None) -> Tensor:
        """The logarithm of softmax along dim, without overflow; with a dtype, the elements are first converted to it."""
        x = _floats(self.to(dtype), "log_softmax")
        return self.apply(ops.log_softmax, x, axis=dim) if x.numel() else x.clone()

    @takes_axis
    @in_float32
    def norm(self: Tensor, p: Number | str = "fro", dim: Dim = None, keepdim: bool = False) -> Tensor:
        """(sum |x|^p)^(1/p) over dim; its limits are the largest |x| for p = inf, the smallest for p = -inf, and for p = 0
        how many x are not 0. "fro" is the norm for p = 2. The gradient at a norm of 0 is 0.

        Raises RuntimeError for anything but floats, ValueError for a norm that is no sum of powers."""
        if p == "fro":
            p = 2
        if isinstance(p, str):
            raise ValueError(f"norm knows 'fro' and every number, not {p!r}")
        if p == 0:
            return (_floats(self, "norm") != 0).sum(dim, keepdim).to(self.dtype)
        if p in (math.inf, -math.inf):
            distance = _floats(self, "norm").abs()
            return distance.amax(dim, keepdim) if p > 0 else distance.amin(dim, keepdim)
        return self.apply(ops.norm, _floats(self, "norm"), p=p, axis=_axes(dim, self), keepdims=keepdim)

    # Shapes

    def reshape(self: Tensor, *shape: Any) -> Tensor:
        """The same elements in another shape, in which one length may be -1; shares memory where it can.

        Raises RuntimeError for a shape of another number of elements.
        """
        wanted = numbers(shape)
        try:
            return self.apply(ops.reshape, self, shape=wanted)
        except RuntimeError as error:
            raise RuntimeError(
                f"reshape cannot make shape {tuple(wanted)} of the {self.numel()} elements of shape {self.shape}"
            ) from error

    view = reshape

    def view_as(self: Tensor, other: Tensor) -> Tensor:
        """The same elements in the shape of another Tensor."""
        return self.reshape(other.shape)

    def expand_as(self: Tensor, other: Tensor) -> Tensor:
        """Repeated to the shape of another Tensor, without a copy."""
        return self.expand(other.shape)

    def flatten(self: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
        """The dimensions from start_dim to end_dim made one; raises IndexError or RuntimeError where there are none such."""
        shape = self.array.shape
        start, end = from_front(start_dim, self, "flatten"), from_front(end_dim, self, "flatten")
        if start > end:
            raise RuntimeError(
                f"flatten got start_dim {start_dim} after end_dim {end_dim} for a Tensor of shape {self.shape}"
            )
        flat = *shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]
        return self.apply(ops.reshape, self, shape=flat)

    def permute(self: Tensor, *dims: Any) -> Tensor:
        """The dimensions in another order. Raises RuntimeError for one that does not name every dimension once."""
        order = numbers(dims)
        try:
            return self.apply(ops.transpose, self, axes=order)
        except RuntimeError as error:
            raise RuntimeError(f"permute expects every dim of shape {self.shape} once, got {tuple(order)}") from error

    def transpose(self: Tensor, dim0: int, dim1: int) -> Tensor:
        """Two dimensions exchanged."""
        order = list(range(self.ndim))
        first, second = (from_front(dim, self, "transpose") for dim in (dim0, dim1))
        if order:
            order[first], order[second] = second, first
        return self.apply(ops.transpose, self, axes=order)

    def t(self: Tensor) -> Tensor:
        """The transpose of a matrix; raises RuntimeError for more than two dimensions."""
        if self.ndim > 2:
            raise RuntimeError(f"t() expects at most 2 dimensions, got {self.ndim} in shape {self.shape}")
        return self.T

    @property
    def T(self: Tensor) -> Tensor:
        """The dimensions in reverse order."""
        return self.apply(ops.transpose, self, axes=range(self.ndim)[::-1])

    @property
    def mT(self: Tensor) -> Tensor:
        """The last two dimensions exchanged."""
        return self.transpose(-1, -2)

    def squeeze(self: Tensor, dim: Dim = None) -> Tensor:
        """Without dimensions of length 1: all, or those among dim."""
        dims = range(self.ndim) if dim is None else dim if isinstance(dim, (tuple, list)) else (dim,)
        chosen = {from_front(d, self, "squeeze") for d in dims}
        return self.reshape(tuple(n for i, n in enumerate(self.shape) if i not in chosen or n != 1))

    def unsqueeze(self: Tensor, dim: int) -> Tensor:
        """With a new dimension of length 1. Raises IndexError for a dim that it would not have."""
        if not -self.ndim - 1 <= dim <= self.ndim:
            raise IndexError(f"unsqueeze got dim {dim} for a Tensor of {self.ndim} dimensions")
        at = dim % (self.ndim + 1)
        return self.reshape(self.shape[:at] + (1,) + self.shape[at:])

    def expand(self: Tensor, *shape: Any) -> Tensor:
        """Repeated along dimensions of length 1 and new ones before, without a copy; -1 keeps a length."""
        wanted = numbers(shape)
        added = len(wanted) - self.ndim
        if -1 in wanted[: max(added, 0)]:
            raise RuntimeError(f"expand got -1 for a new dimension in {wanted}, for a Tensor of shape {self.shape}")
        return self.broadcast_to(tuple(self.shape[i - added] if n == -1 else n for i, n in enumerate(wanted)))

    def broadcast_to(self: Tensor, shape: Sequence[int]) -> Tensor:
        """Repeated to a shape, without a copy."""
        return self.apply(ops.broadcast_to, self, shape=tuple(shape))

    def gather(self: Tensor, dim: int, index: Tensor) -> Tensor:
        """Along dim, the elements that index names: out[i][j] = self[index[i][j]][j] for dim = 0.

        index: integers, of as many dimensions and, but along dim, at most this Tensor's lengths -> the shape of index.
        Raises RuntimeError for another index, or for a place that is not there.
        """
        at, length = from_front(dim, self, "gather"), self.shape[dim] if self.ndim else 1
        if index.dtype.kind not in "iu":
            raise RuntimeError(f"gather expects an index of whole numbers, got {index.dtype}")
        if not index.numel():
            return self.flatten()[:0].reshape(index.shape)
        if max(self.ndim, index.ndim) == 1 != min(self.ndim, index.ndim):  # a single number is taken to have a dim
            return self.reshape(-1).gather(0, index.reshape(-1)).reshape(index.shape)
        if index.ndim != self.ndim or any(
            n > m for d, (n, m) in enumerate(zip(index.shape, self.shape, strict=True)) if d != at
        ):
            raise RuntimeError(
                f"gather along dim {dim} of shape {self.shape} cannot take an index of shape {index.shape}"
            )
        first, last = index.array.min(), index.array.max()
        if not 0 <= first <= last < length:
            raise RuntimeError(f"gather expects places from 0 to {length - 1} along dim {dim}, got {first} to {last}")
        places: list[Any] = list(np.ogrid[tuple(slice(n) for n in index.shape)])
        places[at : at + 1] = [index.array] if self.ndim else []
        return self[tuple(places)]

    def split(self: Tensor, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
        """Views of pieces along a dimension: of one size, the last perhaps shorter, or of the sizes given.

        Raises RuntimeError where the sizes do not add up to the length.
        """
        if not self.ndim:
            raise RuntimeError("split expects at least one dimension, got a single number")
        at = from_front(dim, self, "split")
        length, sizes = self.shape[at], split_size
        if isinstance(sizes, int):
            if sizes <= 0:
                raise RuntimeError(f"split expects pieces of at least 1, got {sizes}")
            sizes = [min(sizes, length - start) for start in range(0, length, sizes)] or [0]
        if sum(sizes) != length or any(n < 0 for n in sizes):
            raise RuntimeError(
                f"split expects sizes that add up to {length}, the length along dim {dim}, got {list(sizes)}"
            )
        stops = np.cumsum(sizes).tolist()
        before = (slice(None),) * at
        return tuple(self[(*before, slice(stop - size, stop))] for size, stop in zip(sizes, stops, strict=True))

    def chunk(self: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
        """At most so many pieces of one size along a dimension, the last perhaps shorter.

        Raises RuntimeError for less than one piece, and for a single number.
        """
        if not self.ndim or chunks <= 0:
            raise RuntimeError(
                f"chunk expects at least one dimension and one piece, got shape {self.shape} and {chunks}"
            )
        size = math.ceil(self.shape[from_front(dim, self, "chunk")] / chunks)
        pieces: tuple[Tensor, ...] = self.split(max(1, size), dim)
        return pieces

    def unbind(self: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
        """Every slice along a dimension, without it."""
        return tuple(piece.squeeze(dim) for piece in self.split(1, dim))

    def flip(self: Tensor, dims: int | Sequence[int], *more: int) -> Tensor:
        """The order of the elements along the dimensions reversed; raises RuntimeError for a dimension named twice."""
        named = [from_front(d, self, "flip") for d in numbers((dims, *more))]
        reversed_ = set(named)
        if len(reversed_) < len(named):
            raise RuntimeError(f"flip got a dimension twice in {numbers((dims, *more))}")
        return self[tuple(slice(None, None, -1 if d in reversed_ else None) for d in range(self.ndim))]

    def roll(self: Tensor, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Tensor:
        """The elements moved along dimensions, those beyond the end coming in again at the start.

        Without dims, as one flat sequence. Raises RuntimeError where there is not one shift for each dimension.
        """
        if dims is None:
            return self.flatten().roll(shifts, 0).reshape(self.shape)
        steps, along = ([n] if isinstance(n, int) else n for n in (shifts, dims))
        if len(steps) != len(along):
            raise RuntimeError(
                f"roll expects one shift for each dimension, got shifts {list(steps)} and dims {list(along)}"
            )
        if along and not self.ndim:
            raise IndexError("roll expects at least one dimension, got a single number")
        rolled = self
        for step, dim in zip(steps, along, strict=True):
            at = from_front(dim, self, "roll")
            length = self.shape[at]
            if length:
                parts = rolled.split([length - step % length, step % length], at)
                rolled = self.apply(ops.cat, *parts[::-1], axis=at)
        return rolled

    # Random numbers, in place

    def normal_(self: Tensor, mean: Number = 0.0, std: Number = 1.0, *, generator: Generator | None = None) -> Tensor:
        """In place: normal random numbers with a mean and a standard deviation."""
        return self.copy_((generator or default_generator).numpy.normal(mean, std, self.shape))

    def uniform_(self: Tensor, a: Number = 0.0, b: Number = 1.0, *, generator: Generator | None = None) -> Tensor:
        """In place: random numbers from a up to but without b."""
        return self.copy_((generator or default_generator).numpy.uniform(a, b, self.shape))

    # Types and copies

    def to(
        self: Tensor,
        *target: Any,
        dtype: Any = None,
        device: Any = None,
        copy: bool = False,
        non_blocking: bool = False,
    ) -> Tensor:
        """In another data type, or like another Tensor; a device is checked and, as `non_blocking`, changes nothing.

        Raises TypeError for what is no data type, device or Tensor.
        """
        dtype = find_dtype("to", *target, device) or dtype
        if dtype is None or np.dtype(dtype) == self.dtype:
            return self.clone() if copy else self
        if np.dtype(dtype).kind not in "fiub":
            raise TypeError(f"to expects a type of real numbers or booleans, got {np.dtype(dtype)}")
        if np.dtype(dtype).kind == "f":
            return self.apply(ops.cast, self, dtype=np.dtype(dtype))
        return self.constant(np.ndarray.astype, self, dtype=dtype)

    def type(self: Tensor, dtype: Any = None) -> Tensor:
        """In another data type. Raises TypeError without one, for which PyTorch gives a name of its own for what it is."""
        if dtype is None:
            raise TypeError(f"type expects a data type, as in x.type(float64); x.dtype says that it is {self.dtype}")
        return self.to(dtype)

    def float(self: Tensor) -> Tensor:
        """As float32."""
        return self.to(np.float32)

    def double(self: Tensor) -> Tensor:
        """As float64."""
        return self.to(np.float64)

    def long(self: Tensor) -> Tensor:
        """As int64."""
        return self.to(np.int64)

    def int(self: Tensor) -> Tensor:
        """As int32."""
        return self.to(np.int32)

    def bool(self: Tensor) -> Tensor:
        """As bool: whether each element differs from zero."""
        return self.to(np.bool_)
