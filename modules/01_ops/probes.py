"""What is called in module 01, beside the learner's code: a rule's value, and what its ways back make of a gradient."""

import numpy as np

from tinytorch import ops
from tinytorch.course.probing import Wrong, summed_to


def rule(op, params, g, **inputs):
    """The value of a rule, and for each input the gradient that comes back when that of the value is g."""
    returned = getattr(ops, op)(*inputs.values(), **params)
    if not isinstance(returned, tuple):
        raise Wrong(f"{op} must return its value and a function for each input, but it returned {kind(returned)}")
    value, *ways_back = returned
    if len(ways_back) != len(inputs) or not all(map(callable, ways_back)):
        raise Wrong(
            f"{op} must return its value and a function for each of {len(inputs)} inputs, "
            f"but it returned ({', '.join(map(kind, returned))})"
        )
    answer = {"value": value}
    for (name, x), way_back in zip(inputs.items(), ways_back, strict=True):
        gradient = way_back(g)  # not a copy: it belongs to whoever sends it, and must not change
        if not equal(gradient, way_back(g)):
            raise Wrong(f"the way back to {name} gave another gradient when it was used again for the same g")
        answer[f"gradient of {name}"] = summed_to(gradient, x.shape) if isinstance(gradient, np.ndarray) else gradient
    if np.ndim(g) == 0:
        dtype = next(iter(inputs.values())).dtype
        return {key: narrowed(item, dtype) for key, item in answer.items()}
    return answer


def equal(some, others):
    """Whether two gradients are the same; what is no array is judged elsewhere."""
    arrays = isinstance(some, np.ndarray) and isinstance(others, np.ndarray)
    return not arrays or np.array_equal(some, others, equal_nan=True)


def narrowed(x, dtype):
    """What is computed from a single number, in a data type: NumPy 1 widens it, and the engine undoes that."""
    return np.asarray(x, dtype) if isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind == "f" else x


def kind(value):
    """What something is, in a word or two."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return "an array"
    if isinstance(value, np.generic):
        return "a number"
    return "a function" if callable(value) else f"a {type(value).__name__}"
