"""Finite differences and the complex step against derivatives known by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from minigrad.testing import complex_step, finite_difference

# function, derivative, where both are smooth; every function is analytic
KNOWN = {
    "sin": (np.sin, np.cos),
    "exp": (np.exp, np.exp),
    "cube": (lambda x: x**3, lambda x: 3 * x**2),
    "gaussian": (lambda x: np.exp(-x * x), lambda x: -2 * x * np.exp(-x * x)),
    "fast wave": (lambda x: np.sin(30 * x), lambda x: 30 * np.cos(30 * x)),
    "shifted": (lambda x: 1e6 + np.sin(x), np.cos),
}
points = st.floats(-3.0, 3.0)
known = st.sampled_from(list(KNOWN))


@given(known, points)
def test_the_error_that_is_stated_holds(name, x):
    """The derivative is where the estimate says it is, and the estimate is worth having."""
    f, slope = KNOWN[name]
    value, error = finite_difference(f, x)
    assert abs(value - slope(x)) <= 4 * error + 1e-12
    assert error <= 1e-4 * (1 + abs(f(x)))


@given(known, points)
def test_the_complex_step_has_all_digits(name, x):
    f, slope = KNOWN[name]
    assert_allclose(complex_step(f, x), slope(x), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("step", [1e-3, 1e-9, 1e-12])
def test_other_steps_are_worse_than_the_cube_root_of_epsilon(step):
    """Larger ones cut the series too soon, smaller ones subtract equal numbers."""

    def off(step):
        x = np.linspace(0.1, 2.0, 50)
        v = np.ones(50)
        found = finite_difference(np.exp, x, direction=(v,), step=step).value
        return np.sqrt(np.mean((found / np.exp(x) - 1) ** 2))

    assert off(None) < 1e-9
    if step < 1e-6:
        assert off(step) > 10 * off(None)
    worst = finite_difference(np.exp, 1.0, step=step).error
    assert worst > finite_difference(np.exp, 1.0).error


def test_all_partial_derivatives_have_the_shape_of_output_and_argument():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(1.0, 4.0)
    by_a, by_b = finite_difference(np.matmul, a, b).value
    assert (by_a.shape, by_b.shape) == ((2, 2, 3), (2, 3))
    assert_allclose(by_a, np.einsum("ip,j->ipj", np.eye(2), b), atol=1e-8)
    assert_allclose(by_b, a, atol=1e-8)
    for found, expected in zip(complex_step(np.matmul, a, b), (by_a, by_b), strict=True):
        assert_allclose(found, expected, atol=1e-8)
    assert finite_difference(np.matmul, a, b).error[1].shape == (2, 3)


def test_arguments_and_outputs_may_be_trees():
    p = {"w": [2.0, np.array([1.0, 3.0])], "none": None}
    f = lambda p, k: {"y": p["w"][0] ** 2 * p["w"][1] * k}  # noqa: E731
    v = {"w": [1.0, np.array([0.0, 10.0])], "none": None}, 0.5
    # 2 w dw x k + w^2 dx k + w^2 x dk, with w = 2, x = (1, 3), k = 7
    expected = np.array([4.0 * 7 + 2.0, 12.0 * 7 + 280.0 + 6.0])
    assert_allclose(finite_difference(f, p, 7.0, direction=v).value["y"], expected, rtol=1e-9)
    assert_allclose(complex_step(f, p, 7.0, direction=v)["y"], expected, rtol=1e-14)

    gradient = finite_difference(lambda p: f(p, 7.0)["y"], p).value
    assert_allclose(gradient["w"][0], [28.0, 84.0], rtol=1e-9)
    assert_allclose(gradient["w"][1], 28.0 * np.eye(2), rtol=1e-9, atol=1e-7)
    assert gradient["none"] is None


def test_float32_is_differenced_with_a_step_of_its_own():
    value, error = finite_difference(np.sin, np.float32(0.7))
    assert value.dtype == np.float32
    assert abs(value - np.cos(0.7)) <= 4 * error
    assert 1e-6 < error < 1e-2


def test_a_function_that_rounds_to_float32_gets_the_step_of_float32():
    value, error = finite_difference(lambda x: np.float32(np.sin(x)), 0.7)
    assert abs(value - np.cos(0.7)) <= 4 * error < 1e-2


def test_empty_arguments_have_empty_derivatives():
    assert finite_difference(np.sin, np.ones(0)).value.shape == (0, 0)
    assert finite_difference(lambda x: np.ones(3) + x.sum(), np.ones(0)).value.shape == (3, 0)
    assert complex_step(np.sin, np.ones(0)).shape == (0, 0)


def test_arguments_are_left_as_they_were():
    x, v = np.array([0.1, 0.2]), np.ones(2)
    x.setflags(write=False)
    v.setflags(write=False)
    finite_difference(np.sin, x, direction=(v,))
    complex_step(np.sin, x, direction=(v,))


@pytest.mark.parametrize("f", [np.abs, lambda x: np.maximum(x.real, 0.0), lambda x: 3.0])
def test_the_complex_step_refuses_a_function_that_it_can_not_see_through(f):
    with pytest.raises(ValueError, match=r"not analytic.*finite_difference"):
        complex_step(f, 1.0)


@pytest.mark.parametrize("method", [finite_difference, complex_step])
def test_a_direction_of_another_shape_is_refused(method):
    with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)"):
        method(np.sin, np.ones(2), direction=(np.ones(3),))
    with pytest.raises(ValueError, match="different shapes"):
        method(np.sin, np.ones(2), direction=(np.ones(2), 1.0))
