"""What is called in module 04, beside the learner's code: layers, and small networks that are described by plain values."""

import numpy as np

from tinytorch import layers
from tinytorch.autograd import no_grad
from tinytorch.course.probing import Wrong
from tinytorch.creation import manual_seed
from tinytorch.layers import Module, Parameter
from tinytorch.tensor import Tensor


def array_of(value, what="the output"):
    """The array of a Tensor."""
    if not isinstance(value, Tensor):
        raise Wrong(f"{what} must be a Tensor, not {'None' if value is None else f'a {type(value).__name__}'}")
    return value.array


def listed(names):
    """Names in one string, which a failure shows whole."""
    return ", ".join(names) or "none"


def gradient_of(tensor):
    """The array of a gradient, None where there is none."""
    return None if tensor.grad is None else tensor.grad.array


# 04.1 A linear layer


def linear_made(in_features, out_features, bias, double):
    """What a new Linear holds."""
    manual_seed(0)
    if double:
        layer = layers.Linear(in_features, out_features, bias=bias, dtype=np.float64)
    else:
        layer = layers.Linear(in_features, out_features, bias=bias)
    weight = layer.weight
    made = {
        "list of parameter names": listed(name for name, _ in layer.named_parameters()),
        "shape of weight": tuple(weight.shape),
        "data type of weight": str(weight.dtype),
        "layer.bias": None if layer.bias is None else "a Parameter",
        "shape of bias": None if layer.bias is None else tuple(layer.bias.shape),
        "features": (layer.in_features, layer.out_features),
    }
    if in_features * out_features > 1:
        made["set of first weights"] = (
            "drawn at random" if float(np.ptp(weight.array)) > 0 and np.all(np.abs(weight.array) < 2) else "not drawn"
        )
    return made


def linear(input, weight, g, bias=None):
    """What a Linear with these weights makes of an input, and what comes back."""
    out_features, in_features = weight.shape
    layer = layers.Linear(in_features, out_features, bias=bias is not None, dtype=weight.dtype)
    x = Tensor(np.array(input), requires_grad=True)
    layer.weight = Parameter(np.array(weight))
    if bias is not None:
        layer.bias = Parameter(np.array(bias))
    value = layer.forward(x)
    answer = {"value": array_of(value)}
    if value.shape == g.shape:
        value.backward(Tensor(np.array(g)))
        answer |= {"gradient of input": gradient_of(x), "gradient of weight": gradient_of(layer.weight)}
        if bias is not None:
            answer["gradient of bias"] = gradient_of(layer.bias)
    return answer


# 04.2 First weights


def first_weights(shape, bias):
    """How weights are spread, in multiples of 1 / sqrt(fan_in), to one digit."""
    manual_seed(1)
    weight, offsets = Parameter(np.full(shape, 9, np.float32)), Parameter(np.full(shape[0], 9, np.float32))
    layers.reset_weights(weight, offsets if bias else None)
    unit = 1 / np.sqrt(np.prod(shape[1:]))
    if not isinstance(weight, Parameter) or not weight.is_leaf:
        raise Wrong("the weight is no longer a Parameter that can be trained")
    return spread("weight", weight, unit) | (spread("bias", offsets, unit) if bias else {})


def spread(name, tensor, unit):
    """The range and the standard deviation of many numbers."""
    x = np.round(tensor.array.astype(np.float64) / unit, 9)
    return {
        f"smallest {name}, times sqrt(fan_in),": np.round(x.min(), 1),
        f"largest {name}, times sqrt(fan_in),": np.round(x.max(), 1),
        f"standard deviation of the {name}, times sqrt(fan_in),": np.round(x.std(), 1),
        f"data type of the {name}": str(tensor.dtype),
    }


# 04.3 Activations


def activation(name, options, input, g):
    """What an activation makes of an input, and what comes back."""
    x = Tensor(np.array(input), requires_grad=True)
    value = getattr(layers, name)(**options).forward(x)
    answer = {"value": array_of(value)}
    if value.shape == g.shape:
        value.backward(Tensor(np.array(g)))
        answer["gradient of input"] = gradient_of(x)
    return answer


# 04.4 One layer after the other


class Affine(Module):
    """scale x + shift: two of them give something else in the other order."""

    def __init__(self, scale, shift):
        self.scale, self.shift = scale, Parameter(np.array(shift))

    def forward(self, x):
        return self.scale * x + self.shift


def sequential(input, scales, names=None):
    """What a Sequential of scale x + 1 makes of x, the names of its Modules, and how often a hook was called."""
    modules = [Affine(scale, 1.0) for scale in scales]
    called = []
    for module in modules:
        module.register_forward_hook(lambda *_: called.append(1))
    model = layers.Sequential(*modules) if names is None else layers.Sequential(dict(zip(names, modules, strict=True)))
    output = model(Tensor(input))
    return {
        "value": array_of(output),
        "list of parameter names": listed(name for name, _ in model.named_parameters()),
        "number of hooks called": len(called),
        "length": len(model),
    }


# 04.5 Looking into an attribute


def found_in(value, kind):
    """Which Parameters ("p"), Modules ("m") are found in nested lists, tuples and dicts, and under which names."""
    made = []
    kinds = {"p": Parameter, "m": Module}

    def built(item):
        if isinstance(item, dict):
            return {key: built(part) for key, part in item.items()}
        if isinstance(item, (list, tuple)):
            return type(item)(built(part) for part in item)
        if item in ("p", "m", "t"):
            made.append({"p": Parameter, "m": lambda x: Affine(1, x), "t": Tensor}[item](np.zeros(2)))
            return made[-1]
        return item

    attribute = built(value)
    found = layers._found_in(attribute, "parts", kinds[kind])
    if found is None:
        raise Wrong("_found_in must yield what it finds, but it returned None")
    pairs = list(found)
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise Wrong("_found_in must yield pairs (name, value)")
        if not any(pair[1] is thing for thing in made):
            raise Wrong(f"under the name {pair[0]!r}, _found_in yields a {type(pair[1]).__name__} that was not there")
    places = [next(i for i, thing in enumerate(made) if thing is value) for _, value in pairs]
    return {"list of names": listed(name for name, _ in pairs), "order of what was found": listed(map(str, places))}


# 04.6 and 04.7 Networks: {"name": "p"} is a Parameter, "t" a Tensor, "b" a buffer, a dict a Module; "=path" is what stands at a path


class Node(Module):
    """A Module with attributes of any names."""


def network(tree):
    """A network as a tree describes it; its Parameters hold 1, 2, 3, ... in shapes that differ."""
    root = Node()
    count = 0

    def fill(node, branch):
        nonlocal count
        for name, item in branch.items():
            if isinstance(item, dict):
                child = Node()
                setattr(node, name, child)
                fill(child, item)
            elif item.startswith("="):
                shared = root
                for part in item[1:].split("."):
                    shared = getattr(shared, part)
                setattr(node, name, shared)
            else:
                count += 1
                array = np.full((1 + count % 3,), count, np.float32)
                if item == "p":
                    setattr(node, name, Parameter(array))
                elif item == "b":
                    node.register_buffer(name, Tensor(array))
                elif item == "unsaved":
                    node.register_buffer(name, Tensor(array), persistent=False)
                elif item == "none":
                    node.register_buffer(name, None)
                else:
                    setattr(node, name, Tensor(array))

    fill(root, tree)
    return root


def named_modules(tree, prefix="", remove_duplicate=True):
    """The paths of the Modules in a network."""
    found = list(network(tree).named_modules(prefix, remove_duplicate))
    if not all(isinstance(pair, tuple) and isinstance(pair[-1], Module) for pair in found):
        raise Wrong("named_modules must yield pairs (path, module)")
    return {"list of paths": listed(repr(path) for path, _ in found)}


def named_parameters(tree, prefix="", recurse=True):
    """The paths of the Parameters in a network, and the number that each holds."""
    found = list(network(tree).named_parameters(prefix, recurse))
    if not all(isinstance(pair, tuple) and isinstance(pair[-1], Parameter) for pair in found):
        raise Wrong("named_parameters must yield pairs (path, parameter)")
    return {
        "list of paths": listed(path for path, _ in found),
        "number in each of the parameters": listed(str(int(p.array.flat[0])) for _, p in found),
    }


def saved(tree):
    """A network's state_dict, and whether it is on the memory of the Parameters and without a graph."""
    model = network(tree)
    state = model.state_dict()
    if not isinstance(state, dict):
        raise Wrong(f"state_dict must return a dict, but it returned a {type(state).__name__}")
    answer = {"list of names, sorted,": listed(sorted(state))}
    answer |= {f"entry {name!r}": array_of(value, f"the entry {name!r}") for name, value in state.items()}
    own = dict(model.named_parameters())
    answer["list of entries that require grad"] = listed(name for name, value in state.items() if value.requires_grad)
    answer["list of entries on another memory than the model"] = listed(
        name for name in state if name in own and not np.shares_memory(state[name].array, own[name].array)
    )
    return answer


def loaded(tree, state, strict=True, tensors=True):
    """What loading a state does to a network: what is returned or raised, and all its numbers afterwards."""
    model = network(tree)
    before = {name: (id(p), p.array.copy()) for name, p in model.named_parameters()}
    given = {name: Tensor(value) if tensors else value for name, value in state.items()}
    answer = {}
    try:
        keys = model.load_state_dict(given, strict=strict)
        answer["exception"] = "none"
        answer["missing and unexpected keys"] = [sorted(keys[0]), sorted(keys[1])] if keys else None
    except NotImplementedError:
        raise
    except Exception as error:
        answer["exception"] = type(error).__name__
        own = model.state_dict()
        faulty = [name for name in own if name not in given or given[name].shape != own[name].shape]
        faulty += [name for name in given if name not in own]
        answer["list of names that the message leaves out"] = listed(
            name for name in faulty if strict and name not in str(error)
        )
    for name, value in model.state_dict().items():
        answer[f"entry {name!r} afterwards"] = value.array.copy()
    now = {name: id(p) for name, p in model.named_parameters()}
    answer["list of parameters that are other objects now"] = listed(n for n in now if now[n] != before[n][0])
    with no_grad():
        for p in model.parameters():
            p.array[...] = 77  # what is learnt from here on must not reach the state that was loaded
    touched = [name for name in given if np.any(np.asarray(getattr(given[name], "array", given[name])) == 77)]
    answer["list of loaded entries that later training changes"] = listed(touched)
    return answer
