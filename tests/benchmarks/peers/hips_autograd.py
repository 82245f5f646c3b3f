"""HIPS autograd: `grad` of a function that calls `grad` at every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import grad, value_and_grad
from autograd.scipy.special import logsumexp

from tests.benchmarks.workloads import Problem


def loss(params: Any, x: Any, y: Any) -> Any:
    """Return the mean cross-entropy."""
    for w, b in params[:-1]:
        x = anp.tanh(anp.dot(x, w) + b)
    w, b = params[-1]
    z = anp.dot(x, w) + b
    return anp.mean(logsumexp(z, axis=1) - z[np.arange(len(y)), y])


def prepare(problem: Problem) -> Callable[[], tuple[Any, Any]]:
    """Return the hypergradient as a function without arguments."""
    workload, batches = problem.workload, list(problem.batches)
    rolling, slopes = workload.mu is not None, grad(loss)

    def cost(hypers: Any) -> Any:
        eta, lam = hypers[:2]
        params = [(layer["w"], layer["b"]) for layer in problem.params]
        velocity: Any = [(0.0, 0.0)] * len(params)
        for x, y in batches:
            g = slopes(params, x, y)
            v = [
                (g_w + lam / problem.n * w, g_b)
                for (g_w, g_b), (w, _) in zip(g, params, strict=True)
            ]
            if rolling:
                mu = hypers[2]
                v = velocity = [
                    (mu * u_w + v_w, mu * u_b + v_b)
                    for (u_w, u_b), (v_w, v_b) in zip(velocity, v, strict=True)
                ]
            params = [
                (w - eta * v_w, b - eta * v_b) for (w, b), (v_w, v_b) in zip(params, v, strict=True)
            ]
        return loss(params, *problem.validation)

    values = (workload.eta, workload.lam, *([workload.mu] if rolling else []))
    hypers = tuple(workload.dtype(value) for value in values)
    both = value_and_grad(cost)
    return lambda: both(hypers)
