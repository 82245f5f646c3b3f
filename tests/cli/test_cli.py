"""What the command line takes, refuses and prints for programs to read."""

import json

import pytest

import minigrad as mg
from minigrad.cli import main

SHORT = ["tune", "--steps", "10", "--outer-steps", "2"]


def report_of(capsys, *options):
    assert main([*SHORT, *options, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def test_json_is_all_that_is_printed_and_holds_the_numbers_of_the_report(capsys):
    report = report_of(capsys)
    assert report["check"].keys() == {"eta", "lam"}
    for pair in report["check"].values():
        assert pair["tape"] == pytest.approx(pair["finite_difference"], rel=1e-5)
    assert report["tuned"]["validation"]["cost"] < report["start"]["validation"]["cost"]


def test_options_reach_the_run(capsys):
    report = report_of(capsys, "--eta", "0.5", "--lam", "0.25", "--seed", "3")
    assert report["start"]["eta"] == 0.5
    assert report["start"]["lam"] == 0.25
    other = report_of(capsys, "--eta", "0.5", "--lam", "0.25", "--seed", "4")
    assert report["start"]["validation"] != other["start"]["validation"]


@pytest.mark.parametrize(
    ("option", "value"),
    [(option, value) for option in ("--steps", "--outer-steps") for value in ("0", "-1", "1.5")]
    + [(option, value) for option in ("--eta", "--lam") for value in ("0", "-1", "nan", "inf", "x")]
    + [("--seed", value) for value in ("-1", "1.5", "x")],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_option(option, value, capsys):
    with pytest.raises(SystemExit) as left:
        main(["tune", f"{option}={value}"])
    assert left.value.code == 2
    assert f"argument {option}: expected a" in capsys.readouterr().err


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as left:
        main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out == f"minigrad-tape {mg.__version__}\n"


def test_a_tape_becomes_a_page_to_step_through(tmp_path):
    page = tmp_path / "tape.html"
    assert main(["tape", "--steps", "1", "--hidden", "3", "--out", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "The sweep is done: dC/d hypers['eta'] = " in text
