"""Programs: a recorded step as straight-line NumPy source, compiled and run many times."""

from minigrad.program.emit import Emitted, emit
from minigrad.program.lines import Constant, Line, Program, of_tape
from minigrad.program.passes import optimise
from minigrad.program.step import Fallback, StepPrograms

__all__ = [
    "Constant",
    "Emitted",
    "Fallback",
    "Line",
    "Program",
    "StepPrograms",
    "emit",
    "of_tape",
    "optimise",
]
