r"""Fourier transforms. They are linear, so each is its own JVP.

The matrix :math:`e^{-2 \pi i j k / n}` is symmetric and cotangents pair without conjugation, so
the VJP of `fft` is `fft`. `rfft` and `irfft`, which leave out half of a symmetric spectrum, are
each other's VJP:

.. math::

    y = \operatorname{rfft}(x): \quad \bar x = \operatorname{irfft}(\overline{\bar y} / w), \qquad
    y = \operatorname{irfft}(x): \quad \bar x = w \, \overline{\operatorname{rfft}(\bar y)}

Here :math:`w_k` is 2 where a frequency stands for two, and 1 at zero and, if n is even, at the
highest. The norm changes to its opposite, since a VJP is a transpose and not an inverse. What
`irfft` does not read, the imaginary parts where :math:`w_k = 1`, gets cotangent 0.

A primitive transforms any number of axes, as they are; cutting or padding to `n` or `s` comes
before it, as a primitive of its own.
"""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from minigrad.dispatch import implements
from minigrad.ops.products import conj
from minigrad.ops.rules import axes_of, axis_of, linear, ndim_of, shape_of
from minigrad.primitive import Primitive
from minigrad.variable import value_of

__all__ = ["fftn", "ifftn", "irfftn", "rfftn"]

OPPOSITE = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def _resize(x: Any, shape: tuple[int, ...]) -> Any:
    y = np.zeros(shape, x.dtype)
    common = tuple(slice(min(pair)) for pair in zip(x.shape, shape, strict=True))
    y[common] = x[common]
    return y


def _irfftn(x: Any, n: int, axes: tuple[int, ...], norm: Any) -> Any:
    lengths = [x.shape[k] for k in axes[:-1]]
    return np.fft.irfftn(x, [*lengths, n], axes, norm)


def weights(y: Any, n: int, axis: int) -> Any:
    """Return how many frequencies each of a halved spectrum stands for."""
    w = np.full(n // 2 + 1, 2.0, value_of(y).real.dtype)
    w[0] = 1.0
    if n % 2 == 0:
        w[-1] = 1.0
    return w.reshape([-1 if k == axis else 1 for k in range(ndim_of(y))])


def rfftn_vjp(y_bar: Any, x: Any, axes: tuple[int, ...], norm: Any) -> Any:
    """Return ``irfftn(conj(y_bar) / w)``."""
    n = shape_of(x)[axes[-1]]
    halved = conj(y_bar) / weights(y_bar, n, axes[-1])
    return irfftn(halved, n=n, axes=axes, norm=OPPOSITE[norm])


def irfftn_vjp(y_bar: Any, x: Any, n: int, axes: tuple[int, ...], norm: Any) -> Any:
    """Return ``w conj(rfftn(y_bar))``."""
    spectrum = rfftn(y_bar, axes=axes, norm=OPPOSITE[norm])
    return conj(spectrum) * weights(spectrum, n, axes[-1])


# fmt: off
resize: Primitive    = linear(_resize,
                              lambda y_bar, x, shape: resize(y_bar, shape=shape_of(x)), "resize")
fftn: Primitive      = linear(lambda x, axes, norm: np.fft.fftn(x, None, axes, norm),
                              lambda y_bar, x, **how: fftn(y_bar, **how), "fftn")
ifftn: Primitive     = linear(lambda x, axes, norm: np.fft.ifftn(x, None, axes, norm),
                              lambda y_bar, x, **how: ifftn(y_bar, **how), "ifftn")
rfftn: Primitive     = linear(lambda x, axes, norm: np.fft.rfftn(x, None, axes, norm),
                              rfftn_vjp, "rfftn")
irfftn: Primitive    = linear(_irfftn, irfftn_vjp, "irfftn")
fftshift: Primitive  = linear(lambda x, axes: np.fft.fftshift(x, axes),
                              lambda y_bar, x, axes: ifftshift(y_bar, axes=axes), "fftshift")
ifftshift: Primitive = linear(lambda x, axes: np.fft.ifftshift(x, axes),
                              lambda y_bar, x, axes: fftshift(y_bar, axes=axes), "ifftshift")
# fmt: on


def transform(prim: Primitive, a: Any, s: Any, axes: Any, norm: Any) -> Any:
    """Cut or pad `a` to the lengths `s` along `axes`, then transform it."""
    shape = list(shape_of(a))
    if axes is None:
        axes = range(len(shape)) if s is None else range(-len(s), 0)
    axes = tuple(axis_of(k, len(shape)) for k in axes)
    if len(set(axes)) < len(axes) and (s is not None or prim in (rfftn, irfftn)):
        raise ValueError(f"axes={axes}: only fftn and ifftn, without s, take an axis twice")
    s = [None] * len(axes) if s is None else list(s)
    if len(s) != len(axes):
        raise ValueError(f"s={s} and axes={axes} differ in length")
    how: dict[str, Any] = {"axes": axes, "norm": norm}
    for n, axis in zip(s, axes, strict=True):
        m = shape[axis]
        halved = prim is irfftn and axis == axes[-1]
        length = (2 * (m - 1) if halved else m) if n is None else index(n)
        length = m if length == -1 else length
        if length < 1:
            raise ValueError(f"Invalid number of FFT data points ({length}) specified.")
        shape[axis] = length // 2 + 1 if halved else length
        if halved:
            how["n"] = length
    return prim(a if tuple(shape) == shape_of(a) else resize(a, shape=tuple(shape)), **how)


def named(name: str, prim: Primitive) -> None:
    """Enter a transform under its three names: of one axis, of two, of any number."""

    def of_one(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
        return transform(prim, a, None if n is None else (n,), (axis,), norm)

    def of_two(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
        return transform(prim, a, s, axes, norm)

    def of_any(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
        return transform(prim, a, s, axes, norm)

    implements(getattr(np.fft, name))(of_one)
    implements(getattr(np.fft, name + "2"))(of_two)
    implements(getattr(np.fft, name + "n"))(of_any)


named("fft", fftn)
named("ifft", ifftn)
named("rfft", rfftn)
named("irfft", irfftn)


def opposite(norm: Any) -> str:
    """Return the norm of the inverse transform."""
    if norm not in OPPOSITE:
        raise ValueError(f"norm={norm!r}: expected 'backward', 'ortho' or 'forward'")
    return OPPOSITE[norm]


@implements(np.fft.hfft)
def np_hfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """The transform of a signal that is symmetric in time, and so has a real spectrum."""
    return transform(irfftn, conj(a), None if n is None else (n,), (axis,), opposite(norm))


@implements(np.fft.ihfft)
def np_ihfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    """The inverse of `hfft`."""
    return conj(transform(rfftn, a, None if n is None else (n,), (axis,), opposite(norm)))


@implements(np.fft.fftshift)
def np_fftshift(x: Any, axes: Any = None) -> Any:
    """The zero frequency in the middle."""
    return fftshift(x, axes=axes_of(axes, ndim_of(x)))


@implements(np.fft.ifftshift)
def np_ifftshift(x: Any, axes: Any = None) -> Any:
    """The zero frequency at the start again."""
    return ifftshift(x, axes=axes_of(axes, ndim_of(x)))
