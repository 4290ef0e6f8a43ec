"""Checking gradients: what the formulas say against what happens when each number is moved a little.

`gradcheck` and `gradgradcheck` take functions of Tensors, as PyTorch's do; `check_op` takes a rule on plain arrays, before
there is an engine. All work in float64, weigh the outputs at random, and say which element of which input is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinytorch import _lazy
from tinytorch.autograd import enable_grad, grad, no_grad
from tinytorch.tensor import Tensor

if not TYPE_CHECKING:
    __getattr__ = _lazy.lacks(__name__)


class GradcheckError(RuntimeError):
    """A gradient differs from what finite differences give."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Tensor],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    seed: int = 0,
) -> bool:
    """Whether the gradients of func, which takes the inputs and returns a Tensor or several, agree with differences.

    inputs: float64 Tensors; those that require grad are checked. The outputs are weighed by random numbers, so no error
    cancels. Raises GradcheckError that names the input, the element and both values (or returns False without
    `raise_exception`), ValueError where there is nothing to check or an input is not float64.
    """
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    checked = [i for i, x in enumerate(inputs) if x.requires_grad]
    if not checked:
        raise ValueError("gradcheck expects at least one input that requires grad")
    if any(inputs[i].dtype != np.float64 for i in checked):
        raise ValueError(f"gradcheck expects float64 inputs, got {', '.join(str(inputs[i].dtype) for i in checked)}")

    outputs = _several(func(*inputs))
    rng = np.random.default_rng(seed)
    weights = [Tensor(rng.uniform(0.5, 1.5, y.shape) * rng.choice([-1, 1], y.shape)) for y in outputs]
    analytic = _gradients(outputs, weights, [inputs[i] for i in checked])

    def weighed() -> float:
        with no_grad():
            return sum(float((y.array * v.array).sum()) for y, v in zip(_several(func(*inputs)), weights, strict=True))

    try:
        for i, gradient in zip(checked, analytic, strict=True):
            numeric = differences(weighed, inputs[i].array, eps)
            _compare(f"input {i}", gradient, numeric, atol, rtol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Tensor],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    seed: int = 0,
) -> bool:
    """Whether the gradients of func's gradients agree with differences; see `gradcheck`.

    The inputs that require grad come first in what is checked, then the weights of the outputs.
    """
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    rng = np.random.default_rng(seed + 1)
    with no_grad():
        weights = [Tensor(rng.standard_normal(y.shape), requires_grad=True) for y in _several(func(*inputs))]

    @enable_grad()
    def gradients(*both: Tensor) -> tuple[Tensor, ...]:
        points, seeds = both[: len(inputs)], both[len(inputs) :]
        wanted = [x for x in points if x.requires_grad]
        led = [(y, v) for y, v in zip(_several(func(*points)), seeds, strict=True) if y.requires_grad]
        found = grad([y for y, _ in led], wanted, [v for _, v in led], create_graph=True, allow_unused=True)
        return tuple(Tensor(np.zeros(x.shape)) if g is None else g for g, x in zip(found, wanted, strict=True))

    both = [*inputs, *weights]
    return gradcheck(gradients, both, eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception, seed=seed)


def check_op(
    op: Callable[..., Any],
    *arrays: np.ndarray,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    **params: Any,
) -> None:
    """Check the ways back of a rule on float64 arrays, all of which are taken to be differentiable.

    A gradient may come in the shape of the value where an input was broadcast; it is summed as the engine would.
    Raises GradcheckError that names the input and the element, or says that the rule has too few ways back.
    """
    value, *vjps = op(*arrays, **params)
    cotangent = np.random.default_rng(0).uniform(0.5, 1.5, np.shape(value))
    if len(vjps) == 1 < len(arrays):
        gradients = vjps[0](cotangent, [True] * len(arrays))
    else:
        gradients = [vjp(cotangent) for vjp in vjps]
    if len(gradients) != len(arrays):
        raise GradcheckError(f"{op.__name__} has {len(gradients)} ways back for {len(arrays)} inputs")
    for i, (x, gradient) in enumerate(zip(arrays, gradients, strict=True)):
        numeric = differences(lambda: float((op(*arrays, **params)[0] * cotangent).sum()), x, eps)
        added = tuple(range(np.ndim(gradient) - x.ndim))
        stretched = tuple(d for d, n in enumerate(x.shape) if n == 1)
        summed = np.sum(np.sum(gradient, axis=added), axis=stretched, keepdims=True) if added or stretched else gradient
        _compare(f"input {i} of {op.__name__}", np.reshape(summed, x.shape), numeric, atol, rtol)


def differences(function: Callable[[], float], x: np.ndarray, eps: float = 1e-6) -> np.ndarray:
    """d function / d x for every element of x by central differences; function looks at x itself, which is restored."""
    gradient = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        before = x[index]
        x[index] = before + eps
        above = function()
        x[index] = before - eps
        below = function()
        x[index] = before
        gradient[index] = (above - below) / (2 * eps)
    return gradient


def _compare(what: str, analytic: np.ndarray, numeric: np.ndarray, atol: float, rtol: float) -> None:
    wrong = ~(np.abs(analytic - numeric) <= atol + rtol * np.abs(numeric))
    if wrong.any():
        first = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise GradcheckError(
            f"the gradient of {what} is wrong at {wrong.sum()} of {wrong.size} elements, first at {list(first)}: "
            f"analytic {analytic[first]:.6g}, numeric {numeric[first]:.6g}"
        )


def _gradients(outputs: list[Tensor], weights: list[Tensor], inputs: list[Tensor]) -> list[np.ndarray]:
    """The analytic gradients; zero where nothing depends on an input."""
    led = [(y, v) for y, v in zip(outputs, weights, strict=True) if y.requires_grad]
    if not led:
        return [np.zeros(x.shape) for x in inputs]
    found = grad([y for y, _ in led], inputs, [v for _, v in led], allow_unused=True)
    return [np.zeros(x.shape) if g is None else g.array for g, x in zip(found, inputs, strict=True)]


def _several(outputs: Any) -> list[Tensor]:
    return list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
