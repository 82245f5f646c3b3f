"""Convolution and correlation of vectors.

A convolution is bilinear. Written in full, ``y[k] = sum_i a[i] v[k - i]``, its transpose in either
operand is the valid part of the correlation of `y_bar` with the other; the shorter modes are a
slice of the full one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dispatch import implements
from minigrad.ops.cumulative import reverse
from minigrad.ops.index import scatter
from minigrad.ops.reduce import conjugated
from minigrad.ops.rules import ndim_of, shape_of
from minigrad.ops.shape import at_least
from minigrad.primitive import Primitive, def_jvp, def_vjp

__all__ = ["convolve", "correlate"]

convolve = Primitive(lambda a, v, mode: np.convolve(a, v, mode), "convolve")
correlate = Primitive(lambda a, v, mode: np.correlate(a, v, mode), "correlate")
MODES = ("full", "same", "valid")


def start(mode: str, n: int, m: int) -> int:
    """Return where a convolution of vectors of lengths `n` and `m` begins in the full one."""
    return {"full": 0, "same": (min(n, m) - 1) // 2, "valid": min(n, m) - 1}[mode]


def middle(mode: str, n: int, m: int) -> int:
    """Return the same for a correlation; NumPy has another middle if the first is the shorter."""
    return n // 2 if mode == "same" and n < m else start(mode, n, m)


def transposed(y_bar: Any, a: Any, v: Any, begin: int) -> Any:
    """Return the cotangent of `a` in a part of its convolution with `v`."""
    full = shape_of(a)[0] + shape_of(v)[0] - 1
    part = (slice(begin, begin + shape_of(y_bar)[0]),)
    return convolve(scatter(y_bar, index=part, shape=(full,)), reverse(v, 0), mode="valid")


def turned(v: Any) -> Any:
    """Return what a correlation convolves with: `v` backwards and conjugated."""
    return conjugated(reverse(v, 0))


def lengths(a: Any, v: Any) -> tuple[int, int]:
    """Return the lengths of two vectors."""
    return shape_of(a)[0], shape_of(v)[0]


# fmt: off
def_vjp(convolve,
    lambda y_bar, y, a, v, mode: transposed(y_bar, a, v, start(mode, *lengths(a, v))),
    lambda y_bar, y, a, v, mode: transposed(y_bar, v, a, start(mode, *lengths(a, v))))
def_jvp(convolve,
    lambda a_dot, y, a, v, mode: convolve(a_dot, v, mode=mode),
    lambda v_dot, y, a, v, mode: convolve(a, v_dot, mode=mode))
def_vjp(correlate,
    lambda y_bar, y, a, v, mode: transposed(y_bar, a, turned(v), middle(mode, *lengths(a, v))),
    lambda y_bar, y, a, v, mode: turned(transposed(y_bar, v, a, middle(mode, *lengths(a, v)))))
def_jvp(correlate,
    lambda a_dot, y, a, v, mode: correlate(a_dot, v, mode=mode),
    lambda v_dot, y, a, v, mode: correlate(a, v_dot, mode=mode))
# fmt: on


def vectors(name: str, *operands: Any, mode: str) -> list[Any]:
    """Return the operands as vectors, having checked them and the mode."""
    if mode not in MODES:
        raise ValueError(f"{name}: mode={mode!r}; expected 'full', 'same' or 'valid'")
    found = [at_least(1, x) for x in operands]
    if any(ndim_of(x) > 1 for x in found):
        raise ValueError(f"{name}: expected vectors, got shapes {[*map(shape_of, found)]}")
    return found


@implements(np.convolve)
def np_convolve(a: Any, v: Any, mode: str = "full") -> Any:
    """Convolution of two vectors."""
    return convolve(*vectors("convolve", a, v, mode=mode), mode=mode)


@implements(np.correlate)
def np_correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    """Correlation of two vectors: the convolution with the second backwards and conjugated."""
    return correlate(*vectors("correlate", a, v, mode=mode), mode=mode)
