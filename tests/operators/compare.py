"""One sample through both libraries: the value, the gradient, the gradient of the gradient, or that both refuse."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.testing import assert_allclose

import tinytorch
from tests.operators.samples import Unknown, converted
from tinytorch import Tensor

REFUSALS = (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError)
TOLERANCES = {"float64": 1e-9, "float32": 1e-4, "float16": 1e-2}


class Difference(NamedTuple):
    """Where the two part: what differs (value, gradient, second gradient, refusal, ...), and how."""

    what: str
    how: str


def compare(
    theirs: Callable[..., Any], ours: Callable[..., Any], sample: Any, kind: str, dtype: str, chance: bool
) -> Difference | None:
    """The first difference on a sample, or None. With `chance`, values are compared by shape and type alone."""
    import torch

    arguments = [sample.input, *sample.args]
    given = tensors_in(arguments), tensors_in(sample.kwargs)
    try:
        mine, keywords = converted(arguments), converted(sample.kwargs)
    except Unknown as unknown:
        return Difference("argument", str(unknown))
    leaves, own = [*given[0], *given[1]], [*tensors_in(mine), *tensors_in(keywords)]
    if kind == "in place":
        arguments, mine = changeable(arguments), changeable(mine)
    expected, got = attempt(theirs, arguments, sample.kwargs), attempt(ours, mine, keywords)
    if isinstance(expected, Exception) or isinstance(got, Exception):
        return unequal_refusals(expected, got)
    outputs, values = several(expected), several(got)
    found = unequal(leaves, own, dtype)
    if found:
        return Difference("argument afterwards", found)
    found = unequal(outputs, values, dtype, chance)
    if found:
        return Difference("value", found)
    if chance or not any(x.requires_grad for x in leaves):
        return None
    differentiable = [i for i, y in enumerate(outputs) if isinstance(y, torch.Tensor) and y.requires_grad]
    mine_too = [i for i, y in enumerate(values) if isinstance(y, Tensor) and y.requires_grad]
    if differentiable != mine_too:
        return Difference("gradient", f"outputs {differentiable} require grad, of ours {mine_too}")
    if not differentiable:
        return None
    return gradients(torch, outputs, values, leaves, own, differentiable, dtype)


def gradients(
    torch: Any, outputs: Any, values: Any, leaves: Any, own: Any, which: list[int], dtype: str
) -> Difference | None:
    """The first difference in the gradients of the outputs, and in those of the gradients."""
    wanted = [i for i, x in enumerate(leaves) if x.requires_grad]
    rng = np.random.default_rng(0)
    weights = [np.asarray(rng.uniform(0.5, 1.5, outputs[i].shape), values[i].dtype) for i in which]
    theirs_w = [torch.from_numpy(w.copy()).requires_grad_() for w in weights]
    ours_w = [Tensor(w.copy(), requires_grad=True) for w in weights]
    xs, mine = [leaves[i] for i in wanted], [own[i] for i in wanted]
    first = torch.autograd.grad([outputs[i] for i in which], xs, theirs_w, create_graph=True, allow_unused=True)
    once = tinytorch.autograd.grad([values[i] for i in which], mine, ours_w, retain_graph=True, allow_unused=True)
    found = unequal(first, once, dtype)
    if found:
        return Difference("gradient", found)
    targets = [y for y in first if y is not None and y.requires_grad]
    try:
        ours_first = tinytorch.autograd.grad(
            [values[i] for i in which], mine, ours_w, create_graph=True, allow_unused=True
        )
    except RuntimeError as error:
        return None if not targets else Difference("second gradient", str(error))
    found = unequal(first, ours_first, dtype)
    if found:
        return Difference("gradient in a graph", found)
    pairs = [
        (a, b)
        for a, b in zip(first, ours_first, strict=True)
        if a is not None and b is not None and a.requires_grad and b.requires_grad
    ]
    if not pairs:
        return None
    seeds = [np.asarray(rng.uniform(0.5, 1.5, a.shape), b.dtype) for a, b in pairs]
    try:
        second = torch.autograd.grad(
            [a for a, _ in pairs], [*xs, *theirs_w], [torch.from_numpy(s) for s in seeds], allow_unused=True
        )
    except RuntimeError:
        return None  # nor does PyTorch
    try:
        ours_second = tinytorch.autograd.grad(
            [b for _, b in pairs], [*mine, *ours_w], [Tensor(s) for s in seeds], allow_unused=True
        )
    except RuntimeError as error:
        return Difference("second gradient", str(error))
    found = unequal(second, ours_second, dtype)
    return Difference("second gradient", found) if found else None


def attempt(function: Callable[..., Any], arguments: list[Any], keywords: dict[str, Any]) -> Any:
    """What a call gives, or the exception it ends in."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return function(*arguments, **keywords)
        except Exception as error:
            return error


def unequal_refusals(expected: Any, got: Any) -> Difference | None:
    """None where both refused, ours in a sentence."""
    if not isinstance(got, Exception):
        return Difference("refusal", f"PyTorch refuses this: {str(expected).splitlines()[0]}")
    if not isinstance(expected, Exception):
        return Difference("refused", f"{type(got).__name__}: {got}")
    return unclear(got)


def unclear(error: Exception) -> Difference | None:
    """A refusal that is no sentence."""
    if not isinstance(error, REFUSALS) or len(str(error).splitlines()) != 1:
        return Difference("message", f"{type(error).__name__}: {error}")
    return None


def unequal(expected: Any, got: Any, dtype: str, chance: bool = False) -> str:
    """How two lists of results differ; empty where they do not. A gradient of zeros may be None."""
    if len(expected) != len(got):
        return f"{len(got)} results, PyTorch's {len(expected)}"
    for i, (a, b) in enumerate(zip(expected, got, strict=True)):
        if a is None and b is None:
            continue
        if a is None or b is None:
            there = b if a is None else a
            if np.any(there.detach().numpy(force=True) if b is None else there.array):
                return f"{i}: {'PyTorch has' if b is None else 'PyTorch has not'} what is not zero"
            continue
        if not hasattr(a, "detach"):
            if a != b and not (a != a and b != b):
                return f"{i}: {b!r}, PyTorch's {a!r}"
            continue
        if not isinstance(b, Tensor):
            return f"{i}: a {type(b).__name__}, PyTorch's a Tensor"
        x, y = a.detach().numpy(force=True), b.array
        if x.shape != y.shape or x.dtype != y.dtype:
            return f"{i}: {y.dtype} {y.shape}, PyTorch's {x.dtype} {x.shape}"
        if not chance:
            try:
                tolerance = max(TOLERANCES.get(dtype, 1e-4), TOLERANCES.get(str(y.dtype), 0))
                largest = np.max(np.abs(x), where=np.isfinite(x), initial=1) if x.dtype.kind == "f" else 1
                assert_allclose(y, x, tolerance, tolerance * largest)
            except AssertionError as error:
                return f"{i}: {' '.join(str(error).split())}"
    return ""


def several(results: Any) -> list[Any]:
    return list(results) if isinstance(results, (tuple, list)) else [results]


def changeable(arguments: list[Any]) -> list[Any]:
    """The first argument copied, so that a call may change it in place."""
    return [arguments[0].clone(), *arguments[1:]]


def tensors_in(x: Any) -> list[Any]:
    """Every tensor among nested arguments."""
    return list(_tensors_in(x))


def _tensors_in(x: Any) -> Iterator[Any]:
    if isinstance(x, (tuple, list)):
        for item in x:
            yield from _tensors_in(item)
    elif isinstance(x, dict):
        yield from _tensors_in(list(x.values()))
    elif hasattr(x, "requires_grad"):
        yield x
