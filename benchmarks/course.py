"""The figures of the course: seconds from a fresh clone to the first exercise that passes, and seconds that a check takes.

    python -m benchmarks.course [--only 04 ...] [--clone] [--json FILE]

A check is the whole command, from the start of Python to its end, in a workspace whose every exercise is solved. --clone
clones the last commit, installs it as `make demo` does and solves the first exercise, which needs the package index. Run it
with little else on the machine. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.figures import report
from tinytorch._files import write_whole
from tinytorch.course.exercises import Exercise, exercises, modules
from tinytorch.course.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
WANTED = 0.8  # seconds of a check, for nine in ten


def seconds_of(command: Sequence[str], folder: Path, status: int = 0, **environment: str) -> float:
    """How long a command takes, bytecode kept. Raises ChildProcessError where it ends otherwise than it should."""
    known = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment}
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=known, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode != status:
        raise ChildProcessError(f"{' '.join(command)} ended with status {done.returncode}:\n{done.stdout}{done.stderr}")
    return seconds


def checks(chosen: Sequence[Exercise]) -> dict[str, Any]:
    """Seconds of `tinytorch check ID` for each exercise, after one that leaves the bytecode behind."""
    with tempfile.TemporaryDirectory() as folder:
        place = Workspace.start(Path(folder))
        for module in modules():
            write_whole(place.path(module), module.library.text)
        cache = {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(Path(folder) / "bytecode")}
        tinytorch = [sys.executable, "-m", "tinytorch"]
        seconds_of([*tinytorch, "list"], Path(folder), **cache)
        each = {e.id: round(seconds_of([*tinytorch, "check", e.id], Path(folder), **cache), 3) for e in chosen}
    times = sorted(each.values())
    nine_in_ten = times[max(0, -(-9 * len(times) // 10) - 1)]
    slow = {name: seconds for name, seconds in each.items() if seconds > WANTED}
    figures = {"median": round(statistics.median(times), 3), "nine_in_ten": nine_in_ten, "slowest": times[-1]}
    return {**figures, "exercises": len(times), f"over_{WANTED}": slow}


def first_green() -> dict[str, float]:
    """Seconds of each step from a clone of the last commit to the first exercise that passes, and of all of them."""
    with tempfile.TemporaryDirectory() as folder:
        clone, work = Path(folder) / "clone", Path(folder) / "work"
        python = str(clone / ".venv" / "bin" / "python")
        first = exercises()[0]
        steps = {
            "clone": seconds_of(["git", "clone", "--quiet", str(ROOT), str(clone)], Path(folder)),
            "install": seconds_of(["make", ".venv/demo"], clone),
            "start": seconds_of([python, "-m", "tinytorch", "start", str(work)], clone),
        }
        write_whole(work / "ops.py", first.module.library.text)
        steps["check"] = seconds_of([python, "-m", "tinytorch", "check", first.id], work)
    return {name: round(seconds, 2) for name, seconds in {**steps, "all": sum(steps.values())}.items()}


def main() -> None:
    """Measure, print, and write where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.course", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="04", help="modules or exercises to check")
    parser.add_argument("--clone", action="store_true", help="measure the first pass from a fresh clone as well")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args()
    chosen = [e for e in exercises() if not options.only or any(e.id.startswith(only) for only in options.only)]
    figures: dict[str, Any] = {"seconds_of_a_check": checks(chosen)}
    if options.clone:
        figures["seconds_to_first_green"] = first_green()
    report("course", figures, options.json)


if __name__ == "__main__":
    main()
