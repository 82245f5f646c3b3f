"""States kept and steps run again: how many of each, the same bits, and no file left behind."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from training_runs import RUNS, gradient_descent

import minigrad as mg
from minigrad import tree
from minigrad.hyper.memory import in_bytes, in_words
from minigrad.hyper.methods import checkpointed
from minigrad.hyper.unrolling.revolve import Plan, extra_steps
from minigrad.hyper.unrolling.snapshots import OnDisk

STATE = 3 * 8  # bytes of the state of `gradient_descent`,
STEP = mg.hypergradient(*gradient_descent(1), mg.Stored()).stats.kept_bytes  # and of a step


def assert_same_bits(result, wanted):
    assert result.cost == wanted.cost
    for one, other in zip(tree.leaves(result.gradient), tree.leaves(wanted.gradient), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("snapshots", [1, 2, 3, 7, 30, 100])
def test_as_many_steps_are_run_again_as_the_formula_says(snapshots):
    run, hypers = gradient_descent(30)
    stats = mg.hypergradient(run, hypers, mg.Checkpointed(snapshots)).stats
    assert stats.steps_rerun == extra_steps(30, snapshots)
    assert stats.steps_run == 30 + stats.steps_rerun
    assert stats.kept_bytes == min(snapshots, 30) * STATE + STEP


@given(st.integers(0, 40), st.integers(1, 9), st.integers(1, 45), st.booleans())
def test_stretches_change_no_bit_and_take_the_steps_of_the_plan(steps, snapshots, stretch, disk):
    run, hypers = RUNS["gradient descent"](steps)
    result = mg.hypergradient(
        run, hypers, mg.Checkpointed(snapshots=snapshots, stretch=stretch, disk=disk)
    )
    assert_same_bits(result, mg.hypergradient(run, hypers, mg.Stored()))
    assert result.stats.steps_rerun == Plan(snapshots, stretch).reruns(steps)


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize(
    "settings",
    [{"snapshots": s} for s in (1, 2, 5)]
    + [{"snapshots": 2, "stretch": L} for L in (2, 4)]
    + [{"disk": True}, {"memory": "4 kB"}, {"memory": "4 kB", "disk": True}, {}],
)
def test_settings_change_no_bit(name, settings):
    run, hypers = RUNS[name]()
    result = mg.hypergradient(run, hypers, mg.Checkpointed(**settings))
    assert_same_bits(result, mg.hypergradient(run, hypers, mg.Stored()))


@given(st.integers(1, 50), st.integers(STATE + STEP, 60 * (STATE + STEP)), st.booleans())
def test_what_is_kept_fits_into_the_memory(steps, memory, disk):
    run, hypers = gradient_descent(steps)
    stats = mg.hypergradient(run, hypers, mg.Checkpointed(memory=memory, disk=disk)).stats
    kept = mg.Checkpointed(memory=memory, disk=disk).fitting(steps, STATE, STEP)
    assert kept.nbytes(steps, 0 if disk else STATE, STEP) <= memory
    assert stats.steps_rerun == kept.reruns(steps)
    if kept.stretch > 1:
        assert stats.method.startswith(
            f"Checkpointed(snapshots={kept.snapshots}, stretch={kept.stretch}"
        )


@pytest.mark.parametrize(
    ("state_bytes", "step_bytes", "most"),
    [(20_000, 100_000, 1), (500_000, 1_000_000, 2), (3_000_000, 1_000_000, 3), (10**9, 10**9, 3)],
)
def test_without_settings_steps_are_run_again_once_if_that_takes_little(
    state_bytes, step_bytes, most
):
    plan = mg.Checkpointed().fitting(5000, state_bytes, step_bytes)
    assert (most - 1) * 5000 < plan.reruns(5000) <= most * 5000
    small = plan.nbytes(5000, state_bytes, step_bytes) <= checkpointed.MODEST
    assert small == (state_bytes < 10**9)


def test_a_long_run_is_one_more_training_in_little_memory():
    run, hypers = gradient_descent(2000)
    stored = mg.hypergradient(run, hypers, mg.Stored())
    result = mg.hypergradient(run, hypers, mg.Checkpointed())
    assert_same_bits(result, stored)
    assert result.stats.steps_rerun <= 2000
    assert result.stats.kept_bytes < stored.stats.kept_bytes / 20


def test_too_little_memory_is_refused_with_advice_that_helps():
    run, hypers = gradient_descent(30)
    with pytest.raises(ValueError, match="does not hold a state of 24 B") as error:
        mg.hypergradient(run, hypers, mg.Checkpointed(memory=STATE + STEP - 1))
    advice = str(error.value).split("memory='")[1].split("'")[0]
    most = int(str(error.value).split("at most ")[1].split()[0])
    stats = mg.hypergradient(run, hypers, mg.Checkpointed(memory=advice)).stats
    assert stats.steps_rerun - 1 <= most


@pytest.mark.parametrize(
    "settings",
    [
        {"snapshots": 0},
        {"snapshots": 2.5},
        {"snapshots": 2, "stretch": 0},
        {"stretch": 5},
        {"memory": "many"},
        {"memory": -1},
        {"memory": 100, "stretch": 5},
        {"snapshots": 2, "memory": 100},
    ],
)
def test_settings_without_sense_are_refused(settings):
    with pytest.raises(ValueError, match=r"snapshots=|stretch=|expected a number of bytes"):
        mg.Checkpointed(**settings)


@given(st.floats(1, 1e14))
def test_amounts_of_memory_are_read_as_they_are_written(size):
    assert in_bytes(in_words(size)) == pytest.approx(size, rel=0.005, abs=1)


ARRAYS = [np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(3, 2)), np.zeros(0)]


def test_the_file_is_a_stack_that_gives_back_what_it_was_given():
    with tempfile.TemporaryFile() as file:
        kept = OnDisk(file)
        for t in (0, 5, 7):
            kept.keep(t, [*(x + t for x in ARRAYS), 2.5, t])
        largest = file.seek(0, os.SEEK_END)
        for t in (7, 5, 0):
            for _ in range(2):
                *arrays, number, counter = kept.restore(t)
                assert (number, counter) == (2.5, t)
                for x, wanted in zip(arrays, ARRAYS, strict=True):
                    np.testing.assert_array_equal(x, wanted + t, strict=True)
                    assert x.flags.f_contiguous == wanted.flags.f_contiguous
            kept.drop(t)
            kept.drop(t)  # is not kept: nothing happens
            assert file.seek(0, os.SEEK_END) < largest
        assert file.seek(0, os.SEEK_END) == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_the_file_is_closed_if_a_step_fails(error, tmp_path, monkeypatch):
    files = []

    def opened(**settings):
        files.append(real(dir=tmp_path, **settings))
        return files[-1]

    def batch(t):
        if files and files[0].tell():
            raise error
        return 0.0

    real = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", opened)
    run = mg.TrainingRun(
        lambda h: np.zeros(3), lambda w, h, x: w - h * (w - x), lambda w, h: np.sum(w), 20, batch
    )
    with pytest.raises(error):
        mg.hypergradient(run, 0.1, mg.Checkpointed(snapshots=3, disk=True))
    assert files[0].closed
    assert list(tmp_path.iterdir()) == []


WAITS_WITH_A_FILE = """
import sys, time
import numpy as np
import minigrad as mg
def batch(t):
    if t == 15:
        print("in the middle", flush=True)
        time.sleep(60)
    return 1.0
run = mg.TrainingRun(
    lambda h: np.zeros(1000), lambda w, h, x: w - h * (w - x), lambda w, h: np.sum(w), 20, batch
)
mg.hypergradient(run, 0.1, mg.Checkpointed(snapshots=3, disk=True))
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks for the file in /proc")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_a_killed_process_leaves_no_files(name, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", WAITS_WITH_A_FILE],
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        assert process.stdout.readline() == b"in the middle\n"
        opened = [os.readlink(link) for link in Path(f"/proc/{process.pid}/fd").iterdir()]
        assert any(path.startswith(str(tmp_path)) for path in opened)
        process.send_signal(getattr(signal, name))
    assert process.returncode != 0
    assert list(tmp_path.iterdir()) == []
