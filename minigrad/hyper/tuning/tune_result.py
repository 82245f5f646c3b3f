"""Where a descent on hyperparameters went: as arrays, text, JSON, a plot and a page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.plain import name, named, plain
from minigrad.hyper.result import HyperGradient, brief
from minigrad.hyper.run import TrainingRun

__all__ = ["OuterStep", "TuneResult"]


@dataclass(frozen=True)
class OuterStep:
    """What happened at one outer step; what a listener is told.

    Attributes
    ----------
    step, steps : int
        This outer step, counted from 0, and how many were asked for.
    result : HyperGradient
        The cost and gradient at the point that was tried.
    accepted : bool
        False if the training exploded there and the descent went back.
    rate : float
        How far, at most, the optimiser went to get there, in an unconstrained coordinate.
    best : HyperGradient
        The best point so far.
    """

    step: int
    steps: int
    result: HyperGradient
    accepted: bool
    rate: float
    best: HyperGradient

    def __str__(self) -> str:
        """Return the point in a few words."""
        points = tree.paths(self.result.hypers).items()
        values = [f"{name(path)} {brief(h.value)}" for path, h in points]
        words = f"cost {self.result.cost:.4f}, {', '.join(values)}, norm {self.result.norm:.1e}"
        at = self.result.stats.diverged_at
        why = "" if at is None else f": the run diverged at step {at}"
        return words if self.accepted else f"{words}, refused{why}"


@dataclass(frozen=True, eq=False)
class TuneResult:
    """Where a descent went.

    Attributes
    ----------
    history : list of OuterStep
        Every point that was tried, in order.
    best : HyperGradient
        The best one; ``best.hypers`` are the tuned hyperparameters, marked.
    stopped : str
        Why it ended: "all 30 outer steps done", "converged: ...", "runaway: ...", "interrupted".
    test : object
        What the function given as `test` returned at the best point; None without one, or after an
        interruption.
    run : TrainingRun
        The training of the best point.
    """

    history: list[OuterStep]
    best: HyperGradient
    stopped: str
    test: Any
    run: TrainingRun = field(repr=False)

    @property
    def values(self) -> Any:
        """The tuned hyperparameters as plain natural values."""
        return tree.map(lambda hyper: hyper.value, self.best.hypers)

    @property
    def costs(self) -> Any:
        """The cost at every point that was tried, shape (points,)."""
        return np.array([float(event.result.cost) for event in self.history])

    @property
    def norms(self) -> Any:
        """The norm of the unconstrained gradient at every point, shape (points,)."""
        return np.array([event.result.norm for event in self.history])

    @property
    def accepted(self) -> Any:
        """Whether every point was gone on from, shape (points,), boolean."""
        return np.array([event.accepted for event in self.history])

    @property
    def values_over_steps(self) -> Any:
        """The natural values at every point: a tree of arrays, shape (points, ...)."""
        trees = [tree.map(lambda h: h.value, event.result.hypers) for event in self.history]
        return tree.map(lambda *values: np.array(values), *trees)

    @property
    def best_step(self) -> int:
        """The outer step at which the best point was tried."""
        return next(e.step for e in self.history if e.result is self.best)

    def __str__(self) -> str:
        first = self.history[0].result
        lines = [
            f"{len(self.history)} outer steps: {self.stopped}",
            f"cost {first.cost:.6g} -> {self.best.cost:.6g} at outer step {self.best_step}",
        ]
        before, after = named(first.hypers), named(self.best.hypers)
        width = max(map(len, before), default=0)
        for key, hyper in before.items():
            lines.append(f"  {key:{width}}  {brief(hyper.value)} -> {brief(after[key].value)}")
        if self.test is not None:
            lines.append(f"test {plain(self.test)}")
        lines += self.best.stats.notes.splitlines()
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Return everything as values of strict JSON; what is not finite is None."""
        points = [
            {
                "cost": event.result.cost,
                "norm": event.result.norm,
                "accepted": event.accepted,
                "diverged_at": event.result.stats.diverged_at,
                "rate": event.rate,
                "values": {k: h.value for k, h in named(event.result.hypers).items()},
            }
            for event in self.history
        ]
        best = {"step": self.best_step, **points[self.best_step]}
        whole = {"stopped": self.stopped, "best": best, "test": self.test, "history": points}
        whole["notes"] = self.best.stats.notes.splitlines()
        found: dict[str, Any] = plain(whole)
        return found

    def plot(self, ax: Any = None) -> Any:
        """Draw cost, norm and hyperparameters against the outer step.

        Parameters
        ----------
        ax : three Axes, optional
            Where to draw; a new figure if left out.

        Returns
        -------
        array of three Axes

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from minigrad.display.tune_plot import tune_plot  # of a room that knows this one

        return tune_plot(self, ax)

    def save_html(self, path: Any, *, landscape: Any = None, overwrite: bool = True) -> None:
        """Write one page that shows everything and needs nothing: no network, no script.

        Parameters
        ----------
        path : str or path
            Where to; the file is written in one piece or not at all.
        landscape : bool or tuple, optional
            For two numbers: a map of the cost around the path. True trains at 11 x 11 points for
            it; or give ``(x, y, costs)``, the values on the axes and the costs, shape
            (len(x), len(y)).
        overwrite : bool, default True
            Whether a file that is there may be replaced.

        Raises
        ------
        ValueError
            If there is a landscape to draw, and not two numbers.
        FileExistsError
            If a file is there that may not be replaced.
        """
        from minigrad.display.tune_page import save_page  # of a room that knows this one

        save_page(self, path, landscape, overwrite)

    def _repr_html_(self) -> str:
        from minigrad.display.tune_page import summary

        words: str = summary(self)
        return words
