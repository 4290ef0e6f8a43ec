"""The checks of module 04: layers by value and gradient, networks by the names of what they hold."""

import numpy as np

from tinytorch.course.checks import Checks, case

check = Checks()


# 04.1 A linear layer


@check("04.1")
def layers_made(draw):
    """Linear.__init__: Parameters weight (out, in) and bias (out,), filled at random"""
    n, m, bias, double = draw.side(), draw.side(), draw.flag(), draw.flag()
    options = ["" if bias else ", bias=False", ", dtype=np.float64" if double else ""]
    call = f"Linear({n}, {m}{''.join(options)})"
    return case("linear_made", call, in_features=n, out_features=m, bias=bias, double=double)


def linear_case(draw, rows, bias=True, dtype=np.float64):
    n, m = draw.side(), draw.side()
    arrays = {"input": draw.array((*rows, n), dtype=dtype), "weight": draw.array((m, n), dtype=dtype)}
    if bias:
        arrays["bias"] = draw.array((m,), dtype=dtype)
    call = f"Linear({n}, {m}{'' if bias else ', bias=False'}).forward(input)"
    return case("linear", call, **arrays, g=draw.nonzero((*rows, m), dtype))


@check("04.1")
def rows_of_features(draw):
    """Linear.forward: x W^T + b for rows x (N, in), and the gradients that autograd finds"""
    return linear_case(draw, (draw.side(),))


@check("04.1")
def without_bias(draw):
    """Linear.forward: x W^T alone with bias=False"""
    return linear_case(draw, (draw.side(),), bias=False)


@check("04.1", count=15)
def more_axes(draw):
    """Linear.forward: any number of axes before the last, (..., in) -> (..., out)"""
    return linear_case(draw, draw.shape(0, 3), draw.flag())


@check("04.1", count=10)
def linear_in_float32(draw):
    """Linear: float32 in, float32 out, and float32 back"""
    return linear_case(draw, (draw.side(),), draw.flag(), np.float32)


# 04.2 First weights


@check("04.2", count=6)
def weights_of_linear_layers(draw):
    """reset_weights: weight (out, in) uniform in +-1 / sqrt(in)"""
    shape = (1000, draw.choice((4, 9, 25)))
    return case("first_weights", f"reset_weights(weight, None) of a weight {shape}", shape=shape, bias=False)


@check("04.2", count=6)
def weights_of_convolutions(draw):
    """reset_weights: weight (out, in, ...) uniform in +-1 / sqrt(fan_in), where every axis but the first counts"""
    shape = draw.choice(((1000, 2, 3), (1000, 1, 3, 3), (500, 4, 5)))
    return case("first_weights", f"reset_weights(weight, None) of a weight {shape}", shape=shape, bias=False)


@check("04.2", count=6)
def biases(draw):
    """reset_weights: the bias within the same bounds as the weight"""
    shape = draw.choice(((1000, 9), (1000, 16), (1000, 2, 3)))
    call = f"reset_weights(weight, bias) of a weight {shape} and a bias {shape[:1]}"
    return case("first_weights", call, shape=shape, bias=True)


# 04.3 Activations


def activation(draw, name, input, **options):
    words = ", ".join(f"{key}={value}" for key, value in options.items())
    call = f"{name}({words}).forward(input)"
    g = draw.nonzero(input.shape, input.dtype)
    return case("activation", call, name=name, options=options, input=input, g=g)


@check("04.3")
def leaky(draw):
    """LeakyReLU: x where it is positive, else negative_slope x"""
    return activation(draw, "LeakyReLU", draw.nonzero(draw.shape()), negative_slope=draw.choice((0.01, 0.25, 0.5)))


@check("04.3")
def exponential(draw):
    """ELU: x where it is positive, else alpha (exp(x) - 1)"""
    return activation(draw, "ELU", draw.nonzero(draw.shape()), alpha=draw.choice((1.0, 0.5, 2.0)))


@check("04.3")
def softplus(draw):
    """Softplus: log(1 + exp(beta x)) / beta"""
    return activation(draw, "Softplus", draw.nonzero(draw.shape()), beta=draw.choice((1.0, 0.5, 2.0)))


@check("04.3")
def silu(draw):
    """SiLU: x sigmoid(x)"""
    return activation(draw, "SiLU", draw.array(draw.shape()))


@check("04.3", count=15)
def exponential_far_from_0(draw):
    """ELU: neither its value nor its gradient is inf or nan for inputs in the thousands"""
    return activation(draw, "ELU", 1000 * draw.nonzero(draw.shape()))


@check("04.3", count=15)
def softplus_far_from_0(draw):
    """Softplus: neither its value nor its gradient is inf or nan for inputs in the thousands"""
    return activation(draw, "Softplus", 1000 * draw.nonzero(draw.shape()))


@check("04.3", count=10)
def activations_in_float32(draw):
    """All four: float32 in, float32 out, and float32 back"""
    name = draw.choice(("LeakyReLU", "ELU", "Softplus", "SiLU"))
    return activation(draw, name, draw.nonzero(draw.shape(), np.float32))


# 04.4 One layer after the other


@check("04.4")
def layers_in_turn(draw):
    """Sequential: every Module is called, in order, with what the one before returned"""
    scales = [draw.choice((2.0, 3.0, -1.0)) for _ in range(draw.integer(0, 3))]
    modules = ", ".join(f"{scale:g} x + 1" for scale in scales)
    call = f"model(input) with model = Sequential({modules})"
    return case("sequential", call, input=draw.array(draw.shape(0, 2)), scales=scales)


@check("04.4", count=10)
def layers_with_names(draw):
    """Sequential: a dict gives the Modules their names"""
    names = ["first", "second", "third"][: draw.integer(1, 3)]
    scales = [draw.choice((2.0, 3.0)) for _ in names]
    modules = ", ".join(f'"{name}": {scale:g} x + 1' for name, scale in zip(names, scales, strict=True))
    call = f"model(input) with model = Sequential({{{modules}}})"
    return case("sequential", call, input=draw.array(draw.shape(0, 2)), scales=scales, names=names)


# 04.5 Looking into an attribute


def spelled(value):
    """Nested lists with p, m, t for a Parameter, a Module, a Tensor."""
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}": {spelled(item)}' for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(spelled, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(spelled, value))}{',' if len(value) == 1 else ''})"
    return value if isinstance(value, str) and len(value) == 1 else repr(value)


def looked_into(value, kind):
    called = {"p": "Parameter", "m": "Module"}[kind]
    call = f'list(_found_in({spelled(value)}, "parts", {called}))'
    return case("found_in", call, value=value, kind=kind)


def leaves(draw, least=0):
    return [draw.choice(("p", "m", "t", "p", 3, None)) for _ in range(draw.integer(least, max(least, draw.longest)))]


@check("04.5", count=10)
def values_themselves(draw):
    """_found_in: a value of the kind itself, and nothing of another kind"""
    return looked_into(draw.choice(("p", "m", "t", 3, None, "text")), draw.choice(("p", "m")))


@check("04.5")
def values_in_lists(draw):
    """_found_in: what stands in a list or a tuple, called by its place"""
    items = leaves(draw, 1)
    return looked_into(tuple(items) if draw.flag() else items, draw.choice(("p", "p", "m")))


@check("04.5")
def values_in_dicts(draw):
    """_found_in: what stands in a dict, called by its key"""
    items = leaves(draw, 1)
    return looked_into(dict(zip("abcdefg", items, strict=False)), draw.choice(("p", "p", "m")))


@check("04.5")
def values_deep_inside(draw):
    """_found_in: lists in lists, dicts in lists, as deep as they go"""
    inner = leaves(draw, 1)
    middle = draw.choice((inner, tuple(inner), {"a": inner}, [inner]))
    outer = draw.choice(([middle, "p"], ("p", middle), {"x": middle, "y": "p"}))
    return looked_into(outer, "p")


# 04.6 All parameters of a network


def tree(draw, depth=2, kinds=("p", "p", "t")):
    """A network: its attributes by name."""
    branch = {}
    for name in "abc"[: draw.integer(1, 3)]:
        deeper = depth > 0 and draw.flag()
        branch[name] = tree(draw, depth - 1, kinds) if deeper else draw.choice(kinds)
    return branch


def drawn(branch):
    """A network as a learner would read it: p a Parameter, t a Tensor, Net(...) a Module."""
    parts = []
    for name, item in branch.items():
        if isinstance(item, dict):
            parts.append(f"{name}={drawn(item)}")
        else:
            parts.append(f"{name}={'model.' + item[1:] if item.startswith('=') else item}")
    return f"Net({', '.join(parts)})"


WORDS = " (p: a Parameter, t: a Tensor)"


@check("04.6")
def modules_of_a_tree(draw):
    """Module.named_modules: this Module and all inside it, each before what it holds, by path"""
    branch, prefix = tree(draw), draw.choice(("", "", "net"))
    call = f"list(model.named_modules({repr(prefix) if prefix else ''})) of model = {drawn(branch)}{WORDS}"
    return case("named_modules", call, tree=branch, prefix=prefix)


@check("04.6", count=10)
def modules_in_two_places(draw):
    """Module.named_modules: a Module that stands in two places is given once, or in both with remove_duplicate=False"""
    branch = {"a": {"w": "p", **({"inner": {"w": "p"}} if draw.flag() else {})}, "b": "=a"}
    if draw.flag():
        branch = {"a": branch["a"], "c": {"w": "t"}, "b": "=a"}
    once = draw.flag()
    given = "" if once else "remove_duplicate=False"
    call = f"list(model.named_modules({given})) of model = {drawn(branch)}{WORDS}"
    return case("named_modules", call, tree=branch, remove_duplicate=once)


@check("04.6")
def parameters_of_a_tree(draw):
    """Module.named_parameters: a Module's own Parameters before those of its children, by path"""
    branch, prefix = tree(draw), draw.choice(("", "", "net"))
    call = f"list(model.named_parameters({repr(prefix) if prefix else ''})) of model = {drawn(branch)}{WORDS}"
    return case("named_parameters", call, tree=branch, prefix=prefix)


@check("04.6", count=10)
def parameters_that_are_shared(draw):
    """Module.named_parameters: a Parameter that two Modules share is given once"""
    branch = {"a": {"w": "p", "v": "p"}, "b": draw.choice(("=a", {"w": "=a.w"}, {"u": "p", "w": "=a.v"}))}
    call = f"list(model.named_parameters()) of model = {drawn(branch)}{WORDS}"
    return case("named_parameters", call, tree=branch)


@check("04.6", count=10)
def own_parameters(draw):
    """Module.named_parameters: with recurse=False, this Module's own alone"""
    branch = tree(draw)
    call = f"list(model.named_parameters(recurse=False)) of model = {drawn(branch)}{WORDS}"
    return case("named_parameters", call, tree=branch, recurse=False)


# 04.7 Saving and loading

KINDS = ("p", "p", "b", "t")
LEGEND = " (p: a Parameter, b: a buffer, t: a Tensor)"


@check("04.7")
def states(draw):
    """Module.state_dict: every Parameter and buffer by path, detached, on the same memory"""
    branch = tree(draw, 1, KINDS)
    return case("saved", f"model.state_dict() of model = {drawn(branch)}{LEGEND}", tree=branch)


@check("04.7", count=8)
def states_with_exceptions(draw):
    """Module.state_dict: shared Modules in both places; buffers that are None or not persistent are left out"""
    branch = {
        "w": "p",
        "n": draw.choice(("none", "unsaved", "b")),
        "a": {"w": "p", "m": "b"},
        "z": draw.choice(("p", "=a")),
    }
    words = LEGEND[:-1] + ", none: a buffer that is None, unsaved: one that is not persistent)"
    return case("saved", f"model.state_dict() of model = {drawn(branch)}{words}", tree=branch)


def entries(branch, path="", count=None):
    """The names and shapes of a network's state, numbered as the probe numbers them."""
    count = [0] if count is None else count
    found = {}
    for name, item in branch.items():
        if isinstance(item, dict):
            found |= entries(item, f"{path}{name}.", count)
        else:
            count[0] += 1
            if item in ("p", "b"):
                found[path + name] = (1 + count[0] % 3,)
    return found


def loading(draw, change, strict=True, dtype=np.float32):
    branch = {"a": draw.choice(("p", "b")), **tree(draw, 1, KINDS), "z": {"v": "p", "w": "p", "m": "b"}}
    state = {name: draw.array(shape, dtype=dtype) for name, shape in entries(branch).items()}
    said = change(draw, state)
    given = "state" if strict else "state, strict=False"
    call = f"model.load_state_dict({given}) of model = {drawn(branch)}{LEGEND}, where {said}"
    return case("loaded", call, tree=branch, state=state, strict=strict, tensors=draw.flag())


def nothing(draw, state):
    return "state has an entry for each"


def missing(draw, state):
    names = list(state)
    gone = [names[i] for i in sorted(draw.order(len(names))[: draw.integer(1, 2)])]
    for name in gone:
        del state[name]
    return f"state lacks {' and '.join(gone)}"


def unexpected(draw, state):
    extra = [f"extra{i}" for i in range(draw.integer(1, 2))]
    for name in extra:
        state[name] = draw.array((2,), dtype=np.float32)
    return f"state has {' and '.join(extra)} too"


def misshaped(draw, state):
    names = list(state)
    name = draw.choice(names[1:])
    shape = (1,) if state[name].shape != (1,) else (2,)
    state[name] = draw.array(shape, dtype=np.float32)
    return f"state has {name} in shape {shape}"


@check("04.7")
def whole_states(draw):
    """Module.load_state_dict: copies every entry into the Module's own Tensors, and returns two empty lists"""
    return loading(draw, nothing)


@check("04.7", count=15)
def states_with_gaps(draw):
    """Module.load_state_dict: a RuntimeError names every missing entry, and nothing was changed"""
    return loading(draw, missing)


@check("04.7", count=15)
def states_of_others(draw):
    """Module.load_state_dict: a RuntimeError names every unexpected entry, and nothing was changed"""
    return loading(draw, unexpected)


@check("04.7", count=15)
def states_of_other_shapes(draw):
    """Module.load_state_dict: a RuntimeError names every entry of another shape, strict or not, and nothing was changed"""
    return loading(draw, misshaped, draw.flag())


@check("04.7", count=15)
def states_taken_as_they_are(draw):
    """Module.load_state_dict: strict=False loads what fits, and returns what is missing and what is unexpected"""
    return loading(draw, draw.choice((missing, unexpected)), strict=False)


@check("04.7", count=10)
def states_in_float64(draw):
    """Module.load_state_dict: a float32 Parameter stays float32, whatever is loaded"""
    return loading(draw, nothing, dtype=np.float64)
