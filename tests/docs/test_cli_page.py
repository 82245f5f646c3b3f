"""The page on the command line has every command and option, and its example runs."""

import argparse
import re
from pathlib import Path

import pytest

from minigrad.cli import COMMANDS, main, parser

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "cli.rst").read_text(encoding="utf-8")
NAMES = [module.__name__.rpartition(".")[2] for module in COMMANDS]


def options_of(command):
    """Return the long options of a command."""
    (commands,) = [
        action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)
    ]
    return {
        option
        for action in commands.choices[command]._actions
        for option in action.option_strings
        if option.startswith("--")
    }


def test_it_lists_the_commands_in_their_order():
    assert re.findall(r"^   \* - ``(\w+)``$", PAGE, re.M) == NAMES


def test_it_has_the_options_that_commands_share_and_no_other():
    named = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", PAGE))
    assert named <= set().union(*map(options_of, NAMES))
    shared = options_of("gradient") & options_of("verify") & options_of("tape")
    assert shared <= named


def test_its_command_lines_are_understood():
    lines = re.findall(r"^   \$ minigrad (.*)$", PAGE, re.M)
    assert len(lines) >= 5
    for line in lines:
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line)]
        parser().parse_args(words)


def test_its_example_prints_what_is_shown(capsys, monkeypatch):
    monkeypatch.chdir(DOCS)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    monkeypatch.syspath_prepend(DOCS)
    assert main(["gradient", "my_run.py:run"]) == 0
    printed = capsys.readouterr().out.splitlines()
    shown = re.search(r"\$ minigrad gradient my_run.py:run\n(.*?)\n\n\w", PAGE, re.S)[1]
    wanted = [line.removeprefix("   ") for line in shown.splitlines()]
    cost = wanted.index(next(line for line in wanted if line.startswith("cost")))
    assert printed[cost].split("  ")[0] == wanted[cost].split("  ")[0]  # the seconds are others
    del printed[cost], wanted[cost]
    assert printed == wanted


@pytest.mark.parametrize("outer_steps", [3])
def test_its_example_can_be_tuned(capsys, monkeypatch, outer_steps):
    monkeypatch.chdir(DOCS)
    monkeypatch.syspath_prepend(DOCS)
    assert main(["tune", "my_run.py:run", "--outer-steps", str(outer_steps)]) == 0
    first, last = re.search(r"cost (\S+) -> (\S+)", capsys.readouterr().out).groups()
    assert float(last) < float(first)
