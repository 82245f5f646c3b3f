"""Finding out that an array was changed after a tape had recorded it.

A program uses arrays that belong to the user: batches, labels, masks. Copying each would double
the memory; believing that they stay as they are would give wrong derivatives when they don't. So
the tape keeps a fingerprint of each use and compares before a sweep. It costs about what reading
the array once costs, and nothing for an array that nobody can write to (see `can_change`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["can_change", "fingerprint"]


def can_change(array: Any) -> bool:
    """Whether somebody can write to the memory of an array, through it or through its base."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return True
        array = array.base
    return array is not None and not isinstance(array, bytes)


BLOCK = 8192


def odd_weights() -> Any:
    """Return fixed odd pseudo-random words: a counter through the mixer of splitmix64."""
    x = np.arange(1, BLOCK + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return x ^ (x >> np.uint64(27)) | np.uint64(1)


WEIGHTS = odd_weights()


def fingerprint(array: Any) -> int:
    r"""Return :math:`\sum_i r_i x_i \bmod 2^{64}` over the words of an array, at memory speed.

    The weights :math:`r_i` are odd and look random, so a change of a single word always shows,
    and a change of several goes unnoticed about once in :math:`2^{63}`.
    """
    if array.dtype.hasobject:
        return hash(tuple(array.flat))
    flat = np.ascontiguousarray(array).reshape(-1)
    words = flat.view(np.uint64 if flat.nbytes % 8 == 0 else np.uint8)
    if words.size <= BLOCK:
        return int(words.dot(WEIGHTS[: words.size]))
    parts = [words[k : k + BLOCK] for k in range(0, words.size, BLOCK)]
    return hash(tuple(int(part.dot(WEIGHTS[: part.size])) for part in parts))
