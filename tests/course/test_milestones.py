"""Milestones: every network reaches its goal on the library, and what takes long is named."""

import sys
import threading
import time

import pytest

from tinytorch.course import milestones
from tinytorch.course.exercises import modules
from tinytorch.course.milestones import MILESTONES, SMALL, Forecast, for_machine, is_exercise, nearest, with_fast
from tinytorch.course.source import Source, put

SLOW = "def sum(values):\n    total = 0\n    for value in values:\n        total += value\n    return wait(total)\n"


@pytest.mark.parametrize("name", ["mlp", "signals", "images", "few"])
def test_the_library_reaches_every_goal(name, tmp_path):
    """Those that take a second or two; sequences is measured where the figures are."""
    found = milestones.run(MILESTONES[name], tmp_path)
    assert found["accuracy"] >= MILESTONES[name].goal
    assert found["moved"] and found["files"] == []


@pytest.mark.parametrize("name", ["mlp", "images"])
def test_the_library_reaches_a_goal_of_a_small_machine(name, tmp_path):
    found = milestones.run(for_machine("zero")[name], tmp_path)
    assert for_machine("zero")[name].goal <= found["accuracy"] and found["moved"]


def test_a_small_machine_has_the_same_milestones_with_less_to_do():
    small = for_machine("zero")
    assert [*small] == [*MILESTONES] and for_machine("pi") == for_machine("full") == MILESTONES
    for name, milestone in small.items():
        full = MILESTONES[name]
        assert (milestone.name, milestone.title, milestone.after) == (full.name, full.title, full.after)
        assert milestone.goal < full.goal and milestone.preset == "zero" != full.preset
        if name not in ("few", "sequences"):  # which take a second to build
            plan = milestone.plan()
            assert plan.steps < full.plan().steps
            assert len(plan.training) == len(full.plan().training)


@pytest.mark.parametrize("milestone", [*MILESTONES.values(), *SMALL.values()], ids=lambda m: f"{m.name}-{m.preset}")
def test_a_goal_is_one_that_the_library_reaches(milestone):
    assert milestone.goal <= milestone.library < 1
    assert milestone.after in {module.number for module in modules()}


def test_the_function_that_runs_is_named_whatever_it_calls(tmp_path):
    path = str(tmp_path / "conv.py")
    seen = []
    names = {"look": lambda: seen.append(nearest(sys._getframe(), [path]))}
    exec(compile("def fold(n):\n    def inner():\n        look()\n    inner()\nfold(1)\n", path, "exec"), names)
    assert seen == ["conv.fold"]
    assert nearest(sys._getframe(), [path]) is None


def test_the_forecast_counts_the_steps_that_are_left(tmp_path):
    path = str(tmp_path / "ops.py")
    names = {"wait": time.sleep}
    exec(compile(SLOW, path, "exec"), names)
    said = []
    forecast = Forecast(lambda seconds, slowest: said.append((seconds, slowest)), steps=12, watch=[path])
    forecast.silent = True
    for _ in range(5):
        names["sum"]([0.01, 0.02])
        forecast.batch(1, {})
    ((seconds, slowest),) = said
    assert slowest == "ops.sum" and seconds >= 0.03 * (12 - milestones.STEPS)
    deadline = time.monotonic() + 5
    while any(t.name == "forecast" for t in threading.enumerate()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(t.name == "forecast" for t in threading.enumerate()), "nobody looks on after the forecast"


@pytest.mark.parametrize(
    ("seconds", "slowest", "words"),
    [
        (milestones.PATIENCE - 1, "conv.unfold", []),
        (1200, "conv.unfold", ["20 minutes", "your conv.unfold", "start it with --fast conv.unfold"]),
        (1200, "conv.batch_last", ["20 minutes"]),
        (1200, None, ["20 minutes"]),
    ],
)
def test_what_takes_long_is_said_with_a_way_out(capsys, seconds, slowest, words):
    milestones._say_how_long(seconds, slowest)
    said = capsys.readouterr().err
    assert all(word in said for word in words) and bool(said) == bool(words)
    assert ("--fast" in said) == (len(words) > 1)
    assert all(len(line) <= 80 for line in said.splitlines())


def test_fast_takes_one_function_of_the_library_and_leaves_the_rest():
    conv = next(module for module in modules() if module.name == "conv")
    own = conv.stub()
    mixed = with_fast({"conv": own, "ops": Source.of("x = 1\n")}, "conv.unfold")
    assert "NotImplementedError" not in Source.of(mixed["conv"].text).text.split("def unfold")[1].split("\ndef ")[0]
    assert 'NotImplementedError("09.5 fold")' in mixed["conv"].text
    assert mixed["ops"].text == "x = 1\n"
    assert with_fast({}, "conv.unfold") == {}


def test_only_exercises_may_be_fast():
    assert is_exercise("conv.unfold") and is_exercise("pooling.max_pool")
    assert not is_exercise("conv.batch_last") and not is_exercise("conv") and not is_exercise("os.system")


def test_a_training_that_fails_says_how_it_ended(tmp_path):
    (tmp_path / "ops.py").write_text("raise SystemExit(3)\n")
    with pytest.raises(ChildProcessError, match="status 3"):
        milestones.run(MILESTONES["mlp"], tmp_path)


def test_a_training_that_was_killed_says_why_that_happens(tmp_path):
    (tmp_path / "ops.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    with pytest.raises(ChildProcessError, match="too little memory"):
        milestones.run(MILESTONES["mlp"], tmp_path)


def test_a_crash_in_training_shows_the_learners_lines_only(tmp_path, capfd):
    ops = next(module for module in modules() if module.name == "ops")
    faulty = Source.of("def linear(x, weight, *bias):\n    return nonsense")
    (tmp_path / "ops.py").write_text(put(ops.library, faulty, ["linear"]).text)
    with pytest.raises(ChildProcessError, match="status 1"):
        milestones.run(MILESTONES["mlp"], tmp_path)
    said = capfd.readouterr().err
    assert "return nonsense" in said and "NameError: name 'nonsense' is not defined" in said
    assert said.count("  File ") == 1
