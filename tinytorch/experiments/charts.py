"""Panels that most studies need: bars and curves of means over seeds with their standard errors."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinytorch.experiments.face import standard_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Bars:
    """A bar for each name: the mean of its values, one for each seed, and their standard error."""

    title: str
    label: str
    bars: Mapping[str, Sequence[float]]

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
