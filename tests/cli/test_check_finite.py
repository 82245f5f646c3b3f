"""--check-finite: the instruction and the user's line at which a training stops being finite."""

import pytest

from tests.cli.conftest import strict

EXPLODES = """
def steep(w, hypers, batch):
    return w - hypers["eta"] * w**3

run = mg.TrainingRun(init=lambda hypers: np.ones(3), step=steep, cost=lambda w, h: w @ w, steps=40)
hypers = {"eta": mg.positive(5.0)}
"""
STANDS_ON_A_POLE = """
run = mg.TrainingRun(
    init=lambda hypers: hypers["eta"] * np.zeros(2),
    step=lambda w, hypers, batch: w,
    cost=lambda w, hypers: np.sum(np.sqrt(w)),
    steps=2,
)
hypers = {"eta": mg.positive(1.0)}
"""


@pytest.mark.parametrize("command", ["gradient", "tune"])
def test_the_first_value_that_is_not_finite_ends_the_command_in_a_line(call, own, command):
    code, _, err = call(command, own(EXPLODES), "--check-finite")
    assert code == 1
    assert "instruction " in err
    assert "my_run.py:20" in err
    assert "is inf in 3 of 3 elements" in err
    assert "Traceback" not in err


def test_a_slope_that_is_infinite_is_named_though_the_run_is_finite(call, own):
    code, _, err = call("gradient", own(STANDS_ON_A_POLE), "--check-finite")
    assert code == 1
    assert "the derivative of instruction" in err
    assert "(sqrt on " in err


def test_a_sound_run_has_the_same_numbers(call, own):
    found = []
    for more in ([], ["--check-finite"]):
        code, out, err = call("gradient", own(""), "--method", "recorded", "--json", *more)
        assert (code, err) == (0, "")
        found.append({key: strict(out)[key] for key in ("cost", "gradient")})
    assert found[0] == found[1]


def test_it_goes_with_a_tape(call, own):
    code, _, err = call("gradient", own(""), "--method", "stored", "--check-finite")
    assert code == 2
    assert "--method stored makes none of the whole run" in err
