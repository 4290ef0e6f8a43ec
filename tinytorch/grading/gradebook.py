"""The gradebooks of Canvas and Moodle: their own export, filled in and otherwise left as it is, to be imported there again."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinytorch._files import write_whole
from tinytorch.grading.marks import Row, Wrong, decoded

CANVAS = ("SIS User ID", "SIS Login ID", "ID", "Integration ID", "Student")  # what a student may be known by
MOODLE = ("ID number", "Username", "Email address", "Identifier", "Full name")


@dataclass(frozen=True)
class Filled:
    """What became of a gradebook: students without a line of their own in it, and lines without a mark."""

    filled: int
    unknown: list[str]
    unmarked: list[str]


def fill_canvas(book: Path, place: Path, marks: Sequence[Row], column: str = "") -> Filled:
    """Fill a column of Canvas's gradebook, "Homework 1 (123)", which may be named by its beginning. Raises Wrong."""
    known = ("Student", *CANVAS, "Section", "Root Account")
    return _fill(book, place, marks, CANVAS, known, column or r".* \(\d+\)")


def fill_moodle(book: Path, place: Path, marks: Sequence[Row], column: str = "") -> Filled:
    """Fill a column of Moodle's gradebook or grading worksheet, "Grade" or "Assignment: ... (Real)". Raises Wrong."""
    return _fill(book, place, marks, MOODLE, MOODLE, column or r"Grade|.*\(Real\)")


def _fill(
    book: Path, place: Path, marks: Sequence[Row], keys: Sequence[str], known: Sequence[str], column: str
) -> Filled:
    text = decoded(book)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise Wrong(f"{book.name} is not CSV: {error}") from None
    if not lines or not any(key in lines[0] for key in keys):
        raise Wrong(f"{book.name} has none of the columns {', '.join(keys)}: is it the exported gradebook?")
    head = lines[0]
    target = _target(book, head, known, column)
    places = _places(lines, [head.index(key) for key in keys if key in head])
    own = {row.student: places.get(_plain(row.student), []) for row in marks}
    claims = Counter(found[0] for found in own.values() if len(found) == 1)
    unknown, done = [], set()
    for row in marks:
        found = own[row.student]
        if len(found) != 1 or claims[found[0]] > 1:  # nobody knows whose line it is
            unknown.append(row.student)
        elif row.final is not None:
            lines[found[0]] += [""] * (len(head) - len(lines[found[0]]))
            lines[found[0]][target] = f"{row.final:g}"
            done.add(found[0])
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\r\n" if "\r\n" in text else "\n").writerows(lines)
    write_whole(place, stream.getvalue())
    people = {number for found in places.values() for number in found}
    return Filled(len(done), unknown, [lines[number][0] for number in sorted(people - done)])


def _target(book: Path, head: Sequence[str], known: Sequence[str], column: str) -> int:
    """The one column that is meant."""
    fits = [i for i, name in enumerate(head) if name == column]
    fits = fits or [i for i, name in enumerate(head) if name not in known and name.startswith(column)]
    fits = fits or [i for i, name in enumerate(head) if name not in known and _matches(column, name)]
    if len(fits) != 1:
        names = ", ".join(repr(name) for name in head if name not in known)
        said = "more than one column" if fits else "no column"
        raise Wrong(f"{book.name} has {said} for the marks: choose one with --column from {names}")
    return fits[0]


def _matches(pattern: str, name: str) -> bool:
    try:
        return re.fullmatch(pattern, name) is not None
    except re.error:
        return False


def _places(lines: Sequence[Sequence[str]], columns: Sequence[int]) -> dict[str, list[int]]:
    """The lines in which a student is named, by each of their names; "Points Possible" is nobody."""
    found: dict[str, list[int]] = {}
    for number, line in enumerate(lines[1:], 1):
        if not line or line[0].strip() in ("Points Possible", "Student, Test") or "Manual Posting" in line:
            continue
        names = {name for i in columns if i < len(line) for name in _names(line[i])}
        for name in names:
            found.setdefault(name, []).append(number)
    return found


def _names(cell: str) -> set[str]:
    """What a cell calls a student: an address is its first part as well, "Participant 12" is 12, "Li, Al" is Al Li."""
    plain = _plain(cell)
    last, comma, first = plain.partition(",")
    turned = f"{first.strip()} {last.strip()}" if comma else ""
    return {plain, plain.partition("@")[0], plain.removeprefix("participant "), turned} - {""}


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
