"""Laws that a small mistake in the engine would break where the usual programs do not look."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import minigrad as mg
from minigrad import errors
from minigrad.extend import Primitive, def_jvp, def_vjp, primitive, unbroadcast
from minigrad.ops.elementwise import multiply
from minigrad.primitive import fit

# What enters the tape, and what the sweep is asked


def test_one_element_that_is_no_number_is_enough_to_refuse_an_array():
    mixed = np.array([Fraction(1, 2), "a half"], dtype=object)
    with mg.Tape() as tape, pytest.raises(errors.SourceError, match="an array of numbers"):
        tape.variable(mixed)


def test_a_variable_and_a_zero_gradient_have_no_inputs_on_the_tape():
    with mg.Tape() as tape:
        x = tape.variable(np.ones(2))
        zero = tape.gradient(1.0, x)
    assert tape[x.index].inputs == tape[zero.index].inputs == (-1,)


def test_the_moves_of_a_source_that_is_given_twice_add_up():
    with mg.Tape() as tape:
        x = tape.variable(3.0)
        y = x * x
    assert tape.tangent(y, [x, x], [1.0, 2.0]) == 18.0


def test_the_cotangents_of_a_target_that_is_given_twice_add_up():
    with mg.Tape() as tape:
        x = tape.variable(3.0)
        y = x * x
    assert tape.gradient([y, y], x, cotangent=[1.0, 2.0]) == 18.0


def test_a_cotangent_is_taken_in_the_dtype_of_its_target():
    seen = []
    watched = Primitive(lambda x: 2 * x, "watched")
    def_vjp(watched, lambda y_bar, y, x: seen.append(y_bar.dtype) or 2 * y_bar)
    with mg.Tape() as tape:
        x = tape.variable(np.ones(2, np.float32))
        y = watched(x)
    tape.gradient(y, x, cotangent=np.ones(2))
    tape.gradient(y, x, cotangent=np.ones(2, int))
    assert seen == [np.float32, np.float32]


@pytest.mark.parametrize("cotangent", [None, 1.0])
def test_at_a_pole_a_gradient_is_numpys_infinity(cotangent):
    with mg.Tape() as tape:
        x = tape.variable(0.0)
        y = np.sqrt(x)
    with np.errstate(divide="ignore"):
        assert tape.gradient(y, x, cotangent=cotangent) == np.inf


def test_a_source_may_come_long_after_another():
    with mg.Tape() as tape:
        x = tape.variable(2.0)
        y = x * x
        late = tape.variable(5.0)
        target = y * late
    assert tape.gradient(target, [late, x]) == [4.0, 20.0]
    assert tape.tangent(target, [late, x], [1.0, 1.0]) == 24.0


# Arrays that were changed under the tape: what lies between the oldest source and the last target


def changed_between(tape, c):
    """Return a source before the use of `c` and one after it, a result before it and one after."""
    x = tape.variable(2.0)
    before = x * 3.0
    used = np.sum(before * c)
    late = tape.variable(1.0)
    return x, late, before, used * late


def test_the_oldest_of_the_sources_counts_for_what_is_checked():
    c = np.ones(2)
    with mg.Tape() as tape:
        x, late, _, target = changed_between(tape, c)
    c[0] = 5.0
    with pytest.raises(errors.ChangedArrayError):
        tape.gradient(target, [x, late])


def test_the_last_of_the_targets_counts_for_what_is_checked():
    c = np.ones(2)
    with mg.Tape() as tape:
        x, _, before, target = changed_between(tape, c)
    c[0] = 5.0
    with pytest.raises(errors.ChangedArrayError):
        tape.gradient([before, target], x, cotangent=[1.0, 1.0])
    assert tape.gradient(before, x) == 3.0


def test_a_plain_target_has_gradient_zero_whatever_was_changed():
    c = np.ones(2)
    with mg.Tape() as tape:
        x = tape.variable(2.0)
        x * c
    c[0] = 5.0
    assert tape.gradient(1.0, x) == 0.0


# Primitives


def test_one_jvp_rule_for_all_operands_gets_zeros_where_nothing_moves_and_the_parameters():
    @primitive
    def scaled(a, b, scale):
        return scale * a * b

    seen = []

    def rule(a_dot, b_dot, y, a, b, scale):
        seen.append((a_dot, b_dot, y, a, b))
        return scale * (a_dot * b + a * b_dot)

    scaled.def_jvp(rule)
    with mg.Tape() as tape:
        a, b = tape.variable(3.0), tape.variable(5.0)
        y = scaled(a, b, scale=2.0)
    assert tape.tangent(y, a, 1.0) == 10.0
    assert tape.tangent(y, b, 1.0) == 6.0
    assert tape.tangent(y, [a, b], [1.0, 10.0]) == 70.0
    assert seen[:2] == [(1.0, 0.0, 30.0, 3.0, 5.0), (0.0, 1.0, 30.0, 3.0, 5.0)]


def test_lists_and_tuples_of_numbers_are_operands_like_arrays():
    with mg.Tape() as tape:
        x = tape.variable(np.ones(2))
        y = np.sum(np.multiply(x, [2.0, 3.0])) + np.sum(np.multiply((5.0, 7.0), x))
    assert_array_equal(tape.gradient(y, x), [7.0, 10.0])


def test_of_a_list_the_tape_has_a_copy():
    weights = [2.0, 3.0]
    with mg.Tape() as tape:
        x = tape.variable(np.ones(2))
        y = multiply(x, weights)
    weights[0] = 5.0
    assert isinstance(tape[y.index].operands[1], np.ndarray)
    assert_array_equal(tape.gradient(y, x, cotangent=np.ones(2)), [2.0, 3.0])


def test_a_derivative_that_fits_is_recorded_as_it_is():
    with mg.Tape() as tape:
        x = tape.variable(np.float64(3.0))
        tape.gradient(x * x, x)
    assert [line.primitive.name for line in tape] == ["variable", *["multiply"] * 3, "add"]


@pytest.mark.parametrize("x", [np.float32(3.0), np.complex128(3.0), np.float64(3.0)], ids=repr)
def test_a_derivative_in_double_precision_takes_on_the_type_of_its_number(x):
    with mg.Tape() as tape:
        v = tape.variable(x)
        y = v.astype(np.float64) if x.dtype.kind == "f" else v
        total = np.sum(np.real(y * np.ones(3)))
    assert tape.gradient(total, v) == 3.0
    assert tape.gradient(total, v).dtype == x.dtype
    spread = tape.tangent(y, v, x)
    assert spread.dtype == y.dtype


def test_the_tangent_of_a_number_is_spread_as_the_number_is():
    with mg.Tape() as tape:
        x = tape.variable(np.float64(3.0))
        y = x + np.zeros(2)
    assert_array_equal(tape.tangent(y, x, np.float64(5.0)), [5.0, 5.0], strict=True)


def test_a_number_made_with_a_numpy_scalar_does_not_stay_weak():
    with mg.Tape() as tape:
        weak = tape.variable(2.0) * 3.0
        strong = tape.variable(2.0) * np.float64(3.0)
    assert type(weak.value) is float
    assert type(strong.value) is np.float64


@pytest.mark.parametrize(
    ("broadcast", "shape"),
    [
        ((2, 3), ()),
        ((2, 3), (3,)),
        ((2, 3), (2, 1)),
        ((4, 2, 3), (2, 1)),
        ((2, 1), (1, 1)),
        ((), ()),
    ],
)
def test_unbroadcasting_is_the_transpose_of_broadcasting(broadcast, shape):
    """Both sides of <u, B x> = <B^T u, x> are sums of small integers: equal to the last bit."""
    x = np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape)
    u = np.arange(1.0, 1.0 + np.prod(broadcast)).reshape(broadcast) ** 2
    down = unbroadcast(u, shape=shape)
    assert np.shape(down) == shape
    assert np.sum(u * np.broadcast_to(x, broadcast)) == np.sum(down * x)


def test_unbroadcasting_takes_numbers_and_lists():
    assert unbroadcast(3.0, shape=()) == 3.0
    assert_array_equal(unbroadcast([[1.0, 2.0], [3.0, 4.0]], shape=(2,)), [4.0, 6.0])


@pytest.mark.parametrize("given", ["float32", "float64", "complex64", "complex128", "int64"])
@pytest.mark.parametrize("wanted", ["float32", "float64", "complex128"])
@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_a_derivative_is_fitted_to_its_primal(given, wanted, shape):
    derivative = np.full(shape, 2.0).astype(given)
    if given.startswith("complex"):
        derivative += 1j
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # NumPy warns where an imaginary part is dropped unasked
        fitted = fit(derivative, np.ones(3, wanted), unbroadcast)
    number = 2.0 + 1j if given.startswith("complex") and wanted.startswith("complex") else 2.0
    assert fitted.dtype == wanted
    assert_array_equal(fitted, np.full(3, number * (1 if shape == (3,) else 2)))


def test_a_rule_may_give_a_python_number_for_an_array():
    """So does that of a function of slope 1: the machinery makes an array of it."""
    whole = Primitive(lambda x: np.sum(x), "whole")
    def_vjp(whole, lambda y_bar, y, x: np.broadcast_to(y_bar, np.shape(x)))
    def_jvp(whole, lambda x_dot, y, x: 6)
    with mg.Tape() as tape:
        x = tape.variable(np.ones(2, np.float32))
        y = whole(x)
    x_bar, y_dot = tape.gradient(y, x), tape.tangent(y, x, np.ones(2))
    assert_array_equal(x_bar, np.ones(2))
    assert x_bar.dtype == np.asarray(y_dot).dtype == np.float32
    assert y_dot == 6.0


def test_a_forward_sweep_asks_nothing_of_what_comes_after_the_target():
    ruleless = Primitive(lambda x: 2.0 * x, "ruleless")
    with mg.Tape() as tape:
        x = tape.variable(3.0)
        y = x * x
        ruleless(x)
    assert tape.tangent(y, x, 1.0) == 6.0
    assert tape.gradient(y, x) == 6.0


def test_a_rule_may_give_a_derivative_that_broadcasts_to_its_primal():
    spread = Primitive(lambda x: x * np.ones((2, 3)), "spread")
    def_vjp(spread, lambda y_bar, y, x: y_bar)
    def_jvp(spread, lambda x_dot, y, x: x_dot)
    with mg.Tape() as tape:
        x = tape.variable(np.ones(3))
        y = spread(x)
    assert_array_equal(tape.gradient(y, x, cotangent=np.ones((2, 3))), np.full(3, 2.0))
    assert_array_equal(tape.tangent(y, x, np.arange(3.0)), [[0.0, 1.0, 2.0]] * 2)


@pytest.mark.parametrize("is_open", [True, False])
def test_a_sweep_that_needs_a_rule_which_nobody_wrote_says_which(is_open):
    ruleless = Primitive(lambda x: 2.0 * x, "ruleless")

    def sweep(tape, way, x, y):
        mode = {"gradient": "VJP", "tangent": "JVP"}[way]
        with pytest.raises(errors.MissingRuleError, match=f"'ruleless' has no {mode} rule"):
            tape.gradient(y, x) if way == "gradient" else tape.tangent(y, x, 1.0)

    for way in ("gradient", "tangent"):
        with mg.Tape() as tape:
            x = tape.variable(3.0)
            y = ruleless(x)
            if is_open:
                sweep(tape, way, x, y)
        if not is_open:
            sweep(tape, way, x, y)


@pytest.mark.parametrize("gap", [1, 3, 7, 30, 1000])
def test_a_chain_is_followed_in_its_order_whatever_lies_between(gap):
    with mg.Tape() as tape:
        x = y = tape.variable(1.0)
        other = tape.variable(1.0)
        for _ in range(4):
            for _ in range(gap):
                other = other + 1.0
            y = y * 3.0
    assert tape.tangent(y, x, 1.0) == tape.gradient(y, x) == 81.0
