"""What the checks of the exercises are made of: comparisons that say in words what is wrong.

Whatever else a check needs and a stub does not comes from here too, so that one line of imports is
to be left out of the stub.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.extend import Primitive
from minigrad.tape import Tape
from minigrad.testing import check_primitive, finite_difference
from minigrad.transforms import grad
from minigrad.variable import value_of

__all__ = [
    "Primitive",
    "Tape",
    "Wrong",
    "check_primitive",
    "finite_difference",
    "grad",
    "parts",
    "same",
    "untouched",
    "value_of",
]


class Wrong(AssertionError):
    """An answer is not right; the message says where, what was expected and what came."""


def same(what: str, got: Any, expected: Any, *, rtol: float = 1e-6, note: str = "") -> None:
    """Raise unless an answer has the shape and the numbers that it should have.

    Parameters
    ----------
    what : str
        What was asked, with its input.
    got, expected : array or number
        The answer and the truth.
    rtol : float, default 1e-6
        How far an element may be off, relative to the largest expected one.
    note : str, optional
        What such a mistake often comes from.
    """
    expected = np.asarray(value_of(expected))
    if got is None:
        raise Wrong(f"{what} is None: is there a `return` missing?")
    try:
        found = np.asarray(value_of(got), dtype=float)
    except (TypeError, ValueError):
        raise Wrong(
            f"{what} should be numbers, but is a {type(got).__name__}: {got!r:.60}"
        ) from None
    if found.shape != expected.shape:
        raise Wrong(
            f"{what} has the wrong shape: expected {expected.shape}, got {found.shape}{_end(note)}"
        )
    expected = expected.astype(float)
    allowed = rtol * np.max(np.abs(expected), initial=1e-3)
    if not np.all(np.abs(found - expected) <= allowed):  # not a number is never right
        raise Wrong(
            f"{what} is wrong:\n{_shown('expected', expected)}\n{_shown('got', found)}"
            + (f"\n{note}" if note else "")
        )


def parts(what: str, got: Any, names: str) -> tuple[Any, ...]:
    """Return the parts of an answer that must be a tuple, such as the pair ``"w, b"``."""
    number = names.count(",") + 1
    if not isinstance(got, tuple) or len(got) != number:
        raise Wrong(f"{what} should be a tuple of {number}, ({names}), but is {got!r:.60}")
    return got


def untouched(what: str, argument: Any, before: Any) -> None:
    """Raise if an argument is no longer what it was."""
    if not np.array_equal(argument, before):
        raise Wrong(
            f"{what} changes its argument in place. The tape has recorded the old numbers and "
            f"would go back over the new ones: make a new array, as in `w = w - ...`"
        )


def _end(note: str) -> str:
    return f". {note}" if note else ""


def _shown(label: str, value: Any) -> str:
    text = np.array2string(value, precision=6, prefix=" " * 11)
    return f"{label + ':':<11}{text}"
