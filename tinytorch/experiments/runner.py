"""Runs a study: what is finished is taken from the store, the rest is spread over processes, or over a cluster.

Both are an Executor of concurrent.futures, and one loop serves both. A finished run is stored at once, so whatever happens
afterwards, to this process or to another, nothing that was finished is lost.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any, Protocol

from tinytorch._executors import cluster, deaths, processes, submitted
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
            alive = True  # as far as one knows
            while running or (waiting and alive):
                while waiting and alive and len(running) < pool.at_once:
                    future = submitted(executor, carry_out, function, waiting[0])
                    if alive := future is not None:
                        running[future] = waiting.popleft()
                for future in wait(running, timeout=1, return_when=FIRST_COMPLETED).done:
                    run, error = running.pop(future), reason(future)
                    if isinstance(error, pool.died):
                        suspects.append(run)
                    else:
                        yield run, future.result() if error is None else error
                tick()
    return suspects


def reason(future: Future[Result]) -> BaseException | None:
    """Why a run failed, None where it did not."""
    return CancelledError("whoever ran it has given it up") if future.cancelled() else future.exception()


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

    died = deaths()

    def __init__(self, workers: int) -> None:
        self.at_once = workers

    def open(self) -> AbstractContextManager[Executor]:
        """Fresh processes, which end with the context, or with this process."""
        return processes(self.at_once)


class Cluster:
    """The workers of a dask scheduler, which must have the library installed.

    Raises ImportError, which says how to install dask.distributed, where it is missing.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.at_once = 10_000  # the scheduler deals them out
        self.died = deaths(address)

    @contextmanager
    def open(self) -> Iterator[Executor]:
        """A client of the scheduler. Raises OSError where none answers."""
        with cluster(self.address) as client:
            yield client.get_executor(pure=False)
