r"""The main job: Nielsen's regularised network on real digits, as a training run.

A network of 64 inputs, 32 tanh units and 10 outputs is trained by mini-batch gradient descent with
weight decay, exactly as in the question that started this project:

.. math:: C = C_0 + \frac{\lambda}{2n} \sum_w w^2, \qquad
          w \leftarrow \Bigl(1 - \frac{\eta \lambda}{n}\Bigr) w
                     - \frac{\eta}{m} \sum_x \frac{\partial C_x}{\partial w}

with the cross-entropy for :math:`C_x`, n training images and batches of m. The outer cost is the
unregularised cross-entropy on the validation images.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import datasets, nn, optim
from minigrad.hyper import TrainingRun
from minigrad.transforms import grad

__all__ = ["DigitsExperiment", "digits_experiment"]


@dataclass(frozen=True)
class DigitsExperiment:
    """A training run on the bundled digits, and how to judge what it trained.

    Attributes
    ----------
    run : TrainingRun
        Its hypers are ``{"eta": ..., "lam": ...}``; its outer cost is the validation cost.
    judge : callable
        ``judge(hypers)`` trains and returns the cost and accuracy on the validation and the test
        images, as ``{"validation": {"cost": ..., "accuracy": ...}, "test": ...}``.
    """

    run: TrainingRun
    judge: Callable[[Any], dict[str, dict[str, float]]]


def digits_experiment(
    steps: int = 200, seed: int = 0, *, hidden: int = 32, batch: int = 64
) -> DigitsExperiment:
    """Return the training run of a 64-hidden-10 network on the bundled digits.

    Parameters
    ----------
    steps : int, default 200
        Training steps.
    seed : int, default 0
        Of the initial weights and of the mini-batches.
    hidden : int, default 32
        Hidden units.
    batch : int, default 64
        Images in a mini-batch.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad.experiments import digits_experiment
    >>> experiment = digits_experiment(steps=20)
    >>> before = experiment.run.evaluate({"eta": 0.01, "lam": 1.0})
    >>> after = experiment.run.evaluate({"eta": 0.5, "lam": 1.0})
    >>> bool(after < before)
    True
    """
    digits = datasets.digits()
    n = len(digits.train.x)
    start = nn.init_mlp(np.random.default_rng(seed), (64, hidden, 10))

    def step(params: Any, hypers: Any, images_and_labels: Any) -> Any:
        grads = grad(lambda p: cost_on(p, *images_and_labels))(params)
        params, _ = optim.sgd.update(params, grads, (), eta=hypers["eta"], lam=hypers["lam"], n=n)
        return params

    run = TrainingRun(
        init=lambda hypers: start,
        step=step,
        cost=lambda params, hypers: cost_on(params, *digits.validation),
        steps=steps,
        batches=datasets.batches(*digits.train, size=batch, steps=steps, seed=seed),
    )

    def judge(hypers: Any) -> dict[str, dict[str, float]]:
        params = run.train(hypers)
        return {
            name: {
                "cost": float(cost_on(params, split.x, split.y)),
                "accuracy": float(nn.accuracy(nn.mlp(params, split.x), split.y)),
            }
            for name, split in (("validation", digits.validation), ("test", digits.test))
        }

    return DigitsExperiment(run, judge)


def cost_on(params: Any, x: Any, y: Any) -> Any:
    """Return the mean cross-entropy of the network on images `x` with labels `y`."""
    return nn.cross_entropy(nn.mlp(params, x), y)
