"""What the README shows is what one gets."""

import re
from pathlib import Path

import pytest

from minigrad.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Return the README's blocks that are marked with a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


(EXAMPLE,) = blocks("python")
EXAMPLE_PRINTS, TUNE_PRINTS = blocks("text")


def test_it_begins_with_the_commands_that_set_up_and_test():
    assert blocks("sh")[0].splitlines() == [
        'python3 -m venv .venv && .venv/bin/pip install -e ".[test]" && .venv/bin/minigrad tune',
        ".venv/bin/python -m pytest",
    ]


def test_the_example_prints_what_is_shown(capsys):
    exec(EXAMPLE, {})
    assert capsys.readouterr().out == EXAMPLE_PRINTS


def test_tune_reports_in_the_form_that_is_shown(capsys):
    """The same words and columns; the numbers depend on the steps and on the machine."""
    assert main(["tune", "--steps", "10", "--outer-steps", "2"]) == 0
    assert form_of(capsys.readouterr().out) == form_of(TUNE_PRINTS)


def form_of(report: str) -> str:
    """Return a report with a # for each number and one space for each gap."""
    numberless = re.sub(r"-?\d[\d,]*(\.\d+)?(e[+-]\d+)?", "#", report)
    return re.sub(r" +", " ", numberless)


@pytest.mark.parametrize("path", re.findall(r"\]\(([\w./]+)\)", README))
def test_its_links_lead_to_files(path):
    assert (ROOT / path).exists()
