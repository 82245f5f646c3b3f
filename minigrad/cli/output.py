"""Where a command's result goes: printed, as JSON, or into a file that is written at once."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minigrad.cli.subject import UsageError
from minigrad.hyper.tuning.files import write_atomically

__all__ = ["Report", "check_file", "check_out", "finish", "say"]


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
        print(text, flush=True)


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
        print(text, flush=True)
    return report.code
