"""Evolution strategies on windows of a run, without the bias of short windows."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from minigrad.hyper.health import examined
from minigrad.hyper.methods.evolution import checked_settings, smoothed
from minigrad.hyper.result import HyperGradient
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.unrolling.windows import checked_window

__all__ = ["PersistentEvolution"]


@dataclass(frozen=True)
class PersistentEvolution:
    r"""Persistent evolution strategies: perturb anew in each window, and remember the sum.

    The run is cut into W windows. Its cost here is the mean of the outer costs at their ends,

    .. math:: \bar C = \frac{1}{W} \sum_{k=1}^{W} C(s_{t_k}), \qquad t_W = T,

    which is what ``result.cost`` has; with ``window=T`` it is the final cost, and the estimate is
    that of :class:`minigrad.Evolution`, number by number. In window k the hypers are
    :math:`u + \sigma \varepsilon_k`, so the state at its end has met :math:`\xi_k =
    \varepsilon_1 + \dots + \varepsilon_k`:

    .. math:: \nabla_u \operatorname{E} \bar C \approx \frac{1}{n} \sum_{i=1}^{n} \frac{1}{W}
              \sum_{k=1}^{W}
              \frac{C(s_{t_k}^{+i}) - C(s_{t_k}^{-i})}{2 \sigma} \, \xi_k^i

    That is unbiased for the mean of all windows. The plain estimate in each window, with
    :math:`\varepsilon_k` in place of :math:`\xi_k`, would take the state before the window for a
    constant, as :class:`minigrad.Truncated` does. The price is variance, which grows with W;
    ``result.error`` has the standard errors. Labelled an approximation.

    Parameters
    ----------
    window : int
        Steps in a window; the last one is shorter if it has to be.
    sigma, pairs, seed, executor
        As for :class:`minigrad.Evolution`.

    Raises
    ------
    ValueError
        If a setting is out of range.

    References
    ----------
    .. [1] P. Vicol, L. Metz, J. Sohl-Dickstein, "Unbiased Gradient Estimation in Unrolled
       Computation Graphs with Persistent Evolution Strategies", ICML 2021, section 4.

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     steps=6,
    ... )
    >>> whole = mg.hypergradient(run, {"eta": 0.3}, mg.hyper.PersistentEvolution(window=6))
    >>> whole.gradient == mg.hypergradient(run, {"eta": 0.3}, mg.Evolution()).gradient
    True
    """

    window: int
    sigma: float = 0.05
    pairs: int = 64
    seed: int = 0
    executor: Executor | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        checked_window("PersistentEvolution", self.window)
        settings = self.sigma, self.pairs, self.seed, self.executor
        checked_settings("PersistentEvolution", *settings)

    @examined
    def hypergradient(self, run: TrainingRun, hypers: Any) -> HyperGradient:
        """Return the mean cost and its gradient; see :func:`minigrad.hypergradient`."""
        noise = self.sigma, self.pairs, self.seed
        return smoothed(run, hypers, self.window, noise, self.executor, repr(self))
