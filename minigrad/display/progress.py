"""A progress bar of one line, for a terminal."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

__all__ = ["ProgressBar"]

WIDTH = 20


class ProgressBar:
    """A line that is written over itself; silent where the stream is not a terminal.

    Parameters
    ----------
    total : int
        Number of steps.
    label : str
        What is being done.
    stream : file, optional
        Standard error if left out.

    Examples
    --------
    >>> from minigrad.display import ProgressBar
    >>> with ProgressBar(2, "tune") as bar:
    ...     for cost in (0.5, 0.25):
    ...         bar.update(f"cost {cost}")
    """

    def __init__(self, total: int, label: str, stream: TextIO | None = None) -> None:
        self.total, self.label = total, label
        self.stream = sys.stderr if stream is None else stream
        self.shown = self.stream is not None and self.stream.isatty()
        self.done = 0
        self.start = time.monotonic()

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.shown:
            self.stream.write("\n")

    def update(self, text: str = "") -> None:
        """Count one step as done and show `text` behind the bar."""
        self.done += 1
        if not self.shown:
            return
        filled = WIDTH * self.done // max(self.total, 1)
        left = (time.monotonic() - self.start) / self.done * (self.total - self.done)
        bar = "#" * filled + "." * (WIDTH - filled)
        self.stream.write(
            f"\r\x1b[2K{self.label} [{bar}] {self.done}/{self.total} {text}  {left:.0f} s left"
        )
        self.stream.flush()
