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
    rounds: int = 15,
    clock: Callable[[], float] = time.process_time,
) -> Ratio:
    """Time two functions in turn, after one call of each that is not counted."""
    ours()
    reference()
    times = np.empty((rounds, 2))
    for row in times:
        for column, function in enumerate((ours, reference)):
            start = clock()
            function()
            row[column] = clock() - start
    ratios = times[:, 0] / times[:, 1]
    low, high = np.quantile(ratios, (0.25, 0.75))
    return Ratio(*np.median(times, axis=0), np.median(ratios), low, high)
