"""`tinytorch demo`: trains an MLP and a CNN on each data set that came along, and shows what they learned and how fast.

How they are trained stands in tinytorch/recipes.py. Files are written at the end, but refused before anything is trained.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinytorch import text
from tinytorch.cli import CommandError
from tinytorch.progress import Progress

if TYPE_CHECKING:
    from tinytorch.recipes import Figures
    from tinytorch.training import History

    Results = dict[str, list[tuple[Figures, History]]]  # of each recipe by name, one for each seed

DETAILS = """\
names for --only:
  tinydigits-mlp, tinydigits-cnn   digits of 8 x 8 points: 1,000 to learn from, 200 for the test
  mnist1d-mlp, mnist1d-cnn         signals of 40 steps in ten classes: 4,000 to learn from, 1,000 for the test

examples:
  %(prog)s --only tinydigits-cnn
  %(prog)s --seeds 5 --json figures.json --plot curves.png
"""


HEADINGS = ("data", "model", "parameters", "epochs", "seconds", "train accuracy", "test accuracy")
SHORT_HEADINGS = ("data", "model", "params", "epochs", "seconds", "train", "test")


class Bar(Progress):
    """Calls the examples that `fit` looks at after each epoch what they are here: the test set."""

    def epoch(self, facts: Mapping[str, float]) -> None:
        shown = {"loss": facts["loss"], "accuracy": facts["accuracy"], "test_accuracy": facts["validation_accuracy"]}
        super().epoch(shown)


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
    parser.add_argument("--epochs", type=_count, metavar="N", help="train for N epochs, not for as many as is best")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="start from S: the same seed, the same network (0)"
    )
    parser.add_argument("--seeds", type=_count, default=1, metavar="N", help="train N times, from S, S + 1, ... (1)")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the learning curves, with matplotlib")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as a list of objects")
    parser.set_defaults(run=run)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Train, write the files, and print."""
    from tinytorch.recipes import RECIPES, measure  # they load NumPy, for which --help does not wait

    names = list(dict.fromkeys(options.only or RECIPES))
    for name in names:
        if name not in RECIPES:
            raise CommandError(f"--only knows no {name!r}: choose from {', '.join(RECIPES)}")
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
                result = measure(RECIPES[name], seed=seed, epochs=options.epochs, progress=bar)
                results.setdefault(name, []).append(result)
        write_files(results, options.json, options.plot)
    finally:  # what was learned is shown, whether or not it was all and whatever becomes of the files
        if results:
            show(results)
    return 0


# What it prints


def show(results: Results) -> None:
    """Print the table and the learning curves."""
    braille = text.can_draw_braille(sys.stdout)
    columns = shutil.get_terminal_size().columns
    print(f"\n{table(results, '±' if braille else '+-', columns)}\n\n{charts(results, braille, columns)}")


def table(results: Results, plus_minus: str, columns: int) -> str:
    """A line for each network: means over the seeds and, of accuracies, the standard deviation.

    Where the terminal is narrow, the headings are short, and what does not depend on the training goes.
    """
    rows: list[tuple[str, ...]] = [HEADINGS]
    for trainings in results.values():
        figures = [figures for figures, _ in trainings]
        one = figures[0]
        seconds = f"{statistics.mean(f.seconds for f in figures):.1f}"
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
    spread = f" {plus_minus} {100 * statistics.stdev(fractions):.1f}" if len(fractions) > 1 else ""
    return f"{100 * statistics.mean(fractions):.1f}{spread} %"


def charts(results: Results, braille: bool, columns: int) -> str:
    """The learning curves as text, as many beside each other as there is room for."""
    drawn = [text.text_chart(name, curves, braille=braille) for name, curves in learning_curves(results).items()]
    legend = text.text_legend(["test", "while training, as the examples passed"], braille=braille)
    return f"accuracy after each epoch:\n{legend}\n\n{text.side_by_side(drawn, columns)}"


def learning_curves(results: Results) -> dict[str, dict[str, list[float]]]:
    """For each network the accuracies of its epochs, means over the seeds."""
    names = {"test": "validation_accuracy", "training": "accuracy"}
    return {
        recipe: {
            name: [statistics.mean(values) for values in zip(*(h.column(column) for _, h in trainings), strict=True)]
            for name, column in names.items()
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
    from tinytorch.serialization import atomic_write  # loads NumPy, as above

    if json_file is not None:
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
