"""A progress bar of one line, for a terminal."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from minigrad.hyper.progress import Progress

__all__ = ["ProgressBar"]

WIDTH = 20


class ProgressBar:
    """A line that is written over itself; silent where the stream is not a terminal.

    It is a listener: give it as `callback` to what takes long.

    Parameters
    ----------
    label : str
        What is being done.
    stream : file, optional
        Standard error if left out.

    Examples
    --------
    >>> from minigrad.display import ProgressBar
    >>> from minigrad.hyper.progress import Progress
    >>> with ProgressBar("tune") as bar:
    ...     for done, cost in enumerate((0.5, 0.25), start=1):
    ...         bar(Progress(done, 2, f"cost {cost}"))
    """

    def __init__(self, label: str, stream: TextIO | None = None) -> None:
        self.label = label
        self.stream = sys.stderr if stream is None else stream
        self.shown = self.stream is not None and self.stream.isatty()
        self.start = time.monotonic()
        self.first: int | None = None  # done before this bar: a descent that was resumed

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

    def __call__(self, news: Progress) -> None:
        """Show how far it is, and about how long it will still take."""
        if self.first is None:
            self.first = news.done - 1
        if not self.shown:
            return
        each = (time.monotonic() - self.start) / (news.done - self.first)
        left = f"{each * (news.total - news.done):.0f} s left"
        filled = WIDTH * news.done // max(news.total, 1)
        bar = "#" * filled + "." * (WIDTH - filled)
        line = f"{self.label} [{bar}] {news.done}/{news.total} {left}  {news.text}"
        self.stream.write(f"\r\x1b[2K{line[: columns(self.stream) - 1]}")
        self.stream.flush()


def columns(stream: TextIO) -> int:
    """Return how wide a terminal is; 80 where it does not say."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (AttributeError, OSError, ValueError):
        return 80
