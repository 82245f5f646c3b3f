r"""Schedules: the learning rate of every step, as one array.

A schedule is a pure function of the number of steps and its own hyperparameters, and it returns
an array of shape ``(steps,)``; step `t` of the training uses its element `t`. If a hyperparameter
is a Variable, so is the schedule. Schedules multiply: ``warm_up(steps, 10) * cosine(steps, eta)``.
They serve momentum and weight decay as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.arguments import are_numbers, whole
from minigrad.variable import value_of

__all__ = ["constant", "cosine", "exponential", "step_decay", "warm_up"]


def constant(steps: int, eta: Any) -> Any:
    r"""Return the same rate for every step, :math:`\eta_t = \eta`.

    Parameters
    ----------
    steps : int
        How many steps, `T`.
    eta : number or Variable
        The rate.

    Returns
    -------
    array or Variable, shape (steps,)

    Raises
    ------
    ValueError
        If `steps` is negative.

    Examples
    --------
    >>> from minigrad.optim import schedules
    >>> schedules.constant(3, 0.5)
    array([0.5, 0.5, 0.5])
    """
    numeric("constant: eta=", eta)
    return eta * fixed(np.ones(count(steps)))


def exponential(steps: int, eta: Any, rate: Any) -> Any:
    r"""Return a rate that shrinks by the same factor at every step, :math:`\eta_t = \eta r^t`.

    Parameters
    ----------
    steps : int
        How many steps, `T`; :math:`t` goes from 0 to `T - 1`.
    eta : number or Variable
        The rate of step 0.
    rate : number or Variable
        The factor :math:`r`, positive.

    Returns
    -------
    array or Variable, shape (steps,)

    Raises
    ------
    ValueError
        If `steps` is negative.

    Examples
    --------
    >>> from minigrad.optim import schedules
    >>> schedules.exponential(3, 0.5, 0.5)
    array([0.5  , 0.25 , 0.125])
    """
    numeric("exponential: eta=", eta)
    positive("exponential: rate=", rate)
    return eta * rate ** times(steps)


def cosine(steps: int, eta: Any, floor: Any = 0.0) -> Any:
    r"""Return a rate that falls from `eta` towards `floor` along half a cosine.

    .. math:: \eta_t = f + \tfrac12 (\eta - f) \left(1 + \cos \frac{\pi t}{T}\right)

    Parameters
    ----------
    steps : int
        How many steps, :math:`T`; :math:`t` goes from 0 to `T - 1`, so that the floor would be
        reached one step after the last.
    eta, floor : number or Variable
        The rate of step 0 and the floor :math:`f`.

    Returns
    -------
    array or Variable, shape (steps,)

    Raises
    ------
    ValueError
        If `steps` is negative.

    References
    ----------
    .. [1] I. Loshchilov, F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts",
       arXiv:1608.03983, equation 5.

    Examples
    --------
    >>> from minigrad.optim import schedules
    >>> schedules.cosine(4, 1.0).round(3)
    array([1.   , 0.854, 0.5  , 0.146])
    """
    numeric("cosine: eta=", eta)
    numeric("cosine: floor=", floor)
    share = 0.5 * (1.0 + np.cos(np.pi * times(steps) / max(steps, 1)))
    return floor + (eta - floor) * fixed(share)


def step_decay(steps: int, eta: Any, rate: Any, every: int) -> Any:
    r"""Return a rate that shrinks by a factor after so many steps each.

    .. math:: \eta_t = \eta \, r^{\lfloor t / k \rfloor}

    Parameters
    ----------
    steps : int
        How many steps, `T`; :math:`t` goes from 0 to `T - 1`.
    eta : number or Variable
        The rate of the first `every` steps.
    rate : number or Variable
        The factor :math:`r`, positive.
    every : int
        For how many steps, :math:`k`, the rate stays: a whole number, which has no derivative.

    Returns
    -------
    array or Variable, shape (steps,)

    Raises
    ------
    ValueError
        If `steps` is negative, or `every` is not positive.

    Examples
    --------
    >>> from minigrad.optim import schedules
    >>> schedules.step_decay(5, 1.0, 0.5, every=2)
    array([1.  , 1.  , 0.5 , 0.5 , 0.25])
    """
    whole("step_decay: every=", every, least=1)
    numeric("step_decay: eta=", eta)
    positive("step_decay: rate=", rate)
    return eta * rate ** fixed(times(steps) // every)


def warm_up(steps: int, until: Any, eta: Any = 1.0) -> Any:
    r"""Return a rate that rises in a straight line to `eta` and stays there.

    .. math:: \eta_t = \eta \min\left(1, \frac{t + 1}{u}\right)

    Parameters
    ----------
    steps : int
        How many steps, `T`; :math:`t` goes from 0 to `T - 1`.
    until : number or Variable
        :math:`u`, after how many steps `eta` is reached: any positive number, with a derivative,
        of which a step that is just reaching `eta` counts half.
    eta : number, array of shape (steps,) or Variable, default 1.0
        The rate that is reached. The default gives factors for another schedule.

    Returns
    -------
    array or Variable, shape (steps,)

    Raises
    ------
    ValueError
        If `steps` is negative.

    Examples
    --------
    >>> from minigrad.optim import schedules
    >>> schedules.warm_up(5, 4, 0.5)
    array([0.125, 0.25 , 0.375, 0.5  , 0.5  ])
    """
    positive("warm_up: until=", until)
    numeric("warm_up: eta=", eta)
    return eta * np.minimum(fixed(times(steps) + 1.0) / until, 1.0)


def count(steps: int) -> int:
    """Check a number of steps."""
    return whole("a schedule of steps=", steps)


def times(steps: int) -> Any:
    """Return 0.0, 1.0, ..., one for each step."""
    return fixed(np.arange(float(count(steps))))


def fixed(array: Any) -> Any:
    """Make an array read-only, so that a tape need not watch it."""
    array.setflags(write=False)
    return array


def numeric(what: str, x: Any) -> None:
    """Check that something is a number, an array or a Variable."""
    if not are_numbers(value_of(x)):
        raise TypeError(f"{what} must be a number, an array or a Variable, got {x!r:.60}")


def positive(what: str, x: Any) -> None:
    """Check that it is one of positive numbers, too; a complex step checks the real part."""
    numeric(what, x)
    if not np.all(np.real(value_of(x)) > 0):
        raise ValueError(f"{what} must be positive, got {x!r:.60}")
