"""What a verdict looks like to a learner: the call with its input, what came, what was expected, and where to edit.

Everything is said in words, so nothing is lost without colour, and fits into the width it is given.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from tinytorch.course.checks import Case, Difference, described
from tinytorch.course.judge import Failure, Verdict
from tinytorch.course.source import Source
from tinytorch.course.style import Style, wrapped

WIDEST = 88


def verdict(found: Verdict, path: Path, own: Source, columns: int = 80, style: Style | None = None) -> str:
    """All that there is to say of a verdict on what stands in the file at `path`."""
    style = style or Style()
    exercise = found.exercise
    width = min(columns, WIDEST)
    if found.failure is None:
        head = style.green(wrapped(f"{exercise.id} {exercise.title} passes: {_count(found.total, 'check')}.", width))
        return "\n\n".join([head, *([_printed(found, width)] if found.printed else []), wrapped(exercise.note, width)])
    head = f"{exercise.id} {exercise.title} does not pass: {found.passed} of {found.total} checks do."
    blocks = [style.red(wrapped(head, width))]
    stand_ins = stand_ins_of(found, own)
    blocks += _failure(found.failure, own, stand_ins, width, style)
    if found.printed:
        blocks.append(_printed(found, width))
    blocks.append(wrapped(f"Edit {path} line {line_of(found, own, stand_ins)}.", width))
    return "\n\n".join(blocks)


def stand_ins_of(found: Verdict, own: Source) -> set[int]:
    """The lines of the learner's file for which the library's stood in: the functions of all other exercises."""
    if found.exercise.module.for_class:
        return set()
    others = found.exercise.module.messages.keys() - set(found.exercise.functions)
    nodes = [node for name in others for node in own.functions.get(name, [])]
    return {line for node in nodes for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def _failure(failure: Failure, own: Source, stand_ins: set[int], width: int, style: Style) -> list[str]:
    blocks = []
    if failure.check:
        blocks.append(wrapped(f"What is checked: {failure.check.shows}.", width))
    if failure.case and failure.kind != "unwritten":
        blocks.append(call(failure.case, width))
    blocks.append(style.bold(wrapped(sentence(failure.what, own), width)))
    if failure.difference and has_sides(failure.difference):
        blocks.append(sides(failure.difference, failure.numeric, width))
    if failure.trail:
        blocks.append("\n".join(trail(failure, own, stand_ins, width)))
    if failure.asked:
        blocks.append(f"    where the check says\n        {failure.asked}")
    if failure.diagnosis:
        blocks.append(wrapped(f"This is what you get when {failure.diagnosis.message}", width))
    return blocks


def sentence(said: str, *own: Source) -> str:
    """With a capital at the front, unless the name of a function of these files stands there."""
    names = {name.split(".")[-1] for source in own for name in source.functions}
    return said if said.partition(" ")[0] in names else said[:1].upper() + said[1:]


def call(case: Case, width: int = 80) -> str:
    """The call as one would type it, and its arrays."""
    arrays = {name: value for name, value in case.arguments.items() if isinstance(value, np.ndarray)}
    longest = max(map(len, arrays), default=0)
    lines = [wrapped(case.call, width, "  ", "      ")]
    lines += [spelled(f"    {name:<{longest}} = ", value, width) for name, value in arrays.items() if name != "g"]
    if "g" in arrays:
        lines.append(spelled(f"    {'g':<{longest}} = ", arrays["g"], width))
        lines.append("    where g is the gradient that comes back to the value")
    return "\n".join(lines)


def has_sides(difference: Difference) -> bool:
    """Whether there is more to show of a difference than its sentence."""
    return difference.index is not None or isinstance(difference.got, np.ndarray)


def sides(difference: Difference, numeric: float | None, width: int = 80) -> str:
    """What came and what was expected, and where they first differ."""
    lines = []
    for name, value in (("came", difference.got), ("expected", difference.expected)):
        shown = (
            spelled(f"    {name:<9} ", value, width)
            if isinstance(value, np.ndarray)
            else f"    {name:<9} {described(value)}"
        )
        lines.append(shown)
        if isinstance(value, np.ndarray):
            lines.append(f"{'':14}shape {value.shape}, {value.dtype}")
    if difference.index is not None:
        got, expected = difference.got[difference.index], difference.expected[difference.index]
        place = list(difference.index)
        said = [f"first at {place} {_number(got)}, expected {_number(expected)}"] if place else []
        if got.dtype.kind == "f" and np.isfinite(got):
            said.append(f"off by {abs(float(got) - float(expected)):.4g}")
        lines += [f"    {', '.join(said)}"] if said else []
    if numeric is not None:
        lines.append(f"    your own values, moved a little, say {numeric:.6g}")
    return "\n".join(lines)


def spelled(before: str, array: np.ndarray, width: int = 80) -> str:
    """An array as one would type it, small ones whole."""
    margin = len(before) + len("np.array(")
    room = max(width - margin - 2, 20)
    text = np.array2string(
        array, separator=", ", max_line_width=room, threshold=60, edgeitems=2, precision=6, suppress_small=True
    )
    text = re.sub(r"\n\s*\n", "\n", text)  # between matrices NumPy leaves lines empty
    dtype = "" if array.dtype.name in ("float64", "int64", "bool") else f", np.{array.dtype.name}"
    return f"{before}np.array({text}{dtype})".replace("\n", "\n" + " " * margin)


def trail(failure: Failure, own: Source, stand_ins: set[int], width: int) -> list[str]:
    """The lines of the learner's file that led to an exception or an endless loop, as Python shows them."""
    lines = []
    repeated = 0
    for i, (file, line, function) in enumerate(failure.trail):
        if (file, line, function) in failure.trail[:i]:
            repeated += 1
            continue
        place = f"    {Path(file).name} line {line}, in {function}"
        if line in stand_ins:
            lines.append(f"{place} (the library's)")
            continue
        text = own.lines[line - 1].strip() if file == own.path and line <= len(own.lines) else ""
        lines += [place, *([f"        {text}"[:width]] if text else [])]
    return [*lines, "    ... and the same again and again"] if repeated else lines


def line_of(found: Verdict, own: Source, stand_ins: set[int]) -> int:
    """Where to begin: the last line of a traceback that is theirs, else the function that the failing call names."""
    failure = found.failure
    theirs = [line for _, line, _ in failure.trail if line not in stand_ins] if failure else []
    if theirs:
        return theirs[-1]
    unwritten = failure.what if failure and failure.kind == "unwritten" else ""
    said = re.findall(r"\w+", f"{unwritten} {failure.case.call if failure and failure.case else ''}")
    named = [name for name in found.exercise.functions if name.split(".")[-1] in said]
    return own.line_of((named or found.exercise.functions)[0]) or 1


def _printed(found: Verdict, width: int) -> str:
    lines = found.printed.rstrip().split("\n")
    shown = [f"    {line}"[:width] for line in lines[:10]]
    return "\n".join(["Your code printed:", *shown, *(["    ..."] if len(lines) > 10 else [])])


def _number(value: Any) -> str:
    return f"{float(value):.6g}" if np.asarray(value).dtype.kind == "f" else str(value)


def _count(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"
