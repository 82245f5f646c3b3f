"""The gradient of a smoothed cost, from trainings at random points around: no derivative at all."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.arguments import number, seed
from minigrad.hyper.coordinates import Coordinates, flat
from minigrad.hyper.health import examined
from minigrad.hyper.result import HyperGradient, Stats
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.unrolling.unroll import Unroll
from minigrad.hyper.unrolling.windows import cost_at, moved_to, windows

__all__ = ["Evolution", "checked_settings", "smoothed"]

TASKS = 16  # that the trainings are divided into for an executor: each is sent the run once


@dataclass(frozen=True)
class Evolution:
    r"""Estimate the gradient of the smoothed cost by antithetic evolution strategies.

    In the unconstrained coordinates u,

    .. math:: \nabla_u \operatorname{E} C(u + \sigma \varepsilon) \approx
              \frac{1}{n} \sum_{i=1}^{n}
              \frac{C(u + \sigma \varepsilon_i) - C(u - \sigma \varepsilon_i)}{2 \sigma}
              \, \varepsilon_i, \qquad \varepsilon_i \sim \mathcal{N}(0, I)

    It is unbiased for the cost smoothed over a width of :math:`\sigma`, which has a gradient that
    means something where the cost itself is chaotic, or jumps. Of a quadratic cost that is the
    gradient itself. Labelled an approximation; ``result.error`` has its standard errors, from the
    spread of the n terms. They grow with the number of hyperparameters and fall with
    :math:`\sqrt{n}`.

    Parameters
    ----------
    sigma : float, default 0.05
        :math:`\sigma`. On a logarithm, 0.05 is about 5 %.
    pairs : int, default 64
        n; it takes two trainings for each, and one for the cost at the centre.
    seed : int, default 0
        Of the directions. More pairs continue the same sequence.
    executor : concurrent.futures.Executor, optional
        Whose workers train, in 16 tasks; the result is the same to the last bit. For processes it
        must be possible to pickle the run.

    Raises
    ------
    ValueError
        If a setting is out of range. A training that diverges does not raise: the estimate is then
        not finite, and ``stats.why`` says how many did.

    References
    ----------
    .. [1] T. Salimans, J. Ho, X. Chen, S. Sidor, I. Sutskever, "Evolution Strategies as a Scalable
       Alternative to Reinforcement Learning", arXiv:1703.03864, section 2.
    .. [2] L. Metz, N. Maheswaranathan, J. Nixon, C. D. Freeman, J. Sohl-Dickstein, "Understanding
       and correcting pathologies in the training of learned optimizers", ICML 2019.

    Examples
    --------
    The cost is :math:`x = e^u`; smoothed, its slope in u is :math:`e^{u + \sigma^2 / 2}`:

    >>> import numpy as np
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(lambda h: 0.0, lambda s, h, b: s, lambda s, h: h, steps=0)
    >>> result = mg.hypergradient(run, mg.positive(3.0), mg.Evolution(sigma=0.5, pairs=1000))
    >>> off = result.gradient - np.exp(0.5**2 / 2)
    >>> bool(abs(off) < 3 * result.error < 0.2)
    True
    """

    sigma: float = 0.05
    pairs: int = 64
    seed: int = 0
    executor: Executor | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        checked_settings("Evolution", self.sigma, self.pairs, self.seed, self.executor)

    @examined
    def hypergradient(self, run: TrainingRun, hypers: Any) -> HyperGradient:
        """Return the cost and its gradient; see :func:`minigrad.hypergradient`."""
        noise = self.sigma, self.pairs, self.seed
        return smoothed(run, hypers, max(run.steps, 1), noise, self.executor, repr(self))


def checked_settings(name: str, sigma: Any, pairs: Any, start: Any, executor: Any) -> None:
    """Check the settings that all estimates by random directions have."""
    number(f"{name}: sigma=", sigma, above=0)
    seed(f"{name}: seed=", start)
    if executor is not None and not hasattr(executor, "map"):
        raise TypeError(
            f"{name}: executor= must be a concurrent.futures.Executor, got {executor!r:.60}"
        )
    if not isinstance(pairs, int | np.integer) or isinstance(pairs, bool) or pairs < 1:
        raise ValueError(f"{name}: pairs= must be a number of pairs, 1 or more, got {pairs!r:.60}")


def smoothed(
    run: TrainingRun,
    hypers: Any,
    window: int,
    noise: tuple[float, int, int],
    executor: Executor | None,
    method: str,
) -> HyperGradient:
    """Return the mean cost at the ends of windows, and the gradient of it smoothed.

    The directions are drawn anew for each window; a cost is held against the sum of those that its
    state has met. See :class:`minigrad.hyper.PersistentEvolution`.
    """
    start = time.perf_counter()
    sigma, pairs, start_of_noise = noise
    coordinates = Coordinates(hypers)
    u = flat(tree.map(lambda hyper: hyper.unconstrained, coordinates.marked))
    stretches = windows(run.steps, window)
    shape = pairs, len(stretches), coordinates.size
    directions = np.random.default_rng(start_of_noise).standard_normal(shape)
    jobs = [
        [coordinates.moved_to(u + side * sigma * direction) for direction in pair]
        for pair in directions
        for side in (1.0, -1.0)
    ]
    centre = [coordinates.marked] * len(stretches)
    cost = float(np.mean(costs_at_ends(run, [centre], stretches)))
    if executor is None:
        costs = costs_at_ends(run, jobs, stretches)
    else:
        tasks = [jobs[k::TASKS] for k in range(min(TASKS, len(jobs)))]
        costs = np.empty((len(jobs), len(stretches)))
        done = executor.map(costs_at_ends, repeat(run), tasks, repeat(stretches))
        for k, part in enumerate(done):
            costs[k::TASKS] = part
    with np.errstate(over="ignore", invalid="ignore"):
        slopes = (costs[0::2] - costs[1::2]) / (2.0 * sigma * len(stretches))
        terms = np.einsum("pw,pwk->pk", slopes, np.cumsum(directions, axis=1))
        mean = np.mean(terms, axis=0)
        spread = np.std(terms, axis=0, ddof=1) if pairs > 1 else np.full_like(mean, np.nan)
    bends = flat(tree.map(lambda hyper: hyper.domain.slope(hyper.value), coordinates.marked))
    lost = int(np.sum(~np.isfinite(costs).all(axis=1)))
    stats = Stats(
        method=method,
        exact=False,
        steps_run=(1 + len(jobs)) * run.steps,
        seconds=time.perf_counter() - start,
        why=f"{lost} of {len(jobs)} trainings diverged" if lost else "",
    )
    gradient, error = (coordinates.natural(v / bends) for v in (mean, spread / np.sqrt(pairs)))
    return HyperGradient(cost, gradient, coordinates.marked, stats, error)


def costs_at_ends(
    run: TrainingRun, jobs: Sequence[Sequence[Any]], stretches: Sequence[tuple[int, int]]
) -> Any:
    """Return the outer costs at the ends of windows, shape (jobs, windows).

    A job is the hypers of each window. A training that diverges costs inf or nan from there on.
    """
    costs = np.full((len(jobs), len(stretches)), np.inf)
    known = None
    for row, hypers in zip(costs, jobs, strict=True):
        with np.errstate(all="ignore"):
            unroll = Unroll(run, hypers[0]) if known is None else moved_to(known, hypers[0])
            try:
                state = unroll.begin()
                for k, (first, end) in enumerate(stretches):
                    unroll = moved_to(unroll, hypers[k])
                    state = unroll.advance(state, first, end)
                    row[k] = cost_at(run, unroll, state)
            except OverflowError:  # of a power of Python numbers, which is no infinity
                continue
        known = unroll
    return costs
