"""``minigrad learn``: a folder of the reader's, in which nothing of theirs is lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.learn import EXERCISES, Folder, solved

FIRST, SECOND, *_ = EXERCISES


@pytest.fixture
def learn(tmp_path, monkeypatch, capsys):
    """Run the command in an empty folder; return the exit code and what is printed."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = main(["learn", *arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def solve(exercise, folder="minigrad-exercises"):
    Path(folder, exercise.file_name).write_text(solved(exercise.source), encoding="utf-8")


def test_the_list_needs_no_folder_and_writes_nothing(learn, tmp_path):
    code, out, _ = learn()
    assert code == 0
    assert all(exercise.title in out for exercise in EXERCISES)
    assert "minigrad learn start" in out
    assert not list(tmp_path.iterdir())


def test_start_keeps_what_is_there_and_writes_what_is_missing(learn, tmp_path):
    assert learn("start")[0] == 0
    folder = tmp_path / "minigrad-exercises"
    mine, lost = folder / FIRST.file_name, folder / SECOND.file_name
    stub = lost.read_text()
    mine.write_text("mine")
    lost.unlink()
    code, out, _ = learn("start")
    assert code == 0
    assert out.startswith("1 file written")
    assert mine.read_text() == "mine"
    assert lost.read_text() == stub
    assert learn("start", "--force")[0] == 0
    assert mine.read_text() != "mine"


def test_the_folder_may_be_any_and_need_not_be_named_inside_it(learn, tmp_path, monkeypatch):
    assert learn("start", "deep/er")[0] == 0
    for arguments in (
        ["--folder", "deep/er", "check", "1"],
        ["check", "1", "--folder", "deep/er"],
    ):
        code, out, _ = learn(*arguments)
        assert code == 1
        assert "--folder deep/er" in out
    monkeypatch.chdir(tmp_path / "deep" / "er")
    assert "--folder" not in learn("check", "1")[1]
    assert f"0 of {len(EXERCISES)} solved" in learn()[1]


def test_check_goes_on_to_the_first_that_is_not_solved(learn):
    learn("start")
    solve(FIRST)
    code, out, _ = learn("check")
    assert code == 1
    assert f"solved  {FIRST.title}" in out
    assert f"to do   {SECOND.title}" in out
    assert "minigrad learn hint 2" in out
    assert f"1 of {len(EXERCISES)} solved" in learn()[1]
    assert learn("check", "1")[0] == 0
    assert learn("check", "2")[0] == 1


def test_all_solved(learn):
    learn("start")
    for exercise in EXERCISES:
        solve(exercise)
    code, out, _ = learn("check")
    assert code == 0
    assert out.endswith(f"All {len(EXERCISES)} are solved.\n")
    assert f"{len(EXERCISES)} of {len(EXERCISES)} solved" in learn()[1]


def test_what_is_broken_again_is_not_solved_any_more(learn):
    learn("start")
    solve(FIRST)
    assert learn("check", "1")[0] == 0
    Path("minigrad-exercises", FIRST.file_name).write_text("slope = 1 / 0\n")
    code, out, _ = learn("check", "1")
    assert code == 1
    assert "line 1\n     slope = 1 / 0\n     ZeroDivisionError" in out
    assert "0 of" in learn()[1]


def test_hints_come_one_by_one_and_then_the_solution(learn):
    learn("start")
    shown = []
    for k, hint in enumerate(FIRST.hints, start=1):
        code, out, _ = learn("solution", "1")
        assert code == 1
        assert f"Hints left: {len(FIRST.hints) - k + 1}" in out
        code, out, _ = learn("hint", "1")
        shown.append(hint)
        assert code == 0
        assert all(one in out for one in shown)
        assert not any(one in out for one in FIRST.hints[k:])
    assert learn("hint", "1")[1] == out
    code, out, _ = learn("solution", "1")
    assert code == 0
    assert out == solved(FIRST.source)


def test_the_solution_at_once_or_after_solving(learn):
    assert learn("solution", "2", "--now")[1] == solved(SECOND.source)
    learn("start")
    solve(SECOND)
    learn("check", "2")
    assert learn("solution", "2")[1] == solved(SECOND.source)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check"], "there are no exercises in minigrad-exercises; `minigrad learn start"),
        (["hint", "1"], "there are no exercises"),
        (["solution", "1"], "there are no exercises"),
        (["--folder", "nowhere"], "there are no exercises in nowhere"),
        (["start", "file"], "file is there and is not a folder"),
    ],
)
def test_what_can_not_be_is_refused(learn, arguments, message):
    Path("file").write_text("")
    code, out, err = learn(*arguments)
    assert (code, out) == (2, "")
    assert message in err


@pytest.mark.parametrize("number", ["0", str(len(EXERCISES) + 1), "-1", "x", "1.5"])
@pytest.mark.parametrize("command", ["check", "hint", "solution"])
def test_a_number_that_no_exercise_has_is_refused(command, number, learn, capsys):
    with pytest.raises(SystemExit) as left:
        learn(command, f"{number}")
    assert left.value.code == 2
    assert capsys.readouterr().err


def test_a_file_that_was_removed_is_named(learn):
    learn("start")
    Path("minigrad-exercises", FIRST.file_name).unlink()
    code, _, err = learn("check")
    assert code == 2
    assert FIRST.file_name in err


@pytest.mark.parametrize("note", ["", "[]", "{", '{"solved": 3, "hints": {}}', '{"solved": []}'])
def test_a_note_that_is_none_is_refused_and_stays(learn, note):
    learn("start")
    path = Path("minigrad-exercises", "minigrad-learn.json")
    path.write_text(note)
    for arguments in ([], ["check"], ["hint", "1"], ["start"]):
        code, _, err = learn(*arguments)
        assert code == 1
        assert "minigrad-learn.json is not a note" in err
        assert path.read_text() == note


def test_what_is_not_text_is_told(learn):
    learn("start")
    Path("minigrad-exercises", FIRST.file_name).write_bytes(b"caf\xe9 = 1")
    code, out, _ = learn("check")
    assert code == 1
    assert "not UTF-8" in out


def test_json_is_all_that_is_printed(learn):
    learn("start")
    solve(FIRST)
    path = Path("minigrad-exercises", FIRST.file_name)
    path.write_text(path.read_text() + "print('the reader prints')\n")
    code, out, err = learn("check", "--json")
    assert code == 1
    assert [one["state"] for one in json.loads(out)["checked"]] == ["solved", "to do"]
    assert "the reader prints" in err
    assert [one["solved"] for one in json.loads(learn("--json")[1])["exercises"]][:2] == [
        True,
        False,
    ]
    assert len(json.loads(learn("hint", "1", "--json")[1])["hints"]) == 1


def test_progress_is_that_of_names(tmp_path):
    """So that it stays true if the exercises come in another order one day."""
    folder = Folder(tmp_path)
    folder.start()
    folder.record(SECOND, True)
    folder.hint(FIRST)
    again = Folder.open(tmp_path)
    assert again.solved == {SECOND.name}
    assert again.hints == {FIRST.name: 1}


def test_exercises_load_when_they_are_asked_for():
    code = "import sys, minigrad; assert not any('learn' in name for name in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_page_shows_what_the_command_prints(learn):
    page = (Path(__file__).parents[2] / "docs" / "exercises.rst").read_text(encoding="utf-8")
    shown = "\n".join(line.removeprefix("   ") for line in page.splitlines())
    started = learn("start")[1]
    path = Path("minigrad-exercises", FIRST.file_name)
    right = "2 * x * np.sin(x) + x**2 * np.cos(x)"
    path.write_text(solved(FIRST.source).replace(right, "2 * x * np.cos(x)"))
    for printed in (started, learn("check")[1], learn("hint", "1")[1]):
        assert printed in shown
