"""How the recipes of the demo were chosen: every candidate on held-out parts of the training set, by one rule.

    python -m benchmarks.recipes [--only NAME ...] [--folds 4] [--seeds 3] [--out benchmarks/results/recipes]

The training set is cut into folds; each is held out in turn, for each seed, while the candidate learns from the others.
Chosen is the best mean of those that train in half of the time that is allowed, so that a machine half as fast keeps within
it. The test set is looked at once the library's recipe is the chosen one, for each of five seeds, and not before.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

# before NumPy loads its BLAS
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np

from tinytorch import datasets
from tinytorch.data import RandomRoll, RandomShift, Subset
from tinytorch.recipes import RECIPES, Recipe, image_cnn, measure, mlp, signal_cnn, train
from tinytorch.training import evaluate

TEST_SEEDS = range(5)
ALLOWED = {"tinydigits": 3.0, "mnist1d": 10.0}  # seconds of one training, on one core of a server


def candidates(name: str) -> dict[str, Recipe]:
    """What was tried for a recipe, by how it differs."""
    return {
        "tinydigits-mlp": digit_mlps,
        "tinydigits-cnn": digit_cnns,
        "mnist1d-mlp": signal_mlps,
        "mnist1d-cnn": signal_cnns,
    }[name]()


def digit_mlps() -> dict[str, Recipe]:
    """Width, depth, dropout, and whether shifted digits help a network that has no idea of a shift."""
    start = Recipe("tinydigits", "mlp", partial(mlp, 64, 128, 10, dropout=0.2), epochs=30, batch_size=32, lr=0.01)
    wide = replace(start, network=partial(mlp, 64, 256, 10, dropout=0.2))
    deep = replace(start, network=partial(mlp, 64, 128, 128, 10, dropout=0.2))
    return {
        "128 hidden, no dropout": replace(start, network=partial(mlp, 64, 128, 10, dropout=0.0)),
        "128 hidden": start,
        "256 hidden": wide,
        "256 hidden, no label smoothing": replace(wide, label_smoothing=0.0),
        "256 hidden, shift 1": replace(wide, transform=RandomShift(1)),
        "256 hidden, 60 epochs": replace(wide, epochs=60),
        "256 hidden, 60 epochs, shift 1": replace(wide, epochs=60, transform=RandomShift(1)),
        "128 + 128 hidden": deep,
        "128 + 128 hidden, 60 epochs": replace(deep, epochs=60),
    }


def digit_cnns() -> dict[str, Recipe]:
    """Width, epochs, shifts."""
    network = partial(image_cnn, 16, 32, dropout=0.3)
    start = Recipe("tinydigits", "cnn", network, epochs=20, batch_size=32, lr=0.01)
    shifted = replace(start, transform=RandomShift(1))
    small = replace(start, network=partial(image_cnn, 8, 16, dropout=0.3))
    return {
        "8-16 channels": small,
        "8-16 channels, shift 1": replace(small, transform=RandomShift(1)),
        "8-16 channels, 30 epochs, shift 1": replace(small, epochs=30, transform=RandomShift(1)),
        "16-32 channels": start,
        "16-32 channels, 30 epochs": replace(start, epochs=30),
        "16-32 channels, shift 1": shifted,
        "16-32 channels, 10 epochs, shift 1": replace(shifted, epochs=10),
        "16-32 channels, 30 epochs, shift 1": replace(shifted, epochs=30),
        "16-32 channels, 30 epochs, shift 1, no label smoothing": replace(shifted, epochs=30, label_smoothing=0.0),
    }


def signal_mlps() -> dict[str, Recipe]:
    """Width, depth, and how far signals may be rolled before they no longer help."""
    one = Recipe("mnist1d", "mlp", partial(mlp, 40, 256, 10, dropout=0.5), epochs=60, batch_size=100, lr=0.01)
    two = replace(one, network=partial(mlp, 40, 256, 256, 10, dropout=0.2), transform=RandomRoll(2))
    less = replace(two, network=partial(mlp, 40, 256, 256, 10, dropout=0.1))
    return {
        "256 hidden, dropout 0.5": one,
        "256 hidden, dropout 0.5, roll 2": replace(one, transform=RandomRoll(2)),
        "128 + 128 hidden, dropout 0.1, roll 2": replace(two, network=partial(mlp, 40, 128, 128, 10, dropout=0.1)),
        "256 + 256 hidden": replace(two, transform=None),
        "256 + 256 hidden, roll 1": replace(two, transform=RandomRoll(1)),
        "256 + 256 hidden, roll 2": two,
        "256 + 256 hidden, roll 3": replace(two, transform=RandomRoll(3)),
        "256 + 256 hidden, any roll": replace(two, transform=RandomRoll()),
        "256 + 256 hidden, 80 epochs, roll 2": replace(two, epochs=80),
        "256 + 256 hidden, dropout 0.1, 80 epochs, roll 2": replace(less, epochs=80),
        "256 + 256 hidden, dropout 0.1, 80 epochs, roll 3": replace(less, epochs=80, transform=RandomRoll(3)),
    }


def signal_cnns() -> dict[str, Recipe]:
    """Width, epochs, and how far signals may be rolled before they no longer help."""
    narrow = Recipe("mnist1d", "cnn", partial(signal_cnn, 25, 25, 25), epochs=40, batch_size=100, lr=0.02)
    wide = replace(narrow, network=partial(signal_cnn, 32, 32, 32), transform=RandomRoll(2))
    return {
        "25-25-25 channels": narrow,
        "25-25-25 channels, roll 2": replace(narrow, transform=RandomRoll(2)),
        "16-32-48 channels, roll 2": replace(wide, network=partial(signal_cnn, 16, 32, 48)),
        "32-32-32 channels": replace(wide, transform=None),
        "32-32-32 channels, roll 1": replace(wide, transform=RandomRoll(1)),
        "32-32-32 channels, roll 2": wide,
        "32-32-32 channels, roll 3": replace(wide, transform=RandomRoll(3)),
        "32-32-32 channels, any roll": replace(wide, transform=RandomRoll()),
        "32-32-32 channels, roll 2, no label smoothing": replace(wide, label_smoothing=0.0),
        "32-32-32 channels, 30 epochs, roll 2": replace(wide, epochs=30),
        "32-32-32 channels, 60 epochs, roll 2": replace(wide, epochs=60),
    }


@dataclass(frozen=True)
class Outcome:
    """A candidate's accuracy on what was held out: mean and standard error in percent; processor seconds of a training.

    The seconds are the least of all its trainings: what else a machine does can only add to them.
    """

    candidate: str
    held_out: float
    error: float
    seconds: float


def held_out(recipe: Recipe, folds: int, seeds: int) -> tuple[list[float], list[float]]:
    """The accuracy on the part held out, in percent, and the processor seconds, for each fold and seed."""
    examples, _ = datasets.load(recipe.dataset)
    parts = np.array_split(np.random.default_rng(0).permutation(len(examples)), folds)
    accuracies, seconds = [], []
    for i, part in enumerate(parts):
        others = Subset(examples, np.concatenate(parts[:i] + parts[i + 1 :]))
        for seed in range(seeds):
            began = time.process_time()
            model, _ = train(recipe, others, seed=seed)
            seconds.append(time.process_time() - began)
            accuracies.append(100 * evaluate(model, Subset(examples, part))["accuracy"])
    return accuracies, seconds


def outcome(label: str, recipe: Recipe, folds: int, seeds: int) -> Outcome:
    """The row of a candidate."""
    accuracies, seconds = held_out(recipe, folds, seeds)
    error = statistics.stdev(accuracies) / len(accuracies) ** 0.5
    row = Outcome(label, statistics.mean(accuracies), error, min(seconds))
    print(f"  {row.candidate:<48} {row.held_out:6.2f} +- {row.error:.2f} %  {row.seconds:5.2f} s", flush=True)
    return row


def choose(rows: list[Outcome], allowed: float) -> Outcome:
    """The best of those that train in half of the seconds allowed; of equals, the quickest."""
    quick = (row for row in rows if row.seconds <= allowed / 2)
    return max(quick, key=lambda row: (round(row.held_out, 2), -row.seconds))


def tested(recipe: Recipe) -> dict[str, float]:
    """The recipe, trained on the whole training set from each seed and tested once."""
    figures = [measure(recipe, seed=seed)[0] for seed in TEST_SEEDS]
    accuracies = [100 * one.test_accuracy for one in figures]
    return {
        "mean": round(statistics.mean(accuracies), 2),
        "deviation": round(statistics.stdev(accuracies), 2),
        "seconds": round(statistics.mean(one.seconds for one in figures), 2),
    }


def same(one: Recipe, other: Recipe) -> bool:
    """Whether two recipes say the same; a transform is known by its type and what it was made with."""
    transforms = [(type(recipe.transform), getattr(recipe.transform, "__dict__", None)) for recipe in (one, other)]
    plain = [repr(replace(recipe, transform=None)) for recipe in (one, other)]
    return transforms[0] == transforms[1] and plain[0] == plain[1]


def study(name: str, folds: int, seeds: int) -> dict[str, Any]:
    """All candidates of one recipe and the one that the rule chooses; if it is the library's, how that does in the test."""
    print(f"{name}: {folds} parts held out in turn, {seeds} seeds each", flush=True)
    tried = candidates(name)
    rows = [outcome(label, recipe, folds, seeds) for label, recipe in tried.items()]
    chosen = choose(rows, ALLOWED[RECIPES[name].dataset])
    result: dict[str, Any] = {"recipe": name, "chosen": chosen.candidate, "test": None}
    if same(tried[chosen.candidate], RECIPES[name]):
        result["test"] = tested(RECIPES[name])
    print(
        f"  chosen: {chosen.candidate}; test: {result['test'] or 'not yet, the library has another recipe'}", flush=True
    )
    return result | {"candidates": [{key: round_(value) for key, value in vars(row).items()} for row in rows]}


def round_(value: Any) -> Any:
    """Two decimals, of what has any."""
    return round(value, 2) if isinstance(value, float) else value


def as_text(result: dict[str, Any]) -> str:
    """The results as a page."""
    lines = [f"# Recipes\n\n`{result['command']}`, {result['machine']}."]
    for study in result["studies"]:
        lines.append(
            f"\n## {study['recipe']}\n\n| candidate | held-out accuracy, % | processor s |\n| --- | --- | --- |"
        )
        for row in study["candidates"]:
            mark = " (chosen)" if row["candidate"] == study["chosen"] else ""
            accuracy = f"{row['held_out']:.2f} +- {row['error']:.2f}"
            lines.append(f"| {row['candidate']}{mark} | {accuracy} | {row['seconds']:.2f} |")
        test = study["test"]
        if test is not None:
            lines.append(
                f"\nTested, trained on the whole training set, seeds 0 to 4: {test['mean']:.2f} % "
                f"(standard deviation {test['deviation']:.2f}) in {test['seconds']:.2f} s."
            )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recipes", description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", nargs="+", choices=list(RECIPES), default=list(RECIPES), help="only these recipes")
    parser.add_argument("--folds", type=int, default=4, help="in how many parts the training set is cut (4)")
    parser.add_argument("--seeds", type=int, default=3, help="trainings for each part held out (3)")
    parser.add_argument("--out", type=Path, metavar="STEM", help="write STEM.json and STEM.md")
    options = parser.parse_args()
    studies = [study(name, options.folds, options.seeds) for name in options.only]
    result = {
        "command": f"python -m benchmarks.recipes --folds {options.folds} --seeds {options.seeds}",
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, one BLAS thread, "
        f"Python {platform.python_version()}, NumPy {np.__version__}",
        "studies": studies,
    }
    if options.out is not None:
        options.out.with_suffix(".json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        options.out.with_suffix(".md").write_text(as_text(result), encoding="utf-8")


if __name__ == "__main__":
    main()
