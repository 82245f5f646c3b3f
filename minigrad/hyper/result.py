"""What every method returns: the cost, its hypergradient in three coordinates, and the bill."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.plain import name, named, plain, preformatted

__all__ = ["HyperGradient", "Stats"]


@dataclass(frozen=True)
class Stats:
    """What a hypergradient took.

    Attributes
    ----------
    method : str
        The method and its settings.
    why : str
        Why this method, when it was chosen automatically.
    exact : bool
        Whether the method is exact up to rounding; otherwise an approximation.
    steps_run : int
        Training steps run, those run again included.
    seconds : float
        Wall time.
    steps_rerun : int
        Those of them that were run again, to have a state or a tape again.
    kept_bytes : int
        About how many bytes of states, of their tangents and of what the way back reads are kept
        at the same time, from the sizes at the first step.
    cut_off : float
        For an approximation that leaves a part of the sum out: about how large the Euclidean norm
        of that part is.
    tape_bytes : int
        About how many bytes of arrays are on the tape, from the sizes at the first two steps; 0 for
        methods without one.
    instructions : int
        Length of the tape.
    residual : float
        For a method that solves linear equations: the norm of what is left of their right-hand
        side, relative to it.
    growth : float
        How many times larger the derivative of the cost is in the first state than in the last; of
        a method that goes forward, how many times larger the tangents are after the last step than
        after the first, if they are large. 0 for methods that see neither.
    diverged_at : int or None
        The step, counted from 0, whose new state is the first that is not finite; then cost and
        gradient are NaN.
    notes : str
        What is to be minded, a sentence a line: that the run diverged and where, that a derivative
        is exactly 0 or not finite, that it has exploded. Empty if there is nothing.
    """

    method: str
    exact: bool
    steps_run: int
    seconds: float
    tape_bytes: int = 0
    instructions: int = 0
    why: str = ""
    steps_rerun: int = 0
    kept_bytes: int = 0
    cut_off: float = 0.0
    residual: float = 0.0
    growth: float = 0.0
    diverged_at: int | None = None
    notes: str = ""


@dataclass(frozen=True)
class HyperGradient:
    r"""The outer cost and its derivatives with respect to the hyperparameters.

    Attributes
    ----------
    cost : float
        :math:`C`.
    gradient : tree
        :math:`\partial C / \partial x` for each hyperparameter, in its natural coordinate.
    hypers : tree
        The marked hyperparameters that it was computed at.
    stats : Stats
        What it took.
    error : tree or None
        The standard errors of `gradient`, from a method that estimates it from a random sample.
    """

    cost: float
    gradient: Any
    hypers: Any
    stats: Stats
    error: Any = None

    @property
    def natural(self) -> Any:
        r""":math:`\partial C / \partial x`: the same as `gradient`."""
        return self.gradient

    @property
    def unconstrained(self) -> Any:
        r""":math:`\partial C / \partial u`, in the coordinate that is free; see `domains`."""
        return tree.map(lambda g, h: g * h.domain.slope(h.value), self.gradient, self.hypers)

    @property
    def elasticity(self) -> Any:
        r""":math:`x \, \partial C / \partial x`: the change of cost per relative change of x."""
        return tree.map(lambda g, h: g * h.value, self.gradient, self.hypers)

    @cached_property
    def norm(self) -> float:
        """Euclidean norm of the unconstrained gradient."""
        parts = [np.ravel(part) for part in tree.leaves(self.unconstrained)]
        with np.errstate(over="ignore"):  # an exploded gradient has an infinite norm
            return float(np.linalg.norm(np.concatenate(parts))) if parts else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return it as values of strict JSON; what is not finite is None."""
        found: dict[str, Any] = plain(
            {
                "cost": self.cost,
                "values": {name: hyper.value for name, hyper in named(self.hypers).items()},
                "gradient": named(self.gradient),
                "unconstrained": named(self.unconstrained),
                "elasticity": named(self.elasticity),
                "stats": asdict(self.stats),
            }
        )
        return found

    def _repr_html_(self) -> str:
        return preformatted(self)

    def __str__(self) -> str:
        lines = [f"cost {self.cost:.6g}  ({self.stats.method}, {self.stats.seconds:.3g} s)"]
        slopes = tree.paths(self.gradient)
        elasticities = tree.paths(self.elasticity)
        errors = {} if self.error is None else tree.paths(self.error)
        cells = [("hyper", "value", "dC/dx", "x dC/dx")]
        for path, hyper in tree.paths(self.hypers).items():
            values = (hyper.value, slopes[path], elasticities[path])
            value, slope, elasticity = (brief(x) for x in values)
            if path in errors:
                slope = f"{slope} ± {brief(errors[path])}"
            cells.append((name(path), value, slope, elasticity))
        first, *others = (max(map(len, column)) for column in zip(*cells, strict=True))
        for label, *row in cells:
            columns = [f"{cell:>{max(14, width)}}" for cell, width in zip(row, others, strict=True)]
            lines.append("  ".join([f"{label:{max(10, first)}}", *columns]))
        return "\n".join([*lines, *self.stats.notes.splitlines()])


def brief(x: Any) -> str:
    """Return a number, or the norm of an array, as short text."""
    return f"{x:.6g}" if np.ndim(x) == 0 else f"|{np.linalg.norm(x):.5g}| {np.shape(x)}"
