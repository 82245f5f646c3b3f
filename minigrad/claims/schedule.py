"""S9: a learning rate for each step."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.claims.claim import Claim, Fact
from minigrad.experiments import Classification
from minigrad.hyper import (
    Adam,
    Stored,
    TrainingRun,
    grid_search,
    hypergradient,
    per_step,
    positive,
    tune,
)

__all__ = ["noisy_quadratic", "settle"]

STEPS, LAM = 100, 1.0
H = np.logspace(-3.0, 0.0, 20)  # curvatures
NOISE, FIRST = 1.0, 100.0


def settle() -> Claim:
    """Learn a hundred rates by one backward pass each time, from the best constant."""
    digits = Classification(steps=STEPS).run
    constant, best = best_constant(digits, {"lam": np.array([LAM])}, np.geomspace(0.1, 5.0, 40))
    schedule = {"eta": per_step(positive(np.full(STEPS, constant))), "lam": positive(LAM)}
    slopes = hypergradient(digits, schedule, Stored()).gradient["eta"]
    together = hypergradient(digits, {"eta": constant, "lam": LAM}, Stored()).gradient["eta"]
    tuned = tune(digits, schedule, 60, optimiser=Adam(0.05), method=Stored())

    noisy = noisy_quadratic()
    noisy_constant, noisy_best = best_constant(noisy, {}, np.geomspace(0.1, 1.9, 200))
    noisy_schedule = {"eta": per_step(positive(np.full(STEPS, noisy_constant)))}
    noisy_tuned = tune(noisy, noisy_schedule, 150, optimiser=Adam(0.05), method=Stored())
    rates = noisy_tuned.values["eta"]
    first, last = (float(np.mean(part)) for part in (rates[:25], rates[-5:]))
    greedy = float(noisy.evaluate({"eta": per_step(greedy_rates())}))
    return Claim(
        number=9,
        statement="We should decrease eta as we get closer to the minimum; the values of the "
        "hyper-parameters will change for every epoch, so there can't be constant optimal values",
        facts=[
            Fact(
                "sum of the 100 derivatives in a rate for each step, one backward pass",
                float(np.sum(slopes)),
            ),
            Fact("derivative in the constant rate, which they add up to", float(together)),
            Fact("digits: validation cost at the best of 40 constants", best),
            Fact("digits: with the learnt schedule", tuned.best.cost),
            Fact("noisy quadratic: expected loss at the best of 200 constants", noisy_best),
            Fact("noisy quadratic: with the learnt schedule", float(noisy_tuned.best.cost)),
            Fact("its mean rate in the first quarter", first),
            Fact("its mean rate in the last five steps", last),
            Fact("noisy quadratic: each rate best for the next step alone (short horizon)", greedy),
        ],
        verdict="true",
        why="a learnt schedule beats every constant, and where gradients are noisy it falls at the "
        "end; but rates that are best for the next step alone fall too early, and lose to a "
        "constant.",
        holds=bool(
            np.isclose(np.sum(slopes), together, rtol=1e-9, atol=1e-12)
            and tuned.best.cost < best
            and noisy_tuned.best.cost < noisy_best < greedy
            and last < 0.25 * first
        ),
    )


def best_constant(run: TrainingRun, others: Any, rates: Any) -> tuple[float, float]:
    """Return the best constant rate of some, and its cost."""
    searched = grid_search(run, {"eta": rates, **others})
    return float(searched.points[searched.best]["eta"]), float(searched.costs[searched.best])


def noisy_quadratic() -> TrainingRun:
    r"""Return descent with noisy gradients on a quadratic, in expectation.

    The gradient is :math:`h (w - c)` with c of variance :math:`\sigma^2`, so the second moment of w
    goes by :math:`A \leftarrow (1 - \eta h)^2 A + \eta^2 h^2 \sigma^2`.

    References
    ----------
    .. [1] Y. Wu, M. Ren, R. Liao, R. Grosse, "Understanding Short-Horizon Bias in Stochastic
       Meta-Optimization", ICLR 2018, section 2.
    """
    return TrainingRun(
        init=lambda h: np.full(20, FIRST),
        step=lambda a, h, batch: (1 - h["eta"] * H) ** 2 * a + (h["eta"] * H) ** 2 * NOISE,
        cost=lambda a, h: 0.5 * np.sum(H * a),
        steps=STEPS,
    )


def greedy_rates() -> Any:
    """Return the rates each of which makes the loss after its own step least."""
    a, rates = np.full(20, FIRST), []
    for _ in range(STEPS):
        eta = np.sum(H**2 * a) / np.sum(H**3 * (a + NOISE))
        a = (1 - eta * H) ** 2 * a + (eta * H) ** 2 * NOISE
        rates.append(eta)
    return np.array(rates)
