r"""How sharp the valley of the training loss is, against what the learning rate can stand.

Gradient descent on a parabola of curvature h multiplies the distance from its bottom by
:math:`1 - \eta h` at each step. It comes closer as long as :math:`\eta h < 2`; with heavy-ball
momentum :math:`\beta` as long as :math:`\eta h < 2 (1 + \beta)`. In many dimensions the largest
eigenvalue of the Hessian decides, the sharpness. A few Hessian-vector products find it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minigrad import tree
from minigrad.hyper.insight.pullback import length
from minigrad.hyper.unrolling.unroll import State, Unroll, zero
from minigrad.program.step import floating
from minigrad.tape import Tape
from minigrad.variable import value_of

__all__ = ["Sharpness", "largest_eigenvalue", "of_loss", "of_step"]

Product = Callable[[State], State]
ROUNDS, TOLERANCE = 200, 1e-4


@dataclass(frozen=True)
class Sharpness:
    r"""The sharpness at one state of a run.

    Attributes
    ----------
    step : int
        The state before this step; T for the last one.
    value : float
        The largest eigenvalue of the Hessian; nan where only its product with the rate is known.
    times_eta : float
        :math:`\eta` times it; nan if the rate is not known or not one number.
    edge : float
        What `times_eta` must stay below: 2, or :math:`2 (1 + \beta)` with heavy-ball momentum; nan
        if it is not known.
    """

    step: int
    value: float
    times_eta: float
    edge: float

    @property
    def stable(self) -> bool | None:
        """Whether descent in the sharpest direction converges; None if that is not known."""
        known = np.isfinite(self.times_eta) and np.isfinite(self.edge)
        return bool(self.times_eta < self.edge) if known else None


def largest_eigenvalue(product: Product, direction: State) -> tuple[float, State, bool]:
    """Return the largest eigenvalue of a symmetric matrix by power iteration, and its vector.

    Parameters
    ----------
    product : callable
        The matrix times a vector; a vector is a list of numbers and arrays.
    direction : list
        Where to begin.

    Returns
    -------
    value : float
        The largest one, with its sign: if a negative one is of larger size, that is found first,
        and the spectrum is moved up by it.
    direction : list
        Its vector, of length 1.
    settled : bool
        Whether the residual came below 1e-4 of the eigenvalue's size in 200 products. The
        eigenvalue itself is then known far better, to the square of that for one that stands alone.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.hyper.insight.sharpness import largest_eigenvalue
    >>> matrix = np.diag([3.0, 1.0, -5.0])
    >>> value, _, settled = largest_eigenvalue(lambda v: [matrix @ v[0]], [np.ones(3)])
    >>> round(value, 6), settled
    (3.0, True)
    """
    value, found, settled = dominant(product, direction)
    if value >= 0:
        return value, found, settled

    def moved(v: State) -> State:
        return [y - value * x for x, y in zip(v, product(v), strict=True)]

    above, found, settled = dominant(moved, direction)
    return above + value, found, settled


def dominant(product: Product, v: State) -> tuple[float, State, bool]:
    """Return the eigenvalue of the largest size, its vector, and whether the iteration settled."""
    v, value = scaled(v, length(v)), 0.0
    for _ in range(ROUNDS):
        new = product(v)
        value = inner(v, new)
        if (size := length(new)) == 0:
            return 0.0, v, True
        if not np.isfinite(size):
            break
        residual = length([y - value * x for x, y in zip(v, new, strict=True)])
        if residual <= TOLERANCE * size:
            return value, v, True
        v = scaled(new, size)
    return value, v, False


def scaled(v: State, size: float) -> State:
    """Return a vector divided by a number."""
    return [x / size for x in v]


def inner(u: State, v: State) -> float:
    """Return the inner product of two vectors."""
    return float(sum(np.sum(np.multiply(x, y, dtype=float)) for x, y in zip(u, v, strict=True)))


def of_loss(
    unroll: Unroll, state: State, t: int, direction: State
) -> tuple[float, State, bool, bool]:
    """Return the sharpness of the training loss at a state, its direction, if it is settled.

    And whether every leaf of the state has a slope: a state of velocities or moments as well is
    not that of plain gradient descent.
    """
    assert unroll.run.loss is not None
    hypers = unroll.at_step(min(t, unroll.run.steps - 1))
    with Tape() as tape:
        given = tape.variable(unroll.unflatten(state))
        leaves = floating(tree.leaves(given))
        loss = unroll.run.loss(given, hypers)
        slopes = tape.gradient(loss, leaves)
    whole = all(np.any(value_of(slope)) for slope in slopes)
    found = largest_eigenvalue(lambda v: list(tape.tangent(slopes, leaves, v)), direction)
    return *found, whole


def of_step(unroll: Unroll, state: State, t: int, direction: State) -> tuple[float, State, bool]:
    r"""Return the largest eigenvalue of :math:`1 - J` of a step, its direction, if it is settled.

    J is the derivative of the next state in the state. For plain gradient descent it is
    :math:`1 - \eta H`, with the Hessian of the loss on the batch of step t.
    """
    _, step = unroll.recorded(state, t, unroll.run.batch(t))
    still = [zero(x) for x in unroll.hypers_at(t)]

    def product(v: State) -> State:
        pushed = step.push(v, still)
        return [x - y for x, y in zip(v, pushed, strict=True)]

    return largest_eigenvalue(product, direction)
