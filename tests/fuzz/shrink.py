"""Shrink a program that fails, and print it so that it runs by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.fuzz.program import Program

__all__ = ["script", "shrink"]


def shrink(program: Program, fails: Callable[[Program], bool]) -> Program:
    """Return a smaller program for which `fails` holds, as it does for this one.

    In each round the first that still fails of the smaller programs is taken, until none does.
    """
    program = program.needed() if fails(program.needed()) else program
    while smaller := next(filter(fails, candidates(program)), None):
        program = smaller
    return program


def candidates(program: Program) -> Iterator[Program]:
    """Yield smaller programs: ended early, with an output less, with a value made an input."""
    names = [statement.name for statement in program.statements]
    for name in names:
        if program.outputs != (name,):
            yield program.ended(name)
    for output in program.outputs if len(program.outputs) > 1 else ():
        yield program.ended(*(other for other in program.outputs if other != output))
    for name in reversed(names):
        if name not in program.outputs:
            yield program.cut(name)


def script(program: Program, headline: str, peer: str | None = None) -> str:
    """Return a Python file that shows the derivatives of a program, with a peer's beside them."""
    return "\n".join(
        [
            f"# {headline}",
            "import numpy as np",
            "import minigrad as mg",
            "from minigrad.testing import finite_difference",
            "",
            "",
            program.source,
            "",
            f"xs = [{', '.join(map(literal, program.inputs.values()))}]",
            f"vs = [{', '.join(map(literal, program.directions.values()))}]",
            "",
            "",
            "def f(*xs):",
            "    return program(np, *xs)",
            "",
            "",
            "def bars(*xs):",
            "    return mg.vjp(f, *xs)[1](1.0)",
            "",
            "",
            'print("value", f(*xs))',
            'print("gradient", bars(*xs))',
            'print("tangent", mg.jvp(f, xs, vs)[1])',
            'print("tangent by finite differences", finite_difference(f, *xs, direction=vs))',
            'print("second order", mg.vjp(bars, *xs)[1](tuple(vs)))',
            'print("second order, forward", mg.jvp(bars, xs, vs)[1])',
            'print("second order by differences", finite_difference(bars, *xs, direction=vs))',
            *(PEER_LINES[peer] if peer else []),
            "",
        ]
    )


PEER_LINES = {
    "autograd": [
        "import autograd",
        "import autograd.numpy",
        "peer = autograd.grad(lambda zs: program(autograd.numpy, *zs))",
        'print("gradient by autograd", peer(tuple(xs)))',
    ],
    "jax": [
        "import jax",
        'jax.config.update("jax_enable_x64", True)',
        "peer = jax.grad(lambda zs: program(jax.numpy, *zs))",
        'print("gradient by JAX", peer(tuple(xs)))',
    ],
}


def literal(value: Any) -> str:
    """Return the source of a float64 array, to the last bit."""
    text = f"np.array({np.asarray(value).tolist()!r})"
    return text if np.ndim(value) else f"{text}[()]"
