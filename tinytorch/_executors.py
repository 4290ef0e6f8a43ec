"""Where long work is spread: processes of this machine, or a cluster, each an Executor of concurrent.futures."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing import active_children, get_context, parent_process
from typing import Any

PATIENCE = 10.0  # seconds to wait for a cluster's scheduler
HELD = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP} if hasattr(signal, "pthread_sigmask") else set()


@contextmanager
def processes(workers: int, on_orphaned: Callable[[], None] | None = None) -> Iterator[Executor]:
    """Fresh processes, which never get Ctrl-C, and which do not outlive the context, or this process.

    What is under way when the context ends is finished; where an exception ends it, nobody waits. `on_orphaned` is called
    in each process that finds this one gone, before it ends.
    """
    before = set(active_children())
    executor = _Processes(workers, mp_context=get_context("spawn"), initializer=_prepare, initargs=(on_orphaned,))
    try:
        yield executor
        executor.shutdown()
    except BaseException:
        with _signals_held():
            for child in set(active_children()) - before:
                child.terminate()
        executor.shutdown(cancel_futures=True)
        raise


class _Processes(ProcessPoolExecutor):
    """Processes that no signal reaches while they start, nor this one, which may take every signal for Ctrl-C."""

    def submit(self, *arguments: Any, **keywords: Any) -> Future[Any]:
        """Start processes where they are needed, and set one going."""
        with _signals_held():
            return super().submit(*arguments, **keywords)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Keep what may end this process until the block has ended. A process that is started in it keeps them as well."""
    if not HELD:
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare(on_orphaned: Callable[[], None] | None) -> None:
    """Leave Ctrl-C to the parent, and do not outlive it. What this process starts can be interrupted as any other."""
    signal.signal(signal.SIGINT, lambda *_: None)  # SIG_IGN would be inherited
    if HELD:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
    threading.Thread(target=_end_with_parent, args=(on_orphaned,), daemon=True).start()


def _end_with_parent(on_orphaned: Callable[[], None] | None) -> None:
    """End this process when the one that started it is gone, whatever it is doing."""
    parent = parent_process()
    assert parent is not None  # as for every process that multiprocessing started
    parent.join()
    with suppress(Exception):
        if on_orphaned is not None:
            on_orphaned()
    os._exit(1)


def submitted(executor: Executor, function: Callable[..., Any], *arguments: Any) -> Future[Any] | None:
    """The future of a call, None where the executor has been broken by another call meanwhile."""
    try:
        return executor.submit(function, *arguments)
    except BrokenExecutor:
        return None


@contextmanager
def cluster(address: str) -> Iterator[Any]:
    """A client of a dask scheduler. Raises ImportError, which says how to install it, and OSError where none answers."""
    with distributed().Client(address, timeout=PATIENCE, set_as_default=False) as client:
        yield client


def deaths(address: str = "") -> tuple[type[BaseException], ...]:
    """What a future raises whose process has died: of the cluster with that address, or of `processes`."""
    return (distributed().KilledWorker,) if address else (BrokenExecutor,)


def distributed() -> Any:
    """dask.distributed. Raises ImportError, which says how to install it."""
    try:
        return import_module("distributed")
    except ImportError as error:
        raise ImportError(f"--dask needs dask.distributed ({error}): python -m pip install distributed") from error


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
