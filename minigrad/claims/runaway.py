"""S8: where the weight decay goes when one descends on it, by what is called the cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import optim
from minigrad.claims.claim import Claim, Fact
from minigrad.hyper import Stored, TrainingRun, hypergradient, positive, real, tune

__all__ = ["settle"]

# Ridge regression of orthogonal design, X'X / n = I: p weights, n examples, noise of variance s2,
# true weights of squared norm B. Its risk is least at lambda* = p s2 / (n B).
P, N, NOISE, B = 10, 40, 2.25, 2.0
BEST = P * NOISE / (N * B)


def settle() -> Claim:
    """Descend on lambda for three outer costs."""
    joint = {steps: joint_descent(steps) for steps in (10, 20, 25)}
    truth = np.sqrt(B / P) * np.ones(P)

    def regularised(w: Any, lam: Any) -> Any:
        return unregularised(w, lam) + 0.5 * lam * np.sum(w * w)

    def unregularised(w: Any, lam: Any) -> Any:
        return 0.5 * np.sum((w - truth) ** 2)

    def risk(w: Any, lam: Any) -> Any:
        """Return the expected error on new data: bias squared and variance."""
        shrunk = 1 / (1 + lam)
        return np.sum((w - truth) ** 2) + P * NOISE / N * shrunk**2

    slope = hypergradient(ridge(truth, regularised), {"lam": real(0.3)}, Stored()).gradient["lam"]
    plain = tune(ridge(truth, unregularised), {"lam": positive(0.3)}, 120)
    finite = tune(ridge(truth, risk), {"lam": positive(0.05)}, 60)
    found = float(finite.values["lam"])
    return Claim(
        number=8,
        statement="lambda is part of the cost function. When you apply SGD on lambda, lambda will "
        "keep decreasing because its optimal value is obviously -infinity",
        facts=[
            *(
                Fact(f"lambda after {t} joint steps on w and lambda down C itself, from 0.1", lam)
                for t, lam in joint.items()
            ),
            Fact("dC/d lambda of C itself, trained at lambda = 0.3: always positive", float(slope)),
            Fact(
                "lambda by descent on the unregularised training cost, from 0.3",
                float(plain.values["lam"]),
            ),
            Fact("lambda by descent on the error on new data, from 0.05", found),
            Fact("lambda* = p s^2 / (n B), where that error is least", BEST),
        ],
        verdict="true only if the regularised cost itself is the outer cost",
        why="then it even explodes; by the training cost without penalty lambda goes to 0, and by "
        "the error on new data to a finite value, which is what tuning is for.",
        holds=joint[25] < -1e6 < joint[20] < joint[10] < 0 < slope
        and plain.values["lam"] < 0.01
        and abs(found / BEST - 1) < 1e-2,
    )


def ridge(target: Any, cost: Callable[[Any, Any], Any]) -> TrainingRun:
    """Return gradient descent on |w - target|^2 / 2 + lam |w|^2 / 2, long enough to converge."""
    return TrainingRun(
        init=lambda h: np.zeros(P),
        step=lambda w, h, batch: optim.sgd.update(
            {"w": w}, {"w": w - target}, (), eta=0.5, lam=h["lam"]
        )[0]["w"],
        cost=lambda w, h: cost(w, h["lam"]),
        steps=60,
    )


def joint_descent(steps: int) -> float:
    """Return lambda after steps on both w and lambda down (w-2)^2/2 + lambda w^2/2."""
    w, lam, rate = 1.0, 0.1, 0.1
    for _ in range(steps):
        w, lam = w - rate * (w - 2 + lam * w), lam - rate * 0.5 * w * w
    return lam
