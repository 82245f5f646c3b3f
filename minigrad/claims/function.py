"""S2: the final cost as a function of eta and lambda, and its two derivatives."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from minigrad.claims.claim import Claim, Fact
from minigrad.experiments import Classification
from minigrad.hyper import Recorded, hypergradient, positive, verify
from minigrad.tape import Tape

__all__ = ["settle"]


def settle() -> Claim:
    """Ask independent witnesses for both derivatives of a training; fractions for five steps."""
    run = Classification(steps=100).run
    hypers = {"eta": positive(0.5), "lam": positive(5.0)}
    tape = hypergradient(run, hypers, Recorded()).gradient
    asked = verify(run, hypers)
    found, wanted = in_fractions()
    agreement = {name: float(min(digits)) for name, digits in asked.agreement.items()}
    return Claim(
        number=2,
        statement="The final cost is really a function of the two variables C(lambda, eta); it is "
        "not at all clear how to write down its two partial derivatives",
        facts=[
            Fact("dC/d eta of a 64-32-10 network after 100 steps, by the tape", tape["eta"]),
            Fact("dC/d lambda", tape["lam"]),
            *(Fact(f"digits that agree with {name}", round(d, 1)) for name, d in agreement.items()),
            Fact("verdict of mg.verify", asked.verdict),
            Fact("dw/d eta of five steps on (w-2)^2/2, in exact fractions", str(found[0])),
            Fact("dw/d lambda", str(found[1])),
        ],
        verdict="true only if 'to write down' means a formula",
        why="C is a function of both, and one sweep over the tape of the training gives both "
        "derivatives to the last digits.",
        holds=bool(found == wanted and asked.ok and all(d > 6 for d in agreement.values())),
    )


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
