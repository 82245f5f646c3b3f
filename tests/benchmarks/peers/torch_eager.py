"""PyTorch: `torch.autograd.grad` at every step with ``create_graph=True``, and once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from tests.benchmarks.scalar import ScalarProblem
from tests.benchmarks.workloads import Problem

torch.set_num_threads(1)


def loss(params: Any, x: Any, y: Any) -> Any:
    """Return the mean cross-entropy."""
    for w, b in zip(params[:-2:2], params[1:-2:2], strict=True):
        x = torch.tanh(torch.addmm(b, x, w))
    return torch.nn.functional.cross_entropy(torch.addmm(params[-1], x, params[-2]), y)


def prepare(problem: Problem) -> Callable[[], tuple[Any, Any]]:
    """Return the hypergradient as a function without arguments."""
    workload = problem.workload
    rolling, scheduled = workload.mu is not None, np.ndim(workload.eta)
    batches = [tuple(torch.tensor(part) for part in batch) for batch in problem.batches]
    validation = [torch.tensor(part) for part in problem.validation]
    start = [torch.tensor(layer[key]) for layer in problem.params for key in ("w", "b")]

    def hypergradient() -> tuple[Any, Any]:
        hypers = [torch.tensor(value, requires_grad=True) for value in problem.values]
        decays = (hypers[1] / problem.n).expand(len(problem.params)).unbind()
        params = [part.clone().requires_grad_() for part in start]
        velocity: list[Any] = [None] * len(params)
        etas = hypers[0].unbind() if scheduled else [hypers[0]] * len(batches)
        for eta, (x, y) in zip(etas, batches, strict=True):
            v = list(torch.autograd.grad(loss(params, x, y), params, create_graph=True))
            v[::2] = [
                g + decay * w for g, w, decay in zip(v[::2], params[::2], decays, strict=True)
            ]
            if rolling:
                v = [
                    g if u is None else hypers[2] * u + g for u, g in zip(velocity, v, strict=True)
                ]
                velocity = v
            params = [part - eta * part_v for part, part_v in zip(params, v, strict=True)]
        cost = loss(params, *validation)
        return cost.detach(), torch.autograd.grad(cost, hypers)

    return hypergradient


def prepare_scalar(problem: ScalarProblem) -> Callable[[], tuple[Any, Any]]:
    """Return the hypergradient of the run of two numbers."""
    batches = [
        tuple(torch.tensor(part, dtype=torch.float64) for part in batch)
        for batch in problem.batches
    ]
    validation = [torch.tensor(part) for part in problem.validation]

    def loss(w: Any, b: Any, x: Any, y: Any) -> Any:
        z = w * x + b
        return torch.mean(torch.nn.functional.softplus(z) - y * z)

    def hypergradient() -> tuple[Any, Any]:
        values = (problem.eta, problem.lam, *problem.params.values())
        eta, lam, w, b = (
            torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in values
        )
        hypers = eta, lam
        for x, y in batches:
            w_bar, b_bar = torch.autograd.grad(loss(w, b, x, y), (w, b), create_graph=True)
            w, b = w - eta * (w_bar + lam * w), b - eta * b_bar
        cost = loss(w, b, *validation)
        return cost.detach(), torch.autograd.grad(cost, hypers)

    return hypergradient
