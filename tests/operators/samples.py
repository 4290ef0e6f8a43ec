"""PyTorch's table of operators: which of them we share, under which names, and their samples as ours.

The table is `torch.testing._internal.common_methods_invocations.op_db`: for every operator, inputs to try, and inputs that it
must refuse. Importing it takes seconds, so nothing is imported before it is asked for.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

import tinytorch
from tinytorch import Tensor
from tinytorch.dtypes import Device

PROMISED = ("float64", "float32")  # gradients are compared in these
OTHERWISE_CALLED = {  # the table gives these their arguments in an order of its own
    "where": lambda input, condition, other: tinytorch.where(condition, input, other),
    "nn.functional.embedding": lambda weight, input, **options: tinytorch.nn.functional.embedding(
        input, weight, **options
    ),
}
DTYPES = ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")
NUMBERS = (bool, int, float, complex, str, type(None), type(Ellipsis))


@cache
def table() -> dict[str, Any]:
    """Every operator that we share by name: "max", or "max/binary" where it comes in several variants."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        methods = pytest.importorskip("torch.testing._internal.common_methods_invocations", exc_type=ImportError)
    shared = [op for op in methods.op_db if ours(op.name) is not None]
    return {f"{op.name}/{op.variant_test_name}".rstrip("/"): op for op in shared}


def ours(name: str) -> Callable[..., Any] | None:
    """What we have under PyTorch's name of an operator: a function, else a method of Tensor."""
    if name in OTHERWISE_CALLED:
        return OTHERWISE_CALLED[name]
    *packages, last = name.split(".")
    face = {(): tinytorch, ("nn", "functional"): tinytorch.nn.functional}.get(tuple(packages))
    if face is None:
        return None
    function = getattr(face, last, None)
    if function is None and not packages:
        found = getattr(Tensor, last, None)
        return (lambda x: getattr(x, last)) if isinstance(found, property) else found
    return function if callable(function) and not isinstance(function, type) else None


def ways_to_call(op: Any) -> Iterator[tuple[str, Callable[..., Any], Callable[..., Any]]]:
    """(kind, PyTorch's, ours): as a function, as a method and in place, where both have it."""
    last = op.name.split(".")[-1]
    yield "in place" if last.endswith("_") and not last.startswith("_") else "function", op.op, ours(op.name)
    for kind, name, theirs in (("method", last, op.method_variant), ("in place", f"{last}_", op.inplace_variant)):
        found = getattr(Tensor, name, None)
        if theirs is not None and callable(found):
            yield kind, theirs, found


def converted(x: Any) -> Any:
    """An argument for PyTorch as one for us: tensors keep their memory layout and whether they require grad."""
    import torch

    if isinstance(x, torch.Tensor):
        if (name := str(x.dtype).removeprefix("torch.")) not in DTYPES or x.device.type != "cpu":
            raise Unknown(f"a tensor of {name} on {x.device}")
        if x.ndim > 32:
            raise Unknown("more dimensions than NumPy's arrays have")
        made = Tensor(laid_out(x))
        return made.requires_grad_(x.requires_grad)
    if isinstance(x, torch.dtype):
        name = str(x).removeprefix("torch.")
        if name not in DTYPES:
            raise Unknown(f"the data type {name}")
        return np.dtype(name)
    if isinstance(x, torch.device):
        if x.type != "cpu":
            raise Unknown(f"the device {x}")
        return Device("cpu")
    if isinstance(x, (torch.memory_format, torch.layout)):
        raise Unknown("memory formats and layouts")
    if isinstance(x, slice):
        return slice(*map(converted, (x.start, x.stop, x.step)))
    if isinstance(x, (tuple, list)):
        return [converted(item) for item in x] if isinstance(x, list) else tuple(map(converted, x))
    if isinstance(x, dict):
        return {key: converted(value) for key, value in x.items()}
    if isinstance(x, (*NUMBERS, np.ndarray, np.generic)):
        return x
    raise Unknown(type(x).__name__)


class Unknown(Exception):
    """An argument for which we have no counterpart."""


def laid_out(x: Any) -> np.ndarray:
    """A copy of a tensor's elements in an array of the same strides."""
    array = x.detach().numpy(force=True)
    if not array.size or 0 in array.strides:
        return array.copy()
    lengths = sum((n - 1) * s for n, s in zip(array.shape, array.strides, strict=True)) + array.itemsize
    memory = np.zeros(lengths // array.itemsize, array.dtype)
    made = np.lib.stride_tricks.as_strided(memory, array.shape, array.strides)
    np.copyto(made, array)
    return made


def samples(op: Any, dtype: str, at_most: int | None = None) -> list[Any]:
    """PyTorch's samples for a data type, seeded; `at_most` takes as many at equal distances."""
    import torch

    torch.manual_seed(0)
    kind = getattr(torch, dtype)
    anew = at_most is None  # for each sample, as PyTorch's tests do; it costs as much as all the rest
    every = list(op.sample_inputs("cpu", kind, requires_grad=differentiable(op, dtype), set_seed=anew))
    if "max_pool" in op.name:  # we give no indices, which a test of its own says
        every = [
            type(s)(s.input, args=tuple(a for a in s.args if a is not True), kwargs=without_indices(s)) for s in every
        ]
    if at_most is None or len(every) <= at_most:
        return every
    return [every[i] for i in np.linspace(0, len(every) - 1, at_most).astype(int)]


def without_indices(sample: Any) -> dict[str, Any]:
    return {name: value for name, value in sample.kwargs.items() if name != "return_indices"}


def differentiable(op: Any, dtype: str) -> bool:
    """Whether PyTorch promises gradients of an operator for a data type."""
    import torch

    return dtype in PROMISED and bool(
        op.supports_autograd and getattr(torch, dtype) in op.supported_backward_dtypes("cpu")
    )
