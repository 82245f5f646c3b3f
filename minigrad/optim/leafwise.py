"""From a step for one array to a step for a tree of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.arguments import are_numbers
from minigrad.nn.weights import Layout
from minigrad.variable import value_of

__all__ = ["check", "check_state", "leafwise", "zeros"]


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
    try:
        rows = [*map(step, *columns)]
    except (AttributeError, TypeError, ValueError, ZeroDivisionError):
        names = ["params", "grads", *["state"] * len(slots), "lam", *hypers]
        for path, *row in zip(tree.paths(params), *columns, strict=True):
            check_row(path, dict(zip(names, row, strict=False)))
        raise
    return tuple(tree.unflatten(params, [row[k] for row in rows]) for k in range(1 + len(slots)))


def check_row(path: str, row: dict[str, Any]) -> None:
    """Raise if what an optimiser has for one array does not go together; asked where it failed."""
    where = f"of the parameters at {path}" if path else "of the parameters"
    shape = np.shape(value_of(row["params"]))
    for name, given in row.items():
        x = np.asarray(value_of(given))
        if not are_numbers(x):
            raise TypeError(
                f"{name} {where} must be a number or an array of them, got {given!r:.60}"
            )
        like = name in ("params", "grads", "state")
        fits = x.shape == shape if like else broadcasts(x.shape, shape)
        if not fits:
            wanted = "the same" if like else "one that broadcasts to it"
            raise ValueError(
                f"{name} {where} has shape {x.shape}, the parameters {shape}; expected {wanted}"
            )


def broadcasts(shape: tuple[int, ...], onto: tuple[int, ...]) -> bool:
    """Whether an array of one shape broadcasts to another one."""
    return len(shape) <= len(onto) and all(
        n in (1, m) for n, m in zip(shape[::-1], onto[::-1], strict=False)
    )


def zeros(params: Any) -> Any:
    """Return a tree of zeros like the parameters, plain and read-only."""

    def zero(w: Any) -> Any:
        value = value_of(w)
        if not are_numbers(value):
            raise TypeError(f"init: the parameters must be arrays of numbers, got {w!r:.60}")
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
        if type(beta) is float and 0.0 <= beta < 1.0:
            continue
        if not all(np.all((x >= 0) & (x < 1)) for x in values(f"{rule}: {name}=", beta)):
            raise ValueError(
                f"{rule}: {name}= must be 0 or more and below 1, got {beta!r:.60}: it is how much "
                f"of an average is kept"
            )
    if type(eps) is float and eps > 0.0:
        return
    if not all(np.all(x > 0) for x in values(f"{rule}: eps=", eps)):
        raise ValueError(
            f"{rule}: eps= must be positive, got {eps!r:.60}: where a gradient has always been 0, "
            f"the step is 0 / (0 + eps), and 0 / 0 without it"
        )


def check_state(rule: str, state: Any, kind: type) -> None:
    """Raise if a state is not one of this optimiser."""
    if not isinstance(state, kind):
        raise TypeError(
            f"{rule}: state must be what {rule}.init(params) or the step before returned, got "
            f"{state!r:.60}"
        )


def values(what: str, hyper: Any) -> list[Any]:
    """Return the real parts of the values of a hyperparameter: a complex step checks them too."""
    found = [value_of(x) for x in tree.leaves(hyper)]
    if not all(map(are_numbers, found)):
        raise TypeError(f"{what} must be a number, got {hyper!r:.60}")
    return [np.real(x) for x in found]
