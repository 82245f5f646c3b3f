"""S5: local minima, counted against the learning rate."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minigrad.claims.claim import Claim, Fact
from minigrad.hyper import Landscape, Stored, TrainingRun, hypergradient, positive

__all__ = ["cubic", "settle"]

W_0 = 0.3
PROMINENCE = 1e-6


def settle() -> Claim:
    """Count the minima of the cost over eta for descent on a cubic, which is the logistic map."""
    eta = np.linspace(0.0, 3.0, 30_001)[1:-1]
    counted = {steps: count(eta, steps) for steps in (2, 4, 6, 8, 10)}
    stable = max(count(eta[eta < 2.0], steps) for steps in range(8, 16))
    # At eta = 3 the map is solved: w_T = 4/3 sin^2(2^T theta).
    steps, theta = 10, math.asin(math.sqrt(0.75 * W_0))
    exact = 4 / 3 * math.sin(2**steps * theta) ** 2
    apart = abs(float(weights(np.array([3.0]), steps)[0]) - exact)
    far = abs(slope(2.9, 100))
    near = abs(slope(1.5, 100))
    return Claim(
        number=5,
        statement="There are other reasons why this might fail due to multiple local minima",
        facts=[
            *(
                Fact(f"local minima of C(eta) for 0 < eta < 3 after {t} steps", n)
                for t, n in counted.items()
            ),
            Fact("most of them for eta < 2, where the descent is stable, 8 to 15 steps", stable),
            Fact("|dC/d eta| after 100 steps at eta = 1.5", near),
            Fact("|dC/d eta| after 100 steps at eta = 2.9, in chaos", far),
            Fact("difference from the exact w_10 at eta = 3", apart),
        ],
        verdict="true only if eta is beyond the edge of stability",
        why="there the minima multiply with T and the slope explodes, and mg.trust says so; at "
        "stable rates C(eta) is a single valley.",
        holds=list(counted.values()) == [1, 3, 3, 4, 10]
        and stable == 1
        and apart < 1e-9
        and far > 1e15 > 1e-9 > near,
    )


def costs(eta: Any, steps: int) -> Any:
    """Return the costs for all rates at once."""
    w = weights(eta, steps)
    return w**3 / 3 - w**2 / 2


def weights(eta: Any, steps: int) -> Any:
    """Return the final weights for all rates at once.

    Descent on f(w) = w^3/3 - w^2/2 by w <- w + eta w (1 - w): with x = eta w / (1 + eta) it is the
    logistic map x <- r x (1 - x) of r = 1 + eta.
    """
    w = np.full_like(eta, W_0)
    for _ in range(steps):
        w = w + eta * w * (1 - w)
    return w


def count(eta: Any, steps: int) -> int:
    """Return how many local minima over eta stand out."""
    found = Landscape(["eta"], [eta], costs(eta, steps)).minima(PROMINENCE)
    return sum(not minimum.at_edge for minimum in found)


def cubic(steps: int) -> TrainingRun:
    """Return the same descent as a training run."""
    return TrainingRun(
        init=lambda h: W_0,
        step=lambda w, h, batch: w + h["eta"] * w * (1 - w),
        cost=lambda w, h: w**3 / 3 - w**2 / 2,
        steps=steps,
    )


def slope(eta: float, steps: int) -> float:
    """Return dC/d eta, by the tape."""
    return float(hypergradient(cubic(steps), {"eta": positive(eta)}, Stored()).gradient["eta"])
