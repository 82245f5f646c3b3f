r"""The file in which a descent is kept between its steps, so that nothing is lost.

A file is one piece, little-endian, and nothing in it is ever executed::

    8 bytes    b"\x93mgtune\n"
    4 bytes    the version of the format
    8 bytes    n, the length of the header
    n bytes    the header: strict JSON, which names the arrays, their dtypes and shapes
    ...        the bytes of the arrays, one after the other
    32 bytes   SHA-256 of all before it

The digest is checked before anything else is believed, and every announced size is held against
what there is before memory is taken for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import struct
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from minigrad.errors import MinigradError
from minigrad.hyper.tuning.files import lock, unlock, write_atomically

__all__ = ["CheckpointError", "CheckpointFile", "decode", "encode"]

MAGIC, VERSION = b"\x93mgtune\n", 1
FRONT = struct.Struct("<8sIQ")
DIGEST = hashlib.sha256().digest_size
KINDS = ("<f8", "|b1")

Arrays = dict[str, Any]


class CheckpointError(MinigradError, ValueError):
    """A checkpoint can't be read, can't be written, or belongs to something else."""


def encode(header: dict[str, Any], arrays: Arrays) -> bytes:
    """Return the bytes of a file.

    Parameters
    ----------
    header : dict
        What strict JSON can hold.
    arrays : dict of str to array
        Floats and booleans; they are written as float64 and bool.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.hyper.tuning.checkpoint import decode, encode
    >>> decode(encode({"steps": 3}, {"costs": np.array([0.5, 0.25])}))
    ({'steps': 3}, {'costs': array([0.5 , 0.25])})
    """
    kept = {
        name: np.asarray(x, "|b1" if np.asarray(x).dtype == bool else "<f8")
        for name, x in arrays.items()
    }
    index = [[name, x.dtype.str, list(x.shape)] for name, x in kept.items()]
    text = json.dumps({"header": header, "arrays": index}, allow_nan=False).encode()
    body = b"".join(x.tobytes() for x in kept.values())
    whole = FRONT.pack(MAGIC, VERSION, len(text)) + text + body
    return whole + hashlib.sha256(whole).digest()


def decode(data: bytes) -> tuple[dict[str, Any], Arrays]:
    """Return the header and the arrays of a file.

    Raises
    ------
    CheckpointError
        If the digest does not fit, the format has another version, or sizes contradict each other.
    """
    whole, digest = data[:-DIGEST], data[-DIGEST:]
    if len(whole) < FRONT.size or hashlib.sha256(whole).digest() != digest:
        raise CheckpointError(
            "it is damaged or no checkpoint: its digest is not that of its content"
        )
    magic, version, length = FRONT.unpack_from(whole)
    if magic != MAGIC:
        raise CheckpointError("it is no checkpoint of a descent: it begins otherwise")
    if version != VERSION:
        raise CheckpointError(
            f"it has version {version} of the format, this minigrad reads version {VERSION}"
        )
    start = FRONT.size + length
    if start > len(whole):
        raise CheckpointError(
            f"it announces a header of {length:,} bytes and has {len(whole):,} bytes in all"
        )
    try:
        content = json.loads(whole[FRONT.size : start], parse_constant=refuse)
        header, index = content["header"], content["arrays"]
        arrays = taken(whole, start, index)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"its header makes no sense: {error}") from None
    return header, arrays


def taken(whole: bytes, at: int, index: Any) -> Arrays:
    """Return the arrays that an index announces, if they fill the file to its end."""
    sizes = []
    for name, kind, shape in index:
        if not isinstance(name, str) or kind not in KINDS or not all(map(whole_number, shape)):
            raise ValueError(f"an array {name!r:.40} of dtype {kind!r:.40} and shape {shape!r:.40}")
        sizes.append(math.prod(shape) * np.dtype(kind).itemsize)
    if at + sum(sizes) != len(whole):
        raise ValueError(
            f"it announces {sum(sizes):,} bytes of arrays, and {len(whole) - at:,} follow"
        )
    arrays = {}
    for (name, kind, shape), size in zip(index, sizes, strict=True):
        arrays[name] = np.frombuffer(whole[at : at + size], kind).reshape(shape)
        at += size
    return arrays


def whole_number(n: Any) -> bool:
    """Whether a value is an integer, 0 or more."""
    return type(n) is int and n >= 0


def refuse(constant: str) -> Any:
    """Refuse the numbers that strict JSON has not."""
    raise ValueError(f"{constant} is no JSON")


class CheckpointFile:
    """A checkpoint on disk, held by one process at a time while it is open.

    Parameters
    ----------
    path : str or path
        The file. The one before it is kept as ``PATH.previous``; ``PATH.lock`` and ``PATH.new``
        come and go.

    Raises
    ------
    CheckpointError
        When it is opened, if its folder can't be written to or another process holds it.
    """

    def __init__(self, path: Any) -> None:
        self.path = Path(path).absolute()
        self.previous = beside(self.path, ".previous")
        self.data: bytes | None = None  # what is in the file

    def __enter__(self) -> CheckpointFile:
        try:
            self.lock = lock(beside(self.path, ".lock"))
        except BlockingIOError:
            raise CheckpointError(
                f"checkpoint {self.path}: another process is writing it; wait for it to end, or "
                f"give another path"
            ) from None
        except OSError as error:
            raise self.unwritten(error) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        unlock(beside(self.path, ".lock"), self.lock)

    def exists(self) -> bool:
        """Whether there is a file; what is in it, whatever it is, will be kept beside the next."""
        with contextlib.suppress(FileNotFoundError):
            self.data = self.path.read_bytes()
        return self.data is not None

    def read(self) -> tuple[dict[str, Any], Arrays] | None:
        """Return what is in the file; None if there is no file.

        Raises
        ------
        CheckpointError
            If it can't be read; the older file, if there is one, is named.
        """
        try:
            self.data = self.path.read_bytes()
            return decode(self.data)
        except FileNotFoundError:
            return None
        except (OSError, CheckpointError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            mend = "there is no older one; remove it to begin again"
            if self.previous.exists():
                mend = f"the one before it is {self.previous}: move it here to go on from there"
            raise CheckpointError(f"checkpoint {self.path}: {why}; {mend}") from None

    def write(self, header: dict[str, Any], arrays: Arrays) -> None:
        """Put new content into the file, atomically, having kept the old one beside it."""
        data = encode(header, arrays)
        try:
            if self.data is not None:
                write_atomically(self.previous, self.data)
            write_atomically(self.path, data)
        except OSError as error:
            raise self.unwritten(error) from None
        self.data = data

    def unwritten(self, error: OSError) -> CheckpointError:
        """Return the error for a disk that is full or may not be written to."""
        return CheckpointError(
            f"checkpoint {self.path} can't be written: {error.strerror}; what was there before is "
            f"as it was"
        )


def beside(path: Path, ending: str) -> Path:
    """Return the path of a companion of a file."""
    return path.with_name(path.name + ending)
