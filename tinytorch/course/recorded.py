"""Checks of a class release: cases with their answers, written down, so that nothing needs to be there that computes them.

A module's folder that has such a file is a class's: an exercise there is judged with all that the learner wrote, since the
library's solutions are not there to stand in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tinytorch.course.checks import Case, Check
from tinytorch.course.exercises import RECORDED, execute
from tinytorch.course.frames import read_frame, write_frame

JUDGEMENTS = "judgements.py"


@dataclass(frozen=True, eq=False)
class RecordedCase(Case):
    """A case, and the library's answer to it."""

    answer: Any = None


def write(folder: Path, checks: Sequence[tuple[Check, Sequence[tuple[Case, Any]]]]) -> None:
    """Write checks down, each with its cases and their answers."""
    facts = [
        {
            "exercise": check.exercise,
            "name": check.name,
            "shows": check.shows,
            "judge": check.judge.__name__ if check.judge else None,
            "cases": [[case.probe, case.call, dict(case.arguments), answer] for case, answer in cases],
        }
        for check, cases in checks
    ]
    with (folder / RECORDED).open("wb") as stream:
        write_frame(stream, facts)


@cache
def read(folder: Path) -> list[Check]:
    """The checks that are written down in a folder."""
    with (folder / RECORDED).open("rb") as stream:
        facts = read_frame(stream)
    judges = execute(folder / JUDGEMENTS)
    return [_check(fact, judges) for fact in facts]


def _check(fact: dict[str, Any], judges: dict[str, Any]) -> Check:
    cases = tuple(RecordedCase(probe, call, given, answer) for probe, call, given, answer in fact["cases"])
    judge = judges[fact["judge"]] if fact["judge"] else None
    return Check(fact["exercise"], fact["name"], fact["shows"], _drawn_before, len(cases), judge, cases)


def _drawn_before(draw: Any) -> Case:
    raise LookupError("the cases of a class release are written down, not drawn")
