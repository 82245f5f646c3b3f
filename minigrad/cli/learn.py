"""``minigrad learn``: exercises in a folder of the reader's, checked by numbers."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from minigrad.cli.options import output_options
from minigrad.cli.output import Report, check_out
from minigrad.cli.subject import UsageError
from minigrad.learn import EXERCISES, Exercise, Folder, Outcome, judge, solved

__all__ = ["add"]

FOLDER = Path("minigrad-exercises")
WIDTH, INDENT = 90, " " * 5


def add(adder: Callable[..., argparse.ArgumentParser], name: str) -> None:
    """Add the command and its own commands."""
    parser = adder(
        name,
        help="exercises, checked by numbers, with hints",
        description="Exercises from a derivative by hand to a primitive of your own, in a folder "
        "of yours. Without a command: which there are, and which are solved.",
        epilog="The exit code is 1 if an exercise is not solved.",
    )
    parser.set_defaults(command=overview)
    folder_option(parser)
    output_options(parser)
    commands = parser.add_subparsers(metavar="COMMAND", dest="action")

    def subcommand(command: Callable[..., Report], about: str) -> argparse.ArgumentParser:
        # What was given before the command's name stays, unless it is given again after it.
        made = commands.add_parser(
            command.__name__, help=about, description=about, argument_default=argparse.SUPPRESS
        )
        made.set_defaults(command=command)
        return made

    made = subcommand(start, "write the files to begin with; those that are there are kept")
    made.add_argument(
        "where", nargs="?", default=None, type=Path, metavar="FOLDER", help=f"where ({FOLDER})"
    )
    output_options(made)
    for command, about in (
        (check, "run your files and say what is wrong, up to the first that is not solved"),
        (hint, "one more hint each time"),
        (solution, "a solution, when the hints are used up"),
    ):
        made = subcommand(command, about)
        nargs = "?" if command is check else None
        made.add_argument(
            "exercise", nargs=nargs, default=None, type=numbered, metavar="N", help="its number"
        )
        if command is solution:
            made.add_argument("--now", action="store_true", help="whatever hints are left")
        folder_option(made)
        output_options(made)


def folder_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where the exercises are."""
    parser.add_argument("--folder", type=Path, metavar="FOLDER", help=f"where they are ({FOLDER})")


def numbered(text: str) -> Exercise:
    """Read the number of an exercise."""
    if text.isdecimal() and 1 <= int(text) <= len(EXERCISES):
        return EXERCISES[int(text) - 1]
    raise argparse.ArgumentTypeError(f"expected a number from 1 to {len(EXERCISES)}, got {text!r}")


def opened(options: argparse.Namespace) -> Folder:
    """Return the folder that is meant: the one given, this one, or the usual one."""
    if options.folder is None:
        try:
            return Folder.open(Path())
        except FileNotFoundError:
            pass
    path = options.folder or FOLDER
    try:
        return Folder.open(path)
    except FileNotFoundError as error:
        raise UsageError(f"{error}; `minigrad learn start {path}` begins there") from None


def overview(options: argparse.Namespace) -> Report:
    """List the exercises and what is solved."""
    check_out(options)
    try:
        folder = opened(options)
    except UsageError:
        if options.folder is not None:
            raise
        folder = None
    done = set() if folder is None else folder.solved
    entries = [
        {
            "number": one.number,
            "title": one.title,
            "file": one.file_name,
            "solved": one.name in done,
        }
        for one in EXERCISES
    ]
    lines = [
        f"{entry['number']:3}  {'solved' if entry['solved'] else '':6}  {entry['title']}"
        for entry in entries
    ]
    if folder is None:
        lines += ["", f"minigrad learn start   writes the files, into {FOLDER}"]
    else:
        lines += ["", f"{len(done)} of {len(EXERCISES)} solved, in {folder.path.resolve()}"]
        lines += [f"next: {folder.file(one)}" for one in left(folder)[:1]]
    where = None if folder is None else str(folder.path)
    return Report("\n".join(lines), {"folder": where, "exercises": entries})


def typed(command: str, folder: Folder) -> str:
    """Return what is to be typed for a command in this folder."""
    usual = folder.path in (FOLDER, Path())
    return f"minigrad learn {command}" + ("" if usual else f" --folder {folder.path}")


def left(folder: Folder) -> list[Exercise]:
    """Return what is not solved yet."""
    return [one for one in EXERCISES if one.name not in folder.solved]


def start(options: argparse.Namespace) -> Report:
    """Write the stubs."""
    check_out(options)
    path = options.where or options.folder or FOLDER
    try:
        folder = Folder.open(path)
    except FileNotFoundError:
        folder = Folder(path)
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is there and is not a folder")
    written, kept = folder.start(options.force)
    lines = [f"{len(written)} file{'' if len(written) == 1 else 's'} written to {path}"]
    if kept:
        lines.append(f"{len(kept)} that were there are kept; --force begins them anew")
    lines.append(f"Begin with {folder.file(EXERCISES[0])}, then: {typed('check', folder)}")
    data = {"written": [str(one) for one in written], "kept": [str(one) for one in kept]}
    return Report("\n".join(lines), data)


def check(options: argparse.Namespace) -> Report:
    """Check one exercise, or all in order up to the first that is not solved."""
    check_out(options)
    folder = opened(options)
    chosen = options.exercise
    lines, results = [], []
    for exercise in EXERCISES if chosen is None else (chosen,):
        path = folder.file(exercise)
        if not path.is_file():
            raise UsageError(f"there is no {path}; `minigrad learn start {folder.path}` writes it")
        with redirect_stdout(sys.stderr):  # what the reader's file prints is not the result
            outcome = judge(exercise, path)
        folder.record(exercise, bool(outcome))
        lines.append(described(exercise, outcome, path))
        results.append(
            {"number": exercise.number, "state": outcome.state, "message": outcome.message,
             "line": outcome.line}
        )  # fmt: skip
        if not outcome:
            lines += ["", f"a hint: {typed(f'hint {exercise.number}', folder)}"]
            return Report("\n".join(lines), {"checked": results}, 1)
    if chosen is not None and left(folder):
        lines += ["", f"next: {folder.file(left(folder)[0])}"]
    elif not left(folder):
        lines += ["", f"All {len(EXERCISES)} are solved."]
    return Report("\n".join(lines), {"checked": results})


def described(exercise: Exercise, outcome: Outcome, path: Path) -> str:
    """Say how a check went."""
    head = f"{exercise.number:3}  {outcome.state:6}  {exercise.title}"
    if outcome:
        return head
    where = "" if outcome.line is None else f", line {outcome.line}"
    told = "\n".join(
        textwrap.fill(
            line,
            WIDTH,
            initial_indent=INDENT,
            subsequent_indent=INDENT,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in outcome.message.splitlines()
    )
    return f"{head}\n\n{INDENT}{path}{where}\n{told}"


def hint(options: argparse.Namespace) -> Report:
    """Tell the hints that are out, and one more."""
    check_out(options)
    folder, exercise = opened(options), options.exercise
    out, total = folder.hint(exercise), len(exercise.hints)
    lines = [f"{k} of {total}: {text}" for k, text in enumerate(exercise.hints[:out], start=1)]
    if out == total:
        lines += ["", f"That was the last. {typed(f'solution {exercise.number}', folder)}"]
    data: dict[str, Any] = {"hints": list(exercise.hints[:out]), "of": total}
    return Report("\n".join(lines), data)


def solution(options: argparse.Namespace) -> Report:
    """Show a solution, if the reader has had the hints or insists."""
    check_out(options)
    exercise = options.exercise
    if not getattr(options, "now", False):
        folder = opened(options)
        unread = len(exercise.hints) - folder.hints.get(exercise.name, 0)
        if unread and exercise.name not in folder.solved:
            return Report(
                f"Hints left: {unread}; {typed(f'hint {exercise.number}', folder)}\n"
                f"(--now shows the solution all the same)",
                {"solution": None, "hints_left": unread},
                1,
            )
    text = solved(exercise.source)
    return Report(text.rstrip(), {"solution": text})
