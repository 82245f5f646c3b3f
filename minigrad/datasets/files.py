"""Files from anywhere: unpacked as they are read, and never beyond what was agreed to."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from typing import IO, Any

from minigrad.errors import MinigradError

__all__ = ["DataError", "Source"]

DEFLATE = 1032  # a byte of deflated data holds at most this many (zlib's technical notes)


class DataError(MinigradError, ValueError):
    """A file does not hold what was expected of it; the message says where, and what it holds."""


class Source(io.RawIOBase):
    """A file opened for reading, unpacked if it is gzipped.

    Attributes
    ----------
    path : str
        Its name.
    start : bytes
        How the file begins, unpacked.
    most : int
        The most bytes that it can hold, unpacked, by its size.
    """

    def __init__(self, path: str | os.PathLike[str], limit: int) -> None:
        self.path, self.limit, self.count = os.fspath(path), limit, 0
        self.file: IO[bytes] | None = None  # for close(), if open() fails
        self.file = open(path, "rb")  # noqa: SIM115 - closed by close()
        packed_size = os.fstat(self.file.fileno()).st_size
        self.packed = self.file.read(2) == b"\x1f\x8b"
        self.file.seek(0)
        self.most = packed_size * (DEFLATE if self.packed else 1)
        self.unpacked: Any = gzip.GzipFile(fileobj=self.file) if self.packed else self.file
        self.buffered = io.BufferedReader(self, 1 << 16)
        try:
            self.start = self.buffered.peek(16)[:16]
        except DataError:
            self.close()
            raise

    def readable(self) -> bool:
        """Return that it can be read from, as :mod:`io` asks."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read and unpack some of it."""
        try:
            n: int = self.unpacked.readinto(buffer)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(f"{self.path}: the gzip file is damaged or cut off: {error}") from error
        self.count += n
        if self.count > self.limit:
            raise DataError(
                f"{self.path}: unpacked it is larger than max_bytes={self.limit:,}; give a larger "
                f"one if that is what you expect"
            )
        return n

    def close(self) -> None:
        """Close the file."""
        if self.file is not None:
            self.file.close()
        super().close()
