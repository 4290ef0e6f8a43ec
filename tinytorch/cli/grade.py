"""`tinytorch grade`: the submissions of a class are judged, and what came of them is exported."""

from __future__ import annotations

import argparse
import os
import re
from pathlib import Path
from typing import Any

from tinytorch.cli import CommandError
from tinytorch.course.exercises import modules


def add_parser(commands: Any, name: str, summary: str) -> None:
    """Say what the command takes."""
    parser = commands.add_parser(name, help=summary, description=f"{summary[:1].upper()}{summary[1:]}.")
    parser.add_argument("submissions", metavar="SUBMISSIONS", help="a folder with a folder or a zip for each student")
    parser.add_argument("--out", type=Path, required=True, metavar="GRADES", help="the folder of the results")
    parser.add_argument("--modules", default="", metavar="1-4", help="the modules that are graded (all)")
    parser.add_argument("--salt", default="", metavar="TERM", help="draws the inputs: a word that students do not know")
    parser.add_argument("--extra-checks", type=Path, metavar="DIR", help="checks of your own, as in modules/")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="students at a time")
    parser.add_argument("--dask", default="", metavar="ADDRESS", help="spread over a cluster of dask.distributed")
    parser.add_argument("--force", action="store_true", help="grade again who is graded already")
    parser.add_argument("--allow-weak", action="store_true", help="grade where code cannot be shut in")
    parser.add_argument(
        "--level", default="", metavar="LEVEL", help="weaker walls than there are: limits, landlock, ..."
    )
    parser.set_defaults(run=grade)


def chosen_modules(words: str) -> tuple[str, ...]:
    """The numbers of modules: "1-4,9" is 01 to 04 and 09, and nothing is all."""
    known = [module.number for module in modules()]
    if not words:
        return tuple(known)
    found = []
    for word in words.split(","):
        match = re.fullmatch(r"\s*(\d\d?)\s*(?:-\s*(\d\d?)\s*)?", word)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        numbers = [f"{i:02}" for i in range(first, last + 1)]
        if not numbers or not set(numbers) <= set(known):
            raise CommandError(
                f"--modules takes numbers from {known[0]} to {known[-1]}, as in 1-4 or 1,3, not {words!r}"
            )
        found += numbers
    return tuple(sorted(set(found)))


def grade(options: argparse.Namespace) -> int:
    """Grade a class."""
    from tinytorch.grading import batch
    from tinytorch.grading.grader import probed
    from tinytorch.grading.scoring import Task

    folder = Path(options.submissions)
    for wanted in (folder, options.extra_checks):
        if wanted is not None and not wanted.is_dir():
            raise CommandError(f"there is no folder {wanted}")
    if options.workers < 1:
        raise CommandError(f"--workers takes a number from 1 on, not {options.workers}")
    numbers = chosen_modules(options.modules)
    try:
        means = probed().at(options.level) if options.level else probed()
        extra = options.extra_checks.resolve() if options.extra_checks else None
        wanted = batch.Batch(
            folder.resolve(),
            options.out.resolve(),
            Task(numbers, options.salt, extra),
            means,
            options.workers,
            options.force,
            options.allow_weak,
            options.dask,
        )
        outcome = batch.run(wanted)
    except batch.Refused as error:
        raise CommandError(str(error), 1) from None
    print(f"{outcome.graded} graded, {outcome.kept} as before.")
    if outcome.refused:
        print(f"Not readable: {', '.join(outcome.refused)}.")
    if outcome.errors:
        print(f"Without a mark, by no fault of theirs: {', '.join(outcome.errors)}.")
    return 1 if outcome.errors else 0
