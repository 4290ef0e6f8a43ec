"""Data types and the device: which numbers a Tensor holds, whatever it is made of.

The rules are PyTorch's, and the same on every NumPy from 1.24 on and on machines whose own integers have 32 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

float16, float32, float64 = np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)
int8, int16, int32, int64 = np.dtype(np.int8), np.dtype(np.int16), np.dtype(np.int32), np.dtype(np.int64)
uint8, bool_ = np.dtype(np.uint8), np.dtype(np.bool_)

RANK = {"b": 0, "u": 1, "i": 1, "f": 2}  # a kind of numbers gives way to one of a higher rank


def as_array(data: Any, dtype: Any = None) -> np.ndarray:
    """The array of a Tensor, an array, a number or nested lists of numbers, in memory of its own for lists.

    Lists of floats become float32, of ints int64 (on 32-bit machines too), of bools bool; arrays keep their type.
    Raises TypeError for what is not numbers, ValueError for lists of unequal lengths.
    """
    data = _unwrapped(data)
    if isinstance(data, (np.ndarray, np.generic)):
        array = np.asarray(data)
    else:
        try:
            array = np.asarray(_without_tensors(data))
        except ValueError as error:
            raise ValueError("a Tensor needs lists of equal lengths at every level") from error
        if array.dtype == np.uint64 and not holds_arrays(data):
            raise ValueError("a Tensor holds whole numbers of at most 64 bits with a sign, these are larger")
        if not holds_arrays(data):
            usual: dict[str, np.dtype] = {"f": float32, "i": int64}
            array = array if dtype is not None else array.astype(usual.get(array.dtype.kind, array.dtype))
    if array.dtype.kind not in "fiub":
        raise TypeError(f"a Tensor holds real numbers or booleans, got {type(data).__name__} of {array.dtype}")
    return array if dtype is None else array.astype(dtype, copy=False)


def _without_tensors(data: Any) -> Any:
    """Nested lists with every Tensor in them replaced by its array."""
    if isinstance(data, (list, tuple)):
        return [_without_tensors(item) for item in data]
    return _unwrapped(data)


def holds_arrays(data: Any) -> bool:
    """Whether the first thing in nested lists is of NumPy and so has a type of its own."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return isinstance(_unwrapped(data), (np.ndarray, np.generic))


def _unwrapped(data: Any) -> Any:
    """The array of a Tensor; anything else as it is."""
    return getattr(data, "array", data)


def common_dtype(arrays: Sequence[np.ndarray]) -> np.dtype:
    """PyTorch's promotion: floats over integers over booleans, arrays with dimensions over single numbers, then the wider."""
    highest = max(RANK[a.dtype.kind] for a in arrays)
    deciding = [a for a in arrays if RANK[a.dtype.kind] == highest]
    return np.result_type(*([a.dtype for a in deciding if a.ndim] or [a.dtype for a in deciding]))


class Device:
    """Where a Tensor lives: always the processor. `device("cpu")` is here so that scripts need no change; of processors
    there is one, whatever its index.

    Raises RuntimeError for any other.
    """

    def __init__(self, type: str | Device = "cpu", index: int | None = None) -> None:
        name, _, number = str(type).partition(":")
        if name != "cpu" or not (number or "0").isdecimal():
            raise RuntimeError(f"tinytorch computes on the cpu, and has no device {str(type)!r}")
        self.type = name
        self.index = int(number) if number else index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) or other == "cpu"

    def __hash__(self) -> int:
        return hash(self.type)

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type={self.type!r}{'' if self.index is None else f', index={self.index}'})"
