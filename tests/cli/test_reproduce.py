"""Reproducing studies, as people do: what is printed and written, what is refused, and what an interruption leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tinytorch
from tests.experiments import pretended
from tinytorch import _executors, experiments
from tinytorch.cli import main as cli
from tinytorch.cli import reproduce
from tinytorch.experiments.face import Row

ROOT = Path(tinytorch.__file__).parents[1]
ON_POSIX = pytest.mark.skipif(os.name != "posix", reason="there are no POSIX signals here")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TINYTORCH_DATA", raising=False)


@pytest.fixture
def called(capsys):
    """Status, output and errors of a command, in this process."""

    def call(*words):
        try:
            status = cli.main([*map(str, words)])
        except SystemExit as end:
            status = end.code
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def pretend(tmp_path, monkeypatch):
    """Make `reproduce` run a pretended study of such runs."""

    def become(*kinds, seeds=2):
        (tmp_path / "notes").touch()
        study = pretended.study(tmp_path / "notes", kinds or pretended.KINDS, seeds)
        monkeypatch.setattr(experiments, "load", lambda name: study)

    return become


def test_without_a_name_all_studies_are_listed(called):
    status, out, _ = called("reproduce")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()[2:] if line[0] != " "] == [*experiments.STUDIES]


def test_the_list_of_studies_fits_a_narrow_terminal_and_loses_no_word(called, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    _, out, _ = called("reproduce")
    assert max(map(len, out.splitlines())) <= 60
    told = [word for name, (_, about) in experiments.STUDIES.items() for word in (name, *about.split())]
    assert " ".join(out.split("\n", 2)[2].split()) == " ".join(told)


def test_a_study_is_shown_with_its_question_its_table_and_its_picture(called, pretend):
    pretend()
    status, out, err = called("reproduce", "pretended", "--workers", 1)
    assert status == 0 and out.startswith("Does it run?\n")
    assert (
        "first   5.0 ± 5.0 %          5" in out
        and "over seeds 0 to 1; 4 runs" in out
        and "pretended\nfirst   ####" in out
    )
    assert "must hold" not in out and "--full" in out
    assert [line.split("  ")[0] for line in err.splitlines()] == [f"pretended run {i}/4" for i in (1, 2, 3, 4)]


def test_it_says_how_many_runs_were_kept_from_before(called, pretend):
    pretend()
    told = [" ".join(called("reproduce", "pretended", "--workers", 1, "--seeds", n)[1].split()) for n in (1, 2, 2)]
    assert "processor time; --full" in told[0]
    assert "4 runs took" in told[1] and "processor time, 2 of them kept from before; --full" in told[1]
    assert "processor time, all of them kept from before; --full" in told[2]


def test_a_full_one_says_what_holds_and_ends_with_1_where_something_does_not(called, pretend, tmp_path):
    pretend()
    status, out, _ = called("reproduce", "pretended", "--full", "--workers", 1)
    assert status == 0 and out.count("4 to 6    yes") == 2
    status, out, _ = called(
        "reproduce", "pretended", "--full", "--workers", 1, "--seeds", 1, "--json", tmp_path / "one"
    )
    assert '"tinytorch reproduce pretended --full --seeds 1"' in (tmp_path / "one").read_text(encoding="utf-8")
    assert status == 1 and "first   0.0 %          5     4 to 6     no" in out


def test_files_hold_the_table_the_picture_and_what_each_run_found(called, pretend, tmp_path):
    pretend()
    file, picture = tmp_path / "found.json", tmp_path / "found.svg"
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    assert called("reproduce", "pretended", "--workers", 1, "--full", "--json", file, "--plot", picture)[0] == 0
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["command"] == "tinytorch reproduce pretended --full" and found["machine"]["cores"]
    assert found["runs_finished"] == found["runs_planned"] == 4
    assert (
        found["table"][0]["what"] == "first" and found["table"][0]["ours"] == 5 and found["table"][0]["holds"] is True
    )
    assert [(run["config"]["what"], run["seed"], run["found"]) for run in found["runs"]][-1] == ("second", 1, 10)
    assert found["picture"][0]["first"] == {"mean": 5, "error": 5}
    assert "svg" in picture.read_text(encoding="utf-8")[:500]


def test_a_failed_run_is_named_in_a_sentence_after_the_table(called, pretend):
    pretend("first", "fails")
    status, out, err = called("reproduce", "pretended", "--workers", 1)
    assert status == 1 and "first   5.0" in out and "second            -" in out
    *_, last = err.splitlines()
    assert last.startswith("tinytorch: the run what=fails") and last.endswith(
        "seed=0 failed, and 1 more: FloatingPointError: the loss is no longer finite"
    )


def test_a_death_is_reported_in_a_sentence(called, pretend):
    pretend("dies", "first", seeds=1)
    status, out, err = called("reproduce", "pretended", "--workers", 1)
    assert status == 1 and "first   0.0" in out
    assert err.splitlines()[-1].endswith("failed: the process it ran in died, and died again when it was repeated")


INTERRUPTED = """
import sys
from tests.experiments import pretended
from tinytorch import experiments
from tinytorch.cli.main import main
folder, *kinds = sys.argv[1:]
experiments.load = lambda name: pretended.study(folder + "/notes", kinds, 1)
sys.exit(main(["reproduce", "pretended", "--workers", "2", "--json", folder + "/found.json"]))
"""


def is_gone(group):
    """Whether nothing is left of a group of processes, or soon."""
    for _ in range(200):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


@ON_POSIX
def test_interrupted_it_shows_and_keeps_what_was_finished_and_ends_its_processes(tmp_path):
    command = [sys.executable, "-c", INTERRUPTED, str(tmp_path), "first", "second", "waits", "waits"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8", "start_new_session": True}
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT, **streams) as process:
        seen = [process.stderr.readline(), process.stderr.readline()]
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        out, err = process.communicate(timeout=60)
    assert seen[1].startswith("pretended run 2/4") and process.returncode == 130
    assert err == "tinytorch: interrupted\n"
    assert "second  0.0 %" in out and "2 of 4 runs are finished and kept: the same command goes on from there." in out
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert (found["runs_finished"], found["runs_planned"], found["picture"]) == (2, 4, [])
    assert is_gone(process.pid)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["mnist1"], 2, "there is no study 'mnist1': did you mean mnist1d?"),
        (["qqq"], 2, "there is no study 'qqq': choose from "),
        (["tinydigits", "--seeds", "0"], 2, "argument --seeds: expected a whole number of at least 1, got '0'"),
        (
            ["tinydigits", "--workers", "many"],
            2,
            "argument --workers: expected a whole number of at least 1, got 'many'",
        ),
        (["tinydigits", "--full", "--quick"], 2, "argument --quick: not allowed with argument --full"),
        (
            ["tinydigits", "--dask", "tcp://x:1", "--workers", "2"],
            2,
            "argument --workers: not allowed with argument --dask",
        ),
        (["tinydigits", "--fast"], 2, "unrecognized arguments: --fast"),
        (["tinydigits", "--json", "no/such/folder.json"], 2, "cannot write no/such/folder.json: there is no folder"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(called, words, status, said):
    got, out, err = called("reproduce", *words)
    assert got == status and said in err and err.count("\n") == 1 and not out


def test_a_kind_of_picture_that_cannot_be_drawn_is_refused_before_anything_runs(called, tmp_path):
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    status, out, err = called("reproduce", "tinydigits", "--plot", tmp_path / "picture.txt")
    assert status == 2 and "--plot cannot draw a file 'picture.txt'" in err and not out


def test_data_that_is_not_here_is_said_before_anything_runs(called, pretend, monkeypatch, tmp_path):
    monkeypatch.setenv("TINYTORCH_OFFLINE", "1")
    study = pretended.study(tmp_path / "notes")
    monkeypatch.setattr(experiments, "load", lambda name: reproduce_with_needs(study))
    status, _, err = called("reproduce", "pretended")
    assert status == 1 and "train-images" in err and not (tmp_path / "notes").exists()


def reproduce_with_needs(study):
    return type(study)(**{**vars(study), "needs": ("mnist",)})


def test_without_dask_it_says_how_to_install_it(called, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    status, _, err = called("reproduce", "tinydigits", "--dask", "tcp://localhost:1")
    assert status == 1 and "--dask needs dask.distributed" in err and err.count("\n") == 1


def test_a_scheduler_that_does_not_answer_is_said_in_a_sentence(called, monkeypatch):
    pytest.importorskip("distributed", reason="dask.distributed is not installed")
    monkeypatch.setattr(_executors, "PATIENCE", 0.2)
    status, _, err = called("reproduce", "tinydigits", "--dask", "tcp://127.0.0.1:9")
    assert status == 1 and "tcp://127.0.0.1:9" in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("must", "said"),
    [((93, None), ">= 93"), ((None, 4), "<= 4"), ((31, 33), "31 to 33"), (None, ""), ((0.61, 0.63), "0.61 to 0.63")],
)
def test_a_range_is_written_as_one_reads_it(must, said):
    assert reproduce.text_range(Row("x", [], must=must)) == said
