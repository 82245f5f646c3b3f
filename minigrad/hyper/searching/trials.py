"""What searches share: points tried one by one or by workers, told of, and never lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import closing
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.progress import Listener, Progress, listener
from minigrad.hyper.run import TrainingRun, checked_run
from minigrad.hyper.searching.workers import Failure, Job, SearchError, SearchInterrupted, attempts

__all__ = ["brief", "lowest", "natural", "positive_count", "tried"]


def tried(
    name: str,
    job: Job,
    run: TrainingRun,
    points: Sequence[Any],
    told: Callable[[int, Any], tuple[str, Any]],
    result: Callable[[dict[int, Failure]], Any],
    executor: Executor | None,
    callback: Listener,
) -> Any:
    """Do a job at each point and return the result, or raise an error that carries it.

    `told` is given the number of a point and what came of it, and returns what to tell of it;
    `result` is given the failures.
    """
    checked_run(run)
    tell = listener(callback)
    failures: dict[int, Failure] = {}
    done = 0
    try:
        with closing(attempts(job, run, points, executor)) as outcomes:  # type: ignore[type-var]
            for done, (k, outcome) in enumerate(outcomes, start=1):
                if isinstance(outcome, Failure):
                    failures[k] = outcome
                    news = f"failed: {outcome.error}", outcome
                else:
                    news = told(k, outcome)
                tell(Progress(done, len(points), *news))
    except KeyboardInterrupt:
        message = f"{name}: interrupted after {done} of {len(points)}; see this error's .result"
        raise SearchInterrupted(message, result(failures)) from None
    if failures:
        first = min(failures)
        error = SearchError(
            f"{name}: {len(failures)} of {len(points)} failed, the first of them at "
            f"{brief(natural(points[first]))}: {failures[first].error}; the others are not lost: "
            f"see this error's .result",
            result(dict(sorted(failures.items()))),
        )
        error.add_note(failures[first].traceback)
        raise error
    return result({})


def natural(point: Any) -> Any:
    """Return marked hypers as plain values."""
    return tree.map(lambda hyper: hyper.value, point)


def lowest(costs: Any) -> int:
    """Return the index of the lowest finite cost."""
    if not np.isfinite(costs).any():
        raise ValueError("no point of the search has a finite cost: try smaller learning rates")
    return int(np.argmin(np.where(np.isfinite(costs), costs, np.inf)))


def positive_count(name: str, count: Any) -> int:
    """Return how many points were asked for."""
    if not isinstance(count, int | np.integer) or isinstance(count, bool) or count < 1:
        raise ValueError(f"{name}={count!r:.60}: expected how many points to try, 1 or more")
    return int(count)


def brief(point: Any) -> str:
    """Return a point as short text."""

    def short(x: Any) -> Any:
        return float(f"{x:.6g}") if np.ndim(x) == 0 else f"array{np.shape(x)}"

    return str(tree.map(short, point))
