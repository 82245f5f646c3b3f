"""Where a command's result goes: printed, as JSON, or into a file that is written at once."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minigrad.cli.subject import UsageError

__all__ = ["Report", "check_out", "finish", "say", "write"]


@dataclass
class Report:
    """What a command has to say.

    Attributes
    ----------
    text : str
        For people.
    data : dict
        The same for programs, as strict JSON has it.
    code : int
        The exit code.
    """

    text: str
    data: dict[str, Any] = field(default_factory=dict)
    code: int = 0


def say(options: argparse.Namespace, text: str = "") -> None:
    """Print a line at once, unless the result is to be JSON or goes to a file."""
    if not options.json and options.out is None:
        print(text, flush=True)


def check_out(options: argparse.Namespace) -> None:
    """Raise, before any work, if the result could not be written where it is to go."""
    path = options.out
    if path is None:
        return
    if path.exists() and not options.force:
        raise UsageError(f"--out {path}: the file is there; --force replaces it")
    folder = path.resolve().parent
    if not folder.is_dir():
        raise UsageError(f"--out {path}: there is no folder {folder}")
    if path.is_dir() or not os.access(folder, os.W_OK):
        raise UsageError(f"--out {path}: it can't be written there")


def finish(options: argparse.Namespace, report: Report) -> int:
    """Print or write what a command has to say; return its exit code."""
    as_json = options.json or (options.out is not None and options.out.suffix == ".json")
    text = json.dumps(report.data, indent=2, allow_nan=False) if as_json else report.text
    if options.out is not None:
        write(options.out, text + "\n")
    elif text:
        print(text, flush=True)
    return report.code


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all: to a temporary name beside it, then moved."""
    handle, temporary = tempfile.mkstemp(dir=path.resolve().parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
