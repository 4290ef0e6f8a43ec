"""What is called in module 03, beside the learner's code: Tensors, and what they and their gradients come to."""

import numpy as np

from tinytorch import ops
from tinytorch.autograd import Record, grad, no_grad
from tinytorch.course.probing import Wrong, raised
from tinytorch.tensor import Tensor, apply, matmul


def a_tensor(value, what):
    """A Tensor, which what was called must have returned."""
    if isinstance(value, Tensor):
        return value
    kind = {type(None): "None", np.ndarray: "an array"}.get(type(value), f"a {type(value).__name__}")
    raise Wrong(f"{what} must return a Tensor, but it returned {kind}")


def memory(array, other):
    """Whether an array lies where another does."""
    return "shared" if np.shares_memory(array, other) or not array.size else "its own"


def refusal(function, *args, **kwargs):
    """What a call raises."""
    return {"exception raised": raised(function, *args, **kwargs)}


def sent_back(y, g, **inputs):
    """A value and, if it has the shape of g, the gradients that come back to the inputs."""
    if y.array.shape != g.shape:
        return {"value": y.array}
    y.backward(Tensor(g.astype(y.array.dtype)))
    found = {f"gradient of {name}": gradient(x) for name, x in inputs.items() if isinstance(x, Tensor)}
    return {"value": y.array, **found}


# 03.1 An array in a wrapper


def made(data, dtype, requires_grad):
    """A Tensor of data, and all that it remembers."""
    data = list_of(data)
    x = Tensor(data, requires_grad=requires_grad, dtype=dtype and np.dtype(dtype))
    return {
        "array": x.array,
        "memory": memory(x.array, data) if isinstance(data, np.ndarray) else "its own",
        "grad": x.grad,
        "requires_grad": x._requires_grad,
        "grad_fn": x._record,
    }


def list_of(data):
    """Data that came as {"list": array}, as nested lists."""
    return data["list"].tolist() if isinstance(data, dict) else data


def made_of_tensor(a):
    """A Tensor of a Tensor."""
    x = Tensor(Tensor(a))
    return {"array": x.array, "memory": memory(x.array, a)}


def made_of_shape(shape):
    """What is raised for a shape."""
    return refusal(Tensor, *shape)


def wrapped(a, recorded):
    """A computed Tensor."""
    record = Record(ops.neg, [a], {}, [None], [None]) if recorded else None
    x = a_tensor(Tensor._made(a, record), "_made")
    return {
        "array": x.array,
        "memory": memory(x.array, a),
        "grad": x.grad,
        "requires_grad": x._requires_grad,
        "has its Record": x._record is record,
    }


# 03.2 Leaves


def facts(a, kind):
    """What Tensors of several kinds say of themselves."""
    leaf = Tensor(a)
    leaf._requires_grad = kind != "constant"
    x = leaf * 2 if kind == "computed" else leaf
    source = x.source
    return {
        "requires_grad": x.requires_grad,
        "is_leaf": x.is_leaf,
        "source": "the Tensor itself" if source is x else "its Record" if source is x._record else repr(source),
    }


def switched(a, kind, wanted):
    """What becomes of requires_grad when it is set."""
    leaf = Tensor(a)
    leaf._requires_grad = kind == "computed"
    x = leaf * 2 if kind == "computed" else leaf

    def switch():
        x.requires_grad = wanted

    return {"exception raised": raised(switch), "requires_grad": x._requires_grad}


def detached(a):
    """A computed Tensor, taken out of the graph."""
    x = Tensor(a)
    x._requires_grad = True
    y = x * 2
    out = a_tensor(y.detach(), "detach()")
    return {
        "array": out.array,
        "requires_grad": out._requires_grad,
        "has a Record": out._record is not None,
        "memory": memory(out.array, y.array),
        "requires_grad of y": y._requires_grad,
    }


def item(a):
    """The number in a Tensor."""
    return refusal(Tensor(a).item) if a.size != 1 else Tensor(a).item()


# 03.3 apply


def as_input(value, wants):
    """A Tensor of an array; {"array": a} stays an array, {"number": n} becomes NumPy's number, a number stays one."""
    if isinstance(value, np.ndarray):
        return Tensor(value, requires_grad=wants)
    if isinstance(value, dict):
        return value["array"] if "array" in value else np.float64(value["number"])
    return value


def applied(op, params, wanted, recording, **inputs):
    """The value of an op, and what was recorded of the call."""
    given = {name: as_input(value, name in wanted) for name, value in inputs.items()}
    rule = getattr(ops, op)
    if recording:
        y = apply(rule, *given.values(), **params)
    else:
        with no_grad():
            y = apply(rule, *given.values(), **params)
    y = a_tensor(y, "apply")
    answer = {"value": y.array, "requires_grad": y._requires_grad}
    record = y._record
    if record is None:
        return {**answer, "recorded": False}
    return {
        **answer,
        "recorded": True,
        "record.op": record.op.__name__,
        "record.params": dict(record.params),
        **{f"source of input {i}": name_of(source, given) for i, source in enumerate(record.sources, 1)},
        "len(record.vjps)": len(record.vjps),
    }


def name_of(source, known):
    """What a source is, in words."""
    for name, value in known.items():
        if value is source:
            return name
        if getattr(value, "_record", None) is source is not None:
            return f"the Record of {name}"
    return "none" if source is None else repr(source)


def chained(program, wanted, **leaves):
    """The sources of each of several calls."""
    known = {name: Tensor(array, requires_grad=name in wanted) for name, array in leaves.items()}
    answer = {}
    for name, op, operands in program:
        y = known[name] = a_tensor(apply(getattr(ops, op), *(known[one] for one in operands)), "apply")
        if y._record is not None:
            for i, source in enumerate(y._record.sources, 1):
                answer[f"source of input {i} of {name}"] = name_of(source, known)
    return answer


def differentiated(op, params, g, **inputs):
    """The value of an op, and the gradients that backward leaves in its inputs."""
    given = {name: as_input(value, True) for name, value in inputs.items()}
    y = a_tensor(apply(getattr(ops, op), *given.values(), **params), "apply")
    return sent_back(y, g, **given)


def gradient(x):
    """The array of a Tensor's grad."""
    return None if x.grad is None else x.grad.array


def refused(a, b):
    """What is raised for shapes that do not go together."""
    return refusal(apply, ops.mul, Tensor(a), Tensor(b))


# 03.4 Gradients


def added(gradients, tensor):
    """What is in grad after each of several gradients."""
    x = Tensor(np.zeros_like(gradients[0]), requires_grad=True)
    seen = {}
    for i, one in enumerate(gradients, 1):
        x.accumulate(Tensor(one.copy()) if tensor else one.copy())
        array = x.grad.array if isinstance(x.grad, Tensor) else x.grad
        seen[f"x.grad after {i} of them"] = np.array(array) if isinstance(array, np.ndarray) else array
    return seen


def with_graph(a):
    """Whether a gradient that is a Tensor keeps its graph when it is accumulated."""
    w, x = Tensor(a, requires_grad=True), Tensor(a, requires_grad=True)
    for _ in range(2):
        x.accumulate(w * w)
    if not x.grad._requires_grad:
        raise Wrong("the gradient that was accumulated was a Tensor with a graph, and x.grad has none")
    return grad(x.grad.sum(), w)[0].array


def as_gradient(a, tensor):
    """A gradient as a Tensor."""
    given = Tensor(a) if tensor else a
    x = a_tensor(Tensor.as_gradient(given), "as_gradient")
    return {"array": x.array, "is what was given": x is given, "requires_grad": x._requires_grad}


def backward(a, b, g, times):
    """What repeated calls of backward leave in grad."""
    x, w = Tensor(a, requires_grad=True), Tensor(b, requires_grad=True)
    for _ in range(times):
        y = x * w + x
        a_tensor_or_none(y.backward(Tensor(g) if g.ndim else None))
    return {"x.grad": gradient(x), "w.grad": gradient(w)}


def a_tensor_or_none(value):
    """None, which backward must return."""
    if value is not None:
        raise Wrong(f"backward returns nothing, but it returned a {type(value).__name__}")


def backward_twice(a, retain_graph):
    """What is raised by a second call, and what is in grad then."""
    x = Tensor(a, requires_grad=True)
    y = (x * x).sum()
    y.backward(retain_graph=retain_graph)
    return {"exception raised": raised(y.backward), "x.grad": gradient(x)}


def backward_with_graph(a):
    """The gradient of a gradient."""
    x = Tensor(a, requires_grad=True)
    (x * x * x).sum().backward(create_graph=True)
    if x.grad is None or not x.grad._requires_grad:
        raise Wrong("after backward(create_graph=True) x.grad must require grad, and it does not")
    return {"x.grad": gradient(x), "again": grad(x.grad.sum(), x)[0].array}


# 03.5 Places


def an_index(index):
    """An index with {"tensor": array} as a Tensor and {"list": array} as a list."""
    if isinstance(index, tuple):
        return tuple(an_index(part) for part in index)
    if isinstance(index, dict):
        return Tensor(index["tensor"]) if "tensor" in index else index["list"].tolist()
    return index


def taken(x, g, index):
    """Some elements, and the gradient that goes back to where they were."""
    leaf = Tensor(x, requires_grad=True)
    return sent_back(a_tensor(leaf[an_index(index)], "x[index]"), g, x=leaf)


# 03.6 Matrices


def product(a, b, g, how):
    """A matrix product and its gradients."""
    left = Tensor(a, requires_grad=True)
    right = b if how == "Tensor @ array" else Tensor(b, requires_grad=True)
    y = a_tensor(matmul(left, right) if how == "matmul" else left @ right, how)
    return sent_back(y, g, a=left, b=right)


def product_refused(a, b):
    """What is raised for lengths that do not meet."""
    return refusal(matmul, Tensor(a), Tensor(b))


def product_with(a, other):
    """What is raised for something that is not numbers."""
    return {
        "exception raised": raised(lambda: Tensor(a) @ other),
        "that of the other": raised(lambda: other @ Tensor(a)),
    }


# 03.7 In place


def in_place(method, options, a, **others):
    """A Tensor after a change in place."""
    x = Tensor(a.copy())
    array = x.array
    given = [Tensor(b) if isinstance(b, np.ndarray) else b for b in others.values()]
    returned = getattr(x, method)(*given, **options)
    return {
        "x.array": x.array,
        "x.array from before": array,
        "value that is returned": "x" if returned is x else type(returned).__name__,
    }


def in_place_gradient(method, options, a, g, **others):
    """The gradients through a computed Tensor that was changed."""
    x = Tensor(a, requires_grad=True)
    given = [Tensor(b, requires_grad=True) if isinstance(b, np.ndarray) else b for b in others.values()]
    y = x * 1
    getattr(y, method)(*given, **options)
    value = y.array.copy()
    y.backward(Tensor(g))
    changes = {
        f"gradient of {name}": gradient(b) for name, b in zip(others, given, strict=True) if isinstance(b, Tensor)
    }
    return {"value": value, "gradient of a": gradient(x), **changes}


def in_place_on_leaf(method, a):
    """What is raised for a leaf that requires grad."""
    x = Tensor(a.copy(), requires_grad=True)
    arguments = [] if method == "zero_" else [1.0]
    answer = raised(getattr(x, method), *arguments)
    with no_grad():
        getattr(x, method)(*arguments)
    return {"exception raised": answer, "within no_grad": x.array}


# 03.8 Python's own functions


def asked(function, a):
    """What a function of Python's makes of a Tensor."""
    x = Tensor(a)
    try:
        value = PYTHON[function](x)
    except NotImplementedError:
        raise
    except Exception as error:
        return f"raises {type(error).__name__}"
    return value.array if isinstance(value, Tensor) else value


PYTHON = {
    "len(x)": len,
    "bool(x)": bool,
    "float(x)": float,
    "int(x)": int,
    "'abcdefgh'[x]": lambda x: "abcdefgh"[x],
}


def rows(a, g):
    """The rows of a Tensor, and the gradient that goes back through the last of them."""
    x = Tensor(a, requires_grad=True)
    found = [a_tensor(row, "each step of iteration") for row in x]
    found[-1].backward(Tensor(g))
    return {"rows": [row.array for row in found], "gradient of a": gradient(x)}


def rows_of_number(a):
    """What is raised where there are no rows."""
    return refusal(iter, Tensor(a))


# 03.9 NumPy's functions


def numpy_function(function, arguments, x, g):
    """What a function of NumPy's makes of a Tensor, and the gradient."""
    leaf = Tensor(x, requires_grad=True)
    return sent_back(a_tensor(NUMPY[function](leaf, **arguments), function), g, x=leaf)


def numpy_constant(function, x):
    """What a function without a gradient makes of a Tensor."""
    y = a_tensor(NUMPY[function](Tensor(x, requires_grad=True)), function)
    return {"value": y.array, "requires_grad": y._requires_grad}


def numpy_refused(function, x):
    """What is raised for what would lose the gradient."""
    return refusal(NUMPY[function], Tensor(x, requires_grad=True))


NUMPY = {
    "np.exp(x)": np.exp,
    "np.tanh(x)": np.tanh,
    "np.multiply(x, 2.0)": lambda x: np.multiply(x, 2.0),
    "np.subtract(1.0, x)": lambda x: np.subtract(1.0, x),
    "np.add.reduce(x)": np.add.reduce,
    "np.maximum.reduce(x)": np.maximum.reduce,
    "np.sum(x)": np.sum,
    "np.mean(x)": np.mean,
    "np.concatenate([x, x])": lambda x: np.concatenate([x, x]),
    "np.reshape(x, (-1,))": lambda x: np.reshape(x, (-1,)),
    "np.where(mask, x, 0)": lambda x: np.where(np.ones(x.shape, bool), x, 0),
    "np.greater(x, 0)": lambda x: np.greater(x, 0),
    "np.sign(x)": np.sign,
    "np.isnan(x)": np.isnan,
    "np.arctan(x)": np.arctan,
    "np.median(x)": np.median,
    "np.exp(x, out=...)": lambda x: np.exp(x, out=np.zeros(x.shape)),
    "np.multiply.accumulate(x)": np.multiply.accumulate,
    "np.add.reduce(x, initial=1)": lambda x: np.add.reduce(x, initial=1),
}
