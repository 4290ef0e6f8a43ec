"""Making Tensors: from data, filled with numbers, or drawn at random from a Generator that a seed sets.

Names, arguments and data types are PyTorch's; the random numbers are NumPy's (PCG64), so seeds give other numbers than PyTorch's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinytorch.dtypes import Device, as_array, float32, int64
from tinytorch.generator import Generator as Generator
from tinytorch.generator import default_generator as default_generator
from tinytorch.methods import numbers
from tinytorch.tensor import Tensor


def manual_seed(seed: int) -> Generator:
    """Seed everything that draws from tinytorch: initial weights, dropout, shuffling without a generator of its own."""
    return default_generator.manual_seed(seed)


def initial_seed() -> int:
    """The seed that everything was last started from."""
    return default_generator.initial_seed()


def get_rng_state() -> dict[str, Any]:
    """The state of the generator that everything draws from."""
    return default_generator.get_state()


def set_rng_state(state: dict[str, Any]) -> None:
    """Go on from where `get_rng_state` was called."""
    default_generator.set_state(state)


# From data


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A Tensor with a copy of the data: numbers, nested lists of numbers, arrays or Tensors."""
    return _leaf(np.array(as_array(data, dtype)), device, requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """A Tensor of the data, on the same memory where it can; a Tensor of that type is returned as it is."""
    if isinstance(data, Tensor):
        same: Tensor = data.to(dtype)
        return same
    return _leaf(as_array(data, dtype), device, False)


def from_numpy(array: np.ndarray) -> Tensor:
    """A Tensor on the memory of an array. Raises TypeError for anything else."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy expects a NumPy array, got {type(array).__name__}")
    return Tensor(array)


def _leaf(array: np.ndarray, device: Any, requires_grad: bool) -> Tensor:
    Device(device or "cpu")
    return Tensor(array, requires_grad)


def _shape(caller: str, size: tuple[Any, ...]) -> tuple[int, ...]:
    """A shape given number by number or as one sequence. Raises TypeError or RuntimeError for what is no length."""
    shape = numbers(size)
    if not all(isinstance(n, (int, np.integer)) for n in shape):
        raise TypeError(f"{caller} expects whole numbers as its shape, got {shape}")
    if any(n < 0 for n in shape):
        raise RuntimeError(f"{caller} expects lengths of 0 or more, got {shape}")
    return shape


# Filled


def full(size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A Tensor of a shape with one number everywhere."""
    return _leaf(np.full(_shape("full", (size,)), as_array(fill_value, dtype)), device, requires_grad)


def zeros(*size: Any, dtype: Any = float32, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A Tensor of zeros."""
    return _leaf(np.zeros(_shape("zeros", size), dtype or float32), device, requires_grad)


def ones(*size: Any, dtype: Any = float32, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A Tensor of ones."""
    return _leaf(np.ones(_shape("ones", size), dtype or float32), device, requires_grad)


def empty(*size: Any, dtype: Any = float32, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A Tensor to be filled later; it holds zeros until then, so that nothing depends on chance."""
    return zeros(*size, dtype=dtype, device=device, requires_grad=requires_grad)


def zeros_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros in the shape and type of another Tensor."""
    return zeros(input.shape, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def ones_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones in the shape and type of another Tensor."""
    return ones(input.shape, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def empty_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros to be filled later, in the shape and type of another Tensor."""
    return zeros_like(input, dtype=dtype, device=device, requires_grad=requires_grad)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """One number everywhere, in the shape and type of another Tensor."""
    return full(input.shape, fill_value, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad)


def arange(
    start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """start, start + step, ... up to but without end; with one argument, from 0. Whole numbers give int64.

    Raises RuntimeError for a step of 0, or one that leads away from end.
    """
    first, last = (0, start) if end is None else (start, end)
    if step == 0 or (last - first) * step < 0:
        raise RuntimeError(f"arange cannot go from {first} to {last} in steps of {step}")
    if dtype is not None and np.dtype(dtype).kind in "iu":
        first, last, step = (math.trunc(n) for n in (first, last, step))
    whole = all(isinstance(n, (int, np.integer)) for n in (first, last, step))
    numbers = np.arange(first, last, step, dtype=int64 if whole else np.float64)
    return _leaf(numbers.astype(dtype or (int64 if whole else float32), copy=False), device, requires_grad)


def linspace(
    start: float, end: float, steps: int, *, dtype: Any = float32, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Numbers at equal distances from start to end, both included; as whole numbers, without what is behind the point."""
    first, last = (n.item() if isinstance(n, Tensor) else n for n in (start, end))
    if np.dtype(dtype or float32).kind in "iu":
        first, last = math.trunc(first), math.trunc(last)
    numbers = np.linspace(first, last, steps, dtype=np.float64)
    return _leaf(numbers.astype(dtype or float32), device, requires_grad)


def eye(
    n: int, m: int | None = None, *, dtype: Any = float32, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """Ones on the diagonal of a matrix of zeros, (n, m or n)."""
    return _leaf(np.eye(n, m, dtype=dtype or float32), device, requires_grad)


# Drawn


def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = float32,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform in [0, 1)."""
    drawn = (generator or default_generator).numpy.random(_shape("rand", size), dtype=_drawable(dtype))
    return _leaf(np.asarray(drawn), device, requires_grad)


def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = float32,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal with mean 0 and variance 1."""
    drawn = (generator or default_generator).numpy.standard_normal(_shape("randn", size), dtype=_drawable(dtype))
    return _leaf(np.asarray(drawn), device, requires_grad)


def randint(
    low: int = 0,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = int64,
    device: Any = None,
) -> Tensor:
    """Whole numbers from low up to but without high: randint(high, size) or randint(low, high, size).

    Raises RuntimeError where there are none.
    """
    if size is None:
        low, high, size = 0, low, high
    if high is None:
        low, high = 0, low
    if low >= high:
        raise RuntimeError(f"randint expects low < high, got {low} and {high}")
    drawn = (generator or default_generator).numpy.integers(low, high, _shape("randint", (size,)), dtype=np.int64)
    return _leaf(np.asarray(drawn, dtype or int64), device, False)


def randperm(n: int, *, generator: Generator | None = None, device: Any = None) -> Tensor:
    """The whole numbers from 0 to n - 1 in random order."""
    return _leaf((generator or default_generator).numpy.permutation(np.arange(n, dtype=np.int64)), device, False)


def rand_like(input: Tensor, *, generator: Generator | None = None, dtype: Any = None, device: Any = None) -> Tensor:
    """Uniform in [0, 1), in the shape and type of another Tensor."""
    return rand(input.shape, generator=generator, dtype=dtype or input.dtype, device=device)


def randn_like(input: Tensor, *, generator: Generator | None = None, dtype: Any = None, device: Any = None) -> Tensor:
    """Normal with mean 0 and variance 1, in the shape and type of another Tensor."""
    return randn(input.shape, generator=generator, dtype=dtype or input.dtype, device=device)


def _drawable(dtype: Any) -> Any:
    if np.dtype(dtype or float32) not in (np.float32, np.float64):
        raise TypeError(f"random numbers are drawn as float32 or float64, not as {np.dtype(dtype)}")
    return np.dtype(dtype or float32).type
