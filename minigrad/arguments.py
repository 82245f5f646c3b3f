"""What an argument must be, asked when it is given. Each error says what came, and what should.

A wrong kind of thing is a TypeError, a wrong value of the right kind a ValueError.
"""

from __future__ import annotations

import math
from numbers import Number
from typing import Any

import numpy as np

__all__ = ["are_numbers", "function", "instance", "number", "random_generator", "seed", "whole"]


def are_numbers(x: Any) -> bool:
    """Whether something plain is a number or an array of numbers; of fractions and the like, too.

    Examples
    --------
    >>> from minigrad.arguments import are_numbers
    >>> are_numbers(2.0), are_numbers([1, 2]), are_numbers("x"), are_numbers(None)
    (True, True, False, False)
    """
    array = np.asarray(x)
    if array.dtype.kind == "O":
        return all(isinstance(element, Number) for element in array.flat)
    return array.dtype.kind in "biufc"


def whole(what: str, x: Any, least: int = 0, most: float = math.inf, meaning: str = "") -> int:
    """Return a whole number, if it is one from `least` to `most`.

    Examples
    --------
    >>> from minigrad.arguments import whole
    >>> whole("batches: steps=", 3)
    3
    >>> whole("batches: steps=", "3")
    Traceback (most recent call last):
    TypeError: batches: steps= must be a whole number, 0 or more, got '3'
    """
    wanted = f"{least} or more" if most == math.inf else f"from {least} to {most}"
    expected = f"{what} must be a whole number, {wanted}{meaning and ', ' + meaning}, got {x!r:.60}"
    if not isinstance(x, int | np.integer) or isinstance(x, bool):
        raise TypeError(expected)
    if not least <= x <= most:
        raise ValueError(expected)
    return int(x)


def number(what: str, x: Any, *, above: float = -math.inf, least: float = -math.inf) -> Any:
    """Return a finite number as it is, if it is above the one and not below the other bound."""
    if type(x) in (int, float) and math.isfinite(x) and x > above and x >= least:
        return x  # at every step of a training: no message is written for it
    wanted = "a positive number" if above == 0 else "a finite number"
    if least > -math.inf:
        wanted = f"a number, {least:g} or more"
    elif above not in (0, -math.inf):
        wanted = f"a number above {above:g}"
    expected = f"{what} must be {wanted}, got {x!r:.60}"
    if not isinstance(x, int | float | np.integer | np.floating) or isinstance(x, bool):
        raise TypeError(expected)
    if not (math.isfinite(x) and x > above and x >= least):
        raise ValueError(expected)
    return x


def function(what: str, x: Any) -> Any:
    """Return a function, if it is one."""
    if not callable(x):
        raise TypeError(f"{what} must be a function, got {x!r:.60}")
    return x


def instance(what: str, x: Any, kind: type | tuple[type, ...], words: str) -> Any:
    """Return something of a kind, if it is; `words` say what the kind is called."""
    if not isinstance(x, kind):
        raise TypeError(f"{what} must be {words}, got {x!r:.60}")
    return x


def seed(what: str, x: Any) -> int:
    """Return a seed that starts from the same place twice."""
    if not isinstance(x, int | np.integer) or isinstance(x, bool):
        raise TypeError(f"{what} must be a whole number, 0 or more, to start again, got {x!r:.60}")
    return whole(what, x)


def random_generator(what: str, x: Any) -> np.random.Generator:
    """Return a random generator, from itself or a seed."""
    try:
        return np.random.default_rng(x)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"{what} must be a numpy.random.Generator or a seed, a whole number, got {x!r:.60}"
        ) from None
