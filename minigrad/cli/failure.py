"""What is told of an error: a line, and where the user's own code has raised it, its own lines."""

from __future__ import annotations

import traceback
from pathlib import Path

import minigrad
from minigrad.errors import NonFiniteError

__all__ = ["in_own_code", "message"]

PACKAGE = str(Path(minigrad.__file__).parent)


def message(error: Exception, command: str) -> str:
    """Return an error in a line, without what it repeats."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, MemoryError) and not str(error):
        return "there is not enough memory"
    return str(error).removeprefix(f"{command}: ")


def in_own_code(error: Exception, file: Path) -> str | None:
    """Return the traceback of an error that a user's file has raised, or None if it has not.

    It has the user's frames and leaves out this package's.
    """
    told = traceback.TracebackException.from_exception(error)
    own = [frame for frame in told.stack if is_file(frame.filename, file)]
    unread = isinstance(error, SyntaxError) and is_file(error.filename or "", file)
    if (not own and not unread) or isinstance(error, NonFiniteError):  # which names the line
        return None
    told.stack = traceback.StackSummary.from_list(
        frame for frame in told.stack if not frame.filename.startswith((PACKAGE, "<"))
    )
    return "".join(told.format(chain=False)).rstrip()


def is_file(name: str, file: Path) -> bool:
    """Return whether a name is that of a file."""
    return bool(name) and Path(name).resolve() == file.resolve()
