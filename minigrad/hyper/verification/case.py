"""The directions in which a hypergradient is compared: single numbers, or many at random."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.run import TrainingRun

__all__ = ["FEW", "Case", "Direction", "as_kind", "paired"]

FEW = 8  # numbers or leaves that are asked about one by one


@dataclass(frozen=True)
class Direction:
    """A way for the hyperparameters to move.

    Attributes
    ----------
    name : str
        What moves.
    moves : list
        For each leaf of the hypers an array or number of its shape, or None if it stays.
    size : float
        About how large the hypers are along it: what a step is relative to.
    """

    name: str
    moves: list[Any]
    size: float


class Case:
    """A run at certain hypers, and the directions that its derivative is asked in.

    Parameters
    ----------
    run : TrainingRun
        The run.
    marked : tree
        The hypers, marked.
    rng : numpy.random.Generator
        Of random directions.
    """

    def __init__(self, run: TrainingRun, marked: Any, rng: np.random.Generator) -> None:
        self.run, self.marked, self.rng = run, marked, rng
        self.hypers = tree.leaves(marked)
        self.leaves = [hyper.value for hyper in self.hypers]
        self.names = [" ".join(re.findall(r"\w+", path)) or "hyper" for path in tree.paths(marked)]
        self.numbers = sum(np.size(leaf) for leaf in self.leaves)
        self.directions = list(self.axes() if self.numbers <= FEW else self.random())

    # Directions. Their elements are powers of 2, so that a shifted number is exact.

    def axes(self) -> list[Direction]:
        """Return a direction for each single number."""
        found = []
        for k, leaf in enumerate(self.leaves):
            for place in np.ndindex(np.shape(leaf)):
                move = np.zeros(np.shape(leaf))
                move[place] = 1.0
                label = self.names[k] + (str(list(place)) if place else "")
                size = float(magnitude(np.asarray(leaf)[place]))
                found.append(Direction(label, self.moving({k: move}), size))
        return found

    def random(self) -> list[Direction]:
        """Return a random direction for each leaf; if they are many, a few that move all."""
        if len(self.leaves) <= FEW:
            return [self.of_leaf(k) for k in range(len(self.leaves))]
        return [self.everywhere(f"all, at random ({k})") for k in range(1, FEW // 2 + 1)]

    def of_leaf(self, k: int) -> Direction:
        """Return a direction that moves one leaf."""
        name, leaf = self.names[k], self.leaves[k]
        if np.ndim(leaf) == 0:
            return Direction(name, self.moving({k: 1.0}), float(magnitude(leaf)))
        return Direction(f"{name} {np.shape(leaf)}", self.moving({k: self.signs(leaf)}), 1.0)

    def everywhere(self, name: str) -> Direction:
        """Return a random direction that moves every number, each by about its own size."""
        moves = {k: self.signs(leaf) for k, leaf in enumerate(self.leaves)}
        return Direction(name, self.moving(moves), 1.0)

    def signs(self, leaf: Any) -> Any:
        """Return about the sizes of the numbers in a leaf, with random signs."""
        return magnitude(leaf) * self.rng.choice([-1.0, 1.0], np.shape(leaf))

    def moving(self, moves: dict[int, Any]) -> list[Any]:
        """Return what moves as a list with an item for each leaf, of the leaf's own kind."""
        return [
            None if k not in moves else as_kind(moves[k], leaf)
            for k, leaf in enumerate(self.leaves)
        ]

    def moved(self, direction: Direction, by: Any) -> Any:
        """Return the hypers shifted along a direction, as plain values."""
        pairs = zip(self.leaves, direction.moves, strict=True)
        return tree.unflatten(
            self.marked, [x if move is None else x + by * move for x, move in pairs]
        )

    def along(self, gradient: Any) -> Any:
        """Return the slopes along the directions, of a gradient that is known."""
        bars = tree.leaves(gradient)
        return np.array([paired(bars, direction.moves) for direction in self.directions])

    def room(self, direction: Direction) -> float:
        """Return how far the hypers may go along a direction, half-way to where they must end."""
        rooms = [np.inf]
        for hyper, move in zip(self.hypers, direction.moves, strict=True):
            if move is not None and np.any(move):
                ends = np.minimum(hyper.value - hyper.domain.low, hyper.domain.high - hyper.value)
                with np.errstate(divide="ignore"):
                    rooms.append(float(np.min(0.5 * ends / np.abs(move))))
        return min(rooms)

    def weight(self, leaf: Any) -> Any:
        """Return random weights for a leaf of a state; None if it does not vary."""
        if np.asarray(leaf).dtype.kind != "f":
            return None
        return as_kind(self.rng.choice([-1.0, 1.0], np.shape(leaf)), leaf)


def magnitude(x: Any) -> Any:
    """Return the power of 2 next to each number; for zeros, that of the largest, or 1."""
    size = np.abs(np.asarray(x, float))
    size = np.where(size > 0, size, np.max(size, initial=0.0) or 1.0)
    return 2.0 ** np.round(np.log2(size))


def as_kind(move: Any, leaf: Any) -> Any:
    """Return a direction as a number or array of the kind that a leaf is."""
    if type(leaf) is float:
        return float(move)
    return np.asarray(move).astype(np.asarray(leaf).dtype)[()]


def paired(bars: Sequence[Any], moves: Sequence[Any]) -> float:
    """Return the sum of the products of cotangents and a direction."""
    pairs = zip(bars, moves, strict=True)
    return float(
        sum(np.sum(np.asarray(bar, float) * move) for bar, move in pairs if move is not None)
    )
