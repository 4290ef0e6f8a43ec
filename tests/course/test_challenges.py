"""Challenges run on the learner's file and on the library's, and tell them apart. Times are not asserted."""

import pytest

from tests.course.test_learner import FIRST, edit, learner, solve
from tinytorch._files import write_whole
from tinytorch.course import challenges
from tinytorch.course.exercises import COURSE, modules


def test_every_module_has_a_challenge():
    assert tuple(challenges.CHALLENGES) == COURSE


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_the_library_against_itself_computes_the_same(module, tmp_path):
    write_whole(tmp_path / f"{module.name}.py", module.library.text)
    outcome = challenges.run(module, tmp_path, turn=0, pairs=1)
    assert outcome.alike and len(outcome.ratios) == 1 and outcome.ratio > 0


def test_the_file_that_runs_is_the_learners(tmp_path):
    """One that waits takes longer, one that is wrong is found out, one that fails says so."""
    module = FIRST.module
    path = tmp_path / "ops.py"
    text = module.library.text
    write_whole(path, text.replace("y = np.dot(weight, x.T).T", "__import__('time').sleep(0.05); y = x @ weight.T"))
    assert challenges.run(module, tmp_path, turn=0, pairs=3).own > 0.05
    write_whole(path, text.replace("y = np.dot(weight, x.T).T", "y = 2 * np.dot(weight, x.T).T"))
    assert not challenges.run(module, tmp_path, turn=0, pairs=1).alike
    write_whole(path, f"{text}\nraise SystemExit(7)\n")
    with pytest.raises(ChildProcessError, match="status 7"):
        challenges.run(module, tmp_path)


def test_the_command_says_the_ratio_and_its_spread(workspace):
    assert "12 recurrent" in learner(workspace.folder, "challenge", status=0)
    assert "choose from ops" in learner(workspace.folder, "challenge", "speed", status=2)
    for ops in ("ops", "01", "1"):
        assert "0 of 8" in learner(workspace.folder, "challenge", ops, status=1)
    solve(workspace, FIRST)
    said = " ".join(learner(workspace.folder, "challenge", "ops", status=0).split())
    assert "1 of 8" in said and "times as long as the library's" in said and "pairs, from" in said
    edit(workspace, "return a + b, ", "return 1 / 0, ")
    assert "0 of 8" in learner(workspace.folder, "challenge", "ops", status=1)
