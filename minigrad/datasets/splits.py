"""Examples with their labels, and the three parts that an honest experiment has them in."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from minigrad.arguments import seed as whole_seed

__all__ = ["Split", "Splits", "Table", "split"]

Array = np.ndarray[Any, Any]


class Split(NamedTuple):
    """Some examples: a row of `x` and an item of `y` for each.

    Attributes
    ----------
    x : ndarray, shape (n, features)
        What is known of each example; of an image, its pixels row by row, from 0 to 1.
    y : ndarray, shape (n,)
        What is to be told: the class as an int64, or a floating number.
    """

    x: Array
    y: Array


class Splits(NamedTuple):
    """Examples in three parts: for training, for the hyperparameters, and for the final test.

    Attributes
    ----------
    train, validation, test : Split
    """

    train: Split
    validation: Split
    test: Split


class Table(Split):
    """Examples that were read from a file: a Split that knows what things were called there.

    Attributes
    ----------
    x, y : ndarray
        As of a :class:`Split`.
    classes : tuple of str
        The names behind the labels, ``classes[y[i]]``, if they were words; else empty.
    columns : tuple of str
        The names of the columns of `x`, if they had any; else empty.
    """

    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, x: Array, y: Array, classes: tuple[str, ...] = (), columns: tuple[str, ...] = ()
    ) -> Table:
        """Return a table of two new arrays, which nobody is to change from now on."""
        table = cls(sealed(x), sealed(y))
        table.classes, table.columns = classes, columns
        return table


def split(
    data: Split,
    train: float = 0.6,
    validation: float = 0.2,
    seed: int = 0,
    *,
    standardise: bool = False,
) -> Splits:
    r"""Shuffle examples and part them for training, validation and test.

    Parameters
    ----------
    data : Split
        The examples, such as :func:`load` returns.
    train, validation : float or int
        How many of them, as a share of all, or as a number; the rest are for the test.
    seed : int, default 0
        Of the shuffling.
    standardise : bool, default False
        Whether to shift and scale each column of `x` such that on the training part it has mean 0
        and standard deviation 1. The other parts are scaled alike, from the training part's
        numbers: they are not to be looked at. A column that is constant in training is only
        shifted.

    Returns
    -------
    Splits
        ``(train, validation, test)``, each a :class:`Table` if `data` is one.

    Raises
    ------
    ValueError
        If a part would have no examples.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.datasets import Split, split
    >>> data = Split(np.arange(20.0).reshape(10, 2), np.arange(10))
    >>> parts = split(data, standardise=True)
    >>> [len(part.y) for part in parts]
    [6, 2, 2]
    >>> np.round(parts.train.x.std(axis=0), 12).tolist()
    [1.0, 1.0]
    """
    if not hasattr(data, "x") or not hasattr(data, "y"):
        raise TypeError(
            f"split: data must be a Split of examples and labels, Split(x, y), got {data!r:.60}"
        )
    whole_seed("split: seed=", seed)
    n = len(data.y)
    if np.shape(data.x)[:1] != (n,):
        raise ValueError(
            f"split: {n} labels, but x has shape {np.shape(data.x)}; expected a row for each"
        )
    first = counted("train", train, n)
    second = first + counted("validation", validation, n)
    if not 0 < first < second < n:
        raise ValueError(
            f"split: {n} examples with train={train!r} and validation={validation!r} make parts of "
            f"{first}, {second - first} and {n - second}; expected at least one example in each"
        )
    order = np.random.default_rng(seed).permutation(n)
    parts = np.split(order, [first, second])
    x = [data.x[rows] for rows in parts]
    if standardise:
        mean, spread = x[0].mean(axis=0), x[0].std(axis=0)
        # What is left of a constant after subtracting its mean is rounding, not to be blown up.
        flat = spread <= 1e-12 * np.abs(mean)
        x = [(each - mean) / np.where(flat, 1.0, spread) for each in x]
    named = (data.classes, data.columns) if isinstance(data, Table) else None
    return Splits(
        *(
            Split(sealed(a), sealed(data.y[rows]))
            if named is None
            else Table.of(a, data.y[rows], *named)
            for a, rows in zip(x, parts, strict=True)
        )
    )


def counted(name: str, part: Any, n: int) -> int:
    """Return how many of `n` examples a share or a number of them is."""
    if isinstance(part, int | np.integer) and not isinstance(part, bool):
        return int(part)
    if not isinstance(part, float) or not 0 < part < 1:
        raise ValueError(f"split: {name}={part!r}; expected a share between 0 and 1, or a number")
    return round(part * n)


def sealed(array: Any) -> Any:
    """Return an array, made read-only itself; for one that nobody else has."""
    array.setflags(write=False)
    return array


def frozen(array: Any) -> Any:
    """Return a read-only copy that owns its memory."""
    copy = np.array(array)
    copy.setflags(write=False)
    return copy
