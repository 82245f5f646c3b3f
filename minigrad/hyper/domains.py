r"""Where a hyperparameter may lie, and the coordinate in which it is free.

A learning rate is positive: its logarithm can be anything. Descending on the logarithm keeps it
positive by construction, and makes a step mean the same at 0.001 and at 1. A domain is that
change of coordinate, :math:`x = \phi(u)`, with its slope, so that

.. math:: \frac{\partial C}{\partial u} = \frac{\partial C}{\partial x} \, \phi'(u).

Hyperparameters are given as a tree whose leaves are marked: ``{"eta": mg.positive(0.5)}``. An
unmarked number or array is :func:`real`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.arguments import number
from minigrad.hyper.plain import name

__all__ = ["Domain", "Hyper", "bounded", "markers", "per_step", "positive", "real", "unit_interval"]


@dataclass(frozen=True)
class Domain:
    """A change of coordinate between a natural value `x` and an unconstrained one `u`.

    Attributes
    ----------
    name : str
        How it is called in tables.
    natural, unconstrained, slope : callable
        ``x = natural(u)``, ``u = unconstrained(x)`` and ``dx/du = slope(x)``, elementwise.
    low, high : float
        The ends, which `x` never reaches.
    """

    name: str
    natural: Callable[[Any], Any]
    unconstrained: Callable[[Any], Any]
    slope: Callable[[Any], Any]
    low: float = -np.inf
    high: float = np.inf


class Hyper:
    """A marked leaf of a tree of hyperparameters: a natural value and its domain.

    Attributes
    ----------
    value : float or numpy.ndarray
        The natural value. A Python number stays one, and so stays weak beside float32 arrays.
    domain : Domain
        Where it may lie.
    per_step : bool
        Whether the leading axis runs over the steps: step t is given ``value[t]``.
    """

    # Not a dataclass: trees look into those, and this is a leaf.
    def __init__(self, value: Any, domain: Domain, per_step: bool = False) -> None:
        self.value, self.domain, self.per_step = value, domain, per_step

    def __repr__(self) -> str:
        return f"Hyper({self.value!r}, {self.domain.name}{', per step' if self.per_step else ''})"

    @property
    def unconstrained(self) -> Any:
        """The value in the coordinate that is free."""
        return self.domain.unconstrained(self.value)

    def moved_to(self, u: Any) -> Hyper:
        """Return the same hyperparameter at another unconstrained value.

        It stays inside its domain where rounding would take it to an end: the exponential of -800
        is 0 in floating point, and no learning rate.
        """
        with np.errstate(over="ignore", under="ignore"):
            x = self.domain.natural(u)
        kind = np.asarray(self.value).dtype
        low, high = (np.asarray(end, kind) for end in (self.domain.low, self.domain.high))
        x = np.clip(np.asarray(x, kind), np.nextafter(low, high), np.nextafter(high, low))[()]
        return Hyper(float(x) if isinstance(self.value, float) else x, self.domain, self.per_step)


# Functions by name rather than lambdas, so that marked trees can be pickled.


def same(u: Any) -> Any:
    """Return what was given."""
    return u


REAL = Domain("real", same, same, np.ones_like)
POSITIVE = Domain("positive", np.exp, np.log, same, low=0.0)


def logistic(low: float, high: float, u: Any) -> Any:
    """Return the number between two ends at a free coordinate."""
    return low + (high - low) * (0.5 + 0.5 * np.tanh(0.5 * np.asarray(u)))


def logit(low: float, high: float, x: Any) -> Any:
    """Return the free coordinate of a number between two ends."""
    return np.log(np.subtract(x, low)) - np.log(np.subtract(high, x))


def logistic_slope(low: float, high: float, x: Any) -> Any:
    """Return the slope of `logistic` where its value is `x`."""
    return np.subtract(x, low) * np.subtract(high, x) / (high - low)


def interval(low: float, high: float) -> Domain:
    """Return the domain of the numbers between two ends, through a logistic function."""
    called = "unit interval" if (low, high) == (0.0, 1.0) else f"({low:g}, {high:g})"
    natural, free, slope = (partial(f, low, high) for f in (logistic, logit, logistic_slope))
    return Domain(called, natural, free, slope, low, high)


UNIT_INTERVAL = interval(0.0, 1.0)


def mark(value: Any, domain: Domain) -> Any:
    """Mark the leaves of a tree, having checked that they lie inside the domain."""

    def one(leaf: Any) -> Hyper:
        if isinstance(leaf, Hyper):
            return Hyper(leaf.value, domain, leaf.per_step)
        number = leaf if isinstance(leaf, float) else np.array(leaf, copy=True)[()]
        number = float(number) if isinstance(leaf, int) else number
        if np.asarray(number).dtype.kind != "f":
            raise TypeError(f"a hyperparameter is a float or an array of floats, got {leaf!r:.60}")
        inside = np.all((np.asarray(number) > domain.low) & (np.asarray(number) < domain.high))
        if not inside and not np.isfinite(number).all():
            raise ValueError(f"a hyperparameter must be finite, got {leaf!r:.60}")
        if not inside:
            raise ValueError(
                f"a hyperparameter marked {domain.name} must lie strictly between {domain.low:g} "
                f"and {domain.high:g}, got {leaf!r:.60}"
            )
        return Hyper(number, domain)

    return tree.map(one, value)


def positive(value: Any) -> Any:
    r"""Mark a hyperparameter as positive: :math:`x = e^u`.

    For learning rates, weight decays, scales.

    Parameters
    ----------
    value : float, array or tree
        The natural value, greater than 0.

    Returns
    -------
    Hyper, or tree of them

    Raises
    ------
    ValueError
        If the value is not positive.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.positive(0.5).domain.name
    'positive'
    """
    return mark(value, POSITIVE)


def unit_interval(value: Any) -> Any:
    r"""Mark a hyperparameter as lying in (0, 1): :math:`x = 1 / (1 + e^{-u})`.

    For momentum, Adam's betas, mixing weights. Parameters, result and errors as for
    :func:`positive`.
    """
    return mark(value, UNIT_INTERVAL)


def bounded(value: Any, low: float, high: float) -> Any:
    r"""Mark a hyperparameter as lying in (low, high), through a scaled logistic function.

    Parameters, result and errors as for :func:`positive`.
    """
    number("bounded: low=", low)
    number("bounded: high=", high)
    if not low < high:
        raise ValueError(f"bounded: expected low < high, got {low!r} and {high!r}")
    return mark(value, interval(float(low), float(high)))


def real(value: Any) -> Any:
    """Mark a hyperparameter as free: any real number. What an unmarked leaf is taken for."""
    return mark(value, REAL)


def per_step(value: Any) -> Any:
    """Mark an array as a schedule: its leading axis runs over the steps of the run.

    The step function is given the entry of its step. The array may be marked first or later:
    ``per_step(positive(rates))`` and ``positive(per_step(rates))`` are the same.

    Parameters
    ----------
    value : array, marked or not
        Of shape (T, ...).

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> mg.per_step(mg.positive(np.full(200, 0.5))).per_step
    True
    """
    marked = markers(value)
    for leaf in tree.leaves(marked):
        if np.ndim(leaf.value) == 0:
            raise ValueError(
                "per_step: expected an array with an entry for each step, got a number; of a list, "
                "which is a tree of hyperparameters, make an array, np.array([...])"
            )
    return tree.map(lambda leaf: Hyper(leaf.value, leaf.domain, True), marked)


def markers(hypers: Any) -> Any:
    """Return the tree with every leaf marked; unmarked ones are taken as real."""
    try:
        return tree.map(marker, hypers)
    except (TypeError, ValueError):
        for path, leaf in tree.paths(hypers).items():
            named_marker(path, leaf)
        raise


def marker(leaf: Any) -> Hyper:
    """Return a leaf marked."""
    return leaf if isinstance(leaf, Hyper) else mark(leaf, REAL)


def named_marker(path: str, leaf: Any) -> None:
    """Mark a leaf; if that fails, say which it was."""
    try:
        marker(leaf)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name(path)}: {error}" if path else str(error)) from None
