"""The fast form of what a course file shows in its clear form, where the two pull apart; tests hold them equal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import accumulate, pairwise
from operator import is_
from typing import Any

import numpy as np

from tinytorch import ops
from tinytorch.changes import owner
from tinytorch.ops import Rule
from tinytorch.tensor import Tensor

LONGEST = 16_384  # elements beyond which copying costs more than the calls that it saves, and memory leaves the cache

Sizes = tuple[int, ...]
State = dict[str, Any]  # what an optimizer remembers of one parameter: numbers, and Tensors of its shape


class OneVector:
    """Parameters laid end to end, so that updating all takes a few NumPy calls and not a few for each.

    What is remembered of each parameter becomes a view of its part of one long memory, and so stays true by itself.
    """

    def __init__(self, params: Sequence[Tensor], states: Sequence[State]) -> None:
        self.params, self.states = params, states
        self.arrays = [p.array for p in params]
        self.vector = end_to_end(self.arrays)
        self.gradient = np.empty_like(self.vector)
        self.parts = parts_of(self.vector, params)
        self.state: State = {}
        for name, value in states[0].items():
            if isinstance(value, Tensor):
                value = Tensor(end_to_end([state[name].array for state in states]))
                for part, state in zip(parts_of(value.array, params), states, strict=True):
                    state[name] = Tensor(part)
            self.state[name] = value
        self.left = values_of(states)  # as an update left them: whoever changes them since is heard

    @staticmethod
    def pays(params: Sequence[Tensor], states: Sequence[State]) -> bool:
        """Whether there are several small parameters of one type, each in memory of its own, with memories of arrays that
        differ in nothing else."""
        if len(params) < 2 or not any(isinstance(value, Tensor) for value in states[0].values()):
            return False
        if sum(p.numel() for p in params) > LONGEST or len({p.dtype for p in params}) > 1:
            return False
        if any(isinstance(value, np.ndarray) for state in states for value in state.values()):
            return False
        kinds = [[(name, None if isinstance(v, Tensor) else v) for name, v in state.items()] for state in states]
        return all(kind == kinds[0] for kind in kinds) and len({id(owner(p.array)) for p in params}) == len(params)

    def holds(self, params: Sequence[Tensor], states: Sequence[State]) -> bool:
        """Whether it was made of these very parameters and arrays, and their memories are as it left them."""
        return (
            same_things(params, self.params)
            and same_things([p.array for p in params], self.arrays)
            and same_things(states, self.states)
            and same_things(values_of(states), self.left)
        )

    def taken_together(self) -> Iterator[tuple[np.ndarray, np.ndarray, State]]:
        """Parameters, gradients and memory for a formula to change, and then back to where they belong."""
        end_to_end([p.array for p in self.params], out=self.vector)
        end_to_end([p.grad.array for p in self.params if p.grad is not None], out=self.gradient)
        yield self.vector, self.gradient, self.state
        numbers = {name: value for name, value in self.state.items() if not isinstance(value, Tensor)}
        for p, part, state in zip(self.params, self.parts, self.states, strict=True):
            np.copyto(p.array, part)
            state.update(numbers)
        self.left = values_of(self.states)


def end_to_end(arrays: Iterable[np.ndarray], out: np.ndarray | None = None) -> np.ndarray:
    """All elements of all arrays, one after the other."""
    return np.concatenate([array.reshape(-1) for array in arrays], out=out)


def parts_of(vector: np.ndarray, params: Sequence[Tensor]) -> list[np.ndarray]:
    """The part of a long vector that belongs to each parameter, in its shape."""
    bounds = pairwise(accumulate((p.numel() for p in params), initial=0))
    return [vector[slice(*b)].reshape(p.shape) for b, p in zip(bounds, params, strict=True)]


def values_of(states: Iterable[State]) -> list[Any]:
    """All that is remembered of all parameters, in a row."""
    return [value for state in states for value in state.values()]


def same_things(these: Sequence[Any], those: Sequence[Any]) -> bool:
    """Whether two rows hold the very same things."""
    return len(these) == len(those) and all(map(is_, these, those))


# Losses


def cross_entropy(z: Any, *, labels: np.ndarray, smoothing: float = 0.0) -> Rule:
    """The cross-entropy of ops.py on arrays, with the classes first in memory, as `linear` leaves them.

    z (N, C), labels (N,) from 0 to C - 1, which is for the caller to see to; smoothing: the part of the target that is
    spread over all classes (Szegedy et al., 2016, section 7). To compare and to add rows as long as the batch takes NumPy a
    few calls of its inner loops, and not one for each example.
    """
    if not isinstance(z, np.ndarray):
        if not smoothing:
            return ops.cross_entropy(z, labels=labels)
        q = np.full(z.shape, smoothing / z.shape[1] / z.shape[0], z.dtype)
        q[np.arange(len(labels)), labels] += (1 - smoothing) / z.shape[0]
        return ops.soft_cross_entropy(z, q)[:2]
    by_class = np.ascontiguousarray(z.T)
    classes, count = by_class.shape
    shifted = by_class - np.maximum.reduce(by_class, axis=0)
    exps = np.exp(shifted)
    totals = ops.ones(classes, z.dtype).dot(exps)
    at_label = labels * count + np.arange(count)  # where the labels are in the memory of (C, N)
    at_target = shifted.reshape(-1)[at_label]
    if smoothing:
        at_target = (1 - smoothing) * at_target + smoothing / classes * ops.ones(classes, z.dtype).dot(shifted)

    def way_back(g: np.ndarray) -> np.ndarray:
        per_example = g / count
        dz: np.ndarray = exps * (per_example / totals)
        dz.reshape(-1)[at_label] -= per_example * (1 - smoothing)
        if smoothing:
            dz -= per_example * (smoothing / classes)
        return dz.T

    loss = ops.ones(count, z.dtype).dot(np.log(totals) - at_target) / count
    return np.asarray(loss, z.dtype), way_back  # before NumPy 2, a float32 by an int may be a float64


# Convolution

MANY = 1_500_000  # unfolded elements beyond which memory, not arithmetic, decides how long a convolution takes
SLAB = 400_000  # unfolded elements that stay in cache while they are multiplied


def windows(padded: np.ndarray, count: Sizes, kernel_size: Sizes, stride: Sizes, dilation: Sizes) -> np.ndarray:
    """Every window of (C, *padded size, N) as a view (C, *kernel_size, *count, N).

    Strides say where a number is, and several places may be one number: nothing is copied.
    """
    channel, *steps, example = padded.strides
    within = (step * d for step, d in zip(steps, dilation, strict=True))
    between = (step * s for step, s in zip(steps, stride, strict=True))
    shape = (len(padded), *kernel_size, *count, padded.shape[-1])
    strides = (channel, *within, *between, example)
    if padded.flags.c_contiguous:
        return np.ndarray(shape, padded.dtype, padded, 0, strides)  # what as_strided does, in a third of the time
    return np.lib.stride_tricks.as_strided(padded, shape, strides)


def convolution_in_slabs(
    unfold: Callable[..., Any],
    fold: Callable[..., Any],
    padded: np.ndarray,
    within: Any,
    weight: np.ndarray,
    *bias: np.ndarray,
    count: Sizes,
    kernel_size: Sizes,
    stride: Sizes,
    dilation: Sizes,
    groups: int,
) -> tuple[Any, ...]:
    """The convolution of conv.py on arrays, some rows of the output at a time, so that their windows stay in cache.

    unfold and fold are those of conv.py, padded (C, *padded size, N) is the input with its padding and `within` where the
    input is in it, count is the size of the output. The windows are not kept: to unfold them again on the way back takes
    less time than to fetch them from memory.
    """
    channels, *size, batch = padded.shape
    matrix = weight.reshape(groups, len(weight) // groups, -1)
    shape, with_bias = weight.shape, bool(bias)
    geometry: dict[str, Any] = {"kernel_size": kernel_size, "stride": stride, "dilation": dilation}
    geometry["padding"] = ((0, 0),) * len(size)

    places = math.prod(count[1:]) * batch  # in a row of the output
    reach = dilation[0] * (kernel_size[0] - 1) + 1  # rows of the input that a row of the output sees
    step = max(1, SLAB // (groups * matrix.shape[2] * places))
    slabs = []  # which rows of the padded input lead to which places of the output; the last may end early
    for first in range(0, count[0], step):
        seen = slice(first * stride[0], (first + step - 1) * stride[0] + reach)
        slabs.append((seen, slice(first * places, (first + step) * places)))

    def windows_in(seen: slice) -> np.ndarray:
        columns: np.ndarray = unfold(np.moveaxis(padded[:, seen], -1, 0), **geometry)[0]
        return columns.reshape(groups, matrix.shape[2], -1)

    y = np.empty((*matrix.shape[:2], count[0] * places), padded.dtype)
    y_shape = y.shape
    for seen, made in slabs:
        np.matmul(matrix, windows_in(seen), out=y[..., made])
        if bias:
            y[..., made] += bias[0].reshape(groups, -1, 1)

    def pullback(g: np.ndarray, wanted: Sequence[bool]) -> tuple[Any, ...]:
        rows = np.moveaxis(g, 0, -1).reshape(y_shape)
        dpadded = np.zeros_like(padded) if wanted[0] else None
        dmatrix = np.zeros_like(np.swapaxes(matrix, 1, 2)) if wanted[1] else None  # of the transpose, which is quicker
        for seen, made in slabs:
            if dpadded is not None:
                dcolumns = np.swapaxes(matrix, 1, 2) @ rows[..., made]
                dcolumns = dcolumns.reshape(channels, *kernel_size, -1, *count[1:], batch)
                part = dpadded[:, seen]
                part += np.moveaxis(fold(dcolumns, size=part.shape[1:-1], **geometry)[0], 0, -1)
            if dmatrix is not None:
                dmatrix += windows_in(seen) @ np.swapaxes(rows[..., made], 1, 2)
        dx = None if dpadded is None else np.moveaxis(dpadded[within], -1, 0)
        dweight = None if dmatrix is None else np.swapaxes(dmatrix, 1, 2).reshape(shape)
        dbias = (rows @ ops.ones(rows.shape[2], rows.dtype)).reshape(-1) if with_bias and wanted[2] else None
        return dx, dweight, *([dbias] if with_bias else [])

    return np.moveaxis(y.reshape(len(weight), *count, batch), -1, 0), pullback


# Memory


def keep_freed_memory() -> None:
    """Let the process keep the memory that a training step frees for the next one, up to twice 31 MB.

    Otherwise each step is given its larger arrays anew by the system, page by page, which took half of the time of
    LeNet. The C library of Linux on 64 bits learns from a block this large that is freed, untouched, that such blocks
    come and go; elsewhere nothing happens. man mallopt, M_MMAP_THRESHOLD and M_TRIM_THRESHOLD.
    """
    with suppress(MemoryError):
        np.empty(31 << 20, np.uint8)


keep_freed_memory()
