"""A stretch of consecutive steps: run, run with what the way back reads kept, gone back over."""

from __future__ import annotations

from typing import Any

from minigrad.hyper.unroll import State, Unroll, size

__all__ = ["Kept", "advance", "backward", "forward", "kept_size"]

Kept = list[tuple[State, Any]]  # of each step, the state before it and what its adjoint reads


def advance(unroll: Unroll, state: State, first: int, end: int) -> State:
    """Return the state before step `end`, from that before step `first`; keep nothing."""
    for t in range(first, end):
        state = unroll.step(state, t)
    return state


def forward(unroll: Unroll, state: State, first: int, end: int) -> tuple[State, Kept]:
    """Return the state before step `end`, and what the way back over the stretch reads."""
    kept: Kept = []
    for t in range(first, end):
        new, saved = unroll.forward(state, t)
        kept.append((state, saved))
        state = new
    return state, kept


def backward(unroll: Unroll, bar: State, kept: Kept, first: int) -> State:
    """Return the cotangents of the first state, from those of the last; gather the hypers'.

    Each step's values are let go of as soon as they were read: `kept` is empty afterwards.
    """
    while kept:
        state, saved = kept.pop()
        bar = unroll.backward(bar, state, saved, first + len(kept))
    return bar


def kept_size(kept: Kept) -> int:
    """Return about how many bytes are kept of a stretch, from its first step."""
    return len(kept) * size(*kept[0]) if kept else 0
