"""Trees: arrays in dicts, lists, tuples, namedtuples and dataclasses.

The parameters of a model, the hyperparameters of a run and the state of an optimiser are trees.
Everything in minigrad that takes an array takes a tree of arrays and gives one back in the same
shape. What is not one of the five containers, nor None, is a leaf. Of a dataclass, the leaves are
in the fields that its constructor takes; the others are for `__post_init__` to work out anew. Where
two trees meet, dicts are matched by key, whatever the order of the keys.
"""

from __future__ import annotations

import builtins
import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from typing import Any

__all__ = ["leaves", "map", "paths", "unflatten"]


@cache
def fields(kind: Any) -> list[str]:
    """Return what a namedtuple or dataclass type is made of, by name; none for other types."""
    if dataclasses.is_dataclass(kind):
        return [field.name for field in dataclasses.fields(kind) if field.init]
    return list(getattr(kind, "_fields", ()))


LEAF_TYPES: set[type] = set()  # those met so far: known at a glance, and not recursed into


def children(node: Any) -> Collection[Any] | None:
    """Return what a container holds, in order; None for a leaf."""
    kind: Any = type(node)
    if kind is dict:
        return node.values()  # type: ignore[no-any-return]
    if kind is list or kind is tuple:
        return node  # type: ignore[no-any-return]
    if (names := fields(kind)) or node is None:
        return [getattr(node, name) for name in names]
    LEAF_TYPES.add(kind)
    return None


def labels(node: Any) -> list[str]:
    """Return how each child of a container is written behind it: ``['w']``, ``[0]``, ``.w``."""
    if type(node) is dict:
        return [f"[{key!r}]" for key in node]
    names = fields(type(node))  # type: ignore[arg-type]
    return [f".{name}" for name in names] or [f"[{i}]" for i in range(len(node or ()))]


def walk(node: Any, like: Any, found: list[Any]) -> list[Any]:
    """Append the leaves of `node`, shaped like `like` and in its order, to `found`."""
    parts, own = children(like), children(node)
    if parts is None and own is None:
        found.append(node)
    elif type(node) is dict and type(like) is dict and node.keys() == like.keys():
        for key in like:
            walk(node[key], like[key], found)
    elif type(node) is type(like) is not dict and len(own or ()) == len(parts or ()):
        for pair in zip(own or (), parts or (), strict=True):
            walk(*pair, found)
    else:
        raise ValueError(f"trees of different shapes: got {node!r:.80} in place of {like!r:.80}")
    return found


def rebuild(node: Any, new: Iterator[Any]) -> Any:
    """Build a container like `node` with the next of `new` in place of each leaf."""
    kind: Any = type(node)
    if kind is dict:
        return {k: next(new) if type(x) in LEAF_TYPES else rebuild(x, new) for k, x in node.items()}
    if (parts := children(node)) is None:
        return next(new)
    built = [next(new) if type(part) in LEAF_TYPES else rebuild(part, new) for part in parts]
    if kind is list or kind is tuple:
        return kind(built)
    return None if node is None else kind(**dict(zip(fields(kind), built, strict=True)))


def leaves(tree: Any) -> list[Any]:
    """Return the leaves of a tree, in order.

    Examples
    --------
    >>> from minigrad import tree
    >>> tree.leaves({"w": [1.0, 2.0], "b": 3.0})
    [1.0, 2.0, 3.0]
    """
    parts = children(tree)
    if parts is None:
        return [tree]
    return [x for part in parts for x in ((part,) if type(part) in LEAF_TYPES else leaves(part))]


def unflatten(tree: Any, new: Iterable[Any]) -> Any:
    """Build a tree shaped like `tree` whose leaves are the items of `new`."""
    left = iter(new)
    try:
        built = rebuild(tree, left)
    except StopIteration:
        raise ValueError(f"too few new leaves for {tree!r:.80}") from None
    if next(left, None) is not None:
        raise ValueError(f"too many new leaves for {tree!r:.80}")
    return built


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
    pairs = [(prefix + label, part) for label, part in zip(labels(tree), parts, strict=True)]
    return {path: leaf for label, part in pairs for path, leaf in paths(part, label).items()}


def map(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Apply a function to each leaf, or to the leaves in the same place of several trees.

    Raises
    ------
    ValueError
        If a tree has another shape than the first; the part that differs is shown.

    Examples
    --------
    >>> from minigrad import tree
    >>> tree.map(lambda w, g: w - 0.5 * g, {"w": 1.0}, {"w": 4.0})
    {'w': -1.0}
    """
    columns = [leaves(tree), *(walk(other, tree, []) for other in others)]
    return unflatten(tree, [*builtins.map(function, *columns)])
