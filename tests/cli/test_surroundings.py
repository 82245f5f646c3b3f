"""The command line where the disk is full or read-only, memory is short, or nobody reads."""

import errno
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from minigrad.cli import main
from minigrad.hyper.tuning.checkpoint import CheckpointFile
from tests.faults.kills import OWN

ROOT = Path(__file__).parents[2]
GREEDY = """
import resource
import numpy as np
import minigrad as mg

trainings = iter(range(10**6))

def cost(w, h):
    if next(trainings) == 7:  # in the fourth outer step
        now = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + 50_000_000, -1))
        w = w + 0 * np.ones((10_000, 10_000))[0, 0]
    return np.sum(w * w)

run = mg.TrainingRun(lambda h: np.ones(3), lambda w, h, x: w - h["eta"] * np.tanh(w), cost, steps=3)
hypers = {"eta": mg.positive(0.1)}
"""
TUNE = ("tune", "own.py:run", "--method", "recorded", "--checkpoint", "kept/t")

resource = pytest.importorskip("resource", reason="limits are set by it")


@pytest.fixture
def own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    (tmp_path / "kept").mkdir()
    return tmp_path


def command(*arguments, before=None, **rest):
    """Run a command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "minigrad", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **rest.pop("env", {})},
        encoding="utf-8",
        preexec_fn=before,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **rest},
    )


def kept(folder):
    return {path.name: path.read_bytes() for path in (folder / "kept").iterdir()}


def assert_a_line(found, *words):
    """One line on standard error, and the exit code 1."""
    assert found.returncode == 1, found.stderr
    assert found.stderr.count("\n") == 1, found.stderr
    for word in ("minigrad tune: ", *words):
        assert word in found.stderr


# What was kept stays


def begun(folder):
    """Tune for two outer steps; return what is kept then."""
    assert main([*TUNE, "--outer-steps", "2", "--json"]) == 0
    before = kept(folder)
    assert before.keys() == {"t", "t.previous"}
    return before


def test_a_full_disk_is_told_in_a_line_and_what_was_kept_stays(own):
    """No file may become larger than the checkpoint of two steps: that of three does not fit."""
    before = begun(own)
    size = len(before["t"])

    def full():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    assert_a_line(command(*TUNE, before=full), "checkpoint", "can't be written: File too large")
    left = kept(own)
    assert left.keys() == before.keys()
    assert left["t"] == before["t"]
    assert main([*TUNE, "--outer-steps", "4", "--json"]) == 0


@pytest.mark.skipif(not Path("/proc/self/ns/mnt").exists(), reason="has no file system to mount")
def test_a_file_system_that_is_full_or_read_only(own):
    """A small one in memory, mounted where nobody else sees it."""
    inside = (
        f"mount -t tmpfs -o size=16k none kept && {sys.executable} -m minigrad {' '.join(TUNE)}"
    )
    find = "find kept -type f | sort"
    script = (
        f"{inside} --outer-steps 2 > /dev/null || exit 77; sha256sum kept/t > sum\n"
        f"head -c 1M /dev/zero > kept/filled 2> /dev/null\n{inside.partition('&& ')[2]}; echo $?\n"
        f"sha256sum -c sum; rm kept/filled; {find}\nmount -o remount,ro kept\n"
        f"{inside.partition('&& ')[2]}; echo $?\nsha256sum -c sum; {find}\n"
    )
    found = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    if found.returncode == 77 or "unshare" in found.stderr or "mount:" in found.stderr:
        pytest.skip("may not mount one")
    files = ["kept/t: OK", "kept/t", "kept/t.previous"]
    codes_and_files = [line for line in found.stdout.splitlines() if line in {*files, "1", "2"}]
    assert codes_and_files == ["1", *files, "2", *files]
    full, read_only = found.stderr.splitlines()
    assert "can't be written: No space left on device" in full
    assert "can't be written to" in read_only


def test_a_second_process_on_one_checkpoint_is_refused_in_a_line(own):
    before = begun(own)
    with CheckpointFile(own / "kept" / "t"):
        assert_a_line(command(*TUNE), "another process is writing it")
    assert kept(own) == before


def test_a_damaged_checkpoint_is_refused_in_a_line_that_names_the_older_one(own):
    before = begun(own)
    (own / "kept" / "t").write_bytes(before["t"][:-40])
    assert_a_line(command(*TUNE), "digest", f"{own / 'kept' / 't.previous'}: move it here")
    assert kept(own) == {**before, "t": before["t"][:-40]}


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="does not tell its memory")
def test_too_little_memory_is_told_in_a_line_and_what_was_done_is_kept(own):
    (own / "own.py").write_text(GREEDY, encoding="utf-8")
    assert_a_line(command(*TUNE), "Unable to allocate")
    left = kept(own)
    assert left.keys() == {"t", "t.previous"}
    (own / "own.py").write_text(GREEDY.replace("== 7", "== -1"), encoding="utf-8")
    found = command(*TUNE, "--outer-steps", "5")
    assert found.returncode == 0
    assert " outer steps from kept/t, " in found.stdout


# What is printed


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


def without_times(text):
    return re.sub(r"\S+ s$", "", text, flags=re.MULTILINE)


def test_letters_that_the_terminal_has_not_are_spelled_out(own):
    plain, spelled = (command("verify", "own.py:run", env=env) for env in ({}, ASCII))
    assert "(± bar)" in plain.stdout
    assert without_times(spelled.stdout) == without_times(plain.stdout.replace("±", "+-"))
    assert spelled.stderr == plain.stderr == ""


def test_a_reader_who_has_gone_ends_it_quietly_and_what_was_done_is_kept(own):
    read, write = os.pipe()
    os.close(read)
    found = command(*TUNE, "--outer-steps", "2", stdout=write)
    os.close(write)
    assert (found.returncode, found.stderr) == (1, "")


def test_where_nothing_can_be_printed_nothing_is_begun(own):
    found = command(*TUNE, before=lambda: os.close(1))
    assert found.returncode == 2
    assert found.stderr.endswith(
        "standard output is closed; --out FILE writes the result into a file\n"
    )
    assert kept(own) == {}
    found = command("gradient", "own.py:run", "--out", "told.txt", before=lambda: os.close(1))
    assert (found.returncode, found.stderr) == (0, "")
    assert (own / "told.txt").read_text(encoding="utf-8").startswith("own.py:run, 30 steps.")


def test_an_output_that_is_full_is_told_in_a_line(call, own, monkeypatch):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    code, _, err = call("gradient", "own.py:run")
    assert code == 1
    assert err == "minigrad gradient: standard output: No space left on device\n"
