"""What rounding does to the cost of a run: how far it reaches, and how it grows on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.domains import per_step
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.verification.case import Case
from minigrad.hyper.verification.witnesses import backward
from minigrad.testing.numeric import precision

__all__ = ["Rounding", "rounding"]


@dataclass(frozen=True)
class Rounding:
    """How the rounding of each step reaches the cost.

    Attributes
    ----------
    nudges : numpy.ndarray, shape (steps,)
        The derivative of the cost in a relative change of the state after each step.
    eps : float
        The precision of the least precise numbers of the run.
    cost : float
        The outer cost.
    """

    nudges: Any
    eps: float
    cost: float

    @property
    def sizes(self) -> Any:
        """How large a relative change after each step is in the cost."""
        return np.nan_to_num(np.abs(self.nudges), nan=np.inf, posinf=np.inf)

    @property
    def last(self) -> float:
        """How large the last one is, or that of the cost itself: what others are compared with."""
        return max(abs(self.cost), float(np.sum(self.sizes[-1:])), TINY)

    @property
    def noise(self) -> float:
        """About how far the cost is off if the errors of the steps are independent."""
        return float(self.eps * (abs(self.cost) + np.sqrt(np.sum(self.sizes**2))))

    @property
    def spoilt(self) -> float:
        """How far the cost is off if they all go the same way."""
        return float(self.eps * np.sum(self.sizes))

    @property
    def chaotic(self) -> bool:
        """Whether rounding grows to a part of the cost itself."""
        return self.spoilt > SPOILT * self.last

    @property
    def steepness(self) -> float:
        """The relative change of the cost for a relative change of all states."""
        return float(np.sum(self.sizes)) / self.last

    @property
    def amplification(self) -> float:
        """By which factor an error is larger in the cost than one of the last step."""
        return float(np.max(self.sizes, initial=0.0)) / self.last

    @property
    def growth(self) -> float:
        """By which factor an error grows at each step, from where it ends up largest."""
        overflown = np.flatnonzero(~np.isfinite(self.sizes))
        sizes = self.sizes[overflown[-1] + 1 :] if len(overflown) else self.sizes
        if not len(sizes) or not sizes[-1]:
            return 1.0
        start = int(np.argmax(sizes))
        steps = len(sizes) - 1 - start
        return float((sizes[start] / sizes[-1]) ** (1 / steps)) if steps else 1.0

    def explain(self, difference: float) -> bool:
        """Whether two costs may differ by so much because they were rounded differently."""
        return bool(abs(difference) <= MANY * self.eps * self.last + ABOVE * self.spoilt)

    def floor(self, sizes: Any) -> Any:
        """Return what rounding makes of a zero derivative, for hypers of such sizes."""
        return (self.spoilt + self.eps * abs(self.cost)) / np.asarray(sizes)


SPOILT = 1e-3  # the part of the cost that rounding may be before it is chaos
MANY, ABOVE = 1e4, 10.0  # roundings in a step; how far off a bound on a sum may be
TINY = 1e-300  # so that nothing is divided by 0


def rounding(case: Case, last: Any, cost: Any) -> Rounding:
    """Return what rounding does to the cost of a run.

    Parameters
    ----------
    case : Case
        The run and its hypers.
    last : tree
        Its last state.
    cost : float
        Its cost.
    """
    eps = max(map(precision, [*tree.leaves(last), cost, *case.leaves]))
    return Rounding(nudged(case, last), eps, float(cost))


def nudged(case: Case, last: Any) -> Any:
    r"""Return how the cost answers to a relative change of the state after each step.

    The state is multiplied by :math:`1 + \epsilon_t r`, with a random sign in `r` for each
    number: the derivative in :math:`\epsilon_t` at 0, times the precision of the numbers, is
    about what rounding at step `t` does to the cost.
    """
    floats = [leaf for leaf in tree.leaves(last) if np.asarray(leaf).dtype.kind == "f"]
    if not floats or case.run.steps == 0:
        return np.zeros(case.run.steps)
    kind = min((np.asarray(leaf).dtype for leaf in floats), key=lambda dtype: dtype.itemsize)
    signs = [case.weight(leaf) for leaf in tree.leaves(last)]

    def step(state: Any, hypers: Any, batch: Any) -> Any:
        new = case.run.step(state, hypers["run"], batch)
        pairs = zip(tree.leaves(new), signs, strict=True)
        nudge = hypers["nudge"]
        return tree.unflatten(new, [x if r is None else x * (1.0 + nudge * r) for x, r in pairs])

    nudged = TrainingRun(
        lambda hypers: case.run.init(hypers["run"]),
        step,
        lambda state, hypers: case.run.cost(state, hypers["run"]),
        case.run.steps,
        case.run.batches,
    )
    nudges = per_step(np.zeros(case.run.steps, kind))
    gradient = backward(nudged, {"run": case.marked, "nudge": nudges}).gradient
    return np.asarray(gradient["nudge"], float)
