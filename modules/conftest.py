"""`pytest modules/` checks the course itself; `pytest modules/04_layers --workspace DIR` checks a learner's file.

The library and every alternative must pass, the stub and every known mistake must fail, and the diagnosis must name four
mistakes in five.
"""

import re
from pathlib import Path

import pytest

from tinytorch.course import report, workspace
from tinytorch.course.exercises import modules
from tinytorch.course.judge import Judge, with_variant
from tinytorch.course.source import signature

JUDGE = pytest.StashKey[Judge]()
NAMED = pytest.StashKey[list]()  # (exercise, mistake, whether the diagnosis was that very mistake)


def pytest_configure(config):
    """Nothing was judged yet."""
    config.stash[NAMED] = []


def pytest_collect_file(file_path, parent):
    """A module's tests are collected where its exercises are declared."""
    if file_path.name == "exercises.py" and file_path.parent.parent == Path(__file__).parent:
        return ModuleFile.from_parent(parent, path=file_path)
    return None


def pytest_unconfigure(config):
    """End the worker."""
    if JUDGE in config.stash:
        config.stash[JUDGE].close()


class Disagreement(Exception):
    """A verdict is not what it should be; the message is what a person needs to see."""


class ModuleFile(pytest.File):
    """The tests of a module."""

    def collect(self):
        module = next(module for module in modules() if module.folder == self.path.parent.resolve())
        folder = self.config.getoption("--workspace")
        for exercise in module.exercises:
            if folder:
                yield self.item(exercise, "workspace", lambda e=exercise: judge_workspace(self, e, Path(folder)))
                continue
            yield self.item(exercise, "the library passes", lambda e=exercise: judge_right(self, e, e.module.library))
            yield self.item(exercise, "the stub fails", lambda e=exercise: judge_stub(self, e))
            yield self.item(exercise, "is complete", lambda e=exercise: look_at(e))
            for variant in module.alternatives[exercise.id]:
                run = lambda e=exercise, v=variant: judge_right(self, e, with_variant(e, v))
                yield self.item(exercise, f"{variant.name} passes", run)
            for variant in module.mistakes[exercise.id]:
                yield self.item(
                    exercise, f"{variant.name} fails", lambda e=exercise, v=variant: judge_mistake(self, e, v)
                )

        if not folder:
            name = f"{module.number} most mistakes are told from their output"
            yield Verdicts.from_parent(self, name=name, run=lambda: count_named(self, module))

    def item(self, exercise, name, run):
        return Verdicts.from_parent(self, name=f"{exercise.id} {name}", run=run)

    def verdict(self, exercise, source):
        stash = self.config.stash
        if JUDGE not in stash:
            stash[JUDGE] = Judge()
        return stash[JUDGE].verdict(exercise, source)


class Verdicts(pytest.Item):
    """One verdict, and what it should be."""

    def __init__(self, *, run, **options):
        super().__init__(**options)
        self.run = run

    def runtest(self):
        self.run()

    def repr_failure(self, excinfo, style=None):
        return str(excinfo.value) if excinfo.errisinstance(Disagreement) else super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, None, self.name


def judge_right(file, exercise, source):
    found = file.verdict(exercise, source)
    if not found.ok:
        raise Disagreement(f"a right solution fails:\n\n{report.verdict(found, Path(source.path), source)}")


def judge_stub(file, exercise):
    found = file.verdict(exercise, workspace.alone(exercise, exercise.module.stub()))
    if found.ok or found.passed or found.failure.kind != "unwritten":
        raise Disagreement(f"the stub should fail every check as unwritten: {found.passed} pass, {found.failure}")


def judge_mistake(file, exercise, mistake):
    found = file.verdict(exercise, with_variant(exercise, mistake))
    if found.ok:
        raise Disagreement(f"the mistake {mistake.name} passes all checks")
    for columns in (60, 80):
        shown = report.verdict(found, Path("file.py"), exercise.module.library, columns)
        if wide := [line for line in shown.split("\n") if len(line) > columns and not is_code(line)]:
            raise Disagreement(f"what is said of {mistake.name} is wider than {columns} columns: {wide[0]!r}")
    file.config.stash[NAMED].append((exercise.id, mistake.name, found.failure.diagnosis == mistake))


def is_code(line):
    """A line that is not wrapped, because it can be copied: an array, a call, a line of the file."""
    return line.startswith("    ") or len(line.split()) == 1


def count_named(file, module):
    """Of the mistakes that were judged: most are told from their output alone."""
    judged = [one for one in file.config.stash[NAMED] if one[0][:2] == module.number]
    unnamed = [f"{exercise} {name}" for exercise, name, named in judged if not named]
    if len(unnamed) > 0.2 * len(judged):
        raise Disagreement(f"{len(unnamed)} of {len(judged)} mistakes are not told apart: {', '.join(unnamed)}")


def look_at(exercise):
    """What every exercise must have."""
    module = exercise.module
    if len(module.mistakes[exercise.id]) < 3:
        raise Disagreement("an exercise has at least three known mistakes")
    if len(exercise.hints) != 3 or not all([exercise.prompt, exercise.note, *exercise.hints]):
        raise Disagreement("an exercise has a prompt, three hints and a note")
    for text in (exercise.prompt, exercise.note, *exercise.hints):
        if "\n" in text and not re.search(r"^ {12}\S", text, re.MULTILINE):  # code would be taken for prose, and filled
            raise Disagreement(
                "code stands alone: put a line before it that says what it is, at the margin of the text"
            )
    for variant in [*module.mistakes[exercise.id], *module.alternatives[exercise.id]]:
        if not variant.message or not any(name in variant.source.functions for name in exercise.functions):
            raise Disagreement(f"{variant.name} says nothing, or writes no function of the exercise")
        for name in set(exercise.functions) & set(variant.source.functions):  # a learner's must be that of the stub
            theirs, ours = (one.functions[name][0] for one in (variant.source, module.library))
            if signature(theirs) != signature(ours):
                raise Disagreement(f"{variant.name} takes other arguments than the library's {name}")


def judge_workspace(file, exercise, folder):
    place = workspace.Workspace.find(folder.resolve())
    try:
        found = file.verdict(exercise, place.judged(exercise))
    except workspace.WorkspaceError as error:
        raise Disagreement(str(error)) from None
    if not found.ok:
        raise Disagreement(report.verdict(found, place.path(exercise.module), place.read(exercise.module)))
