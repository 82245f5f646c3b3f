"""Mini-batches that can be read again.

A hypergradient goes through the training loop twice, once forward and once back, and a
checkpointed one more often still. So the batches are no stream that is used up but a sequence:
batch t is the same whenever it is asked for. What is drawn at random, once, are the indices; the
examples are gathered when a batch is read, which keeps T batches as small as T rows of indices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from operator import index
from typing import Any, SupportsIndex, overload

import numpy as np

from minigrad.arguments import seed as whole_seed
from minigrad.arguments import whole
from minigrad.datasets.splits import frozen

__all__ = ["Batches", "batches"]

Array = np.ndarray[Any, Any]
Batch = tuple[Array, Array]


class Batches(Sequence[Batch]):
    """A sequence of mini-batches ``(x, y)``, made by :func:`batches`.

    ``batches[t]`` and ``batches(t)`` are batch `t`, ``batches[a:b]`` are some of them as another
    such sequence; ``len`` and iteration work.

    Attributes
    ----------
    x, y : ndarray
        All the examples, read-only.
    indices : ndarray of int, shape (steps, size)
        Row `t` says which examples batch `t` is made of. Read-only.
    """

    def __init__(self, x: Array, y: Array, indices: Array) -> None:
        self.x, self.y, self.indices = x, y, indices

    def __setstate__(self, state: dict[str, Array]) -> None:
        self.__dict__.update((name, frozen(array)) for name, array in state.items())

    def __len__(self) -> int:
        return len(self.indices)

    @overload
    def __getitem__(self, t: SupportsIndex) -> Batch: ...
    @overload
    def __getitem__(self, t: slice) -> Batches: ...
    def __getitem__(self, t: SupportsIndex | slice) -> Batch | Batches:
        if isinstance(t, slice):
            return Batches(self.x, self.y, self.indices[t])
        if not -len(self) <= index(t) < len(self):
            raise IndexError(f"batch {t} of {len(self)}: make more with a larger steps=")
        chosen = self.indices[t]
        x, y = self.x.take(chosen, 0), self.y.take(chosen, 0)
        x.setflags(write=False)
        y.setflags(write=False)
        return x, y

    def __call__(self, t: int) -> Batch:
        """Return batch `t`."""
        return self[t]

    def __repr__(self) -> str:
        steps, size = self.indices.shape
        return f"<{steps} batches of {size} out of {len(self.x)} examples>"


def batches(
    x: Any, y: Any, size: int, steps: int, seed: int = 0, *, epochs: bool = False
) -> Batches:
    """Draw mini-batches at random, once, as a sequence that can be read again.

    Batch `t` is a function of ``(seed, t)`` alone, of neither `steps` nor what was read before:
    more steps continue the same sequence.

    Parameters
    ----------
    x, y : array_like, shape (n, ...)
        Examples and labels, in the same order. Copied, unless they are read-only and own their
        memory already.
    size : int
        Examples in a batch, from 1 to `n`; an example is in a batch at most once.
    steps : int
        How many batches.
    seed : int, default 0
        Of the random generator (see :func:`numpy.random.default_rng`).
    epochs : bool, default False
        If False, each batch is the beginning of a fresh permutation: batches are independent of
        each other. If True, each permutation is used up before the next is drawn: it is an epoch
        of ``n // size`` batches that share no example; the ``n % size`` examples left over sit
        that epoch out, so that all batches are of one size.

    Returns
    -------
    Batches
        ``batches[t]`` is ``(x[indices], y[indices])``: new arrays, read-only, so that a tape need
        not watch them for changes.

    Raises
    ------
    ValueError
        If `x` and `y` have different lengths, `size` is not from 1 to `n`, or `steps` is
        negative.
    TypeError
        If `seed` is a generator, which does not start from the same place twice.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.datasets import batches
    >>> x, y = np.arange(6.0).reshape(6, 1), np.arange(6)
    >>> drawn = batches(x, y, size=2, steps=3, epochs=True)
    >>> drawn
    <3 batches of 2 out of 6 examples>
    >>> sorted(int(label) for _, labels in drawn for label in labels)  # an epoch: each one once
    [0, 1, 2, 3, 4, 5]
    >>> np.array_equal(drawn[1][0], drawn(1)[0])
    True
    """
    x, y = kept(x), kept(y)
    if np.ndim(x) == 0 or np.ndim(y) == 0 or len(x) != len(y):
        raise ValueError(
            f"batches: x has shape {np.shape(x)} and y {np.shape(y)}; expected the same number of "
            f"rows, one for each example"
        )
    whole("batches: size=", size, 1, len(x), "the number of examples")
    whole("batches: steps=", steps)
    if isinstance(seed, np.random.Generator | np.random.BitGenerator):
        raise TypeError("batches: seed is a generator, which can't be started again; give a number")
    whole_seed("batches: seed=", seed)
    drawn = islice(draws(len(x), size, seed, epochs), steps)
    return Batches(x, y, frozen(np.array(list(drawn), dtype=np.intp).reshape(steps, size)))


def draws(n: int, size: int, seed: int, epochs: bool) -> Iterator[Array]:
    """Yield the indices of one batch after another, for ever."""
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(n)
        for k in range(n // size if epochs else 1):
            yield order[k * size : (k + 1) * size]


def kept(array: Any) -> Array:
    """Return an array that nobody can change: itself if it is read-only and owns its memory."""
    if type(array) is np.ndarray and array.base is None and not array.flags.writeable:
        return array
    return frozen(array)  # type: ignore[no-any-return]
