"""What probes are made with. A probe runs beside the learner's code, and returns arrays and plain values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


class Wrong(Exception):
    """What a learner's function returned is of no use; the message is shown to them as it is."""


def raised(function: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """The name of the exception that a call raises, "nothing" where it raises none."""
    try:
        function(*args, **kwargs)
    except NotImplementedError:
        raise
    except Exception as error:
        return type(error).__name__
    return "nothing"


def summed_to(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A gradient in the shape of an input that was broadcast: what went to many places comes back as a sum."""
    gradient = np.asarray(gradient)
    added = gradient.ndim - len(shape)
    if added < 0:
        return gradient
    axes = tuple(i for i, n in enumerate(gradient.shape) if i < added or (shape[i - added] == 1 and n != 1))
    summed: np.ndarray = np.sum(gradient, axis=axes, keepdims=True)
    return summed.reshape(summed.shape[added:])
