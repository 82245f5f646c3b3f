"""The command line: ``minigrad COMMAND``, one command a file.

Results go to standard output, progress to standard error if that is a terminal.

===  ==========================================================================
 0   done
 1   it failed: a training that diverged, answers that disagree, a statement that
     is not settled, an exercise that is not solved, a file that can't be read,
     code of your own that raised
 2   the command line was wrong; nothing was begun
130  interrupted with Ctrl-C
===  ==========================================================================
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from minigrad import __version__
from minigrad.cli import (
    claims,
    explain,
    gradient,
    landscape,
    learn,
    memory,
    tape,
    trust,
    tune,
    verify,
)
from minigrad.cli.failure import in_own_code, message
from minigrad.cli.output import check_stdout, finish, spell_out
from minigrad.cli.subject import UsageError
from minigrad.errors import MinigradError

__all__ = ["main"]

COMMANDS = (tune, gradient, verify, trust, explain, landscape, memory, tape, claims, learn)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code."""
    top = parser()
    spell_out(sys.stdout)
    options = top.parse_args(arguments)
    try:
        check_stdout(options)
        with np.errstate(all="ignore"):  # the results tell what is not finite
            return finish(options, options.command(options))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except UsageError as error:
        print(f"{top.prog} {options.name}: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read the output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        file = getattr(options, "run", None) and Path(options.run.rpartition(":")[0])
        raised = file and not isinstance(error, MemoryError) and in_own_code(error, file)
        if raised:
            print(f"{top.prog} {options.name}: in {options.run}\n{raised}", file=sys.stderr)
        elif isinstance(error, MinigradError | ValueError | OSError | MemoryError):
            print(f"{top.prog} {options.name}: {message(error, options.name)}", file=sys.stderr)
        else:
            raise
        return 1


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(
        prog="minigrad", description="Gradients of a training's final cost in its hyperparameters."
    )
    top.add_argument("--version", action="version", version=f"minigrad-tape {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND", dest="name")
    for module in COMMANDS:
        name = module.__name__.rpartition(".")[2]
        module.add(commands.add_parser, name)
    return top
