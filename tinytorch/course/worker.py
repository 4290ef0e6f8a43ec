"""The learner's half: a server that has loaded NumPy and nothing of the library, and runs each job in a child of its own.

A job is files to run in place of the library's, probes, and calls of them. Where the system can, the child is a fork, which
costs milliseconds; elsewhere it is a new process. The child ends with its job, in whatever way the learner's code makes it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from tinytorch.course.checks import copied
from tinytorch.course.frames import FrameError, read_frame, write_frame
from tinytorch.course.source import Source
from tinytorch.course.workspace import enter

PRINTED = 16 * 1024  # characters that are kept of what a learner's code prints
WRITTEN = 2**20  # bytes of the largest file that it may write
CAN_FORK = hasattr(os, "fork") and sys.platform != "darwin"  # on a Mac, forking a process with threads may hang it


# The child: the only place where a learner's code runs


def run_job(job: Mapping[str, Any], answers: BinaryIO) -> None:
    """Load the files and the probes, then answer every call, a frame each; where one fails, the rest still runs."""
    sources = {name: Source(tuple(f["lines"]), tuple(f["numbers"]), f["path"]) for name, f in job["files"].items()}
    paths = {source.path for source in sources.values()}
    np.seterr(all="ignore")
    enter(sources)
    namespace: dict[str, Any] = {"__name__": "probes"}
    loaded = _outcome(lambda: exec(compile(job["probes"], "probes.py", "exec", dont_inherit=True), namespace), paths)
    write_frame(answers, loaded)
    if "error" in loaded:
        return
    for probe, arguments in job["calls"]:
        given = copied(arguments)
        before = {name: value.tobytes() for name, value in given.items() if isinstance(value, np.ndarray)}
        outcome = _outcome(partial(namespace.get(probe, _no_probe), **given), paths)
        outcome["changed"] = [name for name, data in before.items() if given[name].tobytes() != data]
        write_frame(answers, outcome)


def _no_probe(**_: Any) -> None:
    raise LookupError("there is no such probe")


def _outcome(call: Callable[[], Any], paths: set[str]) -> dict[str, Any]:
    """What a call returns or, where it raises, the error and the lines of the learner's files that led to it."""
    try:
        return {"answer": call()}
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        trail = [[frame.filename, frame.lineno or 0, frame.name] for frame in frames if frame.filename in paths]
        return {"error": {"type": type(error).__name__, "message": _message(error), "trail": trail[-20:]}}


def _message(error: BaseException) -> str:
    try:
        return str(error)[:2000]
    except BaseException:
        return ""


def _become_child(printed: int) -> None:
    """A process group of its own, nothing to read, what is printed kept apart, no large files."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for wanted, given in ((nothing, 0), (printed, 1), (printed, 2)):
        os.dup2(wanted, given)
    if hasattr(os, "setsid"):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN, WRITTEN))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdin, sys.stdout, sys.stderr = (
        open(fd, mode, encoding="utf-8", errors="replace", buffering=1, closefd=False)
        for fd, mode in ((0, "r"), (1, "w"), (2, "w"))
    )


# The server


class Child:
    """A child at work on a job: a stream of its answers, and the means to end it."""

    def __init__(self, job: Mapping[str, Any], fork: bool) -> None:
        self.printed = tempfile.TemporaryFile()
        if fork:
            self._fork(job)
        else:
            self._spawn(job)

    def _fork(self, job: Mapping[str, Any]) -> None:
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setsid()
                _become_child(self.printed.fileno())
                os.dup2(writing, 3)  # nothing else of the server's stays open
                os.closerange(4, 4096)
                with os.fdopen(3, "wb") as answers:
                    run_job(job, answers)
                    sys.stdout.flush()
                    sys.stderr.flush()
            finally:
                os._exit(0)
        os.close(writing)
        self.answers: BinaryIO = os.fdopen(reading, "rb")

    def _spawn(self, job: Mapping[str, Any]) -> None:
        self.process = subprocess.Popen(
            command("run_one"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.printed
        )
        self.pid = self.process.pid
        assert self.process.stdin is not None and self.process.stdout is not None
        write_frame(self.process.stdin, job)  # type: ignore[arg-type]
        self.process.stdin.close()
        self.answers = self.process.stdout  # type: ignore[assignment]

    def kill(self) -> None:
        """End it and what it started."""
        try:
            if hasattr(os, "killpg") and not hasattr(self, "process"):
                os.killpg(self.pid, signal.SIGKILL)
            else:
                os.kill(self.pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
        except OSError:  # it has ended, or has no group yet
            pass

    def wait(self) -> str:
        """How it ended: "" as it should, "status 3", "SIGSEGV"."""
        self.answers.close()
        if hasattr(self, "process"):
            code = self.process.wait()
        else:
            code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return "" if code == 0 else f"status {code}" if code > 0 else signal.Signals(-code).name


class Watchdog:
    """Bites, once, when it was not patted for some seconds."""

    def __init__(self, seconds: float, bite: Callable[[], None]) -> None:
        self.seconds, self.bite, self.bit = seconds, bite, False
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.pat()

    def pat(self) -> None:
        """Wait for another while."""
        self.deadline = time.monotonic() + self.seconds

    def _watch(self) -> None:
        while (left := self.deadline - time.monotonic()) > 0:
            if self.over.wait(left):
                return
        self.bit = True
        self.bite()

    def __enter__(self) -> Watchdog:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()


def serve(job: Mapping[str, Any], fork: bool = CAN_FORK) -> dict[str, Any]:
    """Run a job in a child and return what came of it: the outcomes, and why it ended before all calls were answered.

    `ended` is "" where all were, "time" where one took longer than job["seconds"], else what became of the process.
    """
    child = Child(job, fork)
    outcomes: list[Any] = []
    ended = ""
    with Watchdog(job["seconds"], child.kill) as watchdog:
        while len(outcomes) <= len(job["calls"]):
            try:
                outcomes.append(read_frame(child.answers))
            except (EOFError, FrameError, OSError) as error:
                ended = "time" if watchdog.bit else "garbled" if isinstance(error, FrameError) else "ended"
                break
            watchdog.pat()
            if len(outcomes) == 1 and "error" in outcomes[0]:
                break
    child.kill()
    how = child.wait()
    child.printed.seek(0)
    printed = child.printed.read(PRINTED).decode("utf-8", "replace")
    child.printed.close()
    return {"outcomes": outcomes, "ended": (how or "status 0") if ended == "ended" else ended, "printed": printed}


def command(function: str) -> list[str]:
    """The command that runs a function of this file in a new Python, which does not look for modules where it stands."""
    root = str(Path(__file__).resolve().parents[2])
    code = f"import sys; sys.path.insert(0, {root!r}); from tinytorch.course.worker import {function}; {function}()"
    return [sys.executable, "-P", "-c", code]


def run_one() -> None:
    """A child that was not forked: the job comes on standard input, the answers go to standard output."""
    answers = os.fdopen(os.dup(1), "wb")
    job = read_frame(sys.stdin.buffer)
    _become_child(2)
    run_job(job, answers)


def main() -> None:
    """Serve the jobs that come on standard input until it ends."""
    jobs, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    while True:
        try:
            job = read_frame(jobs)
        except EOFError:
            return
        write_frame(replies, serve(job))


if __name__ == "__main__":
    main()
