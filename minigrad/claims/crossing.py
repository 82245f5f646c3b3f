"""S6: how many hyperparameters it takes until a descent is cheaper than a grid."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from minigrad import datasets, nn, optim, tree
from minigrad.claims.claim import Claim, Fact
from minigrad.hyper import TrainingRun, grid_search, positive, tune, unit_interval
from minigrad.transforms import grad

__all__ = ["settle"]

STEPS, OUTER = 30, 15
# What a hypergradient is worth, counted in products of matrices: a step of training takes 2 for the
# first of the two layers and 3 for the other; with the derivative of that step, 4 and 9.
PRICE = (4 + 9) / (2 + 3)
# Where each descent begins, what the others are held at, and the five values of the grid.
START = {"eta": 0.1, "lam": 1.0, "mu": 0.5, "scale": 0.5, "tail": 1.0}
GRID = {
    "eta": np.geomspace(0.03, 3.0, 5),
    "lam": np.geomspace(0.01, 100.0, 5),
    "mu": np.linspace(0.1, 0.9, 5),
    "scale": np.geomspace(0.1, 3.0, 5),
    "tail": np.geomspace(0.01, 100.0, 5),
}
DOMAINS = {"mu": unit_interval}


def settle() -> Claim:
    """Search and descend with 1 to 5 hyperparameters, on the same small training of digits."""
    facts, cheaper, near, ratios = [], [], [], []
    for k in range(1, 6):
        names = list(START)[:k]
        run = training()
        hypers = {name: DOMAINS.get(name, positive)(START[name]) for name in names}
        descent, descent_seconds = timed(lambda run=run, h=hypers: tune(run, h, OUTER))
        cost, points = float(descent.best.cost), 5**k
        cheaper.append(points > OUTER * PRICE)
        facts.append(Fact(f"{k}: trainings of a grid", points))
        facts.append(Fact(f"{k}: seconds of {OUTER} hypergradients", round(descent_seconds, 3)))
        facts.append(Fact(f"{k}: validation cost by descent", cost))
        if k < 5:
            grid = {name: GRID[name] for name in names}
            found, seconds = timed(lambda run=run, grid=grid: grid_search(run, grid))
            best = float(found.costs[found.best])
            facts.append(Fact(f"{k}: seconds of the grid", round(seconds, 3)))
            facts.append(Fact(f"{k}: validation cost by the grid", best))
            near.append(cost < 1.1 * best)
            ratios.append(descent_seconds / OUTER / (seconds / points))
    first = 1 + cheaper.index(True)
    worth, measured = OUTER * PRICE, float(np.median(ratios))
    between = f"{5 ** (first - 1) / OUTER:.1f} to {5**first / OUTER:.1f}"
    return Claim(
        number=6,
        statement="Usually grid search is easy enough to apply and thus that is what is used",
        facts=[
            *facts,
            Fact(f"trainings that {OUTER} hypergradients are worth by their arithmetic", worth),
            Fact("trainings that one took, by the clock (median)", round(measured, 2)),
            Fact("hyperparameters from which on the descent is cheaper", first),
            Fact("which holds if a hypergradient is worth so many trainings", between),
        ],
        verdict="true only if there are one or two hyperparameters",
        why=f"a grid of 5 values takes 5^k trainings, a descent the same for any k: it is cheaper "
        f"from k = {first} on, and comes as low or nearly so.",
        holds=first == 3 and all(near),
    )


def timed(function: Any) -> tuple[Any, float]:
    """Return a result and the seconds that it took."""
    start = time.perf_counter()
    return function(), time.perf_counter() - start


def training() -> TrainingRun:
    """Return a training of a 64-16-10 network on digits with five things to choose.

    The rate, the decay of the first layer, the momentum, the scale of the first weights and the
    decay of the last layer; what is not among the hypers is as in `START`.
    """
    digits = datasets.digits()
    n, begin = len(digits.train.x), nn.init_mlp(0, (64, 16, 10))

    def cost_on(params: Any, x: Any, y: Any) -> Any:
        return nn.cross_entropy(nn.mlp(params, x), y)

    def init(hypers: Any) -> Any:
        scale = {**START, **hypers}["scale"]
        params = tree.map(lambda w: w * scale, begin)
        return params, optim.momentum.init(begin)

    def step(state: Any, hypers: Any, batch: Any) -> Any:
        params, velocity = state
        h = {**START, **hypers}
        grads = grad(lambda p: cost_on(p, *batch))(params)
        lam = [h["lam"], h["tail"]]
        return optim.momentum.update(
            params, grads, velocity, eta=h["eta"], lam=lam, mu=h["mu"], n=n
        )

    return TrainingRun(
        init=init,
        step=step,
        cost=lambda state, hypers: cost_on(state[0], *digits.validation),
        steps=STEPS,
        batches=datasets.batches(*digits.train, size=64, steps=STEPS),
    )
