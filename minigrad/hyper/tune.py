r"""Descent on the hyperparameters, in the coordinates in which they are free.

One outer step is one hypergradient and one step of Adam on the unconstrained values, so a
learning rate moves by factors and never becomes negative. A step to where the training explodes
is refused: the descent goes back to the best point, with half the rate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.domains import markers
from minigrad.hyper.methods import Method, hypergradient
from minigrad.hyper.progress import Listener, Progress, listener
from minigrad.hyper.result import HyperGradient, brief
from minigrad.hyper.run import TrainingRun

__all__ = ["OuterStep", "TuneResult", "tune"]

BETA_1, BETA_2, EPSILON = 0.8, 0.95, 1e-12  # short memories: outer steps are few


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
        The outer learning rate that led there.
    best : HyperGradient
        The best point so far.
    """

    step: int
    steps: int
    result: HyperGradient
    accepted: bool
    rate: float
    best: HyperGradient


@dataclass(frozen=True)
class TuneResult:
    """Where a descent went.

    Attributes
    ----------
    history : list of OuterStep
        Every point that was tried, in order.
    best : HyperGradient
        The one of lowest cost; ``best.hypers`` are the tuned hyperparameters, marked.
    """

    history: list[OuterStep]
    best: HyperGradient

    @property
    def values(self) -> Any:
        """The tuned hyperparameters as plain natural values."""
        return tree.map(lambda hyper: hyper.value, self.best.hypers)

    @property
    def costs(self) -> Any:
        """The cost at every point that was tried."""
        return np.array([event.result.cost for event in self.history])


def tune(
    run: TrainingRun,
    hypers: Any,
    outer_steps: int = 30,
    *,
    rate: float = 0.25,
    explosion: float = 2.0,
    method: Method | str = "recorded",
    callback: Listener = None,
) -> TuneResult:
    r"""Descend on the outer cost of a run with respect to its hyperparameters.

    .. math:: u \leftarrow u - \alpha \, \mathrm{Adam}\left(\frac{\partial C}{\partial u}\right)

    Parameters
    ----------
    run : TrainingRun
        The training loop.
    hypers : tree
        Marked values to start from.
    outer_steps : int, default 30
        Hypergradients to compute.
    rate : float, default 0.25
        :math:`\alpha`: how far an outer step goes, in units of the unconstrained value. On a
        logarithm, 0.25 is about 28 %.
    explosion : float, default 2.0
        A point is refused if its cost is not finite or is more than this many times the first.
    method : Method or str, default "recorded"
        How to compute the hypergradient.
    callback : callable or bar, optional
        Told a :class:`minigrad.hyper.Progress` after each outer step, whose `detail` is an
        :class:`minigrad.hyper.OuterStep`; a bar such as tqdm's is moved by one.

    Returns
    -------
    TuneResult

    Raises
    ------
    ValueError
        If the very first point has a cost or a gradient that is not finite.

    References
    ----------
    .. [1] D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", arXiv:1412.6980.

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     steps=5,
    ... )
    >>> result = mg.tune(run, {"eta": mg.positive(0.1)}, outer_steps=20)
    >>> bool(result.best.cost < 1e-4 < result.costs[0])
    True
    """
    if outer_steps < 1:
        raise ValueError(f"tune: outer_steps must be 1 or more, got {outer_steps!r}")
    at = markers(hypers)
    best: HyperGradient | None = None
    history: list[OuterStep] = []
    adam = OuterAdam()
    tell = listener(callback)
    for step in range(outer_steps):
        result = hypergradient(run, at, method)
        finite = bool(np.isfinite(result.cost) and np.isfinite(result.norm))
        if best is None:
            if not finite:
                raise ValueError(
                    f"tune: at the start, {tree.map(lambda h: h.value, at)}, the cost is "
                    f"{result.cost} and the norm of its gradient {result.norm}; start from a "
                    f"smaller learning rate"
                )
            best, limit = result, abs(result.cost) * explosion
        accepted = finite and bool(result.cost <= limit)
        if accepted and result.cost < best.cost:
            best = result
        history.append(OuterStep(step, outer_steps, result, accepted, rate, best))
        tell(Progress(step + 1, outer_steps, told(result), history[-1]))
        if not accepted:
            rate, adam = 0.5 * rate, OuterAdam()
        at = adam.step(result if accepted else best, rate)
    assert best is not None
    return TuneResult(history, best)


def told(result: HyperGradient) -> str:
    """Return a point of the descent in a few words."""
    points = tree.paths(result.hypers).items()
    values = [f"{name(path)} {brief(h.value)}" for path, h in points]
    return f"cost {result.cost:.4f}, {', '.join(values)}, norm {result.norm:.1e}"


def name(path: str) -> str:
    """Return the path of a leaf without brackets: ``layers 0 eta``."""
    return " ".join(re.findall(r"\w+", path)) or "hyper"


class OuterAdam:
    """Adam on the unconstrained values of a tree of hyperparameters."""

    def __init__(self) -> None:
        self.steps = 0
        self.m: Any = None
        self.v: Any = None

    def step(self, result: HyperGradient, rate: float) -> Any:
        """Return the marked hypers one step down from where `result` was computed."""
        g = result.unconstrained
        if self.steps == 0:
            self.m = self.v = tree.map(np.zeros_like, g)
        self.steps += 1
        self.m = tree.map(lambda m, d: BETA_1 * m + (1 - BETA_1) * d, self.m, g)
        self.v = tree.map(lambda v, d: BETA_2 * v + (1 - BETA_2) * d * d, self.v, g)
        c_1, c_2 = 1 - BETA_1**self.steps, 1 - BETA_2**self.steps
        return tree.map(
            lambda h, m, v: h.moved_to(
                h.unconstrained - rate * (m / c_1) / (np.sqrt(v / c_2) + EPSILON)
            ),
            result.hypers,
            self.m,
            self.v,
        )
