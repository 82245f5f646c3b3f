"""Which test runs which line of which function."""

from __future__ import annotations

import sys
import threading
from types import CodeType, FrameType
from typing import Any

__all__ = ["Line", "LineTrace"]

Line = tuple[str, CodeType, int]  # file, code object, line


class LineTrace:
    """Note the lines that run in ``with trace:``, of the files in one folder.

    A function is watched only until each of its lines was seen: loops and lambdas cost little.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        # By id, since hashing a code object takes long; kept alive, so that no id is used twice.
        self.codes: dict[int, CodeType] = {}
        self.lines: dict[int, set[int]] = {}
        self.left: dict[int, set[int]] = {}

    def __enter__(self) -> LineTrace:
        self.left = {}
        threading.settrace(self.enter_frame)
        sys.settrace(self.enter_frame)
        return self

    def __exit__(self, *exception: object) -> None:
        sys.settrace(None)
        threading.settrace(None)

    @property
    def seen(self) -> set[Line]:
        """The lines that ran since the last ``with``."""
        return {
            (self.codes[key].co_filename, self.codes[key], line)
            for key, left in self.left.items()
            for line in self.lines[key] - left
        }

    def enter_frame(self, frame: FrameType, event: str, arg: Any) -> Any:
        code = frame.f_code
        key = id(code)
        if key not in self.codes:
            self.codes[key] = code
            self.lines[key] = lines_of(code) if code.co_filename.startswith(self.folder) else set()
        left = self.left.get(key)
        if left is None:
            left = self.left[key] = set(self.lines[key])
        return self.note_line if left else None

    def note_line(self, frame: FrameType, event: str, arg: Any) -> Any:
        if event == "line":
            self.left[id(frame.f_code)].discard(frame.f_lineno)
        return self.note_line


def lines_of(code: CodeType) -> set[int]:
    """Return the lines of a function's body."""
    lines = {line for _, _, line in code.co_lines() if line is not None}
    return lines - {code.co_firstlineno} or lines
