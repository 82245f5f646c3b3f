"""A program under change: for passes that look at who reads a line, and add lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from minigrad.primitive import Primitive
from minigrad.program.lines import Argument, Line, Program

__all__ = ["Rewriting"]


class Rewriting:
    """The lines of a program and their readers, while an adjoint's pass goes over them.

    Lines are replaced where they stand, or put before another. The readers are those of the
    program as it was.

    Parameters
    ----------
    program : Program
        What is to be changed.
    ahead : iterable of int
        The lines of the step itself, which are to be left alone.
    """

    def __init__(self, program: Program, ahead: Iterable[int]) -> None:
        self.program, self.lines, self.ahead = program, dict(program.lines), set(ahead)
        self.readers = program.readers()
        self.place = {number: place for place, number in enumerate(program.lines)}
        self.before: dict[int, list[int]] = {}
        self.fresh = max(program.lines, default=0)

    def put_before(self, number: int, line: Line) -> int:
        """Add a line before line `number`, and return its own number."""
        self.fresh += 1
        self.lines[self.fresh] = line
        self.readers[self.fresh] = [number]
        self.before.setdefault(number, []).append(self.fresh)
        return self.fresh

    def exchange(self, number: int | None, old: int, other: Argument) -> None:
        """Let a line read another argument instead of an old one."""
        assert number is not None
        line = self.lines[number]
        arguments = tuple(other if a == old else a for a in line.arguments)
        self.lines[number] = replace(line, arguments=arguments)

    def result(self) -> Program:
        """Return the changed program."""
        order = [k for number in self.program.lines for k in (*self.before.get(number, ()), number)]
        lines = {k: self.lines[k] for k in order}
        return Program(lines, self.program.inputs, self.program.outputs)

    def behind(self, argument: Argument | None, *prims: Primitive) -> Line | None:
        """Return the line of an argument, if it is one of these and not the step's."""
        line = self.lines[argument] if isinstance(argument, int) else None
        found = line is not None and argument not in self.ahead and line.primitive in prims
        return line if found else None

    def own(self, argument: Argument, *prims: Primitive) -> Line | None:
        """Return the same, if besides only one line reads it."""
        line = self.behind(argument, *prims)
        return line if line and len(self.readers[argument]) == 1 else None  # type: ignore[index]
