"""Elementwise functions: one row each.

The Jacobian of an elementwise function is diagonal, so it is its own transpose, and one rule
serves both directions: `d` is a cotangent on the way back and a tangent on the way forward. A row
has a rule for each operand; broadcasting is not its business.

Conventions at edges: where a derivative is undefined or one-sided, the row says which value is
taken. Ties of maximum and minimum give each operand half; ``abs`` has slope 0 at 0; ``x**0`` has
slope 0 everywhere and ``0**p`` has slope 0 in `p`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minigrad.dispatch import UFUNCS, call_plain, implements, unrecorded
from minigrad.ops.rules import unvarying
from minigrad.primitive import Primitive, def_jvp, def_vjp
from minigrad.primitive import add as add
from minigrad.variable import OPERATORS, value_of

LN_2, LN_10 = float(np.log(2.0)), float(np.log(10.0))


def elementwise(
    function: Any, *rules: Callable[..., Any] | None, name: str | None = None
) -> Primitive:
    """Make an elementwise primitive; if the function is a ufunc, NumPy's name leads to it."""
    prim = Primitive(function, name)
    def_vjp(prim, *rules)
    def_jvp(prim, *rules)
    if isinstance(function, np.ufunc):
        UFUNCS[function] = prim
    return prim


def nonzero(y: Any) -> Any:
    """Return `y` with its zeros replaced by ones, to divide by."""
    return where(is_zero(y), 1.0, y)


def power_slope(d: Any, y: Any, x: Any, p: Any) -> Any:
    """Return the slope of ``x**p`` in `x`; an exponent of 0 has slope 0, also at ``x = 0``."""
    if type(p) is int or type(p) is float:
        return zeros_like(d) if p == 0 else d * (2 * x if p == 2 else p * power(x, p - 1))
    flat = is_zero(p)
    return where(flat, 0.0, d * p * x ** where(flat, 1.0, p - 1.0))


def exponent_slope(d: Any, y: Any, x: Any, p: Any) -> Any:
    """Return the slope of ``x**p`` in `p`: ``y log x``, and 0 at ``x = 0``."""
    x = nonzero(x)
    return d * y * log(x + 0j if np.iscomplexobj(value_of(y)) else x)


def absolute_slope(y: Any, x: Any) -> Any:
    """Return the slope of ``abs``: the sign, 0 at 0; of a complex number, its unit conjugated."""
    return conjugate(x) / nonzero(y) if np.iscomplexobj(value_of(x)) else sign(x)


def arc_slope(b: Any, a: Any) -> Any:
    """Return ``b / (a**2 + b**2)`` without the squares, which leave the range of small types."""
    radius = hypot(a, b)
    return b / radius / radius


def turning(d: Any, y: Any, x: Any) -> Any:
    """Return what a derivative turns the direction `y` of a complex `x` by, along ``1j conj(y)``.

    Of a cotangent; of a tangent with ``conj(y)`` in the place of `y`.
    """
    return conjugate(y) * (1j * imag(d * y)) / nonzero(absolute(x))


def softmax_weight(a: Any, y: Any) -> Any:
    """Return ``log(exp(a - y))`` for ``y = logaddexp(a, b)``: 0 at a = +inf, -inf at a = -inf."""
    y_finite = finite(y)
    return where(y_finite, a - where(y_finite, y, 0.0), all_or_none(a))


def sinc_slope(x: Any) -> Any:
    """Return the slope of ``sinc``, by its series where the closed form cancels."""
    small = is_small(x)
    away = where(small, 1.0, x)
    u = (np.pi * where(small, x, 0.0)) ** 2
    series = -(np.pi**2) * x * (1 / 3 - u * (1 / 30 - u * (1 / 840 - u / 45360)))
    return where(small, series, (cos(np.pi * away) - sinc(away)) / away)


def zeros_like(d: Any) -> Any:
    """Return plain zeros in the shape and dtype of `d`."""
    return np.zeros_like(value_of(d))


def _chosen(a: Any, b: Any, y: Any) -> Any:
    return np.where(a == y, np.where(b == y, 0.5, 1.0), 0.0).astype(np.asarray(y).dtype)[()]


def _tanh_slope(d: Any, y: Any) -> Any:
    if type(d) is type(y) is np.ndarray and (d.shape, d.dtype) == (y.shape, y.dtype) and y.ndim:
        slope = y * y  # and on in the same memory
        np.subtract(1.0, slope, out=slope)
        return np.multiply(d, slope, out=slope)
    return d * (1.0 - y * y)


def _all_or_none(a: Any) -> Any:
    return np.where(a == np.inf, 0.0, -np.inf).astype(np.result_type(a))[()]


# fmt: off
# What the rules look up in the values. These are instructions too, so that a tape that is replayed
# with other numbers finds other masks.
finite      = unvarying(np.isfinite)
is_zero     = unvarying(lambda x: np.equal(x, 0), "is_zero")
is_small    = unvarying(lambda x: np.abs(x) < 0.05, "is_small")
same_sign   = unvarying(lambda a, b: np.sign(a) * np.copysign(1.0, b), "same_sign", operands=2)
chosen      = unvarying(_chosen, "chosen", operands=3)  # 1 where y is a, 0 where not, 1/2 at ties
all_or_none = unvarying(_all_or_none, "all_or_none")

# Rules above their own row know these.
absolute: Primitive
conjugate: Primitive
cos: Primitive
cosh: Primitive
exp: Primitive
exp2: Primitive
floor_divide: Primitive
hypot: Primitive
imag: Primitive
ldexp: Primitive
log: Primitive
sign: Primitive
sinc: Primitive
tanh_slope: Primitive
trunc: Primitive
where: Primitive

# Each rule:  incoming derivative d, output y, operands  ->  d times the slope in that operand.

UFUNCS[np.add] = add
subtract    = elementwise(np.subtract,    lambda d, y, a, b: d,      lambda d, y, a, b: -d)
multiply    = elementwise(np.multiply,    lambda d, y, a, b: d * b,  lambda d, y, a, b: d * a)
divide      = elementwise(np.divide,      lambda d, y, a, b: d / b,
                                          lambda d, y, a, b: -(d * y / b))
power       = elementwise(np.power,       power_slope,               exponent_slope)
float_power = elementwise(np.float_power, power_slope,               exponent_slope)
remainder   = elementwise(np.remainder,   lambda d, y, a, b: d,
                                          lambda d, y, a, b: -d * floor_divide(a, b))
fmod        = elementwise(np.fmod,        lambda d, y, a, b: d,
                                          lambda d, y, a, b: -d * trunc(a / b))
maximum     = elementwise(np.maximum,     lambda d, y, a, b: d * chosen(a, b, y),
                                          lambda d, y, a, b: d * chosen(b, a, y))
minimum     = elementwise(np.minimum,     lambda d, y, a, b: d * chosen(a, b, y),
                                          lambda d, y, a, b: d * chosen(b, a, y))
fmax        = elementwise(np.fmax,        lambda d, y, a, b: d * chosen(a, b, y),
                                          lambda d, y, a, b: d * chosen(b, a, y))
fmin        = elementwise(np.fmin,        lambda d, y, a, b: d * chosen(a, b, y),
                                          lambda d, y, a, b: d * chosen(b, a, y))
hypot       = elementwise(np.hypot,       lambda d, y, a, b: d * a / nonzero(y),
                                          lambda d, y, a, b: d * b / nonzero(y))
arctan2     = elementwise(np.arctan2,     lambda d, y, a, b: d * arc_slope(b, a),
                                          lambda d, y, a, b: -d * arc_slope(a, b))
logaddexp   = elementwise(np.logaddexp,   lambda d, y, a, b: d * exp(softmax_weight(a, y)),
                                          lambda d, y, a, b: d * exp(softmax_weight(b, y)))
logaddexp2  = elementwise(np.logaddexp2,  lambda d, y, a, b: d * exp2(softmax_weight(a, y)),
                                          lambda d, y, a, b: d * exp2(softmax_weight(b, y)))
copysign    = elementwise(np.copysign,    lambda d, y, a, b: d * same_sign(a, b), None)
heaviside   = elementwise(np.heaviside,   None, lambda d, y, x, h: d * is_zero(x))
nextafter   = elementwise(np.nextafter,   lambda d, y, a, b: d, None)
ldexp       = elementwise(np.ldexp,       lambda d, y, x, n: ldexp(d, n), None)

negative    = elementwise(np.negative,    lambda d, y, x: -d)
positive    = elementwise(np.positive,    lambda d, y, x: d)
absolute    = elementwise(np.absolute,    lambda d, y, x: d * absolute_slope(y, x))
fabs        = elementwise(np.fabs,        lambda d, y, x: d * sign(x))
reciprocal  = elementwise(np.reciprocal,  lambda d, y, x: -(d * y * y))
square      = elementwise(np.square,      lambda d, y, x: d * (2 * x))
sqrt        = elementwise(np.sqrt,        lambda d, y, x: 0.5 * d / y)
cbrt        = elementwise(np.cbrt,        lambda d, y, x: d / (3.0 * (y * y)))
exp         = elementwise(np.exp,         lambda d, y, x: d * y)
exp2        = elementwise(np.exp2,        lambda d, y, x: d * y * LN_2)
expm1       = elementwise(np.expm1,       lambda d, y, x: d * (y + 1.0))
log         = elementwise(np.log,         lambda d, y, x: d / x)
log2        = elementwise(np.log2,        lambda d, y, x: d / (x * LN_2))
log10       = elementwise(np.log10,       lambda d, y, x: d / (x * LN_10))
log1p       = elementwise(np.log1p,       lambda d, y, x: d / (x + 1.0))
sin         = elementwise(np.sin,         lambda d, y, x: d * cos(x))
cos         = elementwise(np.cos,         lambda d, y, x: -(d * sin(x)))
tan         = elementwise(np.tan,         lambda d, y, x: d * (1.0 + y * y))
arcsin      = elementwise(np.arcsin,      lambda d, y, x: d / sqrt(1.0 - x * x))
arccos      = elementwise(np.arccos,      lambda d, y, x: -(d / sqrt(1.0 - x * x)))
arctan      = elementwise(np.arctan,      lambda d, y, x: d / (1.0 + x * x))
sinh        = elementwise(np.sinh,        lambda d, y, x: d * cosh(x))
cosh        = elementwise(np.cosh,        lambda d, y, x: d * sinh(x))
tanh        = elementwise(np.tanh,        lambda d, y, x: tanh_slope(d, y))
tanh_slope  = elementwise(_tanh_slope,
                          lambda e, z, d, y: tanh_slope(e, y),
                          lambda e, z, d, y: -2.0 * e * d * y, name="tanh_slope")
arcsinh     = elementwise(np.arcsinh,     lambda d, y, x: d / sqrt(x * x + 1.0))
arccosh     = elementwise(np.arccosh,     lambda d, y, x: d / (sqrt(x - 1.0) * sqrt(x + 1.0)))
arctanh     = elementwise(np.arctanh,     lambda d, y, x: d / (1.0 - x * x))
deg2rad     = elementwise(np.deg2rad,     lambda d, y, x: d * (np.pi / 180.0))
rad2deg     = elementwise(np.rad2deg,     lambda d, y, x: d * (180.0 / np.pi))
radians     = elementwise(np.radians,     lambda d, y, x: d * (np.pi / 180.0))
degrees     = elementwise(np.degrees,     lambda d, y, x: d * (180.0 / np.pi))
sinc        = elementwise(np.sinc,        lambda d, y, x: d * sinc_slope(x))
real        = elementwise(np.real,        lambda d, y, x: d)
conjugate   = elementwise(np.conjugate,   lambda d, y, x: conjugate(d))
imag        = elementwise(np.imag,        lambda d, y, x: -1j * d)  # `fit` keeps the real part
angle       = elementwise(np.angle,       lambda d, y, x: d * (-1j / x))

where       = elementwise(lambda condition, a, b: np.where(condition, a, b), None,
                          lambda d, y, c, a, b: where(c, d, 0.0),
                          lambda d, y, c, a, b: where(c, 0.0, d), name="where")

astype      = elementwise(lambda x, dtype: np.asarray(x).astype(dtype)[()],
                          lambda d, y, x, dtype: d, name="astype")
nan_to_num  = elementwise(lambda x, **to: np.nan_to_num(x, **to),
                          lambda d, y, x, **to: d * finite(x), name="nan_to_num")
unwrap      = elementwise(lambda p, **by: np.unwrap(p, **by),
                          lambda d, y, p, **by: d, name="unwrap")
OPERATORS.update(real=real, astype=astype)

# Of several outputs: the fraction varies, the integer does not.
modf        = elementwise(np.modf,  None)
frexp       = elementwise(np.frexp, None)
def_vjp(modf,  lambda y_bar, y, x: y_bar[0])
def_jvp(modf,  lambda x_dot, y, x: (x_dot, None))
def_vjp(frexp, lambda y_bar, y, x: ldexp(y_bar[0], -y[1]))
def_jvp(frexp, lambda x_dot, y, x: (ldexp(x_dot, -y[1]), None))
UFUNCS[np.divmod] = lambda a, b: (floor_divide(a, b), remainder(a, b))

# Steps: constant but for their jumps. The result is on the tape, its derivative is zero.
sign         = elementwise(np.sign, None)
floor        = elementwise(np.floor, None)
ceil         = elementwise(np.ceil, None)
rint         = elementwise(np.rint, None)
trunc        = elementwise(np.trunc, None)
spacing      = elementwise(np.spacing, None)
fix          = elementwise(lambda x: np.trunc(x), None, name="fix")  # NumPy 2.5 warns of np.fix
round_       = elementwise(lambda x, decimals: np.round(x, decimals), None, name="round")
floor_divide = elementwise(np.floor_divide, None, None)

# Of a complex number the sign is its direction, which is no step.
direction = Primitive(np.sign, "sign")
def_vjp(direction, lambda y_bar, y, x: turning(y_bar, y, x))
def_jvp(direction, lambda x_dot, y, x: turning(x_dot, conjugate(y), x))
UFUNCS[np.sign] = lambda x: (direction if np.iscomplexobj(value_of(x)) else sign)(x)
# fmt: on


def floating(x: Any) -> Any:
    """Return integers and booleans as float64, as NumPy computes with them; other numbers as is."""
    return astype(x, dtype=FLOAT) if np.asarray(value_of(x)).dtype.kind in "biu" else x


FLOAT = np.dtype(np.float64)


# Functions that are not ufuncs, by NumPy's names

implements(np.real)(lambda val: real(val))
implements(np.imag)(lambda val: imag(val))
implements(np.sinc)(lambda x: sinc(x))
implements(np.fix)(lambda x: fix(x))
OPERATORS.update({".real": real, ".imag": imag, ".conj": lambda x: lambda: conjugate(x)})
OPERATORS[".conjugate"] = OPERATORS[".conj"]


@implements(np.angle)
def np_angle(z: Any, deg: bool = False) -> Any:
    """Argument of a complex number, in radians or degrees."""
    return rad2deg(angle(z)) if deg else angle(z)


@implements(np.real_if_close)
def np_real_if_close(a: Any, tol: float = 100) -> Any:
    """Real part, if the imaginary parts are all negligible."""
    whole = np.iscomplexobj(value_of(a)) and np.iscomplexobj(np.real_if_close(value_of(a), tol))
    return a if whole or not np.iscomplexobj(value_of(a)) else real(a)


@implements(np.nan_to_num)
def np_nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    """With constants in place of what is not finite; `copy` makes no difference."""
    return nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


@implements(np.round, np.around, method=True)
def np_round(a: Any, decimals: int = 0) -> Any:
    """Nearest number with so many decimals; a step, whose derivative is zero."""
    return round_(a, decimals=decimals)


@implements(np.unwrap)
def np_unwrap(
    p: Any, discont: Any = None, axis: int = -1, *, period: float = 6.283185307179586
) -> Any:
    """Without jumps of a period: constants are added, so the derivative passes as it is."""
    return unwrap(p, discont=discont, axis=axis, period=period)


unrecorded(
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
    np.logical_and, np.logical_or, np.logical_xor, np.logical_not,
    np.isnan, np.isinf, np.isfinite, np.signbit,
)  # fmt: skip


# Python's operators


def compared(function: Any, a: Any, b: Any) -> Any:
    """Return a comparison of plain values."""
    return call_plain(function, (a, b), {})


for name in (
    "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "power", "negative",
    "positive", "absolute",
):  # fmt: skip
    prim: Any = UFUNCS[getattr(np, name)]
    OPERATORS[name] = prim.__call__
for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
    OPERATORS[name] = partial(compared, getattr(np, name))
