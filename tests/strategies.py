"""What the tests draw: shapes that broadcast, memory layouts, axes, indices, and numbers that keep clear of kinks.

Shapes, layouts and places come from hypothesis, so that a failure shrinks to something small. The numbers come from a
NumPy generator seeded by hypothesis: there are many of them, and shrinking each would tell nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations, product
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

Shape = tuple[int, ...]


# Memory


def _strided(x: np.ndarray) -> np.ndarray:
    wide = np.full([2 * n for n in x.shape], np.nan).astype(x.dtype)
    every_other = wide[(..., *(slice(None, None, 2) for _ in x.shape))]
    every_other[...] = x
    return every_other


def _inside(x: np.ndarray) -> np.ndarray:
    larger = np.full([n + 3 for n in x.shape], np.nan).astype(x.dtype)
    middle = larger[(..., *(slice(1, -2) for _ in x.shape))]
    middle[...] = x
    return middle


def _reversed(x: np.ndarray) -> np.ndarray:
    backwards = (..., *(slice(None, None, -1) for _ in x.shape))
    return x[backwards].copy()[backwards]


def _swapped(x: np.ndarray) -> np.ndarray:
    return np.swapaxes(np.swapaxes(x, -1, -2).copy(), -1, -2) if x.ndim > 1 else x.copy()


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "C": lambda x: np.array(x, order="C"),
    "Fortran": lambda x: np.array(x, order="F"),
    "last axes swapped": _swapped,
    "reversed": _reversed,
    "strided": _strided,
    "inside a larger array": _inside,
}
layouts = st.sampled_from(list(LAYOUTS))


# Shapes, axes, indices


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 3) -> st.SearchStrategy[Shape]:
    """Shapes from a single number to a few small dimensions."""
    sides = range(min_side, max_side + 1)
    return st.sampled_from([shape for ndim in range(min_dims, max_dims + 1) for shape in product(sides, repeat=ndim)])


def narrower(shape: Shape) -> st.SearchStrategy[Shape]:
    """Shapes that broadcast to a shape: with dimensions of length 1, and with some in front left out."""
    narrowed = product(*({n, 1} for n in shape))
    return st.sampled_from(sorted({some[first:] for some in narrowed for first in range(len(shape) + 1)}, reverse=True))


@st.composite
def broadcasting_shapes(draw: st.DrawFn, count: int, max_dims: int = 3) -> list[Shape]:
    """Shapes that broadcast together, one of them perhaps not the widest in any dimension."""
    shape = draw(shapes(max_dims=max_dims))
    others = [draw(narrower(shape)) for _ in range(count - 1)]
    return draw(st.permutations([shape, *others]))


def dims(ndim: int) -> st.SearchStrategy[int]:
    """One dimension, counted from the front or from the back."""
    return st.integers(-max(ndim, 1), max(ndim, 1) - 1)


def axes(ndim: int) -> st.SearchStrategy[int | tuple[int, ...] | None]:
    """What may be reduced: all, one dimension or several in any order, counted from the front or from the back."""
    several = [some for count in range(1, ndim + 1) for some in permutations(range(-ndim, ndim), count)]
    distinct = [some for some in several if len({d % ndim for d in some}) == len(some)]
    return st.sampled_from([None, *range(-ndim, ndim), *distinct])


@st.composite
def orders(draw: st.DrawFn, ndim: int) -> tuple[int, ...]:
    """All dimensions in some order, each counted from the front or from the back."""
    return tuple(draw(st.sampled_from([d, d - ndim])) for d in draw(st.permutations(range(ndim))))


@st.composite
def indices(draw: st.DrawFn, shape: Shape) -> Any:
    """Any index NumPy takes: slices with any step, whole numbers, None, the ellipsis, masks, arrays that name elements
    again and again, and mixtures."""
    kind = draw(st.sampled_from(["basic", "arrays", "mask", "mixed"]))
    if kind == "basic" or not shape:
        return draw(hnp.basic_indices(shape, allow_newaxis=True))
    if kind == "arrays":
        return draw(hnp.integer_array_indices(shape, result_shape=shapes(1, 2, 1, 3), dtype=np.dtype(np.int64)))
    if kind == "mask":
        return draw(hnp.arrays(bool, shape[: draw(st.integers(1, len(shape)))]))
    length = draw(st.integers(1, 3))
    return tuple(draw(_place(n, length)) for n in shape[: draw(st.integers(1, len(shape)))])


def _place(n: int, length: int) -> st.SearchStrategy[Any]:
    """Part of an index, for a dimension of length n: a number, a slice, or an array of a length."""
    places = st.lists(st.integers(-n, n - 1), min_size=length, max_size=length)
    return st.one_of(st.integers(-n, n - 1), st.slices(n), places.map(lambda i: np.array(i, np.int64)))


# Numbers


@st.composite
def numbers(
    draw: st.DrawFn, *sizes: Shape, low: float = -2, high: float = 2, avoid: Sequence[float] = ()
) -> list[np.ndarray]:
    """Arrays of float64 from low to high, of which no two are equal, within an array or between them.

    Differences and distances to what is avoided are thousands of times what finite differences move.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    total = sum(math.prod(shape) for shape in sizes)
    flat = low + (high - low) * (rng.permutation(total) + rng.uniform(0.25, 0.75, total)) / max(total, 1)
    for kink in avoid:
        flat += np.where(flat >= kink, 0.05, -0.05)
    ends = np.cumsum([math.prod(shape) for shape in sizes])
    return [part.reshape(shape) for part, shape in zip(np.split(flat, ends[:-1]), sizes, strict=True)]


# Calls: a function, the arrays it is called with, and the rest


@dataclass
class Call:
    """A function with what it takes, drawn: arrays, the layout of each in memory, and keywords."""

    function: Callable[..., Any]
    values: list[np.ndarray]
    layouts: list[str]
    params: dict[str, Any] = field(default_factory=dict)

    def arrays(self, dtype: Any = np.float64) -> list[np.ndarray]:
        """The arrays in a data type, each in memory of its own in the layout drawn for it."""
        return [LAYOUTS[name](x.astype(dtype)) for x, name in zip(self.values, self.layouts, strict=True)]

    def __call__(self, *leading: Any) -> Any:
        return self.function(*leading, **self.params)


Calls = st.SearchStrategy[Call]


@st.composite
def call(draw: st.DrawFn, function: Callable[..., Any], *sizes: Shape, params: Any = None, **span: Any) -> Call:
    """A call of a function with arrays of the sizes, and keywords; span is what `numbers` takes."""
    return Call(function, draw(numbers(*sizes, **span)), [draw(layouts) for _ in sizes], params or {})


@st.composite
def also(draw: st.DrawFn, calls: Calls, **params: st.SearchStrategy[Any]) -> Call:
    """The calls with further keywords."""
    drawn = draw(calls)
    return replace(drawn, params={**drawn.params, **draw(st.fixed_dictionaries(params))})


@st.composite
def elementwise(draw: st.DrawFn, function: Callable[..., Any], count: int = 1, **span: Any) -> Call:
    """A call of a function of elements with arrays that broadcast."""
    return draw(call(function, *draw(broadcasting_shapes(count)), **span))


@st.composite
def reducing(
    draw: st.DrawFn,
    function: Callable[..., Any],
    dim: str = "dim",
    keepdim: str = "keepdim",
    sizes: st.SearchStrategy[Shape] | None = None,
    **span: Any,
) -> Call:
    """A call of a function that reduces all dimensions, one or several, and keeps them with length 1 or does not."""
    shape = draw(shapes() if sizes is None else sizes)
    return draw(call(function, shape, params={dim: draw(axes(len(shape))), keepdim: draw(st.booleans())}, **span))


@st.composite
def along(draw: st.DrawFn, function: Callable[..., Any], dim: str = "dim", **span: Any) -> Call:
    """A call of a function along one dimension."""
    shape = draw(shapes(min_dims=1))
    return draw(call(function, shape, params={dim: draw(dims(len(shape)))}, **span))


@st.composite
def shaping(draw: st.DrawFn, function: Callable[..., Any], params: Callable[[Shape], Any], min_dims: int = 0) -> Call:
    """A call of a function that moves elements, with keywords for the shape: params(shape) gives their strategies."""
    shape = draw(shapes(min_dims))
    return draw(call(function, shape, params=draw(st.fixed_dictionaries(params(shape)))))


@st.composite
def products(draw: st.DrawFn, function: Callable[..., Any], vectors: bool) -> Call:
    """A call of a product of matrices, of stacks of them that broadcast and, where it takes them, of vectors."""
    n, k, m = (draw(st.integers(1, 3)) for _ in range(3))
    stacks = draw(broadcasting_shapes(2, max_dims=2))
    left = (k,) if vectors and draw(st.booleans()) else (*stacks[0], n, k)
    right = (k,) if vectors and draw(st.booleans()) else (*stacks[1], k, m)
    return draw(call(function, left, right))


def several_parts(min_dims: int = 1) -> st.SearchStrategy[tuple[int, list[Shape]]]:
    """A dimension, and one to three shapes that differ at most there."""

    @st.composite
    def parts(draw: st.DrawFn) -> tuple[int, list[Shape]]:
        shape = draw(shapes(min_dims))
        dim = draw(dims(len(shape)))
        lengths = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
        at = dim % len(shape)
        return dim, [(*shape[:at], n, *shape[at + 1 :]) for n in lengths]

    return parts()


@st.composite
def sizes_of_pieces(draw: st.DrawFn, length: int) -> list[int]:
    """Whole numbers from 0 on that add up to a length."""
    cuts = sorted(draw(st.lists(st.integers(0, length), max_size=3)))
    return [stop - start for start, stop in zip([0, *cuts], [*cuts, length], strict=True)]


@st.composite
def reshaped(draw: st.DrawFn, shape: Shape) -> Shape:
    """Another shape of as many elements, perhaps with one length left open as -1."""
    count = math.prod(shape)
    first = draw(st.sampled_from([n for n in range(1, count + 1) if count % n == 0]))
    other = draw(st.sampled_from([(count,), (first, count // first), (1, count // first, first)]))
    return tuple(-1 if i == 0 else n for i, n in enumerate(other)) if draw(st.booleans()) else other


def for_every(calls: Calls, check: Callable[[Call], Any], examples: int = 20, **options: Any) -> None:
    """Check as many calls as there are examples: what `@given` does, for tests that are a line in a table."""

    @settings(max_examples=examples, report_multiple_bugs=False, **options)
    @given(call=calls)
    def checked(call: Call) -> None:
        check(call)

    checked()
