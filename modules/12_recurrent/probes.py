"""What is called in module 12, beside the learner's code: directions, the gated recurrent unit and its layers."""

import math

import numpy as np

import tinytorch
from tinytorch import Tensor, recurrent
from tinytorch.course.probing import Wrong, raised


def turned(function, x, directions):
    """The order of steps in which each direction reads, or that of time."""
    more = [directions] if function == "by_direction" else []
    return getattr(recurrent, function)(x, *more)


def unit(x, start, **weights):
    """What gru returns."""
    outcome = recurrent.gru(x, start, *weights.values())
    if not isinstance(outcome, tuple) or len(outcome) < 2 or not all(map(callable, outcome[1:])):
        raise Wrong("gru must return its value and a function pullback(g, wanted)")
    return outcome


def states(x, start, **weights):
    """The value of gru."""
    return {"value": unit(x, start, **weights)[0]}


def states_and_gradients(x, start, g, **weights):
    """The value of gru, and the gradients that come back."""
    value, *ways_back = unit(x, start, **weights)
    if not isinstance(value, np.ndarray) or value.shape != g.shape:
        return {"value": value}
    names = ["x", "start", *weights]
    gradients = ways_back[0](g, [True] * len(names)) if len(ways_back) == 1 else [back(g) for back in ways_back]
    if not isinstance(gradients, (tuple, list)) or len(gradients) != len(names):
        raise Wrong(f"pullback must return a tuple of {len(names)} gradients, those of {', '.join(names)}")
    return {"value": value, **{f"gradient of {name}": each for name, each in zip(names, gradients, strict=True)}}


def drawn(sizes, options):
    """How the parameters of a layer are distributed, as multiples of 1 / sqrt(hidden_size)."""
    tinytorch.manual_seed(3)
    net = recurrent.GRU(*sizes, **options)
    for parameter in net.parameters():
        parameter.array[...] = 5
    net.reset_parameters()
    bound = 1 / math.sqrt(net.hidden_size)
    answer = {}
    for name, parameter in net.named_parameters():
        each = parameter.array / bound
        for which, end in (("smallest", -each.min()), ("largest", each.max())):
            near = 0.9 < end < 1.0001  # chance decides the rest
            answer[f"{which} of {name} times sqrt(H)"] = (-1 if which == "smallest" else 1) * (
                1.0 if near else float(np.round(end, 1))
            )
        share = float(np.mean(np.abs(each) < 0.5))
        answer[f"share of {name} in the inner half"] = 0.5 if abs(share - 0.5) < 3 / each.size**0.5 else round(share, 1)
    return answer


def taken(sizes, options, layer, dtype):
    """The weights of a layer, each a run of numbers that tells which it is."""
    net = recurrent.GRU(*sizes, dtype=np.dtype(dtype), **options)
    for i, parameter in enumerate(net.parameters()):
        parameter.array[...] = i + 1
    weights = net._weights(layer, Tensor(np.zeros(1, dtype)))
    return {"list of weights": [each.array if isinstance(each, Tensor) else each for each in weights]}


def network(sizes, options, training, dtype):
    """A GRU with weights that are the same for everybody."""
    rng = np.random.default_rng(5)
    net = recurrent.GRU(*sizes, dtype=dtype, **options).train(training)
    for parameter in net.parameters():
        parameter.array[...] = rng.uniform(-1, 1, parameter.shape)
    return net


def read(x, sizes, options, h_0=None, training=True, g=None):
    """What a network makes of sequences: states, last states, and the gradient of the input."""
    net = network(sizes, options, training, x.dtype)
    given = Tensor(x, requires_grad=True)
    outcome = net(given) if h_0 is None else net(given, Tensor(h_0))
    return described(outcome, given, g)


def stacked(x, start, sizes, options, training=True, g=None):
    """What the layers of a network make of sequences."""
    net = network(sizes, options, training, x.dtype)
    given = Tensor(x, requires_grad=True)
    return described(net._layers(given, Tensor(start)), given, g)


def described(outcome, given, g):
    """Arrays of what a network returned."""
    if not isinstance(outcome, tuple) or len(outcome) != 2 or not all(isinstance(each, Tensor) for each in outcome):
        raise Wrong("two Tensors must be returned, the states and the last states")
    answer = {"output": outcome[0].array, "h_n": outcome[1].array}
    if g is not None and outcome[0].shape == g.shape:
        (outcome[0] * Tensor(g)).sum().backward()
        answer["gradient of the input"] = None if given.grad is None else given.grad.array
    return answer


def refused(x, sizes, h_0=None):
    """The name of the exception that a network raises."""
    net = recurrent.GRU(*sizes)
    return {"exception raised": raised(net, Tensor(x), None if h_0 is None else Tensor(h_0))}
