"""A program: inputs, a straight list of NumPy statements, and the results that make its value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

__all__ = ["Program", "Statement", "names_in"]

NAME = re.compile(r"\bx\d+\b")


def names_in(text: str) -> list[str]:
    """Return the names of values in a statement, each once, in order."""
    return list(dict.fromkeys(NAME.findall(text)))


@dataclass(frozen=True)
class Statement:
    """``name = text``, and the value it has in its program."""

    name: str
    text: str
    value: Any = field(repr=False, compare=False)


@dataclass(frozen=True)
class Program:
    """A function of some arrays: NumPy statements that name their results, and a scalar at the end.

    Parameters
    ----------
    inputs : dict of str to array
        The arguments, and where to differentiate.
    directions : dict of str to array
        For each input the direction in which to differentiate.
    statements : tuple of Statement
        Each names a new value, made of inputs and of values before it.
    outputs : tuple of str
        The names whose values make the scalar that is differentiated.
    engines : tuple of str
        The peers that have every function in it.
    """

    inputs: dict[str, Any]
    directions: dict[str, Any]
    statements: tuple[Statement, ...]
    outputs: tuple[str, ...]
    engines: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, Any]:
        """Every named value at the point of differentiation."""
        return {**self.inputs, **{s.name: s.value for s in self.statements}}

    @property
    def source(self) -> str:
        """The program as a Python function of a NumPy module and the inputs."""
        values = self.values
        lines = [f"{s.name} = {s.text}" for s in self.statements]
        # The elements of an output are told apart, so that none may take another's place.
        ends = [
            f"np.sum(np.sin(np.ravel({name}) + np.arange({np.size(values[name])}.0)))"
            for name in self.outputs
        ]
        lines += [f"y = {ends[0]}", *(f"y = y + {end}" for end in ends[1:]), "return y"]
        return "\n    ".join([f"def program({', '.join(['np', *self.inputs])}):", *lines]) + "\n"

    def function(self, module: Any = np) -> Callable[..., Any]:
        """Return the program as a function of the inputs that calls this NumPy module."""
        namespace: dict[str, Any] = {}
        exec(compile(self.source, "<program>", "exec"), namespace)
        return lambda *inputs: namespace["program"](module, *inputs)

    def needed(self) -> Program:
        """Return the program less the statements and inputs on which its value does not depend."""
        names = set(self.outputs)
        kept = []
        for statement in reversed(self.statements):
            if statement.name in names:
                names.update(names_in(statement.text))
                kept.append(statement)
        return replace(
            self,
            inputs={name: x for name, x in self.inputs.items() if name in names},
            directions={name: v for name, v in self.directions.items() if name in names},
            statements=tuple(reversed(kept)),
        )

    def ended(self, *outputs: str) -> Program:
        """Return the program with other outputs, less what they do not need."""
        return replace(self, outputs=outputs).needed()

    def cut(self, name: str) -> Program:
        """Return the program with the value of a statement as an input, less what led to it."""
        value = self.values[name]
        direction = np.cos(np.arange(np.size(value))).reshape(np.shape(value))[()]
        return replace(
            self,
            inputs={**self.inputs, name: value},
            directions={**self.directions, name: direction},
            statements=tuple(s for s in self.statements if s.name != name),
        ).needed()
