"""Back over the last steps only: an approximation, with an estimate of what it leaves out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.hyper.health import examined, growth
from minigrad.hyper.result import HyperGradient, Stats
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.unrolling.unroll import State, Unroll, size

__all__ = ["Truncated"]


@dataclass(frozen=True)
class Truncated:
    r"""Go back over the last K steps only, as if the state before them were a constant.

    .. math:: \frac{dC}{dh} \approx \frac{\partial C}{\partial h}
              + \sum_{t=T-K}^{T-1} \bar s_{t+1}
              \frac{\partial\, \mathrm{step}_t}{\partial h}

    The memory is that of K steps. Labelled an approximation, unless K reaches the beginning.
    Where the adjoint :math:`\bar s` shrinks by a factor :math:`\rho` a step, what is left out
    shrinks like :math:`\rho^K`; ``stats.cut_off`` continues the sum with the last term that was
    computed and the mean :math:`\rho` of the K steps,

    .. math:: \left\| \bar s_{T-K+1} \frac{\partial\, \mathrm{step}}{\partial h} \right\|
              \sum_{j=1}^{T-K} \rho^j, \qquad
              \rho = \left( \frac{\|\bar s_{T-K}\|}{\|\bar s_T\|} \right)^{1/K}.

    That is an order of magnitude, no bound, and leaves out what `init` has to do with the hypers.

    Parameters
    ----------
    last : int
        K, 1 or more.

    References
    ----------
    .. [1] A. Shaban, C.-A. Cheng, N. Hatch, B. Boots, "Truncated Back-propagation for Bilevel
       Optimization", AISTATS 2019, section 3.

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - 0.5 * (w - 2.0 + h["lam"] * w),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     steps=100,
    ... )
    >>> hypers = {"lam": mg.positive(0.1)}
    >>> exact = mg.hypergradient(run, hypers, mg.Stored())
    >>> result = mg.hypergradient(run, hypers, mg.Truncated(last=10))
    >>> left_out = exact.gradient["lam"] - result.gradient["lam"]
    >>> f"{left_out:.3g} left out, {result.stats.cut_off:.3g} estimated"
    '0.000102 left out, 0.000102 estimated'
    """

    last: int

    def __post_init__(self) -> None:
        whole = isinstance(self.last, int | np.integer) and not isinstance(self.last, bool)
        if not whole or self.last < 1:
            raise ValueError(
                f"Truncated: last= must be a number of steps, 1 or more, got {self.last!r}"
            )

    @examined
    def hypergradient(self, run: TrainingRun, hypers: Any) -> HyperGradient:
        """Return the cost and its gradient; see :func:`minigrad.hypergradient`."""
        start = time.perf_counter()
        unroll = Unroll(run, hypers)
        state = unroll.begin()
        first = max(0, run.steps - self.last)
        state = unroll.advance(state, 0, first)
        # By itself the step whose share is the last term of the sum.
        state, earliest = unroll.forward_stretch(state, first, min(first + 1, run.steps))
        state, kept = unroll.forward_stretch(state, min(first + 1, run.steps), run.steps)
        kept_bytes = size(earliest, kept)
        cost, bar = unroll.end(state)
        last_bar, at_end = bar, norm(bar)
        bar = unroll.backward_stretch(bar, kept)
        before = [np.array(total) for total in unroll.bars]
        bar = unroll.backward_stretch(bar, earliest)
        if first == 0:
            unroll.pull_begin(bar)
            cut_off, why = 0.0, unroll.why
        else:
            at_cut = norm(bar)
            last_term = norm([a - b for a, b in zip(unroll.bars, before, strict=True)])
            cut_off = continued(last_term, at_end, at_cut, self.last, first)
            why = (
                f"over the last {self.last} steps the adjoint went from {at_end:.3g} to "
                f"{at_cut:.3g}: what is cut off is about {cut_off:.1g}, beside "
                f"{norm(unroll.bars):.3g}{unroll.why and '; ' + unroll.why}"
            )
        stats = Stats(
            method=f"Truncated(last={self.last})",
            exact=first == 0,
            steps_run=unroll.steps_run,
            seconds=time.perf_counter() - start,
            why=why,
            kept_bytes=kept_bytes,
            cut_off=cut_off,
            growth=growth(last_bar, bar),
        )
        return HyperGradient(cost, unroll.gradient, unroll.marked, stats)


def continued(last_term: float, at_end: float, at_cut: float, steps: int, left: int) -> float:
    """Return the sum of a geometric series: the terms of the `left` steps not gone over."""
    if last_term == 0 or at_end == 0:
        return 0.0
    with np.errstate(over="ignore"):  # an adjoint that explodes: all is left out
        ratio = (at_cut / at_end) ** (1 / steps)
        return float(last_term * np.sum(ratio ** np.arange(1.0, left + 1)))


def norm(parts: State) -> float:
    """Return the Euclidean norm of a list of numbers and arrays, taken together."""
    with np.errstate(over="ignore"):  # an exploded adjoint has an infinite norm
        return float(np.sqrt(sum(np.sum(np.abs(np.asarray(part, float)) ** 2) for part in parts)))
