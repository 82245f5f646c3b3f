"""Which leaves are weights, and which hyperparameter reaches which leaf.

Weight decay is for weights and not for biases, and a hyperparameter may be one number for the
whole model, one for each layer or one for each parameter. Both are decided here, by the paths of
the leaves, for the losses of :mod:`minigrad.nn` and the optimisers of :mod:`minigrad.optim`.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from minigrad import tree
from minigrad.arguments import are_numbers, number
from minigrad.nn.hypers import is_zero
from minigrad.tree import LEAF_TYPES
from minigrad.variable import value_of

__all__ = ["Layout", "decay", "is_weight", "spread"]

# A key on the path of a leaf, as repr writes it, or a field.
NAME = re.compile(r"""\[(?:'((?:[^'\\]|\\.)*)'|"([^"]*)")\]|\.(\w+)""")
WEIGHT = re.compile(r"w(eights?)?([\d\W_].*)?", re.IGNORECASE)


def is_weight(path: str) -> bool:
    """Whether the leaf at this path is a weight, to be decayed, rather than a bias.

    The name nearest to the leaf decides. Weights are called ``w``, ``weight`` or ``weights``, in
    small or capital letters, perhaps with a number or a word behind (``w1``, ``W_out``, ``w-in``).
    A leaf with no name on its path, the only array or an item of a list, is a weight.

    Parameters
    ----------
    path : str
        As :func:`minigrad.tree.paths` writes it.

    Examples
    --------
    >>> from minigrad import nn, tree
    >>> params = [{"w": 1.0, "b": 2.0}, {"W_out": 3.0, "bias": 4.0, "width": 5.0}]
    >>> [path for path in tree.paths(params) if nn.is_weight(path)]
    ["[0]['w']", "[1]['W_out']"]
    """
    if not isinstance(path, str):
        raise TypeError(f"is_weight: expected a path, as tree.paths writes it, got {path!r:.60}")
    names = NAME.findall(path)
    return not names or WEIGHT.fullmatch("".join(names[-1])) is not None


def spread(hyper: Any, params: Any) -> list[Any]:
    """Return, for each leaf of a tree of parameters, the hyperparameter that reaches it.

    Parameters
    ----------
    hyper : number, array, Variable or tree
        A leaf is for all that is below its place: one number is for the whole tree, an item of a
        list is for one layer; a tree like `params` has one for each parameter.
    params : tree
        The parameters.

    Returns
    -------
    list
        In the order of ``tree.leaves(params)``.

    Raises
    ------
    ValueError
        If a leaf of `params` is reached by none, or one is for no leaf.

    Examples
    --------
    >>> from minigrad import nn
    >>> layers = [{"w": 1.0, "b": 2.0}, {"w": 3.0, "b": 4.0}]
    >>> nn.spread([0.1, {"w": 0.2, "b": 0.3}], layers)
    [0.1, 0.1, 0.2, 0.3]
    """
    return Layout(params).spread(hyper, "the hyperparameter")


def decay(lam: Any, params: Any, n: Any = 1) -> list[Any]:
    r"""Return :math:`\lambda / n` for each leaf of a tree of parameters; plain 0.0 for biases.

    Parameters
    ----------
    lam : number, array, Variable or tree
        Spread as by :func:`spread`. What is for a subtree goes to the weights in it (see
        :func:`is_weight`); what is given for one leaf, under its very path, is for that leaf
        whatever it is called.
    params : tree
        The parameters.
    n : int, default 1
        The number of training examples.

    Returns
    -------
    list
        In the order of ``tree.leaves(params)``.

    Raises
    ------
    ValueError
        If `lam` does not fit `params`, or if a leaf of it that is not 0 is for no weight.

    Examples
    --------
    >>> from minigrad import nn
    >>> layers = [{"w": 1.0, "b": 2.0}, {"w": 3.0, "b": 4.0}]
    >>> nn.decay(0.1, layers)
    [0.1, 0.0, 0.1, 0.0]
    >>> nn.decay([0.1, {"w": 0.2, "b": 0.3}], layers)
    [0.1, 0.0, 0.2, 0.3]
    """
    return Layout(params).decay(lam, n)


class Layout:
    """The places of a tree of parameters; what :func:`spread` and :func:`decay` ask.

    Parameters
    ----------
    params : tree
        The parameters.
    """

    def __init__(self, params: Any) -> None:
        self.params = params
        self.leaves: list[Any] = []
        self.outline = outline(params, self.leaves)

    def spread(self, hyper: Any, what: str) -> list[Any]:
        """Return the hyperparameter of each leaf; `what` is its name in an error message."""
        if tree.children(hyper) is None:
            return [hyper] * len(self.leaves)
        plan, hypers = self.plan(hyper, what)
        return [hypers[k] for k in plan.source]

    def align(self, other: Any, what: str) -> list[Any]:
        """Return the leaves of another tree of the same shape, in the order of this one's."""
        leaves: list[Any] = []
        if outline(other, leaves) == self.outline:
            return leaves
        plan, leaves = self.plan(other, what)
        if len(plan.source) != len(leaves):
            raise ValueError(
                f"{what}: expected a tree like the parameters, with leaves at "
                f"{', '.join(tree.paths(self.params))}; got {', '.join(tree.paths(other))}"
            )
        return [leaves[k] for k in plan.source]

    def decay(self, lam: Any, n: Any) -> list[Any]:
        """Return the weight decay of each leaf, divided by `n`."""
        plan, rates = self.plan(lam, "lam")
        numeric("lam", rates)
        if plan.idle and not all(is_zero(rates[k]) for k in plan.idle):
            raise ValueError(
                f"lam{list(tree.paths(lam))[plan.idle[0]]} is for no weight: the parameters are at "
                f"{', '.join(tree.paths(self.params))}. Call the weights 'w', or give lam as a "
                f"tree like the parameters."
            )
        if n != 1:
            number("n= (the number of training examples)", n, above=0)
            rates = [rate / n for rate in rates]
        return [0.0 if k is None else rates[k] for k in plan.decay]

    def plan(self, given: Any, what: str) -> tuple[Plan, list[Any]]:
        """Return how the leaves of another tree are for those of this one, and those leaves."""
        leaves: list[Any] = []
        key = self.outline, outline(given, leaves)
        found = PLANS.get(key)
        if found is None:
            found = PLANS[key] = match(list(tree.paths(self.params)), list(tree.paths(given)), what)
        return found, leaves


class Plan(NamedTuple):
    """How the leaves of one tree are for those of another."""

    source: list[int]  # for each parameter, which leaf of the other tree
    decay: list[int | None]  # the same for a tree of weight decays; None where it decays nothing
    idle: list[int]  # the leaves of the other tree that would decay nothing


PLANS: dict[Any, Plan] = {}  # by the outlines of both trees; paths are compared once and no more


def outline(node: Any, leaves: list[Any]) -> Any:
    """Return the shape of a tree, as something to look up, and append its leaves to the list."""
    kind = type(node)
    parts = None if kind in LEAF_TYPES else tree.children(node)
    if parts is None:
        leaves.append(node)
        return None
    shape = [dict, *node] if kind is dict else [kind]
    for part in parts:
        if type(part) in LEAF_TYPES:
            leaves.append(part)
            shape.append(None)
        else:
            shape.append(outline(part, leaves))
    return tuple(shape)


def match(places: list[str], givens: list[str], what: str) -> Plan:
    """Lead each parameter's path to the leaf of the other tree at the same path or above it."""

    def above(place: str) -> int:
        starts = (
            k for k, given in enumerate(givens) if place.startswith((given + "[", given + "."))
        )
        return givens.index(place) if place in givens else next(starts, -1)

    source = [above(place) for place in places]
    lost = [place for place, k in zip(places, source, strict=True) if k < 0]
    lost += [given for k, given in enumerate(givens) if given and k not in source]
    if lost:
        raise ValueError(
            f"{what} does not fit the parameters at {lost[0] or 'the top'}: it has leaves at "
            f"{', '.join(givens) or 'no place'}, they at {', '.join(places) or 'no place'}. Give "
            f"one for all, or a tree like the parameters or like the upper part of it."
        )
    decay = [
        k if place in givens or is_weight(place) else None
        for place, k in zip(places, source, strict=True)
    ]
    return Plan(source, decay, [k for k in range(len(givens)) if places and k not in decay])


def numeric(what: str, hypers: list[Any]) -> None:
    """Raise if one of some hyperparameters is no number, array or Variable."""
    for x in hypers:
        value = value_of(x)
        if type(value) is not float and not are_numbers(value):
            raise TypeError(f"{what} must be a number, an array or a Variable, got {x!r:.60}")
