r"""A run of single numbers: logistic regression on a line, an example a step.

.. math:: C_t = \ln(1 + e^{z_t}) - y_t z_t + \tfrac{\lambda}{2} w^2, \qquad z_t = w x_t + b

There is next to no arithmetic in it: what is timed is the overhead of an operation, and the
plain training is in Python's own numbers, which are quicker than NumPy's.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np

import minigrad as mg
from minigrad import nn, optim


class ScalarProblem:
    """The numbers of the run, the same for every contender."""

    steps, eta, lam = 1000, 0.1, 0.05

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        x = rng.normal(size=self.steps + 20)
        y = (rng.uniform(size=len(x)) < 1 / (1 + np.exp(0.5 - 2 * x))).astype(float)
        self.batches = tuple(zip(x[:-20].tolist(), y[:-20].tolist(), strict=True))
        self.validation = x[-20:], y[-20:]
        self.params = {"w": 0.3, "b": 0.1}

    @cached_property
    def hypers(self) -> Any:
        """The two hyperparameters."""
        return {"eta": mg.positive(self.eta), "lam": mg.positive(self.lam)}

    def train_plain(self) -> float:
        """Train with Python's numbers and return the validation cost."""
        w, b, eta, lam = self.params["w"], self.params["b"], self.eta, self.lam
        exp = math.exp
        for x, y in self.batches:
            d = 1.0 / (1.0 + exp(-(w * x + b))) - y
            w, b = w - eta * (d * x + lam * w), b - eta * d
        x, y = self.validation
        z = w * x + b
        return float(np.mean(np.logaddexp(0.0, z) - y * z))

    @cached_property
    def run(self) -> mg.TrainingRun:
        """The same training as a user of minigrad writes it."""
        validation = self.validation

        def loss(p: Any, x: Any, y: Any) -> Any:
            z = p["w"] * x + p["b"]
            return nn.softplus(z) - y * z

        def step(params: Any, h: Any, batch: Any) -> Any:
            grads = mg.grad(loss)(params, *batch)
            return optim.sgd.update(params, grads, (), eta=h["eta"], lam=h["lam"])[0]

        return mg.TrainingRun(
            init=lambda h: self.params,
            step=step,
            cost=lambda params, h: np.mean(loss(params, *validation)),
            steps=self.steps,
            batches=self.batches,
        )
