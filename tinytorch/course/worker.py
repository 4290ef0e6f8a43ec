"""The learner's half: a server that has loaded NumPy and nothing of the library, and runs each job in a child of its own.

A job is files to run in place of the library's, probes, and calls of them. Where the system can, the child is a fork, which
costs milliseconds; elsewhere it is a new process. The child ends with its job, in whatever way the learner's code makes it.
"""

from __future__ import annotations

import faulthandler
import io
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np

from tinytorch._threads import THREADS
from tinytorch.course.checks import arrays_in, copied
from tinytorch.course.frames import LARGEST, FrameError, read_frame, without_addresses, write_frame
from tinytorch.course.source import Source
from tinytorch.course.workspace import enter

PRINTED = 16 * 1024  # bytes that are kept of what a learner's code prints
WRITTEN = 2**20  # bytes of the largest file that it may write
ASLEEP = 4  # times as long by the clock as of the processor: what sleeps ends too, and a crowded machine harms nobody
LOADING = 2  # times as long as a call, before a file counts as one that never ends: small machines load for seconds
READY = "ready"  # a child's first frame, before it runs anything of the learner's
LOOK = 0.05  # seconds from one look of a guard to the next
GLANCE = 0.01  # the least of it, where a deadline is nearer
MOMENT = 1.0  # seconds that a child which answers no more has to end by itself
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", *THREADS), "1")  # of a worker's environment
PROBES = "probes.py"  # how a traceback names the checks' half
CAN_FORK = hasattr(os, "fork") and sys.platform != "darwin"  # on a Mac, forking a process with threads may hang it


# The child: the only place where a learner's code runs


def run_job(job: Mapping[str, Any], answers: BinaryIO) -> None:
    """Load the files and the probes, then answer every call, a frame each; where one fails, the rest still runs."""
    sources = sources_of(job)
    np.seterr(all="ignore")
    enter(sources, as_edited=False)
    write_frame(answers, READY)
    files = {source.path: source for source in sources.values()}
    namespace: dict[str, Any] = {"__name__": "probes"}
    lines = job["probes"].split("\n")
    loaded = _outcome(lambda: exec(compile(job["probes"], PROBES, "exec", dont_inherit=True), namespace), files, lines)
    _flush()
    write_frame(answers, loaded)
    if "error" in loaded:
        return
    room = _share(job)
    for probe, arguments in job["calls"]:
        given = copied(arguments)
        watched = {name: list(arrays_in(value)) for name, value in given.items()}
        before = {name: [array.tobytes() for array in arrays] for name, arrays in watched.items()}
        outcome = _outcome(partial(namespace.get(probe, _no_probe), **given), files, lines)
        _flush()
        outcome["changed"] = [name for name, now in watched.items() if [a.tobytes() for a in now] != before[name]]
        try:
            write_frame(answers, outcome, room)
        except (FrameError, ValueError, RecursionError, MemoryError):
            said = f"the answer has more than {room:,} bytes, or is nested without end"
            write_frame(answers, {"error": {"type": "Wrong", "message": said, "trail": []}, "changed": []})


def files_of(sources: Mapping[str, Source]) -> dict[str, Any]:
    """The files that a job brings, as frames carry them soonest: each a text and an array instead of thousands of values."""
    return {name: {"text": s.text, "numbers": np.array(s.numbers, int), "path": s.path} for name, s in sources.items()}


def sources_of(job: Mapping[str, Any]) -> dict[str, Source]:
    """The files that a job brings."""
    files = job["files"].items()
    return {name: Source(tuple(f["text"].split("\n")), tuple(f["numbers"].tolist()), f["path"]) for name, f in files}


def _flush() -> None:
    """Let nothing that was printed wait for the end, which may be sudden."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(BaseException):  # it may be closed, or the learner's own
            stream.flush()


def _no_probe(**_: Any) -> None:
    raise LookupError("there is no such probe")


def _outcome(call: Callable[[], Any], files: Mapping[str, Source], probes: Sequence[str]) -> dict[str, Any]:
    """What a call returns or, where it raises, the error and the lines of the learner's files and the probe that led to it."""
    try:
        return {"answer": call()}
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)
        theirs = [(files[frame.filename], frame) for frame in frames if frame.filename in files]
        trail = [[file.path, file.number(frame.lineno or 0), frame.name] for file, frame in theirs]
        said = {"type": type(error).__name__, "message": _message(error), "trail": trail[-20:]}
        asked = [frame.lineno or 0 for frame in frames if frame.filename == PROBES]
        return {"error": {**said, "asked": probes[asked[-1] - 1].strip() if asked else ""}}


def show_error(error: BaseException, files: Collection[str]) -> None:
    """Print an exception as Python does, cut to the lines of the learner's files; whole where none of them led to it."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [frame for frame in frames if frame.filename in files]
    lines = [*traceback.format_list(theirs or frames), *traceback.format_exception_only(error)]
    print("".join(lines), end="", file=sys.stderr, flush=True)


def _message(error: BaseException) -> str:
    try:
        return without_addresses(str(error))[:2000]
    except BaseException:
        return ""


class Printed(io.RawIOBase):
    """Where a learner's code prints to: a file that takes the beginning, and drops the rest without complaint."""

    def __init__(self, fd: int) -> None:
        self.fd, self.room = fd, PRINTED

    def writable(self) -> bool:
        """It is there to be written to."""
        return True

    def fileno(self) -> int:
        """The file, for whoever writes past Python."""
        return self.fd

    def write(self, data: Any) -> int:
        """Keep what there is room for."""
        kept = bytes(data[: self.room])
        self.room -= os.write(self.fd, kept) if kept else 0
        return len(data)


def _become_child(printed: int, seconds: float) -> None:
    """Nothing to read, what is printed kept apart, limits on what it may use of the machine."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for wanted, given in ((nothing, 0), (printed, 1), (printed, 2)):
        os.dup2(wanted, given)
    if os.name == "posix":
        limit("RLIMIT_FSIZE", WRITTEN)
        limit("RLIMIT_CORE", 0)
        limit("RLIMIT_CPU", int(seconds) + 1)
        limit("RLIMIT_DATA", os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2)
    sys.stdin = open(0, encoding="utf-8", closefd=False)
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(io.BufferedWriter(Printed(fd)), encoding="utf-8", errors="replace", line_buffering=True)
        for fd in (1, 2)
    )


def limit(name: str, amount: int) -> None:
    """Limit this process for good (man 2 setrlimit), where the system knows the name; never above what is so already."""
    import resource

    which = getattr(resource, name, None)
    if which is not None:
        hard = resource.getrlimit(which)[1]
        amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        resource.setrlimit(which, (amount, amount))


def _share(job: Mapping[str, Any]) -> int:
    """Bytes of an answer, so that all of a job fit into one frame."""
    return int(job["room"] // (2 * len(job["calls"]) + 2))


def _longest(job: Mapping[str, Any]) -> float:
    """Seconds that all of a job may take."""
    return float(min(job["seconds"] * (LOADING + len(job["calls"])), job["budget"]))


# The server


class Guard:
    """What a child is shut in by; this one leaves it as free as its user is."""

    def enter(self) -> None:
        """Called in the child, before it sees its job."""

    def overstepped(self) -> bool:
        """Whether the child did what must end it; asked now and then while it runs."""
        return False

    def clean(self) -> None:
        """Remove what a job left behind."""


def scratch() -> IO[bytes]:
    """A file without a name; in memory where no folder can be written in, as on a card that has become read-only."""
    try:
        return tempfile.TemporaryFile()
    except FileNotFoundError:  # what tempfile says then
        if sys.platform != "linux":
            raise
        return os.fdopen(os.memfd_create("tinytorch"), "w+b")


class Child:
    """A child at work on a job: a stream of its answers, and the means to end it."""

    def __init__(self, job: Mapping[str, Any], fork: bool, guard: Guard) -> None:
        self.printed = scratch()
        self.stack = scratch()  # where it was when its time was over
        if fork:
            self._fork(job, guard)
        else:
            self._spawn(job)
        self.began = time.monotonic()
        self.clock = ~self.pid << 3 | 2 if sys.platform == "linux" else None  # man 3 clock_getcpuclockid

    def spent(self) -> float:
        """The seconds of the processor that it has used, or, where the system does not tell, those of the clock."""
        try:
            return time.clock_gettime(self.clock) if self.clock else time.monotonic() - self.began
        except OSError:  # it is gone
            return 0.0

    def _fork(self, job: Mapping[str, Any], guard: Guard) -> None:
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setsid()
                _become_child(self.printed.fileno(), _longest(job))
                guard.enter()
                kept = [os.dup(writing), os.dup(self.stack.fileno())]
                for wanted, given in zip(kept, (3, 4), strict=True):  # nothing else of the server's stays open
                    os.dup2(wanted, given)
                os.closerange(5, 4096)
                faulthandler.register(signal.SIGUSR1, file=4, all_threads=False)
                with os.fdopen(3, "wb") as answers:
                    run_job(job, answers)
                    sys.stdout.flush()
                    sys.stderr.flush()
            except BaseException:
                traceback.print_exc()
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

    def stop(self) -> None:
        """End it, once it has said where it is."""
        if not hasattr(self, "process"):
            os.kill(self.pid, signal.SIGUSR1)
            time.sleep(0.1)
        self.kill()

    def linger(self) -> None:
        """Let it end by itself, so that how it ended is always its own doing."""
        end = time.monotonic() + MOMENT
        while self._runs() and time.monotonic() < end:
            time.sleep(0.002)

    def _runs(self) -> bool:
        if hasattr(self, "process"):
            return self.process.poll() is None
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def trail(self) -> list[list[Any]]:
        """Where it was when it was stopped: file, line and function, the innermost last."""
        self.stack.seek(0)
        said = self.stack.read(PRINTED).decode("ascii", "replace")
        frames = re.findall(r'^  File "(.*)", line (\d{1,9}) in (.*)$', said, re.MULTILINE)
        return [[file, int(line), function] for file, line, function in reversed(frames)]

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
        self.stack.close()
        if hasattr(self, "process"):
            code = self.process.wait()
        else:
            code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return "" if code == 0 else f"status {code}" if code > 0 else signal.Signals(-code).name


class Watchdog:
    """Bites, once, when it was not patted for some seconds, `budget` seconds after the beginning, or when it is `alarmed`.

    The seconds are those that are `spent`; by the clock it waits ASLEEP times as long.
    """

    def __init__(
        self,
        seconds: float,
        bite: Callable[[], None],
        spent: Callable[[], float],
        budget: float = math.inf,
        alarmed: Callable[[], bool] | None = None,
    ) -> None:
        self.seconds, self.bite, self.bit, self.alarmed = seconds, bite, False, alarmed
        self.clocks = ((spent, 1), (time.monotonic, ASLEEP))
        self.ends = [clock() + times * budget for clock, times in self.clocks]
        self.early = False  # bit because it was alarmed
        self.last = False  # bit because the budget was used up
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.pat()

    def pat(self, times: float = 1) -> None:
        """Wait for another while, or several."""
        now = [clock() + slower * times * self.seconds for clock, slower in self.clocks]
        self.deadlines = list(map(min, now, self.ends))

    def _left(self) -> tuple[float, bool]:
        """The seconds to the next deadline, and whether it is the end."""
        deadlines = self.deadlines
        return min((deadlines[i] - self.clocks[i][0](), deadlines[i] == self.ends[i]) for i in range(len(deadlines)))

    def _watch(self) -> None:
        while (left := self._left())[0] > 0 and not (self.alarmed and self.alarmed()):
            if self.over.wait(max(GLANCE, min(left[0], LOOK) if self.alarmed else left[0])):
                return
        self.bit, self.early, self.last = True, left[0] > 0, left[1]
        self.bite()

    def __enter__(self) -> Watchdog:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()


def serve(job: Mapping[str, Any], fork: bool = CAN_FORK, guard: Guard | None = None) -> dict[str, Any]:
    """Run a job in a child and return what came of it: the outcomes, and why it ended before all calls were answered.

    `ended` is "" where all were, "time" where one took longer than job["seconds"], "budget" where all together took
    longer than job["budget"], "files" where the guard was overstepped, "garbled" where something else than an answer came,
    else what became of the process. job["room"]: bytes that all answers may have. `used`: seconds of the processor.
    """
    job = {"budget": math.inf, "room": LARGEST, **job}
    child = Child(job, fork, guard or Guard())
    outcomes: list[Any] = []
    ended, trail = "", []
    try:
        alarmed = guard.overstepped if guard else None
        with Watchdog(job["seconds"], child.stop, child.spent, job["budget"], alarmed) as watchdog:
            watchdog.pat(LOADING)
            ready = _is_ready(child)
            while ready and len(outcomes) <= len(job["calls"]):
                try:
                    outcomes.append(_outcome_in(child.answers, _share(job), loading=not outcomes))
                except (EOFError, FrameError, OSError) as error:
                    bitten = "files" if watchdog.early else "budget" if watchdog.last else "time"
                    ended = bitten if watchdog.bit else "garbled" if isinstance(error, FrameError) else "ended"
                    if ended == "ended":
                        child.linger()
                    break
                watchdog.pat()
                if len(outcomes) == 1 and "error" in outcomes[0]:
                    break
    finally:
        used = child.spent()
        child.kill()
        trail = _theirs(child.trail(), job) if ended in ("time", "budget") else []
        how = child.wait()
    child.printed.seek(0)
    kept = 0 if ended in ("garbled", "files") else PRINTED  # how far it came by then is chance
    printed = child.printed.read(kept).decode("utf-8", "replace")
    child.printed.close()
    if not ready:
        raise ChildProcessError(f"a child did not get as far as the job: {how} {printed}")
    if guard:
        guard.clean()
    ended = (how or "status 0") if ended == "ended" else ended
    return {"outcomes": outcomes, "ended": ended, "trail": trail, "printed": printed, "used": used}


def _is_ready(child: Child) -> bool:
    """Whether a child got as far as the learner's code; what goes wrong before is no doing of theirs."""
    try:
        return bool(read_frame(child.answers) == READY)
    except (EOFError, FrameError, OSError):
        return False


def _outcome_in(answers: BinaryIO, largest: int, loading: bool) -> Any:
    """The next outcome. Raises FrameError where it is not of the form that run_job gives it: a child can write anything."""
    outcome = read_frame(answers, largest)
    match outcome:
        case {"error": {"type": str(), "message": str(), "trail": [*trail], "asked": str()}}:
            whole = all(_is_place(place) for place in trail)
        case {"error": {"type": str(), "message": str(), "trail": []}}:
            whole = True
        case {"answer": _}:
            whole = "error" not in outcome
        case _:
            whole = False
    changed = outcome.get("changed", [] if loading else None) if whole else None
    if not isinstance(changed, list) or not all(isinstance(name, str) for name in changed):
        raise FrameError("a frame is not an outcome")
    return outcome


def _is_place(place: Any) -> bool:
    match place:
        case [str(), int(), str()]:
            return True
    return False


def _theirs(trail: list[list[Any]], job: Mapping[str, Any]) -> list[list[Any]]:
    """The part of a trail that lies in the learner's files; faulthandler spells their names in ASCII."""
    files = {file.path.encode("ascii", "backslashreplace").decode(): file for file in sources_of(job).values()}
    return [[files[name].path, files[name].number(line), function] for name, line, function in trail if name in files]


def command(function: str) -> list[str]:
    """The command that runs a function of this file in a new Python, which does not look for modules where it stands."""
    root = str(Path(__file__).resolve().parents[2])
    code = f"import sys; sys.path.insert(0, {root!r}); from tinytorch.course.worker import {function}; {function}()"
    return [sys.executable, "-P", "-c", code]


def run_one() -> None:
    """A child that was not forked: the job comes on standard input, the answers go to standard output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    job = read_frame(sys.stdin.buffer)
    _become_child(2, _longest(job))
    run_job(job, answers)
    sys.stdout.flush()
    sys.stderr.flush()


def main(guard: Guard | None = None) -> None:
    """Serve the jobs that come on standard input until it ends; each child is shut in by the guard."""
    jobs, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the judge, which then ends this process
    while True:
        try:
            write_frame(replies, serve(read_frame(jobs), guard=guard))
        except (EOFError, BrokenPipeError):  # the judge is gone; nothing that is left in `replies` can be sent
            os._exit(0)


if __name__ == "__main__":
    main()
