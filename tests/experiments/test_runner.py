"""Running studies: what is finished is kept, what dies is repeated once, and one loop serves processes and clusters."""

import contextlib
import inspect
import math
import sys
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from functools import partial

import pytest

from tests.experiments import pretended
from tinytorch import experiments
from tinytorch.experiments import face, runner, store
from tinytorch.experiments.face import Result, Results, Row, Run
from tinytorch.experiments.store import Store
from tinytorch.progress import Progress


class Here(Executor):
    """Runs at once, in this process."""

    at_once, died = 1, ()

    @contextlib.contextmanager
    def open(self):
        yield self

    def submit(self, function, *arguments):
        future = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TINYTORCH_DATA", raising=False)


@pytest.fixture
def notes(tmp_path):
    file = tmp_path / "notes"
    file.touch()
    return file


def conduct(study, pool=None, seeds=None):
    """The results, and what failed and why."""
    runs, kept = study.full.runs(seeds), Store(study)
    failures = runner.conduct(study, runs, kept, pool or Here(), Progress(silent=True))
    return kept.results(runs), {str(run.config["what"]): error for run, error in failures}


def noted(notes):
    return notes.read_text(encoding="utf-8").splitlines()


# What is finished


def test_all_runs_are_carried_out_seed_by_seed_and_their_results_stand_in_this_order(notes):
    results, failures = conduct(pretended.study(notes))
    assert noted(notes) == ["first 0", "second 0", "first 1", "second 1"] and not failures
    assert [(r.run.config["what"], r.run.seed, r.values["found"]) for r in results] == [
        *[("first", 0, 0.0), ("second", 0, 0.0), ("first", 1, 10.0), ("second", 1, 10.0)]
    ]


def test_a_finished_run_is_not_run_again_and_more_seeds_add_to_it(notes):
    first, _ = conduct(pretended.study(notes))
    again, _ = conduct(pretended.study(notes))
    assert again == first and len(noted(notes)) == 4
    more, _ = conduct(pretended.study(notes), seeds=3)
    assert noted(notes)[4:] == ["first 2", "second 2"] and more[:4] == first


def test_a_run_is_seeded_whatever_ran_before(notes):
    together, _ = conduct(pretended.study(notes))
    alone = runner.carry_out(pretended.run, Run({"what": "second", "notes": str(notes)}, 1))
    assert alone.values["random"] == together[3].values["random"] != together[1].values["random"]


def test_a_damaged_file_counts_as_not_finished(notes):
    conduct(pretended.study(notes))
    folder = Store(pretended.study(notes)).folder
    for file in folder.iterdir():
        file.write_bytes(file.read_bytes()[:100])
    results, _ = conduct(pretended.study(notes))
    assert len(noted(notes)) == 8 and len(results) == 4


def test_what_was_finished_before_an_interruption_is_kept(notes):
    study = pretended.study(notes, ("first", "is interrupted", "second"), seeds=1)
    with pytest.raises(KeyboardInterrupt):
        conduct(study)
    assert [r.run.config["what"] for r in Store(study).results(study.full.runs())] == ["first"]
    results, _ = conduct(study)
    assert noted(notes) == ["first 0", "is interrupted 0", "is interrupted 0", "second 0"] and len(results) == 3


# What a run is known by


def known_by(monkeypatch, old="", new=""):
    """The text that runs of the pretended study are known by, once its file is changed."""
    source = inspect.getsource(pretended)
    assert old in source
    changed = source.replace(old, new) if old else source
    monkeypatch.setattr(store.inspect, "getsource", lambda module: changed)
    return store.text_of(pretended.run)


def test_a_run_is_known_by_the_text_that_it_goes_by(monkeypatch):
    text = known_by(monkeypatch)
    assert known_by(monkeypatch, "10.0 * seed", "11.0 * seed") != text  # of a function that it calls
    assert known_by(monkeypatch, "time.sleep(60)", "time.sleep(61)") != text
    assert known_by(monkeypatch, "before == 1)", "before == 2)") != text


def test_the_text_of_a_table_a_picture_or_a_comment_is_free(monkeypatch):
    text = known_by(monkeypatch)
    assert known_by(monkeypatch, '"5", (4, 6)', '"6", (5, 7)') == text
    assert known_by(monkeypatch, "def scaled(seed):\n", "# a comment\n\n\ndef scaled(seed):\n\n") == text


def test_other_text_is_another_run(notes, monkeypatch):
    conduct(pretended.study(notes))
    known_by(monkeypatch, "10.0 * seed", "11.0 * seed")
    conduct(pretended.study(notes))
    assert len(noted(notes)) == 8


def test_what_a_run_uses_of_another_study_is_part_of_its_text():
    lottery = experiments.load("lottery")
    text = store.text_of(lottery.run)
    assert "class Perceptron" in text and "class Recurrent" not in text
    assert "ROUNDS = 100" in text and "def picture" not in text


def test_other_settings_other_seeds_and_another_version_are_other_runs(notes, monkeypatch):
    kept = Store(pretended.study(notes))
    kept.put(Result(Run({"a": 1, "b": 2}, 0), {"found": 3.0}, 0.1))
    assert kept.get(Run({"b": 2, "a": 1}, 0)).values == {"found": 3.0}
    assert kept.get(Run({"a": 1, "b": 3}, 0)) is kept.get(Run({"a": 1, "b": 2}, 1)) is None
    monkeypatch.setattr(store.tinytorch, "__version__", "99")
    assert kept.get(Run({"a": 1, "b": 2}, 0)) is None


# What goes wrong


def test_a_run_that_fails_is_reported_and_the_others_are_finished(notes):
    results, failures = conduct(pretended.study(notes, ("first", "fails", "second"), seeds=1))
    assert len(results) == 2 and noted(notes) == ["first 0", "fails 0", "second 0"]
    assert isinstance(failures["fails"], FloatingPointError)


def test_a_worker_that_dies_costs_no_other_run_and_what_it_ran_is_repeated_once(notes):
    kinds = ("first", "dies once", "second", "dies")
    results, failures = conduct(pretended.study(notes, kinds, seeds=1), runner.Processes(2))
    assert [r.run.config["what"] for r in results] == ["first", "dies once", "second"]
    assert failures.keys() == {"dies"} and isinstance(failures["dies"], runner.WorkerDied)
    assert noted(notes).count("dies 0") in (2, 3) and noted(notes).count("dies once 0") == 2
    assert noted(notes).count("first 0") <= 2 and noted(notes).count("second 0") <= 2


# A cluster


class Breaking(Here):
    """What dies breaks it, and a broken one takes nothing, however often it is asked."""

    died = (BrokenExecutor,)

    @contextlib.contextmanager
    def open(self):
        self.broken, self.refusals = False, 0
        yield self

    def submit(self, function, study, run):
        if self.broken:
            self.refusals += 1
            assert self.refusals == 1, "it was asked again"
            raise BrokenExecutor
        if run.config["what"] != "dies":
            return super().submit(function, study, run)
        self.broken, future = True, Future()
        future.set_exception(BrokenExecutor())
        return future


def test_an_executor_that_is_broken_is_asked_once_and_then_another(notes):
    results, failures = conduct(pretended.study(notes, ("dies", "first", "second"), seeds=1), Breaking())
    assert [r.run.config["what"] for r in results] == ["first", "second"] and failures.keys() == {"dies"}


def test_a_run_of_which_workers_die_is_carried_out_with_others_and_twice_alone(notes):
    _, failures = conduct(pretended.study(notes, ("dies",), seeds=1), runner.Processes(1))
    assert failures.keys() == {"dies"} and noted(notes) == ["dies 0"] * 3


def test_a_run_that_was_given_up_has_a_reason():
    given_up = Future()
    given_up.cancel()
    assert "given it up" in str(runner.reason(given_up))


def test_a_cluster_of_dask_runs_them_with_no_other_code(notes):
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    options = {"processes": False, "dashboard_address": None, "n_workers": 1, "threads_per_worker": 2}
    with distributed.LocalCluster(**options) as cluster:
        results, failures = conduct(
            pretended.study(notes, ("first", "fails", "second")), runner.Cluster(cluster.scheduler_address)
        )
    assert len(results) == 4 and failures.keys() == {"fails"}
    alone = runner.carry_out(pretended.run, results[-1].run)
    assert alone.values == results[-1].values  # though two threads of one process drew random numbers


def test_runs_in_two_threads_of_a_process_draw_what_each_draws_alone(notes):
    """A process of a cluster may have several threads."""
    runs = [Run({"what": "dawdles", "notes": str(notes)}, seed) for seed in (1, 2)]
    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(partial(runner.carry_out, pretended.run), runs))
    assert [result.values for result in both] == [runner.carry_out(pretended.run, run).values for run in runs]


def test_without_dask_it_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match="--dask needs dask.distributed .*: python -m pip install distributed"):
        runner.Cluster("tcp://localhost:1")


# Results and rows


def test_results_are_found_by_their_settings():
    results = Results(
        Result(Run({"n": n, "k": k}, s), {"x": n + s / 10}, 0.0) for s in (0, 1) for n in (1, 2) for k in "ab"
    )
    assert results.values("x", n=2, k="a") == [2.0, 2.1] and results.percent("x", n=1, k="b") == [
        100.0,
        pytest.approx(110),
    ]
    assert results.settings("n") == [1, 2] and results.settings("k") == ["a", "b"] and results.settings("z") == []
    assert results.values("x", n=3) == [] == results.values("x", z=1)


@pytest.mark.parametrize(
    ("must", "holds"), [((5, 7), True), ((None, 5.9), False), ((6.1, None), False), ((6, 6), True), (None, None)]
)
def test_a_row_holds_where_its_mean_lies_in_its_range(must, holds):
    assert Row("x", [5.0, 7.0], must=must).holds is holds
    assert Row("x", [], must=must).holds is None


def test_the_error_of_a_row_is_that_of_the_mean():
    assert Row("x", [1.0, 2.0, 3.0, 4.0]).error == pytest.approx(math.sqrt(5 / 3) / 2)
    assert math.isnan(Row("x", [1.0]).error) and math.isnan(face.standard_error([]))
