"""Every option of every command, given wrongly: it is named, with what came and what should."""

import argparse

import pytest

from minigrad.cli import parser
from minigrad.experiments import ACTIVATIONS

WHOLE = "expected a whole number, {} or more, got {!r}"
POSITIVE = "expected a positive number, got {!r}"
RANGE = [(["x", "1"], POSITIVE.format("x")), (["0", "1"], POSITIVE.format("0"))]
RANGE += [(["1"], "expected 2 arguments"), (["3", "1"], "3 1: the first must be the lower one")]
FILE = [
    (["no/such/file"], "no/such/file: there is no folder"),
    (["."], ".: that is a folder; give a file"),
    ([], "expected one argument"),
]
FLAG = [(["=yes"], "ignored explicit argument 'yes'")]


def wholes(least):
    return [([bad], WHOLE.format(least, bad)) for bad in ("x", "1.5", str(least - 1), "")]


#: For each option: what is given after it, and what is said.
WRONG = {
    "run": [
        (["my_run"], "expected FILE.py:NAME, such as my_run.py:run, got 'my_run'"),
        (["none.py:run"], "none.py:run: there is no file none.py"),
        (["a.py:run", "b.py:run"], "unrecognized arguments: b.py:run"),
    ],
    "--data": [(["no/such.csv"], "no/such.csv: No such file"), ([], "expected one argument")],
    "--target": [(["kind"], "--target says where the labels of --data are"), ([], "one argument")],
    "--steps": wholes(1),
    "--batch": [*wholes(1), (["5000"], "--batch 5000: there are only 1000 training examples")],
    "--seed": wholes(0),
    "--outer-steps": wholes(1),
    "--digits": wholes(1),
    "--side": wholes(2),
    "--hidden": [
        ([bad], f"expected whole numbers with commas between them, such as 50,50, got {bad!r}")
        for bad in ("x", "3,x", "3,,3", "0", "-3")
    ],
    "--eta": [([bad], POSITIVE.format(bad)) for bad in ("x", "0", "-1", "nan", "inf", "1j")],
    "--lam": [([bad], POSITIVE.format(bad)) for bad in ("x", "0", "-1", "nan", "inf")],
    "--activation": [(["sin"], f"invalid choice: 'sin' (choose from {', '.join(ACTIVATIONS)})")],
    "--optimiser": [(["sgd"], "invalid choice: 'sgd' (choose from adam, signs, newton)")],
    "--method": [(["magic"], "invalid choice: 'magic' (choose from auto, recorded, stored")],
    "--memory": [([bad], "expected a number of bytes, or a text such") for bad in ("much", "-1")],
    "--eta-range": RANGE,
    "--lam-range": RANGE,
    "--per-step": FLAG,
    "--per-layer": FLAG,
    "--check-finite": FLAG,
    "--json": FLAG,
    "--force": FLAG,
    "--now": FLAG,
    "--out": FILE,
    "--html": FILE,
    "--checkpoint": FILE,
    "--folder": [(["no/such"], "no/such"), ([], "expected one argument")],
    "numbers": [
        ([bad], f"expected a number from 1 to 11, got {bad!r}") for bad in ("12", "0", "x")
    ],
    "exercise": [([bad], "expected a number from 1 to") for bad in ("99", "0", "x")],
    "where": [(["a", "b"], "unrecognized arguments: b")],
    "--version": FLAG,
}


def options(top, path=()):
    """Give the commands and the options that each takes."""
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from options(below, (*path, name))
        elif not isinstance(action, argparse._HelpAction):
            yield path, action.option_strings[-1] if action.option_strings else action.dest


EVERY = list(options(parser()))
FIRST = {option: path for path, option in reversed(EVERY)}  # the command that tries all its values
NAMED_BY_PATH = ("--data", "--folder")  # where the file or folder itself is named


def unquoted(text):
    """Return a text without quotes, which argparse puts around choices in some versions."""
    return text.replace("'", "")


def test_the_table_has_every_option_and_no_other():
    assert {option for _, option in EVERY} == set(WRONG)


@pytest.mark.parametrize(
    ("path", "option"), EVERY, ids=lambda x: x if type(x) is str else " ".join(x)
)
def test_what_is_said_of_a_wrong_value(call, tmp_path, monkeypatch, path, option):
    monkeypatch.chdir(tmp_path)
    is_name = option.startswith("-")
    needed = ["1"] if path[1:] in (("hint",), ("solution",)) and is_name else []
    for given, said in WRONG[option][: None if FIRST[option] == path else 1]:
        flag = bool(given) and given[0].startswith("=")
        joined = [option + given[0]] if flag else [*([option] if is_name else []), *given]
        if is_name and len(given) == 1 and not flag:
            joined = [f"{option}={given[0]}"]  # so that -1 is no option
        code, out, err = call(*path, *needed, *joined)
        assert code == (1 if option == "--data" and given else 2), err
        assert out == ""
        assert unquoted(said) in unquoted(err)
        assert not is_name or option in err or option in NAMED_BY_PATH
        assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
