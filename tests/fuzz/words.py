"""What may stand for a word of the grammar: which operands fit, and settings for the first of them.

A setting is a function of the draft of a program (see `draw.py`) that returns source text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tests.fuzz.draw import Draft

__all__ = ["EXPRESSIONS", "OPERANDS", "SETTINGS"]


def broadcast(*operands: Any) -> bool:
    """Whether arrays broadcast with one another."""
    try:
        np.broadcast_shapes(*map(np.shape, operands))
    except ValueError:
        return False
    return True


# Whether an array `x` may be an operand after the operands `before` it in the row.
OPERANDS: dict[str, Callable[[Any, list[Any]], bool]] = {
    "any": lambda x, before: True,
    "several": lambda x, before: np.size(x) > 1,
    "array": lambda x, before: np.ndim(x) >= 1,
    "vector": lambda x, before: np.ndim(x) == 1,
    "matrix": lambda x, before: np.ndim(x) == 2,
    "stack": lambda x, before: np.ndim(x) >= 2,
    "cube": lambda x, before: np.ndim(x) == 3,
    "even": lambda x, before: np.ndim(x) == 2 and len(x) == x.shape[1],
    "pair": lambda x, before: np.ndim(x) >= 1 and x.shape[-1] % 2 == 0,
    "tall": lambda x, before: np.ndim(x) >= 1 and len(x) >= 2,
    "tall matrix": lambda x, before: np.ndim(x) == 2 and min(x.shape) >= 2,
    "two": lambda x, before: np.ndim(x) == 1 and len(x) >= 2,
    "long": lambda x, before: np.ndim(x) == 1 and len(x) >= 3,
    "short": lambda x, before: np.ndim(x) == 1 and len(x) <= 4,
    "triple": lambda x, before: np.shape(x) == (3,),
    "met": lambda x, before: broadcast(x, *before),
    "like": lambda x, before: np.shape(x) == np.shape(before[0]),
    "row": lambda x, before: np.shape(x) == np.shape(before[0])[-1:],
    "column": lambda x, before: np.shape(x) == np.shape(before[0])[:1],
    "columns": lambda x, before: np.ndim(x) == 2 and len(x) == len(before[0]),
    "next": lambda x, before: np.ndim(x) == 2 and len(x) == before[0].shape[-1],
}


def array(values: Any) -> str:
    """Return the source of an array."""
    return f"np.array({np.asarray(values).tolist()})"


def dominated(draft: Draft, symmetric: bool) -> str:
    """Return a square matrix that is dominated by its diagonal."""
    name = draft.operand(OPERANDS["even"])
    part = f"0.3 * np.tanh({name})"
    both = f"{part} + {part}.T" if symmetric else part
    return f"({both} + np.diag(np.array({[2.0 + 1.5 * k for k in range(len(draft.x))]})))"


def axes(draft: Draft) -> str:
    """Return one axis, several, or all."""
    chosen = [a for a in range(np.ndim(draft.x)) if draft.rng.random() < 0.6]
    choices = [str(draft.axis()), "None", *([str(tuple(chosen))] if chosen else [])]
    return str(draft.rng.choice(choices))


def cut(draft: Draft, low: float, high: float) -> str:
    """Return a number in the middle of a gap between elements: the low ones, or the high ones."""
    ordered = np.unique(np.round(np.ravel(draft.x), 4))
    k = draft.between(int(low * (ordered.size - 1)), int(high * (ordered.size - 1)))
    above = ordered[k + 1] if k + 1 < ordered.size else ordered[k] + 0.6
    return f"{(ordered[k] + above) / 2:.3f}"


def mask(draft: Draft, *shape: int) -> str:
    """Return a mask that is true somewhere."""
    chosen = draft.rng.random(shape) < 0.6
    chosen.flat[draft.between(0, chosen.size - 1)] = True
    return array(chosen)


def places(draft: Draft, length: int, *shape: int) -> str:
    """Return positions on an axis of some length, some counted from the end, some there twice."""
    draft.places = shape
    return array(draft.rng.integers(-length, length, shape))


def index(draft: Draft) -> str:
    """Return integers and slices for the axes, with a new axis or an ellipsis among them."""
    items = []
    for length in np.shape(draft.x):
        k = draft.between(0, length - 1)
        items.append(draft.one_of(":", f"{k}:", f"{k}::2", f":{k + 1}", "::-1", f"{k - length}"))
    at = draft.between(0, len(items))
    form = draft.one_of("full", "front", "back", "new axis")
    if form == "front":
        items[at:] = ["..."]
    elif form == "back":
        items[:at] = ["..."]
    elif form == "new axis":
        items.insert(at, "None")
    return ", ".join(items)


def new_shape(draft: Draft) -> str:
    """Return another shape for the same elements, one length of it perhaps left to NumPy."""
    rest, shape = int(np.size(draft.x)), []
    for prime in (2, 3, 5, 7):
        while rest % prime == 0 and draft.rng.random() < 0.7:
            shape.append(prime)
            rest //= prime
    shape.insert(draft.between(0, len(shape)), rest)
    if draft.rng.random() < 0.3:
        shape[draft.between(0, len(shape) - 1)] = -1
    return str(tuple(shape))


def wider_shape(draft: Draft) -> str:
    """Return a shape to which the first operand broadcasts."""
    shape = [draft.between(1, 3) if n == 1 else n for n in np.shape(draft.x)]
    return str(tuple([draft.between(1, 2)] * draft.between(0, 1) + shape))


# Operands that are expressions of a value computed before.
EXPRESSIONS: dict[str, Callable[[Draft], str]] = {
    "square": lambda draft: dominated(draft, symmetric=False),
    "spd": lambda draft: dominated(draft, symmetric=True),
}

# fmt: off
SETTINGS: dict[str, Callable[[Draft], str]] = {
    "axis":         lambda draft: str(draft.axis()),
    "axes":         axes,
    "new axis":     lambda draft: str(draft.between(0, np.ndim(draft.x))),
    "order":        lambda draft: str(tuple(draft.rng.permutation(np.ndim(draft.x)).tolist())),
    "keep":         lambda draft: draft.one_of("False", "True"),
    "size":         lambda draft: str(np.size(draft.x)),
    "shape":        lambda draft: str(np.shape(draft.x)),
    "new shape":    new_shape,
    "wider shape":  wider_shape,
    "shift":        lambda draft: str(draft.between(-3, 3)),
    "times":        lambda draft: str(draft.between(1, 3)),
    "counts":       lambda draft: array([draft.between(0, 2) for _ in draft.x]),
    "cut":          lambda draft: cut(draft, 0.0, 1.0),
    "low":          lambda draft: cut(draft, 0.0, 0.4),
    "high":         lambda draft: cut(draft, 0.6, 1.0),
    "mode":         lambda draft: draft.one_of("full", "same", "valid"),
    "index":        index,
    "mask":         lambda draft: mask(draft, *np.shape(draft.x)),
    "row mask":     lambda draft: mask(draft, len(draft.x)),
    "column mask":  lambda draft: mask(draft, draft.x.shape[1]),
    "places":       lambda draft: places(draft, np.size(draft.x), draft.between(1, 4)),
    "row places":   lambda draft: places(draft, len(draft.x), draft.between(1, 4)),
    "column places": lambda draft: places(draft, draft.x.shape[1], draft.between(1, 4)),
    "last places":  lambda draft: places(draft, draft.x.shape[-1], draft.between(1, 4)),
    "place table":  lambda draft: places(draft, len(draft.x), 2, 2),
    "as many columns":    lambda draft: places(draft, draft.x.shape[1], *draft.places),
    "as many at the end": lambda draft: places(draft, draft.x.shape[-1], *draft.places),
    "ranks":        lambda draft: array(np.argsort(draft.rng.random(np.shape(draft.x)), axis=0)),
}
# fmt: on
