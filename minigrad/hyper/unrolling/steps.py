"""What the steps of a stretch are given, and what was kept of them for the way back."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import tree
from minigrad.constants import copied
from minigrad.nn.weights import outline
from minigrad.program.columns import Columns
from minigrad.program.step import StepPrograms

if TYPE_CHECKING:
    from minigrad.hyper.unrolling.unroll import Unroll

__all__ = ["Steps", "Stretch", "signature", "size", "weak"]


class Steps:
    """What each step of a stretch is given: its entries of schedules and the leaves of its batch.

    They are read as the loop goes, so that batches may be read into one buffer. The stretch ends
    early at a batch that is of another signature than the first.

    Attributes
    ----------
    order : range
        Which steps.
    first : object
        The batch of the first, read already.
    taken : int
        How many steps there were.
    """

    def __init__(self, unroll: Unroll, order: range, first: Any, kind: Any = None) -> None:
        self.unroll, self.order, self.first = unroll, order, first
        self.kind = kind or signature(first)
        self.taken = 0

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        schedules, read = self.unroll.schedules, self.unroll.run.batch
        (_, shape), wanted = self.kind
        flat = shape == (tuple, *[None] * len(wanted))  # the usual (x, y), known at a glance
        self.taken = 0
        for t in self.order:
            batch, self.first = read(t) if self.first is None else self.first, None
            leaves: Any = batch
            if not (flat and type(batch) is tuple):
                leaves = []
                if outline(batch, leaves) != shape:
                    break
            if kinds(leaves) != wanted:
                break
            self.taken += 1
            yield (*[weak(schedule[t]) for schedule in schedules], *leaves) if schedules else leaves

    def columns(self, programs: StepPrograms) -> Columns:
        """Return the steps as rows and vectors, for programs of single numbers."""
        here = slice(self.order.start, self.order.stop)
        entries = [schedule[here].tolist() for schedule in self.unroll.schedules]
        found = self.numbers(programs)
        if found is None:
            columns = Columns([tuple(map(copied, leaves)) for leaves in self])
        elif entries:
            columns = Columns(list(zip(*entries, *found.columns, strict=True)))
        else:
            columns = found
        self.taken = len(columns.rows)
        return columns

    def numbers(self, programs: StepPrograms) -> Columns | None:
        """Return batches that are all numbers, or flat tuples of them; None for others.

        Those can't change. So they are kept, for as long as the batches are the very same: those
        of a list are looked through, a tuple of them stays as it is.
        """
        run, order, ((_, shape), kinds) = self.unroll.run, self.order, self.kind
        batches: Any = run.batches
        if batches is None:
            return Columns([()] * len(order))
        if type(batches) is not list and type(batches) is not tuple:
            batches = [run.batch(t) for t in order]
            self.first = None  # other batches may have been read into the same arrays since
        elif len(batches) > len(order):
            batches = batches[order.start : order.stop]
        seen, columns = programs.seen
        if batches is seen:  # a tuple, which stays as it is
            return columns
        if len(seen) == len(batches) and all(map(operator.is_, seen, batches)):
            return columns
        rows: Any
        if shape is None:
            rows = [(batch,) for batch in batches]
        elif shape == (tuple, *[None] * len(kinds)) and set(map(type, batches)) == {tuple}:
            rows = batches
        else:
            return None
        types = [float if kind is float else np.float64 for _, kind in kinds]
        if set(map(len, rows)) != {len(types)}:
            return None
        columns = Columns(rows)
        if [set(map(type, column)) for column in columns.columns] != [{kind} for kind in types]:
            return None
        programs.seen = batches if type(batches) is tuple else list(batches), columns
        return columns

    def back(self) -> Steps:
        """Return the steps that were taken, from the last to the first."""
        return Steps(self.unroll, self.order[: self.taken][::-1], None, self.kind)

    def check(self, wanted: int) -> None:
        """Raise if not all steps were taken: a batch was another one when it was read again."""
        if self.taken < wanted:
            raise ValueError(
                f"the batch of step {self.order[self.taken]} has another shape or type when it is "
                f"read again: batches must be the same each time they are read"
            )


class Stretch:
    """Steps that were replayed, to be pulled back: what was kept of each."""

    def __init__(self, programs: StepPrograms, steps: Steps, kept: list[Any]) -> None:
        self.programs, self.steps, self.kept = programs, steps, kept

    def __copy__(self) -> Stretch:
        """Return the same with a list of its own, for that is used up."""
        return Stretch(self.programs, self.steps, list(self.kept))

    @property
    def nbytes(self) -> int:
        """Bytes of what was kept."""
        if self.programs.numbers is not None:
            return sum(int(x.nbytes) for x in self.kept[1:])
        return len(self.kept) * size(self.kept[0]) if self.kept else 0


def size(*parts: Any) -> int:
    """Return the bytes that states and what was saved beside them take."""
    return sum(int(getattr(x, "nbytes", 0) or np.asarray(x).nbytes) for x in tree.leaves(parts))


def weak(x: Any) -> Any:
    """Return a float64 number as a Python float, which computes faster; others as they are."""
    return float(x) if type(x) is np.float64 else x


def signature(*trees: Any) -> Any:
    """Return what a program depends on: the shapes of trees, and the shape and dtype of leaves."""
    leaves: list[Any] = []
    return outline(trees, leaves), kinds(leaves)


A_FLOAT = (), float


def kinds(leaves: Sequence[Any]) -> tuple[Any, ...]:
    """Return the shape and dtype of each leaf."""
    return tuple([A_FLOAT if type(x) is float else kind(x) for x in leaves])


def kind(x: Any) -> tuple[Any, Any]:
    """Return the shape and dtype of a leaf; of what has no dtype, its type."""
    return getattr(x, "shape", ()), getattr(x, "dtype", type(x))
