r"""A linear recurrence over many steps, eight at a time: a scan.

.. math:: \bar s_t = A_t \bar s_{t+1}

waits at every step for the one before. But products of the matrices wait for nothing:

.. math:: \bar s_t = (A_t A_{t+1}) \, \bar s_{t+2}

and all products of two neighbours are one operation on vectors, and so are those of four and of
eight. Then only every eighth :math:`\bar s` is waited for; those between follow from it, all at
once (Blelloch, "Prefix sums and their applications", 1990, section 1.4).

Which steps go together depends on their number in the run alone: blocks end at multiples of 8.
So the rounding is the same wherever a stretch of steps ends, if what is above it in its block is
taken in again (:class:`Rest`).
"""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Rest", "blocks", "paired", "spread", "worthwhile"]

BLOCK = 8
PRICE = 15  # elements of a product that take as long as a multiplication of Python's


@dataclass(frozen=True)
class Rest:
    """The steps of a block above a stretch that begins inside it.

    Attributes
    ----------
    below : list
        The cotangents that the stretch gave back: whoever goes on with these goes on in the block.
    bars : sequence
        Those above the block.
    vectors : list
        What was kept of the steps.
    count : int
        How many steps there are.
    """

    below: Any
    bars: list[float]
    vectors: list[Any]
    count: int

    @staticmethod
    def of(below: Any, top: list[float], every: Any, vectors: list[Any], start: int) -> Rest | None:
        """Return what a stretch leaves to the one before it; None if it begins with a block.

        `top` are the cotangents after its last step, `every` those after each.
        """
        count, steps = -start % BLOCK, every.shape[1]
        if count == 0:
            return None
        bars = every[:, count - 1].tolist() if count <= steps else top
        return Rest(below, bars, [x[:count] for x in vectors], min(count, steps))


def worthwhile(size: int, entries: int) -> bool:
    """Whether products of matrices with so many entries beat a loop over all steps."""
    return size**3 <= PRICE * entries


def paired(jacobian: Sequence[Sequence[Any]], start: int, steps: int, scan: bool = True) -> Any:
    """Return the matrices of single steps, of two, of four and of eight.

    Parameters
    ----------
    jacobian : list of lists
        The matrix: each element a number, or a vector with an element for each step.
    start, steps : int
        Which step of the run is the first, and how many there are. Blocks that are not full have
        steps that do nothing in them.
    scan : bool, default True
        If False, only the matrices of single steps.

    Returns
    -------
    list of numpy.ndarray
        Of shape (n, n, steps). Where a product is too large for a number there are none of it.
    """
    n, before = len(jacobian), start % BLOCK if scan else 0
    after = -(before + steps) % BLOCK if scan else 0
    single = np.zeros((n, n, before + steps + after))
    if before or after:
        single[range(n), range(n)] = 1.0
    for row, elements in zip(single[:, :, before : before + steps], jacobian, strict=True):
        for place, element in zip(row, elements, strict=True):
            place[:] = element
    levels = [single]
    if scan:
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(BLOCK.bit_length() - 1):
                levels.append(product(levels[-1][:, :, ::2], levels[-1][:, :, 1::2]))
            if not math.isfinite(np.add.reduce(levels[-1], axis=None)):
                return [single]
    return levels


def product(a: Any, b: Any) -> Any:
    """Return the products of matrices whose last axis runs over steps."""
    total = a[:, 0, None] * b[0]
    for k in range(1, len(b)):
        total += a[:, k, None] * b[k]
    return total


def blocks(levels: Any, places: Sequence[tuple[int, int]]) -> Iterable[Any]:
    """Return these elements of the largest products, from the last to the first."""
    if not places:
        return itertools.repeat((), levels[-1].shape[2])
    return zip(*[levels[-1][place][::-1].tolist() for place in places], strict=True)


def spread(levels: Any, ends: Sequence[Sequence[float]], start: int, steps: int) -> Any:
    """Return the cotangents after every step, a row for each number.

    Parameters
    ----------
    levels : list of numpy.ndarray
        Of `paired`.
    ends : list of lists
        For each number, its cotangents after every block, from the last to the first.
    start, steps : int
        As for `paired`.
    """
    size = len(ends)
    if len(levels) > 1 and not all(math.isfinite(row[-1]) for row in ends):
        found, levels = one_by_one(levels[0], [row[0] for row in ends]), levels[:1]
    else:  # packed in half the time that np.array takes
        packed = [struct.pack(f"{len(row)}d", *row) for row in ends]
        found = np.frombuffer(b"".join(packed)).reshape(size, -1)[:, ::-1]
    with np.errstate(over="ignore"):
        for level in reversed(levels[:-1]):
            every = np.empty((size, level.shape[2]))
            every[:, 1::2] = found
            earlier = every[:, ::2]
            np.multiply(level[:, 0, 1::2], found[0], out=earlier)
            for k in range(1, size):
                earlier += level[:, k, 1::2] * found[k]
            found = every
    before = start % BLOCK if found.shape[1] > steps else 0
    return found[:, before : before + steps]


def one_by_one(single: Any, bars: list[float]) -> Any:
    """Return the cotangents after every step where some are infinite: an absent term is not nan."""
    found = []
    for rows in single.transpose(2, 0, 1)[::-1].tolist():
        found.append(bars)
        bars = [sum(a * b for a, b in zip(row, bars, strict=True) if a) for row in rows]
    return np.array(found)[::-1].T
