"""What happens on a tape, event by event: its recording, then the sweep back over it.

Nothing is computed anew: what each use passes on is what ``tape.gradient(target, x,
contributions=True)`` says for every `x` on the way, put in the order of the sweep. Each event
comes with the sentence that tells it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from minigrad.display.sections import fold, sections
from minigrad.display.text import brief
from minigrad.primitive import filled_like, select
from minigrad.sweep import dependents
from minigrad.tape import Tape
from minigrad.variable import Variable, at

__all__ = ["Story", "shown_value"]

FEW = 6  # elements of an array that are written out


class Pull(NamedTuple):
    """What one use passes back to what it uses; None if it is a part, handed on whole."""

    use: int
    into: int
    value: Any


def shown_value(value: Any) -> dict[str, Any]:
    """Return a value as text for people, and exactly as far as JSON has it."""
    if isinstance(value, tuple):
        return {"text": f"{len(value)} part{'s' * (len(value) != 1)}", "exact": None}
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        return {"text": f"{value!s:.60}" if array.ndim == 0 else brief(array), "exact": None}
    if array.ndim == 0:
        return {"text": short(array), "exact": exact(array)}
    if array.size > FEW:
        norm = short(np.linalg.norm(array.ravel()))
        return {"text": f"{array.shape} of norm {norm}".replace(", ", ","), "exact": None}
    text = np.array2string(array, formatter={"all": short}, separator=", ").replace("\n", "")
    return {"text": text, "exact": [exact(x) for x in array.flat]}


def short(number: Any) -> str:
    """Return a number in four digits."""
    return f"{float(number):.4g}"


def exact(number: Any) -> Any:
    """Return a number as JSON has it: what is not finite is a word there."""
    return float(number) if np.isfinite(number) else str(float(number))


class Story:
    """Tell a tape and a sweep over it.

    Attributes
    ----------
    rows : list of dict
        The instructions, and one line for those that are folded.
    events : list of dict
        ``kind`` is "start", "record", "seed", "pull" or "end". ``rows`` are those that it is
        about: what it reads or comes from, then what it is about. ``now`` has the cotangents that
        it changes, by row, each with how many terms it still lacks.
    sources : list of dict
        The gradient of each source, and its terms.
    """

    def __init__(self, tape: Tape, target: Variable, sources: Sequence[Variable], shown: int):
        self.tape, self.target, self.asked = tape, target.index, [x.index for x in sources]
        self.stop = max([self.target, *self.asked]) + 1
        self.steps = sections(tape, self.stop)
        self.fold = fold(self.steps, self.stop, shown)
        self.hidden = range(self.fold.start, self.fold.stop) if self.fold else range(0)
        self.pulls = in_order_of_the_sweep(tape, self.target, self.asked)
        self.terms = Counter(pull.into for pull in self.pulls)  # still to come
        self.of = dict(self.terms)  # in all
        self.held: dict[int, Any] = {}
        self.row: dict[int, int] = {}  # where an instruction is shown
        self.rows: list[dict[str, Any]] = []
        self.events = [event("start", "Nothing is recorded yet. Step forward.")]
        self.sources = [self.source(index) for index in self.asked]
        self.record()
        self.sweep()

    @property
    def derivative(self) -> str:
        """What stands above the fraction."""
        return "d" + (self.tape.names.get(self.target) or "C")

    def label(self, index: int) -> str:
        """Return what an instruction is called in a sentence: its name, else its primitive."""
        return f"%{index} ({self.tape.names.get(index) or self.tape[index].primitive.name})"

    def source(self, index: int) -> dict[str, Any]:
        """Return a source, before the sweep has come to it."""
        name = self.tape.names.get(index) or f"%{index}"
        return {"name": name, "of": f"{self.derivative}/d {name}", "index": index, "terms": []}

    def step_of(self, index: int) -> str:
        """Return the name of the step that an instruction is in."""
        return next((s.name for s in self.steps if s.start <= index < s.stop), "")

    # Forward

    def record(self) -> None:
        """Tell the recording."""
        for index in range(self.stop):
            if index in self.hidden:
                self.leave_out(index)
                continue
            prim, inputs, operands, params, value = self.tape[index]
            called = [self.label(j) if j >= 0 else brief(x)
                      for j, x in zip(inputs, operands, strict=True)]  # fmt: skip
            settings = ", ".join(f"{key}={brief(item)}" for key, item in params.items())
            shown = shown_value(value)
            settings = settings and f" with {settings}"
            what = f"{prim.name} of {' and '.join(called)}{settings} is"
            if inputs == (-1,) and prim.name == "variable":
                what = "a variable,"
            name = self.tape.names.get(index, "")
            words = f"Record %{index}{f' ({name})' if name else ''}: {what} {shown['text']}."
            reads = list(dict.fromkeys(self.row[j] for j in inputs if j >= 0))
            self.row[index] = len(self.rows)
            self.rows.append({
                "index": index, "name": name, "primitive": prim.name, "step": self.step_of(index),
                "operands": [f"%{j}" if j >= 0 else brief(x)
                             for j, x in zip(inputs, operands, strict=True)],
                "reads": reads, "value": shown,
            })  # fmt: skip
            rows = [*reads, self.row[index]]
            self.events.append(event("record", words, rows))

    def leave_out(self, index: int) -> None:
        """Tell the folded instructions in one event, at the first of them."""
        assert self.fold is not None
        if index == self.fold.start:
            between = f"%{self.fold.start} to %{self.fold.stop - 1}"
            self.rows.append({"fold": self.fold.words, "between": between})
            words = f"Record {self.fold.words.strip('. ')}, {between}."
            self.events.append(event("record", words, [len(self.rows) - 1]))
        self.row[index] = len(self.rows) - 1

    # Backward

    def sweep(self) -> None:
        """Tell the sweep."""
        if self.pulls or self.target in self.asked:
            self.held[self.target] = filled_like(self.tape[self.target].value, 1)
            words = f"The sweep begins at {self.label(self.target)}: the cotangent of the target is"
            at_target = [self.row[self.target]]
            seed = event("seed", f"{words} 1.", at_target, now=self.now([self.target]))
            self.events.append(seed)
        for hidden, pulls in groupby(self.pulls, key=lambda pull: pull.use in self.hidden):
            if hidden:
                self.leap(list(pulls))
            else:
                for pull in pulls:
                    self.pull(pull)
        for source in self.sources:
            source["gradient"] = shown_value(self.gradient(source["index"]))
        parts = [f"{source['of']} = {source['gradient']['text']}" for source in self.sources]
        without = [s["name"] for s in self.sources if s["index"] not in self.held]
        reason = f" The target does not depend on {' or '.join(without)}." if without else ""
        words = f"The sweep is done: {', '.join(parts)}.{reason}"
        self.events.append(event("end", words, [self.row[i] for i in self.asked]))

    def gradient(self, index: int) -> Any:
        """Return a source's cotangent at the end: exactly zero where no sweep came by."""
        if index in self.held:
            return self.held[index]
        return filled_like(self.tape[index].value, 0)

    def pull(self, pull: Pull) -> None:
        """Tell what one use passes back."""
        use, into, value = pull
        self.take(pull)
        missing, terms = self.terms[into], self.of[into]
        count = "complete" if not missing else f"{terms - missing} of {terms} terms"
        if value is None:
            words = f"Hand the cotangent of {self.label(use)} to {self.label(into)}, as its part "
            words += f"{self.tape[use].params['position']}."
        else:
            words = f"Pull {shown_value(value)['text']} from {self.label(use)} into "
            words += f"{self.label(into)}: its cotangent is now "
            words += f"{shown_value(self.held[into])['text']}, {count}."
        rows = [self.row[use], self.row[into]]
        self.events.append(event("pull", words, rows, now=self.now([into])))

    def leap(self, pulls: list[Pull]) -> None:
        """Tell in one event what all folded instructions pass back."""
        assert self.fold is not None
        for pull in pulls:
            self.take(pull)
        changed = [i for i in dict.fromkeys(pull.into for pull in pulls) if i not in self.hidden]
        words = f"Sweep back over {self.fold.words.strip('. ')} at once"
        parts = [f"the cotangent of {self.label(i)} is now {shown_value(self.held[i])['text']}"
                 for i in changed if i in self.asked]  # fmt: skip
        words += f": {', '.join(parts)}." if parts else "."
        rows = [self.row[self.fold.start]]
        self.events.append(event("pull", words, rows, now=self.now(changed)))

    def take(self, pull: Pull) -> None:
        """Add what a use passes back to what has come before, as the engine does."""
        use, into, value = pull
        self.terms[into] -= 1
        if value is None:
            self.held.setdefault(into, ())
            self.held[into] += (self.held[use],)
        else:
            self.held[into] = self.held[into] + value if into in self.held else value
        for source in self.sources:
            if source["index"] == into:
                source["terms"].append({
                    "use": use, "primitive": self.tape[use].primitive.name,
                    "step": self.step_of(use), "value": shown_value(value),
                    "so_far": shown_value(self.held[into]), "event": len(self.events),
                })  # fmt: skip

    def now(self, changed: list[int]) -> dict[str, Any]:
        """Return cotangents that have changed, by row, and how many terms each still lacks."""
        return {
            str(self.row[i]): {**shown_value(self.held[i]), "lacks": self.terms[i]}
            for i in changed
            if i not in self.hidden
        }


def event(
    kind: str, say: str, rows: Sequence[int] = (), now: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return an event as JSON has it."""
    return {"kind": kind, "say": say, "rows": list(rows), "now": now or {}}


def in_order_of_the_sweep(tape: Tape, target: int, sources: Sequence[int]) -> list[Pull]:
    """Return everything that is passed back on the way from the target to the sources."""
    active = sorted(dependents(tape, sources, target))
    asked = [i for i in active if type(value := tape[i].value) is not tuple and varies(value)]
    variables = [at(tape, i, tape[i].value) for i in asked]
    found = tape.gradient(at(tape, target, tape[target].value), variables, contributions=True)
    pulls = [
        Pull(term.instruction, into, term.value)
        for into, terms in zip(asked, found, strict=True)
        for term in reversed(terms)  # the last use first
    ]
    reached = {target, *(pull.into for pull in pulls)}
    pulls += [
        Pull(i, tape[i].inputs[0], None)
        for i in asked
        if tape[i].primitive is select and i in reached
    ]
    return sorted(pulls, key=lambda p: (-p.use, tape[p.use].inputs.index(p.into)))


def varies(value: Any) -> bool:
    """Whether a value varies smoothly: floating, complex or exact."""
    return np.asarray(value).dtype.kind in "fcO"
