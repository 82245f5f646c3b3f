"""Black-box search on the same runs: what a hypergradient is measured against.

Points are independent of each other, so they can be tried by the workers of any
:class:`concurrent.futures.Executor`: threads, processes, joblib's loky, Dask's
``client.get_executor()``. The costs are the same to the last bit as those of the plain loop.
"""

from __future__ import annotations

import itertools
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.plain import plain, preformatted
from minigrad.hyper.progress import Listener
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.searching.boxes import boxes, independent
from minigrad.hyper.searching.grids import axis, fixed, with_axes
from minigrad.hyper.searching.outer_cost import outer_cost
from minigrad.hyper.searching.trials import (
    brief,
    lowest,
    natural,
    positive_count,
    tried,
)
from minigrad.hyper.searching.workers import Failure

__all__ = ["SearchResult", "grid_search", "random_search"]

SHOWN = 8  # points in a printed table
DECADE = float(np.log(10.0))


@dataclass(frozen=True)
class SearchResult:
    """The points of a search and their costs.

    Attributes
    ----------
    points : list of trees
        The natural values tried, in order.
    costs : numpy.ndarray
        The outer cost at each; nan where the training failed or was not done.
    failures : dict of int to Failure
        What went wrong, by the number of the point.
    """

    points: list[Any]
    costs: Any
    failures: dict[int, Failure] = field(default_factory=dict)

    @property
    def best(self) -> int:
        """The index of the lowest finite cost.

        Raises
        ------
        ValueError
            If no training gave a finite cost.
        """
        return lowest(self.costs)

    @property
    def order(self) -> Any:
        """The indices from the lowest cost to the highest, those that are not finite last."""
        return np.argsort(np.where(np.isfinite(self.costs), self.costs, np.inf), kind="stable")

    def __str__(self) -> str:
        lines = [f"{len(self.points)} points, best first"]
        for k in self.order[:SHOWN]:
            failure = f"  {self.failures[k].error}" if k in self.failures else ""
            lines.append(f"{self.costs[k]:>12.6g}  {brief(self.points[k])}{failure}")
        if len(self.points) > SHOWN:
            lines.append(f"{'...':>12}")
        if self.failures:
            lines.append(f"{len(self.failures)} failed; see .failures")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return preformatted(self)

    def to_json(self) -> dict[str, Any]:
        """Return the same as values that strict JSON can hold; what is not finite as None."""
        return {
            "points": [tree.map(plain, point) for point in self.points],
            "costs": [plain(cost) for cost in self.costs],
            "failures": {str(k): failure.error for k, failure in self.failures.items()},
        }

    def plot(self, ax: Any = None) -> Any:
        """Draw the lowest cost found so far against the number of trainings; return the Axes."""
        from minigrad.display.plots import pyplot

        ax = pyplot().subplots()[1] if ax is None else ax
        finite = np.where(np.isfinite(self.costs), self.costs, np.inf)
        trainings = np.arange(1, len(finite) + 1)
        ax.plot(trainings, finite, ".", color="0.6", label="this point")
        ax.step(trainings, np.minimum.accumulate(finite), "k-", where="post", label="lowest so far")
        ax.set(xlabel="trainings", ylabel="outer cost")
        ax.legend()
        return ax


def grid_search(
    run: TrainingRun, grid: Any, *, executor: Executor | None = None, callback: Listener = None
) -> SearchResult:
    """Train at every point of a grid.

    Parameters
    ----------
    run : TrainingRun
        The training loop. To be sent to other processes it must be possible to pickle it, as that
        of :class:`minigrad.experiments.Classification`: its functions are defined at the top level
        of a module, or are methods of what is.
    grid : tree
        In place of each hyperparameter that varies, a one-dimensional array or a list of the
        values to try. A number, or a schedule marked :func:`minigrad.per_step`, stays as it is.
    executor : concurrent.futures.Executor, optional
        Whose workers train. Give each worker process one thread of arithmetic
        (``OMP_NUM_THREADS=1``), or they take the processor from each other.
    callback : callable or bar, optional
        Told a :class:`minigrad.hyper.Progress` after each training, whose `detail` is the point and
        its cost; a bar such as tqdm's is moved by one.

    Returns
    -------
    SearchResult
        With the points in the order of the grid, the last hyperparameter varying fastest, whatever
        the order they were done in. A training that diverges costs inf or nan.

    Raises
    ------
    ValueError
        If an axis is not one-dimensional, or empty.
    TypeError
        Before any training, if the run can't be sent to the executor's processes.
    minigrad.hyper.SearchError
        After the last training, if some raised an exception; ``error.result`` has all the others.
    minigrad.hyper.SearchInterrupted
        On Ctrl-C, with what was done by then as ``error.result``.

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     steps=5,
    ... )
    >>> found = mg.grid_search(run, {"eta": [0.1, 0.5, 0.9]})
    >>> found.points[found.best]
    {'eta': 0.9}
    >>> print(found)
    3 points, best first
           5e-11  {'eta': 0.9}
     0.000488281  {'eta': 0.5}
        0.174339  {'eta': 0.1}
    """
    grid = with_axes(grid)
    leaves = tree.leaves(grid)
    points = [
        tree.unflatten(grid, values)
        for values in itertools.product(*(axis(leaf) or [fixed(leaf)] for leaf in leaves))
    ]
    return search("grid_search", run, points, executor, callback)


def random_search(
    run: TrainingRun,
    hypers: Any,
    points: int,
    *,
    seed: int = 0,
    spread: float = DECADE,
    executor: Executor | None = None,
    callback: Listener = None,
) -> SearchResult:
    r"""Train at points drawn at random, uniformly in the coordinates that are free.

    Parameters
    ----------
    run : TrainingRun
        The training loop; see :func:`grid_search`.
    hypers : tree
        In place of each hyperparameter, a box, as made by :func:`minigrad.hyper.between`, or a
        marked value to draw around. Each entry of an array is drawn by itself.
    points : int
        How many to draw.
    seed : int, default 0
        Point `k` is a function of ``(seed, k)`` alone: more points continue the same sequence.
    spread : float, default log(10)
        How far from a marked value to go to either side in its free coordinate: for a positive
        one, a factor of ten.
    executor, callback
        See :func:`grid_search`.

    Returns
    -------
    SearchResult

    Raises
    ------
    ValueError
        If `points` is less than 1 or `spread` not positive.
    TypeError, minigrad.hyper.SearchError, minigrad.hyper.SearchInterrupted
        As :func:`grid_search`.

    References
    ----------
    .. [1] J. Bergstra, Y. Bengio, "Random Search for Hyper-Parameter Optimization", Journal of
       Machine Learning Research 13 (2012).

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     steps=5,
    ... )
    >>> found = mg.random_search(run, {"eta": mg.hyper.between(0.01, 2.0)}, points=20)
    >>> bool(found.costs[found.best] < 1e-4)
    True
    """
    drawn = independent(boxes(hypers, spread), positive_count("points", points), seed)
    return search("random_search", run, drawn, executor, callback)


def search(
    name: str, run: TrainingRun, points: list[Any], executor: Executor | None, callback: Listener
) -> SearchResult:
    """Return the costs at marked points."""
    values = [natural(point) for point in points]
    costs = np.full(len(points), np.nan)

    def told(k: int, cost: Any) -> tuple[str, Any]:
        costs[k] = cost
        return f"cost {cost:.4f}", (values[k], cost)

    def result(failures: dict[int, Failure]) -> SearchResult:
        return SearchResult(values, costs, failures)

    found: SearchResult = tried(name, outer_cost, run, points, told, result, executor, callback)
    return found
