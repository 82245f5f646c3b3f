r"""What must hold of a program: independent ways to its derivatives agree.

Tolerances follow the conditioning of the program, which its own derivatives tell: when the last
bits of the inputs change, the value moves by :math:`f'` and the gradient by :math:`f''` of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

import minigrad as mg
from minigrad.testing import finite_difference
from minigrad.variable import value_of
from tests.fuzz.engines import PEERS
from tests.fuzz.program import Program

__all__ = ["Failure", "Verdict", "examine"]

# Values are not the same bits: a NumPy scalar's own `**` differs from np.power, which is recorded.
VALUE, FIRST, SECOND = 1e-13, 1e-11, 1e-9  # of the scales below, between two ways
DIFFERENCES = 1e-6  # of them, between a derivative and finite differences
BLURRED = 1e-5  # beyond this error, finite differences decide nothing


class Failure(NamedTuple):
    """A check that failed, by name, and in which way."""

    check: str
    detail: str


class Verdict(NamedTuple):
    """What was found in a program, and whether finite differences were sharp enough to decide."""

    failures: list[Failure]
    decided: bool


def examine(
    program: Program, peers: Sequence[str] = (), curved: Sequence[str] = ("autograd", "jax")
) -> Verdict:
    """Hold minigrad against finite differences, against itself and against these peers.

    Second order is asked of the peers in `curved`.
    """
    try:
        return compare(program, [name for name in peers if name in program.engines], curved)
    except Exception as error:  # whatever it is, the program was to run
        return Verdict([Failure("minigrad runs", f"{type(error).__name__}: {error}")], False)


def compare(program: Program, peers: Sequence[str], curved: Sequence[str]) -> Verdict:
    """Run all checks."""
    failures: list[Failure] = []
    inputs, vs = list(program.inputs.values()), list(program.directions.values())
    copies = [np.copy(x) for x in inputs]
    f = program.function(np)

    def agree(check: str, ours: Any, theirs: Any, tolerance: float) -> None:
        ours, theirs = ([np.asarray(z) for z in zs] for zs in (ours, theirs))
        if [z.shape for z in ours] != [z.shape for z in theirs]:
            failures.append(Failure(check, "the shapes differ"))
            return
        gap = max(float(np.max(np.abs(a - b))) for a, b in zip(ours, theirs, strict=True))
        if not gap <= tolerance:  # a NaN is no agreement
            failures.append(Failure(check, f"{gap:.1e} apart, {tolerance:.1e} allowed"))

    with mg.Tape() as tape:
        xs = [tape.variable(x) for x in inputs]
        y = f(*xs)
        x_bars = tape.gradient(y, xs)
        y_dot = tape.tangent(y, xs, vs)
    value, tangent, *gradient = (value_of(z) for z in (y, y_dot, *x_bars))
    second = tape.gradient(x_bars, xs, cotangent=vs)

    slopes, bends = (max(float(np.max(np.abs(z))) for z in zs) for zs in (gradient, second))
    first_scale = 1e-3 + slopes + bends
    agree("value: as NumPy", [value], [f(*inputs)], VALUE * (1.0 + abs(float(value)) + slopes))
    if any(
        (np.shape(bar), np.asarray(bar).dtype) != (np.shape(x), np.asarray(x).dtype)
        for bar, x in zip((*gradient, *second), inputs * 2, strict=True)
    ):
        failures.append(Failure("gradient: shape and dtype of the inputs", ""))
    again = tape.gradient(y, xs)
    if [np.asarray(z).tobytes() for z in again] != [np.asarray(z).tobytes() for z in gradient]:
        failures.append(Failure("gradient: the same bytes again", ""))
    if any(not np.array_equal(x, copy) for x, copy in zip(inputs, copies, strict=True)):
        failures.append(Failure("inputs: left alone", ""))

    backward = sum(float(np.sum(bar * v)) for bar, v in zip(gradient, vs, strict=True))
    agree("tangent: as the gradient", [tangent], [backward], FIRST * first_scale)
    forward_over_reverse = tape.tangent(x_bars, xs, vs)
    agree("second: forward over reverse", second, forward_over_reverse, SECOND * first_scale)
    reverse_over_forward = tape.gradient(y_dot, xs)
    agree("second: reverse over forward", second, reverse_over_forward, SECOND * first_scale)

    truth, error = finite_difference(f, *inputs, direction=vs)
    decided = error <= BLURRED * first_scale
    if decided:
        agree("tangent: finite differences", [tangent], [truth], DIFFERENCES * first_scale)
        agree("gradient: finite differences", [backward], [truth], DIFFERENCES * first_scale)
    bends_truth, error = finite_difference(
        lambda *zs: mg.vjp(f, *zs)[1](1.0), *inputs, direction=vs
    )
    if max(float(np.max(e)) for e in error) <= BLURRED * first_scale:
        agree("second: finite differences", second, bends_truth, 10 * DIFFERENCES * first_scale)

    for name in peers:
        try:
            theirs = PEERS[name](program, second=name in curved)
        except Exception as error:  # a row says what a peer can't run: this one is unknown
            failures.append(Failure(f"{name} runs", f"{type(error).__name__}: {error}"))
            continue
        agree(f"value: {name}", [value], [theirs.value], FIRST * (1.0 + abs(float(value)) + slopes))
        agree(f"gradient: {name}", gradient, theirs.gradient, FIRST * first_scale)
        if theirs.tangent is not None:
            agree(f"tangent: {name}", [tangent], [theirs.tangent], FIRST * first_scale)
        if theirs.second is not None:
            agree(f"second: {name}", second, theirs.second, SECOND * first_scale)
    return Verdict(failures, bool(decided))
