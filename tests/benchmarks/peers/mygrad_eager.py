"""MyGrad has no gradient of a gradient: the inner one is written out in its operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mygrad
import numpy as np

from tests.benchmarks.scalar import ScalarProblem
from tests.benchmarks.workloads import Problem


def forward(params: Any, x: Any) -> tuple[list[Any], Any]:
    """Return what each layer is given, and the logits."""
    given = [x]
    for w, b in params[:-1]:
        given.append(mygrad.tanh(mygrad.matmul(given[-1], w) + b))
    w, b = params[-1]
    return given, mygrad.matmul(given[-1], w) + b


def slopes(params: Any, x: Any, y: Any) -> list[tuple[Any, Any]]:
    """Return the gradient of the mean cross-entropy."""
    given, z = forward(params, x)
    hot = np.zeros(z.shape, z.dtype)
    hot[np.arange(len(y)), y] = 1
    e = mygrad.exp(z - z.data.max(axis=1, keepdims=True))
    d = (e / mygrad.sum(e, axis=1, keepdims=True) - hot) / z.dtype.type(len(y))
    found = []
    for a, (w, _) in zip(reversed(given), reversed(params), strict=True):
        found.append((mygrad.matmul(a.T, d), mygrad.sum(d, axis=0)))
        if a is not x:
            d = mygrad.matmul(d, w.T) * (z.dtype.type(1) - a * a)
    return found[::-1]


def prepare(problem: Problem) -> Callable[[], tuple[Any, Any]]:
    """Return the hypergradient as a function without arguments."""
    workload, batches = problem.workload, list(problem.batches)
    rolling, scheduled = workload.mu is not None, np.ndim(workload.eta)

    def hypergradient() -> tuple[Any, Any]:
        hypers = [mygrad.tensor(value) for value in problem.values]
        each = hypers[1] / workload.dtype(problem.n)
        decays = [each[k] if np.ndim(workload.lam) else each for k in range(len(problem.params))]
        params: Any = [(mygrad.tensor(p["w"]), mygrad.tensor(p["b"])) for p in problem.params]
        velocity: Any = None
        for t, (x, y) in enumerate(batches):
            eta = hypers[0][t] if scheduled else hypers[0]
            g = slopes(params, x, y)
            v = [
                (g_w + decay * w, g_b)
                for (g_w, g_b), (w, _), decay in zip(g, params, decays, strict=True)
            ]
            if rolling:
                if velocity is not None:
                    v = [
                        (hypers[2] * u_w + v_w, hypers[2] * u_b + v_b)
                        for (u_w, u_b), (v_w, v_b) in zip(velocity, v, strict=True)
                    ]
                velocity = v
            params = [
                (w - eta * v_w, b - eta * v_b) for (w, b), (v_w, v_b) in zip(params, v, strict=True)
            ]
        x, y = problem.validation
        _, z = forward(params, x)
        highest = z.data.max(axis=1, keepdims=True)
        sums = mygrad.log(mygrad.sum(mygrad.exp(z - highest), axis=1)) + highest[:, 0]
        cost = mygrad.mean(sums - z[np.arange(len(y)), y])
        cost.backward()
        return cost.data, [hyper.grad for hyper in hypers]

    return hypergradient


def prepare_scalar(problem: ScalarProblem) -> Callable[[], tuple[Any, Any]]:
    """Return the hypergradient of the run of two numbers."""

    def hypergradient() -> tuple[Any, Any]:
        eta, lam = hypers = mygrad.tensor(problem.eta), mygrad.tensor(problem.lam)
        w, b = mygrad.tensor(problem.params["w"]), mygrad.tensor(problem.params["b"])
        for x, y in problem.batches:
            d = 1.0 / (1.0 + mygrad.exp(-(w * x + b))) - y
            w, b = w - eta * (d * x + lam * w), b - eta * d
        x, y = problem.validation
        z = w * x + b
        cost = mygrad.mean(mygrad.logaddexp(0.0, z) - y * z)
        cost.backward()
        return cost.data, [hyper.grad for hyper in hypers]

    return hypergradient
