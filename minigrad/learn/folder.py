"""The reader's folder: the files to write in, and a note of what is solved and which hints are out.

The note is ``minigrad-learn.json``. It goes by the names of exercises, so that it stays true if
their order changes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minigrad.hyper.tuning.files import write_atomically
from minigrad.learn.exercise import EXERCISES, Exercise
from minigrad.learn.stub import stub

__all__ = ["Folder"]

NOTE = "minigrad-learn.json"


@dataclass
class Folder:
    """A folder of exercises.

    Attributes
    ----------
    path : Path
        Where it is.
    solved : set of str
        The names of the exercises whose last check was passed.
    hints : dict
        By name, how many hints were read.
    """

    path: Path
    solved: set[str] = field(default_factory=set)
    hints: dict[str, int] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> Folder:
        """Read the note of a folder.

        Raises
        ------
        FileNotFoundError
            If `path` is no folder of exercises.
        ValueError
            If the note is not one.
        """
        note = path / NOTE
        try:
            return cls(path, **checked(json.loads(note.read_text(encoding="utf-8"))))
        except (FileNotFoundError, NotADirectoryError):
            raise FileNotFoundError(f"there are no exercises in {path}") from None
        except ValueError:
            raise ValueError(
                f"{note} is not a note of solved exercises; delete it, and `minigrad learn start` "
                f"begins a new one without touching your files"
            ) from None

    def file(self, exercise: Exercise) -> Path:
        """Return where the reader's file is."""
        return self.path / exercise.file_name

    def start(self, force: bool = False) -> tuple[list[Path], list[Path]]:
        """Write the stubs; return which files were written and which were there and are kept.

        With `force`, those that are there are replaced.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        written, kept = [], []
        for exercise in EXERCISES:
            path = self.file(exercise)
            try:
                with path.open("w" if force else "x", encoding="utf-8") as file:
                    file.write(stub(exercise.source))
            except FileExistsError:
                kept.append(path)
                continue
            self.solved.discard(exercise.name)
            written.append(path)
        self.save()
        return written, kept

    def record(self, exercise: Exercise, passed: bool) -> None:
        """Note how a check went."""
        if passed != (exercise.name in self.solved):
            self.solved ^= {exercise.name}
            self.save()

    def hint(self, exercise: Exercise) -> int:
        """Note that one hint more is read; return how many are out."""
        out = min(self.hints.get(exercise.name, 0) + 1, len(exercise.hints))
        self.hints[exercise.name] = out
        self.save()
        return out

    def save(self) -> None:
        """Write the note."""
        note = {"solved": sorted(self.solved), "hints": self.hints}
        write_atomically(self.path / NOTE, (json.dumps(note, indent=2) + "\n").encode())


def checked(note: Any) -> dict[str, Any]:
    """Return what a note says; raise ValueError if it is not one."""
    try:
        solved, hints = set(map(str, note["solved"])), dict(note["hints"])
        return {"solved": solved, "hints": {str(name): int(out) for name, out in hints.items()}}
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a note: {error!r}") from error
