"""Quantiles, weighted means, and reductions that leave NaN out.

A quantile by the linear method lies between two neighbours in the sorted array, at a fraction `t`
of the way: ``y = (1 - t) lower + t upper``. Its slope is ``1 - t`` on the one and ``t`` on the
other, shared among equals. For a median, `t` is 0 or 1/2.

What is left out has slope 0 and no influence on the others: the rules see it as if it were not
there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.dispatch import implements
from minigrad.ops.axes import transpose
from minigrad.ops.elementwise import astype, where
from minigrad.ops.reduce import (
    Axes,
    by_axis,
    conjugated,
    mean,
    named,
    np_sum,
    others,
    reduction,
    root_of_variance,
    share,
    variance,
    with_freedom,
    with_initial,
)
from minigrad.ops.rules import axes_of, ndim_of, shape_of, unvarying
from minigrad.ops.shape import broadcast_to, reshape
from minigrad.ops.stack import stack
from minigrad.primitive import Primitive
from minigrad.variable import value_of

__all__: list[str] = []


# Quantiles


def _neighbours(x: Any, axis: Axes, q: Any, unit: float, skip: bool) -> Any:
    x = np.asarray(x)
    kind = x.dtype
    n = np.sum(~np.isnan(x) if skip else np.ones(x.shape, bool), axis=axis, keepdims=True)
    q = np.asarray(q, kind) / kind.type(unit)
    place = q * (n - 1).astype(kind)
    t = place - np.floor(place)
    function = np.nanquantile if skip else np.quantile
    lower = function(x, q, axis=axis, keepdims=True, method="lower")
    upper = function(x, q, axis=axis, keepdims=True, method="higher")
    slope = (1 - t) * share.function(x, lower, axis) + t * share.function(x, upper, axis)
    return slope.astype(kind)


neighbours = unvarying(_neighbours, "neighbours")
neighbours.__doc__ = (
    """Return the slope of a quantile, `q` in parts of a unit; NaN may be skipped."""
)


def quantile_of(function: Callable[..., Any], unit: float, skip: bool = False) -> Primitive:
    """Make a primitive of one of NumPy's quantiles; without `q`, it is a median."""
    return reduction(
        function,
        lambda y, x, axis, q=0.5: neighbours(x, axis=axis, q=q, unit=unit, skip=skip),
    )


# fmt: off
median        = quantile_of(np.median,        1.0)
quantile      = quantile_of(np.quantile,      1.0)
percentile    = quantile_of(np.percentile,    100.0)
nanmedian     = quantile_of(np.nanmedian,     1.0,   skip=True)
nanquantile   = quantile_of(np.nanquantile,   1.0,   skip=True)
nanpercentile = quantile_of(np.nanpercentile, 100.0, skip=True)
# fmt: on


def with_q(prim: Primitive) -> Callable[..., Any]:
    """Return the handler of a quantile, or of several along new axes in front."""

    def handler(
        a: Any, q: Any, axis: Any = None, *, method: str = "linear", keepdims: bool = False
    ) -> Any:
        if method != "linear":
            raise ValueError(
                f"{prim.name}: method={method!r} is not supported on a Variable; supported: "
                f"'linear'"
            )
        axis = axes_of(axis, ndim_of(a))
        if isinstance(q, float | int):
            return prim(a, axis=axis, keepdims=keepdims, q=q)
        q = np.asarray(q)
        each = [prim(a, axis=axis, keepdims=keepdims, q=np.asarray(one)) for one in q.ravel()]
        return reshape(stack(*each, axis=0), shape=q.shape + shape_of(each[0]))

    return named(handler, prim)


implements(np.median)(by_axis(median))
implements(np.quantile)(with_q(quantile))
implements(np.percentile)(with_q(percentile))
implements(np.nanmedian)(by_axis(nanmedian))
implements(np.nanquantile)(with_q(nanquantile))
implements(np.nanpercentile)(with_q(nanpercentile))


# Weighted mean


@implements(np.average)
def np_average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False
) -> Any:
    """Weighted mean, differentiable in the weights as well."""
    axis = axes_of(axis, ndim_of(a))
    if weights is None:
        average = mean(a, axis=axis, keepdims=keepdims)
        size = np.size(value_of(average))
        total: Any = average.dtype.type(np.size(value_of(a)) / size)
    else:
        weights = as_weights(a, axis, weights)
        total = np_sum(weights, axis, keepdims=keepdims)
        if np.any(value_of(total) == 0.0):
            raise ZeroDivisionError("Weights sum to zero, can't be normalized")
        average = np_sum(a * weights, axis, keepdims=keepdims) / total
    return (average, broadcast_to(total, shape=shape_of(average))) if returned else average


def as_weights(a: Any, axis: Axes, weights: Any) -> Any:
    """Return the weights in a floating type, as they broadcast against `a`."""
    plain, shape = np.asarray(value_of(weights)), shape_of(a)
    kind = np.result_type(np.asarray(value_of(a)), plain)
    if kind.kind in "biu":
        kind = np.dtype(float)
    weights = astype(weights, dtype=kind)
    if plain.shape == shape:
        return weights
    if axis is None:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    if plain.shape != tuple(shape[k] for k in axis):
        raise ValueError(
            "Shape of weights must be consistent with shape of a along specified axis."
        )
    weights = transpose(weights, axes=tuple(map(int, np.argsort(axis))))
    return reshape(weights, shape=tuple(n if k in axis else 1 for k, n in enumerate(shape)))


# Without NaN


def _portion(x: Any, axis: Axes) -> Any:
    here = ~np.isnan(x)
    return (here / np.maximum(np.sum(here, axis=axis, keepdims=True), 1)).astype(
        np.asarray(x).dtype
    )


def _remaining(x: Any, axis: Axes, ddof: Any) -> Any:
    return (np.sum(~np.isnan(x), axis=axis, keepdims=True) - ddof).astype(x.dtype)


here = unvarying(lambda x: ~np.isnan(x), "here")
here.__doc__ = """Return where `x` is a number."""
portion = unvarying(_portion, "portion")
portion.__doc__ = (
    """Return one over the count of numbers, where `x` is a number, and 0 elsewhere."""
)
remaining = unvarying(_remaining, "remaining")
remaining.__doc__ = """Return the count of numbers less `ddof`."""


def nan_deviation(x: Any, axis: Axes, ddof: Any) -> tuple[Any, Any]:
    """Return how far each number is from the mean of the numbers, and the degrees of freedom."""
    away = where(here(x), x - nanmean(x, axis=axis, keepdims=True), 0.0)
    return conjugated(away), remaining(x, axis=axis, ddof=ddof)


def one_each(y: Any, x: Any, axis: Axes, initial: Any = None) -> Any:
    """Return the slope of a sum of numbers: 1, for NaN 0."""
    return astype(here(x), dtype=np.asarray(value_of(x)).dtype)


def nan_others(y: Any, x: Any, axis: Axes, initial: Any = None) -> Any:
    """Return for each number the product of all the others; 0 for NaN."""
    numbers = here(x)
    return where(numbers, others(y, where(numbers, x, 1.0), axis, initial), 0.0)


# fmt: off
# primitive           function      slope(y, x, axis)
nansum    = reduction(np.nansum,    one_each)
nanmean   = reduction(np.nanmean,   lambda y, x, axis: portion(x, axis=axis))
nanprod   = reduction(np.nanprod,   nan_others)
nanmax    = reduction(np.nanmax,    lambda y, x, axis, **initial: share(x, y, axis=axis, **initial))
nanmin    = reduction(np.nanmin,    lambda y, x, axis, **initial: share(x, y, axis=axis, **initial))
nanvar    = reduction(np.nanvar,    variance(nan_deviation))
nanstd    = reduction(np.nanstd,    root_of_variance(nan_deviation))
# fmt: on


implements(np.nansum)(with_initial(nansum))
implements(np.nanprod)(with_initial(nanprod))
implements(np.nanmax)(with_initial(nanmax))
implements(np.nanmin)(with_initial(nanmin))
implements(np.nanmean)(by_axis(nanmean))
implements(np.nanvar)(with_freedom(nanvar))
implements(np.nanstd)(with_freedom(nanstd))
