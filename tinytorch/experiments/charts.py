"""Panels that most studies need: bars and curves of means over seeds with their standard errors."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tinytorch.experiments.face import standard_error
from tinytorch.text import text_table
from tinytorch.viz import draw_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Bars:
    """A bar for each name: the mean of its values, one for each seed, and their standard error."""

    title: str
    label: str
    bars: Mapping[str, Sequence[float]]
    size: tuple[float, float] = (6.0, 4.0)

    def draw(self, ax: Axes) -> None:
        """Horizontal bars, the first on top."""
        names = [*self.bars]
        means = [statistics.fmean(values) for values in self.bars.values()]
        errors = [standard_error(values) for values in self.bars.values()]
        ax.barh(names, means, xerr=[0 if math.isnan(error) else error for error in errors], color="tab:blue", alpha=0.7)
        for place, mean in enumerate(means):
            ax.annotate(f"{mean:.1f} ", (mean, place), ha="right", va="center", fontsize="small")
        ax.invert_yaxis()
        ax.set(title=self.title, xlabel=self.label)

    def text(self, columns: int, braille: bool) -> str:
        """A line for each bar; the longest fills what the names leave of the columns."""
        means = {name: statistics.fmean(values) for name, values in self.bars.items()}
        left = max(map(len, means))
        numbers = {name: f"{mean:.1f}" for name, mean in means.items()}
        room = max(1, columns - left - max(map(len, numbers.values())) - 2)
        scale = room / max(*means.values(), 1e-9)
        mark = "━" if braille else "="
        lines = [f"{name:<{left}} {mark * max(0, round(mean * scale))} {numbers[name]}" for name, mean in means.items()]
        return "\n".join([f"{self.title} ({self.label})", *lines])

    def data(self) -> dict[str, Any]:
        """The values by name."""
        return {"title": self.title, "label": self.label, "bars": {name: [*v] for name, v in self.bars.items()}}


@dataclass(frozen=True)
class Curves:
    """A curve for each name: over x the mean of the values, one for each seed, with a band of one standard error.

    log: whether x is drawn by its logarithm.
    """

    title: str
    x: str
    y: str
    curves: Mapping[str, Mapping[float, Sequence[float]]]
    log: bool = False
    size: tuple[float, float] = (6.0, 4.0)

    def draw(self, ax: Axes) -> None:
        """Lines, with marks where the points are few."""
        for i, (name, curve) in enumerate(self.curves.items()):
            means = np.array([statistics.fmean(values) for values in curve.values()])
            errors = np.nan_to_num([standard_error(values) for values in curve.values()])
            draw_curve(ax, i, np.array([*curve]), means, errors, name)
        if self.log:
            ax.set_xscale("log")
        ax.set(title=self.title, xlabel=self.x, ylabel=self.y)
        ax.grid(alpha=0.3)
        ax.legend(fontsize="small")

    def text(self, columns: int, braille: bool) -> str:
        """The means as a table, at as many places of x as there is room for."""
        places = sorted({place for curve in self.curves.values() for place in curve})
        for most in range(min(len(places), 12), 0, -1):
            chosen = [places[round(i * (len(places) - 1) / max(1, most - 1))] for i in range(most)]
            lines = text_table([[self.x, *(f"{place:g}" for place in chosen)], *self._cells(chosen)], left=1)
            if len(lines[0]) <= columns:
                break
        return "\n".join([f"{self.title} ({self.y})", *(line[:columns].rstrip() for line in lines)])

    def _cells(self, places: Sequence[float]) -> list[list[str]]:
        return [
            [name, *(f"{statistics.fmean(curve[place]):.4g}" if place in curve else "" for place in places)]
            for name, curve in self.curves.items()
        ]

    def data(self) -> dict[str, Any]:
        """The values by name and place."""
        curves = {name: [[place, [*values]] for place, values in c.items()] for name, c in self.curves.items()}
        return {"title": self.title, "x": self.x, "y": self.y, "curves": curves}
