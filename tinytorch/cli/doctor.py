"""`tinytorch doctor`: what somebody who helps would ask for first, whether the pieces work, and what to do where not."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import tinytorch
from tinytorch import machine
from tinytorch.cli import as_typed
from tinytorch.course.exercises import exercises, modules
from tinytorch.course.style import with_whole_commands
from tinytorch.course.workspace import Workspace, WorkspaceError

LEAST_PYTHON, LEAST_NUMPY = (3, 11), (1, 24)
LEAST_MEMORY = 64  # megabytes: what a training of the demo takes, at most
BUILT = 1_735_689_600  # 2025 began: no clock that is right shows less
MAPS = Path("/proc/self/maps")  # where Linux lists the libraries that a process has loaded
REFERENCE = "the slow reference one"
KINDS = {"openblas": "OpenBLAS", "libmkl": "MKL", "blis": "BLIS", "atlas": "ATLAS", "accelerate": "Accelerate"}


def examine() -> int:
    """Print the facts; status 1 where something does not work."""
    import numpy as np  # not before the command is called

    blas = kind_of_blas(loaded_libraries() or [str(getattr(np.__config__, "CONFIG", ""))])
    memory, board = machine.available_memory(), machine.board()
    say("tinytorch", f"{tinytorch.__version__} in {os.path.abspath(Path(tinytorch.__file__).parent)}")
    say("Python", f"{platform.python_version()} in {os.path.abspath(sys.executable)}")
    say("NumPy", np.__version__)
    say("BLAS", blas or "unknown")
    say("system", f"{platform.platform()}, {platform.machine()}, {8 * (sys.maxsize.bit_length() // 8 + 1)} bits")
    say("machine", f"{f'{board}, ' if board else ''}trained with the preset {machine.preset()}")
    say("memory", "unknown" if memory is None else f"{memory:.0f} MB free")
    say("terminal", _terminal())
    say("course", f"{len(exercises())} exercises in {len(modules())} modules")
    facts = (
        about_versions(sys.version_info[:2], np.__version__),
        about_blas(blas),
        about_memory(memory),
        about_clock(time.time()),
        *map(about_bytecode, ("numpy", "tinytorch")),
    )
    troubles = [trouble for trouble in (*facts, _workspace(), _worker()) if trouble]
    for trouble in troubles:
        say("trouble", trouble)
    return 1 if troubles else 0


def say(what: str, fact: str) -> None:
    """A row, which goes on below itself where it is longer than the terminal is wide."""
    print(with_whole_commands(as_typed(fact), shutil.get_terminal_size().columns, f"{what:<13}", " " * 13))


# What may be wrong with the machine: each gives a sentence with what to do, or None


def about_versions(python: tuple[int, ...], numpy: str) -> str | None:
    """Python and NumPy that are too old."""
    if python < LEAST_PYTHON:
        return f"Python {'.'.join(map(str, python))} is older than 3.11: on a Raspberry Pi, use Pi OS Bookworm or newer"
    if tuple(map(int, re.findall(r"\d+", numpy)[:2])) < LEAST_NUMPY:
        return f"NumPy {numpy} is older than 1.24: python -m pip install --upgrade numpy"
    return None


def about_blas(kind: str | None) -> str | None:
    """A BLAS with which training takes 60 to 70 percent more instructions."""
    if kind != REFERENCE:
        return None
    said = "NumPy multiplies with the slow reference BLAS, with which trainings take half as long again or more"
    return f"{said}: sudo apt install libopenblas0"


def about_memory(free: float | None) -> str | None:
    """Less memory than a training takes."""
    if free is None or free >= LEAST_MEMORY:
        return None
    return f"only {free:.0f} MB of memory are free, and a training takes up to {LEAST_MEMORY}: end other programs"


def about_clock(now: float) -> str | None:
    """A clock that was never set, as on a board without a battery and without a network."""
    if now >= BUILT:
        return None
    said = "downloads will fail, and files will look older than they are"
    return f"the clock says {time.strftime('%Y', time.gmtime(now))}, so {said}: sudo date --set='YYYY-MM-DD HH:MM'"


def about_bytecode(package: str) -> str | None:
    """A package that is compiled anew at each start."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    cached = Path(importlib.util.cache_from_source(spec.origin))
    if cached.exists():
        return None
    said = f"{package} is compiled anew at each start, which takes a small machine ten seconds"
    if sys.dont_write_bytecode:
        return f"{said}: unset PYTHONDONTWRITEBYTECODE"
    if _can_be_made(cached.parent):
        return None  # and will be kept
    return f"{said}, since {cached.parent} cannot be written: export PYTHONPYCACHEPREFIX=~/.cache/python"


def _can_be_made(folder: Path) -> bool:
    there = next(place for place in (folder, *folder.parents) if place.exists())
    return os.access(there, os.W_OK)


def loaded_libraries() -> list[str]:
    """The libraries that this process has loaded, "openblas-serial/libblas.so.3", where the system tells."""
    try:
        lines = MAPS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return sorted({"/".join(line.split("/")[-2:]) for line in lines if ".so" in line})


def kind_of_blas(libraries: Iterable[str]) -> str | None:
    """The BLAS among libraries: a libblas.so.3 of which nothing says whose it is, is Debian's reference."""
    names = [name.lower() for name in libraries]
    found = [kind for sign, kind in KINDS.items() if any(sign in name for name in names)]
    if found:
        return found[0]
    return REFERENCE if any("libblas.so" in name for name in names) else None


# Whether the pieces work


def _terminal() -> str:
    colour = "no colour (NO_COLOR)" if os.environ.get("NO_COLOR") else "colour"
    return f"{sys.stdout.encoding}, {colour if sys.stdout.isatty() else 'not a terminal'}"


def _workspace() -> str | None:
    try:
        folder = Workspace.find(Path.cwd()).folder
    except WorkspaceError as error:
        say("workspace", str(error))
        return None
    say("workspace", str(folder))
    try:
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return f"files cannot be written in {folder}: {error.strerror}"


def _worker() -> str | None:
    from tinytorch.course.judge import Judge, WorkerError
    from tinytorch.course.worker import CAN_FORK

    began = time.perf_counter()
    first = exercises()[0]
    try:
        with Judge() as judge:
            found = judge.verdict(first, first.module.library)
    except WorkerError:
        return f"the process that runs exercises, {sys.executable}, ended unexpectedly"
    seconds = time.perf_counter() - began
    say("a check", f"{seconds:.2f} seconds, {'forked' if CAN_FORK else 'in a new process each time'}")
    if found.ok or first.module.for_class:  # whose release has no solution: that the process answered has to do
        return None
    return f"the library's own code fails {first.id}: {found.failure and found.failure.what}"
