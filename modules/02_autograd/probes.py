"""What is called in module 02, beside the learner's code: small graphs of calls, on plain arrays and on Tensors."""

from collections import Counter

import numpy as np

from tinytorch import autograd, ops
from tinytorch.autograd import Record
from tinytorch.course.probing import Wrong, raised
from tinytorch.tensor import Tensor


def refusal(function, *args, **kwargs):
    """What a call raises."""
    return {"exception raised": raised(function, *args, **kwargs)}


# 02.1 Recording


def modes(blocks, fails):
    """Whether calls are recorded before, within and after nested blocks, the innermost of which may fail."""
    seen = {"mode before": autograd.is_grad_enabled()}

    def enter(number):
        if number > len(blocks):
            if fails:
                raise KeyError("a fault within the block")
            return
        with BLOCKS[blocks[number - 1]]():
            seen[f"mode within block {number}"] = autograd.is_grad_enabled()
            enter(number + 1)
        seen[f"mode after block {number}"] = autograd.is_grad_enabled()

    seen["exception that goes on"] = raised(enter, 1)
    seen["mode afterwards"] = autograd.is_grad_enabled()
    autograd._mode.recording, autograd._mode.before = True, []
    return seen


BLOCKS = {
    "no_grad": autograd.no_grad,
    "enable_grad": autograd.enable_grad,
    "set_grad_enabled(False)": lambda: autograd.set_grad_enabled(False),
    "set_grad_enabled(True)": lambda: autograd.set_grad_enabled(True),
}


def recursion(block, depth):
    """The same for a function under a decorator that calls itself."""
    seen = {"mode before": autograd.is_grad_enabled()}

    @BLOCKS[block]()
    def f(n):
        seen[f"mode in f({n})"] = autograd.is_grad_enabled()
        if n > 1:
            f(n - 1)
            seen[f"mode in f({n}) after f({n - 1})"] = autograd.is_grad_enabled()

    f(depth)
    seen["mode afterwards"] = autograd.is_grad_enabled()
    autograd._mode.recording, autograd._mode.before = True, []
    return seen


# 02.2, 02.3 Shapes


def unbroadcast(gradient, shape, tensor):
    """A gradient summed back to a shape."""
    found = autograd.unbroadcast(Tensor(gradient) if tensor else gradient, shape)
    return plain(found, Tensor if tensor else np.ndarray, "unbroadcast")


def unbroadcast_refuses(gradient, shape):
    """What is raised for a shape that does not broadcast to the gradient's."""
    return refusal(autograd.unbroadcast, gradient, shape)


def fit(gradient, like, tensor):
    """A gradient in the shape and data type of an input."""
    record = Record(ops.mul, (like,), {}, (None,), ())
    found = autograd.fit(Tensor(gradient) if tensor else gradient, like, record)
    return plain(found, Tensor if tensor else np.ndarray, "fit")


def fit_refuses(gradient, like):
    """What is raised for a gradient that is none."""
    return refusal(autograd.fit, gradient, like, Record(ops.mul, (like,), {}, (None,), ()))


def plain(found, kind, name):
    """An answer as an array, of an array or a Tensor as was asked for."""
    if not isinstance(found, (kind, np.generic)):
        said = "None" if found is None else f"a {type(found).__name__}"
        raise Wrong(f"{name} returned {said} for a gradient that is a {kind.__name__}")
    return getattr(found, "array", found)


# 02.4, 02.5 Order


class Leaf:
    """Where a graph begins."""

    def __repr__(self):
        return "a leaf"


def graph(calls):
    """Records of calls that do nothing, by name; x and y are leaves, and a number has no source."""
    made = {"x": Leaf(), "y": Leaf()}
    for name, sources in calls.items():
        made[name] = Record(named(name), [0.0] * len(sources), {}, [made.get(source) for source in sources], None)
    return made


def named(name):
    """An op of that name."""

    def op():
        return None

    op.__name__ = name
    return op


def names_of(found, made):
    """The names of Records and leaves."""
    known = {id(source): name for name, source in made.items()}
    return [known.get(id(source), repr(source)) for source in found]


def order(calls, outputs, since):
    """The names of the Records that trace returns."""
    made = graph(calls)
    found = autograd.trace([made[name] for name in outputs], made[since].moment if since else 0)
    if not isinstance(found, (list, tuple)):
        raise Wrong(f"trace must return a list of Records, but it returned a {type(found).__name__}")
    return names_of(found, made)


def leading(calls, targets):
    """The names of what leading_to returns."""
    made = graph(calls)
    found = autograd.leading_to([made[name] for name in targets], [made[name] for name in calls])
    if not isinstance(found, (set, frozenset)):
        raise Wrong(f"leading_to must return a set, but it returned a {type(found).__name__}")
    return sorted(names_of(found, made))


def oldest(calls, targets):
    """Whose moment oldest returns."""
    made = graph(calls)
    moment = autograd.oldest(None if targets is None else [made[name] for name in targets])
    return next((f"{name}.moment" for name in calls if made[name].moment == moment), moment)


# 02.6 The chain rule


class Graph:
    """Rules applied to arrays, each call recorded, with a count of how often each way back was used."""

    def __init__(self, program, leaves):
        self.values = dict(leaves)
        self.sources = {name: Leaf() for name in leaves}
        self.used = Counter()
        for name, op, operands in program:
            rule = product if op == "product" else getattr(ops, op)
            arrays = [self.values[one] if isinstance(one, str) else one for one in operands]
            self.values[name], *ways = rule(*arrays)
            self.values[name] = np.asarray(self.values[name], next(iter(leaves.values())).dtype)
            sources = [self.sources.get(one) for one in operands]
            ways = [self.counted(f"{name} to {one}", way) for one, way in zip(operands, ways, strict=False)]
            self.sources[name] = Record(rule, arrays, {}, sources, ways)

    def counted(self, name, way):
        self.used[name] += 0

        def way_back(*gradient):
            self.used[name] += 1
            return way(*gradient)

        return way_back

    def gradients(self, outputs, seeds, targets=None, **options):
        """What backpropagate returns, by name."""
        wanted = None if targets is None else [self.sources[name] for name in targets]
        found = autograd.backpropagate([self.sources[name] for name in outputs], seeds, wanted, **options)
        if not isinstance(found, dict):
            raise Wrong(f"backpropagate must return a dict of gradients, but it returned a {type(found).__name__}")
        known = {id(source): name for name, source in self.sources.items()}
        named = {known.get(id(source), repr(source)): gradient for source, gradient in found.items()}
        too_many = [name for name in named if (name not in self.leaves if targets is None else name not in targets)]
        if too_many:
            asked = "no target was named, and this is no leaf" if targets is None else f"the targets are {targets}"
            raise Wrong(f"backpropagate returned a gradient of {too_many[0]}, but {asked}")
        return {f"gradient of {name}": named[name] for name in sorted(named)}

    @property
    def leaves(self):
        return [name for name, source in self.sources.items() if isinstance(source, Leaf)]


def product(a, b):
    """A rule with one way back for both inputs."""
    return a * b, lambda g, wanted: (g * b if wanted[0] else None, g * a if wanted[1] else None)


def chain(program, g, **leaves):
    """The value of the last call, and the gradients of the leaves."""
    made = Graph(program, leaves)
    output = program[-1][0]
    return {"value": made.values[output], **made.gradients([output], [g])}


def reached(program, g, targets, **leaves):
    """The gradients of some sources only."""
    made = Graph(program, leaves)
    return made.gradients([program[-1][0]], [g], targets)


def calls(program, g, targets, **leaves):
    """How often each way back is used."""
    made = Graph(program, leaves)
    made.gradients([program[-1][0]], [g], targets)
    return {f"number of uses of the way back from {name}": made.used[name] for name in sorted(made.used)}


def several(program, outputs, seeds, **leaves):
    """The gradients of the leaves from several outputs."""
    return Graph(program, leaves).gradients(outputs, seeds)


def twice(program, g, retain_graph, **leaves):
    """Whether the graph is still there afterwards, and what comes of going through it again."""
    made = Graph(program, leaves)
    output = program[-1][0]
    first = made.gradients([output], [g], retain_graph=retain_graph)
    records = {name: made.sources[name] for name, _, _ in program}
    state = {f"state of {name}": "kept" if one.vjps is not None else "freed" for name, one in records.items()}
    answer = {"first": first, **state}
    if retain_graph and "freed" not in state.values():
        answer["second"] = made.gradients([output], [g])
    return answer


def second(function, x):
    """A gradient, and the gradient of its sum."""
    x = Tensor(x, requires_grad=True)
    (first,) = autograd.grad(FUNCTIONS[function](x), x, create_graph=True)
    if not isinstance(first, Tensor) or not first.requires_grad:
        raise Wrong("with create_graph=True the gradient must be a Tensor that requires grad, and it is not")
    return {"first": first.array, "second": autograd.grad(first.sum(), x)[0].array}


FUNCTIONS = {
    "(x * x * x).sum()": lambda x: (x * x * x).sum(),
    "(x.tanh() * x).sum()": lambda x: (x.tanh() * x).sum(),
    "(1 / (x * x + 1)).sum()": lambda x: (1 / (x * x + 1)).sum(),
}


# 02.7, 02.8 What a user calls


def seed(y, gradient):
    """The gradient that a walk starts from."""
    found = autograd._seed(Tensor(y, requires_grad=True), None if gradient is None else Tensor(gradient))
    if not isinstance(found, Tensor):
        raise Wrong(f"_seed must return a Tensor, but it returned a {type(found).__name__}")
    return found.array


def seed_refuses(y, gradient, requires_grad):
    """What is raised where there is nothing to start from."""
    output = Tensor(y, requires_grad=requires_grad)
    given = Tensor(gradient) if isinstance(gradient, np.ndarray) else gradient
    return refusal(autograd._seed, output, given)


def tensors(program, leaves):
    """Tensors by name."""
    made = {name: Tensor(array, requires_grad=True) for name, array in leaves.items()}
    for name, op, operands in program:
        made[name] = made[operands[0]].apply(getattr(ops, op), *(made.get(one, one) for one in operands))
    return made


def backward(program, outputs, seeds, inputs, times, **leaves):
    """What backward leaves in grad, of leaves and of calls."""
    made = tensors(program, leaves)
    named = None if inputs is None else [made[name] for name in inputs]
    for i in range(times):
        given = None if seeds is None else [Tensor(seed) for seed in seeds]
        autograd.backward([made[name] for name in outputs], given, retain_graph=i + 1 < times, inputs=named)
    return grads(made)


def graph_freed(program, retain_graph, **leaves):
    """What is raised when backward is called again."""
    made = tensors(program, leaves)
    y = made[program[-1][0]].sum()
    autograd.backward(y, retain_graph=retain_graph)
    return refusal(autograd.backward, y)


def grad(program, inputs, **leaves):
    """What grad returns, and what it leaves in grad."""
    made = tensors(program, leaves)
    y = made[program[-1][0]].sum()
    found = autograd.grad(y, made[inputs[0]] if len(inputs) == 1 else [made[name] for name in inputs])
    return {**returned(found), "left in grad": grads(made)}


def grad_of_unused(program, unused, allow_unused, **leaves):
    """What grad says of an input that has no part in the output."""
    made = tensors(program, leaves)
    made["unused"] = Tensor(unused, requires_grad=True)
    y = made[program[-1][0]].sum()
    inputs = [made["a"], made["unused"]]
    if not allow_unused:
        return refusal(autograd.grad, y, inputs)
    return returned(autograd.grad(y, inputs, allow_unused=True))


def grad_of_constant(a):
    """What grad says of an input that does not require grad."""
    x = Tensor(a, requires_grad=True)
    return refusal(autograd.grad, (x * x).sum(), [x, Tensor(a)])


def returned(found):
    """A tuple of Tensors as arrays."""
    if not isinstance(found, tuple):
        raise Wrong(f"grad must return a tuple, but it returned a {type(found).__name__}")
    for one in found:
        if one is not None and not isinstance(one, Tensor):
            raise Wrong(f"grad must return Tensors, but there is a {type(one).__name__} in its tuple")
    return {f"gradient {i}": None if one is None else one.array for i, one in enumerate(found)}


def grads(made):
    """The grad of every Tensor, None where there is none."""
    return {f"{name}.grad": None if x.grad is None else plain(x.grad, Tensor, "backward") for name, x in made.items()}
