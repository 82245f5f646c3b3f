"""Numbers of many steps as vectors, and sums of them that do not depend on where one begins."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

__all__ = ["Columns", "add_up", "vector"]


def vector(numbers: Sequence[float]) -> Any:
    """Return numbers as an array, in half the time that NumPy takes to look at each."""
    return np.frombuffer(struct.pack(f"{len(numbers)}d", *numbers))


def add_up(total: float, terms: Any) -> float:
    """Return the total with the terms added, one by one from the last to the first."""
    if np.shape(terms) == ():
        return total + float(terms)
    running: Any = np.add.accumulate(np.concatenate(([total], terms[::-1])))
    return float(running[-1])


class Columns:
    """What steps of single numbers bring: as rows to go over, and as vectors.

    Parameters
    ----------
    rows : list of tuple
        For each step, its numbers.

    Attributes
    ----------
    columns : list of tuple
        For each number, that of all steps.
    """

    def __init__(self, rows: Sequence[Any]) -> None:
        self.rows, self.columns = rows, list(zip(*rows, strict=True))

    @cached_property
    def vectors(self) -> list[Any]:
        """The columns as arrays."""
        return [vector(column) for column in self.columns]
