"""``minigrad tape``: the tape of a short training, as a table or as a page to step through."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from minigrad import tree
from minigrad.cli.options import output_options, run_options
from minigrad.cli.output import Report, check_out
from minigrad.cli.subject import subject
from minigrad.display import explore, rows, table
from minigrad.hyper.domains import Hyper, markers
from minigrad.tape import Tape

__all__ = ["add"]

STEPS = 2


def add(adder: Callable[..., argparse.ArgumentParser], name: str) -> None:
    """Add the command."""
    parser = adder(
        name,
        help="the instructions of a short training",
        description="Record a training on a tape, and show its instructions with the lines of the "
        "program that they come from. With --out NAME.html: a page on which to step through "
        "the recording and through the sweep back from the cost to the hyperparameters.",
    )
    parser.set_defaults(command=tape)
    run_options(parser, steps=STEPS)
    output_options(parser)


def tape(options: argparse.Namespace) -> Report:
    """Record and show it."""
    about = subject(options)
    check_out(options)
    run = replace(about.run, steps=min(about.run.steps, STEPS)) if options.run else about.run
    marked = markers(about.hypers)
    about.run.slicer(marked, None)  # which refuses a schedule that is not of the run's own length
    marked = tree.map(lambda hyper: begun(hyper, run.steps), marked)
    with Tape(lines=options.run is not None) as recorded:  # of our own code lines say little
        values = tree.map(lambda hyper: hyper.value, marked)
        variables = recorded.variable(values, name="hypers")
        cost = run.cost(run.train(marked, variables), variables)
    if options.out is not None and options.out.suffix == ".html" and not options.json:
        return Report(explore(recorded, cost, variables).page)
    columns = ("index", "name", "primitive", "operands", "shape", "line")
    data: dict[str, Any] = {
        "instructions": len(recorded),
        "bytes": recorded.nbytes,
        "code": [dict(zip(columns, row, strict=True)) for row in rows(recorded)],
    }
    return Report(table(recorded), data)


def begun(hyper: Hyper, steps: int) -> Hyper:
    """Return a schedule's first entries; other hyperparameters as they are."""
    return Hyper(hyper.value[:steps], hyper.domain, True) if hyper.per_step else hyper
