"""A descent that was interrupted, however, goes on as if it had not been."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.hyper import CheckpointError
from minigrad.hyper.methods import automatic

STEPS = 8
BATCHES = np.random.default_rng(3).normal(size=(6, 4))


def training(target=0.5, steps=6, batches=BATCHES):
    return mg.TrainingRun(
        init=lambda h: np.ones(4),
        step=lambda w, h, batch: w - h["eta"] * (np.tanh(w - batch) + h["lam"] * w),
        cost=lambda w, h: np.sum((w - target) ** 2),
        steps=steps,
        batches=batches,
    )


def start():
    return {"eta": mg.per_step(mg.positive(np.full(6, 0.3))), "lam": mg.positive(0.1)}


def course(result):
    """Return every number of a descent, and why it stopped."""
    leaves = mg.tree.leaves(result.values_over_steps)
    for event in result.history:
        leaves += [event.rate, *mg.tree.leaves(event.result.gradient)]
    parts = [result.costs, result.norms, result.accepted, *leaves]
    numbers = np.concatenate([np.ravel(np.asarray(part, float)) for part in parts])
    return numbers.tobytes(), result.stopped, result.best_step, str(result.values)


def stopped_after(steps, path, **settings):
    def interrupt(news):
        if news.done == steps:
            raise KeyboardInterrupt

    settings = {"run": training(), "hypers": start(), **settings}
    result = mg.tune(**settings, outer_steps=STEPS, checkpoint=path, callback=interrupt)
    assert result.stopped == "interrupted"
    return result


@pytest.mark.parametrize("optimiser", ["adam", mg.hyper.SignSteps(step=2.0), "newton"])
@pytest.mark.parametrize("steps", range(1, STEPS))
def test_resumed_after_any_step_it_is_the_same_to_the_last_bit(tmp_path, optimiser, steps):
    path = tmp_path / "tune.checkpoint"
    stopped_after(steps, path, optimiser=optimiser)
    heard = []
    resumed = mg.tune(
        training(), start(), STEPS, optimiser=optimiser, checkpoint=path, callback=heard.append
    )
    whole = mg.tune(training(), start(), STEPS, optimiser=optimiser)
    assert course(resumed) == course(whole)
    assert [news.done for news in heard] == list(range(steps + 1, STEPS + 1))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_kinds_of_numbers_come_back(tmp_path, kind):
    path = tmp_path / "tune.checkpoint"
    run = training(kind(0.5), batches=BATCHES.astype(kind))
    hypers = {"eta": mg.positive(np.full(4, 0.3, kind)), "lam": mg.positive(np.full(4, 0.1, kind))}
    for optimiser in ("adam", "newton"):
        settings = {"run": run, "hypers": hypers, "optimiser": optimiser}
        stopped_after(3, path, **settings)
        resumed = mg.tune(**settings, outer_steps=STEPS, checkpoint=path)
        assert course(resumed) == course(mg.tune(**settings, outer_steps=STEPS))
        for event in resumed.history:
            assert event.result.hypers["eta"].value.dtype == kind
            assert event.result.gradient["eta"].dtype == kind
        path.unlink()


def test_fresh_seeds_go_on_where_they_were(tmp_path):
    def of_seed(seed):
        return training(batches=np.random.default_rng(seed).normal(size=(6, 4)))

    path = tmp_path / "tune.checkpoint"
    settings = {"run": of_seed, "hypers": start(), "seeds": "fresh"}
    stopped_after(4, path, **settings)
    resumed = mg.tune(**settings, outer_steps=STEPS, checkpoint=path)
    assert course(resumed) == course(mg.tune(**settings, outer_steps=STEPS))


def test_what_auto_chose_is_kept(tmp_path, monkeypatch):
    """It goes by the clock: after the interruption it would choose another, of other bits."""
    path = tmp_path / "tune.checkpoint"
    monkeypatch.setattr(automatic, "choice", lambda told: "Forward")
    stopped_after(3, path)
    monkeypatch.setattr(automatic, "choice", lambda told: "Stored")
    resumed = mg.tune(training(), start(), STEPS, checkpoint=path)
    assert course(resumed) == course(mg.tune(training(), start(), STEPS, method="forward"))
    assert course(resumed) != course(mg.tune(training(), start(), STEPS, method="stored"))


def test_a_finished_descent_can_be_taken_further_and_asked_again(tmp_path):
    path = tmp_path / "tune.checkpoint"
    mg.tune(training(), start(), 3, checkpoint=path)
    further = mg.tune(training(), start(), STEPS, checkpoint=path)
    assert course(further) == course(mg.tune(training(), start(), STEPS))
    before = path.read_bytes()
    assert course(mg.tune(training(), start(), STEPS, checkpoint=path)) == course(further)
    assert path.read_bytes() == before
    with pytest.raises(CheckpointError, match=r"has 8 outer steps already.*not 3"):
        mg.tune(training(), start(), 3, checkpoint=path)


def other_step():
    run = training()
    return mg.TrainingRun(
        run.init, lambda w, h, b: run.step(w, h, b) * 1.0000001, run.cost, 6, BATCHES
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"run": training(steps=5, batches=BATCHES)}, "training steps is 6 there and 5 here"),
        ({"run": training(batches=BATCHES + 1)}, "first batch is"),
        ({"run": training(batches=[*BATCHES[:5], BATCHES[0]])}, "last batch is"),
        ({"run": training(target=0.6)}, "the cost at the first point is 0x"),
        ({"run": other_step()}, "the cost at the first point is 0x"),
        ({"hypers": {**start(), "lam": mg.positive(0.2)}}, "start is"),
        ({"hypers": {**start(), "lam": 0.1}}, r"hyper \['lam'\] is positive .* and real .* here"),
        ({"hypers": {**start(), "lam": mg.positive(np.full(4, 0.1))}}, r"shape \(4,\) here"),
        (
            {"optimiser": mg.hyper.SignSteps(step=0.25)},
            r"optimiser is SignSteps\(step=0.5.*SignSteps\(step=0.25",
        ),
        ({"optimiser": "adam"}, "optimiser is SignSteps"),
        ({"method": "recorded"}, "method is 'auto' there and 'recorded' here"),
        ({"explosion": 3.0}, "rules is"),
        ({"seed": 1}, "seed is 0 there and 1 here"),
    ],
)
def test_another_descent_is_refused_and_the_difference_named(tmp_path, change, words):
    path = tmp_path / "tune.checkpoint"
    mg.tune(training(), start(), 2, checkpoint=path)
    before = path.read_bytes()
    hypers = change.get("hypers", start())
    if "run" in change and change["run"].steps == 5:
        hypers = {**start(), "eta": mg.per_step(mg.positive(np.full(5, 0.3)))}
    with pytest.raises(CheckpointError, match=words):
        mg.tune(**{"run": training(), **change, "hypers": hypers}, checkpoint=path)
    assert path.read_bytes() == before


def test_a_file_that_is_there_is_not_overwritten_unless_told(tmp_path):
    path = tmp_path / "tune.checkpoint"
    mg.tune(training(), start(), 2, checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match="there is one already"):
        mg.tune(training(), start(), 1, checkpoint=path, resume=False)
    assert path.read_bytes() == before
    mg.tune(training(), start(), 1, checkpoint=path, resume=False, overwrite=True)
    assert (tmp_path / "tune.checkpoint.previous").read_bytes() == before


@given(st.integers(0, 400))
def test_interrupted_in_the_middle_of_a_step_it_goes_on_to_the_same_end(moment):
    """The interruption comes while a batch is read, wherever that is."""
    reads = iter(range(10**6))

    def batch(t):
        if next(reads) == moment:
            raise KeyboardInterrupt
        return BATCHES[t]

    rest = {"hypers": start(), "outer_steps": STEPS, "method": "stored"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tune.checkpoint"
        try:
            done = len(mg.tune(training(batches=batch), **rest, checkpoint=path).history)
        except KeyboardInterrupt:
            done = 0
        assert path.exists() == (done > 0)
        resumed = mg.tune(training(), **rest, checkpoint=path)
        left = {file.name for file in Path(folder).iterdir()}
    assert left == {"tune.checkpoint", "tune.checkpoint.previous"}
    assert course(resumed) == course(mg.tune(training(), **rest))


KILLED = """
import sys
sys.path.insert(0, {tests!r})
import minigrad as mg
from test_resume import course, start, training
result = mg.tune(training(), start(), 40, checkpoint={path!r}, patience=100,
                 callback=lambda news: print(news.done, flush=True))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
@pytest.mark.parametrize(("signal_name", "line"), [("SIGKILL", 3), ("SIGTERM", 9), ("SIGKILL", 21)])
def test_killed_at_some_moment_it_goes_on_to_the_same_end(tmp_path, signal_name, line):
    path = tmp_path / "tune.checkpoint"
    code = KILLED.format(tests=str(Path(__file__).parent), path=str(path))
    root = str(Path(mg.__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    ) as process:
        for said in process.stdout:
            if int(said) == line:
                time.sleep(0.0007 * line)  # somewhere within the next steps
                process.send_signal(getattr(signal, signal_name))
                break
    resumed = mg.tune(training(), start(), 40, checkpoint=path, patience=100)
    assert course(resumed) == course(mg.tune(training(), start(), 40, patience=100))
    left = {file.name for file in tmp_path.iterdir()}
    assert left == {"tune.checkpoint", "tune.checkpoint.previous"}


def test_no_pickle_is_in_the_file(tmp_path):
    path = tmp_path / "tune.checkpoint"
    mg.tune(training(), start(), 2, checkpoint=path)
    data = path.read_bytes()
    length = int.from_bytes(data[12:20], "little")
    assert json.loads(data[20 : 20 + length])["header"]["identity"]["training steps"] == "6"
