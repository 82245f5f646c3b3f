r"""A slope from finite differences, with an error bar, by a ladder of steps.

Which step is best depends on the function: the final cost of T training steps varies on a scale
that shrinks with T. So differences are taken over a ladder of steps, each a quarter of the one
before, and extrapolated to step 0; the rung is kept at which the extrapolation moves least.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

__all__ = ["Slope", "ladder"]

RUNGS = 12
ORDER = 5  # further columns of the extrapolation would only amplify rounding
FACTOR = 4.0


@dataclass(frozen=True)
class Slope:
    """What finite differences say of a derivative.

    Attributes
    ----------
    value, error : float
        The derivative, and about how far it is from the truth.
    rounding : float
        The part of the error that comes from rounding.
    step : float
        The step that was kept.
    ahead, behind : float
        The differences to one side, at the smallest step that rounding leaves readable.
    kink : bool
        Whether the sides go on to disagree however small the step is.
    """

    value: float
    error: float
    rounding: float
    step: float
    ahead: float
    behind: float
    kink: bool


def ladder(f: Callable[[float], float], start: float, noise: float) -> Slope:
    r"""Return the slope of `f` at 0.

    .. math:: D_{i0} = \frac{f(h_i) - f(-h_i)}{2 h_i}, \qquad
              D_{ij} = D_{i,j-1} + \frac{D_{i,j-1} - D_{i-1,j-1}}{16^j - 1}, \qquad
              h_i = h_0 / 4^i

    Each column removes one more even power of the step. The error of an entry is the larger of
    its distances to the two that it was made of, and rounding beside it.

    Parameters
    ----------
    f : callable
        A function of a number.
    start : float
        :math:`h_0`, the largest step. A power of 2 makes the shifted arguments exact.
    noise : float
        About how far a value of `f` is off by rounding.

    References
    ----------
    .. [1] C. J. F. Ridders, "Accurate computation of F'(x) and F'(x) F''(x)", Advances in
       Engineering Software 4 (1982), pages 75-76.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.hyper.verification.ladder import ladder
    >>> slope = ladder(lambda a: float(np.exp(3.0 * a)), start=0.25, noise=2e-16)
    >>> bool(abs(slope.value - 3.0) < slope.error < 1e-11), slope.kink
    (True, False)
    >>> ladder(lambda a: abs(a) + a, start=0.25, noise=2e-16).kink
    True
    """
    middle, h, rungs = f(0.0), start, RUNGS
    found = climb(f, middle, h, noise, rungs)
    while (seen := closer(f, middle, found, noise)).off and rungs > 1:
        # What was read off large steps does not hold at small ones: begin anew from there.
        rungs -= 1
        found = climb(f, middle, seen.slope.step, noise, rungs)
    return seen.slope


def climb(f: Callable[[float], float], middle: float, h: float, noise: float, rungs: int) -> Slope:
    """Go down a ladder of steps from `h`; return the rung of the smallest error."""
    best = Slope(np.nan, np.inf, np.inf, h, np.nan, np.nan, False)
    above: list[float] = []
    for _ in range(rungs):
        ahead, behind = f(h), f(-h)
        row = [(ahead - behind) / (2 * h)]
        if np.isfinite(row[0]):
            sides = (ahead - middle) / h, (middle - behind) / h
            for j, other in enumerate(above[:ORDER], start=1):
                row.append(row[-1] + (row[-1] - other) / (FACTOR ** (2 * j) - 1))
                error = max(abs(row[j] - row[j - 1]), abs(row[j] - other)) + noise / h
                if error < best.error:
                    best = Slope(row[j], error, noise / h, h, *sides, False)
        above = row if np.isfinite(row[0]) else []
        h /= FACTOR
        if noise / h > best.error and len(above) >= 4:
            break  # all that follow are noisier
    return best


class Closer(NamedTuple):
    """A slope looked at from closer by, and whether it is another one there."""

    slope: Slope
    off: bool


def closer(f: Callable[[float], float], middle: float, found: Slope, noise: float) -> Closer:
    """Look at the slope with the smallest step at which rounding leaves three digits of it.

    Where a function is smooth, the sides differ there by as much less as the step is smaller.
    """
    size = max(abs(found.value), abs(found.ahead), abs(found.behind))
    h = max(found.step / FACTOR**6, 1e3 * noise / size if size else np.inf)
    if not h < found.step / FACTOR**2:
        return Closer(found, False)  # rounding hides it
    ahead, behind = (f(h) - middle) / h, (middle - f(-h)) / h
    smooth = abs(found.ahead - found.behind) * h / found.step
    slack = max(20 * noise / h, 1e-6 * max(abs(ahead), abs(behind)))
    kink = bool(abs(ahead - behind) > 8 * smooth + slack)
    off = abs(0.5 * (ahead + behind) - found.value) > 1e-2 * abs(found.value) + slack
    step = h * FACTOR if off else found.step
    slope = replace(found, step=step, ahead=ahead, behind=behind, kink=kink and not off)
    return Closer(slope, bool(off))
