"""S7: whether the cost is a function of eta."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.claims.claim import Claim, Fact
from minigrad.experiments import Classification
from minigrad.hyper import Stored, TrainingRun, hypergradient, positive

__all__ = ["settle"]


def settle() -> Claim:
    """Take dC/d eta at fixed weights, and at those that training leads to, for growing T."""
    experiment = Classification(steps=0)
    fixed = hypergradient(experiment.run, digits_hypers(), Stored()).gradient["eta"]
    digits = {
        steps: float(
            hypergradient(Classification(steps=steps).run, digits_hypers(), Stored()).gradient[
                "eta"
            ]
        )
        for steps in (1, 10, 100)
    }
    ridge = {steps: of_ridge(steps) for steps in (1, 10, 100, 1000)}
    formula = {steps: closed_form(steps) for steps in ridge}
    apart = max(abs(ridge[t] - formula[t]) / max(abs(formula[t]), 1e-12) for t in (1, 10, 100))
    return Claim(
        number=7,
        statement="The cost function C(w, lambda) is not a function of learning rate eta. You "
        "can't compute the gradient of eta",
        facts=[
            Fact("dC/d eta at fixed weights (T = 0), digits", float(fixed)),
            *(Fact(f"dC/d eta after {t} steps, digits", slope) for t, slope in digits.items()),
            *(Fact(f"dC/d eta after {t} steps, ridge regression", d) for t, d in ridge.items()),
            Fact("largest relative difference from -T grad C . A M^(T-1) e_0, T <= 100", apart),
        ],
        verdict="true only if the weights are held fixed",
        why="the trained weights depend on eta, and so does their cost; of a convex problem that "
        "is trained to its end the slope vanishes, like T rho^T.",
        holds=fixed == 0
        and all(slope != 0 for slope in digits.values())
        and apart < 1e-9
        and abs(ridge[1000]) < 1e-12 < abs(ridge[1]),
    )


def digits_hypers() -> dict[str, Any]:
    """Return a learning rate and a decay that train well."""
    return {"eta": positive(0.5), "lam": positive(1.0)}


# Ridge regression in its eigenbasis: C0 = sum_i h_i (w_i - a_i)^2 / 2.
H, TARGET, ETA, LAM = np.array([1.0, 0.5, 0.25]), np.array([1.0, -2.0, 3.0]), 0.5, 0.1


def of_ridge(steps: int) -> float:
    """Return dC0/d eta after so many steps of gradient descent on C0 + lam w^2 / 2."""
    run = TrainingRun(
        init=lambda h: np.zeros(3),
        step=lambda w, h, batch: w - h["eta"] * (H * (w - TARGET) + LAM * w),
        cost=lambda w, h: np.sum(0.5 * H * (w - TARGET) ** 2),
        steps=steps,
    )
    return float(hypergradient(run, {"eta": positive(ETA)}, Stored()).gradient["eta"])


def closed_form(steps: int) -> float:
    """Return the same by its formula."""
    a = H + LAM
    limit = H * TARGET / a
    m, e = 1 - ETA * a, -limit
    w = limit + m**steps * e
    return float(np.sum(H * (w - TARGET) * -steps * a * m ** (steps - 1) * e))
