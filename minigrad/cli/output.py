"""Where a command's result goes: printed, as JSON, or into a file that is written at once."""

from __future__ import annotations

import argparse
import codecs
import io
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minigrad.cli.subject import UsageError
from minigrad.hyper.tuning.files import write_atomically

__all__ = ["Report", "check_file", "check_out", "check_stdout", "finish", "say", "spell_out"]

#: What is printed where the terminal's encoding has not the letter.
SPELLED = str.maketrans(
    {"η": "eta", "λ": "lambda", "β": "beta", "±": "+-", "−": "-", "×": "x", "–": "-", "’": "'"}
)


@dataclass
class Report:
    """What a command has to say.

    Attributes
    ----------
    text : str
        For people: what has not been said yet.
    data : dict
        The same for programs, as strict JSON has it.
    code : int
        The exit code.
    """

    text: str
    data: dict[str, Any] = field(default_factory=dict)
    code: int = 0


def say(options: argparse.Namespace, text: str = "") -> None:
    """Print a line at once; if the result goes to a file, keep it for that."""
    options.said.append(text)
    if not options.json and options.out is None:
        write(text)


def write(text: str) -> None:
    """Print at once; an error says where it was."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OSError(error.errno, error.strerror, "standard output") from None


def spell_out(stream: Any) -> None:
    """Have letters that a stream's encoding has not written in those that it has."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors=spelled.__name__)


def spelled(error: UnicodeError) -> tuple[str, int]:
    r"""Return what to write in place of the letters that could not be encoded, and where to go on.

    >>> "dC/dη ± é".encode("ascii", "spelled")
    b'dC/deta +- \\xe9'
    """
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(SPELLED)
    return text.encode("ascii", "backslashreplace").decode(), error.end


codecs.register_error(spelled.__name__, spelled)


def check_stdout(options: argparse.Namespace) -> None:
    """Raise, before any work, if the result could be printed nowhere."""
    if sys.stdout is None and options.out is None:
        raise UsageError("standard output is closed; --out FILE writes the result into a file")


def check_out(options: argparse.Namespace) -> None:
    """Raise, before any work, if the result could not be written where it is to go."""
    check_file("--out", options.out, options.force)


def check_file(option: str, path: Path | None, replace: bool) -> None:
    """Raise if a file that an option names could not be written."""
    if path is None:
        return
    folder = path.resolve().parent
    if path.is_dir():
        raise UsageError(f"{option} {path}: that is a folder; give a file")
    if path.exists() and not replace:
        raise UsageError(f"{option} {path}: the file is there; --force replaces it")
    if not folder.is_dir():
        raise UsageError(f"{option} {path}: there is no folder {folder}")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"{option} {path}: the folder {folder} can't be written to")


def finish(options: argparse.Namespace, report: Report) -> int:
    """Print or write what a command has to say; return its exit code."""
    as_json = options.json or (options.out is not None and options.out.suffix == ".json")
    text = json.dumps(report.data, indent=2, allow_nan=False) if as_json else report.text
    if options.out is not None:
        lines = [text] if as_json else [*options.said, *([text] if text else [])]
        write_atomically(options.out, ("\n".join(lines) + "\n").encode())
    elif text:
        write(text)
    return report.code
