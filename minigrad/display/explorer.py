"""A page on which to step through a tape: forward as it was recorded, backward as it is swept.

One piece of HTML with its style, its script and its data, which loads nothing. What it tells is
made by :mod:`minigrad.display.story`; ``explorer.js`` shows it, and computes no derivative.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from minigrad import errors
from minigrad.arguments import instance
from minigrad.display.story import Story
from minigrad.tape import Tape
from minigrad.tree import leaves
from minigrad.variable import OPERATORS, Variable

__all__ = ["Explorer", "explore"]


@dataclass(frozen=True)
class Explorer:
    """A tape to step through, as a notebook shows it and a file keeps it.

    Attributes
    ----------
    title : str
        Which derivatives it is about.
    data : dict
        What is shown, as JSON has it: ``rows`` are the instructions, ``events`` the steps through
        them, ``sources`` the gradient of each source with the terms it is the sum of. A value is
        ``{"text": ..., "exact": ...}``; of an array of more than six elements `exact` is None.
    """

    title: str
    data: dict[str, Any]

    @property
    def fragment(self) -> str:
        """HTML to put into a page: markup, style, script and data, with nothing to load."""
        here = Path(__file__)
        words = json.dumps(self.data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        parts = {
            "title": escape(self.title),
            "style": here.with_suffix(".css").read_text(encoding="utf-8"),
            "script": here.with_suffix(".js").read_text(encoding="utf-8"),
            "data": words.replace("<", "\\u003c"),  # no name can end the element
        }
        pieces = here.with_suffix(".html").read_text(encoding="utf-8").split("@")
        return "".join(parts.get(piece, piece) for piece in pieces)

    @property
    def page(self) -> str:
        """The same as a page of its own."""
        return (
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(self.title)}</title><style>"
            ":root { color-scheme: light dark } body { margin: 1.5rem auto; max-width: 46rem; "
            "padding: 0 .8rem; background: Canvas; font-family: system-ui, sans-serif } "
            "h1 { font-size: 1.25rem }</style></head>\n"
            f"<body><main><h1>{escape(self.title)}</h1>\n{self.fragment}</main></body></html>\n"
        )

    def save(self, path: Any) -> None:
        """Write the page to a file, whole or not at all; a file that is there is replaced."""
        from minigrad.hyper.tuning.files import write_atomically

        write_atomically(Path(path), self.page.encode())

    def _repr_html_(self) -> str:
        # In a frame, so that neither page can disturb the other's style or script.
        return (
            f'<iframe srcdoc="{escape(self.page)}" title="{escape(self.title)}" '
            'style="width: 100%; height: 54rem; border: 0"></iframe>'
        )


def explore(tape: Tape, target: Any, sources: Any, path: Any = None, *, shown: int = 6) -> Explorer:
    """Make a page on which to step through a tape and through the sweep back over it.

    Parameters
    ----------
    tape : Tape
        Closed.
    target : Variable
        A real scalar.
    sources : Variable, or tree of Variables
        What the gradient is taken with respect to.
    path : str or path, optional
        Where to write the page.
    shown : int, default 6
        How many training steps are shown; of a longer loop, those in the middle are folded. Steps
        are the outermost marks, or else the longest stretch of the tape that repeats itself.

    Returns
    -------
    Explorer
        Shown by a notebook; ``explorer.save(path)`` writes it.

    Raises
    ------
    TapeError
        If the tape is open.
    TargetError
        If the target is not a scalar Variable.
    SourceError, TapeMismatchError, ChangedArrayError, MissingRuleError
        As for :meth:`minigrad.Tape.gradient`.

    Examples
    --------
    >>> import minigrad as mg
    >>> with mg.Tape() as tape:
    ...     x = tape.variable(3.0, name="x")
    ...     y = x * x + 1.0
    >>> explorer = tape.explore(y, x)
    >>> for event in explorer.data["events"]:
    ...     print(event["say"])
    Nothing is recorded yet. Step forward.
    Record %0 (x): a variable, 3.
    Record %1: multiply of %0 (x) and %0 (x) is 9.
    Record %2: add of %1 (multiply) and 1.0 is 10.
    The sweep begins at %2 (add): the cotangent of the target is 1.
    Pull 1 from %2 (add) into %1 (multiply): its cotangent is now 1, complete.
    Pull 3 from %1 (multiply) into %0 (x): its cotangent is now 3, 1 of 2 terms.
    Pull 3 from %1 (multiply) into %0 (x): its cotangent is now 6, complete.
    The sweep is done: dC/d x = 6.
    """
    instance("explore: tape", tape, Tape, "a closed Tape")
    if shown < 2:
        raise ValueError(
            f"explore: shown={shown!r}: at least the first and the last step are shown"
        )
    tape.gradient(target, sources, contributions=True)  # whatever is wrong is said before any work
    if not isinstance(target, Variable):
        raise errors.TargetError(
            f"explore draws the sweep that begins at a Variable, this is {target!r:.80}"
        )
    story = Story(tape, target, leaves(sources), shown)
    title = "The tape of " + ", ".join(source["of"] for source in story.sources)
    explorer = Explorer(
        title, {"rows": story.rows, "events": story.events, "sources": story.sources}
    )
    if path is not None:
        explorer.save(path)
    return explorer


OPERATORS["explore"] = explore
