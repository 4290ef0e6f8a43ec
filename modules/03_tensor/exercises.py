"""Module 03: the Tensor, which joins arrays, rules and the graph."""

from tinytorch.course.exercises import Exercise

EXERCISES = [
    Exercise(
        id="03.1",
        title="An array in a wrapper",
        functions=("Tensor.__init__", "Tensor._made"),
        points=5,
        minutes=20,
        prompt="""
            A Tensor is an array that remembers the call that made it. It has four attributes: `array`; `grad`, None until
            backward puts a gradient there; `_record`, the Record of the call, None for what was given rather than computed;
            `_requires_grad`.

            `Tensor(data)` takes lists, arrays and Tensors. `as_array(data, dtype)` makes the array. A list becomes float32
            where no dtype is given, an array or a Tensor keeps its own type; `holds_arrays(data)` tells which it is. Set
            `self.requires_grad = True` where it is asked for: the property checks that it can be.

            Tensor(3) and Tensor(3, 4) are shapes in PyTorch. Here they raise TypeError: data that is an int, and a
            requires_grad that is no bool.

            `_made(array, record)` wraps an array that was computed, as it is. With a record it requires grad.
        """,
        hints=(
            "Four attributes, set every time. Which of them can the caller of Tensor(...) decide, and which the caller of _made?",
            "as_array(data, float32) for lists, as_array(data, None) for arrays, as_array(data, dtype) where one is given. "
            "object.__new__(Tensor) makes a Tensor without calling __init__.",
            """
            The data type:

                if dtype is None and not holds_arrays(data):
                    dtype = float32
                self.array = as_array(data, dtype)

            And without __init__:

                made = object.__new__(Tensor)
                made.array = array
            """,
        ),
        note="""
            An array is shared, not copied: t = Tensor(a) costs nothing, and who changes a changes t. Every computed Tensor
            goes through _made, thousands of times in an epoch, so it does no more than it must.
        """,
    ),
    Exercise(
        id="03.2",
        title="Leaves",
        functions=("Tensor.requires_grad", "Tensor.is_leaf", "Tensor.source", "Tensor.detach", "Tensor.item"),
        points=5,
        minutes=20,
        prompt="""
            A leaf is a Tensor that was given, not computed: it has no Record. Parameters are leaves that require grad, data
            are leaves that do not. `source` is the place in the graph where a gradient for a Tensor goes: its Record or, for
            a leaf, the Tensor itself.

            `requires_grad` is a property: one function to read it, one to set it. Setting it raises RuntimeError in two
            cases: True for anything but floats (self.array.dtype.kind is "f" for those), and False for a computed Tensor.

            `detach` gives a Tensor on the same memory that no gradient passes. `item` gives the Python number in a Tensor
            of one element, and raises RuntimeError for any other.
        """,
        hints=(
            "All of it can be told from three attributes: array, _record and _requires_grad.",
            "is_leaf asks whether _record is None. detach is a call of Tensor._made. array.item() is Python's number.",
            """
            Three of the bodies:

                return self._record is None
                return self if self._record is None else self._record
                return Tensor._made(self.array)
            """,
        ),
        note="""
            `losses.append(loss)` keeps the whole graph of every loss alive, and memory runs out; `losses.append(loss.item())`
            keeps a number. It is among the first bugs of nearly everybody.
        """,
    ),
    Exercise(
        id="03.3",
        title="apply",
        functions=("apply",),
        points=15,
        minutes=45,
        prompt="""
            Here the three parts meet: arrays, rules and records. `apply(op, *inputs, **params)` runs a rule on the arrays of
            its inputs, wraps the value in a Tensor and, where a gradient is wanted, records the call. All the rest of the
            library is calls of apply.

            An input is a Tensor, an array or a number. Its source is x.source for a Tensor that requires grad, else None.
            Record the call if any input has a source and is_grad_enabled(): Record(op, arrays, params, sources, vjps),
            where arrays are the inputs without their wrappers, and vjps all that the rule returned after its value.

            Two helpers see to the data types. `in_one_type(arrays)` gives what to run the rule on; `no_wider(value,
            computed)` puts the value right. A ValueError of NumPy means that the shapes do not go together:
            raise `_refused(op, arrays, error)` instead.
        """,
        hints=(
            "Go step by step: unwrap, run, wrap. Then ask of each input whether a gradient must go back to it, and through what.",
            "value, *vjps = op(*in_one_type(arrays), **params). Tensor._made(value, record) with the record or None.",
            """
            Nearly all of it:

                arrays = [x.array if isinstance(x, Tensor) else x for x in inputs]
                wants = [isinstance(x, Tensor) and x.requires_grad for x in inputs]
                sources = [x.source if w else None for x, w in zip(inputs, wants)]
                computed = in_one_type(arrays)
                value, *vjps = op(*computed, **params)
                value = no_wider(value, computed)

            What is left is the record, and try ... except ValueError around the call of op.
            """,
        ),
        note="""
            PyTorch calls it the dispatcher, and has some two thousand operations behind it. Yours takes any function that
            returns a value and its ways back: write a rule, call apply, and it can be trained.
        """,
    ),
    Exercise(
        id="03.4",
        title="Gradients add up",
        functions=("Tensor.backward", "Tensor.accumulate", "Tensor.as_gradient"),
        points=5,
        minutes=15,
        prompt="""
            `loss.backward()` calls autograd.backward, which you wrote: pass everything on. That calls `accumulate` on every
            leaf. The first gradient becomes x.grad, every further one is added to it.

            A gradient is an array or, when it has a graph of its own, a Tensor. x.grad is always a Tensor: `as_gradient`
            wraps an array and leaves a Tensor as it is. A sum with a Tensor keeps the graph.
        """,
        hints=(
            "What is x.grad before the first gradient, and what does the second one find there?",
            "Tensor + Tensor is a call of add, and recorded where one of them requires grad. autograd.backward takes the Tensor and then, "
            "in the same order, all that backward was given.",
            """
            accumulate, in its simplest form:

                gradient = self.as_gradient(gradient)
                self.grad = gradient if self.grad is None else self.grad + gradient
            """,
        ),
        note="""
            The library's own adds an array in place, which saves a copy of every gradient of every step. You may do so too:
            self.grad.array += gradient, and then mark_changed(self.grad.array), which tells the graph.
        """,
    ),
    Exercise(
        id="03.5",
        title="Taking a part",
        functions=("_index", "Tensor.__getitem__"),
        points=5,
        minutes=15,
        prompt="""
            x[index] is a call of ops.getitem, with `index` as its keyword. The rule works on arrays and knows no Tensors, but
            an index may hold some: x[labels], x[mask], x[rows, labels].

            `_index(index)` gives the same index with every Tensor in it replaced by its array and every list by an array; a
            tuple may hold Tensors at any depth. All else stays as it is.
        """,
        hints=(
            "An index is a tuple when there are several, in x[rows, labels]. What of the parts of a tuple?",
            "Three kinds: a tuple becomes a tuple of what _index makes of its parts, a Tensor its array, a list np.asarray of it.",
            """
            For tuples:

                return tuple(_index(part) for part in index)

            np.asarray([]) is float64: an empty list needs np.int64.
            """,
        ),
        note="""
            x[rows, labels] takes one element from each row. It is how cross-entropy finds the probability of the right class.
        """,
    ),
    Exercise(
        id="03.6",
        title="The matrix product",
        functions=("matmul", "Tensor.__matmul__"),
        points=10,
        minutes=30,
        prompt="""
            The rule multiplies stacks of matrices, (..., n, k) and (..., k, m). `matmul(a, b)` also takes vectors: on the
            left one is a row, on the right a column. Its dimension is gone from the result, so that (n, k) and (k,) give
            (n,), and two vectors a single number.

            Make matrices of vectors with apply(ops.reshape, ...), call the rule, and take the extra dimension away again;
            all of it by way of apply, so that gradients pass. Raise RuntimeError for single numbers, and where the lengths
            do not meet. a and b are Tensors or arrays.

            `a @ b` calls a.__matmul__(b). Return NotImplemented where b is not one of `_OPERAND`, which is all that an
            operator takes: then Python asks b, and raises TypeError.
        """,
        hints=(
            "Which shapes must the two matrices have, and where in the result does the 1 stand that has to go?",
            "A vector on the left becomes (1, k), one on the right (k, 1). y.squeeze(-1) takes the last dimension away, "
            "y.squeeze(-2) the one before.",
            """
            For a vector on the right:

                right = apply(ops.reshape, b, shape=(-1, 1))
                y = apply(ops.matmul, left, right)
                y = y.squeeze(-1)
            """,
        ),
        note="""
            Nearly all of the time of a network is spent in this product. NumPy hands it to a library of linear algebra that
            has been tuned for decades.
        """,
    ),
    Exercise(
        id="03.7",
        title="In place",
        functions=("Tensor.add_", "Tensor.sub_", "Tensor.copy_", "Tensor.fill_", "Tensor.zero_"),
        points=5,
        minutes=15,
        prompt="""
            A method whose name ends in _ changes the Tensor where it is, and returns it. `self._write(op, *others, **params)`
            does the hard part: it runs the op on this Tensor, puts the value in its place, and records the change.

            add_ and sub_ multiply the other by alpha first. copy_ writes other elements over all of this Tensor, in this
            Tensor's data type; `ops.put` with index=... (three dots, all elements) is the rule for it, and it takes a
            Tensor or an array. `other` is a Tensor, an array or a number.
        """,
        hints=(
            "Four of the five are a line each, once one of them is written.",
            "add_ is _write(ops.add, other * alpha). fill_ and zero_ are copy_ of a number. other.to(dtype) changes the type of a "
            "Tensor, np.asarray(other, dtype) does it for all else.",
            """
            For copy_:

                if isinstance(other, Tensor):
                    source = other.to(self.dtype)
                else:
                    source = np.asarray(other, self.dtype)
                return self._write(ops.put, source, index=...)
            """,
        ),
        note="""
            What a way back needs must not be changed before it is walked. The library counts the changes of every memory, and
            backward refuses rather than compute a wrong gradient.
        """,
    ),
    Exercise(
        id="03.8",
        title="As Python expects it",
        functions=(
            *("Tensor.__len__", "Tensor.__iter__", "Tensor.__bool__"),
            *("Tensor.__float__", "Tensor.__int__", "Tensor.__index__"),
        ),
        points=5,
        minutes=20,
        prompt="""
            Python asks objects by methods with two underscores: len(x), for row in x, if x, float(x), int(x), names[x].

            A single number has no length and no rows: TypeError. Of several numbers there is no truth (any of them? all?):
            RuntimeError. Only a Tensor of whole numbers can be an index: TypeError for others. float and int take a Tensor
            of one element, as item does. Rows are Tensors, self[i], through which gradients pass.
        """,
        hints=(
            "item() does most of it. What must each method return: a Tensor, or something of Python's own?",
            "__len__ is self.shape[0]. __iter__ returns an iterator, such as a generator expression over self[i]. dtype.kind is in "
            "'iu' for whole numbers.",
            """
            Two of them:

                return (self[i] for i in range(len(self)))
                return self.array.item() != 0

            In a class that has a method named float, the word float means the function still: methods are not in reach of
            each other by name.
            """,
        ),
        note="""
            A function with yield would raise only when the first row is asked for. One that returns a generator checks at
            once, which is kinder to whoever looks for the fault.
        """,
    ),
    Exercise(
        id="03.9",
        title="NumPy's functions",
        functions=("Tensor.__array_ufunc__", "Tensor.__array_function__"),
        points=10,
        minutes=30,
        prompt="""
            np.exp(t) asks t what to do: NumPy calls t.__array_ufunc__(np.exp, "__call__", t), and for np.sum(t, axis=0) it
            calls t.__array_function__(np.sum, types, args, kwargs). So NumPy's functions can be differentiable.

            `NUMPY_FUNCTIONS` has a function of ours for each of NumPy's. Call it with the inputs or, in __array_function__,
            with *args and **kwargs. A ufunc also has methods: np.add.reduce(t, axis=0) comes as method "reduce", for which
            `_REDUCTIONS` has the op; without an axis it goes over axis 0. The ufuncs in `_CONSTANT_FUNCTIONS` have no
            gradient: constant(ufunc, *inputs).

            Everything else raises TypeError, also for keywords that you do not know, such as out: to compute it on the array
            would lose the gradient without a word. `_NOT_HERE.format(name)` is the message.
        """,
        hints=(
            "Four cases for a ufunc: a reduction, one of ours, one without gradient, and all the rest.",
            "The method is '__call__' for an ordinary call; params are its keywords, and must be none. A reduction may have axis "
            "and keepdims: apply(_REDUCTIONS[ufunc], *inputs, axis=..., keepdims=...).",
            """
            The first case:

                known = params.keys() <= {"axis", "keepdims"}
                if method == "reduce" and ufunc in _REDUCTIONS and known:
                    return apply(_REDUCTIONS[ufunc], *inputs, **{"axis": 0, **params})
            """,
        ),
        note="""
            The rules of module 01 are made of np. functions. With this they run on Tensors as they stand, and record
            themselves: that is how a gradient gets a graph, and how it is differentiated again.
        """,
    ),
]
