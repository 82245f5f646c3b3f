"""HIPS autograd: `grad` of a function that calls `grad` at every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import grad, value_and_grad
from autograd.scipy.special import logsumexp

from tests.benchmarks.scalar import ScalarProblem
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
    rolling, scheduled, slopes = workload.mu is not None, np.ndim(workload.eta), grad(loss)
    layers = range(len(problem.params))

    def cost(hypers: Any) -> Any:
        etas, lam = hypers[:2]
        decays = [(lam[k] if np.ndim(workload.lam) else lam) / problem.n for k in layers]
        params = [(layer["w"], layer["b"]) for layer in problem.params]
        velocity: Any = [(0.0, 0.0)] * len(params)
        for t, (x, y) in enumerate(batches):
            eta = etas[t] if scheduled else etas
            g = slopes(params, x, y)
            v = [
                (g_w + decay * w, g_b)
                for (g_w, g_b), (w, _), decay in zip(g, params, decays, strict=True)
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

    both, values = value_and_grad(cost), tuple(problem.values)
    return lambda: both(values)


def prepare_scalar(problem: ScalarProblem) -> Callable[[], tuple[Any, Any]]:
    """Return the hypergradient of the run of two numbers."""

    def loss(w: Any, b: Any, x: Any, y: Any) -> Any:
        z = w * x + b
        return anp.mean(anp.logaddexp(0.0, z) - y * z)

    slopes = grad(loss, (0, 1))

    def cost(hypers: Any) -> Any:
        eta, lam = hypers
        w, b = problem.params["w"], problem.params["b"]
        for x, y in problem.batches:
            w_bar, b_bar = slopes(w, b, x, y)
            w, b = w - eta * (w_bar + lam * w), b - eta * b_bar
        return loss(w, b, *problem.validation)

    both, values = value_and_grad(cost), (problem.eta, problem.lam)
    return lambda: both(values)
