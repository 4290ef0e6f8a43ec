"""The checks of module 03: what a Tensor holds, what of a call it remembers, and what is asked of it in Python and NumPy."""

import numpy as np

from tinytorch.course.checks import Checks, case

check = Checks()
FLOATS = (np.float32, np.float64)


# 03.1 An array in a wrapper


@check("03.1")
def of_lists(draw):
    """a list of numbers becomes an array of float32, whole numbers too"""
    numbers = draw.array(draw.shape(1, 2)) if draw.flag() else draw.integers(draw.shape(1, 2), -3, 3)
    requires_grad = draw.flag()
    call = f"Tensor({numbers.tolist()}, requires_grad={requires_grad})"
    return case("made", call, data={"list": numbers}, dtype=None, requires_grad=requires_grad)


@check("03.1")
def of_arrays(draw):
    """an array keeps its data type, and its memory is shared"""
    dtype = draw.choice((*FLOATS, np.int64))
    data = draw.array(draw.shape(), dtype=np.float64).astype(dtype)
    return case("made", "Tensor(data)", data=data, dtype=None, requires_grad=False)


@check("03.1", count=10)
def of_a_dtype(draw):
    """with dtype, any data gets that type"""
    numbers, dtype = draw.array(draw.shape(1, 2)), draw.choice(("float32", "float64", "int64"))
    data = numbers if draw.flag() else {"list": numbers}
    spelled = "data" if isinstance(data, np.ndarray) else str(numbers.tolist())
    return case("made", f"Tensor({spelled}, dtype=np.{dtype})", data=data, dtype=dtype, requires_grad=False)


@check("03.1", count=5)
def of_tensors(draw):
    """a Tensor of a Tensor shares its memory"""
    return case("made_of_tensor", "Tensor(Tensor(a))", a=draw.array(draw.shape(), dtype=draw.choice(FLOATS)))


@check("03.1", count=5)
def of_shapes(draw):
    """a whole number is no data but a shape, and raises TypeError; so does a second one"""
    shape = [draw.integer(1, 4) for _ in range(draw.integer(1, 2))]
    return case("made_of_shape", f"Tensor({', '.join(map(str, shape))})", shape=shape)


@check("03.1", count=10)
def of_calls(draw):
    """_made wraps a computed array as it is; with a Record it requires grad"""
    recorded = draw.flag()
    call = f"Tensor._made(a, {'record' if recorded else 'None'})"
    return case("wrapped", call, a=draw.array(draw.shape(), dtype=draw.choice(FLOATS)), recorded=recorded)


# 03.2 Leaves

KINDS = {
    "constant": "x = Tensor(a)",
    "leaf": "x = Tensor(a, requires_grad=True)",
    "computed": "x = Tensor(a, requires_grad=True) * 2",
}


@check("03.2", count=10)
def what_it_is(draw):
    """requires_grad, is_leaf and source of what was given and of what was computed"""
    kind = draw.choice(list(KINDS))
    return case("facts", f"{KINDS[kind]}; x.requires_grad, x.is_leaf, x.source", a=draw.array((2,)), kind=kind)


@check("03.2", count=15)
def setting(draw):
    """requires_grad can be set on leaves of floats; anything else raises RuntimeError"""
    kind, wanted = draw.choice(("constant", "computed")), draw.flag()
    a = draw.array((2,)) if kind == "computed" or draw.flag() else draw.integers((2,), -3, 3)
    return case("switched", f"{KINDS[kind]}; x.requires_grad = {wanted}", a=a, kind=kind, wanted=wanted)


@check("03.2", count=10)
def detaching(draw):
    """detach gives a Tensor on the same memory that no gradient passes"""
    return case("detached", "y = Tensor(a, requires_grad=True) * 2; y.detach()", a=draw.array(draw.shape()))


@check("03.2", count=15)
def items(draw):
    """item gives the Python number in a Tensor of one element, and raises RuntimeError for others"""
    shape = (1,) * draw.integer(0, 2) if draw.flag() else draw.shape(1, 2)
    a = draw.array(shape) if draw.flag() else draw.integers(shape, -3, 3)
    return case("item", "Tensor(a).item()", a=a)


# 03.3 apply

SPELLED = {True: "", False: "with no_grad(): "}


def call_of(draw, op, params, wanted, recording, inputs):
    words = []
    for name, value in inputs.items():
        if isinstance(value, np.ndarray):
            words.append(f"Tensor({name}, requires_grad=True)" if name in wanted else f"Tensor({name})")
        elif isinstance(value, dict):
            words.append(
                f"np.array({value['array'].tolist()})" if "array" in value else f"np.float64({value['number']})"
            )
        else:
            words.append(repr(value))
    words += [f"{name}={value}" for name, value in params.items()]
    call = f"{SPELLED[recording]}apply(ops.{op}, {', '.join(words)})"
    return case("applied", call, op=op, params=params, wanted=wanted, recording=recording, **inputs)


def two(draw, dtype=np.float64):
    shape = draw.shape(0, 2)
    return {"a": draw.array(shape, dtype=dtype), "b": draw.array(draw.partner(shape), dtype=dtype)}


@check("03.3")
def values(draw):
    """the op runs on the arrays, and its value comes back as a Tensor"""
    return call_of(draw, draw.choice(("add", "sub", "mul")), {}, [], True, two(draw))


@check("03.3")
def records(draw):
    """a call is recorded where an input requires grad: the op, its keywords, a source for each input that wants one"""
    if draw.flag():
        wanted = draw.choice((["a"], ["b"], ["a", "b"], []))
        return call_of(draw, draw.choice(("add", "sub", "mul")), {}, wanted, True, two(draw))
    params = {"axis": draw.choice((None, 0)), "keepdims": draw.flag()}
    return call_of(draw, draw.choice(("sum", "mean")), params, ["a"], True, {"a": draw.array(draw.shape(1, 2))})


@check("03.3", count=10)
def unrecorded(draw):
    """within no_grad nothing is recorded, and the value does not require grad"""
    return call_of(draw, draw.choice(("add", "mul")), {}, ["a", "b"], False, two(draw))


@check("03.3", count=15)
def sources(draw):
    """the source of an input that was computed is the Record of that call"""
    shape, leaves = draw.shape(0, 1), ["a", "b"]
    program = []
    for i in range(draw.integer(2, 3)):
        known = [*leaves, *(name for name, _, _ in program), *(name for name, _, _ in program)]
        program.append((f"h{i + 1}", draw.choice(("add", "mul")), [draw.choice(known), draw.choice(known)]))
    wanted = draw.choice((["a"], ["b"], ["a", "b"]))
    call = "; ".join(f"{name} = apply(ops.{op}, {', '.join(operands)})" for name, op, operands in program)
    call += f", where {' and '.join(wanted)} require{'s' if len(wanted) == 1 else ''} grad"
    return case("chained", call, program=program, wanted=wanted, a=draw.array(shape), b=draw.array(shape))


@check("03.3", count=15)
def numbers(draw):
    """inputs may be numbers and arrays, and float32 stays float32 whatever number it meets"""
    shape = draw.shape(0, 2)
    number = float(draw.nonzero())
    other = draw.choice((2, number, {"number": number}, {"array": draw.array(shape, dtype=np.float32)}))
    return call_of(
        draw, draw.choice(("add", "mul")), {}, ["a"], True, {"a": draw.array(shape, dtype=np.float32), "b": other}
    )


@check("03.3")
def gradients(draw):
    """backward goes through the call, and each gradient has the data type of its input"""
    inputs = two(draw)
    inputs["a"] = inputs["a"].astype(draw.choice(FLOATS))
    g = draw.nonzero(np.broadcast_shapes(inputs["a"].shape, inputs["b"].shape))
    op = draw.choice(("add", "sub", "mul"))
    call = f"y = apply(ops.{op}, Tensor(a, requires_grad=True), Tensor(b, requires_grad=True)); y.backward(g)"
    return case("differentiated", call, op=op, params={}, g=g, **inputs)


@check("03.3", count=5)
def refusals(draw):
    """shapes that the op refuses raise RuntimeError"""
    return case("refused", "apply(ops.mul, Tensor(a), Tensor(b))", a=draw.array((2,)), b=draw.array((3,)))


# 03.4 Gradients


@check("03.4", count=10)
def wrapped_gradients(draw):
    """as_gradient wraps an array; a Tensor stays what it is"""
    tensor = draw.flag()
    return case(
        "as_gradient", f"x.as_gradient({'Tensor(a)' if tensor else 'a'})", a=draw.array(draw.shape()), tensor=tensor
    )


@check("03.4", count=15)
def added(draw):
    """accumulate adds each gradient to those before it"""
    shape, tensor = draw.shape(), draw.flag()
    given = [draw.nonzero(shape) for _ in range(draw.integer(1, 3))]
    calls = "; ".join(f"x.accumulate({'Tensor' if tensor else 'np.array'}({one.tolist()}))" for one in given)
    return case("added", f"{calls}; x.grad", gradients=given, tensor=tensor)


@check("03.4", count=5)
def graphs_kept(draw):
    """a gradient that is a Tensor with a graph keeps it"""
    call = "x.accumulate(w * w); x.accumulate(w * w); grad(x.grad.sum(), w)"
    return case("with_graph", call, a=draw.array((2,)))


@check("03.4")
def backwards(draw):
    """backward leaves gradients in the leaves, and a second one adds to them"""
    shape, times = draw.shape(0, 1), draw.integer(1, 2)
    call = f"y = x * w + x; y.backward({'Tensor(g)' if shape else ''}){', twice' if times == 2 else ''}"
    a, b = draw.array(shape), draw.array(shape)
    return case("backward", call, a=a, b=b, g=draw.nonzero(shape) if shape else np.ones(()), times=times)


@check("03.4", count=6)
def retained(draw):
    """retain_graph keeps the graph for a second backward, which is an error otherwise"""
    retain = draw.flag()
    call = f"y = (x * x).sum(); y.backward(retain_graph={retain}); y.backward()"
    return case("backward_twice", call, a=draw.array((2,)), retain_graph=retain)


@check("03.4", count=5)
def graphs_made(draw):
    """create_graph gives gradients that can be differentiated again"""
    call = "(x * x * x).sum().backward(create_graph=True); grad(x.grad.sum(), x)"
    return case("backward_with_graph", call, a=draw.array((2,)))


# 03.5 Places


def an_index(draw, shape, kinds):
    """An index of a given kind, how to write it, and the same for NumPy."""
    n, kind = shape[0], draw.choice(kinds)
    if kind == "number":
        i = draw.integer(-n, n - 1)
        return i, str(i), i
    if kind == "slice":
        start = draw.integer(0, n - 1)
        return slice(start, None), f"{start}:", slice(start, None)
    if kind == "mask":
        mask = draw.integers((n,), 0, 1).astype(bool)
        return {"tensor": mask}, f"Tensor({mask.tolist()})", mask
    places = draw.integers((draw.side(),), 0, n - 1)
    if kind == "list":
        return {"list": places}, str(places.tolist()), places
    return {"tensor": places}, f"Tensor({places.tolist()})", places


def index_of(draw, kinds, axes):
    shape = (draw.side(2), draw.side(2), *draw.shape(0, 1))
    parts = [an_index(draw, shape[:1], kinds)]
    if axes == 2:
        more = ("number", "slice") if isinstance(parts[0][0], dict) else ("tensor", "list")
        parts.append(an_index(draw, shape[1:2], more))
        if draw.flag():
            parts.reverse()
            shape = (shape[1], shape[0], *shape[2:])
    index, words, plain = ([part[i] for part in parts] for i in range(3))
    x = draw.array(shape)
    g = draw.nonzero(x[tuple(plain)].shape)
    index = index[0] if axes == 1 else tuple(index)
    return case("taken", f"Tensor(x, requires_grad=True)[{', '.join(words)}]", x=x, g=g, index=index)


@check("03.5")
def plain_indices(draw):
    """numbers, slices and lists, and the gradient of what was taken"""
    return index_of(draw, ("number", "slice", "list"), 1)


@check("03.5")
def tensors_as_indices(draw):
    """a Tensor of places, or of booleans"""
    return index_of(draw, ("tensor", "mask"), 1)


@check("03.5")
def tensors_in_indices(draw):
    """a Tensor or a list beside a number or a slice, in an index for two dimensions"""
    return index_of(draw, ("number", "slice", "tensor"), 2)


# 03.6 Matrices


def multiplied(draw, left, right, how="matmul"):
    a, b = draw.array(left), draw.array(right)
    calls = {"matmul": "matmul(Tensor(a), Tensor(b))", "@": "Tensor(a) @ Tensor(b)", "Tensor @ array": "Tensor(a) @ b"}
    return case("product", calls[how], a=a, b=b, g=draw.nonzero((a @ b).shape), how=how)


@check("03.6")
def of_matrices(draw):
    """(n, k) and (k, m) -> (n, m)"""
    n, k, m = draw.side(), draw.side(), draw.side()
    return multiplied(draw, (n, k), (k, m), draw.choice(("matmul", "@")))


@check("03.6")
def of_a_matrix_and_a_vector(draw):
    """(n, k) and (k,) -> (n,): on the right a vector is a column"""
    n, k = draw.side(), draw.side()
    return multiplied(draw, (n, k), (k,))


@check("03.6")
def of_a_vector_and_a_matrix(draw):
    """(k,) and (k, m) -> (m,): on the left a vector is a row"""
    k, m = draw.side(), draw.side()
    return multiplied(draw, (k,), (k, m))


@check("03.6", count=10)
def of_vectors(draw):
    """(k,) and (k,) -> a single number"""
    k = draw.side()
    return multiplied(draw, (k,), (k,))


@check("03.6")
def of_stacks(draw):
    """(..., n, k) and (..., k, m) -> (..., n, m), where either may be a vector"""
    n, k, m, stack = draw.side(), draw.side(), draw.side(), draw.shape(1, 2)
    left = (k,) if draw.integer(0, 3) == 0 else (*stack, n, k)
    right = (*draw.partner(stack), k, m) if len(left) == 1 or draw.flag() else (k,)
    return multiplied(draw, left, right)


@check("03.6", count=10)
def with_arrays(draw):
    """@ takes a NumPy array"""
    n, k, m = draw.side(), draw.side(), draw.side()
    return multiplied(draw, (n, k), (k, m), "Tensor @ array")


@check("03.6", count=8)
def lengths_that_do_not_meet(draw):
    """single numbers, and lengths that do not meet, raise RuntimeError"""
    left, right = draw.choice((((2, 3), (2, 3)), ((2,), (3,)), ((), (2,)), ((2, 3), ()), ((3,), (2, 3))))
    return case("product_refused", "matmul(Tensor(a), Tensor(b))", a=draw.array(left), b=draw.array(right))


@check("03.6", count=2)
def with_words(draw):
    """@ with something that is not numbers raises TypeError, as Python does where both sides return NotImplemented"""
    return case("product_with", "Tensor(a) @ 'word'; 'word' @ Tensor(a)", a=draw.array((2, 2)), other="word")


# 03.7 In place

IN_PLACE = ("add_", "sub_", "copy_", "fill_", "zero_")


def change(draw, method, dtype=np.float64, number=None, scaled=False):
    shape = draw.shape(0, 2)
    others, options, words = {}, {}, []
    if method in ("add_", "sub_", "copy_"):
        take_number = draw.flag() if number is None else number
        others["b"] = float(draw.nonzero()) if take_number else draw.nonzero(shape, draw.choice((dtype, np.float64)))
        words.append(repr(others["b"]) if take_number else "Tensor(b)")
    if method == "fill_":
        others["b"] = float(draw.nonzero())
        words.append(repr(others["b"]))
    if scaled:
        options["alpha"] = draw.integer(2, 3)
        words.append(f"alpha={options['alpha']}")
    return draw.array(shape, dtype=dtype), options, others, f"{method}({', '.join(words)})"


@check("03.7")
def changed(draw):
    """the elements change where they are, and the Tensor is returned"""
    method = draw.choice(IN_PLACE)
    a, options, others, words = change(draw, method)
    return case("in_place", f"x.{words}", method=method, options=options, a=a, **others)


@check("03.7")
def scaled(draw):
    """add_ and sub_ multiply the other by alpha first"""
    method = draw.choice(("add_", "sub_"))
    a, options, others, words = change(draw, method, scaled=True)
    return case("in_place", f"x.{words}", method=method, options=options, a=a, **others)


@check("03.7")
def recorded(draw):
    """the change is part of the graph: gradients pass to what was added, and none to what was overwritten"""
    method = draw.choice(IN_PLACE)
    a, options, others, words = change(draw, method, number=False, scaled=method in ("add_", "sub_") and draw.flag())
    call = f"y = Tensor(a, requires_grad=True) * 1; y.{words}; y.backward(Tensor(g))"
    return case("in_place_gradient", call, method=method, options=options, a=a, g=draw.nonzero(a.shape), **others)


@check("03.7", count=10)
def in_the_same_type(draw):
    """a Tensor of float32 or int64 stays one, whatever is copied into it"""
    a, options, others, words = change(draw, "copy_", draw.choice((np.float32, np.int64)))
    return case("in_place", f"x.{words}", method="copy_", options=options, a=a, **others)


@check("03.7", count=10)
def leaves(draw):
    """a leaf that requires grad raises RuntimeError, but within no_grad it may be changed"""
    method = draw.choice(IN_PLACE)
    arguments = "" if method == "zero_" else "1.0"
    call = f"x = Tensor(a, requires_grad=True); x.{method}({arguments})"
    return case("in_place_on_leaf", call, method=method, a=draw.array((2,)))


# 03.8 Python's own functions


@check("03.8", count=10)
def lengths(draw):
    """len is the length of the first dimension; a single number has none, and raises TypeError"""
    return case("asked", "len(Tensor(a))", function="len(x)", a=draw.array(draw.shape(0, 3)))


@check("03.8", count=15)
def truths(draw):
    """a Tensor of one element is true where it is not 0; of several there is no truth, and RuntimeError is raised"""
    a = draw.integers((1,) * draw.integer(0, 2), -1, 1) / 2 if draw.flag() else draw.array(draw.shape(1, 2))
    return case("asked", "bool(Tensor(a))", function="bool(x)", a=a)


@check("03.8", count=30)
def as_numbers(draw):
    """float and int give Python's numbers, int without what is behind the point"""
    function = draw.choice(("float(x)", "int(x)"))
    a = draw.integers((1,) * draw.integer(0, 1), -3, 3)
    a = a + draw.choice((0.25, 0.75)) if draw.flag() else a
    return case("asked", function.replace("x", "Tensor(a)"), function=function, a=a)


@check("03.8", count=10)
def as_places(draw):
    """a whole number is a place in a list; a float is not, and raises TypeError"""
    a = draw.integers((), 0, 7) if draw.flag() else np.asarray(float(draw.integer(0, 7)))
    return case("asked", "'abcdefgh'[Tensor(a)]", function="'abcdefgh'[x]", a=a)


@check("03.8", count=15)
def rows(draw):
    """iteration goes over the first dimension, and gradients pass"""
    a = draw.array(draw.shape(1, 3))
    return case(
        "rows", "*_, row = Tensor(a, requires_grad=True); row.backward(Tensor(g))", a=a, g=draw.nonzero(a.shape[1:])
    )


@check("03.8", count=3)
def no_rows(draw):
    """iteration over a single number raises TypeError, at once"""
    return case("rows_of_number", "iter(Tensor(a))", a=draw.array())


# 03.9 NumPy's functions


def of_numpy(draw, function, arguments=None, value=None):
    x = draw.array(draw.shape(1, 2))
    arguments = arguments or {}
    g = draw.nonzero(value(x, **arguments).shape)
    words = "".join(f", {name}={value}" for name, value in arguments.items())
    return case("numpy_function", function.replace(")", f"{words})"), function=function, arguments=arguments, x=x, g=g)


@check("03.9")
def ufuncs(draw):
    """np.exp(x) and its kin are the ops of the same name"""
    function, value = draw.choice(
        (
            ("np.exp(x)", np.exp),
            ("np.tanh(x)", np.tanh),
            ("np.multiply(x, 2.0)", np.exp),
            ("np.subtract(1.0, x)", np.exp),
        )
    )
    return of_numpy(draw, function, value=value)


@check("03.9")
def functions(draw):
    """np.sum(x) and its kin, with what keywords they are given"""
    function, value = draw.choice((("np.sum(x)", np.sum), ("np.mean(x)", np.mean)))
    return of_numpy(draw, function, draw.choice(({}, {"axis": 0}, {"axis": 0, "keepdims": True})), value)


@check("03.9", count=10)
def more_functions(draw):
    """np.concatenate, np.reshape and np.where"""
    function, value = draw.choice(
        (
            ("np.concatenate([x, x])", lambda x: np.concatenate([x, x])),
            ("np.reshape(x, (-1,))", np.ravel),
            ("np.where(mask, x, 0)", np.exp),
        )
    )
    x = draw.array(draw.shape(1, 2))
    return case("numpy_function", function, function=function, arguments={}, x=x, g=draw.nonzero(value(x).shape))


@check("03.9")
def reductions(draw):
    """np.add.reduce and np.maximum.reduce, which go over axis 0 unless told otherwise"""
    function, value = draw.choice((("np.add.reduce(x)", np.add.reduce), ("np.maximum.reduce(x)", np.maximum.reduce)))
    return of_numpy(draw, function, draw.choice(({}, {"axis": -1}, {"keepdims": True})), value)


@check("03.9", count=10)
def constants(draw):
    """functions that have no gradient give Tensors that do not require grad"""
    function = draw.choice(("np.greater(x, 0)", "np.sign(x)", "np.isnan(x)"))
    return case("numpy_constant", function, function=function, x=draw.array(draw.shape(1, 2)))


@check("03.9", count=15)
def refused(draw):
    """what is not known here, or is asked with other keywords, raises TypeError: its gradient would be lost"""
    names = ("arctan(x)", "median(x)", "exp(x, out=...)", "multiply.accumulate(x)", "add.reduce(x, initial=1)")
    function = f"np.{draw.choice(names)}"
    return case("numpy_refused", function, function=function, x=draw.array((2,)))
