"""Pictures: learning curves and tables in a terminal, with text alone, and in a file with matplotlib if it is installed.

matplotlib is loaded when it is asked for, here and nowhere else.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, BinaryIO, TextIO

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Curves = Mapping[str, Sequence[float]]  # fractions, one for each epoch, by name

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # the bits of a braille character's dots, row by row
SCALE = len("100 % |")


# In a terminal


def text_chart(title: str, curves: Curves, *, columns: int = 38, rows: int = 7, braille: bool = True) -> list[str]:
    """Fractions over the epochs, drawn as lines of text of one width: the first curve solid, the others dotted.

    The scale ends at 100 % and begins at the ten below the least value. columns, rows: the size of the whole, and of
    what is inside. Raises ValueError for curves without values.
    """
    if not curves or not all(curves.values()):
        raise ValueError(f"text_chart expects at least one value in each curve, got {dict(curves)}")
    least = min(value for curve in curves.values() for value in curve)
    low = min(math.floor(10 * least) / 10, 0.9)
    width = columns - SCALE
    inside = (_in_braille if braille else _in_ascii)([*curves.values()], low, width, rows)

    wall, corner, floor = "│└─" if braille else "|+-"
    labels = ["100 %", *[""] * (rows - 2), f"{100 * low:.0f} %"]
    drawn = [f"{label:>5} {wall}{line}" for label, line in zip(labels, inside, strict=True)]
    last = str(max(map(len, curves.values())))
    foot = f"{corner:>{SCALE}}{floor * width}", f"{'epoch 1':>{SCALE + 1}}{last:>{width - 1}}"
    return [f"{'':{SCALE}}{title:{width}}", *drawn, *foot]


def text_legend(names: Sequence[str], *, braille: bool = True) -> str:
    """Which curve of a `text_chart` is which."""
    solid, dotted = ("⠒⠒⠒⠒⠒", "⠒ ⠒ ⠒") if braille else ("*****", ". . .")
    return "   ".join(f"{dotted if i else solid} {name}" for i, name in enumerate(names))


def text_table(rows: Sequence[Sequence[str]], left: int = 2) -> list[str]:
    """Cells in columns, as lines of one width: a rule below the first row, the first columns so many to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    aligned = [
        [cell.ljust(w) if i < left else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))]
        for row in rows
    ]
    lines = ["  ".join(cells) for cells in aligned]
    return [lines[0], "-" * len(lines[0]), *lines[1:]]


def side_by_side(charts: Sequence[Sequence[str]], columns: int) -> str:
    """Charts of one size, as many in a row as fit into so many columns."""
    across = max(1, (columns + 2) // (len(charts[0][0]) + 2))
    rows = [charts[i : i + across] for i in range(0, len(charts), across)]
    return "\n\n".join("\n".join("  ".join(lines).rstrip() for lines in zip(*row, strict=True)) for row in rows)


def can_draw_braille(stream: TextIO) -> bool:
    """Whether a stream takes braille: its encoding must have it, and the font, which on Linux's own console has not."""
    try:
        "⠿│└─".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return os.environ.get("TERM") not in ("linux", "dumb")


def _in_braille(curves: Sequence[Sequence[float]], low: float, width: int, rows: int) -> list[str]:
    """Two by four dots in each character."""
    bits = [[0] * width for _ in range(rows)]
    for i, curve in enumerate(curves):
        for x, passed in enumerate(_trace(curve, low, 2 * width, 4 * rows)):
            if i == 0 or x % 4 < 2:
                for y in passed:
                    bits[y // 4][x // 2] |= DOTS[y % 4][x % 2]
    return ["".join(chr(0x2800 + cell) for cell in line) for line in bits]


def _in_ascii(curves: Sequence[Sequence[float]], low: float, width: int, rows: int) -> list[str]:
    """One dot in each character; the first curve is drawn last, over the others."""
    grid = [[" "] * width for _ in range(rows)]
    for i, curve in reversed([*enumerate(curves)]):
        for x, passed in enumerate(_trace(curve, low, width, rows)):
            if i == 0 or x % 2 == 0:
                for y in passed:
                    grid[y][x] = "." if i else "*"
    return ["".join(line) for line in grid]


def _trace(curve: Sequence[float], low: float, width: int, height: int) -> list[range]:
    """The dots, counted from the top, that a curve fills in each column of a grid; a single value fills one column."""
    columns = width if len(curve) > 1 else 1
    heights = []
    for x in range(columns):
        left, part = divmod(x * (len(curve) - 1), max(columns - 1, 1))
        value = curve[left]
        if part:
            value += (curve[left + 1] - value) * part / (columns - 1)
        heights.append(round((1 - min(max(value, low), 1)) / (1 - low) * (height - 1)))
    # where it is steep, a column is filled from beside its neighbour's dot on
    return [
        range(y, max(before, y + 1)) if y <= before else range(before + 1, y + 1)
        for before, y in zip([heights[0], *heights], heights, strict=False)
    ]


# With matplotlib


def require_matplotlib() -> type[Figure]:
    """matplotlib's Figure. Raises ImportError, which says how to install it, where it is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(f"pictures need matplotlib ({error}): python -m pip install matplotlib") from error
    return Figure


def picture_formats() -> list[str]:
    """The formats that matplotlib can write, by the ends of file names: pdf, png, svg and more."""
    return sorted(require_matplotlib()().canvas.get_supported_filetypes())


def plot_curves(charts: Mapping[str, Curves], file: BinaryIO, format: str = "png") -> None:
    """Draw a chart of fractions over the epochs for each name: the first curve solid, the others dashed."""
    across = min(2, len(charts))
    down = -(-len(charts) // across)
    figure = require_matplotlib()(figsize=(4.5 * across, 3 * down), layout="constrained")
    for place, (title, curves) in enumerate(charts.items(), 1):
        ax = figure.add_subplot(down, across, place)
        for i, (name, curve) in enumerate(curves.items()):
            epochs, percents = range(1, len(curve) + 1), [100 * value for value in curve]
            ax.plot(epochs, percents, "--" if i else "-", marker="o" if len(curve) == 1 else None, label=name)
        ax.locator_params(axis="x", integer=True)
        ax.set(title=title, xlabel="epoch", ylabel="accuracy, %")
        ax.grid(alpha=0.3)
        ax.legend()
    figure.savefig(file, format=format, dpi=150)
