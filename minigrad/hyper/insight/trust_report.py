"""The report of :func:`minigrad.trust`: what was measured, and what to think of it."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.insight.pullback import length
from minigrad.hyper.insight.sharpness import Sharpness
from minigrad.hyper.plain import named, plain, preformatted
from minigrad.hyper.result import brief

__all__ = ["Trust"]

WIDTH = 60
LEFT = 1e-3  # a rounding error may grow to this part of the state: three digits are left
GROWTH = 1e3  # an error that grows to more than a thousandfold


@dataclass(frozen=True, eq=False)
class Trust:
    r"""How derivatives grow and shrink on their way through a run.

    Attributes
    ----------
    cost : float
        The outer cost; nan if the training diverged.
    hypers : tree
        The marked hyperparameters.
    gradient : tree
        dC/dh in natural coordinates, exact up to rounding.
    rounding : float
        About how far the cost is off because every state is rounded,
        :math:`\epsilon \sum_t \|\bar s_t\| \|s_t\|`.
    accuracy : float
        :math:`\epsilon`, the relative rounding error of the state's numbers.
    log_adjoint, log_tangent : numpy.ndarray, shape (T + 1,)
        The natural logarithms of the norms of the adjoint :math:`\bar s_t` of every state, and of
        a random direction :math:`z_t` of length 1 at the beginning that is carried along.
    strides : numpy.ndarray, shape (T,)
        How far each step went, :math:`\|s_{t+1} - s_t\|`.
    sharpness : list of Sharpness
        At a few states.
    rate : str
        The name of the learning rate.
    diverged_at : int or None
        The first state that is not finite, if there is one.
    """

    cost: float
    hypers: Any
    gradient: Any
    rounding: float
    accuracy: float
    log_adjoint: Any
    log_tangent: Any
    strides: Any
    sharpness: list[Sharpness] = field(default_factory=list)
    rate: str = "eta"
    diverged_at: int | None = None

    @classmethod
    def of_divergence(cls, hypers: Any, steps: int, at: int, log_tangent: Any) -> Trust:
        """Return the report on a training whose state became infinite."""
        nothing = np.full(steps + 1, np.nan)
        gradient = tree.map(lambda hyper: hyper.value * np.nan, hypers)
        nan = math.nan
        return cls(
            nan, hypers, gradient, nan, nan, nothing, log_tangent, nothing[1:], diverged_at=at
        )

    # What follows from it

    @property
    def steps(self) -> int:
        """T."""
        return len(self.log_adjoint) - 1

    @property
    def adjoint(self) -> Any:
        """The norms of the adjoints, infinite where they are too large for a number."""
        with np.errstate(over="ignore"):
            return np.exp(self.log_adjoint)

    @property
    def tangent(self) -> Any:
        """The growth of the direction so far, at every state."""
        with np.errstate(over="ignore"):
            return np.exp(self.log_tangent)

    @property
    def exponent(self) -> float:
        r"""The finite-time Lyapunov exponent, :math:`\frac1T \log(\|z_T\| / \|z_0\|)`."""
        return float(self.log_tangent[-1]) / self.steps

    @property
    def growth(self) -> float:
        """By which factor the adjoint grows at each step of the way back, on the geometric mean."""
        if not np.isfinite(self.log_adjoint[-1]):
            return math.nan if self.diverged_at is not None else 0.0
        return math.exp((self.log_adjoint[0] - self.log_adjoint[-1]) / self.steps)

    @property
    def horizon(self) -> int:
        r"""How many of the last steps keep three digits.

        The largest K for which :math:`\epsilon \|\bar s_t\| / \|\bar s_T\| < 10^{-3}` at all of
        the last K steps. A rounding error is :math:`\epsilon` of the state when it is made, and
        has grown by that ratio when it is part of the cost; so it is then a thousandth at most,
        and so is what it does to the derivative.
        """
        if self.diverged_at is not None:
            return 0
        if not np.isfinite(self.log_adjoint[-1]):
            return self.steps
        room = math.log(LEFT / self.accuracy) + self.log_adjoint[-1]
        beyond = np.flatnonzero(self.log_adjoint[:-1] >= room)
        return self.steps - (int(beyond[-1]) + 1 if beyond.size else 0)

    @property
    def digits(self) -> float:
        """How many decimal digits of the cost are not rounding, 0 if none is."""
        if not self.rounding > 0 or self.cost == 0:
            return 0.0 if math.isnan(self.rounding) or self.cost == 0 else math.inf
        return max(0.0, math.log10(abs(self.cost)) - math.log10(self.rounding))

    @property
    def vanished(self) -> list[str]:
        r"""The hyperparameters whose derivative is below rounding.

        To change x by its own size would change the cost by :math:`x \, dC/dx`, and that is no more
        than `rounding`.
        """
        slopes = named(self.gradient)
        sizes = {
            name: length([np.where(hyper.value == 0, 1.0, hyper.value) * slopes[name]])
            for name, hyper in named(self.hypers).items()
        }
        return [name for name, size in sizes.items() if size <= self.rounding]

    @property
    def verdict(self) -> str:
        """``"trust"``, ``"last steps"``, ``"chaos"``, ``"vanished"`` or ``"diverged"``."""
        if self.diverged_at is not None or not math.isfinite(self.cost):
            return "diverged"
        if self.log_tangent[-1] > math.log(GROWTH):
            return "diverged" if self.runs_away else "chaos"
        if self.horizon < self.steps:
            return "last steps"
        return "vanished" if len(self.vanished) == len(tree.leaves(self.hypers)) else "trust"

    @property
    def runs_away(self) -> bool:
        """Whether the steps themselves grew, as those of a bounded, chaotic training do not."""
        quarter = max(1, self.steps // 4)
        early, late = self.strides[:quarter].max(), self.strides[-quarter:].max()
        return bool(late > 100 * early)

    @property
    def ok(self) -> bool:
        """Whether the verdict is ``"trust"``."""
        return self.verdict == "trust"

    @property
    def words(self) -> str:
        """The verdict in plain words, with what to do."""
        last, rate = self.horizon, self.rate
        if self.verdict == "diverged":
            if self.diverged_at is not None:
                return (
                    f"The training diverges: the state before step {self.diverged_at} is not "
                    f"finite. Take a smaller {rate}."
                )
            return (
                f"The training diverges: its steps become longer and longer. Take a smaller {rate}."
            )
        if self.verdict == "chaos":
            return (
                f"Chaos: a small change of the first state is {self.grown} times as large in the "
                f"last. The derivative holds only for changes that are smaller by so much. Smooth "
                f"the cost with Evolution, or start from a smaller {rate}. {self.keeps}"
            )
        if self.verdict == "vanished":
            return (
                "Vanished: what the hyperparameters do to the cost is below rounding "
                f"({self.rounding:.1e}), so the derivatives are noise. The training has converged, "
                "and would have anyway; ask after fewer steps."
            )
        if self.verdict == "last steps":
            return (
                f"The adjoint explodes on its way back, over the last steps of the training. "
                f"{self.keeps} Use Truncated(last={max(last, 1)}), or a smaller {rate}."
            )
        return (
            "Trust it: on its way through the run a small change grows by a factor of "
            f"{self.peak} at most; {min(self.digits, 16):.0f} digits of the cost are left."
        )

    @property
    def keeps(self) -> str:
        """How many steps back are reliable, as a sentence."""
        if self.horizon == self.steps:
            return f"Rounding leaves three digits or more over all {self.steps} steps."
        return f"Rounding leaves three digits over the last {self.horizon} of {self.steps} steps."

    @property
    def grown(self) -> str:
        """By how much the random direction grew, as text, even if it is no number."""
        return power(self.log_tangent[-1])

    @property
    def peak(self) -> str:
        """By how much the adjoint or the direction grew at the most, as text."""
        adjoint = self.log_adjoint - self.log_adjoint[-1]
        logs = np.concatenate([adjoint, self.log_tangent])
        return power(float(np.max(logs[np.isfinite(logs)])))

    @property
    def notes(self) -> list[str]:
        """What does not change the verdict but is worth knowing."""
        notes = []
        if self.verdict in ("trust", "last steps"):
            notes += [f"dC/d{name} is below rounding: noise." for name in self.vanished]
        past = [row for row in self.sharpness if row.stable is False]
        if past:
            row = past[-1]
            notes.append(
                f"At step {row.step}, {self.rate} * sharpness is {row.times_eta:.4g}, past the "
                f"edge at {row.edge:.4g}: descent bounces in its sharpest direction."
            )
        if self.sharpness and not any(np.isfinite(row.times_eta) for row in self.sharpness):
            notes.append(
                f"{self.rate} * sharpness is not known: it takes a rate that is one number, and a "
                "run with a loss, or a step that is plain gradient descent."
            )
        elif self.sharpness and not any(np.isfinite(row.edge) for row in self.sharpness):
            notes.append("The state holds more than weights: its edge of stability is not known.")
        return notes

    # How it looks

    def __str__(self) -> str:
        lines = [f"trust: {self.verdict}", *textwrap.wrap(self.words, WIDTH)]
        for note in self.notes:
            lines += textwrap.wrap(f"note: {note}", WIDTH, subsequent_indent="  ")
        lines += ["", f"{'hyper':12}{'value':>16}{'dC/dx':>16}{'x dC/dx':>16}"]
        slopes = named(self.gradient)
        for name, hyper in named(self.hypers).items():
            cells = (brief(x) for x in (hyper.value, slopes[name], hyper.value * slopes[name]))
            lines.append(f"{name[-12:]:12}" + "".join(f" {cell:>15}" for cell in cells))
        if self.diverged_at is not None:
            return "\n".join(lines)
        lines += [
            "",
            f"cost {self.cost:.6g}, of which rounding {self.rounding:.1e}",
            f"Lyapunov exponent {self.exponent:.4g} per step",
            f"adjoint grows by {self.growth:.4g} per step back",
            f"usable horizon {self.horizon} of {self.steps} steps",
            "",
            f"{'step':>6}{'|adjoint|':>12}{'|tangent|':>12}{'sharpness':>11}"
            f"{'x ' + self.rate[:6]:>9}{'edge':>7}",
        ]
        for row in self.sharpness:
            adjoint, tangent = (
                power(logs[row.step]) for logs in (self.log_adjoint, self.log_tangent)
            )
            lines.append(
                f"{row.step:6}{adjoint:>12}{tangent:>12}{known(row.value):>11}"
                f"{known(row.times_eta):>9}{known(row.edge):>7}"
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return preformatted(self)

    def to_json(self) -> dict[str, Any]:
        """Return everything as values of strict JSON; what is not finite is None."""
        found: dict[str, Any] = plain(
            {
                "verdict": self.verdict,
                "ok": self.ok,
                "words": self.words,
                "notes": self.notes,
                "steps": self.steps,
                "cost": self.cost,
                "hypers": {name: hyper.value for name, hyper in named(self.hypers).items()},
                "gradient": named(self.gradient),
                "rounding": self.rounding,
                "vanished": self.vanished,
                "exponent": self.exponent,
                "growth": self.growth,
                "horizon": self.horizon,
                "log_adjoint": self.log_adjoint,
                "log_tangent": self.log_tangent,
                "sharpness": [{**vars(row), "stable": row.stable} for row in self.sharpness],
            }
        )
        return found

    def plot(self, ax: Any = None) -> Any:
        """Draw the norms of adjoint and tangent against the step, in powers of ten.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; a new figure if left out.

        Returns
        -------
        Axes

        Raises
        ------
        ImportError
            Without matplotlib; it says what to install.
        """
        from minigrad.display.plots import pyplot

        ax = pyplot().subplots(layout="constrained")[1] if ax is None else ax
        ten, steps = math.log(10.0), np.arange(self.steps + 1)
        curves = (
            ("adjoint, backward", self.log_adjoint - self.log_adjoint[-1], "-"),
            ("tangent, forward", self.log_tangent, "--"),
        )
        for label, logs, style in curves:
            ax.plot(steps, np.where(np.isfinite(logs), logs, np.nan) / ten, style, label=label)
        ax.axhline(0.0, color="0.8", linewidth=0.8, zorder=0)
        if 0 < self.horizon < self.steps:
            room = math.log10(LEFT / self.accuracy)
            ax.axhline(room, color="0.5", linestyle=":", label="three digits left")
            ax.axvline(self.steps - self.horizon, color="0.5", linestyle="-.", label="horizon")
        ax.set(xlabel="step", ylabel="growth, as a power of ten", title=f"trust: {self.verdict}")
        ax.legend()
        return ax


def power(log: float) -> str:
    """Return the number of a natural logarithm in a few digits, even if it would overflow."""
    if not np.isfinite(log):
        return "0" if log < 0 else "nan"
    tens = log / math.log(10.0)
    if abs(tens) < 300:
        return f"{10**tens:.3g}"
    return f"{10 ** (tens % 1):.3g}e{math.floor(tens):+d}"


def known(x: float) -> str:
    """Return a number in a few digits, a dash if it is not known."""
    return f"{x:.4g}" if np.isfinite(x) else "-"
