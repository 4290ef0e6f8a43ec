"""A class: submissions are graded side by side, each result written whole or not at all, and nothing is done twice.

Whoever is being graded has a marker. A marker that is still there when a batch begins tells of a machine that died: that
student is graded alone, after all others, and after a second death not again.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import tinytorch
from tinytorch._executors import cluster, deaths, processes, submitted, usable_cores
from tinytorch._files import UNFINISHED_PREFIX, write_whole
from tinytorch.grading import grader as grading
from tinytorch.grading.gates import gates
from tinytorch.grading.grader import Grader
from tinytorch.grading.marks import GONE, read_results
from tinytorch.grading.post import digest, grade_one
from tinytorch.grading.scoring import ERROR, Task
from tinytorch.grading.similarity import write_pairs
from tinytorch.grading.submissions import Submission, read_all
from tinytorch.grading.world import Means, Worlds, sweep

DEATHS = 2  # after which a student is not graded again by itself
HIGHER = "install bubblewrap, or grade on Linux 6.12 or newer"
ADVICE = {  # where a student's code is not kept from this
    **dict.fromkeys(("files", "processes", "signals"), HIGHER),
    "shared memory": "grade on Linux with seccomp, on x86-64 or 64-bit ARM",
}


class Refused(Exception):
    """Why a batch is not begun, in a sentence."""


@dataclass(frozen=True)
class Batch:
    """What is asked for. out: the folder of the results; cluster: the address of a scheduler of dask.distributed.

    workers: students at a time; None is as many as there are cores for this process, or workers in the cluster.
    """

    submissions: Path
    out: Path
    task: Task
    means: Means
    workers: int | None = None
    force: bool = False
    allow_weak: bool = False
    cluster: str = ""
    say: Callable[[str], None] = print


@dataclass
class Outcome:
    """What became of a batch: how many have marks, from now or from before, and which students have none."""

    graded: int = 0
    kept: int = 0
    errors: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)  # with results of submissions that are no longer there


Job = tuple[Submission, dict[str, Any]]


def key_of(submission: Submission, facts: Mapping[str, Any]) -> str:
    """Of a student's files and all that their result depends on."""
    sha = hashlib.sha256(json.dumps([facts, submission.student, submission.remarks, submission.refused]).encode())
    for name, data in sorted(submission.files.items()):
        sha.update(f"\0{name}\0{len(data)}\0".encode() + data)
    return sha.hexdigest()


def run(batch: Batch) -> Outcome:
    """Grade what is not graded yet.

    Raises Refused where the walls are too low, another batch writes there, or a cluster is asked for without
    dask.distributed; OSError where no cluster answers.
    """
    try:
        batch = replace(batch, workers=_at_once(batch))
    except ImportError as error:
        raise Refused(str(error)) from None
    batch.out.mkdir(parents=True, exist_ok=True)
    for name in ("results", "timings", "running"):
        (batch.out / name).mkdir(exist_ok=True)
    sweep()
    with _ending_as_by_ctrl_c(), _alone(batch.out), Worlds(batch.means) as worlds:
        for pattern in (f"{UNFINISHED_PREFIX}*", f"*/{UNFINISHED_PREFIX}*"):
            for left in batch.out.glob(pattern):  # by a batch that was killed while it wrote
                left.unlink()
        return _behind_walls(batch, worlds)


@contextmanager
def _ending_as_by_ctrl_c() -> Iterator[None]:
    """Whoever is told to end, or loses the terminal, cleans up first."""
    ours = []
    if threading.current_thread() is threading.main_thread():
        wanted = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
        ours = [number for number in wanted if signal.getsignal(number) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _behind_walls(batch: Batch, worlds: Worlds) -> Outcome:
    """Try the walls and the grader, then grade."""
    with Grader(worlds, batch.task.salt, batch.task.extra) as grader:
        holds = grading.trial(grader)
        weak = [name for name in ADVICE if not holds[name]]
        if weak and not batch.allow_weak:
            advice = " and ".join(dict.fromkeys(ADVICE[name] for name in weak))
            raise Refused(
                f"with {batch.means}, a student's code is not kept from {', '.join(weak)}: {advice}, or take marks that can "
                "be forged with --allow-weak"
            )
        isolation = {"level": batch.means.level, "means": str(batch.means), "holds": holds}
        facts = {"version": tinytorch.__version__, "digest": digest(batch.task), "isolation": isolation}
        task = replace(batch.task, broken=_gated(batch, grader, facts))
    outcome = _grade(replace(batch, task=task), worlds, facts)
    there = read_all(batch.submissions, [module.name for module in task.modules])
    outcome.gone = sorted(
        {result["extra_data"]["student"] for result in read_results(batch.out)} - {one.student for one in there}
    )
    write_whole(batch.out / GONE, _json(outcome.gone))
    write_pairs(batch.out, there, task.modules)
    return outcome


def _gated(batch: Batch, grader: Grader, facts: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the grader, remembered while nothing changes."""
    path = batch.out / "gates.json"
    with suppress(OSError, ValueError):
        known = json.loads(path.read_text(encoding="utf-8"))
        if known["facts"] == facts:
            return dict(known["broken"])
    batch.say(
        "First the grader is tried: the library must earn all, a file in which nothing is written must earn nothing."
    )
    broken = gates(batch.task, grader)
    for number, what in broken.items():
        batch.say(f"{number} cannot be graded: {what}.")
    write_whole(path, _json({"facts": facts, "broken": broken}))
    return broken


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """No other batch writes to a folder meanwhile."""
    with (out / ".lock").open("w") as lock:
        if os.name == "posix":
            import fcntl

            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Refused(f"another batch is writing to {out}: wait for it, or choose another folder") from None
        yield


def _grade(batch: Batch, worlds: Worlds, facts: Mapping[str, Any]) -> Outcome:
    outcome = Outcome()
    left: list[Job] = []
    suspects: list[Job] = []
    wanted = [module.name for module in batch.task.modules]
    for submission in read_all(batch.submissions, wanted):
        keyed = {**facts, "key": key_of(submission, facts)}
        before = read_result(batch.out, submission.name)
        died = _deaths(batch.out, submission)
        if not batch.force and before.get("key") == keyed["key"] and before.get("state") != ERROR and not died:
            outcome.kept += before["state"] == "graded"
            _count(outcome, submission, before)
        elif died >= DEATHS and not batch.force:
            said = f"the machine or the grader died twice while this submission was graded: {_by_hand(submission)}"
            _write(batch, outcome, submission, _failed(submission, keyed, said), {}, keep_marker=True)
        else:
            (suspects if died else left).append((submission, keyed))
    assert batch.workers is not None  # since run has counted them
    workers = min(batch.workers, max(len(left), 1))
    with _executor(batch, worlds, workers) as executor:
        suspects += _in_turn(batch, outcome, executor, worlds, left, workers)
    for one in suspects:
        with _executor(batch, worlds, 1) as executor:
            for submission, keyed in _in_turn(batch, outcome, executor, worlds, [one], 1):
                said = "the grader was ended while it graded this submission, though nothing else ran"
                said = f"{said}: {_by_hand(submission)}"
                _write(batch, outcome, submission, _failed(submission, keyed, said), {}, keep_marker=True)
    return outcome


def _in_turn(
    batch: Batch, outcome: Outcome, executor: Executor, worlds: Worlds, jobs: Sequence[Job], workers: int
) -> list[Job]:
    """Grade side by side; returns those during whose grading a process died, and those that then were not begun."""
    waiting, running, died = deque(jobs), dict[Future[Any], Job](), list[Job]()
    begun: list[Submission] = []
    alive = True  # as far as one knows
    try:
        while running or (waiting and alive):
            while waiting and alive and len(running) < workers:
                submission, keyed = waiting[0]
                begun.append(submission)
                _mark(batch.out, submission)
                future = submitted(executor, grade_one, submission, batch.task, worlds, keyed)
                if alive := future is not None:
                    running[future] = waiting.popleft()
                else:
                    _take_back(batch.out, begun.pop())
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                submission, keyed = running.pop(future)
                try:
                    result, seconds = future.result()
                except deaths(batch.cluster):
                    died.append((submission, keyed))
                    continue
                except Exception as error:
                    said = f"the grader failed: {type(error).__name__}: {error}"
                    result, seconds = _failed(submission, keyed, said), {}
                _write(batch, outcome, submission, result, seconds)
                begun.remove(submission)
        return died + (_again(batch, outcome, worlds, waiting, workers) if waiting else [])
    except BaseException:  # nobody who was being graded has done anything
        for submission in begun:
            _take_back(batch.out, submission)
        raise


def _again(batch: Batch, outcome: Outcome, worlds: Worlds, jobs: Sequence[Job], workers: int) -> list[Job]:
    """Go on with those who were still waiting when a process died."""
    with _executor(batch, worlds, workers) as executor:
        return _in_turn(batch, outcome, executor, worlds, jobs, workers)


def _at_once(batch: Batch) -> int:
    """How many students are graded side by side. A cluster must answer, also where it is not asked how many."""
    if not batch.cluster:
        return batch.workers or usable_cores()
    with cluster(batch.cluster) as client:
        there = max(1, len(client.nthreads()))  # each worker grades one student at a time
    return batch.workers or there


@contextmanager
def _executor(batch: Batch, worlds: Worlds, workers: int) -> Iterator[Executor]:
    """Processes of this machine, or of a cluster."""
    if batch.cluster:
        with cluster(batch.cluster) as client:
            yield client.get_executor(pure=False, retries=0)
    else:
        with processes(workers, on_orphaned=worlds.remove) as executor:
            yield executor


def _failed(submission: Submission, keyed: Mapping[str, Any], said: str) -> dict[str, Any]:
    """The results of a student about whom the grader could not come to a verdict."""
    data = {"student": submission.student, **keyed, "remarks": list(submission.remarks), "state": ERROR, "flags": []}
    return {"output": f"This is no verdict on your work: {said}.", "tests": [], "extra_data": {**data, "error": said}}


def _by_hand(submission: Submission) -> str:
    """What an instructor does about it."""
    return f"look at it by hand, and remove running/{submission.name} to have it graded again"


# Files


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def read_result(out: Path, name: str) -> dict[str, Any]:
    """What a result says of itself, {} where there is none."""
    try:
        data = json.loads((out / "results" / f"{name}.json").read_text(encoding="utf-8"))["extra_data"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return data if isinstance(data, dict) else {}


def _write(
    batch: Batch,
    outcome: Outcome,
    submission: Submission,
    result: Mapping[str, Any],
    seconds: Mapping[str, float],
    keep_marker: bool = False,
) -> None:
    write_whole(batch.out / "results" / f"{submission.name}.json", _json(result))
    write_whole(batch.out / "timings" / f"{submission.name}.json", _json(seconds))
    if not keep_marker:
        _unmark(batch.out, submission)
    outcome.graded += result["extra_data"]["state"] == "graded"
    _count(outcome, submission, result["extra_data"])
    score = f"{result['score']:g} points" if "score" in result else result["output"]
    batch.say(f"{submission.student}: {score}")


def _count(outcome: Outcome, submission: Submission, data: Mapping[str, Any]) -> None:
    if data["state"] == ERROR:
        outcome.errors.append(submission.student)
    if data["state"] == "refused":
        outcome.refused.append(submission.student)


def _marker(out: Path, submission: Submission) -> Path:
    return out / "running" / submission.name


def _mark(out: Path, submission: Submission) -> None:
    """Note that a student is being graded, for the first time or once more."""
    write_whole(_marker(out, submission), f"{_deaths(out, submission) + 1}\n")


def _take_back(out: Path, submission: Submission) -> None:
    """Note that this grading of a student was ended from outside, which is no death."""
    if (deaths := _deaths(out, submission) - 1) > 0:
        write_whole(_marker(out, submission), f"{deaths}\n")
    else:
        _unmark(out, submission)


def _unmark(out: Path, submission: Submission) -> None:
    _marker(out, submission).unlink(missing_ok=True)


def _deaths(out: Path, submission: Submission) -> int:
    """How often the grading of a student was begun and not ended."""
    try:
        return int(_marker(out, submission).read_text())
    except (OSError, ValueError):
        return 0
