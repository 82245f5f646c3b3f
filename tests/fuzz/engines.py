"""The peers: HIPS/autograd and JAX, which run a program from the same source text as minigrad."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from tests.fuzz.program import Program

__all__ = ["PEERS", "Answers", "absent"]


class Answers(NamedTuple):
    r"""What an engine says of a program at its inputs, along its directions.

    Attributes
    ----------
    value : array
        The scalar :math:`f(x)`.
    gradient : list of array
        :math:`\bar x = f'(x)`, one for each input.
    tangent : array or None
        :math:`f'(x) v`, by the forward mode.
    second : list of array or None
        :math:`f''(x) v`, one for each input, by reverse over reverse.
    """

    value: Any
    gradient: list[Any]
    tangent: Any = None
    second: list[Any] | None = None


def autograd_answers(program: Program, second: bool = True) -> Answers:
    """Differentiate with HIPS/autograd; its forward mode lacks linear algebra and is left out."""
    import autograd
    import autograd.numpy

    f = program.function(autograd.numpy)
    xs, vs = tuple(program.inputs.values()), tuple(program.directions.values())
    value, bars = autograd.value_and_grad(lambda zs: f(*zs))(xs)

    def slope(zs: Any) -> Any:
        bars = autograd.grad(lambda zs: f(*zs))(zs)
        return sum(autograd.numpy.sum(bar * v) for bar, v in zip(bars, vs, strict=True))

    return Answers(value, list(bars), None, list(autograd.grad(slope)(xs)) if second else None)


def jax_answers(program: Program, second: bool = True) -> Answers:
    """Differentiate with JAX in float64, compiled."""
    # Nearly all of the time goes into compiling, hardly any into running.
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
    import jax

    jax.config.update("jax_enable_x64", True)
    # Masks and positions are constants of a compiled program: NumPy's arrays, not traced ones.
    f = program.function(SimpleNamespace(**{**vars(jax.numpy), "array": np.array}))
    xs, vs = tuple(program.inputs.values()), tuple(program.directions.values())

    def everything(xs: Any, vs: Any) -> Any:
        def bars(zs: Any) -> Any:
            return jax.grad(lambda zs: f(*zs))(zs)

        def slope(zs: Any) -> Any:
            return sum(jax.numpy.sum(bar * v) for bar, v in zip(bars(zs), vs, strict=True))

        value, tangent = jax.jvp(lambda *zs: f(*zs), xs, vs)
        return value, bars(xs), tangent, jax.grad(slope)(xs) if second else None

    found = jax.device_get(jax.jit(everything)(xs, vs))
    if not all(np.isfinite(x).all() for x in jax.tree.leaves(found)):
        # Without optimisation XLA makes infinities in some programs (of np.max).
        found = jax.device_get(everything(xs, vs))
    value, gradient, tangent, curved = found
    return Answers(value, list(gradient), tangent, list(curved) if second else None)


PEERS: dict[str, Callable[..., Answers]] = {"autograd": autograd_answers, "jax": jax_answers}


def absent(names: Sequence[str]) -> list[str]:
    """Return the engines among these that are not installed."""
    return [name for name in names if find_spec(name) is None]
