"""The same job at many points: one after the other, or by the workers of an executor.

A job is a function of the run and a point. What happens at one point has no effect on the others:
an exception is caught where it happens and comes back as a :class:`Failure`. Another process is
sent the run as bytes, with the first tasks, and keeps it under their digest; later tasks name the
digest alone. So a large data set travels about once per worker, and a worker compiles the steps
once. One that was not sent the run yet says so, and its task is sent again with it.
"""

from __future__ import annotations

import os
import pickle
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from queue import SimpleQueue
from typing import Any

from minigrad.errors import MinigradError
from minigrad.hyper.run import TrainingRun

__all__ = ["Failure", "SearchError", "SearchInterrupted", "attempts"]

Job = Callable[[TrainingRun, Any], Any]


@dataclass(frozen=True)
class Failure:
    """What went wrong at one point.

    Attributes
    ----------
    error : str
        The exception, as ``"ValueError: ..."``.
    traceback : str
        Where it was raised, as Python prints it.
    """

    error: str
    traceback: str

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Return an exception as text, which can be sent from any process."""
        said = f"{type(error).__name__}: {error}".removesuffix(": ")
        return cls(said, "".join(traceback.format_exception(error)))


class SearchError(MinigradError, RuntimeError):
    """Some points of a search failed; nothing of the others is lost.

    Attributes
    ----------
    result : object
        What the search would have returned; its `failures` say what went wrong at which point.
    """

    def __init__(self, message: str, result: Any) -> None:
        super().__init__(message)
        self.result = result


class SearchInterrupted(KeyboardInterrupt):
    """A search was interrupted; what was done by then is not lost.

    Attributes
    ----------
    result : object
        What the search would have returned, of the points that were done.
    """

    def __init__(self, message: str, result: Any) -> None:
        super().__init__(message)
        self.result = result


def attempts(
    job: Job, run: TrainingRun, points: Sequence[Any], executor: Executor | None
) -> Iterator[tuple[int, Any]]:
    """Yield the number of each point and what came of it, as they are done.

    Raises
    ------
    TypeError
        Before anything is done, if the executor is none, or the run can't be sent to it.
    """
    if executor is None:
        return ((k, attempt(job, run, point)) for k, point in enumerate(points))
    if not hasattr(executor, "submit"):
        raise TypeError(
            f"executor= must be a concurrent.futures.Executor, got {executor!r:.60}; of a Dask "
            f"client, client.get_executor()"
        )
    if isinstance(executor, ThreadPoolExecutor):  # threads share the run
        return submitted(executor, points, lambda point, again: (attempt, job, run, point))
    pickled = dumped(run)
    digest = sha256(pickled).hexdigest()
    first = getattr(executor, "_max_workers", None) or os.cpu_count() or 1
    sent = iter(range(first))

    def task(point: Any, again: bool) -> tuple[Any, ...]:
        with_run = again or next(sent, None) is not None
        return (remote_attempt, job, digest, pickled if with_run else None, point)

    return submitted(executor, points, task)


def attempt(job: Job, run: TrainingRun, point: Any) -> Any:
    """Do the job at a point; return a Failure for an exception."""
    try:
        return job(run, point)
    except Exception as error:
        return Failure.of(error)


def submitted(
    executor: Executor, points: Sequence[Any], task: Callable[[Any, bool], tuple[Any, ...]]
) -> Iterator[tuple[int, Any]]:
    """Submit every point; yield what comes back, and cancel the rest when nobody wants it."""
    done: SimpleQueue[Future[Any]] = SimpleQueue()
    pending: dict[Future[Any], int] = {}

    def submit(k: int, again: bool = False) -> None:
        try:
            future = executor.submit(*task(points[k], again))
        except Exception as error:  # the executor broke, or was shut down
            future = Future()
            future.set_exception(error)
        pending[future] = k
        future.add_done_callback(done.put)

    try:
        for k in range(len(points)):
            submit(k)
        while pending:
            future = done.get()
            k = pending.pop(future)
            outcome = received(future)
            if isinstance(outcome, Absent):
                submit(k, again=True)
            else:
                yield k, outcome
    finally:
        for future in pending:
            future.cancel()


def received(future: Future[Any]) -> Any:
    """Return what a worker sent; a Failure if it was lost on the way."""
    try:
        return future.result()
    except Exception as error:
        return Failure.of(error)


class Absent:
    """What a worker answers that was not sent the run yet."""


KEPT = 2  # runs that a worker keeps
_runs: dict[str, TrainingRun] = {}
_lock = threading.Lock()  # a worker may have several threads


def remote_attempt(job: Job, digest: str, pickled: bytes | None, point: Any) -> Any:
    """Do the job at a point, in a worker."""
    with _lock:
        run = _runs.get(digest)
        if run is None and pickled is None:
            return Absent()
        if run is None:
            try:
                run = pickle.loads(pickled)  # type: ignore[arg-type]
            except Exception as error:
                error.add_note(
                    "The run can't be put together again in the worker: its functions must be in a "
                    "module that the worker can import, not typed into a session or a notebook."
                )
                return Failure.of(error)
            _runs[digest] = run
            while len(_runs) > KEPT:
                del _runs[next(iter(_runs))]
    return attempt(job, run, point)


def dumped(run: TrainingRun) -> bytes:
    """Return a run as bytes.

    Raises
    ------
    TypeError
        If it can't be pickled; the parts that can't are named.
    """
    try:
        return pickle.dumps(run, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        parts = [
            name for name in ("init", "step", "cost", "batches", "loss") if unpicklable(run, name)
        ]
        raise TypeError(
            f"the run can't be sent to other processes: {' and '.join(parts)} can't be pickled "
            f"({error}). Define functions at the top level of a module, or as methods of a class, "
            f"as minigrad.experiments.Classification does; or use a ThreadPoolExecutor, which "
            f"sends nothing"
        ) from error


def unpicklable(run: TrainingRun, name: str) -> bool:
    """Whether a part of a run can't be pickled."""
    try:
        pickle.dumps(getattr(run, name), pickle.HIGHEST_PROTOCOL)
    except Exception:
        return True
    return False
