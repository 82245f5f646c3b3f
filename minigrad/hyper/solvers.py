r"""Solvers for :math:`H x = b`, where H is symmetric and known only by what it does to vectors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Solution", "conjugate_gradients", "neumann_series", "sharpness"]

Operator = Callable[[Any], Any]


@dataclass(frozen=True)
class Solution:
    r"""What a solver found.

    Attributes
    ----------
    x : array
        The solution, as far as it was found.
    residual : float
        :math:`\lVert b - H x \rVert / \lVert b \rVert`.
    iterations : int
        Products with H that it took.
    curvature : float
        The last :math:`p \cdot H p / p \cdot p`, if it ended the search by not being positive;
        else 0.
    """

    x: Any
    residual: float
    iterations: int
    curvature: float = 0.0


def conjugate_gradients(times: Operator, b: Any, iterations: int, tolerance: float) -> Solution:
    """Solve for a positive definite H; stop where its curvature is found not to be positive.

    Parameters
    ----------
    times : callable
        ``times(v)`` is H times v.
    b : array, shape (n,)
        The right-hand side.
    iterations : int
        Products with H, at most.
    tolerance : float
        The relative residual to stop at.

    References
    ----------
    .. [1] M. R. Hestenes, E. Stiefel, "Methods of Conjugate Gradients for Solving Linear Systems",
       Journal of Research of the National Bureau of Standards 49 (1952).

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.hyper.solvers import conjugate_gradients
    >>> h = np.array([[2.0, 1.0], [1.0, 3.0]])
    >>> found = conjugate_gradients(lambda v: h @ v, np.array([3.0, 4.0]), 10, 1e-12)
    >>> found.x.round(12), found.iterations
    (array([1., 1.]), 2)
    """
    x, r, p, rr = np.zeros_like(b), b, b, b @ b
    size, k = np.sqrt(rr), 0
    while k < iterations and np.sqrt(rr) > tolerance * size:
        k += 1
        hp = times(p)
        bend = p @ hp
        if not bend > 0:
            return Solution(x, float(np.sqrt(rr) / size), k, float(bend / (p @ p)))
        step = rr / bend
        x, r = x + step * p, r - step * hp
        before, rr = rr, r @ r
        p = r + (rr / before) * p
    return Solution(x, float(np.sqrt(rr) / size) if size else 0.0, k)


def neumann_series(times: Operator, b: Any, terms: int, tolerance: float, scale: float) -> Solution:
    r"""Sum the first terms of a geometric series.

    .. math:: H^{-1} b = \alpha \sum_{j=0}^{\infty} (I - \alpha H)^j \, b

    Each term is a step of gradient descent with the rate :math:`\alpha`. It converges for a
    positive definite H if :math:`\alpha` is below 2 divided by the largest eigenvalue, and the
    residual then falls with every term: one above 1 says that it does not.

    Parameters
    ----------
    times, b, tolerance
        As for :func:`conjugate_gradients`.
    terms : int
        Terms, at most.
    scale : float
        :math:`\alpha`.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.hyper.solvers import neumann_series
    >>> found = neumann_series(lambda v: 0.5 * v, np.array([1.0]), 3, 0.0, 1.0)
    >>> found.x, found.residual  # 1 + 1/2 + 1/4, and what is missing of b
    (array([1.75]), 0.125)
    """
    x, term, size, k = np.zeros_like(b), b, np.linalg.norm(b), 0
    while k < terms and np.linalg.norm(term) > tolerance * size:
        k += 1
        x = x + scale * term
        term = term - scale * times(term)
    return Solution(x, float(np.linalg.norm(term) / size) if size else 0.0, k)


def sharpness(times: Operator, numbers: int, iterations: int = 20, seed: int = 0) -> float:
    """Return about the largest eigenvalue in size, from below, by power iterations.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.hyper.solvers import sharpness
    >>> round(sharpness(lambda v: np.array([3.0, 1.0]) * v, 2), 6)
    3.0
    """
    v = np.random.default_rng(seed).standard_normal(numbers)
    size = 0.0
    for _ in range(iterations):
        v = times(v / np.linalg.norm(v))
        size = float(np.linalg.norm(v))
        if size == 0.0:
            break
    return size
