"""A scripted learner takes the whole course in a terminal: every exercise in order, every milestone, on files of their own.

Where there is an alternative they take it, loops over kernel offsets in the convolution among them. Run with --long.
"""

import os

import pytest

from tests.course.test_judge import says
from tests.course.test_learner import environment
from tinytorch._files import write_whole
from tinytorch.course import source, workspace
from tinytorch.course.exercises import modules
from tinytorch.course.milestones import MILESTONES
from tinytorch.course.source import Source
from tinytorch.course.workspace import Workspace

PROMPT = "[q]uit > "
POINT_BY_POINT = ("window_by_window", "added_point_by_point")  # in Python, a milestone would take hours
SECONDS = 1200  # for a milestone


def answer(exercise):
    """What the learner writes: an alternative, and the library's text for what it leaves out."""
    module = exercise.module
    known = [variant for variant in module.alternatives[exercise.id] if variant.name not in POINT_BY_POINT]
    if exercise.id == "09.6":
        known = [variant for variant in known if variant.name == "kernel_offsets"]
    return known[0] if known else None


def write(own, exercise):
    """Their file with the exercise written, and the private functions that its text mentions."""
    module, variant = exercise.module, answer(exercise)
    names = exercise.functions
    own = source.put(own, module.library, module.solving(exercise))
    if variant:
        chosen = [name for name in names if name in variant.source.functions]
        own = source.put(own, variant.source, [*chosen, *source.extras(variant.source, own, chosen)])
    return own


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="there are no pseudo-terminals here")
def test_a_learner_takes_the_whole_course(tmp_path):
    pytest.importorskip("pty")
    from tests.course.terminal import Terminal

    folder = tmp_path / "work"
    with Terminal(tmp_path, "start", "work", environment=environment()) as terminal:
        assert terminal.end() == 0 and "01.1" in terminal.shown
    for module in modules():
        with Terminal(folder, environment=environment()) as terminal:
            terminal.until(PROMPT)
            for exercise in module.exercises:
                if exercise.id != "01.1":
                    terminal.type("n")
                    assert f"{exercise.id} {exercise.title}" in terminal.until(PROMPT)
                path = folder / f"{module.name}.py"
                write_whole(path, write(Source.read(path), exercise).text)
                terminal.type("r")
                assert f"{exercise.id} {exercise.title} passes" in terminal.until(PROMPT), terminal.shown[-4000:]
            terminal.type("q")
            assert terminal.end() == 0
        for milestone in MILESTONES.values():
            if milestone.after == module.number:
                with Terminal(folder, "milestone", milestone.name, environment=environment()) as terminal:
                    assert terminal.end(SECONDS) == 0, terminal.shown[-4000:]
                    assert "Reached, on your own code." in terminal.shown
    all_is_theirs(Workspace(folder))


def all_is_theirs(place):
    """Nothing of the library's stands in for anything."""
    for module in modules():
        own = place.read(module)
        assert not set(source.unwritten(own)) & set(module.messages)
        added = set(says(workspace.filled(module, own))) - set(says(own))
        assert all(statement.startswith(("Import", "Assign", "AnnAssign")) for statement in added), module.name
