"""A run of one's own in a file, and the command line called as from a shell."""

import json

import pytest

from minigrad.cli import main

OWN = """
import numpy as np

import minigrad as mg


def cost(w, hypers):
    return np.sum((w - 2.0) ** 2)


def step(w, hypers, batch):
    return w - hypers["eta"] * (mg.grad(lambda w: cost(w, hypers))(w) + hypers["lam"] * w)


run = mg.TrainingRun(init=lambda hypers: np.ones(3), step=step, cost=cost, steps=10)
hypers = {"eta": mg.positive(0.01), "lam": mg.positive(0.5)}
pair = run, {"eta": mg.positive(0.02), "lam": 0.5}
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Write a file with more lines after those of a run; return how the command line names it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def written(more="", name="run"):
        (tmp_path / "my_run.py").write_text(OWN + more)
        return f"my_run.py:{name}"

    return written


@pytest.fixture
def call(capsys):
    """Return a function that runs a command and returns the exit code and what was printed."""

    def called(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as left:  # argparse's own
            code = left.code
        return (code, *capsys.readouterr())

    return called


def strict(text):
    """Read JSON that has no infinities."""

    def refuse(name):
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)
