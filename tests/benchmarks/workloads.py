r"""The runs that are timed: networks trained plainly and with minigrad.

Each step descends on the mean cross-entropy of a mini-batch plus
:math:`\frac{\lambda}{2n} \sum_w w^2`; the value is the cross-entropy on the validation images.
`train_plain` is what somebody would write who wants only to train: decent NumPy by hand. It is
the unit of all ratios.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

import minigrad as mg
from minigrad import datasets, nn, optim
from tests.benchmarks.scalar import ScalarProblem


class Workload(NamedTuple):
    """A training run to time.

    `eta` is one rate or one for each step; `lam` is one decay or one for each layer; `mu` is the
    momentum, None for plain descent.
    """

    sizes: tuple[int, ...] = (64, 32, 10)
    batch: int = 64
    steps: int = 200
    eta: Any = 0.5
    lam: Any = 2.0
    mu: float | None = None
    dtype: Any = np.float64


RATES = 0.5 * (1.0 + 0.2 * np.random.default_rng(4).uniform(-1.0, 1.0, size=200))

# fmt: off
NETWORKS = {
    "W1": Workload(),
    "W2": Workload((64, 256, 256, 10), batch=256, steps=100, eta=0.1, mu=0.9),
    "W3": Workload((784, 512, 512, 10), batch=512, steps=30, eta=0.1, lam=5.0, dtype=np.float32),
    "W4": Workload(eta=RATES, lam=(2.0, 1.0)),
    "W5": Workload(steps=5000),
}
# fmt: on
SMALL = NETWORKS["W1"]
NAMES = (*NETWORKS, "W6")


def problem(name: str) -> Problem | ScalarProblem:
    """Return a workload with its arrays, by its name."""
    return Problem(NETWORKS[name]) if name in NETWORKS else ScalarProblem()


def images(workload: Workload) -> tuple[datasets.Split, datasets.Split]:
    """Return training and validation images of the network's input size.

    Those of 8 x 8 pixels are the bundled digits. Larger ones are noise, 4,096 and 512 of it, that
    a random linear map labels: the arithmetic is the same.
    """
    if workload.sizes[0] == 64:
        digits = datasets.digits(workload.dtype)
        return digits.train, digits.validation
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4096 + 512, workload.sizes[0])).astype(workload.dtype)
    y = np.argmax(x @ rng.normal(size=(workload.sizes[0], workload.sizes[-1])), axis=1)
    return datasets.Split(x[:4096], y[:4096]), datasets.Split(x[4096:], y[4096:])


class Problem:
    """The arrays of a workload: images, batches and first weights, the same for every contender."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload
        rng = np.random.default_rng(0)
        train, self.validation = images(workload)
        self.n = len(train.x)
        self.batches = datasets.batches(*train, size=workload.batch, steps=workload.steps, seed=0)
        self.params = [
            {
                "w": (rng.normal(size=(k, m)) / np.sqrt(k)).astype(workload.dtype),
                "b": (0.1 * rng.normal(size=m)).astype(workload.dtype),
            }
            for k, m in zip(workload.sizes[:-1], workload.sizes[1:], strict=True)
        ]

    @property
    def hypers(self) -> Any:
        """The hyperparameters: two or three numbers, or a schedule and a decay for each layer."""
        eta, lam, mu = self.workload.eta, self.workload.lam, self.workload.mu
        hypers = {
            "eta": mg.positive(eta) if np.ndim(eta) == 0 else mg.per_step(mg.positive(eta)),
            "lam": mg.positive(lam if np.ndim(lam) == 0 else list(lam)),
        }
        return hypers if mu is None else {**hypers, "mu": mg.unit_interval(mu)}

    @property
    def values(self) -> list[Any]:
        """The hyperparameters as NumPy has them, in the dtype of the weights."""
        workload = self.workload
        given = (workload.eta, workload.lam, *(() if workload.mu is None else (workload.mu,)))
        return [np.asarray(value, workload.dtype)[()] for value in given]

    def train_plain(self) -> float:
        """Train with hand-written NumPy and return the validation cost."""
        workload, mu = self.workload, self.workload.mu
        ws = [layer["w"] for layer in self.params]
        bs = [layer["b"] for layer in self.params]
        etas = np.broadcast_to(workload.eta, workload.steps).tolist()
        decays = (np.broadcast_to(workload.lam, len(ws)) / self.n).tolist()
        w_vs, b_vs = [0.0] * len(ws), [0.0] * len(bs)
        for eta, (x, y) in zip(etas, self.batches, strict=True):
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
                w_bar, b_bar = a.T @ d + decays[k] * w, d.sum(axis=0)
                if k:
                    d = (d @ w.T) * (1.0 - a * a)
                if mu is not None:
                    w_bar = w_vs[k] = mu * w_vs[k] + w_bar
                    b_bar = b_vs[k] = mu * b_vs[k] + b_bar
                ws[k], bs[k] = w - eta * w_bar, bs[k] - eta * b_bar
        x, y = self.validation
        for w, b in zip(ws[:-1], bs[:-1], strict=True):
            x = np.tanh(x @ w + b)
        z = x @ ws[-1] + bs[-1]
        z = z - z.max(axis=1, keepdims=True)
        return float(np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y]))

    @cached_property
    def run(self) -> mg.TrainingRun:
        """The same training as a user of minigrad writes it."""
        n, (images, labels) = self.n, self.validation

        def slopes(params: Any, batch: Any) -> Any:
            return mg.grad(lambda p: nn.cross_entropy(nn.mlp(p, batch[0]), batch[1]))(params)

        def descend(params: Any, h: Any, batch: Any) -> Any:
            grads = slopes(params, batch)
            return optim.sgd.update(params, grads, (), eta=h["eta"], lam=h["lam"], n=n)[0]

        def roll(state: Any, h: Any, batch: Any) -> Any:
            params, velocity = state
            return optim.momentum.update(params, slopes(params, batch), velocity, **h, n=n)

        def value(params: Any) -> Any:
            return nn.cross_entropy(nn.mlp(params, images), labels)

        if self.workload.mu is None:
            return mg.TrainingRun(
                init=lambda h: self.params,
                step=descend,
                cost=lambda params, h: value(params),
                steps=self.workload.steps,
                batches=self.batches,
            )
        return mg.TrainingRun(
            init=lambda h: (self.params, optim.momentum.init(self.params)),
            step=roll,
            cost=lambda state, h: value(state[0]),
            steps=self.workload.steps,
            batches=self.batches,
        )
