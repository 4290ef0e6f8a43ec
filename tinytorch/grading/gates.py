"""The gates: a grader is tried before anybody is graded by it, by what must earn all and by what must earn nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tinytorch.course import source
from tinytorch.course.exercises import Module
from tinytorch.course.source import Source
from tinytorch.grading.grader import Grader
from tinytorch.grading.scoring import PASSED, Task, marks
from tinytorch.grading.submissions import Submission

CANARY = 'raise RuntimeError("a canary")'


def gates(task: Task, grader: Grader) -> dict[str, str]:
    """What is wrong with the grader, by the number of the exercise or the part: the library must earn all, nothing must earn nothing."""
    broken = {}
    for mark in marks(_submission(task, lambda module: module.library), task, grader):
        if mark.state != PASSED:
            broken[mark.number] = f"the library itself does not pass: {mark.what}"
    for body in ("", CANARY):
        for mark in marks(_submission(task, partial(_hollow, body)), task, grader):
            if mark.points:
                broken[mark.number] = "a file in which nothing is written earns points"
    return broken


def _submission(task: Task, text: Callable[[Module], Source]) -> Submission:
    return Submission("the library", {module.name: text(module).text.encode() for module in task.modules})


def _hollow(body: str, module: Module) -> Source:
    """A stub, or a file whose every exercise does nothing but raise an error."""
    stub = source.stub(module.library, {name: "canary" for name in module.messages}) if body else module.stub()
    return Source.of(stub.text.replace('raise NotImplementedError("canary")', body), stub.path) if body else stub
