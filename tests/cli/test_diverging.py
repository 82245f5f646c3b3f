"""A training that is odd, diverges, explodes or ignores a hyper, told by every command."""

import numpy as np
import pytest

from tests.cli.conftest import strict

DIVERGES = """
hypers = {"eta": mg.positive(1e80), "lam": mg.positive(0.5)}
"""
HIDDEN = """
def hidden(w, hypers):
    return np.sum(np.where(np.isfinite(w), w, 0.0))

run = mg.TrainingRun(init=lambda hypers: np.ones(3), step=step, cost=hidden, steps=10)
"""
SAID = "diverged at step 3: the state became infinite"


def by_hand():
    """The step that makes the weights infinite."""
    w, t = 1.0, 0
    with np.errstate(over="ignore"):
        while np.isfinite(w):
            w, t = w - 1e80 * (2.0 * (w - 2.0) + 0.5 * w), t + 1
    return t - 1


@pytest.mark.parametrize("method", ["auto", "recorded", "stored", "checkpointed", "forward"])
@pytest.mark.parametrize("more", ["", HIDDEN])
def test_gradient_names_the_step(call, own, method, more):
    assert by_hand() == 3
    code, out, err = call("gradient", own(more + DIVERGES), "--method", method)
    assert (code, err) == (1, "")
    assert SAID in out
    assert "It diverged: start from a smaller learning rate" in out
    code, out, _ = call("gradient", own(more + DIVERGES), "--method", method, "--json")
    found = strict(out)
    assert found["cost"] is None
    assert found["gradient"] == {"eta": None, "lam": None}
    assert found["stats"]["diverged_at"] == 3


@pytest.mark.parametrize("more", ["", HIDDEN])
@pytest.mark.parametrize("command", ["tune", "verify", "explain"])
def test_the_others_name_it_and_fail(call, own, command, more):
    code, _, err = call(command, own(more + DIVERGES))
    assert code == 1
    assert SAID in err
    assert "Traceback" not in err


@pytest.mark.parametrize("more", ["", HIDDEN])
def test_trust_names_the_state(call, own, more):
    _, out, err = call("trust", own(more + DIVERGES))
    assert err == ""
    assert "diverges: the state before step 4 is not" in out


def test_a_landscape_goes_on_around_it(call, own):
    code, out, _ = call("landscape", own(HIDDEN), "--side", "2", "--eta-range", "1e-3", "1e80")
    assert code == 0
    assert "2 trainings without a finite cost" in out


@pytest.mark.parametrize("command", ["gradient", "tune"])
def test_a_hyper_that_is_ignored_is_told(call, own, command):
    more = "\nhypers['unused'] = mg.positive(1.0)"
    short = ["--outer-steps", "2"] if command == "tune" else []
    code, out, _ = call(command, own(more), *short)
    assert code == 0
    assert "C does not depend on unused: its derivative is exactly 0" in out


def test_an_explosion_is_told_with_its_growth(call, own):
    code, out, _ = call("gradient", own("\nhypers['eta'] = mg.positive(30.0)"))
    assert code == 0
    assert "the hypergradient grew by a factor" in out


@pytest.mark.parametrize("command", ["tune", "gradient", "verify", "explain", "tape"])
def test_a_run_without_steps(call, own, command):
    more = "\nrun = mg.TrainingRun(init=run.init, step=step, cost=cost, steps=0)"
    code, out, err = call(command, own(more))
    assert code == 0
    assert "Traceback" not in err
    if command in ("tune", "gradient"):
        assert "C does not depend on eta: its derivative is exactly 0" in out


@pytest.mark.parametrize("command", ["trust", "memory"])
def test_a_run_without_steps_has_nothing_to_report(call, own, command):
    more = "\nrun = mg.TrainingRun(init=run.init, step=step, cost=cost, steps=0)"
    code, out, err = call(command, own(more))
    assert (code, out) == (1, "")
    assert "the run has no steps" in err


@pytest.mark.parametrize(
    "command", ["tune", "gradient", "verify", "trust", "explain", "memory", "tape"]
)
def test_a_schedule_is_as_long_as_the_run(call, own, command):
    """Of a tape too, which shows two steps alone."""
    more = "\nhypers['eta'] = mg.per_step(mg.positive(np.full({}, 0.01)))"
    short = ["--outer-steps", "1"] if command == "tune" else []
    code, _, err = call(command, own(more.format(4)))
    assert code == 1
    assert "the schedule eta has 4 entries, but the run has 10 steps: give it one for each" in err
    assert call(command, own(more.format(10)), *short)[0] == 0


@pytest.mark.parametrize("command", ["gradient", "verify", "trust", "explain", "memory", "tape"])
def test_a_rate_of_zero_or_less_is_run(call, own, command):
    for eta in ("0.0", "-0.01"):
        code, _, err = call(command, own(f"\nhypers['eta'] = {eta}"))
        assert (code, err) == (0, "")
