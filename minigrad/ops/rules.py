"""What the tables of rules share: small helpers to write a rule, or a whole primitive, in one line.

A rule that needs a mask or an order of the values gets it from a primitive without derivative
(:func:`unvarying`). So the mask is an instruction of the tape like any other: it is seen, and
computed anew when the tape is replayed with other numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from minigrad.primitive import Primitive, def_jvp, def_vjp
from minigrad.variable import value_of

__all__ = [
    "axes_of",
    "axis_of",
    "linear",
    "ndim_of",
    "plain_integer",
    "shape_of",
    "unvarying",
]

Rule = Callable[..., Any]


def shape_of(x: Any) -> tuple[int, ...]:
    """Return the shape of an operand, which may be a Variable, an array or a number."""
    return np.shape(value_of(x))


def ndim_of(x: Any) -> int:
    """Return the number of axes of an operand."""
    return len(np.shape(value_of(x)))


def axis_of(axis: Any, ndim: int) -> int:
    """Return one axis, counted from the front; NumPy's AxisError if it is not there."""
    return int(normalize_axis_index(plain_integer(axis), ndim))


def axes_of(axis: Any, ndim: int) -> tuple[int, ...] | None:
    """Return an axis or a tuple of them, counted from the front; None stands for all."""
    if axis is None:
        return None
    if not np.iterable(axis):
        return (axis_of(axis, ndim),)
    return tuple(normalize_axis_tuple(axis, ndim))


def plain_integer(number: Any) -> int:
    """Return an integer; a Variable raises the error that says why it can't be one."""
    return operator.index(number)


def linear(function: Rule, transpose: Rule, name: str | None = None) -> Primitive:
    """Make a primitive that is linear in its one operand: its JVP is the primitive itself.

    `transpose` is its VJP, called as ``transpose(y_bar, x, **params)``.
    """
    prim = Primitive(function, name)
    def_vjp(prim, lambda y_bar, y, x, **params: transpose(y_bar, x, **params))
    def_jvp(prim, lambda x_dot, y, x, **params: prim(x_dot, **params))
    return prim


def unvarying(function: Rule, name: str | None = None, operands: int = 1) -> Primitive:
    """Make a primitive whose derivative is zero wherever it has one: a mask, an order, a step."""
    prim = Primitive(function, name)
    def_vjp(prim, *[None] * operands)
    def_jvp(prim, *[None] * operands)
    return prim
