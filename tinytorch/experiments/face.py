"""What every study has: a question, runs for two sizes of it, and a table and a picture made of what the runs found.

A study is data and three plain functions; how its runs are spread over processes, stored and shown is not its concern.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Config = dict[str, Any]  # the settings of a run by name: numbers, strings, lists of these
Values = dict[str, Any]  # what a run found: numbers, strings, arrays, lists of these
Range = tuple[float | None, float | None]  # the least and the greatest that will do; None where there is no such bound


class Panel(Protocol):
    """A part of a picture, as viz makes them: it can be drawn, or shown as text, and gives its data."""

    @property
    def size(self) -> tuple[float, float]:
        """What it is drawn in, inches."""

    def draw(self, ax: Axes) -> None:
        """Draw it with matplotlib."""

    def text(self, columns: int, braille: bool) -> str:
        """Lines that are no wider than so many columns."""

    def data(self) -> dict[str, Any]:
        """What is drawn, as numbers, strings, lists and dicts, for a file of JSON."""


class Run(NamedTuple):
    """One training, or whatever a study repeats: its settings, and the seed of all that is random in it."""

    config: Config
    seed: int

    def __str__(self) -> str:
        """How it is called in messages: "model=mlp lr=0.1 seed=3"."""
        return " ".join(f"{name}={value}" for name, value in [*self.config.items(), ("seed", self.seed)])


class Result(NamedTuple):
    """What came of a run, and how many seconds of a processor it took."""

    run: Run
    values: Values
    seconds: float


class Results(list[Result]):
    """The finished runs of a study, seed by seed, each seed's in the order of the plan."""

    def where(self, **settings: Any) -> Results:
        """Those with these settings."""
        return Results(r for r in self if all(r.run.config.get(name) == value for name, value in settings.items()))

    def values(self, name: str, **settings: Any) -> list[Any]:
        """What the runs with these settings found under a name; where the settings tell runs apart, one for each seed."""
        return [result.values[name] for result in self.where(**settings)]

    def percent(self, name: str, **settings: Any) -> list[float]:
        """The same for fractions, in percent."""
        return [100 * value for value in self.values(name, **settings)]

    def settings(self, name: str) -> list[Any]:
        """The different values of a setting, in the order in which they come."""
        found: list[Any] = []
        for result in self:
            value = result.run.config.get(name)
            if value is not None and value not in found:
                found.append(value)
        return found


@dataclass(frozen=True)
class Row:
    """A line of a study's table: a figure of ours beside the published one.

    ours: one number for each seed; none where the runs are not finished. published: as its source gives it. must: what
    the mean has to lie in when all of the study is run.
    """

    what: str
    ours: Sequence[float]
    published: str = ""
    must: Range | None = None
    form: str = ".1f"
    unit: str = " %"

    @property
    def mean(self) -> float:
        """The mean over the seeds, nan where there is none."""
        return statistics.fmean(self.ours) if self.ours else math.nan

    @property
    def error(self) -> float:
        """The standard error of the mean, nan for less than two seeds."""
        return standard_error(self.ours)

    @property
    def holds(self) -> bool | None:
        """Whether the mean lies where it must; None where nothing is asked, or nothing known."""
        if self.must is None or not self.ours:
            return None
        low, high = self.must
        return (low is None or self.mean >= low) and (high is None or self.mean <= high)


def standard_error(values: Sequence[float]) -> float:
    """Of the mean of independent values, such as those of several seeds; nan for less than two."""
    return statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan


@dataclass(frozen=True)
class Plan:
    """The settings of all runs for one seed, and how many seeds there are unless one asks for another number."""

    configs: list[Config]
    seeds: int

    def runs(self, seeds: int | None = None) -> list[Run]:
        """All runs: those of seed 0, of seed 1, ..."""
        return [Run(config, seed) for seed in range(self.seeds if seeds is None else seeds) for config in self.configs]


@dataclass(frozen=True)
class Study:
    """An experiment that somebody published, made again with this library. The package says how to write one."""

    name: str
    question: str
    source: str
    run: Callable[[Config, int], Values]
    quick: Plan
    full: Plan
    table: Callable[[Results], list[Row]]
    picture: Callable[[Results], Sequence[Panel]]
    needs: tuple[str, ...] = ()
