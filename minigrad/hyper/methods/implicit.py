"""The trained weights as the minimum of the training cost: how it moves, not how it was reached."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.arguments import function, number
from minigrad.hyper.coordinates import flat
from minigrad.hyper.health import examined
from minigrad.hyper.result import HyperGradient, Stats
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.solvers import Solution, conjugate_gradients, neumann_series, sharpness
from minigrad.hyper.unrolling.unroll import State, Unroll
from minigrad.program.step import floating
from minigrad.tape import Tape

__all__ = ["Implicit"]


@dataclass(frozen=True)
class Implicit:
    r"""Differentiate the condition that holds at a minimum, :math:`\partial L / \partial w = 0`.

    .. math:: \frac{dC}{dh} = \frac{\partial C}{\partial h} - \frac{\partial C}{\partial w}
              \left( \frac{\partial^2 L}{\partial w^2} \right)^{-1}
              \frac{\partial^2 L}{\partial w \, \partial h}

    with L the run's ``loss``, at the weights after the last step. Nothing of the training is kept
    and no step is gone back over. The Hessian is never formed: the loss and its gradient are
    recorded once, and swept once for each product with a vector.

    It is the derivative of the minimum, not of the training: labelled an approximation, which
    training approaches as it converges. What only says how the minimum is reached has derivative
    zero (learning rate, momentum, initial weights, mini-batches). Weights that are not near a
    minimum are refused.

    Parameters
    ----------
    solver : {"cg", "neumann"}
        Conjugate gradients [1]_, or a Neumann series [2]_, which is going back over the last steps
        of a gradient descent that stays where it is: its first K terms with the `scale`
        :math:`\eta` are ``Truncated(last=K)`` at the minimum.
    iterations : int, default 100
        Products with the Hessian, at most; for "neumann", terms of the series.
    tolerance : float, optional
        The solver stops at this relative residual, :math:`\lVert b - H x \rVert / \lVert b \rVert`;
        :math:`\varepsilon^{2/3}` of the weights' dtype if left out, which is 4e-11 in float64.
        What it reached is ``stats.residual``; conjugate gradients warn if they did not reach it.
    scale : float, optional
        :math:`\alpha` of the Neumann series; if left out, 1 divided by the largest eigenvalue of
        the Hessian, from 20 power iterations.
    weights : callable, optional
        ``weights(state)`` picks the part of the state that L is minimal in; the rest of the state
        counts as constant. If left out, every leaf that L depends on: a velocity is not among them.
    small : float, default 1e-3
        The training gradient must be at most this many times the larger of what it was at the
        first weights, and :math:`\lVert H w \rVert`, by which it would change if the weights
        changed by their own size.
    force : bool, default False
        Whether to warn only, where the weights are not at a minimum.

    Raises
    ------
    ValueError
        If the run has no ``loss``; if its gradient is not small; if conjugate gradients meet a
        direction in which the loss does not curve upward, or the series diverges; if the cost
        depends on a part of the state that the loss does not depend on.

    References
    ----------
    .. [1] F. Pedregosa, "Hyperparameter optimization with approximate gradient",
       ICML 2016.
    .. [2] J. Lorraine, P. Vicol, D. Duvenaud, "Optimizing Millions of Hyperparameters by Implicit
       Differentiation", AISTATS 2020.

    Examples
    --------
    The minimum of :math:`(w - 2)^2 / 2 + \lambda w^2 / 2` is :math:`2 / (1 + \lambda)`:

    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0 + h["lam"] * w),
    ...     cost=lambda w, h: w,
    ...     loss=lambda w, h: 0.5 * (w - 2.0) ** 2 + 0.5 * h["lam"] * w**2,
    ...     steps=100,
    ... )
    >>> result = mg.hypergradient(run, {"eta": 0.3, "lam": 0.1}, mg.Implicit())
    >>> round(result.gradient["lam"] + 2 / 1.1**2, 12), result.gradient["eta"]
    (0.0, 0.0)
    """

    solver: str = "cg"
    iterations: int = 100
    tolerance: float | None = None
    scale: float | None = None
    weights: Callable[[Any], Any] | None = None
    small: float = 1e-3
    force: bool = False

    def __post_init__(self) -> None:
        if self.solver not in ("cg", "neumann"):
            raise ValueError(f"Implicit: solver= must be 'cg' or 'neumann', got {self.solver!r}")
        if not isinstance(self.iterations, int | np.integer) or self.iterations < 1:
            raise ValueError(f"Implicit: iterations= must be 1 or more, got {self.iterations!r}")
        if self.tolerance is not None:
            number("Implicit: tolerance=", self.tolerance, least=0)
        if self.scale is not None:
            number("Implicit: scale=", self.scale, above=0)
        if self.weights is not None:
            function("Implicit: weights=", self.weights)
        number("Implicit: small=", self.small, least=0)
        if self.scale is not None and (self.solver != "neumann" or not 0 < self.scale < np.inf):
            raise ValueError(
                f'Implicit: scale= is a positive number for solver="neumann", got {self.scale!r}'
            )

    @examined
    def hypergradient(self, run: TrainingRun, hypers: Any) -> HyperGradient:
        """Return the cost and its gradient; see :func:`minigrad.hypergradient`."""
        if run.loss is None:
            raise ValueError(
                "Implicit: the run does not say what its steps descend: give "
                "TrainingRun(..., loss=lambda state, hypers: ...), the training cost on all data "
                "with its penalty"
            )
        start = time.perf_counter()
        unroll = Unroll(run, hypers)
        first = unroll.begin()
        last = unroll.advance(first, 0, run.steps)
        cost, state_bar = unroll.end(last)
        valley = Valley(unroll, last, self.weights)
        b = valley.along(state_bar)
        slope = self.checked_slope(valley, Valley(unroll, first, self.weights))
        found = self.solve(valley, b)
        unroll.gather([-bar for bar in valley.mixed(found.x)], None)
        stats = Stats(
            method=f"Implicit(solver={self.solver!r}, iterations={self.iterations})",
            exact=False,
            steps_run=unroll.steps_run,
            seconds=time.perf_counter() - start,
            why=(
                f"the training gradient is {slope:.1g} of its scale; {found.iterations} products "
                f"with the Hessian left a residual of {found.residual:.1g}"
                f"{unroll.why and '; ' + unroll.why}"
            ),
            tape_bytes=valley.tape.nbytes,
            instructions=len(valley.tape),
            residual=found.residual,
        )
        return HyperGradient(cost, unroll.gradient, unroll.marked, stats)

    def checked_slope(self, valley: Valley, beginning: Valley) -> float:
        """Return how large the training gradient is beside its scale, if it is small."""
        slope = float(np.linalg.norm(valley.slope))
        bend = np.linalg.norm(valley.times(valley.weights))
        scale = float(max(np.linalg.norm(beginning.slope), bend))
        if not slope <= self.small * scale:
            self.refuse(
                f"the training has not converged: the norm of its gradient is {slope:.3g}, which "
                f"must be below {self.small:g} times {scale:.3g} (the larger of what it was at "
                f"first and |H w|). Train longer, or take mg.Stored()"
            )
        return slope / scale if scale else 0.0

    def solve(self, valley: Valley, b: Any) -> Solution:
        """Return the solution of H x = b."""
        tolerance = valley.rounding ** (2 / 3) if self.tolerance is None else self.tolerance
        with np.errstate(over="ignore", invalid="ignore"):  # a series that diverges is told below
            if self.solver == "cg":
                found = conjugate_gradients(valley.times, b, self.iterations, tolerance)
            else:
                scale = self.scale or 1.0 / (sharpness(valley.times, len(b)) or 1.0)
                found = neumann_series(valley.times, b, self.iterations, tolerance, scale)
        if self.solver == "neumann" and not found.residual <= 1.0 + 1e-9:
            self.refuse(
                f"the Neumann series diverges, with a residual of {found.residual:.3g} after "
                f"{found.iterations} terms: scale={scale:.3g} is above 2 / sharpness, or the loss "
                f"curves downward somewhere. Take a smaller scale, or mg.Stored()"
            )
        elif found.curvature < 0:
            self.refuse(
                f"conjugate gradients met the curvature {found.curvature:.3g}: the loss falls off "
                f"in that direction, so these weights are not at a minimum. Take mg.Stored()"
            )
        elif self.solver == "cg" and found.residual > tolerance:
            warnings.warn(
                f"Implicit: after {found.iterations} products with the Hessian the residual is "
                f"{found.residual:.2g}, above tolerance={tolerance:.2g}: raise iterations=",
                stacklevel=5,
            )
        return found

    def refuse(self, reason: str) -> None:
        """Raise, or only warn, for weights at which the formula does not hold."""
        if not self.force:
            raise ValueError(f"Implicit: {reason}; force=True goes on with a warning")
        warnings.warn(f"Implicit: {reason}", stacklevel=6)


class Valley:
    """The training loss around a state, recorded together with its gradient.

    Parameters
    ----------
    unroll : Unroll
        Of the run, begun.
    state : list
        Where.
    weights : callable or None
        Picks the weights from the state; None for all that the loss depends on.

    Attributes
    ----------
    weights, slope : array, shape (n,)
        The weights and the gradient of the loss, as vectors.
    rounding : float
        The relative rounding of the weights' arithmetic.
    """

    def __init__(self, unroll: Unroll, state: State, weights: Callable[[Any], Any] | None) -> None:
        assert unroll.run.loss is not None
        with Tape() as self.tape:
            given = self.tape.variable(unroll.unflatten(state))
            hypers = self.tape.variable(unroll.values)
            loss = unroll.run.loss(given, hypers)
            self.all = floating(tree.leaves(given))
            chosen = self.all if weights is None else floating(tree.leaves(weights(given)))
            slopes = self.tape.gradient(loss, chosen)
        used = self.tape.gradient(loss, chosen, contributions=True)
        kept = [k for k, terms in enumerate(used) if terms]
        if not kept:
            raise ValueError("Implicit: the loss= of the run does not depend on the weights")
        self.chosen, self.slopes = [chosen[k] for k in kept], [slopes[k] for k in kept]
        self.hypers, self.picked = tree.leaves(hypers), weights is not None
        self.weights, self.slope = (
            flat([x.value for x in parts]) for parts in (self.chosen, self.slopes)
        )
        self.rounding = max(float(np.finfo(np.result_type(x.value)).eps) for x in self.chosen)
        self.ends = np.cumsum([x.size for x in self.chosen])[:-1]

    def parts(self, v: Any) -> State:
        """Return a vector as a list of arrays of the shapes of the weights."""
        pieces = np.split(v, self.ends)
        return [piece.reshape(x.shape)[()] for piece, x in zip(pieces, self.chosen, strict=True)]

    def times(self, v: Any) -> Any:
        """Return the Hessian times a vector."""
        return flat(self.tape.gradient(self.slopes, self.chosen, cotangent=self.parts(v)))

    def mixed(self, v: Any) -> State:
        """Return the derivatives with respect to the hypers of the gradient along a vector."""
        bars: State = self.tape.gradient(self.slopes, self.hypers, cotangent=self.parts(v))
        return bars

    def along(self, state_bar: State) -> Any:
        """Return the part of the cotangents of a state that is the weights', as a vector."""
        bars = {x.index: bar for x, bar in zip(self.all, state_bar, strict=True)}
        mine = flat([bars.pop(x.index) for x in self.chosen])
        if not self.picked and any(np.any(bar) for bar in bars.values()):
            raise ValueError(
                "Implicit: the cost depends on a part of the state that the loss does not depend "
                "on, so its minimum does not say where that part is; to count it as constant, pick "
                "the weights: Implicit(weights=lambda state: ...)"
            )
        return mine
