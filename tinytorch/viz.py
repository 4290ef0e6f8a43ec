"""Pictures of data, of what a network does with it, and of the network: in a file with matplotlib, in a terminal as text.

Every function returns a Picture: `picture.save("name.png")`, `print(picture)`, and `picture.data()` for the numbers in it.
matplotlib is loaded when something is drawn, here and nowhere else. Nothing is told by colour alone: lines differ in their
dashes and markers, points are characters, and what went wrong says so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import numpy as np

from tinytorch._files import atomic_write
from tinytorch.graphs import graph_nodes, graph_svg, graph_text
from tinytorch.text import side_by_side, text_bars, text_image, text_plot, text_points, text_signal, text_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")  # Okabe and Ito (2008)
DASHES = ("-", "--", "-.", ":")
MARKERS = "os^Dv<>P"
MARKED = 40  # points of a line, at most: more would hide it
COLUMNS = 78  # of a terminal


@dataclass(frozen=True)
class Picture:
    """What is shown, and how.

    numbers: what the picture shows, arrays and lists by name. lines: a function of a width in characters, and of whether there
    is braille, to lines of text. paint: draws on axes of matplotlib, for which `size`, in inches, is right.
    """

    numbers: dict[str, Any]
    lines: Callable[[int, bool], list[str]]
    paint: Callable[[Axes], None]
    size: tuple[float, float] = (6.0, 4.0)
    title: str = ""

    def data(self) -> dict[str, Any]:
        """The numbers as lists, dicts, numbers and strings, for a file of JSON."""
        plain: dict[str, Any] = _plain(self.numbers)
        return plain

    def text(self, columns: int = COLUMNS, braille: bool = True) -> str:
        """The picture as text, about so many characters wide."""
        return "\n".join([*([self.title] if self.title else []), *self.lines(columns, braille)])

    def __str__(self) -> str:
        return self.text()

    def draw(self, ax: Axes) -> None:
        """Draw it on axes of matplotlib."""
        self.paint(ax)
        ax.set_title(self.title)

    def save(self, file: str | os.PathLike[str] | BinaryIO, format: str | None = None) -> None:
        """Draw it into a file, as `save` does."""
        save([self], file, format)


@dataclass(frozen=True)
class Drawing:
    """A picture that is SVG already: `drawing.data()`, `print(drawing)`, `drawing.save("name.svg")`."""

    numbers: dict[str, Any]
    svg: str
    lines: Sequence[str]

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def _repr_svg_(self) -> str:
        return self.svg  # what a notebook shows

    def data(self) -> dict[str, Any]:
        """The numbers as lists, dicts, numbers and strings, for a file of JSON."""
        plain: dict[str, Any] = _plain(self.numbers)
        return plain

    def save(self, file: str | os.PathLike[str]) -> None:
        """Write the SVG. Raises ValueError for a name that does not end in .svg."""
        if Path(file).suffix.lower() != ".svg":
            raise ValueError(f"save expects a name that ends in .svg, got {os.fspath(file)!r}")
        with atomic_write(file) as stream:
            stream.write(self.svg.encode())


def require_matplotlib() -> type[Figure]:
    """matplotlib's Figure. Raises ImportError, which says how to install it, where it is missing."""
    try:
        figure: type[Figure] = import_module("matplotlib.figure").Figure
    except ImportError as error:
        raise ImportError(f"pictures need matplotlib ({error}): python -m pip install matplotlib") from error
    return figure


def picture_formats() -> list[str]:
    """The formats that matplotlib can write, by the ends of file names: pdf, png, svg and more."""
    return sorted(require_matplotlib()().canvas.get_supported_filetypes())


class Drawable(Protocol):
    """What can be drawn into a file: a Picture, or a part of a study's."""

    @property
    def size(self) -> tuple[float, float]:
        """In inches."""

    def draw(self, ax: Axes) -> None:
        """Draw it on axes of matplotlib."""


def save(pictures: Sequence[Drawable], file: str | os.PathLike[str] | BinaryIO, format: str | None = None) -> None:
    """Draw pictures into one file, two beside each other, whose name says the format: png, svg, pdf and more.

    Raises ValueError for no pictures and a format that matplotlib does not write, ImportError, which says how to install
    it, where it is missing.
    """
    named = file if isinstance(file, str | os.PathLike) else None
    kind = format or (Path(named).suffix[1:].lower() if named is not None else "png")
    if not pictures or kind not in picture_formats():
        expected = f"pictures and a name that ends in one of {', '.join(picture_formats())}"
        raise ValueError(f"save expects {expected}, got {len(pictures)} and {kind if named is None else str(named)!r}")
    across = min(2, len(pictures))
    down = -(-len(pictures) // across)
    width, height = (max(sizes) for sizes in zip(*(picture.size for picture in pictures), strict=True))
    figure = require_matplotlib()(figsize=(width * across, height * down), layout="constrained")
    for place, picture in enumerate(pictures, 1):
        picture.draw(figure.add_subplot(down, across, place))
    if named is None:
        figure.savefig(file, format=kind, dpi=150)
    else:
        with atomic_write(named) as stream:
            figure.savefig(stream, format=kind, dpi=150)


# Numbers over something: epochs, sparsity, width


def curves(
    series: Mapping[str, Any],
    x: Sequence[float] | np.ndarray | Mapping[str, Any] | None = None,
    *,
    xlabel: str = "epoch",
    ylabel: str = "accuracy, %",
    title: str = "",
    log_x: bool = False,
    lines_at: Mapping[str, float] | None = None,
) -> Picture:
    """A line for each name: values (N,) or, of several runs, (R, N), whose mean is drawn in a band of one standard error.

    x (N,): where the values belong, for all names or by name; 1, 2, ... if not given. lines_at: places on the x axis to mark, by name.
    numbers: "x", and for each name its "mean" and "error" (N,), which is 0 for a single run. Raises ValueError where sizes do
    not match.
    """
    runs = {name: np.atleast_2d(_array(values).astype(np.float64)) for name, values in series.items()}
    places = {name: _places(name, values, x[name] if isinstance(x, Mapping) else x) for name, values in runs.items()}
    mean = {name: values.mean(0) for name, values in runs.items()}
    error = {name: _standard_error(values) for name, values in runs.items()}

    def draw(ax: Axes) -> None:
        for i, name in enumerate(runs):
            draw_curve(ax, i, places[name], mean[name], error[name], name)
        for name, place in (lines_at or {}).items():
            ax.axvline(place, color="#555555", linestyle=":", linewidth=1)
            ax.annotate(f" {name}", (place, 0.98), xycoords=("data", "axes fraction"), va="top", fontsize=8)
        if log_x:
            label_ratios(ax)
        elif x is None:
            ax.locator_params(axis="x", integer=True)
        ax.set(xlabel=xlabel, ylabel=ylabel)
        ax.grid(alpha=0.3)
        draw_legend(ax)

    def lines(columns: int, braille: bool) -> list[str]:
        points = {name: (places[name].tolist(), mean[name].tolist()) for name in runs}
        drawn = text_plot(points, columns=columns, x_label=xlabel, y_label=ylabel, log_x=log_x)
        return drawn + [f"{name}: {xlabel} {place:.4g}" for name, place in (lines_at or {}).items()]

    numbers = {name: {"x": places[name], "mean": mean[name], "error": error[name]} for name in runs}
    return Picture(numbers, lines, draw, title=title)


def label_ratios(ax: Axes) -> None:
    """A logarithmic x axis whose few labels are plain numbers."""
    from matplotlib.ticker import LogLocator

    ax.set_xscale("log")
    low, high = ax.get_xlim()
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 1000 * low else (1,)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.tick_params(axis="x", which="minor", labelbottom=False)


def draw_curve(ax: Axes, i: int, x: np.ndarray, y: np.ndarray, error: np.ndarray, name: str) -> None:
    """The i-th line of a chart, told apart by dashes and marks as well as by colour, in a band of an error to both sides."""
    colour, dashes = COLOURS[i % len(COLOURS)], DASHES[i % len(DASHES)]
    marker = MARKERS[i % len(MARKERS)] if len(y) <= MARKED else None
    ax.plot(x, y, dashes, color=colour, marker=marker, markersize=4, label=name)
    if error.any():
        ax.fill_between(x, y - error, y + error, color=colour, alpha=0.2, linewidth=0)


def draw_legend(ax: Axes) -> None:
    """Beside the axes, where it hides nothing, and where matplotlib need not look for room, which is slow."""
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, fontsize="small")


def accuracy_against_sparsity(series: Mapping[str, Any], sparsity: Sequence[float] | np.ndarray) -> Picture:
    """Test accuracy in % of pruned networks, (N,) or (R, N) by name, against the share of weights that is gone, (N,).

    The axis is that of the weights that are left, which halve from place to place, as in Frankle and Carbin (2019).
    """
    left = 100 * (1 - _array(sparsity).astype(np.float64))
    kept = left > 0
    shown = {name: np.atleast_2d(_array(values))[:, kept] for name, values in series.items()}
    return curves(
        shown, left[kept], xlabel="weights left, %", ylabel="test accuracy, %", title="Pruned networks", log_x=True
    )


def error_against_width(
    series: Mapping[str, Any], width: Sequence[float] | np.ndarray, *, threshold: float | None = None
) -> Picture:
    """Errors in %, (N,) or (R, N) by name, of networks of so many hidden units or channels (N,).

    threshold: the width at which the network can learn all its training examples by heart. Belkin et al. (2019).
    """
    marks = {} if threshold is None else {"fits all of the training set": threshold}
    return curves(
        series, width, xlabel="width", ylabel="error, %", title="Error against width", log_x=True, lines_at=marks
    )


def bars(values: Mapping[str, Any], *, xlabel: str = "accuracy, %", title: str = "") -> Picture:
    """A bar for each name: a value or those of several runs, whose mean is drawn with one standard error.

    numbers: for each name its "mean" and "error".
    """
    runs = {name: _array(value).astype(np.float64).reshape(-1, 1) for name, value in values.items()}
    mean = {name: float(value.mean()) for name, value in runs.items()}
    error = {name: float(_standard_error(value)[0]) for name, value in runs.items()}

    def draw(ax: Axes) -> None:
        places = range(len(mean))[::-1]
        widths, errors = [*mean.values()], [*error.values()]
        ax.barh(places, widths, xerr=errors if any(errors) else None, color="#9ab8d4", edgecolor="#345", capsize=3)
        for place, value, wide in zip(places, widths, errors, strict=True):
            ax.annotate(f"  {value:.4g}", (value + wide, place), va="center", fontsize=8)
        ax.set_yticks(places, [*mean])
        ax.set(xlabel=xlabel)
        ax.margins(x=0.12)

    numbers = {name: {"mean": mean[name], "error": error[name]} for name in runs}
    return Picture(numbers, lambda columns, braille: text_bars(mean, columns=columns), draw, title=title)


# Examples


def samples(
    images: Any,
    labels: Any,
    predictions: Any = None,
    *,
    confidence: Any = None,
    names: Sequence[str] | None = None,
    count: int = 24,
    across: int = 8,
    title: str = "",
) -> Picture:
    """Images (N, H, W), (N, 1, H, W) or (N, 3, H, W), the wrong ones first, those that were surest of all before the others.

    labels, predictions (N,): what they are, and what a network takes them for; confidence (N,): how sure it is, from 0 to 1.
    numbers: "order", the indices shown, "labels" and "predictions" in this order, and "wrong", how many of all are.
    """
    x, y = _array(images), _array(labels)
    answers = y if predictions is None else _array(predictions)
    _check_rows("samples", x, labels=y, predictions=answers)
    wrong = answers != y
    sureness = np.zeros(len(y)) if confidence is None else _array(confidence).astype(np.float64)
    order = np.lexsort((np.where(wrong, -sureness, sureness), ~wrong))[:count]
    says = [_called(y[i], names) if not wrong[i] else _mistake(y[i], answers[i], names) for i in order]
    shown = [_as_image(x[i]) for i in order]
    heading = title or ("" if predictions is None else f"{wrong.sum()} of {len(y)} are wrong")

    def tile(i: int, ax: Axes) -> None:
        ax.imshow(shown[i], cmap="gray_r", vmin=0, vmax=1)
        _without_ticks(ax, says[i], bool(wrong[order[i]]))

    def lines(columns: int, braille: bool) -> list[str]:
        drawn = [
            text_image(_ink(i).tolist(), braille=braille and i.shape[1] > 16) for i in shown
        ]  # small ones in shades
        return _gallery(drawn, says, columns)

    numbers = {"order": order, "labels": y[order], "predictions": answers[order], "wrong": int(wrong.sum())}
    return _tiled(numbers, lines, tile, len(shown), across, (1.3, 1.55), heading)


def signals(
    values: Any, labels: Any = None, predictions: Any = None, *, count: int = 10, across: int = 5, title: str = ""
) -> Picture:
    """Signals (N, L) or (N, 1, L), in the order given; above each its label, and what a network took it for where it errs.

    labels: (N,), or names of the signals. numbers: "signals" (count, L), "labels".
    """
    x = _array(values)
    x = x.reshape(len(x), x.shape[-1])[:count]
    y = [""] * len(x) if labels is None else [*(labels if isinstance(labels, Sequence) else _array(labels))][:count]
    answers = y if predictions is None else [*_array(predictions)][:count]
    _check_rows("signals", x, labels=y, predictions=answers)
    says = [str(a) if a == b else _mistake(a, b, None) for a, b in zip(y, answers, strict=True)]
    low, high = float(x.min()), float(x.max())

    def tile(i: int, ax: Axes) -> None:
        ax.plot(x[i], np.arange(len(x[i]))[::-1], color="black", linewidth=1.5)
        ax.set_xlim(low - 0.1, high + 0.1)
        _without_ticks(ax, says[i], bool(y[i] != answers[i]))

    def lines(columns: int, braille: bool) -> list[str]:
        drawn = [text_signal(s.tolist(), low=low, high=high, rows=10 if braille else 20, braille=braille) for s in x]
        return _gallery(drawn, says, columns)

    return _tiled({"signals": x, "labels": y}, lines, tile, len(x), across, (1.5, 2.4), title)


def transformations(steps: Mapping[str, Any], *, title: str = "") -> Picture:
    """What becomes of one signal, step by step: (L,) after each, by name, all on one scale. numbers: "signals", a list."""
    arrays = {name: _array(signal).reshape(-1).astype(np.float64) for name, signal in steps.items()}
    low, high = min(float(a.min()) for a in arrays.values()), max(float(a.max()) for a in arrays.values())

    def tile(i: int, ax: Axes) -> None:
        signal = [*arrays.values()][i]
        ax.plot(signal, np.arange(len(signal))[::-1], color="black", linewidth=1.5)
        ax.set_xlim(low - 0.1, high + 0.1)
        _without_ticks(ax, [*arrays][i], False)

    def lines(columns: int, braille: bool) -> list[str]:
        rows = 10 if braille else 20
        drawn = [text_signal(s.tolist(), low=low, high=high, rows=rows, braille=braille) for s in arrays.values()]
        return _gallery(drawn, [*arrays], columns)

    return _tiled({"signals": arrays}, lines, tile, len(arrays), len(arrays), (1.5, 2.6), title)


def confusion(labels: Any, predictions: Any, *, classes: Sequence[str] | int = 10, title: str = "") -> Picture:
    """How often each class (rows) was taken for each (columns). numbers: "counts" (C, C), "accuracy" from 0 to 1."""
    names = [str(i) for i in range(classes)] if isinstance(classes, int) else [*classes]
    y, answers = _array(labels), _array(predictions)
    _check_rows("confusion", y, predictions=answers)
    counts = np.zeros((len(names), len(names)), np.int64)
    np.add.at(counts, (y, answers), 1)
    accuracy = float(np.trace(counts) / max(counts.sum(), 1))
    heading = title or f"{100 * accuracy:.1f} % are right"

    def draw(ax: Axes) -> None:
        shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for i, j in zip(*np.nonzero(counts), strict=True):
            ax.text(j, i, str(counts[i, j]), ha="center", va="center", color="white" if shares[i, j] > 0.5 else "black")
        ax.set_xticks(range(len(names)), names, rotation=0 if isinstance(classes, int) else 45)
        ax.set_yticks(range(len(names)), names)
        ax.set(xlabel="taken for", ylabel="is")

    def lines(columns: int, braille: bool) -> list[str]:
        def table(rows: Sequence[str], across: Sequence[str]) -> list[str]:
            cells = [[name, *(str(n) if n else "." for n in row)] for name, row in zip(rows, counts, strict=True)]
            return text_table([["is \\ taken for", *across], *cells], left=1)

        numbers = [str(i) for i in range(len(names))]
        named = table(names, names)
        return named if len(named[0]) <= columns else table([f"{n} {name}" for n, name in enumerate(names)], numbers)

    return Picture({"counts": counts, "accuracy": accuracy}, lines, draw, size=(5.5, 5.5), title=heading)


def scatter(points: Any, labels: Any, *, title: str = "") -> Picture:
    """Points (N, 2) in the plane, each drawn as the first character of its label (N,). numbers: "points", "labels"."""
    x, y = _array(points).astype(np.float64), _array(labels)
    _check_rows("scatter", x, labels=y)
    marks = [str(label)[0] for label in y]

    def draw(ax: Axes) -> None:
        ax.plot(x[:, 0], x[:, 1], linestyle="none")  # sets the scale
        kinds = sorted(set(marks))
        for (a, b), mark in zip(x, marks, strict=True):
            colour = COLOURS[kinds.index(mark) % len(COLOURS)]
            ax.text(a, b, mark, color=colour, fontsize=7, ha="center", va="center", clip_on=True)
        ax.set(xticks=[], yticks=[])

    def lines(columns: int, braille: bool) -> list[str]:
        return text_points([(a, b) for a, b in x.tolist()], marks, columns=columns)

    return Picture({"points": x, "labels": y}, lines, draw, size=(6, 6), title=title)


# What is inside a network


def filters(weight: Any, *, across: int = 8, title: str = "Filters") -> Picture:
    """The filters of a convolution, weight (O, I, kh, kw) or (O, I, k): those of the first input channel, dark above 0.

    numbers: "filters" (O, kh, kw) or (O, k), and "scale", the largest absolute weight among them.
    """
    w = _array(weight)
    if w.ndim not in (3, 4):
        raise ValueError(f"filters expects weights of shape (O, I, kh, kw) or (O, I, k), got {w.shape}")
    first = w[:, 0].astype(np.float64)
    scale = float(np.abs(first).max()) or 1.0
    tiles = first.reshape(len(first), -1, first.shape[-1])

    def tile(i: int, ax: Axes) -> None:
        ax.imshow(tiles[i], cmap="gray_r", vmin=-scale, vmax=scale)
        _without_ticks(ax, str(i), False)

    def lines(columns: int, braille: bool) -> list[str]:
        shaded = [[" ".join(f"{9 * v / scale:+2.0f}" for v in row) for row in tile] for tile in tiles]
        names = [f"{i}" for i in range(len(tiles))]
        return [f"9 is {scale:.3g}", *_gallery(shaded, names, columns)]

    size = (1.1, 1.4 if w.ndim == 4 else 0.7)
    return _tiled({"filters": first, "scale": scale}, lines, tile, len(tiles), across, size, title)


def masks(arrays: Mapping[str, Any], *, title: str = "") -> Picture:
    """Which weights of matrices (M, N) are left, by name: what is not 0 is drawn.

    numbers: for each name its "mask" (M, N) of bools and its "sparsity", the share that is gone.
    """
    kept = {name: _array(array) != 0 for name, array in arrays.items()}
    gone = {name: float(1 - mask.mean()) for name, mask in kept.items()}
    says = {name: f"{name}: {100 * share:.1f} % gone" for name, share in gone.items()}

    def tile(i: int, ax: Axes) -> None:
        name = [*kept][i]
        ax.imshow(kept[name], cmap="gray_r", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        ax.set(title=says[name], xlabel="input", ylabel="" if i else "unit")
        if i:
            ax.set_yticks([])

    def lines(columns: int, braille: bool) -> list[str]:
        drawn: list[str] = []
        for name, mask in kept.items():
            drawn += [says[name], *("".join(".#"[cell] for cell in row[:columns]) for row in mask[:40].astype(int))]
            drawn += [f"({len(mask) - 40} more rows)"] if len(mask) > 40 else []
        return drawn

    numbers = {name: {"mask": kept[name], "sparsity": gone[name]} for name in kept}
    return _tiled(numbers, lines, tile, len(kept), len(kept), (3.4, 5), title)


def gradient_flow(model: Any, *, title: str = "Gradients by layer, root mean square") -> Picture:
    """How large the gradients of a model are after `backward`, parameter by parameter from the input on.

    A network learns badly where they differ by orders of magnitude: they vanish or explode on the way. Glorot and Bengio
    (2010). numbers: for each parameter the "rms" and the largest absolute value, "max", of its gradient. Raises ValueError
    where there is none.
    """
    gradients = {name: p.grad.array for name, p in model.named_parameters() if p.grad is not None}
    if not gradients:
        raise ValueError("gradient_flow expects a model after backward; none of its parameters has a gradient")
    numbers = {
        name: {"rms": float(np.sqrt(np.mean(np.square(g, dtype=np.float64)))), "max": float(np.abs(g).max())}
        for name, g in gradients.items()
    }
    sizes = {name: figures["rms"] for name, figures in numbers.items()}

    def draw(ax: Axes) -> None:
        places = range(len(numbers))[::-1]
        ax.plot([f["max"] for f in numbers.values()], places, "k|", markersize=12, label="largest")
        ax.plot([*sizes.values()], places, "o", color=COLOURS[0], label="root mean square")
        ax.set_yticks(places, [*numbers])
        ax.set_xscale("log")
        ax.tick_params(axis="x", which="minor", labelbottom=False)
        ax.set(xlabel="absolute value of the gradient")
        ax.grid(alpha=0.3)
        draw_legend(ax)

    def lines(columns: int, braille: bool) -> list[str]:
        return text_bars(sizes, columns=columns, digits=2)

    return Picture(numbers, lines, draw, size=(6, 1.5 + 0.25 * len(numbers)), title=title)


def graph(output: Any, names: Mapping[str, Any] | None = None) -> Drawing:
    """The computation graph of a Tensor that was not sent backward yet.

    names: Tensors by name, such as `dict(model.named_parameters())`, to call them so. numbers: "nodes" in the order of their
    computation, and "edges", pairs of places in it. Raises ValueError where nothing was recorded, it was freed already, or it
    is too large to be read.
    """
    nodes = graph_nodes(output, names)
    place = {id(node): i for i, node in enumerate(nodes)}
    edges = [(place[id(source)], place[id(node)]) for node in nodes for source in node.inputs]
    facts = [(node.kind, node.name, node.shape) for node in nodes]
    return Drawing({"nodes": facts, "edges": edges}, graph_svg(nodes), graph_text(nodes))


# Small parts of the above


def _array(values: Any) -> np.ndarray:
    """The numbers of a Tensor, an array or a list."""
    return np.asarray(getattr(values, "array", values))


def _plain(value: Any) -> Any:
    """Arrays as lists, and NumPy's numbers as Python's, all the way down."""
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def _tiled(
    numbers: dict[str, Any],
    lines: Callable[[int, bool], list[str]],
    tile: Callable[[int, Axes], None],
    count: int,
    across: int,
    size: tuple[float, float],
    title: str,
) -> Picture:
    """A picture of so many small ones, each with axes of its own within those of the picture; size: of one, in inches."""
    across = max(1, min(across, count))
    down = max(1, -(-count // across))
    caption = 0.3 / size[1]  # of a tile's height

    def paint(ax: Axes) -> None:
        ax.set_axis_off()
        for i in range(count):
            row, column = divmod(i, across)
            corner = (column + 0.05) / across, 1 - (row + 0.97) / down
            tile(i, ax.inset_axes((*corner, 0.9 / across, (0.97 - caption) / down)))

    return Picture(numbers, lines, paint, (size[0] * across, size[1] * down + 0.3 * bool(title)), title)


def _places(name: str, values: np.ndarray, x: Any) -> np.ndarray:
    places = np.arange(1, values.shape[-1] + 1) if x is None else _array(x)
    if values.ndim != 2 or values.size == 0 or places.shape != values.shape[1:]:
        raise ValueError(
            f"curves expects {name!r} to be (N,) or (R, N) for x (N,), got {values.shape} for {places.shape}"
        )
    return places.astype(np.float64)


def _standard_error(runs: np.ndarray) -> np.ndarray:
    """Of the mean of runs (R, N): (N,), 0 where there is but one."""
    if len(runs) < 2:
        return np.zeros(runs.shape[1])
    error: np.ndarray = runs.std(0, ddof=1) / np.sqrt(len(runs))
    return error


def _check_rows(caller: str, x: Any, **others: Any) -> None:
    for name, values in others.items():
        if len(values) != len(x):
            raise ValueError(f"{caller} expects as many {name} as examples, got {len(values)} for {len(x)}")


def _called(label: Any, names: Sequence[str] | None) -> str:
    return str(label) if names is None else names[int(label)]


def _mistake(label: Any, answer: Any, names: Sequence[str] | None) -> str:
    return f"{_called(label, names)} taken for {_called(answer, names)}"


def _as_image(image: np.ndarray) -> np.ndarray:
    """An image (H, W), (1, H, W) or (3, H, W) as matplotlib takes it: (H, W) or (H, W, 3)."""
    if image.ndim == 3:
        image = image[0] if len(image) == 1 else np.moveaxis(image, 0, -1)
    clipped: np.ndarray = np.clip(image, 0, 1).astype(np.float64)
    return clipped


def _ink(image: np.ndarray) -> np.ndarray:
    """How dark each point is: of a drawing what it holds, of a photograph what it lacks."""
    if image.ndim == 2:
        return image
    ink: np.ndarray = 1 - image.mean(-1)
    return ink


def _without_ticks(ax: Axes, said: str, bad: bool) -> None:
    said = said.replace(" taken", "\ntaken") if len(said) > 16 else said
    ax.set_title(said, fontsize=8, pad=3, fontweight="bold" if bad else "normal", color="#B03000" if bad else "black")
    ax.set(xticks=[], yticks=[])


def _gallery(drawn: Sequence[Sequence[str]], captions: Sequence[str], columns: int) -> list[str]:
    """Pictures of text, each below its caption, beside each other as there is room."""
    width = max(len(line) for lines in drawn for line in [*lines, *captions])
    blocks = [
        [f"{said:<{width}}", *(f"{line:<{width}}" for line in lines)]
        for said, lines in zip(captions, drawn, strict=True)
    ]
    return side_by_side(blocks, columns).split("\n")
