"""S2: the final cost as a function of eta and lambda, and its two derivatives."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.claims.claim import Claim, Fact
from minigrad.experiments import Classification
from minigrad.hyper import FiniteDifference, Forward, Recorded, hypergradient, positive
from minigrad.tape import Tape
from minigrad.testing import complex_step

__all__ = ["settle"]


def settle() -> Claim:
    """Differentiate a training on digits in four ways, and one of five steps in fractions."""
    run = Classification(steps=100).run
    hypers = {"eta": positive(0.5), "lam": positive(5.0)}
    tape = hypergradient(run, hypers, Recorded()).gradient
    others = {
        "tangents carried forward": hypergradient(run, hypers, Forward()).gradient,
        "finite differences": hypergradient(run, hypers, FiniteDifference()).gradient,
    }
    plain = tree.map(lambda hyper: hyper.value, hypers)
    others["a complex step"] = {
        name: complex_step(lambda x, name=name: run.evaluate(hypers, {**plain, name: x}), value)
        for name, value in plain.items()
    }
    apart = {name: relative(tape, other) for name, other in others.items()}
    found, wanted = in_fractions()
    return Claim(
        number=2,
        statement="The final cost is really a function of the two variables C(lambda, eta); it is "
        "not at all clear how to write down its two partial derivatives",
        facts=[
            Fact("dC/d eta of a 64-32-10 network after 100 steps, by the tape", tape["eta"]),
            Fact("dC/d lambda", tape["lam"]),
            *(Fact(f"relative difference from {name}", off) for name, off in apart.items()),
            Fact("dw/d eta of five steps on (w-2)^2/2, in exact fractions", str(found[0])),
            Fact("dw/d lambda", str(found[1])),
        ],
        verdict="true only if 'to write down' means a formula",
        why="C is a function of both, and one sweep over the tape of the training gives both "
        "derivatives to the last digits.",
        holds=found == wanted
        and apart["tangents carried forward"] < 1e-11
        and apart["a complex step"] < 1e-11
        and apart["finite differences"] < 1e-6,
    )


def relative(one: Any, other: Any) -> float:
    """Return the largest relative difference of two dicts of numbers."""
    return float(max(abs(one[name] - other[name]) / abs(one[name]) for name in one))


def in_fractions() -> tuple[list[Fraction], list[Fraction]]:
    """Return both derivatives of five steps by the tape, and by the closed form.

    A step is w <- M w + 2 eta with M = 1 - eta (1 + lambda): in the eigenbasis of a quadratic all
    is scalar, and w_T = w* + M^T (w_0 - w*).
    """
    eta_0, lam_0, w_0, steps = Fraction(3, 10), Fraction(1, 10), Fraction(1), 5
    with Tape() as tape:
        eta, lam, w = tape.variable(eta_0), tape.variable(lam_0), w_0
        for _ in range(steps):
            w = (1 - eta * lam) * w - eta * (w - 2)
    by_tape = tape.gradient(w, [eta, lam])
    a = 1 + lam_0
    limit = 2 / a
    m, e = 1 - eta_0 * a, w_0 - limit
    d_eta = -steps * a * m ** (steps - 1) * e
    d_lam = -(1 - m**steps) * limit / a - eta_0 * steps * m ** (steps - 1) * e
    return list(np.array(by_tape, dtype=object)), [d_eta, d_lam]
