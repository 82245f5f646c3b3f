r"""The main job: Nielsen's regularised network on images with labels, as a training run.

A network is trained by mini-batch gradient descent with weight decay, exactly as in the question
that started this project:

.. math:: C = C_0 + \frac{\lambda}{2n} \sum_w w^2, \qquad
          w \leftarrow \Bigl(1 - \frac{\eta \lambda}{n}\Bigr) w
                     - \frac{\eta}{m} \sum_x \frac{\partial C_x}{\partial w}

with the cross-entropy for :math:`C_x`, n training images and batches of m. The outer cost is the
unregularised cross-entropy on the validation images.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from minigrad import datasets, nn, optim
from minigrad.arguments import seed as whole_seed
from minigrad.hyper import TrainingRun
from minigrad.transforms import grad

__all__ = ["Classification"]

ACTIVATIONS = ("tanh", "sigmoid", "relu", "softplus", "gelu")


class Classification:
    """A network that learns to tell classes apart: a training run, and how to judge its outcome.

    It can be pickled, so its run can be sent to other processes and machines.

    Parameters
    ----------
    data : Splits, optional
        Training, validation and test examples; the bundled digits if left out.
    hidden : sequence of int, default (32,)
        Units in each hidden layer.
    steps : int, default 200
        Training steps.
    batch : int, default 64
        Examples in a mini-batch.
    seed : int, default 0
        Of the initial weights and of the mini-batches.
    activation : str, default "tanh"
        The function of the hidden units: tanh, sigmoid, relu, softplus or gelu.

    Attributes
    ----------
    run : TrainingRun
        Its hypers are ``{"eta": ..., "lam": ...}``, each a number, or as
        :func:`minigrad.optim.sgd.update` takes them; its outer cost is the validation cost.

    Raises
    ------
    ValueError
        If the activation is not one of those, an example has numbers that are not finite, or the
        labels are not the numbers of classes.

    Examples
    --------
    >>> from minigrad.experiments import Classification
    >>> experiment = Classification(steps=20)
    >>> before = experiment.run.evaluate({"eta": 0.01, "lam": 1.0})
    >>> after = experiment.run.evaluate({"eta": 0.5, "lam": 1.0})
    >>> bool(after < before)
    True
    """

    def __init__(
        self,
        data: datasets.Splits | None = None,
        *,
        hidden: Sequence[int] = (32,),
        steps: int = 200,
        batch: int = 64,
        seed: int = 0,
        activation: str = "tanh",
    ) -> None:
        if activation not in ACTIVATIONS:
            choices = ", ".join(ACTIVATIONS)
            raise ValueError(f"activation={activation!r}; expected one of {choices}")
        if data is not None and not isinstance(data, datasets.Splits):
            raise TypeError(
                f"data= must be what datasets.split(datasets.load(...)) returns, got {data!r:.60}"
            )
        if isinstance(hidden, str) or not isinstance(hidden, Sequence):
            raise TypeError(f"hidden= must be a list of units such as (50, 50), got {hidden!r:.60}")
        whole_seed("seed=", seed)
        self.data = datasets.digits() if data is None else data
        self.n = len(self.data.train.x)
        for split in self.data:
            if not np.isfinite(split.x).all():
                raise ValueError("the examples have numbers that are not finite; leave those out")
            if split.y.dtype.kind not in "iu" or np.min(split.y, initial=0) < 0:
                raise ValueError(
                    f"labels must be whole numbers from 0 on, the numbers of the classes, got "
                    f"{split.y.dtype} from {np.min(split.y):g}"
                )
        classes = 1 + max(int(np.max(split.y)) for split in self.data)
        self.sizes = (self.data.train.x.shape[1], *hidden, classes)
        self.activation = activation
        self.batches = datasets.batches(*self.data.train, size=batch, steps=steps, seed=seed)
        self.start = nn.init_mlp(
            np.random.default_rng(seed), self.sizes, dtype=self.data.train.x.dtype
        )

    @cached_property
    def run(self) -> TrainingRun:
        """The training run; see the class."""
        return TrainingRun(
            init=self.init,
            step=self.step,
            cost=self.validation_cost,
            loss=self.training_cost,
            steps=len(self.batches),
            batches=self.batches,
        )

    def init(self, hypers: Any) -> Any:
        """Return the first weights and biases."""
        return self.start

    def step(self, params: Any, hypers: Any, batch: Any) -> Any:
        """Take a step of gradient descent with weight decay."""
        grads = grad(lambda p: self.cross_entropy(p, *batch))(params)
        params, _ = optim.sgd.update(
            params, grads, (), eta=hypers["eta"], lam=hypers["lam"], n=self.n
        )
        return params

    def validation_cost(self, params: Any, hypers: Any) -> Any:
        """Return the unregularised cost on the validation examples."""
        return self.cross_entropy(params, *self.data.validation)

    def training_cost(self, params: Any, hypers: Any) -> Any:
        """Return the regularised cost on all training examples, which the steps descend."""
        cost = self.cross_entropy(params, *self.data.train)
        return nn.regularised_cost(cost, params, hypers["lam"], self.n)

    def cross_entropy(self, params: Any, x: Any, y: Any) -> Any:
        """Return the mean cross-entropy of the network on examples `x` with labels `y`."""
        return nn.cross_entropy(nn.mlp(params, x, getattr(nn, self.activation)), y)

    def judge(self, hypers: Any) -> dict[str, dict[str, float]]:
        """Train, and return the cost and the accuracy on the validation and the test examples.

        Returns
        -------
        dict
            ``{"validation": {"cost": ..., "accuracy": ...}, "test": ...}``.
        """
        params = self.run.train(hypers)
        judged = {}
        for name in ("validation", "test"):
            split = getattr(self.data, name)
            logits = nn.mlp(params, split.x, getattr(nn, self.activation))
            judged[name] = {
                "cost": float(nn.cross_entropy(logits, split.y)),
                "accuracy": float(nn.accuracy(logits, split.y)),
            }
        return judged
