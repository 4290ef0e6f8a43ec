"""A class: everybody is graded once, nobody is harmed by another, and a machine may die at any time."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import tinytorch
from tests.grading.classroom import SMALL, hand_in, honest, hostile
from tests.grading.conftest import library
from tinytorch._executors import usable_cores
from tinytorch.grading import batch as batches
from tinytorch.grading.batch import Batch, Refused, run
from tinytorch.grading.scoring import Task, results
from tinytorch.grading.submissions import read_all

ROOT = str(tinytorch.__path__[0]).removesuffix("/tinytorch")
OPS = library("01")["ops"]
WRONG = SMALL.replace("return a * b, ", "return a * b + 1, ")
ODD = 'O\'Brien, "Al" =1+1 <script>'


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    folder = tmp_path_factory.mktemp("in")
    hand_in(folder, "ann", OPS)
    hand_in(folder, "bob", WRONG, packed=True)
    hand_in(folder, ODD, SMALL)
    hand_in(folder, "eve", f"{SMALL}\nimport os\nos._exit(0)\n")
    (folder / "fay").mkdir()
    (folder / "gil.zip").write_bytes(b"nothing")
    hand_in(folder, "hal", SMALL)
    hand_in(folder, "hal", SMALL, packed=True)
    return folder


@pytest.fixture(scope="module")
def graded(handed_in, means, tmp_path_factory):
    asked = Batch(
        handed_in, tmp_path_factory.mktemp("out"), Task(("01",), "term"), means, workers=2, say=lambda _: None
    )
    return asked, run(asked)


class Here(Executor):
    """What is given to other processes is done in this one."""

    def submit(self, function, *args):
        future = Future()
        future.set_result(function(*args))
        return future


@pytest.fixture
def here(bench, monkeypatch):
    """Batches grade in this process, with the worlds and the grader that are there."""
    monkeypatch.setattr(batches, "Worlds", lambda means: nullcontext(bench.worlds))
    monkeypatch.setattr(batches, "processes", lambda workers, on_orphaned: nullcontext(Here()))
    monkeypatch.setattr(
        batches, "grade_one", lambda submission, task, _, facts: results(submission, task, bench.grader, facts)
    )


@pytest.fixture
def again(graded, tmp_path):
    """The same once more, in a copy of what came of it."""
    shutil.copytree(graded[0].out, tmp_path / "out")
    return replace(graded[0], out=tmp_path / "out")


def table(out):
    """All results as they lie on the disk."""
    return {path.name: path.read_bytes() for path in (out / "results").iterdir()}


def of(out, student):
    found = [json.loads(text) for text in table(out).values()]
    return next(result for result in found if result["extra_data"]["student"] == student)


def test_everybody_is_graded_whatever_the_others_handed_in(graded):
    asked, outcome = graded
    assert (outcome.graded, outcome.kept, outcome.errors) == (5, 0, [])
    assert sorted(outcome.refused) == ["gil", "hal"]
    scores = {
        student: of(asked.out, student).get("score") for student in ("ann", "bob", ODD, "eve", "fay", "gil", "hal")
    }
    assert scores == {"ann": 60, "bob": 3.33, ODD: 5, "eve": 0, "fay": 0, "gil": None, "hal": None}
    assert "there are 2 submissions" in of(asked.out, "hal")["output"]
    assert list((asked.out / "running").iterdir()) == []


def test_graded_again_all_is_the_same_to_the_byte(graded, again, here):
    before = table(again.out)
    assert run(again).kept == 5 and table(again.out) == before
    outcome = run(replace(again, force=True, workers=1))
    assert outcome.graded == 5 and table(again.out) == before


def test_only_who_changed_is_graded_again(again, here, tmp_path):
    folder = tmp_path / "in"
    shutil.copytree(again.submissions, folder)
    (folder / "ann" / "ops.py").write_text(WRONG, encoding="utf-8")
    (folder / "ann" / "notes.txt").write_text("no file of the course")
    outcome = run(replace(again, submissions=folder))
    assert (outcome.graded, outcome.kept) == (1, 4) and of(again.out, "ann")["score"] == 3.33


def test_results_of_submissions_that_are_no_longer_there_are_kept_and_told(again, here, tmp_path):
    folder, before = tmp_path / "in", table(again.out)
    shutil.copytree(again.submissions, folder)
    (folder / "bob.zip").unlink()
    outcome = run(replace(again, submissions=folder))
    assert (outcome.graded, outcome.kept, outcome.gone) == (0, 4, ["bob"]) and table(again.out) == before
    assert json.loads((again.out / "gone.json").read_text()) == ["bob"]
    assert run(again).gone == []


def test_with_other_checks_everybody_is_graded_again(again, here, monkeypatch):
    monkeypatch.setattr(batches, "digest", lambda task: "another")
    monkeypatch.setattr(batches, "gates", lambda task, grader: {})
    seen = []
    monkeypatch.setattr(batches, "_in_turn", lambda b, o, e, worlds, jobs, workers: seen.append(len(jobs)) or [])
    run(again)
    assert seen == [7]


def test_a_cluster_is_given_as_many_students_as_it_has_workers(again, monkeypatch):
    client = nullcontext(SimpleNamespace(nthreads=lambda: {"one": 4, "two": 4, "three": 4}))
    monkeypatch.setattr(batches, "cluster", lambda address: client)
    asked = replace(again, workers=None, cluster="tcp://somewhere")
    assert batches._at_once(asked) == 3 and batches._at_once(replace(asked, workers=5)) == 5
    assert batches._at_once(replace(asked, cluster="")) == usable_cores()


@pytest.mark.parametrize("workers", [None, 2])
def test_a_cluster_without_its_package_is_refused_before_anything_is_done(again, tmp_path, monkeypatch, workers):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(Refused, match="--dask needs dask.distributed .*: python -m pip install distributed"):
        run(replace(again, workers=workers, cluster="tcp://somewhere", out=tmp_path / "elsewhere"))
    assert not (tmp_path / "elsewhere").exists()


class Died(BrokenExecutor):
    """What a future says of a process that has died."""


class Processes(Executor):
    """Processes that die of one student and then are broken, in this process."""

    dies_of = "bob"
    breaks = True
    alone = []

    def __init__(self, workers):
        self.broken, self.workers = False, workers

    def submit(self, function, submission, *args):
        if self.broken:
            raise Died
        future = Future()
        if submission.student == self.dies_of:
            self.broken = self.breaks
            future.set_exception(Died())
        else:
            future.set_result(({"output": "", "score": 1, "tests": [], "extra_data": {**args[-1], "state": "graded", "student": submission.student}}, {}))  # fmt: skip
        if self.workers == 1:
            self.alone.append(submission.student)
        return future


@pytest.mark.parametrize("dies_of", ["ann", "bob"])  # the first and the last of those that are begun together, but one
@pytest.mark.parametrize("breaks", [True, False])  # as one of a cluster does not
def test_a_process_that_dies_costs_one_student_and_the_rest_is_graded(again, here, monkeypatch, dies_of, breaks):
    monkeypatch.setattr(Processes, "dies_of", dies_of)
    monkeypatch.setattr(Processes, "breaks", breaks)
    monkeypatch.setattr(Processes, "alone", [])
    monkeypatch.setattr(batches, "deaths", lambda cluster: (Died,))
    monkeypatch.setattr(batches, "processes", lambda workers, on_orphaned: nullcontext(Processes(workers)))
    outcome = run(replace(again, force=True, workers=3))
    assert outcome.errors == [dies_of] and outcome.graded == 6
    assert Processes.alone == [dies_of]
    result = of(again.out, dies_of)
    assert "score" not in result and "no verdict on your work" in result["output"]
    assert [path.name for path in (again.out / "running").iterdir()] == [dies_of]
    for _ in range(2):  # has died twice: not tried again, however often it is asked, and still no number
        outcome = run(again)
        assert outcome.errors == [dies_of] and "died twice" in of(again.out, dies_of)["output"]
    marker = re.search(r"remove (running/\S+) to have it graded again", of(again.out, dies_of)["output"])[1]
    (again.out / marker).unlink()
    monkeypatch.setattr(Processes, "dies_of", "nobody")
    assert run(again).errors == [] and list((again.out / "running").iterdir()) == []


class Ended(Here):
    """The batch is ended while the first is graded."""

    def __init__(self, error):
        self.error = error

    def submit(self, function, submission, *args):
        raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")], ids=["Ctrl-C", "full"])
@pytest.mark.parametrize("before", [0, 1])
def test_a_batch_that_is_ended_is_nobodys_death(again, here, monkeypatch, before, error):
    """However often: only a machine that died tells of a student."""
    shutil.rmtree(again.out / "results")
    (ann,) = (one for one in read_all(again.submissions, ["ops"]) if one.student == "ann")
    monkeypatch.setattr(batches, "read_all", lambda folder, wanted: [ann])
    if before:
        (again.out / "running" / "ann").write_text("1\n")
    monkeypatch.setattr(batches, "processes", lambda workers, on_orphaned: nullcontext(Ended(error)))
    for _ in range(3):
        with pytest.raises(type(error)):
            run(again)
        assert batches._deaths(again.out, ann) == before
        assert len(list((again.out / "running").iterdir())) == before


def test_whoever_was_being_graded_when_the_machine_died_is_graded_alone_and_last(again, here, monkeypatch):
    (again.out / "running" / "ann").write_text("1\n")
    seen = []
    monkeypatch.setattr(batches, "_in_turn", lambda b, o, e, worlds, jobs, workers: seen.append((jobs, workers)) or [])
    run(again)
    assert [([job[0].student for job in jobs], workers) for jobs, workers in seen] == [([], 1), (["ann"], 1)]


def test_weak_walls_are_refused_unless_allowed(again, here, monkeypatch):
    for wall in ("files", "processes", "signals", "shared memory"):
        held = dict.fromkeys(("files", "processes", "signals", "shared memory"), True) | {wall: False}
        monkeypatch.setattr(batches.grading, "trial", lambda grader, held=held: held)
        advice = "on x86-64 or 64-bit ARM" if wall == "shared memory" else "install bubblewrap"
        with pytest.raises(Refused, match=f"not kept from {wall}: [^:]*{advice}") as refused:
            run(again)
        assert ("install bubblewrap" in str(refused.value)) == (wall != "shared memory")
    monkeypatch.setattr(batches, "_gated", lambda batch, grader, facts: {})
    monkeypatch.setattr(batches, "_grade", lambda batch, worlds, facts: batches.Outcome())
    assert run(replace(again, allow_weak=True)).graded == 0


@pytest.mark.skipif(os.name != "posix", reason="locks are those of POSIX")
def test_two_batches_do_not_write_to_one_folder(again):
    with batches._alone(again.out), pytest.raises(Refused, match="another batch is writing"):
        run(again)


def test_a_check_that_the_library_fails_is_the_graders_fault(again, here, bench, tmp_path, monkeypatch):
    folder = tmp_path / "extra" / "01_ops"
    folder.mkdir(parents=True)
    (folder / "checks.py").write_text(
        "from tinytorch.course.checks import Checks, case\ncheck = Checks()\n\n\n@check('01.2', judge=lambda c, a: 'never')\n"
        "def broken(draw):\n    '''a check that nothing passes'''\n    return case('rule', 'x')\n"
    )
    hand_in(tmp_path, "in/ann", SMALL)
    monkeypatch.setattr(bench.grader, "extra", tmp_path / "extra")
    asked = replace(again, submissions=tmp_path / "in", task=replace(again.task, extra=tmp_path / "extra"))
    assert run(asked).errors == ["ann"] and "score" not in of(again.out, "ann")
    tests = {test["number"]: test for test in of(again.out, "ann")["tests"]}
    assert "score" not in tests["01.2"] and tests["01.1"]["score"] == 5


@pytest.mark.long
def test_a_cluster_comes_to_the_same(graded, tmp_path):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster:
        asked = replace(graded[0], out=tmp_path / "out", cluster=cluster.scheduler_address)
        before = replace(asked, out=tmp_path / "before", task=replace(asked.task, salt="last term"), workers=None)
        assert run(before).graded == 5
        assert run(asked).graded == 5
    assert table(tmp_path / "out") == table(graded[0].out)


def command(folder, out):
    words = [
        sys.executable,
        "-m",
        "tinytorch",
        "grade",
        str(folder),
        "--out",
        str(out),
        "--modules",
        "1",
        "--salt",
        "term",
    ]
    return subprocess.Popen([*words, "--workers", "2"], cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)


def worlds_of(pids):
    """The worlds that the command lines of processes name."""
    found = set()
    for pid in pids:
        with suppress(OSError):  # it has ended
            found |= set(re.findall(rb"tinytorch-worlds-\w+", Path(f"/proc/{pid}/cmdline").read_bytes()))
    return found


def everybody():
    return [path.name for path in Path("/proc").glob("[0-9]*")]


def family(pid):
    """A process and its descendants."""
    children = []
    with suppress(OSError):  # it has ended
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(child))]


def killed_half_way(folder, out, count):
    """Begin a batch, and kill it -9 when that many are graded; soon none of its workers is left."""
    process = command(folder, out)
    results, worlds = out / "results", set()
    while process.poll() is None and (not results.is_dir() or len(list(results.iterdir())) < count):
        worlds |= worlds_of(family(process.pid))
        time.sleep(0.05)
    assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert worlds or sys.platform != "linux"
    end = time.monotonic() + 30
    while (left := worlds & worlds_of(everybody())) and time.monotonic() < end:
        time.sleep(0.05)
    assert not left


WAITING = """
import os
from pathlib import Path
from tinytorch.grading.batch import Batch, _executor
from tinytorch.grading.scoring import Task
from tinytorch.grading.world import Means, Worlds
if __name__ == "__main__":
    worlds = Worlds(Means())
    worlds.folder = Path({folder!r})
    with _executor(Batch(Path(), Path(), Task(()), Means()), worlds, 1) as executor:
        print(executor.submit(os.getpid).result(), flush=True)
        os.kill(os.getpid(), 9)
"""


def gone(pid):
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return False
    return True


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_a_process_that_waits_for_work_ends_with_its_batch(tmp_path):
    """It would wait for ever: it holds the other end of what it reads from."""
    (tmp_path / "worlds").mkdir()
    (tmp_path / "waiting.py").write_text(WAITING.format(folder=str(tmp_path / "worlds")))
    words = [sys.executable, tmp_path / "waiting.py"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": ROOT})
    pid = int(process.stdout.readline())
    process.stdout.close()
    process.wait()
    end = time.monotonic() + 30
    while not gone(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert gone(pid) and not (tmp_path / "worlds").exists()


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_batch_that_is_told_to_end_leaves_nothing_behind(graded, tmp_path, monkeypatch, number):
    if signal.getsignal(number) == signal.SIG_IGN:
        pytest.skip("who started the tests ignores it, as nohup does, and so does a batch")
    shutil.copytree(graded[0].out, tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "results")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    process = command(graded[0].submissions, tmp_path / "out")
    while process.poll() is None and not list((tmp_path / "out" / "running").iterdir()):
        time.sleep(0.01)
    begun = [int(pid) for pid in family(process.pid)[1:]]
    assert list((tmp_path / "tmp").glob("tinytorch-worlds-*"))
    process.send_signal(number)
    assert process.wait() == 130
    assert list((tmp_path / "tmp").glob("tinytorch-worlds-*")) == [] == list((tmp_path / "out" / "running").iterdir())
    assert begun or sys.platform != "linux"
    end = time.monotonic() + 30
    while not all(map(gone, begun)) and time.monotonic() < end:
        time.sleep(0.05)
    assert all(map(gone, begun))


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_a_batch_that_is_killed_goes_on_where_it_was(graded, tmp_path):
    shutil.copytree(graded[0].out, tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "results")
    killed_half_way(graded[0].submissions, tmp_path / "out", 2)
    assert command(graded[0].submissions, tmp_path / "out").wait() == 0
    assert table(tmp_path / "out") == table(graded[0].out)
    assert list((tmp_path / "out" / "running").iterdir()) == []


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_a_class_of_two_hundred_of_which_one_in_ten_is_hostile(tmp_path, means):
    """No honest mark changes, and a batch that is killed half-way comes to the same table."""
    (tmp_path / "outside").mkdir()
    alone, mixed = tmp_path / "alone", tmp_path / "mixed"
    for folder in (alone, mixed):
        folder.mkdir()
        for i in range(200):
            if i % 10:
                hand_in(folder, f"s{i:03}", honest(i), packed=i % 2 == 0)
            elif folder == mixed:
                hand_in(folder, f"s{i:03}", hostile(i // 10 * 2, tmp_path / "outside"))
    asked = Batch(alone, tmp_path / "a", Task(("01",), "term"), means, workers=2, say=lambda _: None)
    assert run(asked).errors == []
    assert run(replace(asked, submissions=mixed, out=tmp_path / "b")).errors == []
    honestly, whole = table(tmp_path / "a"), table(tmp_path / "b")
    assert len(honestly) == 180 and len(whole) == 200
    assert {name: whole[name] for name in honestly} == honestly
    assert list((tmp_path / "outside").iterdir()) == []
    killed_half_way(mixed, tmp_path / "c", 100)
    assert command(mixed, tmp_path / "c").wait() == 0
    assert table(tmp_path / "c") == whole
