"""What a command is about: a network on digits or on a file of data, or a run of the user's own."""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minigrad import datasets, tree
from minigrad.experiments import Classification
from minigrad.hyper import TrainingRun, positive
from minigrad.hyper.domains import markers

__all__ = ["Subject", "UsageError", "examples", "subject"]


class UsageError(Exception):
    """The command line asks for what can't be; nothing was begun."""


@dataclass(frozen=True)
class Subject:
    """A training run, where its hyperparameters start, and what is known of it.

    Attributes
    ----------
    run : TrainingRun
        The run.
    hypers : tree
        Marked values.
    title : str
        What it is, in a line.
    experiment : Classification or None
        Of the built-in network: what judges it on validation and test examples.
    """

    run: TrainingRun
    hypers: Any
    title: str
    experiment: Classification | None = None


def subject(options: argparse.Namespace) -> Subject:
    """Return what the options name."""
    if options.run is not None:
        for name in options.defaults:
            if getattr(options, name) is not None:
                raise UsageError(
                    f"--{name} is for the built-in network; set it in {options.run} itself"
                )
        return own(options.run)
    given = argparse.Namespace(
        **{
            name: default if getattr(options, name) is None else getattr(options, name)
            for name, default in options.defaults.items()
        }
    )
    data = examples(given.data, given.target, given.seed)
    n = len((data or datasets.digits()).train.x)
    if given.batch > n:
        raise UsageError(f"--batch {given.batch}: there are only {n} training examples")
    experiment = Classification(
        data,
        hidden=given.hidden,
        steps=given.steps,
        batch=given.batch,
        seed=given.seed,
        activation=given.activation,
    )
    what = "digits" if data is None else f"examples of {given.data.name}"
    title = (
        f"A {'-'.join(map(str, experiment.sizes))} network on {n:,} {what}, {given.steps} steps of "
        f"{given.batch}, seed {given.seed}."
    )
    hypers = {"eta": positive(given.eta), "lam": positive(given.lam)}
    return Subject(experiment.run, hypers, title, experiment)


def examples(path: Path | None, target: str | None, seed: int = 0) -> datasets.Splits | None:
    """Return the examples in a file for training, validation and test; None without a file."""
    if path is not None:
        try:
            return datasets.split(datasets.load(path, target), seed=seed)
        except datasets.DataError as error:  # which speaks of load's argument
            raise ValueError(str(error).replace("target=", "--target ")) from None
    if target is not None:
        raise UsageError("--target says where the labels of --data are, which was not given")
    return None


def own(text: str) -> Subject:
    """Return the run that a user's file defines: ``FILE.py:NAME``.

    NAME is a TrainingRun, with `hypers` beside it in the file; or a pair of a run and its hypers;
    or a function without arguments that returns either.
    """
    path, colon, name = text.rpartition(":")
    if not colon or not name.isidentifier() or not path.endswith(".py"):
        raise UsageError(f"expected FILE.py:NAME, such as my_run.py:run, got {text!r}")
    if not Path(path).is_file():
        raise UsageError(f"{text}: there is no file {path}")
    module = imported(Path(path))
    if not hasattr(module, name):
        raise UsageError(f"{path} defines no {name!r}")
    found = getattr(module, name)
    if callable(found) and not isinstance(found, TrainingRun):
        try:
            inspect.signature(found).bind()
        except TypeError as error:
            raise UsageError(
                f"{text} is a function that can't be called without arguments: {error}"
            ) from None
        found = found()
    pair = isinstance(found, tuple) and len(found) == 2
    run, hypers = found if pair else (found, getattr(module, "hypers", None))
    if not isinstance(run, TrainingRun):
        raise UsageError(
            f"{text} is {run!r:.60}; expected a TrainingRun, a pair of a run and its hypers, or a "
            f"function that returns one"
        )
    if hypers is None:
        raise UsageError(
            f"{path} says nothing of where to start: define hypers = {{'eta': mg.positive(0.1)}}"
        )
    try:
        count = len(tree.leaves(markers(hypers)))
    except (TypeError, ValueError) as error:
        raise UsageError(f"the hypers of {text}: {error}") from None
    if not count:
        raise UsageError(f"the hypers of {text} are empty: {hypers!r:.60}")
    return Subject(run, hypers, f"{text}, {run.steps} steps.")


def imported(path: Path) -> Any:
    """Import a file, as Python does that is given it: its folder comes first on the path."""
    sys.path.insert(0, str(path.resolve().parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
