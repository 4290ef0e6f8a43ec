"""Inputs of checks: shapes, arrays, axes, drawn through one small interface whose every choice is an integer.

Numbers are multiples of a quarter, so that a failing input can be read, and typed again. Whoever replaces `integer` drives
all the rest: a seeded generator does it here, hypothesis can do it in tests.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

Choice = TypeVar("Choice")
STEP = 0.25
LAST = 2**32 - 1  # each draw takes 32 random bits or, rarely, some more
AT_ONCE = 16  # numbers of twice as many bits are asked of NumPy


class Draw:
    """Draws the inputs of one case, none of whose sides is longer than `longest`."""

    def __init__(self, seed: Sequence[int], longest: int = 4) -> None:
        self.bits = np.random.PCG64(np.array(seed, np.uint32))  # a list of numbers would be read one by one
        self.words: list[int] = []  # the next of them last
        self.longest = longest

    def integer(self, low: int, high: int) -> int:
        """A whole number from low to high, both included; fewer than 2^32 of them. Lemire (2019), algorithm 5.

        It is the number that NumPy's Generator.integers draws, in a tenth of its time.
        """
        count = high - low + 1
        if count == 1:
            return low
        product = self._word() * count
        while (rest := product & LAST) < count and rest < (LAST + 1 - count) % count:
            product = self._word() * count
        return low + (product >> 32)

    def _word(self) -> int:
        if not self.words:
            self.words = self.bits.random_raw(AT_ONCE).astype("<u8", copy=False).view("<u4")[::-1].tolist()
        return self.words.pop()

    def flag(self) -> bool:
        """True or False."""
        return bool(self.integer(0, 1))

    def choice(self, options: Sequence[Choice]) -> Choice:
        """One of several."""
        return options[self.integer(0, len(options) - 1)]

    def side(self, least: int = 1) -> int:
        """The length of an axis."""
        return self.integer(least, max(least, self.longest))

    def shape(self, least: int = 0, most: int = 3) -> tuple[int, ...]:
        """A shape of least to most axes."""
        return tuple(self.side() for _ in range(self.integer(least, most)))

    def partner(self, shape: Sequence[int]) -> tuple[int, ...]:
        """A shape that broadcasts to another: some axes of length 1, some leading ones missing."""
        kept = shape[self.integer(0, len(shape)) if self.flag() else 0 :]
        return tuple(1 if self.integer(0, 2) == 0 else n for n in kept)

    def axis(self, ndim: int) -> int:
        """An axis of an array of ndim axes, counted from either end."""
        return self.integer(-ndim, ndim - 1)

    def axes(self, ndim: int) -> int | tuple[int, ...] | None:
        """What a reduction takes: None for all, one axis, or a tuple of several."""
        kind = self.integer(0, 2) if ndim else 0
        if kind == 0:
            return None
        if kind == 1:
            return self.axis(ndim)
        return tuple(axis - ndim * self.flag() for axis in range(ndim) if self.flag())

    def order(self, n: int) -> list[int]:
        """0 to n - 1 in any order."""
        left = list(range(n))
        return [left.pop(self.integer(0, len(left) - 1)) for _ in range(n)]

    def integers(self, shape: Sequence[int], low: int, high: int) -> np.ndarray:
        """An int64 array of whole numbers from low to high, both included: labels, indices."""
        return np.array([self.integer(low, high) for _ in range(math.prod(shape))], np.int64).reshape(shape)

    def array(self, shape: Sequence[int] = (), low: float = -3, high: float = 3, dtype: Any = np.float64) -> np.ndarray:
        """An array of multiples of a quarter from low to high."""
        return np.asarray(self.integers(shape, math.ceil(low / STEP), math.floor(high / STEP)) * STEP, dtype)

    def positive(self, shape: Sequence[int] = (), dtype: Any = np.float64) -> np.ndarray:
        """Numbers from a quarter to 3."""
        return self.array(shape, STEP, 3, dtype)

    def nonzero(self, shape: Sequence[int] = (), dtype: Any = np.float64) -> np.ndarray:
        """Numbers from -3 to 3, none of them 0."""
        return np.asarray(self.positive(shape) * (2 * self.integers(shape, 0, 1) - 1), dtype)

    def distinct(self, shape: Sequence[int] = (), dtype: Any = np.float64) -> np.ndarray:
        """Numbers of which no two are equal, around 0."""
        n = math.prod(shape)
        return ((np.array(self.order(n), np.int64) - n // 2) * STEP).astype(dtype).reshape(shape)

    def layout(self, x: np.ndarray) -> np.ndarray:
        """The same elements in another order of memory."""
        return np.array(x, order="F") if self.flag() else x


def seed_of(*parts: str | int) -> list[int]:
    """The same numbers for the same words, on every machine."""
    return [zlib.crc32(str(part).encode()) for part in parts]
