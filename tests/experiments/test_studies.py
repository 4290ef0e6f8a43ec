"""Every study runs from end to end, shrunk to seconds: its runs, its table and its picture."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from tinytorch import experiments
from tinytorch.experiments import (
    cifar10,
    double_descent,
    fashion_mnist,
    lottery,
    metalearn_activation,
    metalearn_lr,
    mnist,
    mnist1d,
    pooling,
    rmnist_baselines,
    rmnist_conv,
    rmnist_transfer,
    super_trainers,
    tinydigits,
    tsne,
)
from tinytorch.experiments.face import Plan, Results, Study
from tinytorch.experiments.runner import carry_out

COMMITTED = Path(__file__).parents[2] / "benchmarks" / "results" / "studies"
SHRUNK = {  # a plan of seconds for each study: give its configs less to do
    "double-descent": Plan(double_descent.configs(1, 200, mlp=(2, 3), cnn=(2,), hidden=(2, 118), steps=3), seeds=1),
    "lottery": Plan(lottery.configs(every=50, hidden=10, steps=5, new_steps=5), seeds=1),
    "metalearn-activation": Plan(metalearn_activation.configs(outer_steps=2, hidden=2, inner_steps=3), seeds=1),
    "metalearn-lr": Plan(metalearn_lr.configs(outer_steps=2, inner_steps=5), seeds=2),
    "mnist1d": Plan(mnist1d.configs(epochs=1), seeds=1),
    "pooling": Plan(pooling.configs(steps=10, samples=(1_000,)), seeds=1),
    "cifar10": Plan(cifar10.configs(epochs=1, examples=64), seeds=1),
    "fashion-mnist": Plan(fashion_mnist.configs(epochs=1, examples=64), seeds=1),
    "mnist": Plan(mnist.configs(epochs=1, examples=64), seeds=1),
    "rmnist-transfer": Plan([{"first": first, "steps": 1} for first in rmnist_transfer.FIRST], seeds=1),
    "rmnist-baselines": Plan(rmnist_baselines.configs(("neighbour", "softmax", "rbf", "tree"), sizes=(1,)), seeds=1),
    "rmnist-conv": Plan(
        rmnist_conv.configs((("plain", 1), ("turned", 10), ("modern, elastic", 1)), share=0.004, whole=0.5), seeds=2
    ),
    "super-trainers": Plan(super_trainers.configs(candidates=50, judges=50, outer_steps=2, exam=20), seeds=1),
    "tinydigits": Plan(tinydigits.configs(epochs=1, only=("softmax", "mlp32", "cnn8")), seeds=2),
    "tsne": Plan(tsne.configs(examples=100, steps=3), seeds=1),
}


@pytest.fixture(scope="module", params=SHRUNK)
def finished(request, with_small_data) -> tuple[Study, Results]:
    study = experiments.load(request.param)
    return study, Results(carry_out(study.run, run) for run in SHRUNK[request.param].runs())


def test_all_studies_are_shrunk_here():
    assert SHRUNK.keys() == experiments.STUDIES.keys()


NEEDED = {  # for the whole plan of these studies, which is smaller without
    "rmnist-baselines": lambda: find_spec("sklearn"),
    "rmnist-transfer": rmnist_transfer.letters_file,
}


@pytest.mark.parametrize("path", sorted(COMMITTED.glob("*.json")), ids=lambda path: path.stem)
def test_what_is_committed_are_the_runs_of_the_full_plan(path):
    if path.stem in NEEDED and not NEEDED[path.stem]():
        pytest.skip("what some of its runs need is not here")
    found = json.loads(path.read_text(encoding="utf-8"))
    assert [(run["config"], run["seed"]) for run in found["runs"]] == [
        (json.loads(json.dumps(run.config)), run.seed) for run in experiments.load(path.stem).full.runs()
    ]
    assert found["runs_finished"] == found["runs_planned"] == len(found["runs"])


def test_the_table_has_a_figure_for_every_run(finished):
    study, results = finished
    for row in study.table(results):
        assert row.what and (not row.ours or row.mean == row.mean), row
    assert sum(bool(row.ours) for row in study.table(results)) > 1


def test_the_table_of_an_unfinished_study_has_the_same_rows(finished):
    study, results = finished
    whats = [row.what for row in study.table(results)]
    assert [row.what for row in study.table(Results(results[:1]))] == whats
    assert [row.what for row in study.table(Results())] == whats


def test_the_picture_can_be_shown_as_text_and_drawn(finished):
    study, results = finished
    panels = study.picture(results)
    for panel in panels:
        assert all(len(line) <= 60 for line in panel.text(60, True).splitlines())
        assert panel.text(60, False).isascii()
        assert panel.data()
    figure = pytest.importorskip("matplotlib.figure", reason="matplotlib is not installed").Figure()
    for panel, ax in zip(panels, figure.subplots(1, len(panels), squeeze=False)[0], strict=True):
        panel.draw(ax)


def test_a_run_is_a_function_of_its_settings_and_its_seed(finished):
    study, results = finished
    again = carry_out(study.run, results[0].run)
    assert [*map(repr, again.values.values())] == [*map(repr, results[0].values.values())]
