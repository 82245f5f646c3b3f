"""Fused primitives: what a network does at every step, as one instruction each.

Written out in NumPy's functions, a cross-entropy is eight instructions, of which three overflow
without care. Here it is one, with a backward pass of one, and both with a second order.
"""

from __future__ import annotations

from cmath import isfinite
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import numpy as np

from minigrad.arguments import are_numbers
from minigrad.ops.elementwise import elementwise, exp, tanh, tanh_slope
from minigrad.ops.products import matmul_nt, matmul_tn
from minigrad.ops.rows import highest, inner, places, spread_rows, sum_along, sum_rows, summed
from minigrad.ops.rules import unvarying
from minigrad.primitive import by_position, def_jvp, def_vjp, primitive
from minigrad.variable import value_of

__all__ = [
    "cross_entropy",
    "dense",
    "dense_tanh",
    "gelu",
    "log_softmax",
    "logsumexp",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "spread_rows",
    "sum_rows",
    "sum_squares",
]


def of_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    """Say of an operand that is no number what it is, where the function has failed."""

    @wraps(function)
    def told(*operands: Any, **params: Any) -> Any:
        try:
            return function(*operands, **params)
        except (AttributeError, TypeError, ValueError):
            for x in operands:
                if not are_numbers(x):
                    what = function.__name__.lstrip("_")
                    raise TypeError(
                        f"{what}: expected a number or an array of numbers, got {x!r:.60}"
                    ) from None
            raise

    return told


# Activations. `np.real` picks the branch so that a complex step passes through.


@of_numbers
def _sigmoid(x: Any) -> Any:
    small = np.exp(-_size(x))
    return np.where(np.real(x) >= 0, 1.0, small) / (1.0 + small)


@of_numbers
def _softplus(x: Any) -> Any:
    ramp = np.where(np.real(x) >= 0, x, 0.0) if np.iscomplexobj(x) else np.maximum(x, 0.0)
    return ramp + np.log1p(np.exp(-_size(x)))


def _size(x: Any) -> Any:
    kind = np.asarray(x).dtype.kind
    if kind == "c":
        return np.where(np.real(x) >= 0, x, -x)
    return np.abs(np.float64(x) if kind in WHOLE else x)


WHOLE = "biu"  # kinds of numbers to compute with as float64: small ones leave their range


@of_numbers
def _relu(x: Any) -> Any:
    return np.where(np.real(x) > 0, x, 0.0)


@of_numbers
def _gelu(x: Any) -> Any:
    return 0.5 * x * (1.0 + np.tanh(GELU * (x + 0.044715 * x * x * x)))


def _gelu_slope(x: Any) -> Any:
    t = tanh(GELU * (x + 0.044715 * x * x * x))
    return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * (GELU * (1.0 + 0.134145 * x * x))


GELU = float(np.sqrt(2.0 / np.pi))

is_positive = unvarying(lambda x: np.real(x) > 0, "is_positive")
sigmoid = elementwise(_sigmoid, lambda d, y, x: d * (y * (1.0 - y)), name="sigmoid")
sigmoid.__doc__ = r"""Logistic function :math:`1 / (1 + e^{-x})`, elementwise, without overflow.

Its slope is :math:`y (1 - y)`.

Examples
--------
>>> from minigrad import nn
>>> float(nn.sigmoid(0.0))
0.5
"""
softplus = elementwise(_softplus, lambda d, y, x: d * sigmoid(x), name="softplus")
softplus.__doc__ = r"""Smooth ramp :math:`\log(1 + e^x)`, elementwise, without overflow.

Its slope is the logistic function.

Examples
--------
>>> from minigrad import nn
>>> float(nn.softplus(1000.0))
1000.0
"""
relu = elementwise(_relu, lambda d, y, x: d * is_positive(x), name="relu")
relu.__doc__ = r"""Ramp :math:`\max(x, 0)`, elementwise; its slope at 0 is 0.

Examples
--------
>>> import numpy as np
>>> from minigrad import nn
>>> nn.relu(np.array([-1.0, 2.0]))
array([0., 2.])
"""
gelu = elementwise(_gelu, lambda d, y, x: d * _gelu_slope(x), name="gelu")
gelu.__doc__ = r"""Gaussian error linear unit, elementwise, in its tanh form.

.. math:: \tfrac{x}{2} \left(1 + \tanh\left(\sqrt{2/\pi}\,(x + 0.044715\,x^3)\right)\right)

References
----------
.. [1] D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units", arXiv:1606.08415,
   section 2.

Examples
--------
>>> from minigrad import nn
>>> float(nn.gelu(0.0))
0.0
"""


# A layer and the weight penalty.


@primitive
def dense(x: Any, w: Any, b: Any) -> Any:
    """Return ``x @ w + b``: a layer of a network.

    Parameters
    ----------
    x : array, shape (n, inputs)
    w : array, shape (inputs, outputs)
    b : array, shape (outputs,)

    Returns
    -------
    array, shape (n, outputs)

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.ops.special import dense
    >>> dense(np.ones((1, 2)), np.ones((2, 3)), np.zeros(3))
    array([[2., 2., 2.]])
    """
    y = x.dot(w) if x.ndim == w.ndim == 2 else np.matmul(x, w)
    if getattr(b, "dtype", None) is y.dtype and b.ndim == 1:
        return np.add(y, b, out=y)
    if np.ndim(b) > 1:
        raise ValueError(f"dense: b has shape {np.shape(b)}; expected (outputs,)")
    return y + b


def_vjp(
    dense,
    lambda y_bar, y, x, w, b: matmul_nt(y_bar, w),
    lambda y_bar, y, x, w, b: matmul_tn(x, y_bar),
    lambda y_bar, y, x, w, b: sum_rows(y_bar),
)
def_jvp(
    dense,
    lambda x_dot, y, x, w, b: x_dot @ w,
    lambda w_dot, y, x, w, b: x @ w_dot,
    lambda b_dot, y, x, w, b: b_dot,
)


@primitive
def dense_tanh(x: Any, w: Any, b: Any) -> Any:
    """Return ``tanh(x @ w + b)``: a layer and its activation, in the memory of one result.

    Parameters and result are those of :func:`dense`.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.ops.special import dense_tanh
    >>> dense_tanh(np.ones((1, 2)), np.zeros((2, 3)), np.zeros(3))
    array([[0., 0., 0.]])
    """
    z = dense.function(x, w, b)
    return np.tanh(z, out=z if z.dtype.kind in "fc" else None)


@dense_tanh.def_vjp
def _(y_bar: Any, y: Any, x: Any, w: Any, b: Any) -> Any:
    z_bar = tanh_slope(y_bar, y)
    return lambda: matmul_nt(z_bar, w), lambda: matmul_tn(x, z_bar), lambda: sum_rows(z_bar)


def_jvp(
    dense_tanh,
    lambda x_dot, y, x, w, b: tanh_slope(x_dot @ w, y),
    lambda w_dot, y, x, w, b: tanh_slope(x @ w_dot, y),
    lambda b_dot, y, x, w, b: tanh_slope(b_dot, y),
)


@primitive
@of_numbers
def sum_squares(*weights: Any) -> Any:
    r"""Return :math:`\sum_i w_i^2` over all elements of all arrays given.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import nn
    >>> float(nn.sum_squares(np.array([3.0, 4.0]), np.array([[12.0]])))
    169.0
    """
    flat = [_flat(w) for w in weights]
    return sum([np.dot(w, w) for w in flat])


def _flat(w: Any) -> Any:
    w = w.ravel() if type(w) is np.ndarray else np.ravel(w)
    return w.astype(float) if w.dtype.kind in WHOLE else w


@primitive
def twice(scale: Any, w: Any) -> Any:
    """Return ``2 scale w``, the gradient of `sum_squares`, for a scalar `scale`."""
    return (2 * scale) * w


def_vjp(sum_squares, by_position(lambda k, y_bar, y, *weights: twice(y_bar, weights[k])))
def_jvp(sum_squares, by_position(lambda k, w_dot, y, *weights: 2 * summed(w_dot, weights[k])))
def_vjp(twice, lambda y_bar, y, s, w: 2 * summed(y_bar, w), lambda y_bar, y, s, w: twice(s, y_bar))
def_jvp(twice, lambda s_dot, y, s, w: twice(s_dot, w), lambda w_dot, y, s, w: twice(s, w_dot))


# The softmax family, along an axis.


def _shift(x: Any, axis: Any) -> Any:
    """Return what to take off before exp: 0 if it can bear all of x, else the largest elements.

    No element is larger than the norm of all, which takes a look and no reduction along the axis.
    Where the largest is infinite it is 0.
    """
    if type(x) is np.ndarray and x.dtype.char in BEARABLE:
        flat = x.ravel()
        if flat.dot(flat) < BEARABLE[x.dtype.char]:
            return 0.0
    if not np.size(x):
        return 0.0
    top = highest(x, axis)
    if top.dtype.kind in WHOLE:
        return top.astype(float)
    one = np.vdot(top, top)  # one number, quicker to look at than each
    return top if isfinite(one) else np.where(np.isfinite(top), top, 0.0)


def less(x: Any, shift: Any) -> Any:
    """Return ``x - shift``."""
    return x if type(shift) is float else x - shift


# Squares of norms; exp(80) is finite in float32, exp(300) in float64, and so are sums of many.
BEARABLE = {"f": 80.0**2, "d": 300.0**2}


def _expand(y: Any, axis: Any, keepdims: bool) -> Any:
    return y if keepdims or axis is None else np.expand_dims(y, axis)


@primitive
@of_numbers
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    r"""Return :math:`\log \sum_i e^{x_i}` along an axis, without overflow.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import nn
    >>> bool(nn.logsumexp(np.array([1000.0, 1000.0])) == 1000.0 + np.log(2.0))
    True
    """
    shift = _shift(x, axis)
    y = np.log(np.sum(np.exp(less(x, shift)), axis=axis, keepdims=True)) + shift
    return y if keepdims else np.squeeze(y, axis=axis)[()]


@primitive
@of_numbers
def softmax(x: Any, axis: Any = -1) -> Any:
    r"""Return :math:`e^{x_i} / \sum_j e^{x_j}` along an axis, without overflow.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import nn
    >>> nn.softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    y = np.exp(less(x, _shift(x, axis)))
    return y / sum_along(y, axis)


@primitive
@of_numbers
def log_softmax(x: Any, axis: Any = -1) -> Any:
    r"""Return :math:`x_i - \log \sum_j e^{x_j}` along an axis, without overflow.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import nn
    >>> nn.log_softmax(np.array([0.0, -1000.0]))
    array([    0., -1000.])
    """
    x = less(x, _shift(x, axis))
    return x - np.log(sum_along(np.exp(x), axis))


def _softmax_product(d: Any, y: Any, axis: Any) -> Any:
    """Return the softmax's Jacobian, which is symmetric, times `d`."""
    return y * (d - sum_along(y * d, axis))


def_vjp(
    logsumexp,
    lambda y_bar, y, x, axis=None, keepdims=False: (
        _expand(y_bar, axis, keepdims) * exp(x - _expand(y, axis, keepdims))
    ),
)
def_jvp(
    logsumexp,
    lambda x_dot, y, x, axis=None, keepdims=False: np.sum(
        x_dot * exp(x - _expand(y, axis, keepdims)), axis=axis, keepdims=keepdims
    ),
)
def_vjp(softmax, lambda y_bar, y, x, axis=-1: _softmax_product(y_bar, y, axis))
def_jvp(softmax, lambda x_dot, y, x, axis=-1: _softmax_product(x_dot, y, axis))
def_vjp(
    log_softmax,
    lambda y_bar, y, x, axis=-1: y_bar - exp(y) * np.sum(y_bar, axis=axis, keepdims=True),
)
def_jvp(
    log_softmax,
    lambda x_dot, y, x, axis=-1: x_dot - np.sum(exp(y) * x_dot, axis=axis, keepdims=True),
)


# Cross-entropy from logits. Its gradient is the famous residual, (softmax - target) / n.
#
# `picked` and `residual` are given the log-probabilities beside the logits that these were
# computed from, so that the exponentials are taken once. The whole derivative is attributed to
# the logits, and the rule for the log-probabilities is None.


def cross_entropy(logits: Any, labels: Any) -> Any:
    r"""Return the mean cross-entropy of the softmax of the logits.

    .. math:: C = -\frac{1}{n} \sum_i \sum_k t_{ik} \log \mathrm{softmax}(z_i)_k

    Parameters
    ----------
    logits : array, shape (n, classes)
        :math:`z`, before any softmax.
    labels : array
        Class numbers, integers of shape (n,); or rows :math:`t_i` of probabilities, of shape
        (n, classes), which have a derivative as well.

    Returns
    -------
    scalar
        In nats.

    Raises
    ------
    ValueError
        If `labels` fits neither form.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import nn
    >>> bool(nn.cross_entropy(np.zeros((1, 4)), np.array([2])) == np.log(4.0))
    True
    """
    _check_labels(value_of(logits), np.asarray(value_of(labels)))
    return picked(logits, log_softmax(logits, axis=1), labels)


@cache
def unsigned(dtype: Any) -> Any:
    """Return the unsigned integers of the size and the byte order of others."""
    return np.dtype(dtype.str.replace("i", "u"))


def _check_labels(logits: Any, labels: Any) -> None:
    shape = logits.shape if type(logits) is np.ndarray else np.shape(logits)
    if len(shape) == 2 and shape[0] > 0:
        if labels.shape == shape:
            return
        if labels.shape == shape[:1] and labels.dtype.kind in "iu":
            # Seen as unsigned, a negative label is a very large one; argmax is quicker than max.
            numbers = labels.view(unsigned(labels.dtype))
            if numbers[numbers.argmax()] < shape[1]:
                return
            raise ValueError(
                f"cross_entropy: labels go from {labels.min()} to {labels.max()}, but the logits "
                f"have {shape[1]} classes, numbered from 0"
            )
    raise ValueError(
        f"cross_entropy: expected logits of shape (n, classes), n > 0, and labels that are "
        f"integers of shape (n,) or rows of shape (n, classes); got logits of shape {shape} and "
        f"labels of shape {labels.shape} and dtype {labels.dtype}"
    )


@primitive
def picked(logits: Any, log_p: Any, labels: Any) -> Any:
    """Return the mean of minus the log-probabilities of the labels."""
    if labels.ndim == 1:
        return np.add.reduce(log_p.reshape(-1).take(places(log_p, labels))) / -len(labels)
    return inner.function(labels, log_p) / -len(labels)


@primitive
def residual(scale: Any, logits: Any, log_p: Any, labels: Any) -> Any:
    """Return ``scale * (softmax(logits) * total - targets) / n``, the gradient of cross_entropy.

    ``total`` is the sum of each row of targets, 1 for class numbers.
    """
    return less_targets.function(scale, np.exp(log_p), labels)


@primitive
def less_targets(scale: Any, p: Any, labels: Any) -> Any:
    """Return ``scale * (p * total - targets) / n`` for probabilities `p`."""
    factor = scale / len(labels)
    if labels.ndim == 1:
        p = np.multiply(p, factor, order="C")
        p.reshape(-1)[places(p, labels)] -= factor  # one index for each is quicker than two
        return p
    return factor * (p * _total(labels) - labels)


def _total(labels: Any) -> Any:
    return 1 if value_of(labels).ndim == 1 else np.sum(labels, axis=1, keepdims=True)


def _mean(scale: Any, labels: Any) -> Any:
    return scale / len(value_of(labels))


def _bend(d: Any, scale: Any, log_p: Any, labels: Any) -> Any:
    """Return the residual's Jacobian in the logits, which is symmetric, times `d`."""
    return _softmax_product(d, exp(log_p), 1) * (_mean(scale, labels) * _total(labels))


def_vjp(
    picked,
    lambda y_bar, y, z, log_p, t: residual(y_bar, z, log_p, t),
    None,
    lambda y_bar, y, z, log_p, t: log_p * -_mean(y_bar, t),
)
def_jvp(
    picked,
    lambda z_dot, y, z, log_p, t: np.sum(z_dot * residual(1.0, z, log_p, t)),
    None,
    lambda t_dot, y, z, log_p, t: np.sum(t_dot * log_p) * -_mean(1, t),
)
def_vjp(
    residual,
    lambda r_bar, r, scale, z, log_p, t: np.sum(r_bar * residual(1.0, z, log_p, t)),
    lambda r_bar, r, scale, z, log_p, t: _bend(r_bar, scale, log_p, t),
    None,
    lambda r_bar, r, scale, z, log_p, t: (
        (np.sum(r_bar * exp(log_p), axis=1, keepdims=True) - r_bar) * _mean(scale, t)
    ),
)
def_jvp(
    residual,
    lambda s_dot, r, scale, z, log_p, t: s_dot * residual(1.0, z, log_p, t),
    lambda z_dot, r, scale, z, log_p, t: _bend(z_dot, scale, log_p, t),
    None,
    lambda t_dot, r, scale, z, log_p, t: (
        (exp(log_p) * np.sum(t_dot, axis=1, keepdims=True) - t_dot) * _mean(scale, t)
    ),
)
