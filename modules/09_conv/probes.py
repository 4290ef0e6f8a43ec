"""What is called in module 09, beside the learner's code: windows, unfold and fold, the convolution and its layer."""

import numpy as np

from tinytorch import Tensor, conv
from tinytorch.course.probing import Wrong, raised


def called(function, arguments):
    """What a function returns, under a name that can be read with an index behind it."""
    names = {"count_windows": "count of windows", "sizes": "tuple of sizes", "paddings": "padding"}
    return {names[function]: whole(getattr(conv, function)(*arguments))}


def whole(given):
    """Tuples of whole numbers, be they Python's or NumPy's."""
    if isinstance(given, (tuple, list)):
        return type(given)(map(whole, given))
    return int(given) if isinstance(given, np.integer) else given


def bordered(x, padding, value):
    """An array with a border."""
    return conv.surround(x, padding, value)


def looks(geometry):
    """The numbers that each place in the kernel meets, in a padded array that counts up from 0."""
    pairs = conv.all_windows(*geometry)
    size, _, _, padding, _ = geometry
    padded = [n + sum(p) for n, p in zip(size, padding, strict=True)]
    points = np.arange(np.prod(padded, dtype=np.int64), dtype=np.int64).reshape(1, *padded, 1)
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        raise Wrong("all_windows must return a list of pairs: an index for the kernel, and one for what it meets")
    for pair in pairs:
        if not all(isinstance(index, tuple) and index[:1] == (slice(None),) for index in pair):
            raise Wrong(f"each index must be a tuple that begins with slice(None), but a pair was {pair}")
    answer = {"list of offsets": [tuple(int(o) for o in offset[1:]) for offset, _ in pairs]}
    for offset, met in pairs:
        answer[f"row of points that {tuple(int(o) for o in offset[1:])} meets"] = points[met][0, ..., 0]
    return answer


def rule(op, params, x, g):
    """The value of a rule of one input, and what its way back makes of a gradient."""
    returned = getattr(conv, op)(x, **params)
    if not isinstance(returned, tuple) or len(returned) != 2 or not callable(returned[1]):
        raise Wrong(f"{op} must return its value and a function for the way back")
    if not isinstance(returned[0], np.ndarray) or returned[0].shape != g.shape:
        return {"value": returned[0]}  # no gradient has its shape
    return {"value": returned[0], "gradient of x": returned[1](g)}


def run(inputs, params):
    """What convolution returns."""
    outcome = conv.convolution(*inputs.values(), **params)
    if not isinstance(outcome, tuple) or len(outcome) < 2 or not all(map(callable, outcome[1:])):
        raise Wrong("convolution must return its value and a function pullback(g, wanted)")
    return outcome


def value(x, weight, params, bias=None):
    """The value of a convolution."""
    return {"value": run({"x": x, "weight": weight, **({} if bias is None else {"bias": bias})}, params)[0]}


def convolved(x, weight, g, params, bias=None):
    """The value of a convolution, and the gradients that come back."""
    inputs = {"x": x, "weight": weight, **({} if bias is None else {"bias": bias})}
    value, *ways_back = run(inputs, params)
    if not isinstance(value, np.ndarray) or value.shape != g.shape:
        return {"value": value}
    if len(ways_back) == 1:
        gradients = ways_back[0](g, [True] * len(inputs))
    else:  # a function for each input does as well
        gradients = [way_back(g) for way_back in ways_back]
    if not isinstance(gradients, (tuple, list)) or len(gradients) != len(inputs):
        raise Wrong(f"pullback must return a tuple of {len(inputs)} gradients, those of {', '.join(inputs)}")
    return {"value": value, **{f"gradient of {name}": each for name, each in zip(inputs, gradients, strict=True)}}


def layer(x, weight, bias, g, options):
    """What a layer with these parameters makes of an input, and the gradient of the input."""
    kind = getattr(conv, f"Conv{x.ndim - 2}d")
    out, channels, *kernel_size = weight.shape
    net = kind(channels, out, tuple(kernel_size), dtype=x.dtype, **options)
    net.weight.array[...], net.bias.array[...] = weight, bias
    given = Tensor(x, requires_grad=True)
    value = net(given)
    if not isinstance(value, Tensor):
        raise Wrong("forward must return a Tensor")
    if value.shape != g.shape:
        return {"value": value.array}
    value.backward(Tensor(g))
    return {"value": value.array, "gradient of x": given.grad.array}


def refused(function, arguments):
    """The name of the exception that a call raises."""
    return {"exception raised": raised(getattr(conv, function), *arguments)}


def refused_by_layer(x, channels):
    """Whether a layer refuses an input of other channels in its own name."""
    net = getattr(conv, f"Conv{x.ndim - 2}d")(channels, 1, 1)
    try:
        net(Tensor(x))
    except NotImplementedError:
        raise
    except RuntimeError as error:
        named, _, _ = str(error).partition(" ")
        return {"exception raised": f"{type(error).__name__} from {named or 'nobody'}"}
    return {"exception raised": "nothing"}
