"""Right solutions in other styles than the library's: the checks must let them all pass."""

# ruff: noqa: F821
import numpy as np


class case_by_case:
    """the data type is decided by branches, and _made goes through __init__"""

    exercise = "03.1"

    class Tensor:
        def __init__(self, data, requires_grad=False, dtype=None):
            if isinstance(data, int) and not isinstance(data, bool):
                raise TypeError("Tensor takes numbers, not a shape")
            if requires_grad is not True and requires_grad is not False:
                raise TypeError("requires_grad is True or False")
            if dtype is None and isinstance(data, (list, tuple, float)) and not holds_arrays(data):
                dtype = np.float32
            self.array = as_array(data, dtype)
            self._record = self.grad = None
            self._requires_grad = False
            self.requires_grad = requires_grad

        def _made(array, record=None):
            made = Tensor(array)
            if record is not None:
                made._record = record
                made._requires_grad = True
            return made


class long_hand:
    """with branches, and detach through the constructor"""

    exercise = "03.2"

    class Tensor:
        def is_leaf(self):
            return not isinstance(self._record, Record)

        def source(self):
            if self._record is None:
                return self
            return self._record

        def detach(self):
            return Tensor(self.array)

        def item(self):
            try:
                return self.array.item()
            except ValueError as error:
                raise RuntimeError("item() needs one element") from error


class in_three_steps:
    """unwrap, run, record; everything by lists"""

    exercise = "03.3"

    def apply(op, *inputs, **params):
        arrays, sources = [], []
        for x in inputs:
            if isinstance(x, Tensor):
                arrays.append(x.array)
                sources.append(x.source if x.requires_grad else None)
            else:
                arrays.append(x)
                sources.append(None)
        computed = in_one_type(arrays)
        try:
            value, *vjps = op(*computed, **params)
        except ValueError as error:
            raise _refused(op, arrays, error) from error
        y = Tensor(no_wider(value, computed))
        if is_grad_enabled() and [source for source in sources if source is not None]:
            y._record = Record(op, arrays, params, sources, vjps)
            y._requires_grad = True
        return y


class sums_of_tensors:
    """every gradient is wrapped and added as a Tensor"""

    exercise = "03.4"

    class Tensor:
        def accumulate(self, gradient):
            gradient = self.as_gradient(gradient)
            self.grad = gradient if self.grad is None else self.grad + gradient

        def as_gradient(gradient):
            if not isinstance(gradient, Tensor):
                gradient = Tensor(gradient)
            return gradient


class by_match:
    """with match, and lists left to NumPy"""

    exercise = "03.5"

    def _index(index):
        match index:
            case tuple():
                return tuple(map(_index, index))
            case Tensor():
                return index.array
            case []:
                return np.zeros(0, np.int64)
            case list():
                return np.array(index)
        return index


class by_cases:
    """a case for each kind of shape, vectors by way of sums of products"""

    exercise = "03.6"

    def matmul(a, b):
        a, b = (x if isinstance(x, Tensor) else Tensor(x) for x in (a, b))
        if a.ndim == 0 or b.ndim == 0:
            raise RuntimeError("matmul takes no single numbers")
        if a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
            raise RuntimeError("the lengths do not meet")
        if b.ndim == 1:
            return (a * b).sum(-1)
        if a.ndim == 1:
            return apply(ops.matmul, a.reshape(1, -1), b).squeeze(-2)
        return apply(ops.matmul, a, b)

    class Tensor:
        def __matmul__(self, other):
            if not isinstance(other, _OPERAND):
                return NotImplemented
            return matmul(self, other)


class each_written_out:
    """every method calls _write itself"""

    exercise = "03.7"

    class Tensor:
        def add_(self, other, *, alpha=1):
            return self._write(ops.add, other * alpha)

        def sub_(self, other, *, alpha=1):
            return self._write(ops.add, other * -alpha)

        def fill_(self, value):
            return self._write(ops.put, np.full(self.shape, value, self.dtype), index=...)

        def zero_(self):
            return self._write(ops.put, np.zeros_like(self.array), index=...)


class by_item:
    """item and list do the work"""

    exercise = "03.8"

    class Tensor:
        def __len__(self):
            if not self.shape:
                raise TypeError("a single number has no length")
            return len(self.array)

        def __iter__(self):
            return iter([self[i] for i in range(len(self))])

        def __bool__(self):
            if self.numel() != 1:
                raise RuntimeError("of several numbers there is no truth")
            return bool(self.array.reshape(-1)[0])

        def __float__(self):
            return float(self.item())

        def __int__(self):
            return int(self.item())

        def __index__(self):
            if not np.issubdtype(self.dtype, np.integer):
                raise TypeError("not a whole number")
            return int(self.item())


class not_implemented:
    """NotImplemented, upon which NumPy raises TypeError itself"""

    exercise = "03.9"

    class Tensor:
        def __array_ufunc__(self, ufunc, method, *inputs, **params):
            if method == "reduce":
                unknown = set(params) - {"axis", "keepdims"}
                if ufunc not in _REDUCTIONS or unknown:
                    return NotImplemented
                axis, keepdims = params.get("axis", 0), params.get("keepdims", False)
                return apply(_REDUCTIONS[ufunc], inputs[0], axis=axis, keepdims=keepdims)
            if method != "__call__" or params:
                return NotImplemented
            if ufunc in _CONSTANT_FUNCTIONS:
                return constant(ufunc, *inputs)
            function = NUMPY_FUNCTIONS.get(ufunc)
            return NotImplemented if function is None else function(*inputs)

        def __array_function__(self, function, types, args, kwargs):
            ours = NUMPY_FUNCTIONS.get(function)
            return NotImplemented if ours is None else ours(*args, **kwargs)
