"""What is foretold comes true, and what would not fit is refused before it begins."""

import json
import os
import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest
from training_runs import RUNS

import minigrad as mg
from minigrad import cli
from minigrad.experiments import Classification
from minigrad.hyper import memory
from minigrad.primitive import def_vjp, primitive

forecast_module = import_module("minigrad.hyper.forecast")  # the function has its name
LONG = [name for name in RUNS if name != "no step"]


@pytest.mark.parametrize("name", LONG)
def test_bytes_and_steps_are_those_of_the_method(name):
    run, hypers = RUNS[name]()
    told = mg.hyper.forecast(run, hypers)
    settings = {"snapshots": told.plan.snapshots, "stretch": told.plan.stretch}
    methods = {
        "Stored": mg.Stored(),
        "Forward": mg.Forward(),
        "Checkpointed": mg.Checkpointed(**settings),
        "FiniteDifference": mg.FiniteDifference(),
    }
    for method, using in methods.items():
        row, stats = told.rows[method], mg.hypergradient(run, hypers, using).stats
        if method != "FiniteDifference":
            assert row.kept_bytes == pytest.approx(stats.kept_bytes, rel=0.25)
            assert row.steps_rerun == stats.steps_rerun
        else:
            assert row.steps_rerun + run.steps == stats.steps_run
        assert row.exact == stats.exact
        assert 0 < row.seconds < 10
        assert row.fits


def test_the_bytes_of_the_tape_are_those_of_its_steps():
    experiment = Classification(steps=20, hidden=(8,), batch=16)
    hypers = {"eta": mg.positive(0.1), "lam": mg.positive(1.0)}
    told = mg.hyper.forecast(experiment.run, hypers).rows["Recorded"].kept_bytes
    tape_bytes = mg.hypergradient(experiment.run, hypers, mg.Recorded()).stats.tape_bytes
    assert told == pytest.approx(tape_bytes, rel=0.3)


def test_the_table_has_a_line_for_each_method():
    run, hypers = RUNS["heavy ball"]()
    told = mg.hyper.forecast(run, hypers, memory="150 B")
    lines = str(told).splitlines()
    assert lines[0] == "9 steps, 3 numbers among the hyperparameters; 150 B may be used"
    for row, line in zip(told.rows.values(), lines[2:], strict=True):
        assert line.startswith(row.method)
        assert ("too much" in line) == (row.kept_bytes > 150)
        assert ("approximate" in line) == (row.method == "FiniteDifference()")
    assert told.best is None or told.best.fits


def test_a_method_without_a_rule_is_left_out():
    @primitive
    def cube(x):
        return x**3

    def_vjp(cube, lambda y_bar, y, x: y_bar * 3 * x * x)
    run = mg.TrainingRun(
        lambda h: 0.5, lambda w, h, batch: w - h["eta"] * cube(w), lambda w, h: w, steps=4
    )
    told = mg.hyper.forecast(run, {"eta": 0.1})
    assert "Forward" not in told.rows
    assert "Stored" in told.rows


def test_a_run_without_steps_has_no_forecast():
    with pytest.raises(ValueError, match="no steps"):
        mg.hyper.forecast(*RUNS["no step"]())


@pytest.mark.parametrize("method", [mg.Stored(), mg.Recorded()])
def test_a_run_that_would_not_fit_is_refused_with_advice_that_helps(method, monkeypatch):
    run, hypers = RUNS["gradient descent"](1000)
    monkeypatch.setattr(forecast_module, "SMALL", 0)
    monkeypatch.setattr(forecast_module, "available_bytes", lambda: 5000)
    with pytest.raises(mg.hyper.NotEnoughMemoryError, match="but 5 kB are free") as error:
        mg.hypergradient(run, hypers, method)
    assert isinstance(error.value, MemoryError)
    advised = eval(str(error.value).split("Take ")[1].split(", with")[0], {"mg": mg})
    stats = mg.hypergradient(run, hypers, advised).stats
    assert stats.kept_bytes <= 5000
    assert str(mg.hyper.forecast(run, hypers, 5000)) in str(error.value)


UNDER_A_LIMIT = """
import resource
import numpy as np
import minigrad as mg
from minigrad.hyper.memory import available_bytes
run = mg.TrainingRun(
    init=lambda h: np.zeros(100_000),
    step=lambda w, h, batch: w - h["eta"] * (np.tanh(w) - 0.5),
    cost=lambda w, h: np.sum(w**2),
    steps=300,
)
hypers = {"eta": mg.positive(0.1)}
wanted = mg.hypergradient(run, hypers, mg.Stored()).gradient
with open("/proc/self/status") as status:
    used = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmSize"))
resource.setrlimit(resource.RLIMIT_AS, (used + 100_000_000, -1))
assert available_bytes() <= 100_000_000
for method in (mg.Stored(), mg.Recorded()):
    try:
        mg.hypergradient(run, hypers, method)
    except mg.hyper.NotEnoughMemoryError as error:
        print("refused:", str(error).split(" are free")[0])
assert mg.hypergradient(run, hypers, mg.Checkpointed()).gradient == wanted
print(mg.hypergradient(run, hypers, "auto").stats.method)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits and /proc of Linux")
def test_the_limits_of_the_process_are_asked():
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", UNDER_A_LIMIT],
        env=environment,
        capture_output=True,
        check=False,
        text=True,
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith("refused: Stored() would keep 240 MB, but"), done.stderr
    assert lines[1].startswith("refused: Recorded() would keep")
    assert lines[2].split("(")[0] in ("Forward", "Checkpointed")


def test_what_a_control_group_leaves_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "Path", lambda path: tmp_path)
    assert list(memory.left_to_group()) == []
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("700\n")
    assert list(memory.left_to_group()) == []
    (tmp_path / "memory.max").write_text("1000\n")
    assert list(memory.left_to_group()) == [300]
    assert memory.available_bytes() <= 300


def test_the_command_prints_the_forecast(capsys):
    arguments = ["memory", "--steps", "30", "--hidden", "4", "--batch", "8", "--memory", "1 MB"]
    assert cli.main(arguments) == 0
    text = capsys.readouterr().out
    assert "30 steps, 2 numbers among the hyperparameters; 1 MB may be used" in text
    assert cli.main([*arguments, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["steps"] == 30
    assert report["rows"]["Stored"]["fits"]
    assert report["rows"]["Checkpointed"]["kept_bytes"] < report["rows"]["Stored"]["kept_bytes"]
    assert np.isfinite(report["rows"]["Forward"]["seconds"])
    with pytest.raises(SystemExit):
        cli.main(["memory", "--memory", "much"])
    assert "such as '64 MB'" in capsys.readouterr().err
