"""S10: a small net that sets the learning rate."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import nn, optim, tree
from minigrad.claims.claim import Claim, Fact
from minigrad.claims.schedule import best_constant
from minigrad.experiments import Classification
from minigrad.hyper import Adam, Stored, TrainingRun, real, tune
from minigrad.transforms import grad

__all__ = ["settle"]

STEPS, LAM, UNITS = 100, 1.0, 8


def settle() -> Claim:
    """Train a net that outputs eta_t, through the training whose rate it sets."""
    experiment = Classification(steps=STEPS)
    rates = np.geomspace(0.1, 5.0, 40)
    constant, best = best_constant(experiment.run, {"lam": np.array([LAM])}, rates)
    run = steered(experiment, constant)
    net = nn.init_mlp(0, (3, UNITS, 1))
    net[-1]["w"] = np.zeros((UNITS, 1))  # so that it begins with the constant
    hypers = real(net)
    begin = float(run.evaluate(hypers))
    tuned = tune(run, hypers, 40, optimiser=Adam(0.05), method=Stored())
    etas = [rate_of(tuned.values, t, constant) for t in (0, STEPS // 2, STEPS - 1)]
    return Claim(
        number=10,
        statement="It is possible to optimize hyperparameters like eta and lambda with another "
        "neural net",
        facts=[
            Fact("weights and biases of the net", sum(map(np.size, tree.leaves(net)))),
            Fact("validation cost at the best of 40 constant rates", best),
            Fact("with the net as it begins, which outputs that constant", begin),
            Fact("with the net trained through the tape, 40 outer steps", tuned.best.cost),
            *(
                Fact(f"rate that it sets at {when} of the training", eta)
                for when, eta in zip(("the beginning", "the middle", "the end"), etas, strict=True)
            ),
        ],
        verdict="true",
        why="its weights are hyperparameters like any others, and their derivatives come from the "
        "same backward pass.",
        holds=bool(np.isclose(begin, best, rtol=1e-9) and tuned.best.cost < best),
    )


def steered(experiment: Classification, constant: float) -> TrainingRun:
    """Return the training whose rate at step t is what the net makes of t."""

    def step(params: Any, net: Any, given: Any) -> Any:
        features, images, labels = given
        grads = grad(lambda p: experiment.cross_entropy(p, images, labels))(params)
        eta = constant * np.exp(nn.mlp(net, features)[0, 0])
        return optim.sgd.update(params, grads, (), eta=eta, lam=LAM, n=experiment.n)[0]

    return TrainingRun(
        init=experiment.init,
        step=step,
        cost=experiment.validation_cost,
        steps=STEPS,
        batches=lambda t: (features_of(t), *experiment.batches[t]),
    )


def features_of(t: int) -> Any:
    """Return what the net is told of step t: a row of how far the training is."""
    x = t / STEPS
    return np.array([[x, x**2, np.cos(np.pi * x)]])


def rate_of(net: Any, t: int, constant: float) -> float:
    """Return the rate that a net sets at step t."""
    return float(constant * np.exp(nn.mlp(net, features_of(t))[0, 0]))
