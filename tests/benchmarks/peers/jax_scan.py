"""JAX: the loop as one `lax.scan`, compiled as a whole by XLA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tests.benchmarks.scalar import ScalarProblem
from tests.benchmarks.workloads import Problem

jax.config.update("jax_enable_x64", True)


def loss(params: Any, x: Any, y: Any) -> Any:
    """Return the mean cross-entropy."""
    for w, b in params[:-1]:
        x = jnp.tanh(x @ w + b)
    w, b = params[-1]
    z = x @ w + b
    chosen = jnp.take_along_axis(z, y[:, None], axis=1)[:, 0]
    return jnp.mean(jax.scipy.special.logsumexp(z, axis=1) - chosen)


def prepare(problem: Problem) -> Callable[[], tuple[Any, Any]]:
    """Return the hypergradient as a function without arguments."""
    workload = problem.workload
    rolling = workload.mu is not None
    x, y = jnp.asarray(problem.batches.x), jnp.asarray(problem.batches.y)
    validation = [jnp.asarray(part) for part in problem.validation]
    start = [(jnp.asarray(layer["w"]), jnp.asarray(layer["b"])) for layer in problem.params]
    indices = jnp.asarray(np.array(problem.batches.indices))

    def cost(hypers: Any) -> Any:
        etas = jnp.broadcast_to(hypers[0], workload.steps)
        decays = jnp.broadcast_to(hypers[1] / problem.n, len(start))

        def step(state: Any, given: Any) -> Any:
            (params, velocity), (chosen, eta) = state, given
            g = jax.grad(loss)(params, x[chosen], y[chosen])
            v = [
                (g_w + decay * w, g_b)
                for (g_w, g_b), (w, _), decay in zip(g, params, decays, strict=True)
            ]
            if rolling:
                v = jax.tree.map(lambda old, new: hypers[2] * old + new, velocity, v)
            params = jax.tree.map(lambda part, part_v: part - eta * part_v, params, v)
            return (params, v if rolling else None), None

        still = jax.tree.map(jnp.zeros_like, start) if rolling else None
        (params, _), _ = jax.lax.scan(step, (start, still), (indices, etas))
        return loss(params, *validation)

    hypers = tuple(jnp.asarray(value) for value in problem.values)
    both = jax.jit(jax.value_and_grad(cost))
    return lambda: jax.block_until_ready(both(hypers))


def prepare_scalar(problem: ScalarProblem) -> Callable[[], tuple[Any, Any]]:
    """Return the hypergradient of the run of two numbers."""
    batches = jnp.asarray(problem.batches)
    validation = [jnp.asarray(part) for part in problem.validation]

    def loss(params: Any, x: Any, y: Any) -> Any:
        z = params[0] * x + params[1]
        return jnp.mean(jnp.logaddexp(0.0, z) - y * z)

    def cost(hypers: Any) -> Any:
        eta, lam = hypers

        def step(params: Any, batch: Any) -> Any:
            (w, b), (w_bar, b_bar) = params, jax.grad(loss)(params, *batch)
            return (w - eta * (w_bar + lam * w), b - eta * b_bar), None

        start = tuple(jnp.asarray(value) for value in problem.params.values())
        return loss(jax.lax.scan(step, start, batches)[0], *validation)

    both = jax.jit(jax.value_and_grad(cost))
    hypers = jnp.asarray(problem.eta), jnp.asarray(problem.lam)
    return lambda: jax.block_until_ready(both(hypers))
