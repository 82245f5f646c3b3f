"""From a step for one array to a step for a tree of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.nn.weights import Layout
from minigrad.variable import value_of

__all__ = ["check", "leafwise", "zeros"]


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
    rows = [step(*row) for row in zip(*columns, strict=True)]
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


def check(rule: str, eps: Any, **betas: Any) -> None:
    """Raise if what an optimiser divides by could be 0: a beta of 1, or an eps of 0.

    It is asked of values alone. A compiled step does not ask again; a run in which an outer
    optimiser has gone too far is found out by its weights.
    """
    for name, beta in betas.items():
        if not all(np.all((x >= 0) & (x < 1)) for x in values(beta)):
            raise ValueError(
                f"{rule}: {name}= must be 0 or more and below 1, got {beta!r:.60}: it is how much "
                f"of an average is kept"
            )
    if not all(np.all(x > 0) for x in values(eps)):
        raise ValueError(
            f"{rule}: eps= must be positive, got {eps!r:.60}: where a gradient has always been 0, "
            f"the step is 0 / (0 + eps), and 0 / 0 without it"
        )


def values(hyper: Any) -> list[Any]:
    """Return the real parts of the values of a hyperparameter: a complex step checks them too."""
    if type(hyper) is float:
        return [hyper]
    return [np.real(value_of(x)) for x in tree.leaves(hyper)]
