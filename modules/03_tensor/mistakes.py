"""Wrong solutions that people really write. Each class holds what is written differently from the library.

Its docstring ends the sentence "This is what you get when ...".
"""

# ruff: noqa: F821
import numpy as np

# 03.1 An array in a wrapper


class whole_numbers_kept:
    """a list of whole numbers becomes int64: a Tensor of a list is float32 unless a dtype is given."""

    exercise = "03.1"

    class Tensor:
        def __init__(self, data, requires_grad=False, dtype=None):
            if type(data) is int or not isinstance(requires_grad, (bool, np.bool_)):
                raise TypeError("a shape")
            self.array, self.grad, self._record, self._requires_grad = as_array(data, dtype), None, None, False
            if requires_grad:
                self.requires_grad = True


class float32_for_all:
    """arrays become float32 too: an array keeps the data type that it has."""

    exercise = "03.1"

    class Tensor:
        def __init__(self, data, requires_grad=False, dtype=None):
            if type(data) is int or not isinstance(requires_grad, (bool, np.bool_)):
                raise TypeError("a shape")
            self.array = as_array(data, float32 if dtype is None else dtype)
            self.grad, self._record, self._requires_grad = None, None, False
            if requires_grad:
                self.requires_grad = True


class array_copied:
    """an array is copied: its memory is shared, and a copy of every batch would cost time."""

    exercise = "03.1"

    class Tensor:
        def __init__(self, data, requires_grad=False, dtype=None):
            if type(data) is int or not isinstance(requires_grad, (bool, np.bool_)):
                raise TypeError("a shape")
            self.array = np.array(as_array(data, dtype if dtype is not None or holds_arrays(data) else float32))
            self.grad, self._record, self._requires_grad = None, None, False
            if requires_grad:
                self.requires_grad = True


class dtype_ignored:
    """dtype is ignored: where it is given, the data gets that type."""

    exercise = "03.1"

    class Tensor:
        def __init__(self, data, requires_grad=False, dtype=None):
            if type(data) is int or not isinstance(requires_grad, (bool, np.bool_)):
                raise TypeError("a shape")
            self.array = as_array(data, None if holds_arrays(data) else float32)
            self.grad, self._record, self._requires_grad = None, None, False
            if requires_grad:
                self.requires_grad = True


class requires_grad_forgotten:
    """requires_grad is not looked at: set self.requires_grad where it is asked for."""

    exercise = "03.1"

    class Tensor:
        def __init__(self, data, requires_grad=False, dtype=None):
            if type(data) is int or not isinstance(requires_grad, (bool, np.bool_)):
                raise TypeError("a shape")
            self.array = as_array(data, dtype if dtype is not None or holds_arrays(data) else float32)
            self.grad, self._record, self._requires_grad = None, None, False


class shape_as_data:
    """a whole number is taken for data: Tensor(3) is a shape in PyTorch, and here it is refused."""

    exercise = "03.1"

    class Tensor:
        def __init__(self, data, requires_grad=False, dtype=None):
            self.array = as_array(data, dtype if dtype is not None or holds_arrays(data) else float32)
            self.grad, self._record, self._requires_grad = None, None, False
            if requires_grad:
                self.requires_grad = True


class computed_without_grad:
    """a Tensor with a Record does not require grad: it was recorded because a gradient is wanted."""

    exercise = "03.1"

    class Tensor:
        def _made(array, record=None):
            made = object.__new__(Tensor)
            made.array, made.grad, made._record, made._requires_grad = array, None, record, False
            return made


# 03.2 Leaves


class leaf_without_grad:
    """is_leaf is taken for the opposite of requires_grad: a parameter is a leaf and requires grad."""

    exercise = "03.2"

    class Tensor:
        def is_leaf(self):
            return not self._requires_grad


class leaf_with_grad:
    """is_leaf asks whether it requires grad: data that was given is a leaf too."""

    exercise = "03.2"

    class Tensor:
        def is_leaf(self):
            return self._requires_grad and self._record is None


class record_only:
    """source is None for a leaf: the source of a leaf is the leaf itself, where its gradient goes."""

    exercise = "03.2"

    class Tensor:
        def source(self):
            return self._record


class detached_copy:
    """detach copies the array: it stays on the same memory."""

    exercise = "03.2"

    class Tensor:
        def detach(self):
            return Tensor._made(self.array.copy())


class detached_from_itself:
    """detach takes the Tensor itself out of the graph: it makes another one, and leaves this one as it is."""

    exercise = "03.2"

    class Tensor:
        def detach(self):
            self._record, self._requires_grad = None, False
            return self


class detached_with_record:
    """detach takes the Record along, and gradients still pass."""

    exercise = "03.2"

    class Tensor:
        def detach(self):
            return Tensor._made(self.array, self._record)


class item_of_numpy:
    """item gives NumPy's number or array: array.item() is Python's."""

    exercise = "03.2"

    class Tensor:
        def item(self):
            if self.array.size != 1:
                raise RuntimeError("several numbers")
            return self.array.ravel()[0]


class first_item:
    """item gives the first of several elements: what was meant is unclear then, so it is an error."""

    exercise = "03.2"

    class Tensor:
        def item(self):
            return self.array.ravel()[0].item()


class grad_of_integers:
    """whole numbers may require grad: they cannot be moved a little, so it is an error."""

    exercise = "03.2"

    class Tensor:
        @property
        def requires_grad(self):
            return self._requires_grad

        @requires_grad.setter
        def requires_grad(self, wanted):
            if not wanted and self._record is not None:
                raise RuntimeError("computed")
            self._requires_grad = bool(wanted)


class computed_stops:
    """a computed Tensor can stop requiring grad: its graph would be there still, so it is an error, and detach is the way."""

    exercise = "03.2"

    class Tensor:
        @property
        def requires_grad(self):
            return self._requires_grad

        @requires_grad.setter
        def requires_grad(self, wanted):
            if wanted and self.array.dtype.kind != "f":
                raise RuntimeError("floats")
            self._requires_grad = bool(wanted)


# 03.3 apply


class error_of_numpy:
    """NumPy's own ValueError comes through for shapes that do not go together: raise _refused(op, arrays, error) instead."""

    exercise = "03.3"

    def apply(op, *inputs, **params):
        arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
        sources = [x.source if isinstance(x, Tensor) and x._requires_grad else None for x in inputs]
        computed = in_one_type(arrays)
        value, *vjps = op(*computed, **params)
        wanted = is_grad_enabled() and any(source is not None for source in sources)
        return Tensor._made(no_wider(value, computed), Record(op, arrays, params, sources, vjps) if wanted else None)


class array_returned:
    """the bare value is returned: wrap it in a Tensor."""

    exercise = "03.3"

    def apply(op, *inputs, **params):
        arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
        return op(*in_one_type(arrays), **params)[0]


class recorded_under_no_grad:
    """is_grad_enabled is not asked: within no_grad nothing is recorded."""

    exercise = "03.3"

    def apply(op, *inputs, **params):
        arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
        sources = [x.source if isinstance(x, Tensor) and x._requires_grad else None for x in inputs]
        computed = in_one_type(arrays)
        try:
            value, *vjps = op(*computed, **params)
        except ValueError as error:
            raise _refused(op, arrays, error) from error
        wanted = any(source is not None for source in sources)
        return Tensor._made(no_wider(value, computed), Record(op, arrays, params, sources, vjps) if wanted else None)


class recorded_always:
    """every call is recorded: where no input requires grad, none is wanted, and records cost memory."""

    exercise = "03.3"

    def apply(op, *inputs, **params):
        arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
        sources = [x.source if isinstance(x, Tensor) and x._requires_grad else None for x in inputs]
        computed = in_one_type(arrays)
        try:
            value, *vjps = op(*computed, **params)
        except ValueError as error:
            raise _refused(op, arrays, error) from error
        record = Record(op, arrays, params, sources, vjps) if is_grad_enabled() else None
        return Tensor._made(no_wider(value, computed), record)


class never_recorded:
    """nothing is recorded: without a Record no gradient finds its way back."""

    exercise = "03.3"

    def apply(op, *inputs, **params):
        arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
        computed = in_one_type(arrays)
        try:
            return Tensor._made(no_wider(op(*computed, **params)[0], computed))
        except ValueError as error:
            raise _refused(op, arrays, error) from error


class tensors_as_sources:
    """the source of an input is the Tensor even where it was computed: there it is the Record, and the gradient would go no
    further."""

    exercise = "03.3"

    def apply(op, *inputs, **params):
        arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
        sources = [x if isinstance(x, Tensor) and x._requires_grad else None for x in inputs]
        computed = in_one_type(arrays)
        try:
            value, *vjps = op(*computed, **params)
        except ValueError as error:
            raise _refused(op, arrays, error) from error
        wanted = is_grad_enabled() and any(source is not None for source in sources)
        return Tensor._made(no_wider(value, computed), Record(op, arrays, params, sources, vjps) if wanted else None)


class sources_of_all:
    """an input that does not require grad has a source too: it gets None, or it would be given a gradient."""

    exercise = "03.3"

    def apply(op, *inputs, **params):
        arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
        sources = [x.source if isinstance(x, Tensor) else None for x in inputs]
        computed = in_one_type(arrays)
        try:
            value, *vjps = op(*computed, **params)
        except ValueError as error:
            raise _refused(op, arrays, error) from error
        wanted = is_grad_enabled() and any(isinstance(x, Tensor) and x._requires_grad for x in inputs)
        return Tensor._made(no_wider(value, computed), Record(op, arrays, params, sources, vjps) if wanted else None)


class all_must_require:
    """a call is recorded only if all of its inputs require grad: one is enough."""

    exercise = "03.3"

    def apply(op, *inputs, **params):
        arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
        sources = [x.source if isinstance(x, Tensor) and x._requires_grad else None for x in inputs]
        computed = in_one_type(arrays)
        try:
            value, *vjps = op(*computed, **params)
        except ValueError as error:
            raise _refused(op, arrays, error) from error
        wanted = is_grad_enabled() and all(source is not None for source in sources)
        return Tensor._made(no_wider(value, computed), Record(op, arrays, params, sources, vjps) if wanted else None)


class keywords_forgotten:
    """the keywords are missing from the Record: the op is run again with them when a gradient gets a graph."""

    exercise = "03.3"

    def apply(op, *inputs, **params):
        arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
        sources = [x.source if isinstance(x, Tensor) and x._requires_grad else None for x in inputs]
        computed = in_one_type(arrays)
        try:
            value, *vjps = op(*computed, **params)
        except ValueError as error:
            raise _refused(op, arrays, error) from error
        wanted = is_grad_enabled() and any(source is not None for source in sources)
        return Tensor._made(no_wider(value, computed), Record(op, arrays, {}, sources, vjps) if wanted else None)


class value_among_the_ways:
    """the value stands among the ways back in the Record: they are what the rule returned after it."""

    exercise = "03.3"

    def apply(op, *inputs, **params):
        arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
        sources = [x.source if isinstance(x, Tensor) and x._requires_grad else None for x in inputs]
        computed = in_one_type(arrays)
        try:
            found = op(*computed, **params)
        except ValueError as error:
            raise _refused(op, arrays, error) from error
        wanted = is_grad_enabled() and any(source is not None for source in sources)
        record = Record(op, arrays, params, sources, found) if wanted else None
        return Tensor._made(no_wider(found[0], computed), record)


class types_mixed:
    """the op runs on the inputs as they come: a number of NumPy's makes float64 of float32. Call in_one_type first."""

    exercise = "03.3"

    def apply(op, *inputs, **params):
        arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
        sources = [x.source if isinstance(x, Tensor) and x._requires_grad else None for x in inputs]
        try:
            value, *vjps = op(*arrays, **params)
        except ValueError as error:
            raise _refused(op, arrays, error) from error
        wanted = is_grad_enabled() and any(source is not None for source in sources)
        return Tensor._made(np.asarray(value), Record(op, arrays, params, sources, vjps) if wanted else None)


class cast_inputs_kept:
    """the Record keeps the inputs in the type that they were cast to: a gradient gets the type of what stands there, so
    keep them as they came."""

    exercise = "03.3"

    def apply(op, *inputs, **params):
        arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
        sources = [x.source if isinstance(x, Tensor) and x._requires_grad else None for x in inputs]
        arrays = in_one_type(arrays)
        try:
            value, *vjps = op(*arrays, **params)
        except ValueError as error:
            raise _refused(op, arrays, error) from error
        wanted = is_grad_enabled() and any(source is not None for source in sources)
        return Tensor._made(no_wider(value, arrays), Record(op, arrays, params, sources, vjps) if wanted else None)


# 03.4 Gradients


class last_gradient_kept:
    """a gradient overwrites the one before: they add up."""

    exercise = "03.4"

    class Tensor:
        def accumulate(self, gradient):
            self.grad = self.as_gradient(gradient)


class first_gradient_kept:
    """only the first gradient is kept: every further one is added to it."""

    exercise = "03.4"

    class Tensor:
        def accumulate(self, gradient):
            if self.grad is None:
                self.grad = self.as_gradient(gradient)


class first_gradient_twice:
    """the first gradient is counted twice: where there is none yet, it becomes grad, and is not added to itself."""

    exercise = "03.4"

    class Tensor:
        def accumulate(self, gradient):
            if self.grad is None:
                self.grad = self.as_gradient(gradient)
            self.grad = self.grad + gradient


class create_graph_not_passed:
    """backward does not pass create_graph on: the gradients have no graph."""

    exercise = "03.4"

    class Tensor:
        def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
            autograd.backward(self, gradient, retain_graph, inputs=inputs)


class graph_of_gradient_lost:
    """a gradient that is a Tensor is added to grad by its array, and its graph is lost."""

    exercise = "03.4"

    class Tensor:
        def accumulate(self, gradient):
            array = gradient.array if isinstance(gradient, Tensor) else gradient
            self.grad = Tensor._made(array if self.grad is None else self.grad.array + array)


class gradient_not_passed:
    """backward does not pass its gradient on: an output of several numbers has nothing to start from."""

    exercise = "03.4"

    class Tensor:
        def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
            autograd.backward(self, None, retain_graph, create_graph, inputs)


class retain_graph_not_passed:
    """backward does not pass retain_graph on: the graph is freed at once."""

    exercise = "03.4"

    class Tensor:
        def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
            autograd.backward(self, gradient, None, create_graph, inputs)


class wrapped_twice:
    """as_gradient wraps what is a Tensor already: it stays as it is."""

    exercise = "03.4"

    class Tensor:
        def as_gradient(gradient):
            return Tensor(gradient)


# 03.5 Places


class part_without_history:
    """the part is a new Tensor that knows of no call: use apply, so that gradients go back to where it was taken."""

    exercise = "03.5"

    class Tensor:
        def __getitem__(self, index):
            return Tensor(self.array[_index(index)], requires_grad=self._requires_grad)


class outermost_only:
    """a Tensor within a tuple is left as it is: x[rows, labels] has a tuple of Tensors for an index."""

    exercise = "03.5"

    def _index(index):
        return index.array if isinstance(index, Tensor) else index


class tuple_made_a_list:
    """the tuple becomes a list: to NumPy a list of places is one index, a tuple is one for each axis."""

    exercise = "03.5"

    def _index(index):
        if isinstance(index, tuple):
            return [_index(part) for part in index]
        return index.array if isinstance(index, Tensor) else index


class mask_as_places:
    """a mask is turned into numbers: True and False would be taken for the places 1 and 0."""

    exercise = "03.5"

    def _index(index):
        if isinstance(index, tuple):
            return tuple(_index(part) for part in index)
        if isinstance(index, Tensor):
            return index.array.astype(np.int64)
        return np.asarray(index, None if index else np.int64) if isinstance(index, list) else index


class index_unwrapped_only:
    """x[index] gives the index to the rule as it came: call _index, since rules know no Tensors."""

    exercise = "03.5"

    class Tensor:
        def __getitem__(self, index):
            return apply(ops.getitem, self, index=index)


# 03.6 Matrices


class vectors_as_they_are:
    """vectors are given to the rule as they are: its ways back exchange the last two axes, and a vector has one."""

    exercise = "03.6"

    def matmul(a, b):
        shapes = [np.shape(getattr(x, "array", x)) for x in (a, b)]
        if not all(shapes) or shapes[0][-1] != shapes[1][max(len(shapes[1]) - 2, 0)]:
            raise RuntimeError("lengths")
        return apply(ops.matmul, a, b)


class extra_dimension_kept:
    """the extra dimension of a vector stays in the result: take it away again."""

    exercise = "03.6"

    def matmul(a, b):
        shapes = [np.shape(getattr(x, "array", x)) for x in (a, b)]
        if not all(shapes) or shapes[0][-1] != shapes[1][max(len(shapes[1]) - 2, 0)]:
            raise RuntimeError("lengths")
        left = a if len(shapes[0]) > 1 else apply(ops.reshape, a, shape=(1, -1))
        right = b if len(shapes[1]) > 1 else apply(ops.reshape, b, shape=(-1, 1))
        return apply(ops.matmul, left, right)


class all_ones_squeezed:
    """every dimension of length 1 is taken away: only that of the vector goes, a matrix of one row keeps its own."""

    exercise = "03.6"

    def matmul(a, b):
        shapes = [np.shape(getattr(x, "array", x)) for x in (a, b)]
        if not all(shapes) or shapes[0][-1] != shapes[1][max(len(shapes[1]) - 2, 0)]:
            raise RuntimeError("lengths")
        left = a if len(shapes[0]) > 1 else apply(ops.reshape, a, shape=(1, -1))
        right = b if len(shapes[1]) > 1 else apply(ops.reshape, b, shape=(-1, 1))
        y = apply(ops.matmul, left, right)
        return y.squeeze() if min(map(len, shapes)) == 1 else y


class left_vector_as_column:
    """a vector on the left becomes a column (k, 1): there it is a row (1, k)."""

    exercise = "03.6"

    def matmul(a, b):
        shapes = [np.shape(getattr(x, "array", x)) for x in (a, b)]
        if not all(shapes) or shapes[0][-1] != shapes[1][max(len(shapes[1]) - 2, 0)]:
            raise RuntimeError("lengths")
        left = a if len(shapes[0]) > 1 else apply(ops.reshape, a, shape=(-1, 1))
        right = b if len(shapes[1]) > 1 else apply(ops.reshape, b, shape=(-1, 1))
        y = apply(ops.matmul, left, right)
        if len(shapes[1]) == 1:
            y = y.squeeze(-1)
        return y.squeeze(-1 if len(shapes[1]) == 1 else -2) if len(shapes[0]) == 1 else y


class element_by_element:
    """@ multiplies element by element: it is the matrix product."""

    exercise = "03.6"

    class Tensor:
        def __matmul__(self, other):
            return self * other if isinstance(other, _OPERAND) else NotImplemented


class lengths_not_checked:
    """the lengths are not looked at: what does not meet must raise RuntimeError, and not by accident."""

    exercise = "03.6"

    def matmul(a, b):
        shapes = [np.shape(getattr(x, "array", x)) for x in (a, b)]
        left = a if len(shapes[0]) > 1 else apply(ops.reshape, a, shape=(1, -1))
        right = b if len(shapes[1]) > 1 else apply(ops.reshape, b, shape=(-1, 1))
        if left.shape[-1] != right.shape[-2]:
            right = right.T
        y = apply(ops.matmul, left, right)
        if len(shapes[1]) == 1:
            y = y.squeeze(-1)
        return y.squeeze(-1 if len(shapes[1]) == 1 else -2) if len(shapes[0]) == 1 else y


# 03.7 In place


class nothing_returned:
    """the Tensor is not returned: x.add_(1).mul_(2) needs it."""

    exercise = "03.7"

    class Tensor:
        def add_(self, other, *, alpha=1):
            self._write(ops.add, other * alpha)


class new_tensor:
    """a new Tensor is returned, and this one stays as it was: _write puts the value in its place."""

    exercise = "03.7"

    class Tensor:
        def add_(self, other, *, alpha=1):
            return self + other * alpha


class alpha_forgotten:
    """alpha is not looked at: the other is multiplied by it first."""

    exercise = "03.7"

    class Tensor:
        def add_(self, other, *, alpha=1):
            return self._write(ops.add, other)


class alpha_times_all:
    """alpha multiplies the whole sum: only the other is multiplied by it."""

    exercise = "03.7"

    class Tensor:
        def add_(self, other, *, alpha=1):
            return self._write(ops.add, other)._write(ops.mul, alpha)


class subtracted_from_other:
    """sub_ subtracts this Tensor from the other: it is self - alpha * other."""

    exercise = "03.7"

    class Tensor:
        def sub_(self, other, *, alpha=1):
            return self.copy_(other * alpha - self)


class graph_not_told:
    """the array is written to behind the graph's back: gradients go where they would have gone without the change. Use
    _write."""

    exercise = "03.7"

    class Tensor:
        def add_(self, other, *, alpha=1):
            self.array += np.asarray(other.array if isinstance(other, Tensor) else other, self.dtype) * alpha
            return self


class memory_taken_over:
    """copy_ takes over the memory of the other: they would be one from then on, so the elements are copied."""

    exercise = "03.7"

    class Tensor:
        def copy_(self, other):
            if isinstance(other, Tensor) and other.dtype == self.dtype:
                self.array, self._record, self._requires_grad = other.array, other._record, other._requires_grad
                return self
            source = other.to(self.dtype) if isinstance(other, Tensor) else np.asarray(other, self.dtype)
            return self._write(ops.put, source, index=...)


# 03.8 Python's own functions


class all_elements_counted:
    """len counts all elements: it is the length of the first dimension."""

    exercise = "03.8"

    class Tensor:
        def __len__(self):
            if self.ndim == 0:
                raise TypeError("no dimensions")
            return self.array.size


class length_of_a_number:
    """the length of a single number is asked of its shape, which is empty: raise TypeError."""

    exercise = "03.8"

    class Tensor:
        def __len__(self):
            return self.shape[0]


class true_if_any:
    """several elements are true where any of them is: it might as well be all, so it is an error."""

    exercise = "03.8"

    class Tensor:
        def __bool__(self):
            return bool(np.any(self.array))


class true_if_there:
    """every Tensor is true: one element is true where it is not 0."""

    exercise = "03.8"

    class Tensor:
        def __bool__(self):
            if self.array.size != 1:
                raise RuntimeError("several")
            return True


class rows_of_the_array:
    """the rows are arrays: they are self[i], Tensors through which gradients pass."""

    exercise = "03.8"

    class Tensor:
        def __iter__(self):
            if self.ndim == 0:
                raise TypeError("no dimensions")
            return iter(self.array)


class rows_without_history:
    """each row is a new Tensor that knows of no call: take self[i], so that gradients pass."""

    exercise = "03.8"

    class Tensor:
        def __iter__(self):
            if self.ndim == 0:
                raise TypeError("no dimensions")
            return (Tensor(row, requires_grad=True) for row in self.array)


class float_of_item:
    """float gives what item gives: of whole numbers that is an int, and Python wants a float."""

    exercise = "03.8"

    class Tensor:
        def __float__(self):
            return self.item()


class int_of_item:
    """int gives what item gives: of floats that is a float, and Python wants an int, without what is behind the point."""

    exercise = "03.8"

    class Tensor:
        def __int__(self):
            return self.item()


class rounded:
    """int rounds to the nearest: int(2.75) is 2, what is behind the point is dropped."""

    exercise = "03.8"

    class Tensor:
        def __int__(self):
            return round(self.item())


class float_as_index:
    """a float is taken for a place: a list has no place 2.0, so raise TypeError."""

    exercise = "03.8"

    class Tensor:
        def __index__(self):
            return int(self.item())


# 03.9 NumPy's functions


class computed_on_arrays:
    """a ufunc is computed on the arrays, and its gradient is lost without a word: call the function in NUMPY_FUNCTIONS."""

    exercise = "03.9"

    class Tensor:
        def __array_ufunc__(self, ufunc, method, *inputs, **params):
            arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
            return Tensor._made(np.asarray(getattr(ufunc, method)(*arrays, **params)))


class keywords_dropped:
    """__array_function__ drops the keywords: np.sum(x, axis=0) would sum over everything."""

    exercise = "03.9"

    class Tensor:
        def __array_function__(self, function, types, args, kwargs):
            if function not in NUMPY_FUNCTIONS:
                raise TypeError(function.__name__)
            return NUMPY_FUNCTIONS[function](*args)


class method_ignored:
    """the method is not looked at: np.add.reduce(x) comes as np.add with the method "reduce"."""

    exercise = "03.9"

    class Tensor:
        def __array_ufunc__(self, ufunc, method, *inputs, **params):
            if ufunc in NUMPY_FUNCTIONS:
                return NUMPY_FUNCTIONS[ufunc](*inputs, **params)
            if ufunc in _CONSTANT_FUNCTIONS:
                return constant(ufunc, *inputs)
            raise TypeError(ufunc.__name__)


class reduced_over_all:
    """a reduction without an axis goes over all of them: a ufunc's goes over axis 0."""

    exercise = "03.9"

    class Tensor:
        def __array_ufunc__(self, ufunc, method, *inputs, **params):
            if method == "reduce" and ufunc in _REDUCTIONS and params.keys() <= {"axis", "keepdims"}:
                return apply(_REDUCTIONS[ufunc], *inputs, **params)
            if method == "__call__" and not params and ufunc in NUMPY_FUNCTIONS:
                return NUMPY_FUNCTIONS[ufunc](*inputs)
            if method == "__call__" and not params and ufunc in _CONSTANT_FUNCTIONS:
                return constant(ufunc, *inputs)
            raise TypeError(ufunc.__name__)


class constants_forgotten:
    """the functions without a gradient are refused: constant(ufunc, *inputs) is for them."""

    exercise = "03.9"

    class Tensor:
        def __array_ufunc__(self, ufunc, method, *inputs, **params):
            if method == "reduce" and ufunc in _REDUCTIONS and params.keys() <= {"axis", "keepdims"}:
                return apply(_REDUCTIONS[ufunc], *inputs, **{"axis": 0, **params})
            if method == "__call__" and not params and ufunc in NUMPY_FUNCTIONS:
                return NUMPY_FUNCTIONS[ufunc](*inputs)
            raise TypeError(ufunc.__name__)


class out_ignored:
    """keywords such as out are dropped in silence: where you do not know a keyword, raise TypeError."""

    exercise = "03.9"

    class Tensor:
        def __array_ufunc__(self, ufunc, method, *inputs, **params):
            if method == "reduce" and ufunc in _REDUCTIONS:
                kept = {name: value for name, value in params.items() if name in ("axis", "keepdims")}
                return apply(_REDUCTIONS[ufunc], *inputs, **{"axis": 0, **kept})
            if method == "__call__" and ufunc in NUMPY_FUNCTIONS:
                return NUMPY_FUNCTIONS[ufunc](*inputs)
            if method == "__call__" and ufunc in _CONSTANT_FUNCTIONS:
                return constant(ufunc, *inputs)
            raise TypeError(ufunc.__name__)


class unknown_on_arrays:
    """what is not known here is computed on the arrays, and its gradient is lost without a word: raise TypeError."""

    exercise = "03.9"

    class Tensor:
        def __array_function__(self, function, types, args, kwargs):
            if function in NUMPY_FUNCTIONS:
                return NUMPY_FUNCTIONS[function](*args, **kwargs)
            return function(*(x.array if isinstance(x, Tensor) else x for x in args), **kwargs)
