"""Processes for long work: they are not disturbed by Ctrl-C, do not outlive their parent, and leave nothing running."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children
from pathlib import Path

import pytest

from tinytorch import _executors
from tinytorch._executors import deaths, processes, submitted, usable_cores

ROOT = Path(_executors.__file__).parents[1]
ON_POSIX = pytest.mark.skipif(os.name != "posix", reason="there are no POSIX signals here")
WITH_PROC = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="who lives is read from /proc")


def wait_until(condition):
    end = time.monotonic() + 30
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


def lives(process):
    """Whether there is more of it in /proc than its death."""
    try:
        return process.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def note(file, text="begun"):
    with open(file, "a", encoding="utf-8") as stream:
        stream.write(text)


def begin_and_wait(file):
    note(file)
    time.sleep(600)


def begin_and_end(file):
    note(file)
    time.sleep(0.5)
    note(file, ", ended")


def interrupt_oneself():
    os.kill(os.getpid(), signal.SIGINT)
    return os.getpid()


def started_here(argument):
    """What a process finds of Ctrl-C that this one has started."""
    code = "import signal; print(signal.getsignal(2) is signal.default_int_handler, signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip()


def others(before):
    return set(active_children()) - before


def test_what_is_under_way_at_the_end_is_finished(tmp_path):
    before = set(active_children())
    with processes(1) as executor:
        executor.submit(begin_and_end, tmp_path / "notes")
    assert (tmp_path / "notes").read_text() == "begun, ended" and not others(before)


@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit, ValueError])
def test_what_is_under_way_at_an_error_is_ended_at_once_and_what_waits_is_not_begun(error, tmp_path):
    before, threads = set(active_children()), set(threading.enumerate())
    with pytest.raises(error), processes(1) as executor:
        for name in ("first", "second", "third", "fourth"):
            executor.submit(begin_and_wait, tmp_path / name)
        wait_until((tmp_path / "first").exists)
        assert len(others(before)) == 1
        raise error
    assert not others(before) and set(threading.enumerate()) == threads
    assert [path.name for path in tmp_path.iterdir()] == ["first"]


@ON_POSIX
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_while_processes_start_comes_when_they_have_started(name, monkeypatch):
    """The batch takes each of these for Ctrl-C."""
    number, before, started = getattr(signal, name), set(active_children()), []
    submit = ProcessPoolExecutor.submit

    def submit_and_signal(self, *arguments):
        signal.pthread_kill(threading.get_ident(), number)
        future = submit(self, *arguments)
        started.extend(others(before))
        return future

    monkeypatch.setattr(ProcessPoolExecutor, "submit", submit_and_signal)
    usual = signal.signal(number, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), processes(1) as executor:
            executor.submit(os.getpid)
    finally:
        signal.signal(number, usual)
    assert len(started) == 1 and not others(before)


@ON_POSIX
def test_a_process_never_gets_ctrl_c_not_even_while_it_starts(tmp_path):
    before = set(active_children())
    with processes(1) as executor:
        future = executor.submit(interrupt_oneself)
        (process,) = others(before)
        while not future.done():
            os.kill(process.pid, signal.SIGINT)
            time.sleep(0.01)
        assert future.result() == process.pid
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@ON_POSIX
def test_what_a_process_starts_can_be_interrupted_as_any_other():
    with processes(1) as executor:
        assert executor.submit(started_here, 0).result() == "True set()"


ORPHANS = """
import os, sys
from functools import partial
from tests.test_executors import begin_and_wait, note
from tinytorch._executors import processes

if __name__ == "__main__":
    with processes(1, partial(note, sys.argv[1], ", gone") if sys.argv[2] == "last" else None) as executor:
        print(executor.submit(os.getpid).result(), flush=True)
        if sys.argv[3] == "busy":
            executor.submit(begin_and_wait, sys.argv[1])
        sys.stdin.read()
"""


@contextmanager
def orphaned(folder, notes, last, work):
    """A process, in /proc, whose parent is killed when the block ends."""
    script = folder / "orphans.py"
    script.write_text(ORPHANS, encoding="utf-8")
    words = [sys.executable, str(script), str(notes), last, work]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, **pipes, env={**os.environ, "PYTHONPATH": str(ROOT)}) as parent:
        try:
            yield Path("/proc", parent.stdout.readline().strip())
        finally:
            parent.kill()


@WITH_PROC
@pytest.mark.parametrize("last", ["last", "nothing"])
@pytest.mark.parametrize("work", ["busy", "idle"])
def test_processes_do_not_outlive_the_one_that_started_them(last, work, tmp_path):
    notes = tmp_path / "notes"
    with orphaned(tmp_path, notes, last, work) as process:
        if work == "busy":
            wait_until(notes.exists)
        assert lives(process)
    wait_until(lambda: not lives(process))
    written = notes.read_text() if notes.exists() else ""
    assert written == ("begun" if work == "busy" else "") + (", gone" if last == "last" else "")


@WITH_PROC
def test_what_fails_at_the_last_does_not_keep_a_process(tmp_path):
    with orphaned(tmp_path, tmp_path / "no folder" / "notes", "last", "idle") as process:
        assert lives(process)
    wait_until(lambda: not lives(process))


def end_oneself():
    os._exit(9)


def test_a_process_that_dies_breaks_its_executor_which_then_takes_nothing():
    with processes(1) as executor:
        future = submitted(executor, end_oneself)
        assert isinstance(future, Future) and isinstance(future.exception(), deaths())
        assert submitted(executor, os.getpid) is None


def test_usable_cores_are_those_that_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 3, 5}, raising=False)
    assert usable_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    assert usable_cores() == os.cpu_count()
