"""Grids: trees of hyperparameters with an axis of values in place of a number."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.domains import Hyper, markers

__all__ = ["axis", "fixed", "with_axes"]


def with_axes(node: Any) -> Any:
    """Return a grid whose axes are all arrays: lists of numbers were trees until now."""
    kind: Any = type(node)
    if (kind is list or kind is tuple) and len(node) == 0:
        raise ValueError(f"a grid has one value or more to try on each axis, got {node!r}")
    if kind is list or kind is tuple:
        if node and all(is_number(x) for x in node):
            return np.array([fixed(x).value for x in node])
        return kind([with_axes(part) for part in node])
    if kind is dict:
        return {key: with_axes(part) for key, part in node.items()}
    if names := tree.fields(kind):
        return kind(**{name: with_axes(getattr(node, name)) for name in names})
    return node


def is_number(x: Any) -> bool:
    """Whether a leaf is a single number, marked or not."""
    return np.isscalar(getattr(x, "value", x)) and not isinstance(x, str | bytes)


def is_axis(leaf: Any) -> bool:
    """Whether a leaf of a grid is to vary."""
    return not is_number(leaf) and not (isinstance(leaf, Hyper) and leaf.per_step)


def axis(leaf: Any) -> list[Hyper]:
    """Return the values of an axis, each marked; none if the leaf is not to vary."""
    if not is_axis(leaf):
        return []
    values = np.asarray(leaf.value if isinstance(leaf, Hyper) else leaf)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(
            f"a grid has a list or one-dimensional array of the values to try in place of each "
            f"hyperparameter, got {leaf!r:.60}"
        )
    return [fixed(float(value)) for value in values]


def fixed(leaf: Any) -> Hyper:
    """Return a value that does not vary, marked."""
    return markers(leaf)  # type: ignore[no-any-return]
