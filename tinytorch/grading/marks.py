"""Marks: results, manual changes and lateness put together when they are exported, and never stored in the results.

overrides.csv   student, exercise, points, comment     an empty exercise changes the total, whatever the lateness
times.csv       student, submitted, extension, grace   ISO time; days; days of grace that are left to this student
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tinytorch._files import write_whole

FACTS = ("state", "final", "total", "most", "days late", "share")
OVERRIDES, TIMES = "overrides.csv", "times.csv"
GONE = "gone.json"  # students with results of submissions that are no longer there


class Wrong(ValueError):
    """What is wrong with a file or an option, in a sentence."""


@dataclass(frozen=True)
class Late:
    """What becomes of late work: free for some days, then less by a share each day, or nothing. None of them: all is taken."""

    grace: int = 0
    percent: float = 0.0
    cutoff: bool = False

    @classmethod
    def of(cls, words: str) -> Late:
        """From "none", "cutoff", "percent:10", "grace:3" or "grace:2,percent:10". Raises Wrong."""
        found: dict[str, Any] = {}
        for word in words.split(",") if words != "none" else ():
            match = re.fullmatch(r"\s*(?:(cutoff)|(percent):(\d+(?:\.\d+)?)|(grace):(\d+))\s*", word)
            if not match:
                raise Wrong(f"a late policy is none, cutoff, percent:10, grace:3 or grace:2,percent:10, not {words!r}")
            if match[1]:
                found["cutoff"] = True
            elif match[2]:
                found["percent"] = float(match[3])
            else:
                found["grace"] = int(match[5])
        if found.get("grace") and "percent" not in found:
            found["cutoff"] = True
        return cls(**found)

    def share(self, days: int, grace: int | None = None) -> float:
        """What is left of the points of work that is some days late; grace: what the student has left of it."""
        over = days - (self.grace if grace is None else min(self.grace, grace))
        if over <= 0:
            return 1.0
        if self.cutoff:
            return 0.0
        return max(0.0, 1 - over * self.percent / 100)


@dataclass(frozen=True)
class Time:
    """When a student handed in, the days by which theirs may be later, and the days of grace that they have left."""

    submitted: datetime | None = None
    extension: float = 0.0
    grace: int | None = None


@dataclass
class Row:
    """All marks of a student. final is None where there is none to give."""

    student: str
    state: str
    exercises: dict[str, float | None]
    most: dict[str, float]
    days_late: int = 0
    share: float = 1.0
    final: float | None = None
    comments: list[str] = field(default_factory=list)

    @property
    def total(self) -> float | None:
        """The points of all exercises and of the whole, None where one has none."""
        points = list(self.exercises.values())
        return None if any(p is None for p in points) else round(sum(p or 0.0 for p in points), 2)


def read_results(out: Path) -> list[dict[str, Any]]:
    """All results, in the order of the students."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in (out / "results").glob("*.json")]
    return sorted(found, key=lambda result: str(result["extra_data"]["student"]))


def rows(out: Path, due: datetime | None = None, late: Late | None = None) -> list[Row]:
    """The marks of a class. Raises Wrong where a file with changes or times cannot be understood."""
    found = [_row(result) for result in read_results(out)]
    known = {row.student: row for row in found}
    totals = _override(out / OVERRIDES, known)
    times = _times(out / TIMES)
    if lost := sorted(times.keys() - known.keys()):
        raise Wrong(f"{TIMES} names {lost[0]!r}, of whom there are no results")
    for row in found:
        if due is not None and late is not None:
            _apply(row, times.get(row.student, Time()), due, late)
        total = row.total
        row.final = None if total is None else round(total * row.share, 2)
        row.final = totals.get(row.student, row.final)
    return found


def _row(result: Mapping[str, Any]) -> Row:
    data = result["extra_data"]
    tests = result["tests"]
    points = {test["number"]: test.get("score") for test in tests}
    if not tests:
        points = {"": None}  # nobody knows what it is worth
    most = {test["number"]: test["max_score"] for test in tests}
    said = data.get("refused") or data.get("error") or ""
    return Row(data["student"], data["state"], points, most, comments=[said] if said else [])


def _override(path: Path, known: Mapping[str, Row]) -> dict[str, float]:
    """Change points by hand; returns the totals that were set."""
    totals = {}
    for line, entry in _table(path, ("student", "exercise", "points", "comment")):
        row = known.get(entry["student"])
        if row is None:
            raise Wrong(f"{path.name} line {line} names {entry['student']!r}, of whom there are no results")
        if entry["points"]:
            points = _number(entry["points"], f"{path.name} line {line}")
            if not entry["exercise"]:
                totals[row.student] = points
                row.exercises = {number: was for number, was in row.exercises.items() if number}
            elif entry["exercise"] in row.exercises:
                row.exercises[entry["exercise"]] = points
            else:
                raise Wrong(f"{path.name} line {line} names {entry['exercise']!r}, which was not graded")
        if entry["comment"]:
            row.comments.append(": ".join(filter(None, (entry["exercise"], entry["comment"]))))
    return totals


def _times(path: Path) -> dict[str, Time]:
    found = {}
    for line, entry in _table(path, ("student", "submitted", "extension", "grace")):
        where = f"{path.name} line {line}"
        grace = int(_number(entry["grace"], where)) if entry["grace"] else None
        extension = _number(entry["extension"], where) if entry["extension"] else 0.0
        found[entry["student"]] = Time(moment(entry["submitted"], where), extension, grace)
    return found


def moment(text: str, where: str) -> datetime | None:
    """A time as in 2026-10-31T23:59, or with a zone; None for nothing. Raises Wrong."""
    try:
        return datetime.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise Wrong(f"{where}: a time is written as 2026-10-31T23:59, not {text!r}") from None


def _number(text: str, where: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Wrong(f"{where}: {text!r} is not a number")
    return number


def _apply(row: Row, time: Time, due: datetime, late: Late) -> None:
    if time.submitted is None:
        return
    if (time.submitted.tzinfo is None) != (due.tzinfo is None):
        raise Wrong(f"{TIMES}: the time of {row.student!r} and --due must both have a zone, or neither")
    over = (time.submitted - due).total_seconds() / 86400 - time.extension
    row.days_late = max(0, math.ceil(over - 1e-9))
    row.share = late.share(row.days_late, time.grace)
    if row.share < 1:
        days = "day" if row.days_late == 1 else "days"
        row.comments.append(f"{row.days_late} {days} late: {1 - row.share:.0%} less")


# Tables


def _table(path: Path, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """The lines of a CSV file with these columns, [] where there is none."""
    if not path.exists():
        return []
    reader = csv.DictReader(io.StringIO(decoded(path), newline=""))
    lacking = [name for name in columns[:2] if name not in (reader.fieldnames or [])]
    if lacking:
        raise Wrong(f"{path.name} has no column {lacking[0]!r}: it has {', '.join(reader.fieldnames or []) or 'none'}")
    return [(reader.line_num, {name: (entry.get(name) or "").strip() for name in columns}) for entry in reader]


def decoded(path: Path) -> str:
    """The text of a file as spreadsheets write it: UTF-8 or UTF-16 with a mark, or UTF-8, or else Latin-1."""
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def as_csv(lines: Iterable[Sequence[object]]) -> str:
    """Lines as CSV, text harmless."""
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows([_cell(content) for content in line] for line in lines)
    return stream.getvalue()


def _cell(content: object) -> object:
    """60 rather than 60.0, nothing for None."""
    if isinstance(content, str):
        return harmless(content)
    if isinstance(content, float) and content.is_integer():
        return int(content)
    return "" if content is None else content


def write_grades(out: Path, found: Sequence[Row]) -> None:
    """grades.csv: a line for each student, a column for each exercise."""
    numbers = list(dict.fromkeys(number for row in found for number in row.most))
    lines: list[list[object]] = [["student", *FACTS, *numbers, "comments"]]
    for row in found:
        facts = [row.student, row.state, row.final, row.total, sum(row.most.values()), row.days_late, row.share]
        lines.append([*facts, *(row.exercises.get(number) for number in numbers), "; ".join(row.comments)])
    write_whole(out / "grades.csv", as_csv(lines))
