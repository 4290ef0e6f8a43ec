"""`tinytorch grade`: the submissions of a class are judged, and what came of them is exported."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from tinytorch.cli import CommandError, as_typed
from tinytorch.course.exercises import modules


def add_parser(commands: Any, name: str, summary: str) -> None:
    """Say what the command takes."""
    parser = commands.add_parser(name, help=summary, description=f"{summary[:1].upper()}{summary[1:]}.")
    parser.add_argument(
        "submissions",
        metavar="SUBMISSIONS",
        help="a folder with a folder or a zip for each student; `export` writes marks again, `gradescope` an autograder",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="GRADES", help="the folder of the results")
    parser.add_argument("--modules", default="", metavar="1-4", help="the modules that are graded (all)")
    parser.add_argument("--salt", default="", metavar="TERM", help="draws the inputs: a word that students do not know")
    parser.add_argument("--extra-checks", type=Path, metavar="DIR", help="checks of your own, as in modules/")
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="students at a time (as many as there are cores, or workers in the cluster)",
    )
    parser.add_argument("--dask", default="", metavar="ADDRESS", help="spread over a cluster of dask.distributed")
    parser.add_argument("--force", action="store_true", help="grade again who is graded already")
    parser.add_argument("--allow-weak", action="store_true", help="grade where code cannot be shut in")
    parser.add_argument(
        "--level", default="", metavar="LEVEL", help="weaker walls than there are: limits, landlock, ..."
    )
    parser.add_argument("--canvas", type=Path, metavar="FILE", help="with `grade export`: fill in Canvas's gradebook")
    parser.add_argument("--moodle", type=Path, metavar="FILE", help="with `grade export`: fill in Moodle's")
    parser.add_argument("--column", default="", metavar="NAME", help="the column of the gradebook, or its beginning")
    parser.add_argument("--due", default="", metavar="TIME", help="with `grade export`: as in 2026-10-31T23:59")
    parser.add_argument("--late", metavar="POLICY", help="with --due: none, cutoff, percent:10 or grace:2,percent:10")
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
    """Grade a class, or export what was graded."""
    from tinytorch.grading import batch
    from tinytorch.grading.grader import probed
    from tinytorch.grading.scoring import Task

    if options.submissions == "export":
        return export(options)
    if options.submissions == "gradescope":
        return _archive(options)
    folder = Path(options.submissions)
    for wanted in (folder, options.extra_checks):
        if wanted is not None and not wanted.is_dir():
            raise CommandError(f"there is no folder {wanted}")
    if options.workers is not None and options.workers < 1:
        raise CommandError(f"--workers takes a number from 1 on, not {options.workers}")
    numbers = chosen_modules(options.modules)
    _warn_of_no_salt(options)
    try:
        means = probed(options.level)
        extra = options.extra_checks.resolve() if options.extra_checks else None
        wanted = batch.Batch(
            submissions=folder.resolve(),
            out=options.out.resolve(),
            task=Task(numbers, options.salt, extra),
            means=means,
            workers=options.workers,
            force=options.force,
            allow_weak=options.allow_weak,
            cluster=options.dask,
        )
        outcome = batch.run(wanted)
    except batch.Refused as error:
        raise CommandError(str(error), 1) from None
    _publish(wanted.out, options)
    if _lateness_is_open(options):
        print(as_typed("times.csv is not counted yet: `tinytorch grade export` with --due and --late does."))
    print(
        f"{outcome.graded} graded, {outcome.kept} as before: grades.csv, report.html and feedback/ are in {options.out}."
    )
    if outcome.gone:
        print(f"From submissions that are no longer there: {', '.join(outcome.gone)}.")
    if outcome.refused:
        print(f"Not readable: {', '.join(outcome.refused)}.")
    if outcome.errors:
        print(f"Without a mark, by no fault of theirs: {', '.join(outcome.errors)}.")
    return 1 if outcome.errors else 0


def _warn_of_no_salt(options: argparse.Namespace) -> None:
    """Say what is lost without a salt."""
    if not options.salt:
        said = (
            "Without --salt the inputs are those of `tinytorch check`, which students know: choose a word for the term."
        )
        print(as_typed(said))


def export(options: argparse.Namespace) -> int:
    """Put marks, manual changes and lateness together, and fill in gradebooks."""
    from tinytorch.grading.gradebook import fill_canvas, fill_moodle
    from tinytorch.grading.marks import TIMES, Wrong

    if not (options.out / "results").is_dir():
        raise CommandError(
            f"there are no results in {options.out}: `tinytorch grade SUBMISSIONS --out {options.out}` first"
        )
    if _lateness_is_open(options):
        raise CommandError(
            f"{options.out / TIMES} says when work came: say --due and --late with every export, or --late none", 1
        )
    marks = _publish(options.out, options)
    given = [row for row in marks if row.final is not None]
    late = f", {sum(row.days_late > 0 for row in given)} late" if options.due else ""
    print(f"{options.out / 'grades.csv'}: marks for {len(given)} of {len(marks)} students{late}.")
    for book, fill, name in ((options.canvas, fill_canvas, "canvas.csv"), (options.moodle, fill_moodle, "moodle.csv")):
        if book is not None:
            try:
                filled = fill(book, options.out / name, marks, options.column)
            except Wrong as error:
                raise CommandError(str(error), 1) from None
            print(f"{options.out / name}: {filled.filled} marks.")
            if filled.unknown:
                print(f"Not in {book.name}, not once, or two for one line: {', '.join(filled.unknown)}.")
            if filled.unmarked:
                print(f"Without a mark there: {', '.join(filled.unmarked)}.")
    return 0


def _lateness_is_open(options: argparse.Namespace) -> bool:
    """Whether there are times of submission, and nobody has said what becomes of them."""
    from tinytorch.grading.marks import TIMES

    return options.late is None and not options.due and (options.out / TIMES).is_file()


def _archive(options: argparse.Namespace) -> int:
    """Write what Gradescope is given."""
    from tinytorch.grading.adapter import archive

    numbers = ",".join(chosen_modules(options.modules))
    _warn_of_no_salt(options)
    archive(options.out, numbers, options.salt, options.allow_weak)
    print(f"{options.out}: upload it as the autograder of a programming assignment.")
    return 0


def _publish(out: Path, options: argparse.Namespace) -> Any:
    """Write grades.csv, report.html and feedback/ from the results, and return the marks."""
    from tinytorch.grading import marks, pages

    try:
        due = marks.moment(options.due, "--due")
        late = marks.Late.of(options.late or "none")
        if late != marks.Late() and due is None:
            raise marks.Wrong("a late policy needs --due")
        found = marks.rows(out, due, late)
    except marks.Wrong as error:
        raise CommandError(str(error), 1) from None
    marks.write_grades(out, found)
    pages.write_pages(out, found)
    return found
