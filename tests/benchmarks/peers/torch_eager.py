"""PyTorch: `torch.autograd.grad` at every step with ``create_graph=True``, and once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

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
    rolling = workload.mu is not None
    dtype = torch.float64 if workload.dtype().itemsize == 8 else torch.float32
    batches = [tuple(torch.tensor(part) for part in batch) for batch in problem.batches]
    validation = [torch.tensor(part) for part in problem.validation]
    start = [torch.tensor(layer[key]) for layer in problem.params for key in ("w", "b")]
    values = (workload.eta, workload.lam, *([workload.mu] if rolling else []))

    def hypergradient() -> tuple[Any, Any]:
        hypers = [torch.tensor(value, dtype=dtype, requires_grad=True) for value in values]
        eta, decay = hypers[0], hypers[1] / problem.n
        params = [part.clone().requires_grad_() for part in start]
        velocity: list[Any] = [None] * len(params)
        for x, y in batches:
            v = list(torch.autograd.grad(loss(params, x, y), params, create_graph=True))
            v[::2] = [g + decay * w for g, w in zip(v[::2], params[::2], strict=True)]
            if rolling:
                v = [
                    g if u is None else hypers[2] * u + g for u, g in zip(velocity, v, strict=True)
                ]
                velocity = v
            params = [part - eta * part_v for part, part_v in zip(params, v, strict=True)]
        cost = loss(params, *validation)
        return cost.detach(), torch.autograd.grad(cost, hypers)

    return hypergradient
