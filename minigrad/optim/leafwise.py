"""From a step for one array to a step for a tree of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.nn.weights import Layout
from minigrad.variable import value_of

__all__ = ["leafwise", "zeros"]


def leafwise(
    step: Callable[..., tuple[Any, ...]],
    params: Any,
    grads: Any,
    *slots: Any,
    lam: Any,
    n: Any,
    **hypers: Any,
) -> tuple[Any, ...]:
    """Apply an optimiser's step to each array of a tree.

    Parameters
    ----------
    step : callable
        ``step(w, g, *slots, lam, *hypers)`` for one array returns the new `w` and the new slots.
        The `lam` that it gets is divided by `n`, and it is a plain 0.0 for a bias.
    params, grads, *slots : trees
        Of one shape: the parameters, their gradients and what the optimiser keeps for each.
    lam, **hypers : number, array, Variable or tree
        As :func:`minigrad.nn.decay` and :func:`minigrad.nn.spread` take them.
    n : int
        The number of training examples.

    Returns
    -------
    tuple of trees
        The new parameters and the new slots.
    """
    layout = Layout(params)
    columns = [
        layout.leaves,
        layout.align(grads, "grads"),
        *(layout.align(slot, "state") for slot in slots),
        layout.decay(lam, n),
        *(layout.spread(hyper, name) for name, hyper in hypers.items()),
    ]
    rows = [*map(step, *columns)]
    return tuple(tree.unflatten(params, [row[k] for row in rows]) for k in range(1 + len(slots)))


def zeros(params: Any) -> Any:
    """Return a tree of zeros like the parameters, plain and read-only."""

    def zero(w: Any) -> Any:
        value = value_of(w)
        if not isinstance(value, np.ndarray):
            return value * 0
        array = np.zeros_like(value)
        array.setflags(write=False)
        return array

    return tree.map(zero, params)
