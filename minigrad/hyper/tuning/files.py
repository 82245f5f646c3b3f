"""Files that are never half written, and that one process at a time may write."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

if sys.platform != "win32":
    import fcntl

__all__ = ["lock", "unlock", "write_atomically"]


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file that has, whenever the power fails, its old content or its new one.

    The new content is written beside it, under the name ``PATH.new``, reaches the disk, and takes
    the old one's place.

    Raises
    ------
    OSError
        If the disk is full, the folder read-only and the like. The file is as it was, and nothing
        is left beside it.
    """
    new = path.with_name(path.name + ".new")
    try:
        with open(new, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(new)
        raise
    if sys.platform != "win32":  # where a folder can't be opened
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def lock(path: Path) -> int:
    """Take a lock, which is a file that is there while it is held; return its descriptor.

    The system lets go of it when the process ends, however that happens: a file that is left over
    from one that was killed does not count.

    Raises
    ------
    BlockingIOError
        If somebody else holds it.
    OSError
        If the file can't be made.
    """
    if sys.platform == "win32":
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_TEMPORARY)
        except FileExistsError:
            raise BlockingIOError(f"{path} is held") from None
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if same_file(path, file):
                return file
        except BaseException:
            os.close(file)
            raise
        os.close(file)  # it was removed by its holder between our two calls


def unlock(path: Path, file: int) -> None:
    """Give a lock back, and leave nothing behind."""
    if sys.platform != "win32":  # there the file goes when it is closed
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    os.close(file)


def same_file(path: Path, file: int) -> bool:
    """Whether an open file is the one that has this name now."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(file))
    except FileNotFoundError:
        return False
