"""A test case of an operation is a row: name, function of the operands, shapes, domain.

The laws that every row must obey are in ``test_laws.py``; a new operation costs one row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["DOMAINS", "Case"]


def real(rng, shape):
    return rng.normal(size=shape)


def positive(rng, shape):
    return rng.uniform(0.5, 2.0, shape)


def unit(rng, shape):
    return rng.uniform(-0.9, 0.9, shape)


def nonzero(rng, shape):
    return rng.uniform(0.3, 2.0, shape) * rng.choice([-1.0, 1.0], shape)


def square(rng, shape):
    """Well-conditioned square matrices with eigenvalues that differ."""
    n = shape[-1]
    return np.diag(np.arange(2.0, 2.0 + n)) + rng.uniform(-0.3, 0.3, shape)


def spd(rng, shape):
    """Symmetric positive definite matrices with eigenvalues that differ."""
    skew = rng.uniform(-0.2, 0.2, shape)
    return np.diag(np.arange(2.0, 2.0 + shape[-1])) + skew + np.swapaxes(skew, -1, -2)


def apart(rng, shape):
    """Numbers of which any two differ by more than 0.05, also if taken from several operands."""
    n = int(np.prod(shape))
    return (0.1 * (rng.permutation(n) - n // 2) + rng.uniform(0.0, 0.04, n)).reshape(shape)


def rounded(x):
    """The nearest numbers that float32 has, in float64."""
    return np.asarray(x).astype(np.float32).astype(np.float64)


DOMAINS = {
    "real": real,
    "positive": positive,
    "unit": unit,
    "nonzero": nonzero,
    "apart": apart,
    "spd": spd,
    "square": square,
}


class Case:
    """One row of a table of operations.

    Parameters
    ----------
    name : str
        What the row tests.
    function : callable
        Of the operands alone; written with NumPy's names.
    *shapes : tuple of int
        The shape of each operand.
    domain : str or callable, or a tuple with one for each operand
        Where the operands are drawn: a name in `DOMAINS` or ``domain(rng, shape) -> array``.
        Operands that are all "apart" are so from each other, too.
    analytic : bool
        Whether `function` takes complex operands and is analytic, so that the complex step is
        an independent answer.
    order : {1, 2}
        The highest derivative that is tested.
    covers : tuple of str
        The NumPy names that the row covers, such as ``("sum", "linalg.inv")``.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        *shapes: tuple[int, ...],
        domain: Any = "real",
        analytic: bool = True,
        order: int = 2,
        covers: tuple[str, ...] = (),
    ) -> None:
        if isinstance(covers, str):
            raise TypeError(f"covers={covers!r}: expected a tuple of names, such as ({covers!r},)")
        self.name, self.function, self.shapes = name, function, shapes
        self.domain, self.analytic, self.order = domain, analytic, order
        self.covers = covers
        domains = domain if isinstance(domain, tuple) else (domain,) * len(shapes)
        if len(domains) != len(shapes):
            raise ValueError(f"{name}: {len(domains)} domains for {len(shapes)} operands")
        self.domains = domains

    def __repr__(self) -> str:
        return self.name

    def operands(self, shapes: tuple[tuple[int, ...], ...] | None = None) -> list[np.ndarray]:
        """Draw the operands, of this row's shapes or of others.

        They are the same numbers each time, and such that float32 has them, too: then both
        precisions are about the same point.
        """
        shapes = self.shapes if shapes is None else shapes
        rng = np.random.default_rng([ord(letter) for letter in self.name])
        if shapes and all(domain == "apart" for domain in self.domains):
            sizes = [int(np.prod(shape)) for shape in shapes]
            parts = np.split(apart(rng, (sum(sizes),)), np.cumsum(sizes)[:-1])
            return [rounded(part).reshape(s) for part, s in zip(parts, shapes, strict=True)]
        makers = [DOMAINS.get(domain, domain) for domain in self.domains]
        return [rounded(make(rng, shape)) for make, shape in zip(makers, shapes, strict=True)]
