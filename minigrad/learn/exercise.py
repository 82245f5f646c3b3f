"""What an exercise is, and which there are."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from types import ModuleType

__all__ = ["EXERCISES", "Exercise"]


@dataclass(frozen=True)
class Exercise:
    """An exercise; its module loads when something of it is asked for.

    Attributes
    ----------
    number : int
        Its place, from 1 on.
    name : str
        The name of its module in :mod:`minigrad.learn.exercises`.
    """

    number: int
    name: str

    @cached_property
    def module(self) -> ModuleType:
        """The complete file, as a module."""
        return import_module(f"minigrad.learn.exercises.{self.name}")

    @property
    def source(self) -> str:
        """The text of the complete file."""
        return inspect.getsource(self.module)

    @property
    def title(self) -> str:
        """What it is about, in a line."""
        return (self.module.__doc__ or "").partition("\n")[0].rstrip(".")

    @property
    def hints(self) -> tuple[str, ...]:
        """The hints, to be read one by one."""
        found: tuple[str, ...] = self.module.HINTS
        return found

    @property
    def file_name(self) -> str:
        """What the reader's file is called."""
        return f"{self.number:02}_{self.name}.py"


#: All of them, from easy to hard.
EXERCISES = tuple(
    Exercise(number, name)
    for number, name in enumerate(
        (
            "derivative",
            "product",
            "softplus",
            "broadcasting",
            "matmul",
            "wrong_rule",
            "weight_decay",
            "momentum",
            "linear_tape",
            "learning_rate",
            "schedule",
            "example_weights",
            "own_primitive",
        ),
        start=1,
    )
)
