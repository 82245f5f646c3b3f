"""Your own data: a file of examples with their labels, as arrays."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from minigrad.datasets.files import DataError, Source
from minigrad.datasets.idx import labels_beside, looks_like_idx, read_idx
from minigrad.datasets.npz import read_npz
from minigrad.datasets.splits import Table
from minigrad.datasets.tables import read_table

__all__ = ["load"]


def load(
    path: str | os.PathLike[str],
    target: Any = None,
    *,
    pixels: bool = True,
    max_bytes: int = 4_000_000_000,
) -> Table:
    r"""Return the examples and labels in a file: IDX or CSV, gzipped or not, or NPZ.

    What a file is is told from its content. Nothing is downloaded, and nothing unpickled.

    Parameters
    ----------
    path : str or path
        The file.
    target : optional
        Where the labels are. Of CSV, the name of a column or its number, counted from 0, or from
        the end if negative; without it, a column called label, target, class or y. Of NPZ, the
        name of the array of labels; without it, the usual pairs of names are looked for: x and y,
        images and labels, x_train and y_train. Of IDX images, the file of the labels; without it,
        the one beside it, as ``train-labels-idx1-ubyte.gz`` is beside
        ``train-images-idx3-ubyte.gz``.
    pixels : bool, default True
        Whether bytes are pixels: 0 to 255 become 0 to 1. Numbers of other types stay as they are.
    max_bytes : int, default 4,000,000,000
        A file that unpacks to more, or that has more numbers than fit as float64, is refused
        before it fills the memory.

    Returns
    -------
    Table
        A ``Split(x, y)`` with `x` of float64 and shape (n, features): an image is a row of its
        pixels. `y` is int64 where the labels are whole numbers, float64 where some are not, and
        where they are words their numbers in the sorted list of all words, which is `classes`.

    Raises
    ------
    DataError
        A ValueError, if the file is not that, is damaged or cut off; it names the line, the column
        and the cell, or lists what was found.
    OSError
        If the file can't be read.

    Notes
    -----
    The first row of a CSV file is taken as a header if `target` is found in it, or if a cell of it
    outside the target column is no number. Cells are set apart by commas, semicolons or tabs,
    whichever the first line has most of; they may be quoted.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from minigrad.datasets import load
    >>> path = pathlib.Path(tempfile.mkdtemp(), "flowers.csv")
    >>> _ = path.write_text("width,height,kind\n0.2,1.4,setosa\n1.5,4.9,virginica\n")
    >>> flowers = load(path, target="kind")
    >>> flowers.x.tolist(), flowers.y.tolist()
    ([[0.2, 1.4], [1.5, 4.9]], [0, 1])
    >>> flowers.classes, flowers.columns
    (('setosa', 'virginica'), ('width', 'height'))
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"load: path must be the name of a file, got {path!r:.60}")
    with Source(path, max_bytes) as source:
        columns: tuple[str, ...] = ()
        if source.start.startswith(b"PK"):
            x, y = read_npz(source, target)
        elif looks_like_idx(source.start):
            x, y = read_idx(source), labels_of(source, target, max_bytes)
        elif source.start.startswith(b"\x93NUMPY"):
            raise DataError(
                f"{source.path}: a single array; put the examples and labels into one file by "
                f"np.savez(file, x=..., y=...)"
            )
        else:
            x, y, columns = read_table(source, target)
    labels, classes = words(y) if isinstance(y, list) else encoded(source.path, y)
    return Table.of(rows(source.path, x, len(labels), pixels), labels, classes, columns)


def labels_of(source: Source, target: Any, max_bytes: int) -> Any:
    """Return the labels of a file of IDX images."""
    if source.start[3] == 1:
        raise DataError(f"{source.path}: one number for each example, which is labels; give images")
    path = labels_beside(source.path) if target is None else target
    if not isinstance(path, str | os.PathLike):
        raise DataError(f"{source.path}: target={target!r}; of IDX images, give the labels' file")
    with Source(path, max_bytes) as labels:
        return read_idx(labels)


def rows(path: str, x: Any, n: int, pixels: bool) -> Any:
    """Return the examples as rows of float64."""
    if x.dtype.kind not in "biuf" or x.ndim < 1 or len(x) != n:
        raise DataError(
            f"{path}: {n} labels, but examples of shape {x.shape} and dtype {x.dtype}; expected "
            f"numbers, and as many rows"
        )
    if x.size == 0:
        raise DataError(f"{path}: no examples, or nothing known of them: x has shape {x.shape}")
    scale = 255.0 if pixels and x.dtype == np.uint8 else 1.0
    return x.reshape(n, -1) / np.float64(scale)


def encoded(path: str, y: Any) -> tuple[Any, tuple[str, ...]]:
    """Return an array of labels as numbers, and the words that they stand for."""
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise DataError(f"{path}: expected one label for each example, got the shape {y.shape}")
    if y.dtype.kind == "S":
        y = np.char.decode(y, "utf-8", "replace")
    if y.dtype.kind == "U":
        return words(y.tolist())
    if y.dtype.kind in "biu" and (y.dtype != np.uint64 or not y.size or y.max() < 2**63):
        return y.astype(np.int64), ()
    if y.dtype.kind == "f" and np.isfinite(y).all():
        return y.astype(np.float64), ()
    raise DataError(f"{path}: labels of dtype {y.dtype}; expected finite numbers, or words")


def words(cells: list[str]) -> tuple[Any, tuple[str, ...]]:
    """Return labels that are text as numbers, and the words that they stand for."""
    for kind, dtype in ((int, np.int64), (float, np.float64)):
        try:
            return np.array([kind(cell) for cell in cells], dtype), ()
        except (ValueError, OverflowError):
            continue
    classes = sorted(set(cells))
    codes = {word: k for k, word in enumerate(classes)}
    return np.array([codes[cell] for cell in cells], np.int64), tuple(classes)
