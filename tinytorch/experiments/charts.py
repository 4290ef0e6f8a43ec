"""Panels that most studies need, made of what their runs found: pictures of viz, of one value for each seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tinytorch import viz


def bar_chart(
    title: str, label: str, values: Mapping[str, Sequence[float]], *, size: tuple[float, float] = (6.0, 4.0)
) -> viz.Picture:
    """A bar for each name: the mean of its values, one for each seed, and their standard error."""
    return replace(viz.bars(values, xlabel=label, title=title), size=size)


def line_chart(
    title: str, x: str, y: str, values: Mapping[str, Mapping[float, Sequence[float]]], *, log: bool = False
) -> viz.Picture:
    """A curve for each name: over places of x the mean of the values, one for each seed, in a band of one standard error."""
    series = {name: np.array([*curve.values()]).T for name, curve in values.items()}  # (seeds, places)
    places = {name: [*curve] for name, curve in values.items()}
    return viz.curves(series, places, xlabel=x, ylabel=y, title=title, log_x=log)
