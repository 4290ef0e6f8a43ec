"""Pictures in a terminal, made of text alone: tables, learning curves, lines, points, bars, images.

Each function returns lines. In braille a character holds two by four dots; where a terminal has none, ASCII has to do.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TextIO

Curves = Mapping[str, Sequence[float]]  # fractions, one for each epoch, by name

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # the bits of a braille character's dots, row by row
SCALE = len("100 % |")
MARKS = "ox+*#%&@"  # of the series in a plot: told by their shape
SHADES = " .:-=+*#%@"  # from paper to ink
LONGEST = 400  # characters of a message that may quote as much of a file as it likes


# Learning curves, tables


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
    """Two by four dots in each character; all curves but the first are dashed."""
    dots = [
        (x, y)
        for i, curve in enumerate(curves)
        for x, passed in enumerate(_trace(curve, low, 2 * width, 4 * rows))
        if i == 0 or x % 4 < 2
        for y in passed
    ]
    return _braille(dots, width, rows)


def _braille(dots: Iterable[tuple[int, int]], columns: int, rows: int) -> list[str]:
    """Lines of braille with these dots set, (x, y) from the upper left."""
    bits = [[0] * columns for _ in range(rows)]
    for x, y in dots:
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


# Lines and points


class Canvas:
    """Dots in a rectangle of characters, two by four in each, or one where there is no braille."""

    def __init__(self, columns: int, rows: int, braille: bool = True) -> None:
        self.braille = braille
        self.width, self.height = (2 * columns, 4 * rows) if braille else (columns, rows)
        self._dots: set[tuple[int, int]] = set()

    def dot(self, x: int, y: int) -> None:
        """Set a dot, counted from the upper left; nothing happens outside."""
        if 0 <= x < self.width and 0 <= y < self.height:
            self._dots.add((x, y))

    def line(self, x0: int, y0: int, x1: int, y1: int) -> None:
        """Set the dots between two, both included."""
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for step in range(steps + 1):
            self.dot(round(x0 + (x1 - x0) * step / steps), round(y0 + (y1 - y0) * step / steps))

    def lines(self) -> list[str]:
        """The rectangle as text."""
        if not self.braille:
            return ["".join(" *"[(x, y) in self._dots] for x in range(self.width)) for y in range(self.height)]
        return _braille(self._dots, self.width // 2, self.height // 4)


def text_signal(
    values: Sequence[float], *, low: float, high: float, columns: int = 14, rows: int = 10, braille: bool = True
) -> list[str]:
    """A signal drawn from the top down, between the values `low` at the left and `high` at the right."""
    canvas = Canvas(columns, rows, braille)
    points = [
        (_place(value, low, high, canvas.width), _place(i, 0, len(values) - 1, canvas.height))
        for i, value in enumerate(values)
    ]
    for (x0, y0), (x1, y1) in zip(points, points[1:] or points, strict=False):
        canvas.line(x0, y0, x1, y1)
    return canvas.lines()


def text_plot(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    columns: int = 70,
    rows: int = 16,
    x_label: str = "",
    y_label: str = "",
    log_x: bool = False,
) -> list[str]:
    """Lines through points (x, y), each with a mark of its own; the first lies over the others. A legend comes last.

    Points that are not finite are left out. Raises ValueError where there is none, or an x of 0 or less with `log_x`.
    """
    kept = {
        name: [(x, y) for x, y in zip(*both, strict=True) if math.isfinite(x) and math.isfinite(y)]
        for name, both in series.items()
    }
    xs = [x for points in kept.values() for x, _ in points]
    ys = [y for points in kept.values() for _, y in points]
    if not xs or (log_x and min(xs) <= 0):
        raise ValueError(f"text_plot expects points{' with x above 0' if log_x else ''}, got {len(xs)}")
    scale = math.log if log_x else float
    left, right, bottom, top = scale(min(xs)), scale(max(xs)), min(ys), max(ys)
    labels = [f"{y:.4g}" for y in (top, bottom)]
    margin = max(len(label) for label in labels) + 2
    width = columns - margin
    grid = [[" "] * width for _ in range(rows)]
    for i, points in reversed([*enumerate(kept.values())]):
        mark = MARKS[i % len(MARKS)]
        places = [(_place(scale(x), left, right, width), rows - 1 - _place(y, bottom, top, rows)) for x, y in points]
        for x, y, character in [*_joints(places), *((x, y, mark) for x, y in places)]:
            grid[y][x] = character
    sides = [labels[0], *[""] * (rows - 2), labels[1]]
    drawn = [f"{side:>{margin - 2}} |{''.join(line)}".rstrip() for side, line in zip(sides, grid, strict=True)]
    ends = f"{min(xs):.4g}", f"{max(xs):.4g}"
    middle = x_label.center(max(width - len("".join(ends)), 0))
    foot = ["+".rjust(margin) + "-" * width, f"{'':{margin}}{ends[0]}{middle}{ends[1]}".rstrip()]
    legend = _filled([f"{MARKS[i % len(MARKS)]} {name}" for i, name in enumerate(kept)], columns)
    return [*([y_label] if y_label else []), *drawn, *foot, *legend]


def _filled(phrases: Sequence[str], columns: int) -> list[str]:
    """Phrases side by side, in as many lines as they need."""
    lines: list[str] = []
    for phrase in phrases:
        if lines and len(lines[-1]) + 3 + len(phrase) <= columns:
            lines[-1] += f"   {phrase}"
        else:
            lines.append(phrase)
    return lines


def _joints(places: Sequence[tuple[int, int]]) -> list[tuple[int, int, str]]:
    """What joins neighbouring marks: a dot in each column between them."""
    dots = []
    for (x0, y0), (x1, y1) in zip(places, places[1:], strict=False):
        dots += [(x, round(y0 + (y1 - y0) * (x - x0) / (x1 - x0)), ".") for x in range(x0 + 1, x1)]
    return dots


def text_points(
    points: Sequence[tuple[float, float]], marks: Sequence[str], *, columns: int = 70, rows: int = 24
) -> list[str]:
    """Points in the plane, each drawn as a character of its own; where several meet, the commonest is seen."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    met: dict[tuple[int, int], list[str]] = {}
    for (x, y), mark in zip(points, marks, strict=True):
        place = rows - 1 - _place(y, min(ys), max(ys), rows), _place(x, min(xs), max(xs), columns)
        met.setdefault(place, []).append(mark[:1])
    grid = [[" "] * columns for _ in range(rows)]
    for (row, column), here in met.items():
        grid[row][column] = max(sorted(set(here)), key=here.count)
    return ["".join(line).rstrip() for line in grid]


def _place(value: float, low: float, high: float, cells: int) -> int:
    """Which of so many cells a value falls into, the first from `low`, the last up to `high`."""
    part = (min(max(value, low), high) - low) / (high - low) if high > low else 0.5
    return round(part * (cells - 1))


# Bars and images


def text_bars(values: Mapping[str, float], *, columns: int = 70, digits: int = 4) -> list[str]:
    """A bar for each value of 0 or more, the longest as long as there is room for, and the value behind it."""
    said = {name: f"{value:.{digits}g}" for name, value in values.items()}
    names = max(map(len, values), default=0)
    room = max(columns - names - 2 - 1 - max(map(len, said.values()), default=0), 1)
    most = max(values.values(), default=0) or 1
    return [f"{name:<{names}}  {'#' * round(room * value / most)} {said[name]}" for name, value in values.items()]


def text_image(image: Sequence[Sequence[float]], *, braille: bool = True) -> list[str]:
    """An image of fractions from 0, paper, to 1, ink: dots where there is more ink than paper, or ASCII in shades.

    A character of ASCII is twice as high as it is wide, and stands for two rows of one column.
    """
    if braille:
        canvas = Canvas(-(-len(image[0]) // 2), -(-len(image) // 4))
        for y, row in enumerate(image):
            for x, value in enumerate(row):
                if value > 0.5:
                    canvas.dot(x, y)
        return canvas.lines()
    lines = []
    for y in range(0, len(image), 2):
        pairs = zip(*image[y : y + 2], strict=True)
        lines.append("".join(SHADES[_place(sum(pair) / len(pair), 0, 1, len(SHADES))] for pair in pairs))
    return lines


# Words


def printable(text: str) -> str:
    """A text in one line, without what a terminal takes for a command."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def legible(message: object) -> str:
    """A message that may quote a stranger's file: printable, and short."""
    text = printable(str(message))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."
