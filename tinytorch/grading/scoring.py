"""One submission, judged and scored: each exercise alone, then the whole; what came of it as plain data.

The result is the same whenever the same files are graded again: nothing in it depends on the clock, the machine's names or
the order of the class.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from tinytorch.course import report, source
from tinytorch.course.checks import Check, Difference
from tinytorch.course.exercises import Exercise, Module, modules
from tinytorch.course.frames import without_addresses
from tinytorch.course.judge import Failure, Verdict, WorkerError, checks_of, judged
from tinytorch.course.source import Source
from tinytorch.course.workspace import WorkspaceError, workable
from tinytorch.grading import whole
from tinytorch.grading.advice import remarks_on
from tinytorch.grading.grader import Grader
from tinytorch.grading.submissions import Submission

PASSED, FAILED, SKIPPED, ERROR = "passed", "failed", "skipped", "error"
LONGEST = 300.0  # seconds that a submission may use
WIDTH = 88
ENDS_THE_WORKER = "your code ended, or froze, the process that started it"
T = TypeVar("T")
TRIVIAL = (  # bodies that know nothing: checks that they pass are worth nothing by themselves
    *(f'raise {name}("no")' for name in ("ValueError", "TypeError", "IndexError", "RuntimeError", "KeyError")),
    *("return None", "pass"),
)


@dataclass(frozen=True)
class Task:
    """What is graded, and by what: the same for all of a class."""

    numbers: tuple[str, ...]  # of the modules
    salt: str = ""
    extra: Path | None = None
    broken: Mapping[str, str] = field(default_factory=dict)  # what the library fails, and why: the grader's fault

    @property
    def modules(self) -> list[Module]:
        """The modules that are graded."""
        return [module for module in modules() if module.number in self.numbers]


@dataclass(frozen=True)
class Mark:
    """What came of an exercise, or of a part of the whole. points is None where the grader is at fault."""

    number: str
    title: str
    most: float
    state: str
    points: float | None
    what: str = ""  # in a sentence
    details: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def as_test(self) -> dict[str, Any]:
        """As a test in Gradescope's format."""
        shown = [
            self.what,
            *(self.details[key] for key in ("call", "sides", "trail", "because") if self.details.get(key)),
        ]
        test: dict[str, Any] = {
            "name": f"{self.number} {self.title}",
            "number": self.number,
            "max_score": self.most,
            "output": "\n\n".join(part for part in shown if part),
            "output_format": "text",
            "visibility": "visible",
            "extra_data": {"state": self.state, "what": self.what, **self.details},
        }
        if self.points is not None:
            test |= {"score": self.points, "status": "passed" if self.state == PASSED else "failed"}
        return test


def marks(submission: Submission, task: Task, grader: Grader) -> Iterator[Mark]:
    """The marks of a submission, one after the other."""
    end = grader.used + LONGEST
    sources: dict[str, Source] = {}
    for module in task.modules:
        if module.name not in submission.files:
            said = next((one for one in submission.remarks if f"{module.name}.py" in one), "")
            said = said or f"{module.name}.py was not handed in"
            yield from (_without(e, SKIPPED, said) for e in module.exercises)
        elif said := submission.problem(module.name):
            yield from (_without(e, FAILED, said) for e in module.exercises)
        else:
            sources[module.name] = submission.source(module.name)
            yield from _of_module(module, sources[module.name], task, grader, end)
    yield from _of_the_whole(sources, task, grader, end)


def _of_module(module: Module, own: Source, task: Task, grader: Grader, end: float) -> Iterator[Mark]:
    grader.enter([module.name])
    stubs = source.unwritten(own)
    dead: list[Mark] = []  # marks of exercises for which the file ended Python, or never ended, when it was loaded
    for exercise in module.exercises:
        began = time.monotonic()
        if exercise.id in task.broken:
            mark = _without(exercise, ERROR, task.broken[exercise.id])
        elif all(name in stubs for name in exercise.functions):
            mark = _without(exercise, SKIPPED, "it is not written")
        elif len(dead) == 2:  # two exercises alike: it lies in the file, not in one of them
            mark = _without(exercise, FAILED, dead[0].what)
        elif grader.used > end:
            mark = _without(exercise, FAILED, f"all exercises together took more than {LONGEST:g} seconds")
        else:
            mark = _of_exercise(exercise, own, grader)
            dead += [mark] if mark.details.get("kind") in ("time", "ended") and "check" not in mark.details else []
        yield replace(mark, seconds=time.monotonic() - began)


def _without(exercise: Exercise, state: str, what: str) -> Mark:
    return Mark(exercise.id, exercise.title, exercise.points, state, None if state == ERROR else 0, what)


def _of_exercise(exercise: Exercise, own: Source, grader: Grader) -> Mark:
    """Judge an exercise; what goes wrong in the judge is an error, and no verdict on the student."""
    try:
        text = workable(exercise, own, own.path)
        found = _verdict(exercise, text, grader)
        return _mark(found, own, grader)
    except WorkspaceError as error:
        return _without(exercise, FAILED, str(error))
    except (SyntaxError, RecursionError) as error:  # what is put together of two files that can be read
        said = error.msg if isinstance(error, SyntaxError) else "something in it is nested too deeply"
        return _without(exercise, FAILED, f"{own.path} cannot be joined with the library's functions: {said}")
    except Exception as error:
        return _without(exercise, ERROR, f"the grader failed: {type(error).__name__}: {error}")


def _verdict(exercise: Exercise, text: Source, grader: Grader) -> Verdict:
    library = exercise.module.library
    found = _unless_it_ends_the_worker(
        grader, lambda: grader.verdict(exercise, text), lambda: grader.verdict(exercise, library, diagnose=False)
    )
    if found is not None:
        return found
    return Verdict(exercise, 0, len(checks_of(exercise, grader.extra)), Failure("ended", ENDS_THE_WORKER), "")


def _unless_it_ends_the_worker(grader: Grader, theirs: Callable[[], T], librarys: Callable[[], T]) -> T | None:
    """What comes of a student's code; None where the worker ends twice on it, and not on the library's own.

    Raises WorkerError where it ends on that too, which is the grader's fault.
    """
    for _ in range(2):
        with suppress(WorkerError):
            return theirs()
    with grader.unpaid():
        librarys()
    return None


def _mark(found: Verdict, own: Source, grader: Grader) -> Mark:
    exercise, failure = found.exercise, found.failure
    details: dict[str, Any] = {"checks": [found.passed, found.total]}
    if found.printed and not found.stopped:  # what was printed by then is chance
        details["printed"] = without_addresses(found.printed)[:2000]
    if failure is None:
        return Mark(exercise.id, exercise.title, exercise.points, PASSED, exercise.points, "", details)
    died = failure.kind == "ended" or (found.ended and not found.stopped)
    earned = set() if died or not found.right else set(found.right) - passed_by_nothing(exercise, grader)
    share = len(earned) / found.total if found.total else 0
    if found.ended and failure.kind not in ("time", "ended"):  # which came after what is told of
        details["besides"] = "a call that took too long" if found.stopped else "the process was ended"
    if failure.kind == "time":  # in which line of a loop it was stopped is chance: grading again must come to the same
        failure = replace(failure, trail=())
        found = replace(found, failure=failure)
    details |= {"kind": failure.kind, **_told(found, failure, own, grader)}
    what = report.sentence(failure.what, own)
    if _is_unseen(failure, grader):
        what = f"A check that you have not seen does not pass: {nature(failure)}"
    return Mark(exercise.id, exercise.title, exercise.points, FAILED, round(exercise.points * share, 2), what, details)


def passed_by_nothing(exercise: Exercise, grader: Grader) -> set[str]:
    """The checks that are passed by functions that do nothing but raise an error, or return nothing."""
    if exercise.id not in grader.worthless:
        stub = source.stub(exercise.module.library, {name: exercise.id for name in exercise.functions})
        raising = f'raise NotImplementedError("{exercise.id}")'
        texts = [Source.of(stub.text.replace(raising, body), stub.path) for body in TRIVIAL]
        with grader.unpaid():
            found = [grader.verdict(exercise, text, diagnose=False).right for text in texts]
        grader.worthless[exercise.id] = {name for right in found for name in right}
    return grader.worthless[exercise.id]


# What is told of a failure


def _is_unseen(failure: Failure, grader: Grader) -> bool:
    """Whether it is a check of the instructor's own, of which students are told no more than the kind of failure."""
    return failure.check is not None and failure.check not in checks_of(_exercise(failure.check), None)


def _exercise(check: Check) -> Exercise:
    return next(e for module in modules() for e in module.exercises if e.id == check.exercise)


def _told(found: Verdict, failure: Failure, own: Source, grader: Grader) -> dict[str, Any]:
    """The parts of what a student is told, as far as there are any."""
    if _is_unseen(failure, grader):
        return {"check": "unseen", "nature": nature(failure)}
    told: dict[str, Any] = {}
    stand_ins = report.stand_ins_of(found, own)
    if failure.check:
        told["check"] = failure.check.name
        told["shows"] = failure.check.shows
    if failure.case and failure.kind != "unwritten":
        told["call"] = report.call(failure.case, WIDTH)
    if failure.difference and report.has_sides(failure.difference):
        told["sides"] = report.sides(failure.difference, failure.numeric, WIDTH)
    if failure.trail:
        told["trail"] = "\n".join(report.trail(failure, own, stand_ins, WIDTH))
    if failure.diagnosis:
        told["mistake"] = failure.diagnosis.name
        told["because"] = f"This is what you get when {failure.diagnosis.message}"
    return {**told, "line": report.line_of(found, own, stand_ins)}


def nature(failure: Failure) -> str:
    """The kind of a failure, without anything that would give the case away."""
    found = failure.difference
    if failure.kind != "wrong" or found is None:
        names = {"time": "time", "crash": "an exception", "ended": "the process ended", "unwritten": "not written"}
        return names.get(failure.kind, "the answer is of another kind")
    if " has shape " in f" {found.what}":
        return "shape"
    if " has data type " in f" {found.what}":
        return "data type"
    return _of_numbers(found)


def _of_numbers(found: Difference) -> str:
    if found.index is None:
        return "value"
    try:
        got, wanted = float(found.got[found.index]), float(found.expected[found.index])
    except (TypeError, ValueError):
        return "value"
    if got != got:
        return "NaN"
    if wanted and got == -wanted:
        return "sign"
    return "scale" if wanted and got and _is_scaled(found, got / wanted) else "value"


def _is_scaled(found: Difference, factor: float) -> bool:
    return bool(abs(found.got - factor * found.expected).max() <= 1e-6 * abs(found.got).max())


# The whole


def _of_the_whole(sources: Mapping[str, Source], task: Task, grader: Grader, end: float) -> Iterator[Mark]:
    """A mark for each part of the library that runs on the student's files alone."""
    grader.enter([module.name for module in task.modules])
    for part in whole.parts(task.numbers):
        began = time.monotonic()
        if _number(part) in task.broken:
            mark = _part(part, ERROR, task.broken[_number(part)])
        elif not sources:
            mark = _part(part, SKIPPED, "nothing that can be run was handed in")
        elif grader.used > end:
            mark = _part(part, FAILED, "no time was left")
        else:
            mark = _of_part(part, sources, grader)
        yield replace(mark, seconds=time.monotonic() - began)


def _number(part: Check) -> str:
    return f"whole {part.exercise} {part.name}"


def _part(part: Check, state: str, what: str) -> Mark:
    points = {PASSED: whole.POINTS, ERROR: None}.get(state, 0)
    return Mark(_number(part), part.shows, whole.POINTS, state, points, what)


def _of_part(part: Check, sources: Mapping[str, Source], grader: Grader) -> Mark:
    cases = part.cases(grader.salt)
    try:
        reply = _unless_it_ends_the_worker(
            grader,
            lambda: grader.ask(sources, whole.PROBES, cases),
            lambda: grader.ask({m.name: m.library for m in modules() if m.name in sources}, whole.PROBES, cases),
        )
        if reply is None:
            return _part(part, FAILED, ENDS_THE_WORKER)
        loaded, *outcomes = reply["outcomes"] or [{"error": ""}]
        if "error" in loaded:
            return _part(part, FAILED, f"Together: {grader.of_loading(reply).what}")
        failures = [found for case, seen in zip(cases, outcomes, strict=False) if (found := judged(part, case, seen))]
    except Exception as error:
        return _part(part, ERROR, f"the grader failed: {type(error).__name__}: {error}")
    if failures or len(outcomes) < len(cases):
        missing = cases[min(len(outcomes), len(cases) - 1)]
        what = failures[0].what if failures else grader.ended(reply, f"in {missing.call}", grader.seconds).what
        return _part(part, FAILED, report.sentence(what, *sources.values()))
    return _part(part, PASSED, "")


# Results


def results(
    submission: Submission, task: Task, grader: Grader, facts: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, float]]:
    """What came of a submission in Gradescope's format, and the seconds of each mark, which are kept apart.

    facts: what else belongs into the results, the key and the isolation.
    """
    data: dict[str, Any] = {"student": submission.student, **facts, "remarks": list(submission.remarks)}
    if submission.refused:
        said = f"This submission was not graded: {submission.refused}."
        return {
            "output": said,
            "tests": [],
            "extra_data": {**data, "state": "refused", "refused": submission.refused},
        }, {}
    found = list(marks(submission, task, grader))
    besides = [f"{mark.number}: {mark.details['besides']}" for mark in found if "besides" in mark.details]
    data["flags"] = [*remarks_on(submission, task.modules), *besides]
    data["state"] = ERROR if any(mark.state == ERROR for mark in found) else "graded"
    notes = [f"Isolation: {facts['isolation']['means']}.", *(f"{remark}." for remark in submission.remarks)]
    whole_result: dict[str, Any] = {"output": "\n".join(notes), "output_format": "text", "stdout_visibility": "hidden"}
    if data["state"] != ERROR:
        whole_result |= {"score": round(sum(mark.points or 0 for mark in found), 2)}
    tests = [mark.as_test() for mark in found]
    return {**whole_result, "tests": tests, "extra_data": data}, {mark.number: round(mark.seconds, 4) for mark in found}
