"""Places for snapshots: a stack of states, in memory or in a file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

import numpy as np

from minigrad.hyper.unrolling.unroll import State

__all__ = ["InMemory", "OnDisk", "Shelf", "shelf"]


class Shelf(Protocol):
    """Where snapshots are put, by the step that they are the state before: last in, first out."""

    def keep(self, t: int, state: State) -> None:
        """Put a state away."""

    def restore(self, t: int) -> State:
        """Return it."""
        ...

    def drop(self, t: int) -> None:
        """Forget it, if it was kept."""


class InMemory:
    """Snapshots as they are: states are never written to."""

    def __init__(self) -> None:
        self.states: dict[int, State] = {}

    def keep(self, t: int, state: State) -> None:
        """Put a state away."""
        self.states[t] = state

    def restore(self, t: int) -> State:
        """Return it."""
        return self.states[t]

    def drop(self, t: int) -> None:
        """Forget it, if it was kept."""
        self.states.pop(t, None)


class Filed:
    """Stands for an array that is in the file."""


class OnDisk:
    """Snapshots whose arrays are in a file, as ``.npy`` records one behind another.

    As snapshots are a stack, the file only grows and shrinks at its end. Single numbers, and
    arrays of objects, stay in memory.

    Parameters
    ----------
    file : file
        Open for reading and writing in binary.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.states: dict[int, tuple[int, State]] = {}  # where each begins, and what it has

    def keep(self, t: int, state: State) -> None:
        """Write the arrays behind those of the last snapshot."""
        start = self.file.seek(0, os.SEEK_END)
        self.states[t] = start, [self.written(leaf) for leaf in state]

    def written(self, leaf: Any) -> Any:
        """Return a leaf, or what stands for it if it is in the file now."""
        if not isinstance(leaf, np.ndarray) or leaf.dtype.hasobject:
            return leaf
        np.save(self.file, leaf, allow_pickle=False)
        return Filed

    def restore(self, t: int) -> State:
        """Read them back."""
        start, leaves = self.states[t]
        self.file.seek(start)
        return [
            np.load(self.file, allow_pickle=False) if leaf is Filed else leaf for leaf in leaves
        ]

    def drop(self, t: int) -> None:
        """Cut the file off where the snapshot begins, which is the last, if it was kept."""
        if t in self.states:
            self.file.truncate(self.states.pop(t)[0])


@contextlib.contextmanager
def shelf(disk: bool) -> Iterator[Shelf]:
    """Give a place for snapshots.

    The file has no name, so that the system frees it with the process, however that ends: there
    is nothing to clear away, not even after a power cut.
    """
    if not disk:
        yield InMemory()
        return
    from tempfile import TemporaryFile  # loads much, and is seldom needed

    with TemporaryFile(prefix="minigrad-") as file:
        yield OnDisk(file)
