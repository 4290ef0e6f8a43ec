"""Plant every fault in turn in a copy of the project, run the tests, and list the faults that nothing caught.

    python -m tests.mutation [--only tinytorch/ops.py ...] [--workers 2] [--json FILE]

The faults are in tests/mutation/faults/, a file for each file of the library: pairs of what stands there and what takes its
place. The tests of the file itself run first, then all others, until one fails. The exit status is 1 where a fault
survived, or no longer fits the file that it was written for.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import NamedTuple

from tests.mutation.worker import PROJECT, run_tests

FAULTS = Path(__file__).parent / "faults"
COPIED = (
    "tinytorch",
    "datasets",
    "modules",
    "tests",
    "benchmarks",
    "conftest.py",
    "setup.cfg",
    "pyproject.toml",
    "README.md",
)
NOT_OF_THE_LIBRARY = ("course", "mutation")  # tests
AT_LEAST = 10
SECONDS = 600  # for one fault: an endless loop is caught as well
PROCESSES = multiprocessing.get_context("forkserver" if hasattr(os, "fork") else "spawn")
LOADED_ONCE = ["numpy", "scipy.stats", "sklearn", "torch"]  # where they are installed


class Fault(NamedTuple):
    """A piece of a file and what to put in its place."""

    file: str
    was: str
    becomes: str


def load_faults(only: list[str]) -> list[Fault]:
    """The faults of the files asked for, or of all, by the name of the file: ops.txt holds those of tinytorch/ops.py.

    A fault is a line of `- ` and what stands in the file, then one of `+ ` and what takes its place; `\\n` breaks a line.
    """
    faults = []
    for path in sorted(FAULTS.rglob("*.txt")):
        file = "tinytorch/" + path.relative_to(FAULTS).with_suffix(".py").as_posix()
        if only and file not in only:
            continue
        text = path.read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if line.startswith(("- ", "+ ")) or line == "+"]
        for was, becomes in zip(lines[::2], lines[1::2], strict=True):
            faults.append(Fault(file, was[2:].replace("\\n", "\n"), becomes[2:].replace("\\n", "\n")))
    return faults


ELSEWHERE = {  # where the tests of a file stand that has none of its own
    "_lazy": ["tests/test_faces.py"],
    "_places": ["tests/test_datasets.py"],
    "changes": ["tests/test_autograd.py"],
    "methods": ["tests/test_tensor.py", "tests/test_functional.py"],
}


def tests_of(file: str) -> list[str]:
    """The tests laid out beside a file, and then all of them."""
    inside = Path(file).relative_to("tinytorch")
    own = Path("tests") / inside.parent / f"test_{inside.stem.strip('_')}.py"
    beside = [str(own)] if (PROJECT / own).exists() else ELSEWHERE.get(inside.stem, [])
    return [*beside, "tests"]


def verdict(fault: Fault, copy: Path) -> str:
    """What became of a fault: "caught by ...", "survived", or that it does not fit the file."""
    path = copy / fault.file
    whole = path.read_text(encoding="utf-8")
    if whole.count(fault.was) != 1 or fault.was == fault.becomes:
        return f"does not fit: it stands {whole.count(fault.was)} times in the file"
    path.write_text(whole.replace(fault.was, fault.becomes), encoding="utf-8")
    try:
        for tests in tests_of(fault.file):
            failed = first_failure(tests, copy)
            if failed:
                return f"caught by {failed}"
        return "survived"
    finally:
        path.write_text(whole, encoding="utf-8")


def first_failure(tests: str, copy: Path) -> str | None:
    """The first test that fails, None where all pass."""
    output = copy / "output.txt"
    process = PROCESSES.Process(target=run_tests, args=(tests, copy, output))
    process.start()
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        return f"{tests}: no end within {SECONDS} s"
    if process.exitcode == 0:
        return None
    lines = output.read_text(encoding="utf-8", errors="replace").splitlines() if output.exists() else []
    named = [line for line in lines if line.startswith(("FAILED ", "ERROR "))]
    if named:
        return named[0].split(" - ")[0].split(" ", 1)[1]
    if process.exitcode is not None and process.exitcode < 0:
        return f"{tests}: killed by signal {-process.exitcode}"
    raise RuntimeError("\n".join(["pytest itself failed:", *lines[-20:]]))


def judge_all(faults: list[Fault], workers: int) -> list[tuple[Fault, str]]:
    """The verdict on every fault, each worker in a copy of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        copies: Queue[Path] = Queue()
        for i in range(workers):
            copies.put(copy_project(Path(scratch) / str(i)))
        for tests in dict.fromkeys(tests_of(fault.file)[0] for fault in faults):
            failed = first_failure(tests, Path(scratch) / "0")
            if failed:
                sys.exit(f"without any fault {failed} fails: there is nothing to judge by")

        def judge(numbered: tuple[int, Fault]) -> tuple[Fault, str]:
            copy = copies.get()
            try:
                said = verdict(numbered[1], copy)
            finally:
                copies.put(copy)
            print(f"{numbered[0]:>4} of {len(faults)}  {numbered[1].file}  {said}", flush=True)
            return numbered[1], said

        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(judge, enumerate(faults, 1)))


def copy_project(to: Path) -> Path:
    """What the tests of the library need, without the faults themselves."""
    to.mkdir()
    for name in COPIED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            shutil.copy2(source, to / name)
    for name in NOT_OF_THE_LIBRARY:
        shutil.rmtree(to / "tests" / name)
    return to


def report(judged: list[tuple[Fault, str]]) -> tuple[dict[str, dict[str, int]], list[str]]:
    """How many faults of each file were planted and caught, and what is amiss."""
    counts: dict[str, dict[str, int]] = {}
    amiss = []
    for fault, said in judged:
        count = counts.setdefault(fault.file, {"planted": 0, "caught": 0})
        count["planted"] += 1
        count["caught"] += said.startswith("caught")
        if not said.startswith("caught"):
            amiss.append(f"{fault.file}: {said}\n    {fault.was!r}\n    {fault.becomes!r}")
    amiss += [
        f"{file}: only {count['planted']} faults" for file, count in counts.items() if count["planted"] < AT_LEAST
    ]
    return counts, amiss


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="FILE", help="only the faults of these files")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes at once (all cores)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts to a file")
    options = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    PROCESSES.set_forkserver_preload(LOADED_ONCE)
    faults = load_faults(options.only)
    start = time.perf_counter()
    counts, amiss = report(judge_all(faults, options.workers))
    for file, count in counts.items():
        print(f"{file:<32} {count['caught']:>3} of {count['planted']:>3} caught")
    print("\n".join(amiss) if amiss else f"all {len(faults)} caught in {time.perf_counter() - start:.0f} s")
    if options.json:
        options.json.write_text(json.dumps(counts, indent=2) + "\n", encoding="utf-8")
    return 1 if amiss else 0


if __name__ == "__main__":
    sys.exit(main())
