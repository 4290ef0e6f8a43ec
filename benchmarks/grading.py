"""The figures of the grader: seconds and memory of a full submission, and of a class.

    python -m benchmarks.grading [--students 100] [--level both] [--json FILE]

The full submission is the library's own files, every exercise with all its inputs, on one core. The class is of honest
students of modules 1 to 4, each with a quarter of the exercises unwritten and a quarter wrong in a known way, on as many
cores as --workers. Memory is that of judge and worker together, proportional (pages that are shared count once), at its
highest. Run it with little else on the machine: seconds of processors, `cpu`, stand beside those of the clock, and suffer less
from what else runs. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import report
from tinytorch.course.exercises import Module, modules
from tinytorch.course.source import put
from tinytorch.course.workspace import substituted, write_whole
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


def full_submission(means: Means) -> dict[str, Any]:
    """Seconds of a submission of everything: the first, which also computes the expected answers, and the next."""
    submission = Submission("everybody", {module.name: module.library.text.encode() for module in modules()})
    task = Task(tuple(module.number for module in modules()), "a term")
    facts = {"isolation": {"means": str(means)}}
    memory = Memory()
    memory.start()
    seconds, cpu = [], []
    with one_core(), Worlds(means) as worlds, Grader(worlds, task.salt) as grader:
        for _ in range(2):
            began, used = time.perf_counter(), cpu_seconds()
            result, _ = results(submission, task, grader, facts)
            grader.close()  # which its worker's seconds are counted after
            seconds.append(round(time.perf_counter() - began, 2))
            cpu.append(round(cpu_seconds() - used, 2))
    memory.over.set()
    return {
        "first": seconds[0],
        "next": seconds[1],
        "cpu_of_first": cpu[0],
        "cpu_of_next": cpu[1],
        "exercises": sum(len(module.exercises) for module in modules()),
        "score": result["score"],
        "most": sum(test["max_score"] for test in result["tests"]),
        "megabytes_of_judge_and_worker": round(memory.highest / 2**20),
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
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="students at a time")
    parser.add_argument("--level", default="", metavar="LEVEL", help="the walls (the strongest there are)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    means = probed(options.level)
    figures = {
        "isolation": str(means),
        "full_submission": full_submission(means),
        "class_of_modules_1_to_4": a_class(means, options.students, options.workers),
    }
    report("grading", figures, options.json)


if __name__ == "__main__":
    main()
