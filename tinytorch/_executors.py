"""Where long work is spread: processes of this machine, or a cluster, each an Executor of concurrent.futures."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing import active_children, get_context, parent_process
from typing import Any

PATIENCE = 10.0  # seconds to wait for a cluster's scheduler


@contextmanager
def processes(workers: int, last: Callable[[], None] | None = None) -> Iterator[Executor]:
    """Fresh processes, which never get Ctrl-C, and which do not outlive the context, or this process.

    When the context is left by an exception, nobody waits for what is under way. `last` is called in each process that
    finds this one gone, before it ends.
    """
    before = set(active_children())
    executor = _Processes(workers, mp_context=get_context("spawn"), initializer=_prepare, initargs=(last,))
    try:
        yield executor
    except BaseException:
        for child in set(active_children()) - before:
            child.terminate()
        executor.shutdown(cancel_futures=True)
        raise
    executor.shutdown()


class _Processes(ProcessPoolExecutor):
    """Processes that are started without Ctrl-C, so that it cannot end one before it leaves Ctrl-C to its parent."""

    def submit(self, *arguments: Any, **keywords: Any) -> Future[Any]:
        """Start processes where they are needed, and set one going."""
        with _interrupts_held():
            return super().submit(*arguments, **keywords)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Keep Ctrl-C until the block has ended. A process that is started in it starts without."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare(last: Callable[[], None] | None) -> None:
    """Leave Ctrl-C to the parent, and do not outlive it. What this process starts can be interrupted as any other."""
    signal.signal(signal.SIGINT, lambda *_: None)  # SIG_IGN would be inherited
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with_parent, args=(last,), daemon=True).start()


def _end_with_parent(last: Callable[[], None] | None) -> None:
    """End this process when the one that started it is gone, whatever it is doing."""
    parent = parent_process()
    assert parent is not None  # as for every process that multiprocessing started
    parent.join()
    with suppress(Exception):
        if last is not None:
            last()
    os._exit(1)


@contextmanager
def cluster(address: str) -> Iterator[Any]:
    """A client of a dask scheduler. Raises ImportError, which says how to install it, and OSError where none answers."""
    with distributed().Client(address, timeout=PATIENCE, set_as_default=False) as client:
        yield client


def distributed() -> Any:
    """dask.distributed. Raises ImportError, which says how to install it."""
    try:
        return import_module("distributed")
    except ImportError as error:
        raise ImportError(f"--dask needs dask.distributed ({error}): python -m pip install distributed") from error


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
