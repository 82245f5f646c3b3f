"""A tape that checks stops at the first NaN or infinity, wherever it comes up, and says where."""

import os

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import NonFiniteError

FILE = os.path.basename(__file__)
X = np.array([1.0, 0.0, 4.0])

# What is computed from x = (1, 0, 4), the primitive at which it stops being finite, and in what.
IN_THE_VALUE = [
    (lambda x: np.log(x), "log", "is -inf in 1 of 3 elements, first at [1]"),
    (lambda x: 1.0 / x, "divide", "is inf in 1 of 3 elements, first at [1]"),
    (lambda x: np.sqrt(x - 2.0), "sqrt", "is nan in 2 of 3 elements, first at [0]"),
    (lambda x: np.exp(800.0 * np.sum(x)), "exp", "is inf"),
    (lambda x: x * np.array([1.0, 1.0, np.nan]), "multiply", "operand 1 is nan in 1 of 3"),
]
ONLY_IN_THE_DERIVATIVE = [
    (lambda x: np.sqrt(x), "sqrt"),
    (lambda x: np.arccos(np.minimum(x, 1.0)), "arccos"),
    (lambda x: x**0.5, "power"),
    (lambda x: np.sum(np.sqrt(x)) * 2.0, "sqrt"),
]


def caught(compute):
    with np.errstate(all="ignore"), pytest.raises(NonFiniteError) as error:
        compute()
    return str(error.value)


def named(message, name):
    return f"({name} on " in message and f"{FILE}:" in message


@pytest.mark.parametrize(("f", "name", "what"), IN_THE_VALUE)
def test_a_value_that_is_not_finite_is_named_as_it_is_recorded(f, name, what):
    def compute():
        with mg.Tape(check="finite") as tape:
            f(tape.variable(X))

    message = caught(compute)
    assert named(message, name)
    assert what in message
    assert "shapes" in message


@pytest.mark.parametrize("way", ["closed", "recorded", "contributions", "forward"])
@pytest.mark.parametrize(("f", "name"), ONLY_IN_THE_DERIVATIVE)
def test_a_derivative_that_is_not_finite_is_named_by_the_instruction_it_passes(f, name, way):
    def compute():
        with mg.Tape(check="finite") as tape:
            x = tape.variable(X)
            y = f(x)
            assert np.all(np.isfinite(y.value))
            ones = np.ones(y.shape)
            if way == "recorded":
                tape.gradient(y, x, cotangent=ones)
        if way == "forward":
            return tape.tangent(y, x, np.ones(3))
        return tape.gradient(y, x, cotangent=ones, contributions=way == "contributions")

    message = caught(compute)
    assert named(message, name)
    assert "though its value is" in message
    assert ("the tangent is" if way == "forward" else "the cotangent it passes on") in message


@pytest.mark.parametrize("kind", [mg.errors.MinigradError, ArithmeticError])
def test_the_alarm_is_caught_as_an_error_of_the_package_and_of_arithmetic(kind):
    with mg.Tape(check="finite") as tape, pytest.raises(kind, match="variable"):
        tape.variable(np.inf)


def test_the_step_in_which_a_training_loop_leaves_the_finite_numbers_is_named():
    def step(w, h, batch):
        return w - h["eta"] * w**3  # the line that is named

    run = mg.TrainingRun(init=lambda h: 2.0, step=step, cost=lambda w, h: w * w, steps=40)
    message = caught(lambda: mg.hypergradient(run, {"eta": 3.0}, mg.Recorded(check="finite")))
    assert f"{FILE}:{step.__code__.co_firstlineno + 1}" in message


@pytest.mark.parametrize("value", [np.nan, np.inf, np.array([[0.0, -np.inf]]), complex(0, np.inf)])
def test_a_variable_that_is_not_finite_from_the_start_is_refused(value):
    def compute():
        with mg.Tape(check="finite") as tape:
            tape.variable(value)

    assert "variable" in caught(compute)


def test_a_large_number_is_finite_though_its_square_is_not():
    with mg.Tape(check="finite") as tape:
        y = np.sum(tape.variable(np.full(3, 1e200)))
    assert y.value == 3e200


def test_what_a_rule_masks_itself_is_no_alarm():
    # The rule of `norm` at 0, and of `where` on the side that is not taken.
    with mg.Tape(check="finite") as tape:
        x = tape.variable(X)
        safe = np.sqrt(np.where(x.value > 0, x, 1.0))
        y = np.sum(np.where(x.value > 0, safe, 0.0)) + np.max(x)
        slope = tape.gradient(y, x)
        tape.gradient(np.sum(slope * slope), x)


def test_integers_booleans_and_fractions_are_finite():
    from fractions import Fraction

    with mg.Tape(check="finite") as tape:
        x = tape.variable(Fraction(1, 3))
        assert not x * x > x
        tape.variable(np.array([1, 2]))
        tape.variable(np.array([True]))


def test_the_numbers_are_those_of_a_tape_that_does_not_check():
    def gradient(check):
        with mg.Tape(check=check) as tape:
            x = tape.variable(np.linspace(0.1, 1.0, 7))
            slope = tape.gradient(np.sum(np.sin(x) * np.exp(x)), x)
            y = np.sum(slope * slope)
        return tape.gradient(y, x)

    assert gradient("finite").tobytes() == gradient(None).tobytes()


@pytest.mark.parametrize("make", [mg.Tape, mg.Recorded])
def test_what_can_not_be_checked_is_refused_by_name(make):
    with pytest.raises(ValueError, match=r"check='infinite'; expected 'finite', or None"):
        make(check="infinite")
