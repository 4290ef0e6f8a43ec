"""Plant every fault in turn in a copy of the project, run the tests, and list the faults that nothing caught.

    python -m tests.mutation [--only tinytorch/ops.py ...] [--sample 300 --seed 0] [--workers 2] [--json FILE]

The faults are in tests/mutation/faults/, a file for each file of the library: pairs of what stands there and what takes its
place. Some tests that run the line itself come first, then those of the file, then all others, until one fails. With --sample,
so many faults are drawn, the same for the same seed. The exit status is 1 where a fault survived, or no longer fits the file
that it was written for.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count as counting
from pathlib import Path
from queue import Queue
from typing import NamedTuple

from tests.mutation.reach import Reach
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
NOT_OF_THE_LIBRARY = (
    "book",
    "cli/test_grade.py",
    "course",
    "grading",
    "mutation",
    "operators",
    "test_contributing.py",
    "test_metadata.py",
)  # tests
AT_LEAST = 10
TIMES = counting(1_000_000_000)
SECONDS = 600  # for one fault: an endless loop is caught as well
PROCESSES = multiprocessing.get_context("forkserver" if hasattr(os, "fork") else "spawn")
LOADED_ONCE = ["hypothesis", "numpy", "scipy.stats", "sklearn", "torch"]  # where they are installed


class Fault(NamedTuple):
    """A piece of a file and what to put in its place."""

    file: str
    was: str
    becomes: str

    def key(self) -> str:
        """What tells it from every other, and from itself in a file that has changed since."""
        text = (PROJECT / self.file).read_text(encoding="utf-8")
        return hashlib.sha256(json.dumps([text, *self]).encode()).hexdigest()


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


def sample(faults: list[Fault], count: int, seed: int) -> list[Fault]:
    """So many of the faults, or all where there are fewer, the same ones for the same seed, in their order."""
    chosen = random.Random(seed).sample(range(len(faults)), min(count, len(faults)))
    return [faults[i] for i in sorted(chosen)]


ELSEWHERE = {  # where tests of a file stand besides its own, or where it has none of its own
    "__init__": ["tests/test_faces.py"],
    "_lazy": ["tests/test_faces.py", "tests/test_pytorch_words.py"],
    "_places": ["tests/test_datasets.py"],
    "accelerator": ["tests/test_faces.py"],
    "changes": ["tests/test_autograd.py"],
    "cuda": ["tests/test_faces.py"],
    "generator": ["tests/test_creation.py"],
    "kernels": ["tests/test_conv.py"],
    "methods": ["tests/test_tensor.py", "tests/test_functional.py"],
    "tensor": ["tests/test_dtypes.py"],
}


def tests_of(file: str) -> list[str]:
    """The files of tests laid out beside a file."""
    inside = Path(file).relative_to("tinytorch")
    own = Path("tests") / inside.parent / f"test_{inside.stem.strip('_')}.py"
    return [own.as_posix()] * (PROJECT / own).exists() + ELSEWHERE.get(inside.stem, [])


def verdict(fault: Fault, copy: Path, reach: Reach, everything: bool = True) -> str:
    """What became of a fault: "caught by ...", "survived", or that it does not fit the file.

    everything: whether all tests come last, after those that reach the place and those of the file.
    """
    path = copy / fault.file
    whole = path.read_text(encoding="utf-8")
    if whole.count(fault.was) != 1 or fault.was == fault.becomes:
        return f"does not fit: it stands {whole.count(fault.was)} times in the file"
    own = tests_of(fault.file)
    nearest = reach.tests(fault.file, whole, whole.index(fault.was), len(fault.was), own)
    write(path, whole.replace(fault.was, fault.becomes))
    try:
        for tests in filter(None, (nearest, own, ["tests"] if everything else [])):
            failed = first_failure(tests, copy)
            if failed:
                return f"caught by {failed}"
        return "survived"
    finally:
        write(path, whole)


def write(path: Path, text: str) -> None:
    """Write a file with a time of its own in whole seconds, by which Python knows that it must be compiled anew."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (next(TIMES),) * 2)


def first_failure(tests: list[str], copy: Path) -> str | None:
    """The first test that fails, None where all pass."""
    output = copy / "output.txt"
    process = PROCESSES.Process(target=run_tests, args=(tests, copy, output))
    process.start()
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        return f"{tests[0]}: no end within {SECONDS} s"
    if process.exitcode == 0:
        return None
    lines = output.read_text(encoding="utf-8", errors="replace").splitlines() if output.exists() else []
    named = [line for line in lines if line.startswith(("FAILED ", "ERROR "))]
    if named:
        return named[0].split(" - ")[0].split(" ", 1)[1]
    if lines and lines[0].startswith("ImportError while loading conftest"):
        return f"{tests[0]}: {lines[-1]}"  # the library cannot be imported
    if process.exitcode is not None and process.exitcode < 0:
        return f"{tests[0]}: killed by signal {-process.exitcode}"
    raise RuntimeError("\n".join(["pytest itself failed:", *lines[-20:]]))


def judge_all(
    faults: list[Fault],
    workers: int,
    known: dict[str, str],
    note: Callable[[str, str], None],
    everything: bool = True,
) -> list[str]:
    """The verdict on every fault that is not `known`, each worker in a copy of its own; `note` is told of each at once."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:  # a test that failed may still write there
        copies: Queue[Path] = Queue()
        for i in range(workers):
            copies.put(copy_project(Path(scratch) / str(i)))
        print("running all tests once, to see which lines each of them reaches", flush=True)
        reach = Reach(Path(scratch) / "0")

        def judge(numbered: tuple[int, Fault]) -> str:
            i, fault = numbered
            key = fault.key()
            if key in known:
                return known[key]
            copy = copies.get()
            try:
                said = verdict(fault, copy, reach, everything)
            finally:
                copies.put(copy)
            print(f"{i:>4} of {len(faults)}  {fault.file}  {said}", flush=True)
            note(key, said)
            return said

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
        path = to / "tests" / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return to


def report(judged: list[tuple[Fault, str]], at_least: int = AT_LEAST) -> tuple[dict[str, dict[str, int]], list[str]]:
    """How many faults of each file were planted and caught, and what is amiss; at_least: of each file there should be."""
    counts: dict[str, dict[str, int]] = {}
    amiss = []
    for fault, said in judged:
        count = counts.setdefault(fault.file, {"planted": 0, "caught": 0})
        count["planted"] += 1
        count["caught"] += said.startswith("caught")
        if not said.startswith("caught"):
            amiss.append(f"{fault.file}: {said}\n    {fault.was!r}\n    {fault.becomes!r}")
    amiss += [
        f"{file}: only {count['planted']} faults" for file, count in counts.items() if count["planted"] < at_least
    ]
    return counts, amiss


def journal(file: Path | None) -> tuple[dict[str, str], Callable[[str, str], None]]:
    """The verdicts noted in a file by the key of their fault, but for what survived, and how to note another."""
    if file is None:
        return {}, lambda key, said: None
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    known = dict(line.split(" ", 1) for line in lines)

    def note(key: str, said: str) -> None:
        with file.open("a", encoding="utf-8") as out:
            out.write(f"{key} {said}\n")

    return {key: said for key, said in known.items() if said.startswith("caught")}, note


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="FILE", help="only the faults of these files")
    parser.add_argument("--sample", type=int, metavar="N", help="only N of them, drawn at random")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="draws another sample (0)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes at once (all cores)")
    parser.add_argument(
        "--journal", type=Path, metavar="FILE", help="go on from the verdicts noted there, and note more"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts to a file")
    options = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    PROCESSES.set_forkserver_preload(LOADED_ONCE)
    faults = load_faults(options.only)
    if options.sample is not None:
        faults = sample(faults, options.sample, options.seed)
        print(f"{len(faults)} faults drawn by --sample {options.sample} --seed {options.seed}", flush=True)
    start = time.perf_counter()
    known, note = journal(options.journal)
    verdicts = judge_all(faults, options.workers, known, note)
    counts, amiss = report(list(zip(faults, verdicts, strict=True)), AT_LEAST if options.sample is None else 0)
    for file, count in counts.items():
        print(f"{file:<32} {count['caught']:>3} of {count['planted']:>3} caught")
    print("\n".join(amiss) if amiss else f"all {len(faults)} caught in {time.perf_counter() - start:.0f} s")
    if options.json:
        options.json.write_text(json.dumps(counts, indent=2) + "\n", encoding="utf-8")
    return 1 if amiss else 0


if __name__ == "__main__":
    sys.exit(main())
