"""`tinytorch demo`: trains an MLP and a CNN on each data set that came along, and shows what they learned and how fast.

How they are trained stands in tinytorch/recipes.py. Files are written at the end, but refused before anything is trained.
On a Raspberry Pi Zero every import counts: what few need is imported where they need it.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinytorch import machine, text
from tinytorch._files import atomic_write
from tinytorch.cli import CommandError
from tinytorch.progress import Progress, width_of

if TYPE_CHECKING:
    from tinytorch.recipes import Figures
    from tinytorch.training import History

    Results = dict[str, list[tuple[Figures, History]]]  # of each recipe by name, one for each seed

DETAILS = """\
names for --only:
  tinydigits-mlp, tinydigits-cnn
    digits of 8 x 8 points: 1,000 to learn from, 200 to test
  mnist1d-mlp, mnist1d-cnn
    signals of 40 steps: 4,000 to learn from, 1,000 to test

presets, chosen by the machine where none is named:
  full   for a laptop or a server: the best in seconds
  pi     for a Pi 3, 4, 5 or Zero 2 W, in ten seconds each
  zero   for a Pi Zero or 1, in ten seconds each

examples:
  %(prog)s --only tinydigits-cnn
  %(prog)s --seconds 10
  %(prog)s --seeds 5 --plot curves.png
"""


HEADINGS = ("data", "model", "parameters", "epochs", "seconds", "train accuracy", "test accuracy")
SHORT_HEADINGS = ("data", "model", "params", "epochs", "seconds", "train", "test")


class Bar(Progress):
    """Calls the examples that `fit` looks at after each epoch what they are here: the test set."""

    def epoch(self, facts: Mapping[str, float]) -> None:
        names = {"loss": "loss", "accuracy": "accuracy", "validation_accuracy": "test_accuracy"}
        super().epoch({shown: facts[name] for name, shown in names.items() if name in facts})


def add_parser(commands: Any, name: str, summary: str) -> None:
    """Say what the command takes."""
    parser = commands.add_parser(
        name,
        help=summary,
        description="Train an MLP and a CNN on TinyDigits and on MNIST-1D, and show a table and the learning curves.",
        epilog=DETAILS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", action="extend", metavar="NAME", help="train these alone")
    parser.add_argument(
        "--preset", choices=machine.PRESETS, help=f"recipes for this kind of machine ({machine.preset()})"
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=count, metavar="N", help="train for N epochs, not for as many as is best")
    length.add_argument(
        "--seconds", type=_seconds, metavar="N", help="train each for as many epochs as fit into N seconds"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="start from S: the same seed, the same network (0)"
    )
    parser.add_argument("--seeds", type=count, default=1, metavar="N", help="train N times, from S, S + 1, ... (1)")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the learning curves, with matplotlib")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as a list of objects")
    parser.set_defaults(run=run)


def count(text: str) -> int:
    """A whole number of at least 1, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number of seconds above 0, got {text!r}")
    return seconds


def run(options: argparse.Namespace) -> int:
    """Train, write the files, and print."""
    from tinytorch.recipes import PRESETS, measure  # they load NumPy, for which --help does not wait

    preset = options.preset or machine.preset()
    recipes = PRESETS[preset]
    names = list(dict.fromkeys(options.only or recipes))
    for name in names:
        if name not in recipes:
            raise CommandError(f"--only knows no {name!r}: choose from {', '.join(recipes)}")
    for file in (options.json, options.plot):
        if file is not None:
            check_writable(file)
    if options.plot is not None:
        check_picture(options.plot)

    results: Results = {}
    try:
        for name in names:
            for seed in range(options.seed, options.seed + options.seeds):
                bar = Bar(label=name if options.seeds == 1 else f"{name} seed {seed}")
                length = {"epochs": options.epochs, "seconds": options.seconds}
                result = measure(recipes[name], seed=seed, **length, progress=bar)
                results.setdefault(name, []).append(result)
        write_files(results, options.json, options.plot)
    finally:  # what was learned is shown, whether or not it was all and whatever becomes of the files
        if results:
            show(results, preset)
    return 0


# What it prints


def show(results: Results, preset: str) -> None:
    """Print the table and the learning curves."""
    braille = text.can_draw_braille(sys.stdout)
    columns = width_of(sys.stdout)
    if preset != "full":
        print(f"\nrecipes of the preset {preset}: --preset names another")
    print(f"\n{table(results, '±' if braille else '+-', columns)}\n\n{charts(results, braille, columns)}")


def table(results: Results, plus_minus: str, columns: int) -> str:
    """A line for each network: means over the seeds and, of accuracies, the standard deviation.

    Where the terminal is narrow, the headings are short, and what does not depend on the training goes.
    """
    rows: list[tuple[str, ...]] = [HEADINGS]
    for trainings in results.values():
        figures = [figures for figures, _ in trainings]
        one = figures[0]
        seconds = f"{mean([f.seconds for f in figures]):.1f}"
        trained = percent([f.train_accuracy for f in figures], plus_minus)
        tested = percent([f.test_accuracy for f in figures], plus_minus)
        rows.append((one.dataset, one.model, f"{one.parameters:,}", str(one.epochs), seconds, trained, tested))
    lines = text.text_table(rows)
    if len(lines[0]) > columns:
        rows[0] = SHORT_HEADINGS
        lines = text.text_table(rows)
    while len(lines[0]) > columns and len(rows[0]) > 5:
        rows = [(*row[:2], *row[3:]) for row in rows]
        lines = text.text_table(rows)
    return "\n".join([*lines, *note_on_seeds([*results.values()], plus_minus)])


def note_on_seeds(trainings: Sequence[Sequence[tuple[Figures, History]]], plus_minus: str) -> list[str]:
    """A line that says which seeds the means are over, the last row's too where the demo was interrupted."""
    first, last = ([figures.seed for figures, _ in row] for row in (trainings[0], trainings[-1]))
    if len(first) == 1:
        return []
    cut_short = f", in the last row {last[0]} to {last[-1]}" if len(last) < len(first) else ""
    return [f"mean {plus_minus} standard deviation over the seeds {first[0]} to {first[-1]}{cut_short}"]


def percent(fractions: Sequence[float], plus_minus: str) -> str:
    """[0.98, 0.97] -> "97.5 ± 0.7 %"."""
    middle = mean(fractions)
    if len(fractions) == 1:
        return f"{100 * middle:.1f} %"
    deviation = math.sqrt(math.fsum((x - middle) ** 2 for x in fractions) / (len(fractions) - 1))
    return f"{100 * middle:.1f} {plus_minus} {100 * deviation:.1f} %"


def mean(values: Sequence[float]) -> float:
    """Their sum over their number."""
    return math.fsum(values) / len(values)


def charts(results: Results, braille: bool, columns: int) -> str:
    """The learning curves as text, as many beside each other as there is room for."""
    curves = learning_curves(results)
    drawn = [text.text_chart(name, of_one, braille=braille) for name, of_one in curves.items()]
    tested = any("test" in of_one for of_one in curves.values())
    legend = text.text_legend([*["test"][:tested], "while training, as the examples passed"], braille=braille)
    return f"accuracy after each epoch:\n{legend}\n\n{text.side_by_side(drawn, columns)}"


def learning_curves(results: Results) -> dict[str, dict[str, list[float]]]:
    """For each network the accuracies of its epochs, means over the seeds."""
    names = {"test": "validation_accuracy", "training": "accuracy"}
    return {
        recipe: {
            name: [mean(values) for values in zip(*(h.column(column) for _, h in trainings), strict=False)]
            for name, column in names.items()
            if column in trainings[0][1][0]
        }
        for recipe, trainings in results.items()
    }


# What it writes


def check_writable(file: Path) -> None:
    """Raise CommandError where a file could not be written when the time comes."""
    if file.is_dir():
        raise CommandError(f"cannot write {file}: it is a folder")
    if not file.parent.is_dir():
        raise CommandError(f"cannot write {file}: there is no folder {file.parent}")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise CommandError(f"cannot write {file}: permission denied")


def check_picture(file: Path) -> None:
    """Raise CommandError where matplotlib is missing or does not know the kind of picture."""
    from tinytorch.viz import picture_formats  # loads NumPy, as above

    try:
        formats = picture_formats()
    except ImportError as error:
        raise CommandError(f"--plot: {error}") from error
    if file.suffix[1:].lower() not in formats:
        raise CommandError(f"--plot cannot draw a file {file.name!r}: the name must end in one of {', '.join(formats)}")


def write_files(results: Results, json_file: Path | None, picture: Path | None) -> None:
    """Write the files that were asked for, each whole or not at all."""
    if json_file is not None:
        import json

        objects = [asdict(figures) for trainings in results.values() for figures, _ in trainings]
        with atomic_write(json_file) as stream:
            stream.write((json.dumps(objects, indent=2) + "\n").encode())
    if picture is not None:
        from tinytorch import viz

        charts = [
            viz.curves({name: [100 * a for a in curve] for name, curve in curves.items()}, title=recipe)
            for recipe, curves in learning_curves(results).items()
        ]
        viz.save(charts, picture)
