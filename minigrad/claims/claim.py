"""What a settled statement consists of, and how it is shown."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from minigrad.hyper.plain import plain

__all__ = ["Claim", "Fact"]

WIDTH = 78


@dataclass(frozen=True)
class Fact:
    """One thing that was measured.

    Attributes
    ----------
    what : str
        In words.
    value : float, int or str
        The number, or a short text.
    """

    what: str
    value: Any

    @property
    def text(self) -> str:
        """The value with a few digits."""
        return f"{self.value:.6g}" if isinstance(self.value, float) else str(self.value)


@dataclass(frozen=True)
class Claim:
    """A statement of the question or of an answer to it, what was measured, and the verdict.

    Attributes
    ----------
    number : int
        1 to 11: S1 to S11.
    statement : str
        In the words of who made it, or nearly.
    facts : list of Fact
        What was measured, by the code beside the statement.
    verdict : str
        ``"true"``, ``"false"``, or ``"true only if ..."``.
    why : str
        The verdict in a sentence or two.
    holds : bool
        Whether the facts bear the verdict out. It is computed from them: False says that something
        has changed and that the verdict must not be trusted.
    """

    number: int
    statement: str
    facts: list[Fact]
    verdict: str
    why: str
    holds: bool

    def __str__(self) -> str:
        head = f"S{self.number}  "
        lines = textwrap.wrap(f'"{self.statement}"', WIDTH - len(head), break_on_hyphens=False)
        shown = [head + lines[0], *(" " * len(head) + line for line in lines[1:])]
        width = max(len(fact.text) for fact in self.facts)
        for fact in self.facts:
            first, *rest = textwrap.wrap(fact.what, WIDTH - 8 - width)
            shown.append(f"      {fact.text:>{width}}  {first}")
            shown += [" " * (8 + width) + line for line in rest]
        verdict = f"{self.verdict}: {self.why}" if self.holds else "NOT SETTLED by these figures"
        shown += textwrap.wrap(
            verdict, WIDTH, initial_indent="    => ", subsequent_indent="       "
        )
        return "\n".join(shown)

    def to_json(self) -> dict[str, Any]:
        """Return it as strict JSON has it; numbers that are not finite become None."""
        return {
            "number": self.number,
            "statement": self.statement,
            "facts": [{"what": fact.what, "value": plain(fact.value)} for fact in self.facts],
            "verdict": self.verdict if self.holds else "not settled",
            "why": self.why,
            "holds": self.holds,
        }
