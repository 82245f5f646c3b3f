r"""The runs that are timed: networks trained on digits, plainly and with minigrad.

Each step descends on the mean cross-entropy of a mini-batch plus
:math:`\frac{\lambda}{2n} \sum_w w^2`; the value is the cross-entropy on the validation images.
`train_plain` is what somebody would write who wants only to train: decent NumPy by hand. It is
the unit of all ratios.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import minigrad as mg
from minigrad import datasets, nn, optim


class Workload(NamedTuple):
    """A training run to time."""

    sizes: tuple[int, ...] = (64, 32, 10)
    batch: int = 64
    steps: int = 200
    eta: float = 0.5
    lam: float = 2.0


SMALL = Workload()


class Problem:
    """The arrays of a workload: images, batches and first weights, the same for every contender."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        rng = np.random.default_rng(0)
        digits = datasets.digits()
        self.n = len(digits.train.x)
        self.validation = digits.validation
        self.batches = datasets.batches(
            *digits.train, size=workload.batch, steps=workload.steps, seed=0
        )
        self.params = [
            {"w": rng.normal(size=(k, m)) / np.sqrt(k), "b": 0.1 * rng.normal(size=m)}
            for k, m in zip(workload.sizes[:-1], workload.sizes[1:], strict=True)
        ]
        self.hypers = {"eta": mg.positive(workload.eta), "lam": mg.positive(workload.lam)}

    def train_plain(self) -> float:
        """Train with hand-written NumPy and return the validation cost."""
        eta, decay = self.workload.eta, self.workload.lam / self.n
        ws = [layer["w"] for layer in self.params]
        bs = [layer["b"] for layer in self.params]
        for x, y in self.batches:
            activations = [x]
            for w, b in zip(ws[:-1], bs[:-1], strict=True):
                activations.append(np.tanh(activations[-1] @ w + b))
            z = activations[-1] @ ws[-1] + bs[-1]
            d = np.exp(z - z.max(axis=1, keepdims=True))
            d /= d.sum(axis=1, keepdims=True)
            d[np.arange(len(y)), y] -= 1.0
            d /= len(y)
            for k in reversed(range(len(ws))):
                a, w = activations[k], ws[k]
                w_bar, b_bar = a.T @ d + decay * w, d.sum(axis=0)
                if k:
                    d = (d @ w.T) * (1.0 - a * a)
                ws[k], bs[k] = w - eta * w_bar, bs[k] - eta * b_bar
        x, y = self.validation
        for w, b in zip(ws[:-1], bs[:-1], strict=True):
            x = np.tanh(x @ w + b)
        z = x @ ws[-1] + bs[-1]
        z = z - z.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y]))

    @property
    def run(self) -> mg.TrainingRun:
        """The same training as a user of minigrad writes it."""

        def step(params: Any, h: Any, batch: Any) -> Any:
            grads = mg.grad(lambda p: nn.cross_entropy(nn.mlp(p, batch[0]), batch[1]))(params)
            params, _ = optim.sgd.update(params, grads, (), eta=h["eta"], lam=h["lam"], n=self.n)
            return params

        return mg.TrainingRun(
            init=lambda h: self.params,
            step=step,
            cost=lambda params, h: nn.cross_entropy(
                nn.mlp(params, self.validation.x), self.validation.y
            ),
            steps=self.workload.steps,
            batches=self.batches,
        )
