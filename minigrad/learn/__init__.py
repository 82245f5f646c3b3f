"""Exercises: from a derivative by hand to a primitive of one's own.

Each file in :mod:`minigrad.learn.exercises` is one exercise, complete: its docstring is the task,
its marked regions the solution, and below them are the hints and the check. What a reader gets is
made from it by :mod:`minigrad.learn.stub`, so that task and solution can't drift apart.
``minigrad learn`` is the command.
"""

from minigrad.learn.exercise import EXERCISES, Exercise
from minigrad.learn.folder import Folder
from minigrad.learn.judge import Outcome, judge
from minigrad.learn.stub import solved, stub

__all__ = ["EXERCISES", "Exercise", "Folder", "Outcome", "judge", "solved", "stub"]
