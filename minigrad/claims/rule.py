"""S1: the cost and its rule run as they are written, on real digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import nn
from minigrad.claims.claim import Claim, Fact
from minigrad.experiments import Classification
from minigrad.transforms import grad

__all__ = ["settle"]

ETA, LAM, STEPS = 0.5, 5.0, 20


def settle() -> Claim:
    """Run the rule by the tape's optimiser and by hand, example by example."""
    experiment = Classification(steps=STEPS, batch=10)
    hypers = {"eta": ETA, "lam": LAM}
    ours = experiment.run.train(hypers)
    by_hand = experiment.start
    for images, labels in experiment.batches:
        by_hand = one_step(by_hand, images, labels, experiment.n)
    apart = max(
        float(np.max(np.abs(a[name] - b[name])))
        for a, b in zip(ours, by_hand, strict=True)
        for name in ("w", "b")
    )
    # The rule descends C: with all examples in one batch, the step is -eta dC/dw.
    slope = grad(experiment.training_cost)(experiment.start, hypers)
    whole = one_step(experiment.start, *experiment.data.train, experiment.n)
    off = max(
        float(np.max(np.abs((old["w"] - new["w"]) / ETA - bar["w"])))
        for old, new, bar in zip(experiment.start, whole, slope, strict=True)
    )
    return Claim(
        number=1,
        statement="C = C0 + (lambda/2n) sum w^2;  w <- (1 - eta lambda/n) w - (eta/m) sum dC_x/dw",
        facts=[
            Fact(f"steps of {len(images)} digits each, 64-32-10 network", STEPS),
            Fact("largest difference of a weight, optimiser on the tape and rule by hand", apart),
            Fact("largest difference of a slope, rule with m = n and dC/dw", off),
        ],
        verdict="true",
        why="this is the rule that runs on the tape, and it descends this C.",
        holds=apart < 1e-13 and off < 1e-13,
    )


def one_step(params: Any, images: Any, labels: Any, n: int) -> Any:
    """Take a step as the rule is written, summing the gradients of single examples."""
    sums = [{name: np.zeros_like(layer[name]) for name in layer} for layer in params]
    for image, label in zip(images, labels, strict=True):
        activations = [image]
        for layer in params[:-1]:
            activations.append(np.tanh(activations[-1] @ layer["w"] + layer["b"]))
        delta = nn.softmax(activations[-1] @ params[-1]["w"] + params[-1]["b"])
        delta[label] -= 1.0
        for k in reversed(range(len(params))):
            sums[k]["w"] += np.outer(activations[k], delta)
            sums[k]["b"] += delta
            delta = (1 - activations[k] ** 2) * (params[k]["w"] @ delta)
    m = len(images)
    return [
        {
            "w": (1 - ETA * LAM / n) * layer["w"] - ETA / m * total["w"],
            "b": layer["b"] - ETA / m * total["b"],
        }
        for layer, total in zip(params, sums, strict=True)
    ]
