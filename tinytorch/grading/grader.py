"""The grader: a judge whose worker is locked into a world, one for each student and file, and replaced when it ends.

The judge is the learner's own: the same checks, the same judgements. Only the inputs are others, drawn by the term's salt.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import reduce
from pathlib import Path
from threading import Timer
from typing import Any

from tinytorch.course.checks import Case
from tinytorch.course.exercises import Exercise, Variant
from tinytorch.course.judge import Judge, WorkerError
from tinytorch.course.source import Source
from tinytorch.course.worker import ASLEEP, CAN_FORK
from tinytorch.grading import calls
from tinytorch.grading.lock import empty, landlock_version, unreadable_to_others
from tinytorch.grading.world import LEVELS, Means, Worlds, cell

SECONDS = 3.0  # of the processor for one call
BUDGET = 20.0  # the same for all calls of an exercise
ROOM = 8 * 2**20  # bytes of all answers of an exercise
PATIENCE = 1.0  # seconds that a worker has to end when it is no longer needed
LATE = 10.0  # seconds after which a worker that should have answered is taken for dead


class Grader(Judge):
    """A judge with a locked worker, which is started when something is asked in a world. Use it in a `with`."""

    def __init__(self, worlds: Worlds, salt: str = "", extra: Path | None = None, seconds: float = SECONDS) -> None:
        self.worlds = worlds
        self.world: Path | None = None
        self.working = False
        self.worthless: dict[str, set[str]] = {}  # the checks of an exercise that are passed by nothing
        self.used = 0.0  # seconds of the processor, or of the clock for whoever sleeps, as the worker counts them
        self.last_words = ""  # what the last worker said on its standard error
        unreadable_to_others()
        super().__init__(seconds, salt, extra)
        self.limits = {"seconds": seconds, "budget": BUDGET, "room": ROOM}

    def enter(self, hidden: Iterable[str]) -> None:
        """Go on in a world without these files, with a worker of its own."""
        self.close()
        self.world = self.worlds.without(hidden)

    def _start(self) -> None:
        """Not yet: whoever is entered and asked nothing needs no worker."""

    def _work(self) -> None:
        assert self.world is not None, "a grader is asked in a world: enter one"
        self.cell = cell(self.worlds, self.world)
        self.said = tempfile.TemporaryFile()
        super()._start()
        self.working = True

    def _worker(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.cell.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.said,
            env=self.cell.environment,
            cwd="/",
            start_new_session=True,
        )

    def close(self) -> None:
        """End the worker, by itself or by force, and remove what it wrote."""
        if self.working:
            self.working = False
            with _in(PATIENCE, self.process.kill):
                super().close()
            self.said.seek(0)
            self.last_words = self.said.read()[-1000:].decode("utf-8", "replace").strip()
            self.said.close()
            with suppress(OSError):
                empty(str(self.cell.scratch))
                self.cell.scratch.rmdir()

    def ask(self, sources: Mapping[str, Source], probes: str, cases: Sequence[Case]) -> dict[str, Any]:
        """As a judge does, but a worker that does not answer in time is dead, and another takes its place."""
        if not self.working:
            self._work()
        began, used = time.monotonic(), 0.0
        try:
            with _in(ASLEEP * BUDGET + LATE, self.process.kill):
                reply = super().ask(sources, probes, cases)
            used = float(reply["used"])
            return reply
        except WorkerError as error:
            raise WorkerError(f"{error}: {self.last_words}") from error
        finally:
            self.used += max(used, (time.monotonic() - began) / ASLEEP)

    @contextmanager
    def unpaid(self) -> Iterator[None]:
        """What is asked meanwhile is no student's code: whoever comes first does not pay for a class."""
        before = self.used
        try:
            yield
        finally:
            self.used = before

    def _of_mistake(self, exercise: Exercise, mistake: Variant) -> dict[str, list[Any]]:
        with self.unpaid():
            return super()._of_mistake(exercise, mistake)


@contextmanager
def _in(seconds: float, action: Callable[[], None]) -> Iterator[None]:
    """Do something in a while, unless this is over by then."""
    alarm = Timer(seconds, action)
    alarm.daemon = True
    alarm.start()
    try:
        yield
    finally:
        alarm.cancel()


# What the walls hold, tried by a child that does what a student's code might

TRIAL = """
import ctypes, os, signal, socket

def tried(action):
    try:
        action()
    except (OSError, RuntimeError):
        return True
    return False

def shared():
    library = ctypes.CDLL(None)
    place = library.shmget(0, 4096, 0o600)
    if place < 0:
        raise OSError("no memory is shared")
    library.shmctl(place, 0, None)

def kept_as_read():
    import json, tinytorch
    for place in (json.__path__[0], tinytorch.__path__[0]):
        if not os.statvfs(place).f_flag & (os.ST_RDONLY | getattr(os, "ST_NOATIME", 0)):
            return
    raise OSError("nobody notes when these are read")

def trial(path, victim):
    datagram = lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("192.0.2.1", 53))
    return {
        "files": tried(lambda: open(path).close()),
        "network": tried(datagram),
        "processes": tried(os.fork),
        "signals": tried(lambda: os.kill(victim, 0)),
        "shared memory": tried(shared),
        "times of reading": tried(kept_as_read),
    }
"""


def walls(means: Means) -> dict[str, bool]:
    """Whether a student's code is kept from files, network, new processes, other processes, and from memory and times in
    which the next exercise could find something, as tried in a real worker.

    Raises WorkerError where no worker comes up.
    """
    with Worlds(means) as worlds, Grader(worlds) as grader:
        return trial(grader)


def trial(grader: Grader) -> dict[str, bool]:
    """What the walls of a grader hold."""
    with tempfile.NamedTemporaryFile() as seen:
        os.chmod(seen.name, 0o644)
        grader.enter([])
        reply = grader.ask({}, TRIAL, [Case("trial", "", {"path": seen.name, "victim": os.getpid()})])
    outcomes = reply["outcomes"]
    if len(outcomes) < 2 or "answer" not in outcomes[1]:
        raise WorkerError(f"the worker cannot be tried: {reply['ended']} {outcomes}")
    return {name: bool(held) for name, held in outcomes[1]["answer"].items()}


def probed(level: str = "") -> Means:
    """What this machine offers: each means is kept if a worker comes up with it.

    level: one of LEVELS, for walls that are lower than they could be. Raises ValueError where the machine does not offer it.
    """
    if level and level not in LEVELS:
        raise ValueError(f"a level is one of {', '.join(LEVELS)}, not {level!r}")
    means = Means(fork=CAN_FORK, user=CAN_FORK and os.geteuid() == 0)
    offered: list[dict[str, Any]] = [{"calls": calls.are_known()}]
    if level in ("", "bubblewrap", "both"):
        offered.append({"bubblewrap": shutil.which("bwrap") or ""})
    if level in ("", "landlock", "both"):
        offered += [{"landlock": landlock_version()}, {"namespaces": sys.platform == "linux"}]
        offered += [{"still": sys.platform == "linux"}]
    wanted = [more for more in offered if CAN_FORK and any(more.values())]
    means = _all(means, wanted) or reduce(_if_it_works, wanted, means)
    if level and means.level != level:
        raise ValueError(f"this machine does not offer the level {level!r}")
    return means


def _all(means: Means, wanted: Sequence[Mapping[str, Any]]) -> Means | None:
    """All at once, which is quick to try, if that works."""
    for more in wanted:
        means = _with(means, more)
    return means if _works(means) else None


def _if_it_works(means: Means, more: Mapping[str, Any]) -> Means:
    together = _with(means, more)
    return together if together != means and _works(together) else means


def _with(means: Means, more: Mapping[str, Any]) -> Means:
    inside = "namespaces" in more and means.bubblewrap  # which has made them already
    nowhere = "still" in more and not means.namespaces
    return means if inside or nowhere else replace(means, **more)


def _works(means: Means) -> bool:
    try:
        return walls(means)["processes"]
    except (WorkerError, OSError):
        return False
