"""Run a reader's file and say how it went."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Literal

from minigrad.arguments import instance
from minigrad.learn.exercise import Exercise

__all__ = ["Outcome", "judge"]


@dataclass(frozen=True)
class Outcome:
    """How a file went.

    Attributes
    ----------
    state : {"solved", "to do", "wrong", "failed"}
        Right; not written yet; a wrong answer; an exception.
    message : str
        What is wrong, in words; empty if nothing is.
    line : int or None
        The line of the file that raised.
    """

    state: Literal["solved", "to do", "wrong", "failed"]
    message: str = ""
    line: int | None = None

    def __bool__(self) -> bool:
        return self.state == "solved"


def judge(exercise: Exercise, path: Path) -> Outcome:
    """Run the file at `path` and check what it defines.

    Nothing that it raises comes through: it becomes a part of the outcome. Only Ctrl-C does.

    Raises
    ------
    OSError
        If the file can't be read.
    """
    instance("judge: exercise", exercise, Exercise, "an Exercise")
    instance("judge: path", path, Path, "a pathlib.Path")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        return Outcome("failed", f"the file is not UTF-8 text: {error.reason} at {error.start}")
    module = ModuleType(exercise.name, exercise.module.__doc__)
    module.__file__ = str(path)
    try:
        # Not by the import system, which might take an earlier version from its cache.
        exec(compile(text, str(path), "exec"), module.__dict__)
        exercise.module.check(module)
    except SyntaxError as error:
        return Outcome("failed", f"SyntaxError: {error.msg}", error.lineno)
    except (Exception, SystemExit) as error:
        return explained(error, module)
    return Outcome("solved")


def explained(error: BaseException, module: ModuleType) -> Outcome:
    """Say in words what went wrong."""
    message = str(error)  # of a check, which may say more than the exception that it met
    while error.__cause__ is not None:
        error = error.__cause__
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == module.__file__
    ]
    line = frames[-1].lineno if frames else None
    if frames and type(error) is NotImplementedError:
        where = "" if frames[-1].name == "<module>" else f"{frames[-1].name}: "
        return Outcome("to do", f"{where}{error}", line)
    if not frames and isinstance(error, AssertionError):
        return Outcome("wrong", message)
    if not frames and isinstance(error, AttributeError) and error.obj is module:
        return Outcome("wrong", f"the file does not define {error.name!r} any more")
    kind = type(error).__name__
    if frames:
        return Outcome("failed", f"{frames[-1].line}\n{kind}: {error}", line)
    return Outcome(
        "failed", f"what the file defines can't be used as it should be. {kind}: {error}"
    )
