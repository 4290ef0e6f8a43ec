"""The figures of the grader: seconds and memory of a full submission, and of a class.

    python -m benchmarks.grading [--students 100] [--repeats 5] [--level both] [--json FILE]

The full submission is the library's own files, every exercise with all its inputs, on one core. The class is of honest
students of modules 1 to 4, each with a quarter of the exercises unwritten and a quarter wrong in a known way, on as many
cores as --workers. Memory is that of judge and worker together, proportional (pages that are shared count once), at its
highest, and looked at in a submission of its own, since looking takes time. Seconds of a full submission are medians, each of a
new process. Run it with little else on the machine: seconds of processors, `cpu`, stand beside those of the clock, and suffer
less from what else runs. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import report
from tinytorch._files import write_whole
from tinytorch.course.exercises import Module, modules
from tinytorch.course.source import put
from tinytorch.course.workspace import substituted
from tinytorch.grading import whole
from tinytorch.grading.batch import Batch, run
from tinytorch.grading.grader import Grader, probed
from tinytorch.grading.scoring import Task, results
from tinytorch.grading.submissions import Submission
from tinytorch.grading.world import Means, Worlds

EVERY = 0.05  # seconds from one look at the memory to the next


class Memory(threading.Thread):
    """Looks at how much memory this process and all that it started take together."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.highest, self.over = 0, threading.Event()

    def run(self) -> None:
        """Look until it is over."""
        while not self.over.wait(EVERY):
            self.highest = max(self.highest, sum(proportional(pid) for pid in family(os.getpid())))


def family(pid: int) -> Iterator[int]:
    """A process and its descendants."""
    yield pid
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from family(int(child))
    except OSError:
        pass


def proportional(pid: int) -> int:
    """Bytes of a process; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def cpu_seconds() -> float:
    """Seconds of processors that this process, and those that it started and that have ended, took."""
    return sum(os.times()[:4])


@contextmanager
def one_core() -> Iterator[None]:
    """Keep to a single core, with all that is started."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def submissions_of_everything(means: Means, count: int) -> tuple[list[dict[str, float]], float]:
    """Seconds of submissions of the library's own files, one after the other, on one core; and their score."""
    submission = Submission("everybody", {module.name: module.library.text.encode() for module in modules()})
    task = Task(tuple(module.number for module in modules()), "a term")
    facts = {"isolation": {"means": str(means)}}
    spent = []
    with one_core(), Worlds(means) as worlds, Grader(worlds, task.salt) as grader:
        for _ in range(count):
            began, used = time.perf_counter(), cpu_seconds()
            result, _ = results(submission, task, grader, facts)
            grader.close()  # which its worker's seconds are counted after
            spent.append({"seconds": time.perf_counter() - began, "cpu": cpu_seconds() - used})
    return spent, result["score"]


def megabytes(means: Means) -> int:
    """Of judge and worker together, while everything is graded."""
    memory = Memory()
    memory.start()
    submissions_of_everything(means, 1)
    memory.over.set()
    return round(memory.highest / 2**20)


def full_submission(means: Means, repeats: int) -> dict[str, Any]:
    """Seconds of a submission of everything: the first, which also computes the expected answers, and the next."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as once:
        runs = [once.submit(submissions_of_everything, means, 2).result() for _ in range(repeats)]
        memory = once.submit(megabytes, means).result()

    def median(which: int, what: str) -> float:
        return round(float(np.median([spent[which][what] for spent, _ in runs])), 2)

    return {
        "first": median(0, "seconds"),
        "next": median(1, "seconds"),
        "cpu_of_first": median(0, "cpu"),
        "cpu_of_next": median(1, "cpu"),
        "slowest_first": round(max(spent[0]["seconds"] for spent, _ in runs), 2),
        "repeats": repeats,
        "exercises": sum(len(module.exercises) for module in modules()),
        "score": min(score for _, score in runs),
        "most": sum(one.points for module in modules() for one in module.exercises) + whole.POINTS * len(whole.check),
        "megabytes_of_judge_and_worker": memory,
    }


def student(seed: int, module: Module) -> str:
    """A file of which a quarter is not written and a quarter wrong."""
    rng = np.random.default_rng([seed, int(module.number)])
    own = module.stub()
    for exercise in module.exercises:
        kind, donor = rng.integers(0, 4), module.library
        mistakes = module.mistakes[exercise.id]
        if kind == 1:
            mistake = mistakes[rng.integers(0, len(mistakes))]
            names = [name for name in exercise.functions if name in mistake.source.functions]
            donor = substituted(module, names, mistake.source)
        if kind > 0:
            own = put(own, donor, exercise.functions)
    missing = [name for name in module.library.functions if name not in own.functions]
    return put(own, module.library, missing).text


def a_class(means: Means, count: int, workers: int) -> dict[str, Any]:
    """Seconds of a class of modules 1 to 4, the gates included."""
    with tempfile.TemporaryDirectory() as folder:
        for i in range(count):
            place = Path(folder) / "in" / f"student-{i:03}"
            place.mkdir(parents=True)
            for module in modules()[:4]:
                write_whole(place / f"{module.name}.py", student(i, module))
        task = Task(tuple(module.number for module in modules()[:4]), "a term")
        began, used = time.perf_counter(), cpu_seconds()
        outcome = run(Batch(Path(folder) / "in", Path(folder) / "out", task, means, workers, say=lambda _: None))
        seconds, cpu = round(time.perf_counter() - began, 1), round(cpu_seconds() - used, 1)
    return {
        "seconds": seconds,
        "cpu": cpu,
        "students": outcome.graded,
        "errors": len(outcome.errors),
        "workers": workers,
    }


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.grading", description=__doc__)
    parser.add_argument("--students", type=int, default=100, metavar="N", help="of the class")
    parser.add_argument("--repeats", type=int, default=5, metavar="N", help="of the full submission")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="students at a time")
    parser.add_argument("--level", default="", metavar="LEVEL", help="the walls (the strongest there are)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    means = probed(options.level)
    figures = {
        "isolation": str(means),
        "full_submission": full_submission(means, options.repeats),
        "class_of_modules_1_to_4": a_class(means, options.students, options.workers),
    }
    report("grading", figures, options.json)


if __name__ == "__main__":
    main()
