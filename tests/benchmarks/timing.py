"""Paired timing: two pieces of code in turn, so that a ratio holds when the clock drifts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Ratio(NamedTuple):
    """Medians of a paired timing, in seconds of CPU time, and of the ratio pair by pair."""

    ours: float
    reference: float
    ratio: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.ratio:6.2f}  ({self.low:.2f} to {self.high:.2f})"


def paired(
    ours: Callable[[], object],
    reference: Callable[[], object],
    seconds: float = 6.0,
    clock: Callable[[], float] = time.process_time,
) -> Ratio:
    """Time two functions in turn, after one call of each that is not counted.

    There are as many rounds as fit into so many seconds, but 5 to 31.
    """
    ours()
    reference()
    times: list[tuple[float, float]] = []
    begin = clock()
    while len(times) < 5 or (len(times) < 31 and clock() - begin < seconds):
        start = clock()
        ours()
        between = clock()
        reference()
        times.append((between - start, clock() - between))
    a, b = np.transpose(times)
    low, median, high = np.quantile(a / b, (0.25, 0.5, 0.75))
    return Ratio(np.median(a), np.median(b), median, low, high)


def line(what: str, figure: str, bound: str) -> None:
    """Print one figure beside its bound."""
    print(f"{what:54} {figure:>23}   {bound}", flush=True)
