"""Derivatives of functions: argnums, trees, nesting to order 4, and derivatives not confused."""

from dataclasses import dataclass
from functools import reduce
from itertools import product
from math import comb
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import errors, tree
from minigrad.testing.strategies import trees
from minigrad.transforms import holomorphic
from minigrad.variable import Variable

X, Y = 0.7, 1.3


def forward(f):
    """The derivative of a function of a number, by a forward sweep."""
    return lambda x: mg.jvp(f, (x,), (1.0,))[1]


def backward_by_pullback(f):
    """The derivative of a function of a number, by a pullback."""
    return lambda x: mg.vjp(f, x)[1](1.0)[0]


def by_jacobian(f):
    return mg.jacobian(f)


WAYS = {"grad": mg.grad, "jvp": forward, "vjp": backward_by_pullback, "jacobian": by_jacobian}


# One derivative


def test_grad_of_a_function_of_numbers_and_arrays():
    assert mg.grad(lambda x: x**3)(2.0) == 12.0
    f = lambda w, b: mg.vjp(lambda w: w * b, w)[0][0] * b  # noqa: E731 - an element of an array
    assert np.array_equal(mg.grad(f)(np.array([2.0, 3.0]), 5.0), [25.0, 0.0])


def test_value_and_grad_gives_both_plain():
    value, gradient = mg.value_and_grad(lambda x: x * x)(3.0)
    assert (value, gradient) == (9.0, 6.0)
    assert not isinstance(value, Variable)


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [
        (0, 2 * Y),
        (1, 2 * X),
        (-1, 2 * X),
        (np.int64(1), 2 * X),
        ([0], (2 * Y,)),
        ((1, 0), (2 * X, 2 * Y)),
        (np.arange(2), (2 * Y, 2 * X)),
        ((), ()),
    ],
)
def test_argnums_chooses_the_arguments(argnums, expected):
    f = lambda x, y, *, scale: scale * x * y  # noqa: E731
    assert mg.grad(f, argnums)(X, Y, scale=2.0) == expected
    assert mg.value_and_grad(f, argnums)(X, Y, scale=2.0) == (2.0 * X * Y, expected)
    assert mg.jacobian(f, argnums)(X, Y, scale=2.0) == expected


@pytest.mark.parametrize("argnums", [2, -3, (0, 2)])
def test_an_argument_that_is_not_there_is_refused(argnums):
    with pytest.raises(TypeError, match="2 arguments"):
        mg.grad(lambda x, y: x * y, argnums)(X, Y)


def test_other_arguments_may_be_anything():
    f = lambda x, how, table: x * table[how]  # noqa: E731
    assert mg.grad(f)(2.0, "double", {"double": 2.0}) == 2.0


class Pair(NamedTuple):
    first: Any
    second: Any


@dataclass
class Layer:
    weight: Any
    bias: Any


def test_arguments_and_outputs_may_be_trees():
    given_tree = {"layers": [Layer(2.0, np.array([1.0, 2.0]))], "scale": Pair(3.0, None)}

    def f(p):
        layer = p["layers"][0]
        return {"y": layer.weight * layer.bias * p["scale"].first}

    y, pullback = mg.vjp(f, given_tree)
    (bars,) = pullback({"y": np.array([1.0, 10.0])})
    assert np.array_equal(y["y"], [6.0, 12.0])
    assert isinstance(bars["layers"][0], Layer)
    assert isinstance(bars["scale"], Pair)
    assert bars["scale"].second is None
    assert bars["layers"][0].weight == 3.0 * (1.0 + 20.0)
    assert np.array_equal(bars["layers"][0].bias, [6.0, 60.0])
    assert bars["scale"].first == 2.0 * (1.0 + 20.0)

    dots = tree.map(lambda leaf: leaf * 0.0 + 1.0, given_tree)
    _, y_dot = mg.jvp(f, (given_tree,), (dots,))
    assert np.array_equal(y_dot["y"], [3.0 + 6.0 + 2.0, 6.0 + 6.0 + 4.0])


@given(trees(max_leaves=5))
def test_the_gradient_of_half_a_sum_of_squares_is_the_tree_itself(t):
    def f(t):
        return tree.map(lambda leaf: 0.5 * leaf * leaf, t)

    ones = tree.map(lambda leaf: np.ones(np.shape(leaf)), t)
    (bars,) = mg.vjp(lambda t: [f(t)], t)[1]([ones])
    tree.map(np.testing.assert_array_equal, bars, t)
    assert tree.paths(bars).keys() == tree.paths(t).keys()


def test_derivatives_of_dicts_are_matched_by_key_whatever_their_order():
    point, direction = {"a": 2.0, "b": 3.0}, {"b": 1.0, "a": 0.0}

    def f(p):
        return p["a"] ** 2 * p["b"] ** 3

    assert mg.jvp(f, (point,), (direction,)) == (108.0, 108.0)  # d/db alone
    assert mg.hvp(f, (point,), (direction,)) == {"a": 108.0, "b": 72.0}
    _, pullback = mg.vjp(lambda p: {"square": p["a"] ** 2, "cube": p["b"] ** 3}, point)
    assert pullback({"cube": 10.0, "square": 1.0}) == ({"a": 4.0, "b": 270.0},)


def test_a_derivative_that_is_given_in_another_shape_of_tree_is_refused():
    _, pullback = mg.vjp(lambda p: {"y": p["a"]}, {"a": X})
    for wrong in (1.0, {"z": 1.0}, [1.0], {"y": [1.0, 2.0]}, {}):
        with pytest.raises(ValueError, match="trees of different shapes"):
            pullback(wrong)
    for wrong in (1.0, {"z": 1.0}, [1.0], {"a": [1.0, 2.0]}, {}):
        with pytest.raises(ValueError, match="trees of different shapes"):
            mg.jvp(lambda p: p["a"], ({"a": X},), (wrong,))


def test_a_pullback_can_be_called_many_times():
    _, pullback = mg.vjp(lambda x, y: x * y, 2.0, 5.0)
    assert pullback(1.0) == (5.0, 2.0)
    assert pullback(3.0) == (15.0, 6.0)


def test_jvp_takes_a_tuple_for_each():
    with pytest.raises(TypeError, match="tuples"):
        mg.jvp(np.sin, X, 1.0)


def test_jvp_refuses_another_number_of_tangents():
    with pytest.raises(ValueError, match="trees of different shapes"):
        mg.jvp(lambda x, y: x * y, (X, Y), (1.0,))


def test_only_scalars_have_a_gradient_and_only_real_numbers_one_to_give():
    with pytest.raises(errors.TargetError, match="cotangent="):
        mg.grad(lambda x: x * 2.0)(np.ones(2))
    with pytest.raises(errors.TargetError, match="one real scalar"):
        mg.grad(lambda x: (x, x))(2.0)
    with pytest.raises(errors.SourceError, match=r"2\.0 rather than 2"):
        mg.grad(lambda x: x * 2.0)(2)


def test_a_constant_function_has_gradient_zero():
    assert mg.grad(lambda x: 5.0)(2.0) == 0.0
    assert mg.jvp(lambda x: 5.0, (2.0,), (1.0,)) == (5.0, 0.0)
    assert mg.grad(mg.grad(lambda x: 3.0 * x))(2.0) == 0.0


# Jacobians and Hessians


def cubic(x):
    """A map from 3 numbers to 2, its Jacobian below."""
    return np.stack([x[0] ** 2 * x[1], x[1] * x[2] ** 3])


CUBIC_AT = np.array([2.0, 3.0, 5.0])
CUBIC_JACOBIAN = [[2 * 2 * 3.0, 4.0, 0.0], [0.0, 125.0, 3 * 3 * 25.0]]


@pytest.mark.parametrize("mode", ["auto", "reverse", "forward"])
def test_jacobian(mode):
    assert np.array_equal(mg.jacobian(cubic, mode=mode)(CUBIC_AT), CUBIC_JACOBIAN)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_a_jacobian_has_the_shape_of_the_output_before_that_of_the_argument(mode):
    a = np.arange(6.0).reshape(2, 3)
    b = np.arange(12.0).reshape(3, 4)
    by_a, by_b = mg.jacobian(np.matmul, (0, 1), mode)(a, b)
    assert (by_a.shape, by_b.shape) == ((2, 4, 2, 3), (2, 4, 3, 4))
    assert np.array_equal(by_a, np.einsum("ip,jk->ikpj", np.eye(2), b))
    assert np.array_equal(by_b, np.einsum("ij,kq->ikjq", a, np.eye(4)))


def test_a_jacobian_of_trees_is_a_tree_of_trees():
    f = lambda p: {"u": p["x"] * p["k"], "v": p["k"] ** 2}  # noqa: E731
    found = mg.jacobian(f)({"x": np.array([1.0, 2.0]), "k": 3.0})
    assert np.array_equal(found["u"]["x"], 3.0 * np.eye(2))
    assert np.array_equal(found["u"]["k"], [1.0, 2.0])
    assert np.array_equal(found["v"]["x"], [0.0, 0.0])
    assert found["v"]["k"] == 6.0


def test_jacobians_of_nothing():
    assert mg.jacobian(np.sin)(np.ones(0)).shape == (0, 0)
    assert mg.jacobian(lambda x: np.ones(3))(np.ones(2)).tolist() == np.zeros((3, 2)).tolist()


both_directions = pytest.mark.parametrize("mode", ["auto", "reverse", "forward"])


@both_directions
@pytest.mark.parametrize("shorter", [2, 0, -2])
def test_a_jacobian_of_complex_numbers_of_real_ones_is_complex(mode, shorter):
    n, m = 4, 4 - shorter
    wanted = np.exp(-2j * np.pi * np.outer(np.arange(m), np.arange(n)) / m)[:, : min(n, m)]
    f = lambda x: np.fft.fft(x, m)  # noqa: E731 - which cuts x off, or fills it up
    found = mg.jacobian(f, mode=mode)(np.arange(4.0))
    assert_allclose(found[:, : min(n, m)], wanted, atol=1e-15)
    assert np.all(found[:, m:] == 0.0)


@both_directions
def test_a_jacobian_of_real_numbers_of_complex_ones_is_that_of_the_gradient(mode):
    z = np.array([3.0 + 4.0j, 1.0 - 2.0j])
    assert_allclose(mg.jacobian(np.abs, mode=mode)(z), np.diag(np.conj(z) / np.abs(z)))
    assert_allclose(mg.jacobian(lambda z: np.imag(z * z), mode=mode)(z), np.diag(-2j * z))


@both_directions
def test_a_jacobian_of_real_and_complex_numbers(mode):
    by_x, by_z = mg.jacobian(lambda x, z: x * z * 1j, (0, 1), mode)(
        np.array([2.0]), np.array([3.0 + 4.0j])
    )
    assert_allclose(by_x, [[3.0j - 4.0]])
    assert_allclose(by_z, [[2.0j]])


@both_directions
def test_a_jacobian_of_a_jacobian_that_is_complex(mode):
    f = mg.jacobian(lambda x: np.exp(2j * x), mode=mode)
    assert_allclose(mg.jacobian(f, mode=mode)(np.array(0.3)), -4 * np.exp(0.6j))


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="'sideways'"):
        mg.jacobian(cubic, mode="sideways")


def rosenbrock(x):
    return (1.0 - x[0]) ** 2 + 100.0 * (x[1] - x[0] ** 2) ** 2


def test_hessian_and_hvp():
    a, b = 0.3, -0.7
    expected = np.array([[2 - 400 * (b - 3 * a * a), -400 * a], [-400 * a, 200.0]])
    x = np.array([a, b])
    assert_allclose(mg.hessian(rosenbrock)(x), expected, rtol=1e-14)
    v = np.array([0.2, 0.9])
    assert_allclose(mg.hvp(rosenbrock, (x,), (v,)), expected @ v, rtol=1e-14)


def test_hessian_of_several_arguments_has_mixed_blocks():
    (xx, xy), (yx, yy) = mg.hessian(lambda x, y: x**2 * y**3, (0, 1))(X, Y)
    assert_allclose([xx, xy, yy], [2 * Y**3, 6 * X * Y**2, 6 * X**2 * Y], rtol=1e-14)
    assert_allclose(xy, yx, rtol=1e-14)


def test_hvp_of_several_arguments():
    by_x, by_y = mg.hvp(lambda x, y: x**2 * y**3, (X, Y), (1.0, 2.0))
    assert_allclose(by_x, 2 * Y**3 + 2 * 6 * X * Y**2, rtol=1e-14)
    assert_allclose(by_y, 6 * X * Y**2 + 2 * 6 * X**2 * Y, rtol=1e-14)


# Nesting


@pytest.mark.parametrize("ways", list(product(WAYS, repeat=4)), ids="-".join)
def test_the_fourth_derivative_in_every_mix_of_ways(ways):
    """Of x^2 e^(2x): sum over k of C(4, k) (x^2)^(k) 2^(4-k) e^(2x)."""
    derivative = reduce(lambda f, way: WAYS[way](f), ways, lambda x: x**2 * np.exp(2.0 * x))
    polynomial = [X**2, 2 * X, 2.0]
    expected = sum(comb(4, k) * p * 2 ** (4 - k) for k, p in enumerate(polynomial))
    assert_allclose(derivative(X), expected * np.exp(2 * X), rtol=1e-12)


@pytest.mark.parametrize("order", range(8))
def test_the_derivatives_of_sine_go_round(order):
    derivative = reduce(lambda f, _: mg.grad(f), range(order), np.sin)
    assert_allclose(derivative(X), np.sin(X + order * np.pi / 2), rtol=1e-12)


def test_mixed_partial_derivatives_of_third_order_commute():
    f = lambda x, y: np.sin(x * y) * x  # noqa: E731
    # d^3/dx dx dy of x sin(xy), by hand.
    expected = -(X**2) * Y**2 * np.cos(X * Y) - 4 * X * Y * np.sin(X * Y) + 2 * np.cos(X * Y)
    for order in [(0, 0, 1), (0, 1, 0), (1, 0, 0)]:
        derivative = reduce(mg.grad, order, f)
        assert_allclose(derivative(X, Y), expected, rtol=1e-12)


def test_the_hessian_of_a_gradient_is_the_third_derivative():
    third = mg.jacobian(mg.hessian(lambda x: x[0] ** 2 * x[1] + x[1] ** 3))(np.array([2.0, 5.0]))
    expected = np.zeros((2, 2, 2))
    expected[0, 0, 1] = expected[0, 1, 0] = expected[1, 0, 0] = 2.0
    expected[1, 1, 1] = 6.0
    assert np.array_equal(third, expected)


def test_transforms_inside_a_tape_are_recorded():
    with mg.Tape() as tape:
        x = tape.variable(X)
        slope = mg.grad(lambda z: z**3 * x)(x)  # 3 x^2 * x
    assert_allclose(slope.value, 3 * X**3, rtol=1e-14)
    assert_allclose(tape.gradient(slope, x), 9 * X**2, rtol=1e-14)


# Derivatives that must not be confused with one another


@pytest.mark.parametrize("outer", WAYS)
@pytest.mark.parametrize("inner", WAYS)
class TestNestedDerivativesAreNotConfused:
    """Each program nests a derivative in another; confusing the two gives another number."""

    def test_a_constant_of_the_inner_is_the_variable_of_the_outer(self, outer, inner):
        """Siskind and Pearlmutter: d/dx [x (d/dy (x + y))] = 1; confused, it would be 2."""
        D, d = WAYS[outer], WAYS[inner]
        assert D(lambda x: x * d(lambda y: x + y)(1.0))(1.0) == 1.0

    def test_the_inner_derivative_is_taken_at_the_outer_variable(self, outer, inner):
        """d/dx [x (d/dy (x y) at y = x)] = d/dx x^2 = 2 x."""
        D, d = WAYS[outer], WAYS[inner]
        assert D(lambda x: x * d(lambda y: x * y)(x))(2.0) == 4.0

    def test_the_inner_derivative_does_not_depend_on_the_point(self, outer, inner):
        """d/dx [d/dy (x y) at y = x^2 + 1] = d/dx x = 1."""
        D, d = WAYS[outer], WAYS[inner]
        assert D(lambda x: d(lambda y: x * y)(x * x + 1.0))(2.0) == 1.0

    def test_a_function_of_the_outer_variable_alone_is_constant_inside(self, outer, inner):
        D, d = WAYS[outer], WAYS[inner]
        assert D(lambda x: d(lambda y: x * x)(x) + x)(3.0) == 1.0

    def test_the_inner_function_is_made_by_the_outer(self, outer, inner):
        """Manzyuk et al.: the derivative of a curried function, applied twice."""
        D, d = WAYS[outer], WAYS[inner]

        def shifted(u):
            return lambda f: lambda x: f(x + u)

        # d/du [ (d/dx of x -> e^(x + u)) (X) ] at 0 is e^X.
        assert_allclose(D(lambda u: d(shifted(u)(np.exp))(X))(0.0), np.exp(X), rtol=1e-14)


@pytest.mark.parametrize("outer", WAYS)
@pytest.mark.parametrize("inner", WAYS)
def test_the_inner_variable_is_new_though_it_is_given_the_outer_one(outer, inner):
    """d/dx [d/dy y (x - y) at y = x] = d/dx (x - 2 x) = -1; as one variable it would be 0."""
    D, d = WAYS[outer], WAYS[inner]
    assert D(lambda x: d(lambda y: y * (x - y))(x))(1.0) == -1.0


def test_on_a_tape_one_object_is_one_variable_and_a_copy_is_another():
    """The same program written with a tape: what is held fixed is what is not the source."""
    with mg.Tape() as tape:
        x = tape.variable(1.0)
        y = tape.variable(x)  # a new variable that depends on x
        apart = tape.gradient(y * (x - y), y)  # x - 2 y
        together = tape.gradient(x * (x - x), x)  # the derivative of 0
    assert (apart.value, together.value) == (-1.0, 0.0)
    assert tape.gradient(apart, x) == -1.0
    assert tape.gradient(together, x) == 0.0


def test_the_gradient_of_a_gradient_with_respect_to_the_same_object():
    with mg.Tape() as tape:
        x = tape.variable(3.0)
        slope = tape.gradient(0.5 * x * x, x)  # x itself
        rest = slope - 2.0 * x
    assert tape.gradient(rest, x) == -1.0


def test_gradients_of_copies_are_kept_apart():
    with mg.Tape() as tape:
        x = tape.variable(2.0)
        z = tape.variable(x)
        y = x * z
    assert tape.gradient(y, z) == 2.0
    assert tape.gradient(y, x) == 4.0
    assert tape.gradient(y, [x, z]) == [4.0, 2.0]


# stop_gradient


def test_stop_gradient_keeps_the_value_and_drops_the_derivative():
    f = lambda x: x * mg.stop_gradient(np.sin(x))  # noqa: E731
    assert mg.value_and_grad(f)(X) == (X * np.sin(X), np.sin(X))
    assert mg.jvp(f, (X,), (1.0,)) == (X * np.sin(X), np.sin(X))
    assert mg.grad(mg.grad(f))(X) == 0.0


def test_stop_gradient_of_a_tree_and_of_plain_things():
    t = {"w": [np.ones(2), 2.0]}
    assert tree.paths(mg.stop_gradient(t)).keys() == tree.paths(t).keys()
    gradient = mg.grad(lambda p: mg.stop_gradient(p)["w"][1] * p["w"][1])(t)
    assert gradient["w"][1] == 2.0
    assert np.array_equal(gradient["w"][0], [0.0, 0.0])


# What a reader may expect of a function that is differentiated


def test_python_control_flow_follows_the_values():
    def f(x, steps):
        for _ in range(steps):
            x = x * 2.0 if x < 1.0 else x * x
        return x

    # 0.7 -> 1.4 -> 1.96 -> 1.96^2: factors 2, 2 * 1.4, 2 * 1.96
    assert_allclose(mg.grad(f)(X, 3), 2 * (2 * 1.4) * (2 * 1.96), rtol=1e-14)


def test_closures_over_plain_arrays_are_constants():
    a = np.array([2.0, 3.0])
    assert np.array_equal(mg.vjp(lambda x: a * x, np.ones(2))[1](np.ones(2))[0], a)


def test_comparisons_are_plain():
    with mg.Tape() as tape:
        x = tape.variable(np.array([1.0, 3.0]))
        assert np.array_equal(x > 2.0, [False, True])
        assert np.array_equal(np.float64(2.0) <= x, [False, True])
        assert np.array_equal(x == x.value, [True, True])
        assert np.array_equal(x != 3.0, [True, False])
    assert len(tape) == 1


@given(st.complex_numbers(max_magnitude=2.0))
def test_inside_holomorphic_the_gradient_of_a_complex_scalar_is_its_derivative(z):
    with holomorphic():
        found = mg.grad(lambda z: np.exp(z) * z)(np.complex128(z))
    assert_allclose(found, np.exp(z) * (1.0 + z), 1e-12, 1e-12)
    with pytest.raises(errors.TargetError):  # outside, it is refused as before
        mg.grad(lambda z: np.exp(z) * z)(np.complex128(z))
