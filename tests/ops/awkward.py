"""The forms in which operands come that rules forget: of shape, of place in memory, of use.

Every form is tried with every row of the tables that it can be tried with, see `trials`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from minigrad import tree
from minigrad.variable import value_of

__all__ = ["AS_WRITTEN", "FORMS", "LAYOUTS", "SHAPES", "USES", "Trial", "floating", "trials"]

AS_WRITTEN = "as the row is written"


class Trial(NamedTuple):
    """A function and its operands; `form` is what is awkward about them."""

    form: str
    function: Callable[..., Any]
    xs: list[np.ndarray]
    layout: Callable[[np.ndarray], np.ndarray] | None = None


def floating(y):
    """The outputs that have a derivative, as a flat list; of a recorded call or a plain one."""
    return [leaf for leaf in tree.leaves(y) if np.asarray(value_of(leaf)).dtype.kind in "fc"]


# Shapes, made of those of a row; what is square stays square.


def emptied(shape, lengths):
    """The shape with 0 in place of these lengths."""
    return tuple(0 if n in lengths else n for n in shape)


def ones(shape):
    return (1,) * len(shape)


def every_other(shape, first):
    """The shape with 1 in place of every other axis."""
    return tuple(1 if k % 2 == first else n for k, n in enumerate(shape))


def each(change):
    return lambda *shapes: tuple(map(change, shapes))


def several(change):
    """For rows of several operands."""
    return lambda *shapes: change(*shapes) if len(shapes) > 1 else shapes


SHAPES = {
    "no axis": each(lambda shape: ()),
    "nothing along axes as long as the first": each(lambda shape: emptied(shape, shape[:1])),
    "nothing along axes as long as the last": each(lambda shape: emptied(shape, shape[-1:])),
    "a single element": each(ones),
    "a first axis of size 1": each(lambda shape: (1, *shape)),
    "a last axis of size 1": each(lambda shape: (*shape, 1)),
    "a middle axis of size 1": each(lambda shape: (*shape[:-1], 1, *shape[-1:])),
    "the left operand broadcast": several(lambda a, *rest: (ones(a), *rest)),
    "the right operand broadcast": several(lambda *rest: (*rest[:-1], ones(rest[-1]))),
    "both operands broadcast": several(
        lambda a, *rest: (every_other(a, 0), *(every_other(b, 1) for b in rest))
    ),
    "an axis less on the left": several(lambda a, *rest: (a[1:], *rest)),
    "an axis less on the right": several(lambda *rest: (*rest[:-1], rest[-1][1:])),
}


# The same numbers elsewhere in memory.


def read_only(x):
    x = x.copy()
    x.setflags(write=False)
    return x


def unaligned(x):
    """A copy that begins at an odd address."""
    memory = np.empty(x.nbytes + 1, np.uint8)
    copy = memory[1:].view(x.dtype).reshape(x.shape)
    copy[...] = x
    return copy


def window(x):
    """A part of a larger array whose other elements are no numbers."""
    larger = np.full([n + 2 for n in x.shape], np.nan, x.dtype)
    inside = larger[(slice(1, -1),) * x.ndim]
    inside[...] = x
    return inside


LAYOUTS = {
    "Fortran order": np.asfortranarray,
    "negative strides": lambda x: np.flip(np.flip(x).copy()),
    "every second element": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "a window": window,
    "an odd address": unaligned,
    "read-only": read_only,
}


# The same call within a program.


def constant(function, xs, k):
    """The function of all operands but one, which is a plain array."""
    return lambda *rest: function(*rest[:k], xs[k].astype(rest[0].dtype), *rest[k:])


def summed(y):
    return [np.sum(np.ravel(part)) for part in floating(y)]  # in one order, wherever they lie


def corners(y):
    return [part[(0,) * np.ndim(part)] for part in floating(y) if np.size(part)]


USES = {
    "operands that are views on the tape": lambda f: lambda *xs: f(*(x.T.T for x in xs)),
    "operands that are used elsewhere, too": lambda f: lambda *xs: [f(*xs), *xs],
    "two calls of the same operands": lambda f: lambda *xs: [f(*xs), f(*xs)],
    "a result that is used twice": lambda f: lambda *xs: 2 * floating(f(*xs)),
    "a cotangent of equal numbers without memory of their own": lambda f: (
        lambda *xs: summed(f(*xs))
    ),
    "a cotangent of zeros but for one element": lambda f: lambda *xs: corners(f(*xs)),
}
ONE_CONSTANT = "one operand a constant"
REPEATED = "the same operand in every place"
FORMS = [AS_WRITTEN, *SHAPES, *LAYOUTS, *USES, ONE_CONSTANT, REPEATED]


def accepts(case, shapes):
    """Whether NumPy's own function takes operands of these shapes without a complaint."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            ys = floating(case.function(*[x[()] for x in case.operands(shapes)]))
        return bool(ys) and all(np.all(np.isfinite(y)) for y in ys)
    except (ValueError, TypeError, IndexError, Warning, AttributeError, ZeroDivisionError):
        return False


# Where NumPy takes operands that have no derivative, or gives no answer itself: a row's name
# begins so, the form, and why.
WITHOUT = [
    ("linalg.svd of an indefinite", "a single element", "equal singular values"),
    ("nn.log_softmax", "a last axis of size 1", "a constant: derivatives of rounding alone"),
    (
        "nn.log_softmax of col",
        "a first axis of size 1",
        "a constant: derivatives of rounding alone",
    ),
    ("nn.cross_entropy of rows", "a single element", "a constant, too"),
    (
        "residual of",
        "a cotangent of equal numbers without memory of their own",
        "a constant, too: each row of a residual adds up to 0",
    ),
    ("residual of rows", "both operands broadcast", "a constant, too: it has one class"),
    ("linalg.svd of a complex square", "both operands broadcast", "singular values that are zero"),
    *(
        (name, f"nothing along axes as long as the {which}", "memory that nobody filled")
        for name in ("fft.irfft", "fft.hfft", "nanpercentile")
        for which in ("first", "last")
    ),
]


def excepted(case, form):
    return any(case.name.startswith(name) and form == other for name, other, _ in WITHOUT)


def trials(case) -> Iterator[Trial]:
    """Yield the row as it is written, then in each awkward form that it has."""
    function, xs = case.function, case.operands()
    yield Trial(AS_WRITTEN, function, xs)
    if any(x.ndim for x in xs):
        for form, layout in LAYOUTS.items():
            yield Trial(form, function, xs, lambda x, layout=layout: layout(x) if x.ndim else x)
    seen = {case.shapes}
    for form, change in SHAPES.items():
        shapes = change(*case.shapes)
        if shapes not in seen and not excepted(case, form) and accepts(case, shapes):
            seen.add(shapes)
            yield Trial(form, function, case.operands(shapes))
    for form, use in USES.items():
        if not excepted(case, form):
            yield Trial(form, use(function), xs)
    if len(xs) > 1:
        for k in range(len(xs)):
            yield Trial(ONE_CONSTANT, constant(function, xs, k), xs[:k] + xs[k + 1 :])
        if len(set(case.shapes)) == len(set(case.domains)) == 1:
            n = len(xs)
            yield Trial(REPEATED, lambda x: function(*[x] * n), xs[:1])
