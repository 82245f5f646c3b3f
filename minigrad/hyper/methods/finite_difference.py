"""Central differences: no derivative rule at all, so an independent witness."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.arguments import number
from minigrad.hyper.domains import markers
from minigrad.hyper.health import examined
from minigrad.hyper.result import HyperGradient, Stats
from minigrad.hyper.run import TrainingRun
from minigrad.variable import value_of

__all__ = ["FiniteDifference"]


@dataclass(frozen=True)
class FiniteDifference:
    r"""Train twice for each hyperparameter, a little above and a little below.

    .. math:: \frac{\partial C}{\partial x} \approx \frac{C(x + h) - C(x - h)}{2 h}

    The error is a sum of :math:`O(h^2)`, from the curvature of C, and :math:`O(\varepsilon / h)`,
    from rounding; the two balance near :math:`h = \varepsilon^{1/3} |x|`, and leave some ten
    digits of a float64 run at best. Labelled an approximation. The cost is two trainings for each
    number in the tree.

    Parameters
    ----------
    relative_step : float, optional
        :math:`h / |x|` (or h itself for an x of 0); :math:`\varepsilon^{1/3}` of the value's
        dtype if left out, which is 6e-6 in float64.
    """

    relative_step: float | None = None

    def __post_init__(self) -> None:
        if self.relative_step is not None:
            number("FiniteDifference: relative_step=", self.relative_step, above=0)

    @examined
    def hypergradient(self, run: TrainingRun, hypers: Any) -> HyperGradient:
        """Return the cost and its gradient; see :func:`minigrad.hypergradient`."""
        start = time.perf_counter()
        marked = markers(hypers)
        values = tree.map(lambda hyper: hyper.value, marked)
        leaves = tree.leaves(values)
        cost = value_of(run.evaluate(marked, values))

        def cost_with(k: int, leaf: Any) -> Any:
            changed = [leaf if j == k else other for j, other in enumerate(leaves)]
            return run.evaluate(marked, tree.unflatten(values, changed))

        gradient = []
        for k, leaf in enumerate(leaves):
            slope = np.zeros(np.shape(leaf), np.result_type(leaf))
            for place in np.ndindex(slope.shape):
                x = float(np.asarray(leaf)[place])
                h = self.step(leaf) * (abs(x) or 1.0)
                above, below = (moved(leaf, place, x + side * h) for side in (1.0, -1.0))
                width = float(np.asarray(above)[place]) - float(np.asarray(below)[place])
                slope[place] = (cost_with(k, above) - cost_with(k, below)) / width
            gradient.append(float(slope) if isinstance(leaf, float) else slope[()])
        runs = 1 + 2 * sum(np.size(leaf) for leaf in leaves)
        stats = Stats(
            method=f"FiniteDifference(relative_step={self.relative_step})",
            exact=False,
            steps_run=runs * run.steps,
            seconds=time.perf_counter() - start,
        )
        return HyperGradient(cost, tree.unflatten(marked, gradient), marked, stats)

    def step(self, leaf: Any) -> float:
        """Return the relative step for a value: the cube root of its dtype's epsilon."""
        if self.relative_step is not None:
            return self.relative_step
        return float(np.cbrt(np.finfo(np.result_type(leaf)).eps))


def moved(leaf: Any, place: tuple[int, ...], x: float) -> Any:
    """Return a copy of a number or array with one element replaced."""
    if isinstance(leaf, float):
        return x
    copy = np.array(leaf)
    copy[place] = x
    return copy[()]
