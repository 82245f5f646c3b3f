"""Softmax regression on digits with momentum: three hyperparameters to choose."""

import numpy as np

import minigrad as mg

digits = mg.datasets.digits()


def step(state, hypers, batch):
    """Take a step of gradient descent with momentum."""
    w, velocity = state
    x, y = batch
    slope = mg.grad(lambda w: mg.nn.cross_entropy(x @ w, y))(w) + hypers["lam"] * w
    velocity = hypers["mu"] * velocity - hypers["eta"] * slope
    return w + velocity, velocity


def cost(state, hypers):
    """Return the cost on the validation digits."""
    return mg.nn.cross_entropy(digits.validation.x @ state[0], digits.validation.y)


run = mg.TrainingRun(
    init=lambda hypers: (np.zeros((64, 10)), np.zeros((64, 10))),
    step=step,
    cost=cost,
    steps=100,
    batches=mg.datasets.batches(*digits.train, size=32, steps=100),
)
hypers = {"eta": mg.positive(0.1), "lam": mg.positive(0.01), "mu": mg.unit_interval(0.5)}
