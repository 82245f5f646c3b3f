"""The outer cost over one or two hyperparameters, as a picture and as a count of its valleys."""

from __future__ import annotations

import itertools
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.plain import name, plain, preformatted
from minigrad.hyper.progress import Listener
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.searching.grids import axis, with_axes
from minigrad.hyper.searching.search import grid_search
from minigrad.hyper.searching.workers import SearchError, SearchInterrupted

__all__ = ["Landscape", "Minimum", "landscape"]


@dataclass(frozen=True)
class Minimum:
    """A local minimum on a grid.

    Attributes
    ----------
    point : dict
        The values of the axes, by name.
    cost : float
        The outer cost there.
    prominence : float
        How far one has to climb from it to come lower; inf for the lowest of all, and if only
        trainings that diverge lie between.
    at_edge : bool
        Whether it lies at an end of an axis: the true minimum may be outside.
    """

    point: dict[str, float]
    cost: float
    prominence: float
    at_edge: bool


@dataclass(frozen=True)
class Landscape:
    """The outer cost on a grid of one or two hyperparameters.

    Attributes
    ----------
    names : list of str
        Of the hyperparameters that vary.
    axes : list of numpy.ndarray
        The values of each.
    costs : numpy.ndarray, shape (len(axes[0]),) or (len(axes[0]), len(axes[1]))
        The outer cost; inf or nan where the training diverges.
    """

    names: list[str]
    axes: list[Any]
    costs: Any
    failures: dict[int, Any] = field(default_factory=dict)

    def minima(self, prominence: float = 0.0) -> list[Minimum]:
        """Return the local minima, the lowest first.

        Neighbours are the cells that touch, by a corner too. A flat stretch is one minimum.

        Parameters
        ----------
        prominence : float, default 0.0
            Only those from which one has to climb by more than this to come lower. The ripple of
            rounding has about 1e-12.

        Notes
        -----
        The cells are flooded from the lowest up. One that touches no flooded cell begins a lake;
        where lakes meet, all but the one with the lowest bottom are complete, and the climb from
        their bottoms to this cell is their prominence.

        References
        ----------
        .. [1] H. Edelsbrunner, D. Letscher, A. Zomorodian, "Topological Persistence and
           Simplification", Discrete & Computational Geometry 28 (2002).

        Examples
        --------
        >>> import numpy as np
        >>> from minigrad.hyper import Landscape
        >>> eta = np.linspace(0.0, 4.0, 41)
        >>> found = Landscape(["eta"], [eta], np.cos(np.pi * eta) + 0.1 * eta).minima()
        >>> [(round(m.point["eta"], 1), round(m.prominence, 2)) for m in found]
        [(1.0, inf), (3.0, 1.9)]
        """
        found = [
            Minimum(self.at(cell), float(self.costs[cell]), climb, self.is_edge(cell))
            for cell, climb in lakes(np.asarray(self.costs)).items()
            if climb > prominence
        ]
        return sorted(found, key=lambda minimum: minimum.cost)

    def at(self, cell: tuple[int, ...]) -> dict[str, float]:
        """Return the values of the axes at a cell."""
        return {n: float(x[i]) for n, x, i in zip(self.names, self.axes, cell, strict=True)}

    def is_edge(self, cell: tuple[int, ...]) -> bool:
        """Whether a cell lies at an end of an axis."""
        return any(i in (0, len(x) - 1) for x, i in zip(self.axes, cell, strict=True))

    def __str__(self) -> str:
        found = self.minima()
        spans = [
            f"{n} {x[0]:.4g} to {x[-1]:.4g}" for n, x in zip(self.names, self.axes, strict=True)
        ]
        diverged = int(np.sum(~np.isfinite(self.costs)))
        lines = [
            f"{' x '.join(str(len(x)) for x in self.axes)} trainings, {', '.join(spans)}",
            f"{len(found)} local {'minimum' if len(found) == 1 else 'minima'}, "
            f"{diverged} trainings without a finite cost",
        ]
        for m in found[:8]:
            where = ", ".join(f"{n} {x:.4g}" for n, x in m.point.items())
            edge = "  at the edge" if m.at_edge else ""
            lines.append(f"{m.cost:>12.6g}  prominence {m.prominence:<9.3g}  {where}{edge}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return preformatted(self)

    def to_json(self) -> dict[str, Any]:
        """Return the same as values that strict JSON can hold; what is not finite as None."""
        minima = [{**vars(m), "prominence": plain(m.prominence)} for m in self.minima()]
        axes = [plain(x) for x in self.axes]
        return {"names": self.names, "axes": axes, "costs": plain(self.costs), "minima": minima}

    def plot(self, ax: Any = None) -> Any:
        """Draw the curve, or the map, with its minima; return the Axes.

        Raises
        ------
        ImportError
            Without matplotlib; it says what to install.
        """
        from minigrad.display.plots import pyplot

        plt = pyplot()
        ax = plt.subplots()[1] if ax is None else ax
        ax.set_xlabel(self.names[0])
        ax.set_xscale(scale(self.axes[0]))
        places = [list(m.point.values()) for m in self.minima()]
        costs = np.where(np.isfinite(self.costs), self.costs, np.nan)
        if len(self.axes) == 1:
            ax.plot(self.axes[0], costs, "k.-", label="outer cost")
            lows = [p[0] for p in places], [m.cost for m in self.minima()]
            ax.plot(*lows, "kv", fillstyle="none", label="local minimum")
            ax.set_ylabel("outer cost")
            return ax
        ax.set_yscale(scale(self.axes[1]))
        ax.set_ylabel(self.names[1])
        drawn = ax.pcolormesh(*self.axes, costs.T, cmap="Greys_r", shading="nearest")
        ax.figure.colorbar(drawn, ax=ax, label="outer cost")
        ax.plot(*np.reshape(places, (-1, 2)).T, "kv", markerfacecolor="w", label="local minimum")
        return ax


def landscape(
    run: TrainingRun, grid: Any, *, executor: Executor | None = None, callback: Listener = None
) -> Landscape:
    """Return the outer cost over a grid of one or two hyperparameters.

    Parameters
    ----------
    run : TrainingRun
        The training loop; see :func:`minigrad.grid_search`.
    grid : tree
        One or two arrays or lists of values, in increasing order; a plain number in place of the
        hyperparameters that stay as they are.
    executor, callback
        See :func:`minigrad.grid_search`.

    Returns
    -------
    Landscape

    Raises
    ------
    ValueError
        If there are not one or two axes, or one is not increasing.
    TypeError, minigrad.hyper.SearchError, minigrad.hyper.SearchInterrupted
        As :func:`minigrad.grid_search`.

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0 + h["lam"] * w),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     steps=5,
    ... )
    >>> print(mg.landscape(run, {"eta": [0.1, 0.4, 0.7, 1.0], "lam": 0.5}))
    4 trainings, eta 0.1 to 1
    1 local minimum, 0 trainings without a finite cost
        0.215332  prominence inf        eta 1  at the edge
    """
    axes = {
        path: np.array([hyper.value for hyper in tried])
        for path, leaf in tree.paths(with_axes(grid)).items()
        if (tried := axis(leaf))
    }
    if len(axes) not in (1, 2):
        raise ValueError(f"landscape: expected a grid of one or two axes, got {len(axes)}")
    for path, values in axes.items():
        if not np.all(np.diff(values) > 0):
            raise ValueError(f"landscape: the axis {name(path)} is not increasing")

    def shaped(found: Any) -> Landscape:
        costs = found.costs.reshape([len(x) for x in axes.values()])
        return Landscape([name(path) for path in axes], [*axes.values()], costs, found.failures)

    try:
        return shaped(grid_search(run, grid, executor=executor, callback=callback))
    except (SearchError, SearchInterrupted) as error:
        error.result = shaped(error.result)
        raise


def lakes(costs: Any) -> dict[tuple[int, ...], float]:
    """Return the prominence of the lowest cell of each lake."""
    order = np.argsort(costs, axis=None, kind="stable")
    cells = [
        tuple(map(int, cell)) for cell in zip(*np.unravel_index(order, costs.shape), strict=True)
    ]
    moves = [m for m in itertools.product((-1, 0, 1), repeat=costs.ndim) if any(m)]
    bottom: dict[
        tuple[int, ...], tuple[int, ...]
    ] = {}  # of the lake that a flooded cell is part of
    climbs: dict[tuple[int, ...], float] = {}

    def deepest(cell: tuple[int, ...]) -> tuple[int, ...]:
        while bottom[cell] != cell:
            cell = bottom[cell]
        return cell

    for cell in cells:
        if not np.isfinite(costs[cell]):
            continue
        near = (tuple(i + d for i, d in zip(cell, move, strict=True)) for move in moves)
        met = {deepest(other) for other in near if other in bottom}
        lowest = min(met, key=lambda lake: costs[lake], default=cell)
        bottom[cell] = lowest
        for lake in met - {lowest}:
            bottom[lake] = lowest
            climbs[lake] = float(costs[cell] - costs[lake])
        if not met:
            climbs[cell] = np.inf
    return climbs


def scale(values: Any) -> str:
    """Return how an axis is best drawn: values that span decades by their logarithms."""
    return "log" if values[0] > 0 and values[-1] > 20 * values[0] else "linear"
