"""03 Tensor: an array that remembers the call that made it.

`apply` runs an op on the arrays of its inputs, wraps the value in a Tensor and, where a gradient is wanted, keeps a Record
of the call. Every method and operator below is a call of `apply`, so what the ops know of derivatives, Tensors know too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from sys import getrefcount
from typing import Any

import numpy as np
from numpy import ndarray

from tinytorch import autograd, ops
from tinytorch.autograd import Record, is_grad_enabled
from tinytorch.changes import check_current, mark_changed, owner
from tinytorch.dtypes import RANK, Device, as_array, common_dtype, float32, holds_arrays, int64
from tinytorch.methods import Number, TensorMethods, check_bounds


def apply(op: Callable[..., Any], *inputs: Any, **params: Any) -> Tensor:
    """Run an op on Tensors, numbers and arrays, and remember the call where a gradient may be wanted.

    op: takes arrays and keywords, returns its value and one function per input that sends a gradient back, or a single
    `pullback(g, wanted)` for all (see `tinytorch.ops`); yours as well as ours. Raises RuntimeError for shapes that the op
    refuses, IndexError for an index out of range, TypeError where the op returns no way back.
    """
    arrays, sources, wanted, single_precision = [], [], False, True
    for x in inputs:
        source = None
        if isinstance(x, Tensor):
            if x._requires_grad:
                source, wanted = x._record or x, True
            x = x.array
        if type(x) is not ndarray or x.dtype is not float32:
            single_precision = False
        arrays.append(x)
        sources.append(source)
    computed = arrays if single_precision else in_one_type(arrays)
    try:
        found = op(*computed, **params)
    except (ValueError, OverflowError) as error:
        raise _refused(op, computed, error) from error
    if type(found) is not tuple or len(found) < 2:
        raise TypeError(f"{op.__name__} must return its value and a function that sends a gradient back for each input")
    value = found[0]
    if type(value) is not ndarray or (value.dtype is not float32 and "dtype" not in params):
        value = no_wider(value, computed)
    if wanted and is_grad_enabled():
        return Tensor._made(value, Record(op, arrays, params, sources, found[1:]))
    return Tensor._made(value)


def in_one_type(arrays: list[Any]) -> list[Any]:
    """The inputs of an op in one data type. Python's numbers stay as they are: they take on any type."""
    if len(arrays) == 1:
        return arrays
    arrays = [a.item() if isinstance(a, np.generic) else a for a in arrays]
    typed = [a for a in arrays if isinstance(a, np.ndarray)]
    if any(a.dtype != typed[0].dtype for a in typed):
        dtype = common_dtype(typed)
        typed = [a.astype(dtype, copy=False) for a in typed]
        arrays = [a.astype(dtype, copy=False) if isinstance(a, np.ndarray) else a for a in arrays]
    if typed and not any(a.ndim for a in typed):  # NumPy 1 would compute single numbers in double precision
        arrays = [_as_single(a, typed[0].dtype) for a in arrays]
    return arrays


def _as_single(number: Any, dtype: np.dtype) -> Any:
    """A Python number as an array of a data type that can hold its kind; anything else as it is."""
    kinds = {bool: "b", int: "i", float: "f"}
    fits = type(number) in kinds and RANK[kinds[type(number)]] <= RANK[dtype.kind]
    return np.asarray(number, dtype) if fits else number


def no_wider(value: Any, arrays: Sequence[Any]) -> np.ndarray:
    """An op's value as an array in the type of its inputs of that kind; where there are none, floats become float32 and
    whole numbers int64. NumPy has other ideas for what integers lead to, and NumPy 1 for single numbers."""
    rank = RANK[value.dtype.kind]
    same = [a.dtype for a in arrays if isinstance(a, np.ndarray) and RANK[a.dtype.kind] == rank]
    return np.asarray(value, same[0] if same else (value.dtype, int64, float32)[rank])


def _refused(function: Callable[..., Any], arrays: Sequence[Any], error: Exception) -> Exception:
    """What NumPy has against the inputs, as one sentence that names the call and the shapes."""
    name = {"put": "t[i] = v", "amax": "max", "amin": "min"}.get(function.__name__, function.__name__)
    shapes = " and ".join(str(np.shape(a)) for a in arrays)
    kind = IndexError if isinstance(error, IndexError) else RuntimeError  # a dim that is not there is both
    return kind(f"{name} cannot take inputs of shape {shapes}: {str(error).strip(' .')}")


def _in_place(op: Callable[..., Any]) -> Callable[..., Tensor]:
    """A Tensor method that puts the value of an op in the place of the Tensor, as `x += 1` and `x.add_(1)` do."""

    def called(self: Tensor, *others: Any, **params: Any) -> Tensor:
        return self._write(op, *others, **params)

    called.__name__, called.__doc__ = f"{op.__name__}_", f"In place: {op.__doc__}"
    return called


def _operator(op: Callable[..., Any]) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """The two methods behind an operator: for `self + other` and, where other is no Tensor, for `other + self`."""

    def forward(self: Tensor, other: Any) -> Tensor:
        return apply(op, self, other) if isinstance(other, _OPERAND) else NotImplemented

    def reflected(self: Tensor, other: Any) -> Tensor:
        return apply(op, other, self) if isinstance(other, _OPERAND) else NotImplemented

    return forward, reflected


def _constant(ufunc: np.ufunc) -> tuple[Callable[..., Tensor], Callable[..., Tensor]]:
    """The two methods behind an operator that no gradient passes."""

    def forward(self: Tensor, other: Any) -> Tensor:
        return constant(ufunc, self, other) if isinstance(other, _OPERAND) else NotImplemented

    def reflected(self: Tensor, other: Any) -> Tensor:
        return constant(ufunc, other, self) if isinstance(other, _OPERAND) else NotImplemented

    forward.__doc__ = f"np.{ufunc.__name__} of this and another, element by element; no gradient passes."
    reflected.__doc__ = f"np.{ufunc.__name__} of another and this, element by element; no gradient passes."
    return forward, reflected


def _constant_in_place(ufunc: np.ufunc) -> Callable[..., Tensor]:
    """The method behind an operator in place that no gradient passes."""

    def called(self: Tensor, other: Any) -> Tensor:
        return self.copy_(constant(ufunc, self, other)) if isinstance(other, _OPERAND) else NotImplemented

    return called


def constant(function: Callable[..., Any], *inputs: Any, **params: Any) -> Tensor:
    """A Tensor of what a NumPy function gives for the arrays of its inputs; no gradient passes."""
    arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
    if len(arrays) > 1:
        arrays = in_one_type(arrays)
    try:
        value = np.asarray(function(*arrays, **params))
    except ValueError as error:
        raise _refused(function, arrays, error) from error
    return Tensor._made(value if "dtype" in params else no_wider(value, arrays))


def matmul(a: Any, b: Any) -> Tensor:
    """The matrix product: (..., n, k) and (..., k, m) -> (..., n, m), where leading dimensions broadcast.

    A vector on the left is a row and on the right a column, and its dimension is gone from the result.
    Raises RuntimeError for single numbers and for lengths that do not meet.
    """
    shapes = np.shape(a.array if isinstance(a, Tensor) else a), np.shape(b.array if isinstance(b, Tensor) else b)
    rows, columns = shapes
    if not rows or not columns or rows[-1] != columns[max(len(columns) - 2, 0)]:
        raise RuntimeError(f"matmul expects (..., n, k) and (..., k, m), got shapes {rows} and {columns}")
    left = a if len(rows) > 1 else apply(ops.reshape, a, shape=(1, -1))
    right = b if len(columns) > 1 else apply(ops.reshape, b, shape=(-1, 1))
    y = apply(ops.matmul, left, right)
    if len(columns) == 1:
        y = y.squeeze(-1)
    return y.squeeze(-1 if len(columns) == 1 else -2) if len(rows) == 1 else y


def same_place(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays are the same elements of the same memory."""
    return a.__array_interface__ == b.__array_interface__


def shares_memory(a: Tensor, b: Tensor) -> bool:
    """Whether two Tensors lie in one block of memory."""
    return owner(a.array) is owner(b.array)


def _index(index: Any) -> Any:
    """An index with every Tensor in it replaced by its array, and every sequence by an array."""
    return tuple(map(_place, index)) if isinstance(index, tuple) else _place(index)


def _place(part: Any) -> Any:
    if isinstance(part, Tensor):
        return part.array
    return np.asarray(part, None if part else np.int64) if isinstance(part, (list, tuple)) else part


class Tensor(TensorMethods):
    """An array that remembers the call that made it.

    data: nested lists of numbers, which become float32 (`tensor` lets whole numbers be int64), an array (whose memory is
    shared) or a Tensor. `array` is the NumPy array; writing into it by hand is not seen by the graph. `grad` is the gradient
    that `backward` left, a Tensor, or None. Raises TypeError for what is not numbers, and for a shape, from which PyTorch
    makes a Tensor of no certain numbers, RuntimeError where anything but floats is to require a gradient.
    """

    __slots__ = ("__weakref__", "_record", "_requires_grad", "array", "grad")
    __hash__ = object.__hash__

    array: np.ndarray
    grad: Tensor | None
    _record: Record | None

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None) -> None:
        if type(data) is int or not isinstance(requires_grad, (bool, np.bool_)):
            raise TypeError("Tensor expects numbers, not a shape: for a Tensor of a shape call zeros, ones or empty")
        self.array = as_array(data, dtype if dtype is not None or holds_arrays(data) else float32)
        self.grad = None
        self._record = None
        self._requires_grad = False
        if requires_grad:
            self.requires_grad = True

    @staticmethod
    def _made(array: np.ndarray, record: Record | None = None) -> Tensor:
        """A Tensor around a computed array, without the checks that a user's data needs."""
        made = object.__new__(Tensor)
        made.array = array
        made.grad = None
        made._record = record
        made._requires_grad = record is not None
        return made

    apply = staticmethod(apply)
    constant = staticmethod(constant)

    # What it is

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are wanted for this Tensor, or for one that led to it."""
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if wanted and self.array.dtype.kind != "f":
            raise RuntimeError(f"only Tensors of floating point numbers can require gradients, not {self.dtype}")
        if not wanted and self._record is not None:
            raise RuntimeError("only a leaf can stop requiring gradients: use detach() on a computed Tensor")
        self._requires_grad = bool(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad`, and return this Tensor."""
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether it was given rather than computed from something that requires grad."""
        return self._record is None

    @property
    def source(self) -> Record | Tensor:
        """Where a gradient for this Tensor goes: the Record of the call that made it, or the leaf itself."""
        return self._record or self

    @property
    def grad_fn(self) -> Record | None:
        """The Record of the call that made it; None for a leaf."""
        return self._record

    @property
    def data(self) -> Tensor:
        """A Tensor on the same memory that no gradient passes."""
        return Tensor._made(self.array)

    @data.setter
    def data(self, other: Tensor) -> None:
        self.array = as_array(other, self.dtype)
        mark_changed(self.array)

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of every dimension."""
        return self.array.shape

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    @property
    def dtype(self) -> np.dtype:
        """The data type of the elements, as NumPy names it."""
        return self.array.dtype

    @property
    def device(self) -> Device:
        """Always the processor."""
        return _CPU

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the length of one dimension."""
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        """The number of dimensions."""
        return self.ndim

    def numel(self) -> int:
        """The number of elements."""
        return self.array.size

    def is_floating_point(self) -> bool:
        """Whether the elements are floats."""
        return self.array.dtype.kind == "f"

    # Out of the graph

    def item(self) -> Any:
        """The Python number in a Tensor of one element; raises RuntimeError for any other."""
        if self.array.size != 1:
            raise RuntimeError(f"item() needs a Tensor of one element, this one has shape {self.shape}")
        return self.array.item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return self.array.tolist()

    def numpy(self) -> np.ndarray:
        """The array, on the same memory; raises RuntimeError where a gradient would be lost: detach() first."""
        if self._requires_grad:
            raise RuntimeError("numpy() of a Tensor that requires grad would lose its gradient: use detach().numpy()")
        return self.array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype) if copy else np.asarray(self.numpy(), dtype)

    def detach(self) -> Tensor:
        """A Tensor on the same memory that no gradient passes."""
        return Tensor._made(self.array)

    def cpu(self) -> Tensor:
        """This Tensor: it is on the cpu already."""
        return self

    def contiguous(self) -> Tensor:
        """The same elements, in C order in memory."""
        return self if self.array.flags.c_contiguous else self.clone()

    # Gradients

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add to `grad` of every leaf that led here its share of the gradient; see `tinytorch.autograd.backward`."""
        autograd.backward(self, gradient, retain_graph, create_graph, inputs)

    def accumulate(self, gradient: np.ndarray | Tensor) -> None:
        """Add a gradient to `grad`, in place where it is an array."""
        if self.grad is None:
            self.grad = Tensor._made(gradient) if type(gradient) is ndarray else self.as_gradient(gradient)
        elif isinstance(gradient, Tensor):
            self.grad = self.grad + gradient
        else:
            self.grad.array += gradient
            mark_changed(self.grad.array)

    @staticmethod
    def restored(x: Any, source: Record | Tensor | None) -> Any:
        """An input of a recorded call as it was: a Tensor that knows where it came from, or a number.

        Raises RuntimeError where a leaf was given other data since.
        """
        if isinstance(source, Tensor):
            if source.array is not x:
                raise RuntimeError(
                    "a leaf was given other data after a call used it: its gradient has no graph any more"
                )
            return source
        return Tensor._made(x, source) if isinstance(x, np.ndarray) else x

    @staticmethod
    def as_gradient(gradient: np.ndarray | Tensor) -> Tensor:
        """A gradient as a Tensor: arrays are wrapped."""
        return gradient if isinstance(gradient, Tensor) else Tensor._made(np.asarray(gradient))

    # Operators

    __add__, __radd__ = _operator(ops.add)
    __sub__, __rsub__ = _operator(ops.sub)
    __mul__, __rmul__ = _operator(ops.mul)
    __truediv__, __rtruediv__ = _operator(ops.div)
    __mod__, __rmod__ = _operator(ops.remainder)
    __pow__, __rpow__ = _operator(ops.pow)

    def __matmul__(self, other: Any) -> Tensor:
        return matmul(self, other) if isinstance(other, _OPERAND) else NotImplemented

    def __rmatmul__(self, other: Any) -> Tensor:
        return matmul(other, self) if isinstance(other, _OPERAND) else NotImplemented

    def __neg__(self) -> Tensor:
        return apply(ops.neg, self)

    def __pos__(self) -> Tensor:
        return self

    def __abs__(self) -> Tensor:
        return apply(ops.abs, self)

    def matmul(self, other: Any) -> Tensor:
        """The matrix product; see `tinytorch.matmul`."""
        return matmul(self, other)

    __floordiv__, __rfloordiv__ = _constant(np.floor_divide)
    __and__, __rand__ = _constant(np.bitwise_and)
    __or__, __ror__ = _constant(np.bitwise_or)
    __xor__, __rxor__ = _constant(np.bitwise_xor)
    __lshift__, __rlshift__ = _constant(np.left_shift)
    __rshift__, __rrshift__ = _constant(np.right_shift)
    __eq__, __ne__ = _constant(np.equal)[0], _constant(np.not_equal)[0]  # type: ignore[assignment]  # no bool, as an array's
    __lt__, __gt__ = _constant(np.less)
    __le__, __ge__ = _constant(np.less_equal)
    eq, ne, lt, le, gt, ge = __eq__, __ne__, __lt__, __le__, __gt__, __ge__

    def __invert__(self) -> Tensor:
        return Tensor._made(np.invert(self.array))

    # Places

    def __getitem__(self, index: Any) -> Tensor:
        return apply(ops.getitem, self, index=_index(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        place, known = _index(index), None
        if isinstance(value, Tensor):
            if shares_memory(value, self) and same_place(value.array, ops.getitem(self.array, index=place)[0]):
                known = value._record  # t[i] += v changes a view, then sets it where it is
            value = value.to(self.dtype)
        elif isinstance(value, np.ndarray):
            value = value.astype(self.dtype, copy=False)
        self._write(ops.put, value, known=known, index=place)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len() of a Tensor with no dimensions")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise TypeError("iteration over a Tensor with no dimensions")
        return (self[i] for i in range(len(self)))

    def __contains__(self, number: Any) -> bool:
        return bool((self == number).any())

    # In place

    def _write(self, op: Callable[..., Any], *others: Any, known: Record | None = None, **params: Any) -> Tensor:
        """Run an op on this Tensor and put the value in its place, recorded where a gradient is wanted.

        What the call needs of the old value is copied first; the graph is told that the memory changed. `known` is a call
        that changed a part of it through a view, which is written over now.
        """
        recorded = is_grad_enabled() and any(isinstance(x, Tensor) and x._requires_grad for x in (self, *others))
        if recorded:
            self._check_recordable(known)
        if not self.array.flags.writeable:
            raise RuntimeError(
                f"{op.__name__} in place cannot write into an expanded Tensor or read-only memory: clone() it before"
            )
        if op is ops.put and not recorded:
            return self._assign(params["index"], *others)
        before = Tensor._made(self.array.copy() if recorded else self.array, self._record if recorded else None)
        mine = [isinstance(x, Tensor) and shares_memory(x, self) for x in others]  # as in h.mul_(h) and h.add_(h.T)
        others = tuple((before if x is self else x.clone()) if m else x for x, m in zip(others, mine, strict=True))
        made = apply(op, before, *others, **params)
        if made.shape != self.shape:
            raise RuntimeError(f"{op.__name__} in place needs a result of shape {self.shape}, got {made.shape}")
        if RANK[made.dtype.kind] > RANK[self.dtype.kind]:
            raise RuntimeError(f"{op.__name__} in place cannot put {made.dtype} into a Tensor of {self.dtype}")
        np.copyto(self.array, made.array, casting="unsafe")
        moment = mark_changed(self.array, recorded=made._record is not None)
        if made._record is not None:
            made._record.moment = moment  # as if it was made now, in place of what was there
            self._record, self._requires_grad = made._record, True
        return self

    def _assign(self, index: Any, value: Any) -> Tensor:
        """Write a value at an index, without a copy of the rest."""
        array = value.array if isinstance(value, Tensor) else value
        try:
            self.array[index] = array
        except ValueError as error:
            raise _refused(ops.put, [self.array, array], error) from error
        mark_changed(self.array)
        return self

    def _check_recordable(self, known: Record | None) -> None:
        """Raise RuntimeError where a change in place would be lost on a leaf, or on whoever else sees the memory."""
        if self._record is None and self._requires_grad:
            raise RuntimeError(
                "a leaf that requires grad cannot be changed in place while calls are recorded: use no_grad() or its data"
            )
        if self._record is None and self.array.base is not None:
            raise RuntimeError(
                "a view of a Tensor that does not require grad cannot take values that do, their gradient would be lost: "
                "write into the whole, as in t[i, j] = v, or clone() the view before"
            )
        if self._record is None and getrefcount(self.array) > _OWN_REFERENCES:
            raise RuntimeError(
                "a Tensor that does not require grad, and whose memory something else looks at as well, cannot take values "
                "that do, their gradient would be lost there: clone() it before"
            )
        if self._record is not None:
            check_current(self._record, self.array, known.moment if known else math.inf)
        memory, viewed = owner(self.array), self._record
        while viewed is not None:
            sources = zip(viewed.inputs, viewed.sources, strict=True)
            source = next((s for x, s in sources if isinstance(x, np.ndarray) and owner(x) is memory), None)
            if isinstance(source, Tensor):
                raise RuntimeError("a view of a leaf that requires grad cannot be changed in place: clone() it before")
            viewed = source

    __iadd__, __isub__, __imul__ = _in_place(ops.add), _in_place(ops.sub), _in_place(ops.mul)
    __itruediv__, __imod__, __ipow__ = _in_place(ops.div), _in_place(ops.remainder), _in_place(ops.pow)
    __ifloordiv__, __iand__ = _constant_in_place(np.floor_divide), _constant_in_place(np.bitwise_and)
    __ior__, __ixor__ = _constant_in_place(np.bitwise_or), _constant_in_place(np.bitwise_xor)
    __ilshift__, __irshift__ = _constant_in_place(np.left_shift), _constant_in_place(np.right_shift)
    mul_, pow_ = _in_place(ops.mul), _in_place(ops.pow)
    relu_, exp_, sqrt_, neg_ = _in_place(ops.relu), _in_place(ops.exp), _in_place(ops.sqrt), _in_place(ops.neg)

    def add_(self, other: Any, *, alpha: Number = 1) -> Tensor:
        """In place: self + alpha * other."""
        return self._write(ops.add, other if alpha == 1 else other * alpha)

    def sub_(self, other: Any, *, alpha: Number = 1) -> Tensor:
        """In place: self - alpha * other."""
        return self._write(ops.sub, other if alpha == 1 else other * alpha)

    def div_(self, other: Any, *, rounding_mode: str | None = None) -> Tensor:
        """In place: self / other, perhaps rounded; see `div`."""
        if rounding_mode is None:
            return self._write(ops.div, other)
        return self.copy_(self.div(other, rounding_mode=rounding_mode))

    def clamp_(self, min: Any = None, max: Any = None) -> Tensor:
        """In place: every element kept within [min, max]; see `clamp`."""
        if check_bounds(min, max):
            return self.copy_(self.clone().clamp(min, max))
        return self._write(ops.clamp, min=min, max=max)

    def copy_(self, other: Any) -> Tensor:
        """In place: the elements of another Tensor, an array or a number, cast to this Tensor's type."""
        source = other.to(self.dtype) if isinstance(other, Tensor) else np.asarray(other, self.dtype)
        return self._write(ops.put, source, index=...)

    def fill_(self, value: Any) -> Tensor:
        """In place: every element the same."""
        return self.copy_(value)

    def zero_(self) -> Tensor:
        """In place: every element zero."""
        return self.copy_(0)

    def clone(self) -> Tensor:
        """The same values in memory of their own; the gradient passes."""
        return apply(ops.copy, self)

    def __deepcopy__(self, memo: dict[Any, Any]) -> Tensor:
        if self._record is not None:
            raise RuntimeError("only a leaf can be deep-copied: detach() a computed Tensor first")
        made = object.__new__(type(self))
        made.array, made._record, made._requires_grad = self.array.copy(), None, self._requires_grad
        made.grad = None if self.grad is None else self.grad.clone()
        memo[id(self)] = made
        return made

    def __bool__(self) -> Any:
        if self.array.size != 1:
            raise RuntimeError(f"the truth of a Tensor of shape {self.shape} is not one: use any() or all()")
        return self.array.item() != 0

    def __float__(self) -> Any:
        return 1.0 * self.item()

    def __int__(self) -> Any:
        return math.trunc(self.item())

    def __index__(self) -> Any:
        if self.dtype.kind not in "iu":
            raise TypeError(f"only a whole number can be an index, not a Tensor of {self.dtype}")
        return self.item()

    def __format__(self, specification: str) -> str:
        return format(self.item(), specification) if self.ndim == 0 else format(str(self), specification)

    def __repr__(self) -> str:
        text = np.array2string(self.array, separator=", ", prefix="tensor(", precision=4)
        if self.dtype not in (np.float32, np.int64, np.bool_):
            text += f", dtype={self.dtype}"
        if self._record is not None:
            text += f", grad_fn=<{self._record.name}>"
        elif self._requires_grad:
            text += ", requires_grad=True"
        return f"tensor({text})"

    # What NumPy's own functions do with a Tensor

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **params: Any) -> Any:
        if method == "reduce" and ufunc in _REDUCTIONS and params.keys() <= {"axis", "keepdims"}:
            return apply(_REDUCTIONS[ufunc], *inputs, **{"axis": 0, **params})
        if method == "__call__" and not params:
            if ufunc in NUMPY_FUNCTIONS:
                return NUMPY_FUNCTIONS[ufunc](*inputs)
            if ufunc in _CONSTANT_FUNCTIONS:
                return constant(ufunc, *inputs)
        raise TypeError(_NOT_HERE.format(ufunc.__name__))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function not in NUMPY_FUNCTIONS:
            raise TypeError(_NOT_HERE.format(function.__name__))
        return NUMPY_FUNCTIONS[function](*args, **kwargs)


_OPERAND = (Tensor, int, float, np.ndarray, np.generic)  # what an operator takes on its other side
_CPU = Device()
_OWN_REFERENCES = 2  # of getrefcount to the array of a Tensor: the Tensor's own, and the question's


# NumPy's functions, in its own signatures: with these the rules in ops.py run on Tensors, which differentiates them again

_NOT_HERE = "np.{} of a Tensor would lose its gradient: use a function of tinytorch, or detach().numpy()"


def _calls(op: Callable[..., Any]) -> Callable[..., Tensor]:
    return lambda *inputs: apply(op, *inputs)


def _reduces(op: Callable[..., Any]) -> Callable[..., Tensor]:
    return lambda x, axis=None, *, keepdims=False: apply(op, x, axis=axis, keepdims=keepdims)


def _sum(x: Tensor, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Tensor:
    return apply(ops.sum, x if dtype is None else x.to(dtype), axis=axis, keepdims=keepdims)


def _where(condition: Any, a: Any, b: Any) -> Tensor:
    return apply(ops.where, a, b, condition=as_array(condition))


NUMPY_FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.add: _calls(ops.add),
    np.subtract: _calls(ops.sub),
    np.multiply: _calls(ops.mul),
    np.divide: _calls(ops.div),
    np.remainder: _calls(ops.remainder),
    np.power: _calls(ops.pow),
    np.negative: _calls(ops.neg),
    np.absolute: _calls(ops.abs),
    np.sqrt: lambda x: x.sqrt(),
    np.square: lambda x: apply(ops.mul, x, x),
    np.exp: lambda x: x.exp(),
    np.log: lambda x: x.log(),
    np.sin: lambda x: x.sin(),
    np.cos: lambda x: x.cos(),
    np.tanh: lambda x: x.tanh(),
    np.logaddexp: _calls(ops.logaddexp),
    np.maximum: _calls(ops.maximum),
    np.minimum: _calls(ops.minimum),
    np.matmul: matmul,
    np.dot: matmul,
    np.sum: _sum,
    np.mean: _reduces(ops.mean),
    np.max: _reduces(ops.amax),
    np.amax: _reduces(ops.amax),
    np.min: _reduces(ops.amin),
    np.amin: _reduces(ops.amin),
    np.clip: lambda x, a_min=None, a_max=None: x.clamp(a_min, a_max),
    np.where: _where,
    np.reshape: lambda x, shape: x.reshape(shape),
    np.transpose: lambda x, axes=None: x.T if axes is None else x.permute(tuple(axes)),
    np.swapaxes: lambda x, a, b: x.transpose(a, b),
    np.squeeze: lambda x, axis=None: x.squeeze(axis),
    np.expand_dims: lambda x, axis: x.unsqueeze(axis),
    np.broadcast_to: lambda x, shape: x.broadcast_to(shape),
    np.concatenate: lambda parts, axis=0: apply(ops.cat, *parts, axis=axis),
    np.stack: lambda parts, axis=0: apply(ops.cat, *(p.unsqueeze(axis) for p in parts), axis=axis),
    np.copy: lambda x: x.clone(),
    np.shape: lambda x: x.shape,
    np.ndim: lambda x: x.ndim,
    np.argmax: lambda x, axis=None: x.argmax(axis),
    np.argmin: lambda x, axis=None: x.argmin(axis),
    np.zeros_like: lambda x: constant(np.zeros_like, x),
    np.ones_like: lambda x: constant(np.ones_like, x),
}

_REDUCTIONS = {np.add: ops.sum, np.maximum: ops.amax}

_CONSTANT_FUNCTIONS = {
    *(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal),
    *(np.logical_and, np.logical_or, np.logical_not, np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert),
    *(np.sign, np.floor, np.ceil, np.rint, np.isfinite, np.isnan, np.isinf, np.floor_divide),
}


def is_tensor(obj: Any) -> bool:
    """Whether something is a Tensor."""
    return isinstance(obj, Tensor)
