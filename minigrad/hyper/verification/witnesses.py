r"""Independent answers to one question: how the outer cost of a run changes along a direction.

Reverse and forward mode share the rules' tables, but not the rules. The complex step and finite
differences use no rule for the outer derivative at all: they run the very same loop on other
numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import tree
from minigrad.hyper.memory import NotEnoughMemoryError
from minigrad.hyper.methods import Checkpointed, Forward, Stored, hypergradient
from minigrad.hyper.result import HyperGradient
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.verification.case import FEW, Case, Direction, paired
from minigrad.hyper.verification.ladder import Slope, ladder
from minigrad.transforms import holomorphic
from minigrad.variable import value_of

if TYPE_CHECKING:
    from minigrad.hyper.verification.rounding import Rounding

__all__ = ["Answer", "backward", "complex_step", "dot_product", "finite_difference", "forward"]

STEP = 1e-30  # of the complex step


@dataclass(frozen=True)
class Answer:
    """What one witness says.

    Attributes
    ----------
    values : numpy.ndarray, shape (directions,)
        The derivative of the cost along each direction; NaN where it said nothing.
    errors : numpy.ndarray, shape (directions,)
        About how far each is off; 0 for the methods that are exact up to rounding.
    seconds : float
        What it took.
    why : str
        Why it said nothing; empty if it spoke.
    """

    values: Any
    errors: Any
    seconds: float
    why: str = ""


def forward(case: Case) -> Any:
    """Carry tangents along."""
    if case.numbers <= FEW:
        return case.along(hypergradient(case.run, case.marked, Forward()).gradient)
    return tangents(case.run, case, case.directions)


def complex_step(case: Case) -> Any:
    r"""Run the loop on complex numbers: :math:`\operatorname{Im} C(x + i h v) / h`."""
    wide = widened(case.run)
    slopes = []
    with holomorphic(), warnings.catch_warnings():
        warnings.simplefilter("error", np.exceptions.ComplexWarning)
        for direction in case.directions:
            values = case.moved(direction, 1j * STEP)
            cost = wide.evaluate(case.marked, tree.map(complexified, values))
            if not np.iscomplexobj(cost):
                raise ValueError("the cost of complex hypers is real: a part of it was lost")
            slopes.append(np.imag(cost) / STEP)
    return np.array(slopes, float)


def finite_difference(case: Case, rounding: Rounding) -> list[Slope]:
    """Train a little above and a little below, over a ladder of steps for each direction.

    The cost varies on the scale of the inverse number of steps, or on that of the inverse of its
    steepness in the states, whichever is smaller: there the ladders begin.
    """
    finest = min(max(16.0, case.run.steps, rounding.steepness), 1e12)
    start = 2.0 ** -np.ceil(np.log2(finest))
    return [slope(case, direction, start, rounding) for direction in case.directions]


def slope(case: Case, direction: Direction, start: float, rounding: Rounding) -> Slope:
    """Return the slope along a direction by finite differences."""

    def cost(a: float) -> float:
        with np.errstate(over="ignore", invalid="ignore"):  # a large step may explode
            return float(value_of(case.run.evaluate(case.marked, case.moved(direction, a))))

    start *= direction.size
    while start > case.room(direction):
        start /= 2
    least = 4 * rounding.eps * direction.size  # where nothing but rounding can be seen
    jitter = max(abs(cost(a) - rounding.cost) for a in (-2 * least, -least, least, 2 * least))
    return ladder(cost, start, max(rounding.noise, jitter))


def dot_product(case: Case, last: Any) -> tuple[float, float]:
    r"""Return :math:`\langle u, J v \rangle` and :math:`\langle J^\top u, v \rangle`.

    For the Jacobian `J` of the last state, a random `u` and a random `v` that moves all hypers.
    """
    weights = [case.weight(leaf) for leaf in tree.leaves(last)]
    probe = replaced(case.run, cost=lambda state, hypers: pairing(weights, state))
    direction = case.everywhere("all")
    pulled = paired(tree.leaves(backward(probe, case.marked).gradient), direction.moves)
    return float(tangents(probe, case, [direction])[0]), float(pulled)


def backward(run: TrainingRun, hypers: Any) -> HyperGradient:
    """Return the hypergradient by the fast exact method that goes back."""
    try:
        return hypergradient(run, hypers, Stored())
    except NotEnoughMemoryError:
        return hypergradient(run, hypers, Checkpointed())


def tangents(run: TrainingRun, case: Case, directions: Sequence[Direction]) -> Any:
    """Return the slopes along directions by forward mode: one tangent for each."""
    scheduled = [hyper.per_step for hyper in case.hypers]

    def hypers_at(given: Any, a: Sequence[Any]) -> Any:
        values, moves = given
        rows = []
        for k, x in enumerate(values):
            for number, move in zip(a, moves, strict=True):
                x = x if move[k] is None else x + number * move[k]
            rows.append(x)
        return tree.unflatten(case.marked, rows)

    def seen(t: int) -> Any:
        def at(leaf: Any, k: int) -> Any:
            return leaf[t] if scheduled[k] and leaf is not None else leaf

        return tuple(
            [at(leaf, k) for k, leaf in enumerate(part)]
            for part in (case.leaves, *(direction.moves for direction in directions))
        )

    whole = case.leaves, [direction.moves for direction in directions]
    line = TrainingRun(
        init=lambda a: run.init(hypers_at(whole, a)),
        step=lambda state, a, given: run.step(
            state, hypers_at((given[0][0], given[0][1:]), a), given[1]
        ),
        cost=lambda state, a: run.cost(state, hypers_at(whole, a)),
        steps=run.steps,
        batches=lambda t: (seen(t), run.batch(t)),
    )
    found = hypergradient(line, [0.0 for _ in directions], Forward()).gradient
    return np.array(found, float)


def widened(run: TrainingRun) -> TrainingRun:
    """Return a run whose state is complex from the start, so that no real part is taken of it."""
    return replaced(run, init=lambda hypers: tree.map(complexified, run.init(hypers)))


def replaced(
    run: TrainingRun,
    init: Callable[..., Any] | None = None,
    cost: Callable[..., Any] | None = None,
) -> TrainingRun:
    """Return a run with another beginning or another cost."""
    return TrainingRun(init or run.init, run.step, cost or run.cost, run.steps, run.batches)


def complexified(x: Any) -> Any:
    """Return a floating leaf as complex numbers; others as they are."""
    if isinstance(x, float) and not isinstance(x, np.floating):
        return complex(x)
    varies = np.asarray(x).dtype.kind in "fc"
    return np.asarray(x).astype(np.complex128)[()] if varies and not is_complex(x) else x


def is_complex(x: Any) -> bool:
    """Whether a leaf is complex in double precision already."""
    return isinstance(x, complex) or getattr(x, "dtype", None) == np.complex128


def pairing(weights: Sequence[Any], state: Any) -> Any:
    """Return a weighted sum of a state."""
    pairs = zip(weights, tree.leaves(state), strict=True)
    return sum(np.sum(weight * x) for weight, x in pairs if weight is not None)
