"""What the tests compare with: PyTorch, and a watch that lets no array be wider than it should.

Finite differences are in `tinytorch.testing`, since users want them too.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tinytorch
from tests.strategies import Call
from tinytorch import autograd, changes
from tinytorch.tensor import Tensor

NUMPY_1 = np.lib.NumpyVersion(np.__version__) < "2.0.0"
TOLERANCES = {np.float64: 1e-9, np.float32: 1e-4}
_tensor_module = importlib.import_module("tinytorch.tensor")  # the package's own `tensor` is the function


def torch_or_skip() -> Any:
    """PyTorch, or a skip that says why."""
    return pytest.importorskip("torch", reason="PyTorch is not installed")


# Against PyTorch


def agree_with_torch(call: Call, dtype: Any = np.float64, *, tolerance: float | None = None) -> None:
    """Assert that the values of call(framework, *tensors), their types and shapes, and the gradients are PyTorch's."""
    tolerance = TOLERANCES[dtype] if tolerance is None else tolerance
    ours = values_and_gradients(tinytorch, call, call.arrays(dtype))
    torch = torch_or_skip()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = values_and_gradients(torch, call, call.arrays(dtype))
    for what, some, others in zip(("value", "gradient"), ours, theirs, strict=True):
        assert len(some) == len(others)
        for i, (one, other) in enumerate(zip(some, others, strict=True)):
            assert one.dtype == other.dtype, f"{what} {i} is {one.dtype}, PyTorch's {other.dtype}"
            assert one.shape == other.shape, f"{what} {i} has shape {one.shape}, PyTorch's {other.shape}"
            assert_allclose(one, other, tolerance, tolerance, err_msg=f"{what} {i}")


def values_and_gradients(
    framework: Any, function: Callable[..., Any], arrays: Sequence[np.ndarray]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What a function of a framework and its tensors gives, and the gradients of all floats, weighed at random."""
    inputs = [leaf(framework, x) for x in arrays]
    results = function(framework, *inputs)
    outputs = list(results) if isinstance(results, (tuple, list)) else [results]
    rng = np.random.default_rng(0)
    for y in outputs:
        weights = np.asarray(rng.uniform(0.5, 1.5, y.shape) * rng.choice([-1, 1], y.shape))
        if y.requires_grad:
            y.backward(framework.tensor(weights.astype(y.detach().numpy().dtype)), retain_graph=True)
    gradients = [
        np.zeros(x.shape, x.dtype) if t.grad is None else t.grad.numpy() for t, x in zip(inputs, arrays, strict=True)
    ]
    return [y.detach().numpy() for y in outputs], gradients


def leaf(framework: Any, x: np.ndarray) -> Any:
    """A tensor of a framework, which requires grad where it holds floats; ours keeps the memory and its layout."""
    made = Tensor(x) if framework is tinytorch else framework.tensor(x.copy(order="C"))
    return made.requires_grad_() if x.dtype.kind == "f" else made


# No wider than it should be


@contextmanager
def nothing_wider_than(dtype: Any) -> Iterator[None]:
    """Fail where an op computes, a graph keeps or a way back gives a float wider than a data type.

    It looks before the engine casts: at the values of ops, at the Tensors made of them, at what the ways back hold and
    at the gradients they give. Single numbers are exempt under NumPy 1, which computes them in double precision.
    """
    widest = np.dtype(dtype).itemsize

    def look_at(x: Any, what: str) -> None:
        x = x.array if isinstance(x, Tensor) else x
        single = NUMPY_1 and np.ndim(x) == 0
        if isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind == "f" and not single:
            assert x.dtype.itemsize <= widest, f"{what} is {x.dtype} of shape {x.shape} among {np.dtype(dtype)}"

    no_wider, made, record, fit = _tensor_module.no_wider, Tensor._made, _tensor_module.Record, autograd.fit

    def watched_value(value: Any, arrays: Any) -> Any:
        look_at(value, "the value of an op")
        return no_wider(value, arrays)

    def watched_tensor(array: np.ndarray, *rest: Any) -> Tensor:
        look_at(array, "a Tensor")
        return made(array, *rest)

    def watched_record(op: Any, inputs: Any, params: Any, sources: Any, vjps: Any) -> Any:
        for held in changes.held_arrays(vjps):
            look_at(held, f"what {op.__name__} keeps for its way back")
        return record(op, inputs, params, sources, vjps)

    def watched_gradient(gradient: Any, like: Any, by: Any) -> Any:
        look_at(gradient, f"the gradient from {by.name}")
        return fit(gradient, like, by)

    with (
        mock.patch.object(_tensor_module, "no_wider", watched_value),
        mock.patch.object(Tensor, "_made", staticmethod(watched_tensor)),
        mock.patch.object(_tensor_module, "Record", watched_record),
        mock.patch.object(autograd, "fit", watched_gradient),
    ):
        yield
