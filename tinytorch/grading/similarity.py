"""Whose code is nearer to another's, or to the library's, than chance makes ten right lines.

Right answers to small exercises look alike. What tells is what nobody needs to share: names, order, comments, odd ways of
saying things, the more the rarer they are in the class. Two students are flagged where they share far more of it than
pairs of this class do.
"""

from __future__ import annotations

import io
import json
import math
import statistics
import tokenize
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tinytorch._files import write_whole
from tinytorch.course.exercises import Exercise, Module
from tinytorch.course.source import Source, text_of
from tinytorch.grading.submissions import Submission

SIMILAR = "similar.json"  # beside the results
LENGTH = 5  # tokens of a shingle
LEAST = 40.0  # bits of surprise that two must share
OUTLYING = 6.0  # robust deviations above the class's median
EXERCISES = 3  # that must be the library's own to the letter
LINES = 3  # of such an exercise
MOST = 8  # exercises that are named


@dataclass(frozen=True)
class Pair:
    """Two students, or one and the library ("" for it), and in which exercises they are alike."""

    first: str
    second: str
    exercises: tuple[str, ...]
    bits: float = 0.0

    def said(self, other: str) -> str:
        """In a sentence, to one of them."""
        more = f" and {len(self.exercises) - MOST} more" if len(self.exercises) > MOST else ""
        where = ", ".join(self.exercises[:MOST]) + more
        if not other:
            return f"is the library's own text to the letter in {where}"
        return f"shares more with {other} than others of the class do, in {where} ({self.bits:.0f} bits)"


def write_pairs(out: Path, submissions: Sequence[Submission], graded: Sequence[Module]) -> None:
    """Note who is too near to whom beside the results."""
    found = [asdict(pair) for pair in pairs(submissions, graded)]
    write_whole(out / SIMILAR, json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def pairs(submissions: Sequence[Submission], graded: Sequence[Module]) -> list[Pair]:
    """Who is too near to whom."""
    given = _given(graded)
    prints = {one.student: _prints(one, graded, given) for one in submissions}
    return [*_of_the_library(submissions, graded), *_of_students(prints)]


def _functions(submission: Submission, graded: Sequence[Module]) -> Iterator[tuple[Exercise, Module, str]]:
    """The text of each exercise that is written."""
    for module in graded:
        try:
            own = submission.source(module.name)
            _ = own.functions
        except (KeyError, SyntaxError):
            continue
        for exercise in module.exercises:
            yield exercise, module, _text(own, exercise)


def _text(own: Source, exercise: Exercise) -> str:
    nodes = [node for name in exercise.functions for node in own.functions.get(name, [])]
    return "\n".join(text_of(own, node) for node in nodes)


def _of_the_library(submissions: Sequence[Submission], graded: Sequence[Module]) -> Iterator[Pair]:
    """Whoever has several exercises of some length exactly as the library has them, comments and all."""
    ours = {e.id: _body(_text(m.library, e)) for m in graded for e in m.exercises}
    stubs = {e.id: _body(_text(stub, e)) for m in graded for stub in (m.stub(),) for e in m.exercises}
    for one in submissions:
        same = [
            exercise.id
            for exercise, _, text in _functions(one, graded)
            if len(set(ours[exercise.id]) - set(stubs[exercise.id])) >= LINES and _body(text) == ours[exercise.id]
        ]
        if len(same) >= EXERCISES:
            yield Pair(one.student, "", tuple(same))


def _body(text: str) -> list[str]:
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def _given(graded: Sequence[Module]) -> dict[str, set[str]]:
    """The shingles of stub and library, by the exercise."""
    texts = [(e.id, _text(text, e)) for m in graded for text in (m.stub(), m.library) for e in m.exercises]
    found: dict[str, set[str]] = {}
    for name, text in texts:
        found.setdefault(name, set()).update(_shingles(text))
    return found


def _prints(submission: Submission, graded: Sequence[Module], given: Mapping[str, set[str]]) -> set[tuple[str, str]]:
    """What is a student's own in their text: shingles of words, comments included, that stub and library do not have."""
    texts = [(exercise.id, text) for exercise, _, text in _functions(submission, graded)]
    return {(name, shingle) for name, text in texts for shingle in _shingles(text) if shingle not in given[name]}


def _shingles(text: str) -> list[str]:
    words = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in (tokenize.NAME, tokenize.OP, tokenize.NUMBER, tokenize.STRING, tokenize.COMMENT):
                words.append(token.string)
    except (tokenize.TokenError, SyntaxError):
        pass
    return [" ".join(words[i : i + LENGTH]) for i in range(max(0, len(words) - LENGTH + 1))]


def _of_students(prints: Mapping[str, set[tuple[str, str]]]) -> Iterator[Pair]:
    """Pairs that share far more bits than the class's pairs do: a shingle of few tells much, one of many nothing."""
    owners: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for student, found in prints.items():
        for shingle in sorted(found):
            owners[shingle].append(student)
    bits: defaultdict[tuple[str, str], float] = defaultdict(float)
    where: defaultdict[tuple[str, str], defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for (exercise, _), students in owners.items():
        if 2 <= len(students) <= max(2, len(prints) // 4):
            surprise = math.log2(len(prints) / len(students)) / LENGTH if len(prints) > 2 else 1.0
            for i, one in enumerate(students):
                for other in students[i + 1 :]:
                    bits[one, other] += surprise
                    where[one, other][exercise] += surprise
    count = len(prints) * (len(prints) - 1) // 2
    everybody = [*bits.values(), *[0.0] * (count - len(bits))]
    middle = statistics.median(everybody) if everybody else 0.0
    spread = statistics.median(abs(value - middle) for value in everybody) if everybody else 0.0
    for (one, other), shared in sorted(bits.items()):
        shares = where[one, other]
        if shared >= LEAST and shared > middle + OUTLYING * 1.4826 * spread:
            yield Pair(one, other, tuple(sorted(shares, key=shares.__getitem__, reverse=True)), round(shared, 1))
