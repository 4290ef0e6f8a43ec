"""Checks: what is called with drawn inputs, and how the answer is judged.

A check has two halves. Its probe, a function of the module's probes.py, runs where the learner's code runs and returns
arrays and plain values. The judgement runs in another process: the answer must be the library's own, or pass `judge`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from tinytorch.course.drawing import Draw, seed_of
from tinytorch.course.frames import Other

TOLERANCES = {"float16": (1e-2, 1e-3), "float32": (1e-4, 1e-5), "float64": (1e-7, 1e-9)}  # relative, absolute


@dataclass(frozen=True, eq=False)
class Case:
    """One call: the probe and what it is given, and the call as a learner would write it."""

    probe: str
    call: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, float]:
        """How much there is to read: elements, and how far the numbers are from 0."""
        arrays = list(arrays_in(dict(self.arguments)))
        return sum(a.size for a in arrays), float(sum(np.abs(a).sum() for a in arrays if a.size))


def case(probe: str, call: str, **arguments: Any) -> Case:
    """A Case, its arguments by name; a single number of NumPy's becomes an array without axes."""
    arrays = {name: np.asarray(value) if isinstance(value, np.generic) else value for name, value in arguments.items()}
    return Case(probe, call, arrays)


def copied(value: Any) -> Any:
    """Arguments whose arrays, in whatever lists and dicts they lie, may be written to."""
    if isinstance(value, np.ndarray):
        return np.array(value)
    if isinstance(value, Mapping):
        return {name: copied(item) for name, item in value.items()}
    return type(value)(map(copied, value)) if isinstance(value, (list, tuple)) else value


def arrays_in(value: Any) -> Iterator[np.ndarray]:
    """The arrays that a value consists of."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from arrays_in(item)


Judge = Callable[[Case, Any], str | None]


@dataclass(frozen=True)
class Check:
    """What an exercise must do, in words, and how its inputs are drawn.

    judge: says in a sentence what is wrong with an answer, None if nothing is; without it the answer must be the library's.
    known: cases that were written down; then none are drawn.
    """

    exercise: str
    name: str
    shows: str
    draw: Callable[[Draw], Case]
    count: int = 25
    judge: Judge | None = None
    known: tuple[Case, ...] = ()

    @cache  # noqa: B019 - checks live as long as the process
    def cases(self, salt: str = "") -> list[Case]:
        """The cases of a term, the same for everybody, small ones first."""
        if self.known:
            return list(self.known)
        seeds = (seed_of(salt, self.exercise, self.name, i) for i in range(self.count))
        return [self.draw(Draw(seed, longest=1 + 4 * i // self.count)) for i, seed in enumerate(seeds)]


class Checks(list[Check]):
    """The checks of a module: `check = Checks()`, then `@check("04.2")` above a function that draws a Case.

    The function's docstring says what is shown, in a sentence without its full stop.
    """

    def __call__(self, exercise: str, *, count: int = 25, judge: Judge | None = None) -> Callable[[Any], Any]:
        """A decorator that adds a check."""

        def add(draw: Callable[[Draw], Case]) -> Callable[[Draw], Case]:
            shows = " ".join((draw.__doc__ or draw.__name__).split())
            self.append(Check(exercise, draw.__name__, shows, draw, count, judge))
            return draw

        return add


# Comparing answers


@dataclass(frozen=True)
class Difference:
    """Where an answer first departs from what was expected. `where` is "" or "gradient of a"; index is into an array."""

    where: str
    what: str  # in a sentence
    got: Any = None
    expected: Any = None
    index: tuple[int, ...] | None = None


def difference(got: Any, expected: Any, where: str = "") -> Difference | None:
    """The first departure of an answer from the expected one, None where they agree.

    Kind, shape and data type must be the same; floating point numbers agree within TOLERANCES, all else exactly.
    """
    got, expected = (np.asarray(side) if isinstance(side, np.generic) else side for side in (got, expected))
    if isinstance(expected, np.ndarray) or isinstance(got, np.ndarray):
        return _array_difference(got, expected, where)
    if isinstance(expected, dict) and isinstance(got, dict):
        for key, item in expected.items():
            if key not in got:
                return Difference(_join(where, key), "is missing")
            if found := difference(got[key], item, _join(where, key)):
                return found
        return None
    if isinstance(expected, (list, tuple)) and isinstance(got, (list, tuple)):
        if len(got) != len(expected):
            return Difference(where, f"has {len(got)} items, expected {len(expected)}", got, expected)
        each = (difference(g, e, _join(where, f"[{i}]")) for i, (g, e) in enumerate(zip(got, expected, strict=True)))
        return next((found for found in each if found), None)
    if isinstance(expected, float) and type(got) in (int, float):
        number = math.inf if type(got) is int and got.bit_length() > 1000 else float(got)
        close = number == expected or np.isclose(number, expected, *TOLERANCES["float64"], equal_nan=True)
        return None if close else Difference(where, f"is {number:.6g}, expected {expected:.6g}", got, expected)
    if type(got) is type(expected) and got == expected:
        return None
    return Difference(where, f"is {described(got)}, expected {described(expected)}", got, expected)


def _array_difference(got: Any, expected: Any, where: str) -> Difference | None:
    if not (isinstance(got, np.ndarray) and isinstance(expected, np.ndarray)):
        return Difference(where, f"is {described(got)}, expected {described(expected)}", got, expected)
    if got.shape != expected.shape:
        return Difference(where, f"has shape {got.shape}, expected {expected.shape}", got, expected)
    if got.dtype != expected.dtype:
        return Difference(where, f"has data type {got.dtype}, expected {expected.dtype}", got, expected)
    if got.tobytes() == expected.tobytes():  # most answers are: this costs a fiftieth of what isclose does
        return None
    tolerance = TOLERANCES.get(expected.dtype.name)
    with np.errstate(all="ignore"):
        same = got == expected  # which is mostly so, and is quicker to find out
        if tolerance and not same.all():
            same = np.isclose(got, expected, *tolerance, equal_nan=True)
    if same.all():
        return None
    index = tuple(int(i) for i in np.argwhere(~same)[0])
    what = f"is wrong at {(~same).sum()} of {same.size} elements" if same.size > 1 else "is wrong"
    return Difference(where, what, got, expected, index)


def described(value: Any) -> str:
    """What something is, in a few words."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} in {value.dtype}"
    if isinstance(value, Other):
        article = "an" if value.kind[:1].lower() in "aeiou" else "a"
        return f"{article} {value.kind} ({value.text})" if value.text else f"{article} {value.kind}"
    return repr(value)[:200]


def _join(where: str, part: str) -> str:
    return part if not where else where + part if part.startswith("[") else f"{where}, {part}"


# Judgements for checks that do not ask for the library's own answer


def all_of(*judges: Judge) -> Judge:
    """The first complaint of several judgements."""

    def judge(case: Case, answer: Any) -> str | None:
        return next((said for one in judges if (said := one(case, answer))), None)

    return judge


def close_to(compute: Callable[[Mapping[str, Any]], Any], key: str = "value") -> Judge:
    """The answer's `key` must be what `compute` makes of the case's arguments."""

    def judge(case: Case, answer: Any) -> str | None:
        found = difference(answer.get(key) if isinstance(answer, dict) else answer, compute(case.arguments))
        return f"the {key} {found.what}" if found else None

    return judge


def smallest(cases: Sequence[Case], chosen: Sequence[int]) -> int:
    """Which of the chosen cases has least to read."""
    return min(chosen, key=lambda i: cases[i].size)
