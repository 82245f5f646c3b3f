"""What each command prints: in lines that fit, for programs as strict JSON, and its exit code."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import minigrad as mg
from minigrad.hyper.tuning.checkpoint import CheckpointFile
from tests.cli.conftest import strict

SHORT = {  # the arguments of each command, what its JSON has, and how wide its lines are
    "tune": (["--outer-steps", "2"], {"check", "best", "history", "stopped", "seconds"}, 60),
    "gradient": ([], {"cost", "values", "gradient", "elasticity"}, 60),
    "verify": ([], {"verdict", "ok"}, 60),
    "trust": ([], {"verdict", "cost"}, 60),
    "explain": ([], {"cost", "parts", "hypers"}, 60),
    "landscape": (["--side", "3"], {"costs", "minima"}, 80),
    "memory": ([], {"rows", "steps"}, 80),
    "tape": ([], {"instructions", "code"}, 80),
}


def network(command):
    steps = [] if command == "tape" else ["--steps", "10"]
    return [command, *steps, "--hidden", "4", *SHORT[command][0]]


@pytest.mark.parametrize("command", SHORT)
def test_its_json_is_strict_and_all_that_is_printed(call, command):
    code, out, err = call(*network(command), "--json")
    assert (code, err) == (0, "")
    assert SHORT[command][1] <= strict(out).keys()


@pytest.mark.parametrize("command", SHORT)
def test_its_lines_fit(call, command):
    code, out, _ = call(*network(command))
    assert code == 0
    assert max(map(len, out.splitlines())) <= SHORT[command][2]


@pytest.mark.parametrize("command", SHORT)
def test_it_takes_a_run_of_ones_own(call, own, command):
    code, out, err = call(command, own(), *SHORT[command][0])
    assert (code, err) == (0, "")
    assert ("my_run.py" if command in ("tape", "memory") else "eta") in out
    code, out, _ = call(command, own(), *SHORT[command][0], "--json")
    assert code == 0
    assert SHORT[command][1] <= strict(out).keys()


def test_a_pair_and_a_function_are_taken_as_well(call, own):
    more = "def made(): return pair\ndef alone(): return run"
    etas = {}
    for name in ("run", "pair", "made", "alone"):
        etas[name] = strict(call("gradient", own(more, name), "--json")[1])["values"]["eta"]
    assert etas == {"run": 0.01, "pair": 0.02, "made": 0.02, "alone": 0.01}


@pytest.mark.parametrize("method", ["recorded", "stored", "checkpointed", "forward"])
def test_the_gradient_is_the_librarys_by_every_method(call, method):
    options = ["gradient", "--steps", "10", "--json"]
    found = strict(call(*options, "--method", method)[1])
    run = mg.experiments.Classification(steps=10).run
    result = mg.hypergradient(run, {"eta": mg.positive(0.05), "lam": mg.positive(1.0)})
    for name in ("eta", "lam"):
        assert found["gradient"][name] == pytest.approx(result.gradient[name], rel=1e-9)


def test_verify_is_1_if_the_answers_disagree(call, own):
    counting = """
calls = []

def step(w, hypers, batch):
    calls.append(1)
    return w - hypers["eta"] * w * len(calls)

run = mg.TrainingRun(init=run.init, step=step, cost=cost, steps=5)
"""
    code, out, _ = call("verify", own(counting))
    assert code == 1
    assert "verify: not a function" in out
    code, out, _ = call("verify", own(counting), "--json")
    assert code == 1
    assert strict(out)["ok"] is False


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("gradient", "It diverged"),
        ("trust", "trust: diverged"),
        ("tune", "start from a smaller learning rate"),
        ("explain", "take a smaller learning rate"),
        ("verify", "start from a smaller learning rate"),
    ],
)
def test_a_training_that_diverges_is_1_without_a_shower_of_warnings(call, command, said):
    code, out, err = call(command, "--eta", "1e5")
    assert code == 1
    assert said in " ".join((out + err).split())
    assert "Warning" not in err


@pytest.mark.parametrize(
    "options", [["--per-step"], ["--per-layer"], ["--per-step", "--per-layer"]]
)
def test_schedules_and_decays_for_each_layer_are_judged_too(call, options):
    arguments = ["tune", "--steps", "10", "--outer-steps", "3", *options]
    code, out, _ = call(*arguments)
    assert code == 0
    assert "~" in out
    report = strict(call(*arguments, "--json")[1])
    assert np.size(report["tuned"]["eta"]) == (10 if "--per-step" in options else 1)
    assert np.size(report["tuned"]["lam"]) == (2 if "--per-layer" in options else 1)
    assert report["tuned"]["validation"]["cost"] < report["start"]["validation"]["cost"]


@pytest.mark.parametrize("optimiser", ["adam", "signs", "newton"])
def test_tune_descends_by_each_optimiser(call, own, optimiser):
    code, out, _ = call("tune", own(), "--optimiser", optimiser, "--outer-steps", "4", "--json")
    assert code == 0
    report = strict(out)
    assert report["best"]["cost"] < report["history"][0]["cost"]


@pytest.mark.parametrize("kind", ["csv", "npz"])
def test_tune_learns_from_a_file_of_ones_own(call, tmp_path, kind):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 90)
    x = rng.normal(size=(90, 2)) + 3 * np.eye(3)[y][:, :2]
    path = tmp_path / f"points.{kind}"
    options = ["--data", path, "--steps", "20", "--batch", "10", "--outer-steps", "4"]
    if kind == "npz":
        np.savez(path, x=x, y=y)
    else:
        words = np.array(["red", "green", "blue"])[y]
        rows = [f"{a},{b},{word}" for (a, b), word in zip(x, words, strict=True)]
        path.write_text("\n".join(["a,b,kind", *rows]))
        options += ["--target", "kind"]
    code, out, _ = call("tune", *options)
    assert code == 0
    assert out.startswith(f"A 2-32-3 network on 54 examples of points.{kind}, 20 steps of 10")
    report = strict(call("tune", *options, "--json")[1])
    assert report["tuned"]["validation"]["cost"] < report["start"]["validation"]["cost"]


def test_a_page_is_written(call, own, tmp_path):
    page = tmp_path / "page.html"
    assert call("tune", own(), "--outer-steps", "3", "--html", page)[0] == 0
    assert "<html" in page.read_text()
    code, _, err = call("tune", own(), "--html", page)
    assert code == 2
    assert f"--html {page}: the file is there" in err


INTERRUPTED = """
left = [{left}]

def batches(t):
    left[0] -= 1
    if left[0] == 0:
        raise KeyboardInterrupt
    return np.zeros(1)

run = mg.TrainingRun(init=run.init, step=step, cost=cost, steps=10, batches=batches)
"""


def test_an_interrupted_descent_is_130_with_what_is_done_and_goes_on_to_the_same_end(
    call, own, tmp_path
):
    arguments = ["--outer-steps", "6", "--method", "stored", "--json", "--checkpoint"]
    endless = own(INTERRUPTED.format(left=-1))
    _, out, _ = call("tune", endless, *arguments, tmp_path / "whole")
    whole = strict(out)
    code, out, _ = call("tune", own(INTERRUPTED.format(left=125)), *arguments, tmp_path / "kept")
    assert code == 130
    part = strict(out)
    assert part["stopped"] == "interrupted"
    done = len(part["history"])
    assert 1 <= done < 6
    code, out, _ = call("tune", own(INTERRUPTED.format(left=-1)), *arguments, tmp_path / "kept")
    assert code == 0
    again = strict(out)
    assert again["resumed"] == done
    assert again["history"] == whole["history"]
    code, out, _ = call("tune", endless, *arguments[:4], *arguments[5:], tmp_path / "kept")
    assert f"6 outer steps from {tmp_path / 'kept'}, 0 more." in out


def test_interrupted_before_anything_is_done_it_is_130_and_says_so(call, own):
    assert call("tune", own(INTERRUPTED.format(left=1)))[::2] == (130, "interrupted\n")


def test_an_interrupted_grid_leaves_what_was_tuned(call, monkeypatch):
    def interrupted(run, axes, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("minigrad.hyper.grid_search", interrupted)
    code, out, _ = call("tune", "--steps", "5", "--outer-steps", "2")
    assert code == 130
    assert "tuned" in out
    assert "grid" not in out


STARTED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever started us may ignore it
from minigrad.cli import main
sys.exit(main(sys.argv[1:]))
"""


def shell(*arguments):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", STARTED, *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_ends_a_process_with_130_and_what_is_done(tmp_path):
    kept, second = tmp_path / "kept", tmp_path / "kept.previous"  # there after two outer steps
    options = ["--steps", "5", "--outer-steps", "100000", "--optimiser", "adam"]
    with shell("tune", *options, "--checkpoint", kept) as process:
        while not second.exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130, err
    assert "interrupted" in out
    with CheckpointFile(kept) as file:
        assert file.read() is not None


@pytest.mark.parametrize("command", [["tape"], ["claims", "7", "2"]])
def test_a_reader_that_has_gone_is_no_traceback(command):
    with shell(*command) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1
