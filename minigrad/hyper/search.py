"""Black-box search on the same runs: what a hypergradient is measured against."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.domains import Hyper, markers
from minigrad.hyper.progress import Listener, Progress, listener
from minigrad.hyper.run import TrainingRun
from minigrad.variable import value_of

__all__ = ["SearchResult", "grid_search"]


@dataclass(frozen=True)
class SearchResult:
    """The points of a search and their costs.

    Attributes
    ----------
    points : list of trees
        The natural values tried, in order.
    costs : numpy.ndarray
        The outer cost at each.
    """

    points: list[Any]
    costs: Any

    @property
    def best(self) -> int:
        """The index of the lowest finite cost.

        Raises
        ------
        ValueError
            If no training gave a finite cost.
        """
        if not np.isfinite(self.costs).any():
            raise ValueError("no point of the search has a finite cost: try smaller learning rates")
        return int(np.nanargmin(np.where(np.isfinite(self.costs), self.costs, np.nan)))


def grid_search(run: TrainingRun, grid: Any, *, callback: Listener = None) -> SearchResult:
    """Train at every point of a grid.

    Parameters
    ----------
    run : TrainingRun
        The training loop.
    grid : tree
        In place of each scalar hyperparameter, a one-dimensional array of the values to try.
    callback : callable or bar, optional
        Told a :class:`minigrad.hyper.Progress` after each training, whose `detail` is the point and
        its cost; a bar such as tqdm's is moved by one.

    Returns
    -------
    SearchResult

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     steps=5,
    ... )
    >>> found = mg.grid_search(run, {"eta": np.array([0.1, 0.5, 0.9])})
    >>> found.points[found.best]
    {'eta': 0.9}
    """
    axes = [
        leaf.value if isinstance(leaf, Hyper) else np.asarray(leaf) for leaf in tree.leaves(grid)
    ]
    for axis in axes:
        if np.ndim(axis) != 1 or len(axis) == 0:
            raise ValueError(
                f"grid_search: expected an array of values on each axis, got {axis!r:.60}"
            )
    tell = listener(callback)
    points, costs = [], []
    total = int(np.prod([len(axis) for axis in axes]))
    for values in itertools.product(*axes):
        point = tree.unflatten(grid, [float(value) for value in values])
        with np.errstate(over="ignore", invalid="ignore"):  # a diverging point is just a bad one
            cost = float(value_of(run.evaluate(markers(point))))
        points.append(point)
        costs.append(cost)
        tell(Progress(len(points), total, f"cost {cost:.4f}", (point, cost)))
    return SearchResult(points, np.array(costs))
