"""What is typed wrong is told: the option, what was given, what is expected; and the exit code."""

import os
import sys

import numpy as np
import pytest

from tests.cli.conftest import strict

COMMANDS = ["tune", "gradient", "verify", "trust", "explain", "landscape", "memory", "tape"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "required: COMMAND"),
        (["tuna"], "invalid choice: 'tuna' (choose from"),
        (["tune", "--outt", "x"], "unrecognized arguments: --outt"),
        (["tune", "--hidden", "3,x"], "--hidden: expected whole numbers with commas between them"),
        (["tune", "--batch", "5000"], "--batch 5000: there are only 1000 training examples"),
        (["tune", "--activation", "sin"], "--activation: invalid choice: 'sin'"),
        (["tune", "--optimiser", "sgd"], "--optimiser: invalid choice: 'sgd'"),
        (["tune", "--target", "kind"], "--target says where the labels of --data are"),
        (["tune", "--checkpoint", "no/file"], "--checkpoint no/file: there is no folder"),
        (["tune", "--html", "."], "--html .: that is a folder"),
        (["gradient", "--method", "magic"], "--method: invalid choice: 'magic'"),
        (["verify", "--digits", "0"], "--digits: expected a whole number, 1 or more, got '0'"),
        (["landscape", "--side", "1"], "--side: expected a whole number, 2 or more, got '1'"),
        (["landscape", "--eta-range", "3", "1"], "--eta-range 3 1: the first must be the lower"),
        (["landscape", "--lam-range", "0", "1"], "--lam-range: expected a positive number"),
        (["memory", "--memory", "much"], "--memory: expected a number of bytes, or a text such"),
        (["claims", "12"], "expected a number from 1 to 11, got '12'"),
        (["claims", "7", "--data", "x.npz"], "--data is for S11"),
        (["gradient", "my_run"], "expected FILE.py:NAME, such as my_run.py:run, got 'my_run'"),
        (["gradient", "none.py:run"], "there is no file none.py"),
    ],
)
def test_a_wrong_command_line_is_2(call, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "name", "said"),
    [
        ("", "nope", "my_run.py defines no 'nope'"),
        ("number = 3", "number", "is 3; expected a TrainingRun, a pair of a run and its hypers"),
        ("del hypers", "run", "define hypers = {'eta': mg.positive(0.1)}"),
        ("hypers = {}", "run", "are empty: {}"),
        ("hypers = {'eta': 'x'}", "run", "a float or an array of floats, got 'x'"),
        ("def made(n): return run", "made", "can't be called without arguments: missing a"),
    ],
)
def test_a_file_without_what_was_named_is_2(call, own, more, name, said):
    code, out, err = call("gradient", own(more, name))
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


@pytest.mark.parametrize("option", ["--eta=1", "--data=x.npz", "--steps=3", "--per-step"])
def test_a_run_of_ones_own_is_not_given_what_is_for_the_network(call, own, option):
    code, _, err = call("tune", own(), option)
    assert code == 2
    assert f"{option.partition('=')[0]}" in err
    assert "for the built-in network" in err


@pytest.mark.parametrize(
    ("more", "last", "line"),
    [
        ("x = 1 / 0", "ZeroDivisionError: division by zero", "x = 1 / 0"),
        ("def f(:", "SyntaxError: invalid syntax", "def f(:"),
        ("run = run.steps.nothing", "AttributeError: 'int' object has", "run = run.steps.nothing"),
        ("import no_such_module", "ModuleNotFoundError: No module", "import no_such_module"),
        ("hypers = {'eta': 0.1}", "KeyError: 'lam'", "return w - hypers"),
    ],
)
def test_what_ones_own_code_raises_has_its_own_lines_and_no_others(call, own, more, last, line):
    code, _, err = call("gradient", own(more))
    assert code == 1
    assert err.startswith("minigrad gradient: in my_run.py:run\n")
    assert last in err.splitlines()[-1]
    assert line in err
    assert "my_run.py" in err
    assert os.path.join("minigrad", "hyper") not in err


def test_a_function_that_raises_shows_where(call, own):
    code, _, err = call("gradient", own("def made():\n    raise RuntimeError('boom')", "made"))
    assert code == 1
    assert "in made\n    raise RuntimeError('boom')" in err


def test_an_error_that_is_nobodys_fault_but_ours_is_not_hidden(call, own, monkeypatch):
    def broken(run, hypers):
        raise KeyError("ours")

    monkeypatch.setattr("minigrad.hyper.explain", broken)
    with pytest.raises(KeyError, match="ours"):
        call("explain", own())


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (None, [], "data.csv: No such file or directory"),
        ("", [], "data.csv: an empty table"),
        ("a,b,kind\n1,2,x\n", [], "data.csv: 3 columns, the first row 'a', 'b', 'kind'; say"),
        ("a,b,kind\n1,2,x\n", ["--target", "c"], "--target 'c' is the name or number of none"),
        ("a,label\n1,0\nx,1\n", [], "data.csv, line 3, column 'a': expected a finite number"),
        ("a,label\n1,0.5\n2,1\n3,0\n4,1\n5,1\n", [], "labels must be whole numbers from 0 on"),
    ],
)
def test_a_file_of_data_that_cannot_be_read_is_1(call, tmp_path, content, options, said):
    path = tmp_path / "data.csv"
    if content is not None:
        path.write_text(content)
    code, out, err = call("tune", "--data", path, "--batch", "1", *options)
    assert (code, out) == (1, "")
    assert said in err
    assert "Traceback" not in err


def test_numbers_that_are_not_finite_are_not_trained_on(call, tmp_path):
    np.savez(tmp_path / "d.npz", x=np.full((30, 2), np.nan), y=np.arange(30) % 3)
    code, _, err = call("gradient", "--data", tmp_path / "d.npz", "--batch", "5")
    assert code == 1
    assert "not finite" in err


UNTRAINED = """
def begun(hypers):
    raise RuntimeError("the work has begun")

run = mg.TrainingRun(init=begun, step=step, cost=cost, steps=5)
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_there_is_refused_before_any_work(call, own, tmp_path, command):
    there = tmp_path / "there.txt"
    there.write_text("kept")
    code, out, err = call(command, own(UNTRAINED), "--out", there)
    assert (code, out) == (2, "")
    assert f"--out {there}: the file is there; --force replaces it" in err
    assert there.read_text() == "kept"


@pytest.mark.parametrize("command", COMMANDS)
def test_force_replaces_it(call, own, tmp_path, command):
    there = tmp_path / "there.txt"
    there.write_text("kept")
    short = {"tune": ["--outer-steps", "2"], "landscape": ["--side", "2"]}.get(command, [])
    code, out, err = call(command, own(), "--out", there, "--force", *short)
    assert (code, out, err) == (0, "", "")
    assert there.read_text() not in ("", "kept")
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "__pycache__") == [
        "my_run.py",
        "there.txt",
    ]


def test_a_folder_that_cannot_be_written_to_is_refused(call, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    code, _, err = call("gradient", "--out", tmp_path / "new.txt")
    assert code == 2
    assert f"the folder {tmp_path} can't be written to" in err


def test_json_goes_into_a_file_by_its_name_or_by_the_option(call, own, tmp_path):
    text, first, second = (tmp_path / name for name in ("a.txt", "a.json", "b.txt"))
    for path, more in ((text, []), (first, []), (second, ["--json"])):
        assert call("gradient", own(), "--out", path, *more) == (0, "", "")
    assert text.read_text().startswith("my_run.py:run, 10 steps.\n\ncost ")
    assert strict(first.read_text())["gradient"] == strict(second.read_text())["gradient"]


def test_a_module_of_ones_own_can_be_imported_from_beside_it(call, own, tmp_path):
    (tmp_path / "the_start_beside.py").write_text("start = 0.03\n")
    name = own("from the_start_beside import start\nhypers['eta'] = mg.positive(start)")
    code, out, _ = call("gradient", name, "--json")
    assert code == 0
    assert strict(out)["values"]["eta"] == 0.03
    assert str(tmp_path) in sys.path
