"""Where in the user's program an instruction comes from."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minigrad.tape import Tape

__all__ = ["users_line", "written"]

PACKAGE = os.path.dirname(__file__) + os.sep


def users_line() -> str:
    """Return the file and line outside this package that the present call comes from."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def written(tape: Tape, index: int) -> str:
    """Return an instruction as messages call it: ``5 (sqrt on run.py:12)``."""
    line = f" on {tape.lines[index]}" if tape.lines else ""
    return f"{index} ({tape.code[index][0].name}{line})"
