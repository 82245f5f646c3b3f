r"""The arithmetic of an optimiser's step, each formula as one instruction.

Written in Python's operators, ``w - eta * g`` puts a product and a difference on the tape and
keeps an array that nobody asks for. Here it is one line with one result, and the derivative in a
scalar hyperparameter is one inner product: :math:`\bar\eta = -\langle \bar w, g \rangle`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.nn.hypers import is_single, is_zero, keep, onto, onto_scaled, weak
from minigrad.ops.elementwise import where
from minigrad.ops.rows import summed
from minigrad.ops.rules import unvarying
from minigrad.primitive import Primitive, def_jvp, def_vjp, primitive

__all__ = [
    "add_scaled",
    "average",
    "average_square",
    "debias",
    "descend",
    "descend_adaptive",
    "descend_decayed",
    "penalised",
    "shrink",
]


# The steps. Each is elementwise, so one rule for each operand serves both directions: `d` is a
# cotangent on the way back and a tangent on the way forward.


def elementwise_rules(prim: Primitive, *rules: Any) -> None:
    """Give an elementwise primitive its rules, one for each operand."""
    def_vjp(prim, *rules)
    def_jvp(prim, *rules)


@primitive
def descend(w: Any, eta: Any, g: Any) -> Any:
    """Return ``w - eta * g``: a step against a direction."""
    return keep(w - weak(eta) * g, w)


@primitive
def shrink(w: Any, eta: Any, lam: Any) -> Any:
    """Return ``(1 - eta * lam) * w``: a step of weight decay."""
    return keep((1 - weak(eta) * weak(lam)) * w, w)


@primitive
def descend_decayed(w: Any, eta: Any, lam: Any, g: Any, n: Any = 1) -> Any:
    """Return ``(1 - eta * lam / n) * w - eta * g``: weight decay and a step, in one."""
    eta = weak(eta)
    shrunk = (1 - eta * share(weak(lam), n)) * w
    if alike(shrunk, g) and type(eta) is float:
        return keep(np.subtract(shrunk, eta * g, out=shrunk), w)
    return keep(shrunk - eta * g, w)


def alike(a: Any, b: Any) -> bool:
    """Whether two are arrays of one shape and dtype, so that one can take the other's place."""
    return type(a) is type(b) is np.ndarray and a.shape == b.shape and a.dtype is b.dtype


def share(lam: Any, n: Any) -> Any:
    """Return ``lam / n``."""
    return lam if n == 1 else lam / n


@primitive
def add_scaled(g: Any, a: Any, x: Any) -> Any:
    """Return ``g + a * x``: a gradient and what else is to be followed."""
    return keep(g + weak(a) * x, g)


def penalised(g: Any, lam: Any, w: Any) -> Any:
    """Return the gradient with that of the L2 penalty, ``g + lam * w``."""
    return g if is_zero(lam) else add_scaled(g, lam, w)


@primitive
def average(m: Any, beta: Any, g: Any) -> Any:
    """Return ``beta * m + (1 - beta) * g``: a moving average."""
    beta = weak(beta)
    return keep(beta * m + (1 - beta) * g, m)


@primitive
def average_square(v: Any, beta: Any, g: Any) -> Any:
    """Return ``beta * v + (1 - beta) * (g * g)``: a moving average of squares."""
    beta = weak(beta)
    return keep(beta * v + (1 - beta) * (g * g), v)


fixed = unvarying(lambda t: t, "fixed")  # the number of the step, which is no hyperparameter


@primitive
def debias(m: Any, beta: Any, t: Any) -> Any:
    """Return ``m / (1 - beta**t)``: a moving average that began at zero, t steps ago."""
    return keep(m / (1 - weak(beta) ** weak(t)), m)


def debias_slope(beta: Any, t: Any) -> Any:
    """Return the derivative of ``-log(1 - beta**t)`` in `beta`."""
    return t * beta ** (t - 1) / (1 - beta**t)


# fmt: off
elementwise_rules(
    descend,
    lambda d, y, w, eta, g:  d,
    lambda d, y, w, eta, g:  -onto(eta, d, g),
    lambda d, y, w, eta, g:  d * -eta,
)
elementwise_rules(
    shrink,
    lambda d, y, w, eta, lam:  d * (1 - eta * lam),
    lambda d, y, w, eta, lam:  -onto(eta, d, lam * w),
    lambda d, y, w, eta, lam:  -onto(lam, d, eta * w),
)
elementwise_rules(
    descend_decayed,
    lambda d, y, w, eta, lam, g, n=1:  d * (1 - eta * share(lam, n)),
    lambda d, y, w, eta, lam, g, n=1:  -(onto_scaled(eta, d, w, share(lam, n)) + onto(eta, d, g)),
    lambda d, y, w, eta, lam, g, n=1:  -share(onto_scaled(lam, d, w, eta), n),
    lambda d, y, w, eta, lam, g, n=1:  d * -eta,
)
decayed_rules = descend_decayed.vjps  # for hyperparameters of any shape
elementwise_rules(
    add_scaled,
    lambda d, y, g, a, x:  d,
    lambda d, y, g, a, x:  onto(a, d, x),
    lambda d, y, g, a, x:  d * a,
)
elementwise_rules(
    average,
    lambda d, y, m, beta, g:  d * beta,
    lambda d, y, m, beta, g:  onto(beta, d, m - g),
    lambda d, y, m, beta, g:  d * (1 - beta),
)
elementwise_rules(
    average_square,
    lambda d, y, v, beta, g:  d * beta,
    lambda d, y, v, beta, g:  onto(beta, d, v - g * g),
    lambda d, y, v, beta, g:  d * (2 * (1 - beta) * g),
)
elementwise_rules(
    debias,
    lambda d, y, m, beta, t:  d / (1 - beta ** fixed(t)),
    lambda d, y, m, beta, t:  onto(beta, d, y) * debias_slope(beta, fixed(t)),
    None,
)
# fmt: on


# Plain descent is what most runs are made of. On the way back one rule gives all its cotangents: a
# sweep asks once, and the two hyperparameters of a decayed step share a sum.


@descend.def_vjp
def _(d: Any, y: Any, w: Any, eta: Any, g: Any) -> Any:
    return d, -onto(eta, d, g), d * -eta


@descend_decayed.def_vjp
def _(d: Any, y: Any, w: Any, eta: Any, lam: Any, g: Any, n: Any = 1) -> Any:
    if not is_single(eta) or not is_single(lam):
        return [rule(d, y, w, eta, lam, g, n=n) for rule in decayed_rules]
    along, decay = summed(d, w), share(lam, n)
    eta_bar = -(along * decay + summed(d, g))
    return d * (1 - eta * decay), eta_bar, -share(along * eta, n), d * -eta


# Adam divides by a root that is 0 wherever a gradient has always been 0, and there its slope is
# infinite. But a root that vanishes beside eps, so that `root + eps == eps`, has no effect on the
# step; the derivative of what is computed is 0, and that is the derivative taken. Nothing is then
# divided by a root so small that a power of it underflows.


is_seen = unvarying(lambda r, eps: r + weak(eps) != weak(eps), "is_seen", operands=2)


def root_slope(d: Any, r: Any, eps: Any) -> Any:
    """Return `d` times the slope of ``r = sqrt(v)``, 0 where `r` vanishes beside `eps`."""
    seen = is_seen(r, eps)
    return where(seen, 0.5 * d / where(seen, r, 1.0), 0.0)


@primitive
def root(v: Any, eps: Any) -> Any:
    """Return ``sqrt(v)``, the derivative of which knows about `eps`."""
    return np.sqrt(v)


elementwise_rules(root, lambda d, r, v, eps: root_slope(d, r, eps), None)


@primitive
def descend_adaptive(w: Any, eta: Any, m: Any, v: Any, eps: Any) -> Any:
    """Return ``w - eta * m / (sqrt(v) + eps)``; its derivative in a `v` that is not seen is 0."""
    return keep(w - weak(eta) * m / (np.sqrt(v) + weak(eps)), w)


@descend_adaptive.def_vjp
def _(y_bar: Any, y: Any, w: Any, eta: Any, m: Any, v: Any, eps: Any) -> Any:
    r = root(v, eps)
    d, step = y_bar / (r + eps), eta * m / (r + eps)
    return y_bar, -onto(eta, d, m), -(d * eta), root_slope(d * step, r, eps), onto(eps, d, step)


@descend_adaptive.def_jvp
def _(
    w_dot: Any, eta_dot: Any, m_dot: Any, v_dot: Any, eps_dot: Any,
    y: Any, w: Any, eta: Any, m: Any, v: Any, eps: Any,
) -> Any:  # fmt: skip
    r = root(v, eps)
    step = eta * m / (r + eps)
    rise = eta_dot * m + eta * m_dot - step * (root_slope(v_dot, r, eps) + eps_dot)
    return w_dot - rise / (r + eps)
