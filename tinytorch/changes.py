"""In-place changes: what a way back holds must be what its call saw, or the gradient would be silently wrong.

One clock numbers calls and changes alike, so that each knows which came first. Changes are remembered for each block of
memory, and so for all views of it; what a way back holds is found by looking into its function.
"""

from __future__ import annotations

import math
import weakref
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import count
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

clock = count(1)


class _History:
    """When a block of memory was last changed, and all the times when the change was itself a call in the graph."""

    __slots__ = ("calls", "latest", "memory")

    def __init__(self, memory: np.ndarray, key: int) -> None:
        self.latest = 0
        self.calls: list[int] = []
        self.memory = weakref.ref(memory, lambda _: _histories.pop(key, None))


_histories: dict[int, _History] = {}  # by the id of the array that owns the memory
_never_changed = _History(np.empty(0), 0)
_latest = 0


def mark_changed(array: np.ndarray, recorded: bool = False) -> int:
    """Tell the graph that an array was written to, so that no way back that holds its memory is walked any more.

    Where the change is itself a call in the graph (`recorded`), other views of the memory no longer are what their own
    calls tell. Returns the moment of the change.
    """
    global _latest
    memory = array if array.base is None else owner(array)
    history = _histories.get(id(memory))
    if history is None:
        history = _histories[id(memory)] = _History(memory, id(memory))
    _latest = history.latest = next(clock)
    if recorded:
        history.calls.append(_latest)
    return _latest


def changed_since(moment: int) -> bool:
    """Whether anything was changed in place after a moment."""
    return _latest > moment


def check_unchanged(record: Any, held: Iterable[Any], sources: Sequence[Any]) -> None:
    """Raise RuntimeError where something `held` for a Record's way back was written to after the call, or an input was
    before the call, through another view of its memory, so that it was no longer what its own Record tells."""
    if any(_history(array).latest > record.moment for array in held_arrays(held)):
        raise RuntimeError(
            f"a Tensor that the gradient of {record.name} needs was changed in place after {record.name} used it"
        )
    for x, source in zip(record.inputs, sources, strict=True):
        if hasattr(type(source), "moment"):  # a leaf, asked itself, would look for what was meant
            check_current(source, x, record.moment)


def check_current(record: Any, array: np.ndarray, until: float = math.inf) -> None:
    """Raise RuntimeError where the value of a call was changed, by another call, through another view of its memory."""
    calls = _history(array).calls
    first_after = bisect_right(calls, record.moment)
    if first_after < len(calls) and calls[first_after] < until:
        raise RuntimeError(
            f"a Tensor was changed in place through another Tensor on the same memory after {record.name} made it: "
            "take the view again after the change"
        )


def _history(array: np.ndarray) -> _History:
    return _histories.get(id(owner(array)), _never_changed)


def owner(array: np.ndarray) -> np.ndarray:
    """The array whose memory this one is a view of."""
    memory, base = array, array.base
    while base is not None:
        memory = base if isinstance(base, np.ndarray) else memory
        base = getattr(base, "base", None)  # a strided view's base is no array, but has one
    return memory


def held_arrays(holders: Iterable[Any]) -> Iterator[np.ndarray]:
    """Every array that things hold: Tensors and containers of them, and what functions close over or were given."""
    waiting = list(holders)
    seen: set[int] = set()
    while waiting:
        held = waiting.pop()
        if id(held) in seen or isinstance(held, (type, ModuleType)):
            continue
        seen.add(id(held))
        if isinstance(held, np.ndarray):
            yield held
        elif hasattr(held, "array"):
            waiting.append(held.array)
        elif isinstance(held, (tuple, list)):
            waiting.extend(held)
        elif isinstance(held, dict):
            waiting.extend(held.values())
        elif isinstance(held, partial):
            waiting += [held.func, held.args, held.keywords]
        elif isinstance(held, FunctionType):
            waiting += [held.__defaults__, *(cell.cell_contents for cell in held.__closure__ or ())]
        else:
            slots = [name for kind in type(held).__mro__ for name in getattr(kind, "__slots__", ())]
            waiting += [getattr(held, name, None) for name in ("__self__", "__dict__", *slots)]
