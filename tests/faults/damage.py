"""A real checkpoint, cut off at any length or with any bit flipped, on disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from minigrad.hyper import CheckpointError
from minigrad.hyper.tuning.checkpoint import CheckpointFile
from tests.faults import moments


def checkpoint(folder: Path) -> Path:
    """Return the checkpoint of a small descent; the one before it lies beside it."""
    path = folder / "t"
    moments.descent(path)
    return path


def cuts(size: int, every: int = 1) -> Iterable[tuple[int, int]]:
    """Return lengths below that of a file, with no bit to flip."""
    return ((length, 0) for length in range(0, size, every))


def flips(size: int, every: int = 1) -> Iterable[tuple[int, int]]:
    """Return the bits of a file as its length, the place and the mask of one."""
    return ((bit // 8, 1 << bit % 8) for bit in range(0, 8 * size, every))


def refused(path: Path, cut: Iterable[tuple[int, int]], flipped: Iterable[tuple[int, int]]) -> None:
    """Fail unless every damaged form is refused by its digest, and the older file named."""
    good = path.read_bytes()
    words = rf"digest.*the one before it is {path}\.previous: move it here"
    damaged = [good[:length] for length, _ in cut]
    for place, mask in flipped:
        damaged.append(good[:place] + bytes([good[place] ^ mask]) + good[place + 1 :])
    for content in damaged:
        path.write_bytes(content)
        with CheckpointFile(path) as file, pytest.raises(CheckpointError, match=words):
            file.read()
    path.write_bytes(good)
    with CheckpointFile(path) as file:
        assert file.read() is not None
