"""A tree of hyperparameters as one vector of the coordinates in which they are free."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.domains import Hyper, markers

__all__ = ["Coordinates", "outer_hessian"]


class Coordinates:
    """The way from a tree of marked hyperparameters to a flat vector and back.

    Parameters
    ----------
    hypers : tree
        The hyperparameters, marked or not; only their kinds matter.

    Attributes
    ----------
    marked : tree
        The hyperparameters, all marked.
    size : int
        How many numbers they are.
    """

    def __init__(self, hypers: Any) -> None:
        self.marked = markers(hypers)
        self.hypers: list[Hyper] = tree.leaves(self.marked)
        self.ends = np.cumsum([np.size(hyper.value) for hyper in self.hypers], dtype=int)
        self.size = int(self.ends[-1]) if self.hypers else 0

    def flat(self, values: Any) -> Any:
        """Return a tree of numbers and arrays as a vector, shape (size,), float64."""
        return flat(values)

    def natural(self, vector: Any) -> Any:
        """Return the tree of natural values, or of derivatives, that a vector stands for."""
        parts = np.split(vector, self.ends[:-1]) if self.hypers else []
        new = [alike(part, hyper.value) for part, hyper in zip(parts, self.hypers, strict=True)]
        return tree.unflatten(self.marked, new)

    def at(self, natural: Any) -> Any:
        """Return the marked tree with the natural values that a vector holds."""
        return tree.map(
            lambda value, hyper: Hyper(value, hyper.domain, hyper.per_step),
            self.natural(natural),
            self.marked,
        )

    def moved_to(self, u: Any) -> Any:
        """Return the marked tree at the unconstrained coordinates that a vector holds."""
        return tree.map(lambda part, hyper: hyper.moved_to(part), self.natural(u), self.marked)


def flat(values: Any) -> Any:
    """Return a tree of numbers and arrays as a vector."""
    parts = [np.ravel(np.asarray(part, np.float64)) for part in tree.leaves(values)]
    return np.concatenate(parts) if parts else np.zeros(0)


def alike(part: Any, value: Any) -> Any:
    """Return a part of a vector as a number or array of the kind that `value` is."""
    if isinstance(value, float):
        return type(value)(part[0])
    return part.astype(np.asarray(value).dtype).reshape(np.shape(value))[()]


def outer_hessian(gradient: Callable[[Any], Any], u: Any, g: Any, rounding: float) -> Any:
    r"""Return the Hessian of the outer cost, from differences of its gradient.

    .. math:: H e_i \approx \frac{g(u + h e_i) - g(u)}{h}, \qquad h = \sqrt{\epsilon}

    Parameters
    ----------
    gradient : callable
        The gradient in unconstrained coordinates, where each is of order 1.
    u, g : array, shape (k,)
        A point, and the gradient there.
    rounding : float
        :math:`\epsilon`: the relative rounding of the training's arithmetic.

    Returns
    -------
    array, shape (k, k)
        Symmetric up to its error, of order h.

    Raises
    ------
    ValueError
        If a gradient that is needed is not finite.
    """
    h = np.sqrt(rounding)
    columns = [(gradient(u + h * direction) - g) / h for direction in np.eye(len(u))]
    if not np.isfinite(columns).all():
        raise ValueError(
            f"Newton: beside {u} in unconstrained coordinates the gradient is not finite, so there "
            f'is no Hessian; start elsewhere, or take "signs"'
        )
    return np.stack(columns, axis=1) if columns else np.zeros((0, 0))
