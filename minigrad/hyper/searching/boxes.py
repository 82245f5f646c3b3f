"""Where a search draws its points: boxes in the coordinates in which hyperparameters are free."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import tree
from minigrad.arguments import number
from minigrad.arguments import seed as whole_seed
from minigrad.hyper.domains import Hyper, mark, markers, positive, real

__all__ = ["Box", "between", "boxes", "independent", "latin_hypercube"]

Array = np.ndarray[Any, Any]


class Box:
    """A leaf of a tree of hyperparameters, in place of a value: all values between two ends.

    Attributes
    ----------
    like : Hyper
        What is drawn is marked as this is.
    low, high : float or numpy.ndarray
        The ends, in the coordinate that is free.
    """

    # Not a dataclass: trees look into those, and this is a leaf.
    def __init__(self, like: Hyper, low: Any, high: Any) -> None:
        self.like, self.low, self.high = like, low, high

    def __repr__(self) -> str:
        ends = (self.like.moved_to(u).value for u in (self.low, self.high))
        return "between({!r}, {!r})".format(*ends)

    def at(self, share: Any) -> Hyper:
        """Return the value that lies this share, 0 to 1, of the way from one end to the other."""
        share = np.asarray(share, np.asarray(self.low).dtype)[()]
        return self.like.moved_to(self.low + share * (self.high - self.low))


def between(low: Any, high: Any) -> Box:
    r"""Mark where a search may draw a hyperparameter: uniformly in its free coordinate.

    Between positive numbers that is the logarithm: a tenth of the draws between 0.001 and 10 lie
    in each of 0.001 to 0.0025, 0.0025 to 0.0063 and so on. Numbers of which one is not positive
    are taken as real, and drawn uniformly. The ends may be marked to say otherwise:
    ``between(mg.real(0.1), mg.real(0.9))`` is uniform, and what is drawn between two numbers
    marked :func:`minigrad.unit_interval` is uniform in :math:`\log(x / (1 - x))`.

    The box says where to draw. A descent that starts in it (:func:`minigrad.multistart`) may
    leave it, but not its domain.

    Parameters
    ----------
    low, high : float or array
        The ends, marked or not; of arrays, each entry is drawn by itself.

    Returns
    -------
    Box
        To be put in place of the value in a tree of hyperparameters.

    Raises
    ------
    ValueError
        If an end lies outside the domain, or `low` above `high`.

    Examples
    --------
    >>> import minigrad as mg
    >>> box = mg.hyper.between(0.001, 10.0)
    >>> box.at(0.5)
    Hyper(0.1..., positive)
    """
    ends = [low, high]
    marked = next((end for end in ends if isinstance(end, Hyper)), None)
    if marked is not None:
        ends = [end if isinstance(end, Hyper) else mark(end, marked.domain) for end in ends]
    else:
        ends = [real(end) for end in ends]
        if all(np.min(end.value) > 0 for end in ends):
            ends = [positive(end) for end in ends]
    if ends[0].domain.name != ends[1].domain.name or np.shape(low) != np.shape(high):
        raise ValueError(
            f"between: expected ends of one domain and shape, got {low!r} and {high!r}"
        )
    if not np.all(np.less_equal(*(end.value for end in ends))):
        raise ValueError(f"between: expected low <= high, got {low!r:.60} and {high!r:.60}")
    return Box(ends[0], *(end.unconstrained for end in ends))


def boxes(hypers: Any, spread: float) -> Any:
    """Return the tree with a box in each place: around a value, `spread` to either side."""
    number("spread= (how far to go to either side)", spread, above=0)

    def box(leaf: Any) -> Box:
        if isinstance(leaf, Box):
            return leaf
        hyper = markers(leaf)
        return Box(hyper, hyper.unconstrained - spread, hyper.unconstrained + spread)

    return tree.map(box, hypers)


def independent(places: Any, points: int, seed: int) -> list[Any]:
    """Draw marked hypers in a tree of boxes; draw k is a function of ``(seed, k)`` alone."""
    sequences = np.random.SeedSequence(checked(seed)).spawn(points)
    drawn = [np.random.default_rng(sequence).random(size(places)) for sequence in sequences]
    return [placed(places, shares) for shares in drawn]


def latin_hypercube(places: Any, points: int, seed: int) -> list[Any]:
    """Draw marked hypers such that each number has one draw in each of `points` equal parts.

    Source: M. D. McKay, R. J. Beckman, W. J. Conover, "A Comparison of Three Methods for
    Selecting Values of Input Variables in the Analysis of Output from a Computer Code",
    Technometrics 21 (1979).
    """
    rng = np.random.default_rng(checked(seed))
    parts = np.column_stack([rng.permutation(points) for _ in range(size(places))])
    return [placed(places, row) for row in (parts + rng.random(parts.shape)) / points]


def placed(places: Any, shares: Array) -> Any:
    """Return marked hypers at a flat array of shares, one for each number in a tree of boxes."""
    ends = np.cumsum([np.size(box.low) for box in tree.leaves(places)])
    split = iter(np.split(shares, ends[:-1]))
    return tree.map(lambda box: box.at(next(split).reshape(np.shape(box.low))), places)


def size(places: Any) -> int:
    """Return how many numbers a tree of boxes has."""
    found = sum(np.size(box.low) for box in tree.leaves(places))
    if not found:
        raise ValueError("no hyperparameters to search: the tree has no leaves")
    return found


def checked(seed: Any) -> int:
    """Return a seed that starts from the same place twice."""
    return whole_seed("seed=", seed)
