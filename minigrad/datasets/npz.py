"""NPZ, NumPy's archive of arrays by name; nothing in it is ever unpickled."""

from __future__ import annotations

import io
import math
import zipfile
from typing import IO, Any

import numpy as np

from minigrad.datasets.files import DEFLATE, DataError, Source

__all__ = ["read_npz"]

HEADER = 10_000  # bytes: the longest header that NumPy takes, whatever length one announces

PAIRS = [
    *(("x", "y"), ("X", "y"), ("images", "labels"), ("data", "target"), ("data", "labels")),
    *((x.format(part), y.format(part)) for part in ("train", "test", "validation", "val")
      for x, y in (("x_{}", "y_{}"), ("X_{}", "y_{}"), ("{}_images", "{}_labels"))),
]  # fmt: skip


def read_npz(source: Source, target: Any) -> tuple[Any, Any]:
    """Return the arrays of examples and of labels.

    `target` names that of the labels; without it, the first of the usual pairs of names is taken.

    Raises
    ------
    DataError
        If there is no such pair, or an array is damaged; it lists what was found.
    """
    try:
        with zipfile.ZipFile(source.path) as archive:
            members = {i.filename.removesuffix(".npy"): i for i in archive.infolist()}
            x, y = chosen(source.path, archive, members, target)
            return tuple(array(source, archive, members[name]) for name in (x, y))
    except DataError:
        raise
    except Exception as error:  # zipfile and NumPy raise whatever a damaged file makes them
        raise DataError(f"{source.path}: the NPZ file is damaged: {error}") from error


def chosen(
    path: str, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], target: Any
) -> tuple[str, str]:
    """Return the names of the examples and of the labels."""
    pairs = [pair for pair in PAIRS if members.keys() >= {*pair} and target in (None, pair[1])]
    others = [name for name in members if name != target]
    if not pairs and target in members and len(others) == 1:
        pairs = [(others[0], target)]
    if pairs:
        return pairs[0]
    found = ", ".join(f"{name} {described(archive, info)}" for name, info in members.items())
    raise DataError(
        f"{path}: expected arrays named x and y, X and y, images and labels, or x_train and y_train"
        f"{'' if target is None else f', the labels in {target!r}'}; found {found or 'nothing'}"
    )


def header(stream: IO[bytes]) -> tuple[tuple[int, ...], Any, int]:
    """Return the shape and the dtype of the array that begins here, and where its numbers do."""
    begin = io.BytesIO(stream.read(HEADER))
    old = np.lib.format.read_magic(begin) == (1, 0)
    numpy_format = np.lib.format
    read = numpy_format.read_array_header_1_0 if old else numpy_format.read_array_header_2_0
    shape, _, dtype = read(begin)
    return shape, dtype, begin.tell()


def described(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    """Return the shape and dtype of an array as text."""
    with archive.open(info) as stream:
        shape, dtype, _ = header(stream)
    return f"{shape} {dtype}"


def array(source: Source, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Any:
    """Return an array, having checked that it is as large as it says."""
    where = f"{source.path}: {info.filename}"
    with archive.open(info) as stream:
        shape, dtype, begin = header(stream)
    if dtype.hasobject:
        raise DataError(f"{where} holds Python objects, which are not unpickled: they may be code")
    nbytes = math.prod(shape) * dtype.itemsize
    packed = min(info.compress_size, source.most)
    possible = DEFLATE * packed if info.compress_type else packed
    if begin + nbytes != info.file_size or info.file_size > possible:
        raise DataError(f"{where} announces {shape} of {dtype}, but has not the bytes for it")
    if max(nbytes, 8 * math.prod(shape)) > source.limit:
        raise DataError(
            f"{where} is {shape} of {dtype}: more than max_bytes={source.limit:,} allow"
        )
    with archive.open(info) as stream:
        return np.lib.format.read_array(stream, allow_pickle=False)
