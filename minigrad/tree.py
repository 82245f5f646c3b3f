"""Trees: arrays in dicts, lists, tuples, namedtuples and dataclasses.

The parameters of a model, the hyperparameters of a run and the state of an optimiser are trees.
Everything in minigrad that takes an array takes a tree of arrays and gives one back in the same
shape. What is not one of the five containers, nor None, is a leaf.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

__all__ = ["flatten", "leaves", "map", "paths", "unflatten"]


@cache
def fields(kind: type) -> list[str]:
    """Return the field names of a namedtuple or dataclass type; none for other types."""
    if issubclass(kind, tuple):
        return list(getattr(kind, "_fields", ()))
    return [f.name for f in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else []


def children(node: Any) -> Iterable[Any] | None:
    """Return what a container holds, in order; None for a leaf."""
    kind = type(node)
    if kind is dict:
        return node.values()  # type: ignore[no-any-return]
    if kind is list or kind is tuple:
        return node  # type: ignore[no-any-return]
    names = fields(kind)
    return [getattr(node, name) for name in names] if names or node is None else None


def labels(node: Any) -> list[str]:
    """Return how each child of a container is written behind it: ``['w']``, ``[0]``, ``.w``."""
    if type(node) is dict:
        return [f"[{key!r}]" for key in node]
    names = fields(type(node))
    return [f".{name}" for name in names] or [f"[{i}]" for i in range(len(node or ()))]


def walk(node: Any, found: list[Any]) -> list[Any]:
    """Append the leaves below `node` to `found`."""
    parts = children(node)
    if parts is None:
        found.append(node)
    else:
        for part in parts:
            walk(part, found)
    return found


def rebuild(node: Any, new: Iterator[Any]) -> Any:
    """Build a container like `node`, its leaves taken from `new` in order."""
    parts = children(node)
    if parts is None:
        return next(new)
    built = [rebuild(part, new) for part in parts]
    if node is None:
        return None
    if type(node) is dict:
        return dict(zip(node, built, strict=True))
    if names := fields(type(node)):
        return type(node)(**dict(zip(names, built, strict=True)))
    return type(node)(built)


def leaves(tree: Any) -> list[Any]:
    """Return the leaves of a tree, in order.

    Examples
    --------
    >>> from minigrad import tree
    >>> tree.leaves({"w": [1.0, 2.0], "b": 3.0})
    [1.0, 2.0, 3.0]
    """
    return walk(tree, [])


def unflatten(tree: Any, new: Iterable[Any]) -> Any:
    """Build a tree shaped like `tree` whose leaves are the items of `new`."""
    return rebuild(tree, iter(new))


def flatten(tree: Any) -> tuple[list[Any], Callable[[Iterable[Any]], Any]]:
    """Return the leaves and the function that puts a list of new leaves in their places.

    Examples
    --------
    >>> from minigrad import tree
    >>> leaves, unflatten = tree.flatten({"w": (1.0, 2.0)})
    >>> unflatten([leaf * 10 for leaf in leaves])
    {'w': (10.0, 20.0)}
    """
    return leaves(tree), lambda new: unflatten(tree, new)


def paths(tree: Any, prefix: str = "") -> dict[str, Any]:
    """Return the leaves by their paths, written as one would write them in Python.

    Examples
    --------
    >>> from minigrad import tree
    >>> tree.paths({"w": [1.0, 2.0]})
    {"['w'][0]": 1.0, "['w'][1]": 2.0}
    """
    parts = children(tree)
    if parts is None:
        return {prefix: tree}
    found: dict[str, Any] = {}
    for label, part in zip(labels(tree), parts, strict=True):
        found.update(paths(part, prefix + label))
    return found


def map(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Apply a function to each leaf, or to the leaves in the same place of several trees.

    Raises
    ------
    ValueError
        If a tree has other leaves than the first; the first path that differs is named.

    Examples
    --------
    >>> from minigrad import tree
    >>> tree.map(lambda w, g: w - 0.5 * g, {"w": 1.0}, {"w": 4.0})
    {'w': -1.0}
    """
    if not others:
        return unflatten(tree, [function(leaf) for leaf in leaves(tree)])
    first = paths(tree)
    columns = [first.values()]
    for other in others:
        given = paths(other)
        if first.keys() != given.keys():
            odd = next(iter(first.keys() ^ given.keys()))
            where = (
                f"only the {'first' if odd in first else 'other'} has a leaf at {odd or 'its top'}"
            )
            raise ValueError(f"two trees of different shapes: {where}")
        columns.append([given[path] for path in first])  # type: ignore[arg-type]
    return unflatten(tree, [function(*row) for row in zip(*columns, strict=True)])
