"""`tinytorch doctor`: what somebody who helps would ask for first, and whether the pieces work."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from pathlib import Path

import tinytorch
from tinytorch.course.exercises import exercises, modules
from tinytorch.course.workspace import Workspace, WorkspaceError


def examine() -> int:
    """Print the facts; status 1 where something does not work."""
    import numpy as np  # not before the command is called

    print(f"tinytorch    {tinytorch.__version__} in {Path(tinytorch.__file__).parent}")
    print(f"Python       {platform.python_version()} in {sys.executable}")
    print(f"NumPy        {np.__version__}")
    print(f"system       {platform.platform()}, {platform.machine()}, {8 * (sys.maxsize.bit_length() // 8 + 1)} bits")
    print(f"terminal     {_terminal()}")
    print(f"course       {len(exercises())} exercises in {len(modules())} modules")
    troubles = [trouble for trouble in (_workspace(), _worker()) if trouble]
    for trouble in troubles:
        print(f"trouble      {trouble}")
    return 1 if troubles else 0


def _terminal() -> str:
    colour = "no colour (NO_COLOR)" if os.environ.get("NO_COLOR") else "colour"
    return f"{sys.stdout.encoding}, {colour if sys.stdout.isatty() else 'not a terminal'}"


def _workspace() -> str | None:
    try:
        folder = Workspace.find(Path.cwd()).folder
    except WorkspaceError as error:
        print(f"workspace    {error}")
        return None
    print(f"workspace    {folder}")
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
    print(f"a check      {seconds:.2f} seconds, {'forked' if CAN_FORK else 'in a new process each time'}")
    return None if found.ok else f"the library's own code fails {first.id}: {found.failure and found.failure.what}"
