"""Finding out that an array was changed after a tape had recorded it.

A program uses arrays that belong to the user: batches, labels, masks. Copying each would double
the memory; believing that they stay as they are would give wrong derivatives when they don't. So
the tape keeps a fingerprint of each use and compares before a sweep. It costs about what reading
the array once costs, and nothing for an array that nobody can write to (see `can_change`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.callers import written
from minigrad.errors import ChangedArrayError

if TYPE_CHECKING:
    from minigrad.tape import Tape

__all__ = ["Watch", "can_change", "fingerprint", "state_of"]


class Watch:
    """The arrays of the user that a tape has used, each use with the fingerprint it had then.

    While a sweep runs no user code does, so what was checked at its beginning holds until its
    end: the instructions that a recorded sweep adds take over the fingerprints of that check.
    """

    def __init__(self) -> None:
        self.uses: list[tuple[int, Any, Any]] = []  # (instruction, array, its state)
        self.checked: dict[int, Any] | None = None  # states by id of the array, during a sweep

    def see(self, index: int, inputs: Sequence[int], operands: Sequence[Any]) -> None:
        """Take note of the arrays that an instruction uses as constants."""
        for position, source in enumerate(inputs):
            if source >= 0:
                continue
            array = operands[position]
            if not isinstance(array, np.ndarray) or not can_change(array):
                continue
            if self.checked is None or array.base is not None:
                self.uses.append((index, array, state_of(array)))
            elif id(array) in self.checked:  # else a rule has made it, and nobody else has it
                self.uses.append((index, array, self.checked[id(array)]))

    def begin_sweep(self, tape: Tape, first: int, last: int) -> None:
        """Check the uses from `first` to `last`; raise ChangedArrayError if one does not hold."""
        found: dict[int, Any] = {}
        if self.uses and self.uses[-1][0] >= first:
            ends = (bisect_left(self.uses, end, key=itemgetter(0)) for end in (first, last + 1))
            for index, array, then in self.uses[slice(*ends)]:
                if id(array) not in found:
                    found[id(array)] = state_of(array)
                if found[id(array)] != then:
                    raise ChangedArrayError(
                        f"instruction {written(tape, index)} used an array of shape {array.shape} "
                        f"that was changed in place afterwards, so its derivative would be wrong: "
                        f"give it a copy, x.copy(), or make a new array each time"
                    )
        self.checked = found

    def end_sweep(self) -> None:
        """Let user code run again."""
        self.checked = None


def can_change(array: Any) -> bool:
    """Whether somebody can write to the memory of an array, through it or through its base."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return True
        array = array.base
    return array is not None and not isinstance(array, bytes)


def state_of(array: Any) -> Any:
    """Return all that could be changed about an array: its shape and its type as well."""
    return array.shape, array.strides, array.dtype, fingerprint(array)


SHORT, BLOCK = 1024, 8192  # bytes, words


def odd_weights() -> Any:
    """Return fixed odd pseudo-random words: a counter through the mixer of splitmix64."""
    x = np.arange(1, BLOCK + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return x ^ (x >> np.uint64(27)) | np.uint64(1)


WEIGHTS = odd_weights()


DOWN = np.uint64(29)  # no multiple of 8, so that signs of short numbers do not meet


def fingerprint(array: Any) -> int:
    r"""Return :math:`\sum_i r_i m(x_i) \bmod 2^{64}` over the words of an array, at memory speed.

    The weights :math:`r_i` are odd and look random, and :math:`m` adds the upper bits of a word to
    its lower ones. So a change of a single word always shows, and a change of several goes
    unnoticed less than once in :math:`2^{28}`. Without :math:`m`, two signs that turn would cancel:
    they are the highest bits, of which a sum modulo :math:`2^{64}` keeps the parity. Beyond 64 kB
    the sums of the blocks are hashed together; up to 1 kB the bytes are hashed themselves.
    """
    if array.nbytes <= SHORT and not array.dtype.hasobject:
        return hash(array.tobytes())
    if array.dtype.hasobject:
        return hash(tuple(map(repr, array.flat)))  # Python's hash of -1 is that of -2
    flat = np.ascontiguousarray(array).reshape(-1)
    words = flat.view(np.uint64 if flat.nbytes % 8 == 0 else np.uint8)
    parts = [words[k : k + BLOCK] for k in range(0, words.size, BLOCK)]
    sums = [int(mixed(part).dot(WEIGHTS[: part.size])) for part in parts]
    return sums[0] if len(sums) == 1 else hash(tuple(sums))


def mixed(words: Any) -> Any:
    """Return words with their upper bits in their lower ones, too; bytes as they are."""
    return words if words.dtype == np.uint8 else words ^ (words >> DOWN)
