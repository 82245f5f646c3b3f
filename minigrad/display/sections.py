"""Where the steps of a training lie on a tape, and which of them a picture leaves out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minigrad.tape import Mark, Tape

__all__ = ["Fold", "fold", "sections"]

SHORTEST = 3  # instructions of a step that is found by its repetition
MOST = 1000  # instructions in a picture


class Fold(NamedTuple):
    """A range of instructions that is shown as one line."""

    words: str
    start: int
    stop: int


def sections(tape: Tape, stop: int) -> list[Mark]:
    """Return the steps before instruction `stop`: the outermost marks, else what repeats itself.

    Examples
    --------
    >>> import minigrad as mg
    >>> with mg.Tape() as tape:
    ...     w, eta = tape.variable(2.0), tape.variable(0.1)
    ...     for _ in range(3):
    ...         w = w - eta * tape.gradient(w * w, w)
    >>> [tuple(step) for step in sections(tape, len(tape))]
    [('step 1', 2, 8), ('step 2', 8, 14), ('step 3', 14, 20)]
    """
    found: list[Mark] = []
    for mark in sorted(tape.marks, key=lambda mark: (mark.start, -mark.stop)):
        if mark.start < mark.stop <= stop and (not found or mark.start >= found[-1].stop):
            found.append(mark)
    return found or repetitions(tape, stop)


def repetitions(tape: Tape, stop: int) -> list[Mark]:
    """Return the steps of a loop: the same primitives in the same order, over half the tape."""
    numbers: dict[str, int] = {}
    code = [numbers.setdefault(line[0].name, len(numbers)) for line in tape.code[:stop]]
    line = np.array(code, dtype=int)
    length, start, period = 0, 0, 0  # of the longest stretch that repeats itself
    for p in range(SHORTEST, stop // 2 + 1):
        if stop <= length:
            break
        changes = np.flatnonzero(line[p:] != line[:-p])
        edges = np.concatenate([[-1], changes, [stop - p]])
        gaps = np.diff(edges) - 1
        longest = int(gaps.argmax())
        if gaps[longest] >= p and gaps[longest] + p > length:
            length, start, period = int(gaps[longest]) + p, int(edges[longest]) + 1, p
    if 2 * length < stop or not period:
        return []
    return [
        Mark(f"step {k + 1}", start + k * period, start + (k + 1) * period)
        for k in range(length // period)
    ]


def fold(steps: list[Mark], stop: int, shown: int) -> Fold | None:
    """Return what to leave out so that at most `shown` steps stay: those in the middle."""
    if len(steps) > shown:
        head = (shown + 1) // 2
        out = steps[head : len(steps) - shown // 2]
        hidden = out[-1].stop - out[0].start
        if stop - hidden <= MOST:
            return Fold(f"... {len(out)} more steps ...", out[0].start, out[-1].stop)
    if stop <= MOST:
        return None
    return Fold(f"... {stop - MOST} more instructions ...", MOST // 2, stop - MOST // 2)
