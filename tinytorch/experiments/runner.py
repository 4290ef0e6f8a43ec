"""Runs a study: what is finished is taken from the store, the rest is spread over processes, or over a cluster.

Both are an Executor of concurrent.futures, and one loop serves both. A finished run is stored at once, so whatever happens
afterwards, to this process or to another, nothing that was finished is lost.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import closing, contextmanager
from typing import Any, Protocol

from tinytorch.creation import manual_seed
from tinytorch.experiments.face import Config, Result, Run, Study, Values
from tinytorch.experiments.store import Store
from tinytorch.progress import Progress

Function = Callable[[Config, int], Values]
Outcome = tuple[Run, Result | BaseException]
one_at_a_time = threading.Lock()  # in a process: its runs draw from one generator


class WorkerDied(RuntimeError):
    """A run during which the process that it ran in ended, and ended again when it was repeated."""


class Pool(Protocol):
    """Where runs go: how many at once, and what tells that a worker died, not that a run failed."""

    at_once: int
    died: tuple[type[BaseException], ...]

    def open(self) -> Any:
        """A context that gives an Executor, and in which nothing runs on once it is left."""


def conduct(
    study: Study, runs: Sequence[Run], store: Store, pool: Pool, progress: Progress
) -> list[tuple[Run, BaseException]]:
    """Finish these runs of a study, into its store, and return those that failed with the reason.

    Interrupted, it raises KeyboardInterrupt; what was finished until then is in the store.
    """
    finished = store.results(runs)
    left = [run for run in runs if not any(result.run == run for result in finished)]
    failures: list[tuple[Run, BaseException]] = []
    with progress:
        progress.start(epochs=len(runs), batches=1, done=len(finished))
        with closing(perform(study.run, left, pool, tick=lambda: progress.batch(0, {}))) as outcomes:
            for run, outcome in outcomes:
                if isinstance(outcome, Result):
                    store.put(outcome)
                    progress.epoch(figures(outcome.values))
                else:
                    failures.append((run, outcome))
    return failures


def figures(values: Values) -> dict[str, float]:
    """The first numbers among what a run found, to be shown as it passes."""
    return dict([(name, value) for name, value in values.items() if isinstance(value, float)][:3])


def perform(
    function: Function, runs: Sequence[Run], pool: Pool, tick: Callable[[], None] = lambda: None
) -> Generator[Outcome, None, None]:
    """Yield what came of each run as it ends: a Result, or the exception that it raised.

    When a worker dies, one cannot tell which of the runs that were under way is to blame, nor which had begun. They are carried out
    again, each alone; where a worker dies of one, it is repeated once, and if a worker dies again, gets a WorkerDied.
    """
    suspects = yield from together(function, runs, pool, tick)
    for run in suspects:
        for _ in range(2):
            died = yield from together(function, [run], pool, tick)
            if not died:
                break
        else:
            yield run, WorkerDied("the process it ran in died, and died again when it was repeated")


def together(
    function: Function, runs: Sequence[Run], pool: Pool, tick: Callable[[], None]
) -> Generator[Outcome, None, list[Run]]:
    """Yield what came of the runs, as many at once as the pool takes; return those during which a worker died."""
    waiting, suspects = deque(runs), []
    while waiting:
        with pool.open() as executor:
            running: dict[Future[Result], Run] = {}
            alive = True
            while running or (waiting and alive):
                while waiting and alive and len(running) < pool.at_once:
                    alive = submit(executor, function, waiting, running)
                for future in wait(running, timeout=1, return_when=FIRST_COMPLETED).done:
                    run, error = running.pop(future), reason(future)
                    if isinstance(error, pool.died):
                        suspects.append(run)
                        alive = False
                    else:
                        yield run, future.result() if error is None else error
                tick()
    return suspects


def reason(future: Future[Result]) -> BaseException | None:
    """Why a run failed, None where it did not."""
    return CancelledError("whoever ran it has given it up") if future.cancelled() else future.exception()


def submit(executor: Executor, function: Function, waiting: deque[Run], running: dict[Future[Result], Run]) -> bool:
    """Set the next run going; False where the executor has just been broken by another."""
    run = waiting[0]
    try:
        with interrupts_held():
            running[executor.submit(carry_out, function, run)] = run
    except BrokenExecutor:
        return False
    waiting.popleft()
    return True


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Keep Ctrl-C until the block has ended. A process that is started in it never gets it, not even while it starts."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def carry_out(function: Function, run: Run) -> Result:
    """What a worker does: seed everything, run, and take the time, the processor's, since others may use it too."""
    with one_at_a_time:
        manual_seed(run.seed)
        began = time.process_time()
        values = function(dict(run.config), run.seed)
        return Result(run, values, round(time.process_time() - began, 2))


# Where runs go


class Processes:
    """Processes on this machine."""

    died: tuple[type[BaseException], ...] = (BrokenExecutor,)

    def __init__(self, workers: int) -> None:
        self.at_once = workers

    @contextmanager
    def open(self) -> Iterator[Executor]:
        """Fresh processes, which end with the context, or with this process."""
        before = set(multiprocessing.active_children())
        context = multiprocessing.get_context("spawn")
        executor = ProcessPoolExecutor(self.at_once, mp_context=context, initializer=_prepare_worker)
        try:
            yield executor
        finally:
            children = set(multiprocessing.active_children()) - before
            executor.shutdown(wait=False, cancel_futures=True)
            for child in children:
                child.terminate()
            for child in children:
                child.join()


def _prepare_worker() -> None:
    """Leave Ctrl-C to the process that started this one, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None  # as for every process that multiprocessing started
    parent.join()
    os._exit(1)


class Cluster:
    """The workers of a dask scheduler, which must have the library installed.

    Raises ImportError, which says how to install dask.distributed, where it is missing.
    """

    patience = 10.0  # seconds to wait for the scheduler

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client, KilledWorker
        except ImportError as error:
            raise ImportError(f"--dask needs dask.distributed ({error}): python -m pip install distributed") from error
        self.client: Any = Client
        self.address = address
        self.at_once = 10_000  # the scheduler deals them out
        self.died: tuple[type[BaseException], ...] = (KilledWorker,)

    @contextmanager
    def open(self) -> Iterator[Executor]:
        """A client of the scheduler. Raises OSError where none answers."""
        with self.client(self.address, timeout=self.patience, set_as_default=False) as client:
            yield client.get_executor(pure=False)


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
