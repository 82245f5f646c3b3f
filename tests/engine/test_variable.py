"""The laws of a Variable as a Python object, of its errors, and of small parts of the engine."""

import operator
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import minigrad as mg
from minigrad import errors
from minigrad.extend import Primitive, def_jvp, def_vjp, primitive
from minigrad.primitive import broadcast_to, filled_like, variable


@pytest.fixture
def x():
    with mg.Tape() as tape:
        yield tape.variable(np.array([1.0, 2.0, 3.0]))


# A Variable among Python's objects


def test_a_variable_has_the_length_and_the_elements_of_its_value(x):
    assert len(x) == 3
    parts = list(x)
    assert [part.value for part in parts] == [1.0, 2.0, 3.0]
    assert_array_equal(x.tape.gradient(parts[2] * parts[2], x).value, [0.0, 0.0, 6.0])


def test_a_number_is_not_iterated_over(x):
    with pytest.raises(TypeError, match="shape \\(\\) cannot be iterated over"):
        iter(x[0])


@pytest.mark.parametrize("compare", ["lt", "le", "gt", "ge", "eq", "ne"])
def test_comparisons_are_those_of_the_values(x, compare):
    compare = getattr(operator, compare)
    others = np.array([2.0, 2.0, 2.0])
    assert_array_equal(compare(x, others), compare(x.value, others))
    assert_array_equal(compare(x, 2.0), compare(x.value, 2.0))
    assert_array_equal(compare(2.0, x), compare(2.0, x.value))


@pytest.mark.parametrize(
    "convert",
    [float, int, complex, bool, round, operator.index, np.asarray, lambda x: x.__setitem__(0, 1.0)],
)
def test_what_would_drop_a_variable_from_the_tape_is_refused(x, convert):
    with pytest.raises(errors.UntrackedError, match=r"Use `x\.value` if that is meant"):
        convert(x)


def test_methods_of_arrays_are_numpys_functions_and_others_are_refused(x):
    assert x.sum().value == 6.0
    assert_array_equal(x.reshape(3, 1).value, x.value.reshape(3, 1))
    with pytest.raises(AttributeError, match="no 'frobnicate'"):
        _ = x.frobnicate


def test_the_explorer_can_be_asked_of_the_tape():
    with mg.Tape() as tape:
        x = tape.variable(2.0)
        y = x * x
    assert type(tape.explore(y, x)).__name__ == "Explorer"


@pytest.mark.parametrize(
    ("error", "also"),
    [
        (errors.TapeError, RuntimeError),
        (errors.TapeMismatchError, errors.TapeError),
        (errors.ChangedArrayError, RuntimeError),
        (errors.MissingRuleError, NotImplementedError),
        (errors.SourceError, TypeError),
        (errors.TargetError, ValueError),
        (errors.UntrackedError, TypeError),
    ],
)
def test_an_error_is_caught_as_minigrads_and_as_pythons(error, also):
    for caught in (errors.MinigradError, also, Exception):
        with pytest.raises(caught):
            raise error("told")


# Primitives


def test_one_rule_for_all_operands_gets_the_parameters_and_stays_a_function():
    @primitive
    def scaled(a, b, scale):
        return scale * a * b

    def vjp(y_bar, y, a, b, scale):
        return scale * y_bar * b, scale * y_bar * a

    def jvp(a_dot, b_dot, y, a, b, scale):
        return scale * (a_dot * b + a * b_dot)

    assert scaled.def_vjp(vjp) is vjp
    assert scaled.def_jvp(jvp) is jvp
    with mg.Tape() as tape:
        a, b = tape.variable(3.0), tape.variable(5.0)
        y = scaled(a, b, scale=2.0)
    assert tape.gradient(y, [a, b]) == [10.0, 6.0]


@pytest.mark.parametrize("way", ["gradient", "tangent"])
def test_what_depends_on_a_source_through_an_operand_without_a_rule_is_not_visited(way):
    """So a primitive that has no rules may stand behind a mask."""
    mask = Primitive(lambda x: x > 0.0, "mask")
    def_vjp(mask, None)
    def_jvp(mask, None)
    ruleless = Primitive(lambda m: 1.0 * m, "ruleless")
    with mg.Tape() as tape:
        x = tape.variable(np.array([-1.0, 1.0]))
        y = np.sum(ruleless(mask(x)))
    found = tape.gradient(y, x) if way == "gradient" else tape.tangent(y, x, np.ones(2))
    assert_array_equal(found, np.zeros_like(found))


def test_rules_of_several_outputs_see_each_output_as_what_it_is():
    """Second derivatives of x^2 and exp(x), whose rule is written with the outputs."""
    pair = Primitive(lambda x: (x * x, np.exp(x), x * x * x), "pair")
    pair.def_vjp(
        lambda y_bar, y, x: (y_bar[0] * 2.0 * x + y_bar[1] * y[1] + y_bar[2] * 3.0 * y[0],)
    )
    for part, second in enumerate([2.0, np.exp(0.5), 3.0]):
        with mg.Tape() as tape:
            x = tape.variable(np.array(0.5))
            slope = tape.gradient(pair(x)[part], x)
        assert tape.gradient(slope, x) == pytest.approx(second, rel=1e-15)


def test_broadcasting_can_be_differentiated_by_itself():
    weights = np.arange(6.0).reshape(2, 3)
    with mg.Tape() as tape:
        x = tape.variable(np.array([1.0, 2.0, 3.0]))
        y = broadcast_to(x, shape=(2, 3))
    assert_array_equal(tape.gradient(y, x, cotangent=weights), [3.0, 5.0, 7.0])
    assert_array_equal(tape.tangent(y, x, np.arange(3.0)), [[0.0, 1.0, 2.0]] * 2)


def test_a_variable_is_the_identity_of_what_is_plain():
    assert variable(3.0) == 3.0


FRACTIONS = np.array([Fraction(1, 2), Fraction(3)])


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize(
    ("value", "filled"),
    [
        (0.5, float),
        (3, int),
        (Fraction(1, 2), Fraction),
        (np.float64(0.5), np.float64),
        (np.float32(0.5), np.float32),
        (np.complex64(1j), np.complex64),
        (np.ones((2, 3), np.float32), np.ones((2, 3), np.float32)),
        (np.ones((2, 0)), np.ones((2, 0))),
        (np.array([np.inf, np.nan]), np.ones(2)),
        (FRACTIONS, np.array([Fraction(1), Fraction(1)])),
    ],
)
def test_ones_and_zeros_of_the_kind_of_a_value(value, filled, number):
    wanted = filled(number) if isinstance(filled, type) else filled * number
    found = filled_like(value, number)
    assert type(found) is type(wanted)
    assert np.shape(found) == np.shape(wanted)
    assert np.asarray(found).dtype == np.asarray(wanted).dtype
    assert_array_equal(found, wanted)
    if value is FRACTIONS:
        assert {type(x) for x in found} == {Fraction}


def test_nothing_asked_is_nothing_given():
    with mg.Tape() as tape:
        x = tape.variable(2.0)
        y = x * x
    assert tape.gradient(y, []) == []
    assert tape.tangent([], x, 1.0) == []


def test_the_tangents_of_several_outputs_are_fitted_one_by_one_and_none_is_zero():
    three = Primitive(lambda x: (x * np.ones(2, np.float32), np.sin(x), 1.0 * x), "three")
    def_jvp(three, lambda x_dot, y, x: (x_dot, None, x_dot))
    with mg.Tape() as tape:
        x = tape.variable(np.float32(3.0))
        wide, ignored, same = three(x)
    moved = tape.tangent([wide, ignored, same], x, np.float32(2.0))
    for tangent, output, number in zip(moved, (wide, ignored, same), (2.0, 0.0, 2.0), strict=True):
        assert np.shape(tangent) == output.shape
        assert np.asarray(tangent).dtype == output.dtype
        assert_array_equal(tangent, np.full(output.shape, number))
