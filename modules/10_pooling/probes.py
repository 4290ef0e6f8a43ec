"""What is called in module 10, beside the learner's code: the rules of pooling, and pooling on Tensors."""

import numpy as np

from tinytorch import Tensor, pooling
from tinytorch.course.probing import Wrong, raised


def rule(op, params, x, g):
    """The value of a rule of one input, and what its way back makes of a gradient."""
    returned = getattr(pooling, op)(x, **params)
    if not isinstance(returned, tuple) or len(returned) != 2 or not callable(returned[1]):
        raise Wrong(f"{op} must return its value and a function for the way back")
    if not isinstance(returned[0], np.ndarray) or returned[0].shape != g.shape:
        return {"value": returned[0]}  # no gradient has its shape
    return {"value": returned[0], "gradient of x": returned[1](g)}


def root_of_zeros(x, arriving, p):
    """The value and gradient of root, where differences of values say nothing of the slope."""
    return rule("root", {"p": p}, x, arriving)


def pooled(function, x, g, options):
    """What a function makes of a Tensor, and the gradient that comes back."""
    given = Tensor(x, requires_grad=True)
    value = getattr(pooling, function)(given, **options)
    if not isinstance(value, Tensor):
        raise Wrong(f"{function} must return a Tensor")
    if value.shape != g.shape:
        return {"value": value.array}
    value.backward(Tensor(g))
    if given.grad is None:
        raise Wrong(f"no gradient comes back to the input of {function}")
    return {"value": value.array, "gradient of x": given.grad.array}


def refused(function, x, options):
    """The name of the exception that a call raises."""
    return {"exception raised": raised(getattr(pooling, function), Tensor(x), **options)}
