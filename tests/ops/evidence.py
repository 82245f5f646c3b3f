"""What the laws compare: a recording's derivatives, and what the plain function says of them.

Write J for the Jacobian of a function at its operands, `u` for a cotangent and `v` for a direction,
both random. A derivative of many numbers is not compared element by element where a projection on a
random vector finds the same mistakes.
"""

from functools import cached_property

import numpy as np
from awkward import floating

import minigrad as mg
from minigrad.testing import complex_step, finite_difference
from minigrad.variable import value_of

__all__ = ["Recording", "Truth", "directions", "inner", "largest", "size"]


def directions(arrays, seed):
    """Random directions, no element of them small, in the shapes and dtypes of the arrays.

    They are numbers that float32 has, and the same ones for both precisions.
    """
    rng = np.random.default_rng(seed)
    drawn = []
    for x in map(np.asarray, arrays):
        parts = rng.uniform(0.5, 1.5, (2, *x.shape)) * rng.choice([-1.0, 1.0], (2, *x.shape))
        parts = parts.astype(np.float32)
        whole = parts[0] + 1j * parts[1] if x.dtype.kind == "c" else parts[0]
        drawn.append(whole.astype(x.dtype)[()])
    return drawn


def wide(x):
    """The same numbers in double precision."""
    x = np.asarray(x)
    return x.astype(complex if x.dtype.kind == "c" else float, copy=False)


def inner(us, vs):
    """The pairing of cotangents with tangents: Re sum u v, complex ones without conjugation."""
    return sum(np.sum(np.real(wide(u) * wide(v))) for u, v in zip(us, vs, strict=True))


def size(us, vs):
    """The size of the terms in a pairing, which its rounding is relative to."""
    return sum(np.sum(np.abs(wide(u) * wide(v))) for u, v in zip(us, vs, strict=True))


def largest(x):
    return np.max(np.abs(x), initial=0.0)


class Truth:
    """What differences and the complex step say of a function, in float64."""

    def __init__(self, function, xs, order, analytic):
        self.function, self.xs, self.order = function, xs, order
        self.ys = self.plain(*xs)
        self.u, self.v = directions(self.ys, 1), directions(xs, 2)
        #: J v, and about how far off that is.
        self.y_dots, self.y_dot_errors = finite_difference(self.plain, *xs, direction=self.v)
        self.analytic = analytic and not any(np.iscomplexobj(y) for y in self.ys)

    def plain(self, *xs):
        return floating(self.function(*xs))

    @cached_property
    def shares(self):
        """Of each operand, what its direction adds to <u, J v>, and about how far off that is."""
        return [
            finite_difference(
                lambda *xs: inner(self.u, self.plain(*xs)), *self.xs, direction=alone(k, self.v)
            )
            for k in range(len(self.xs))
        ]

    @cached_property
    def complex_step(self):
        """<u, J v> by a complex step."""
        return inner(self.u, complex_step(self.plain, *self.xs, direction=self.v))

    @cached_property
    def curvature(self):
        """The derivative of J^T u along v, and about how far off that is."""

        def gradient(*xs):
            return list(mg.vjp(self.plain, *xs)[1](self.u))

        return finite_difference(gradient, *self.xs, direction=self.v)


def alone(k, vs):
    """The direction in which only the k-th operand moves."""
    return [v if j == k else 0.0 * v for j, v in enumerate(vs)]


class Recording:
    """All derivatives of a function that the laws are about, from one recording.

    Its operands, cotangents and directions are those of the truth, in a precision and a layout.
    """

    def __init__(self, truth, dtype=np.float64, layout=None):
        laid = layout or np.asarray
        self.dtype = np.dtype(dtype)
        self.xs = [laid(x.astype(dtype)) for x in truth.xs]
        with mg.Tape() as self.tape:
            self.variables = [self.tape.variable(x) for x in self.xs]
            self.outputs = floating(truth.function(*self.variables))
            self.ys = [value_of(y) for y in self.outputs]
            self.u = [laid(u) for u in directions(self.ys, 1)]
            self.v = [laid(v) for v in directions(self.xs, 2)]
            pulled = self.tape.gradient(self.outputs, self.variables, cotangent=self.u)
            pushed = self.tape.tangent(self.outputs, self.variables, self.v)
        self.x_bars = [value_of(x_bar) for x_bar in pulled]
        self.y_dots = [value_of(y_dot) for y_dot in pushed]
        # The gradient of <J^T u, v> = <u, J v> in the operands, in three ways.
        self.second_order = []
        if truth.order > 1:
            self.second_order = [
                self.tape.gradient(pulled, self.variables, cotangent=self.v),
                self.tape.tangent(pulled, self.variables, self.v),
                self.tape.gradient(pushed, self.variables, cotangent=self.u),
            ]

    @cached_property
    def swept(self):
        return self.sweep()

    def sweep(self):
        """The derivatives once more: plain arrays, since the tape is closed."""
        x_bars = self.tape.gradient(self.outputs, self.variables, cotangent=self.u)
        return [*x_bars, *self.tape.tangent(self.outputs, self.variables, self.v)]
