"""Where engines of automatic differentiation have gone wrong before, each against a closed form."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg
from minigrad.errors import UntrackedError

M = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def pull(f, *args, y_bar=None):
    """The cotangents of the arguments, for the cotangent given or one of ones."""
    y, pullback = mg.vjp(f, *args)
    bars = pullback(np.ones(np.shape(y)) if y_bar is None else y_bar)
    return bars[0] if len(args) == 1 else bars


def push(f, x, x_dot):
    return mg.jvp(f, (x,), (x_dot,))[1]


def second(f, x):
    """The second derivative of an elementwise function, by reverse over reverse."""
    return pull(lambda z: pull(f, z), x)


# Shapes


@pytest.mark.parametrize(
    ("reps", "copies"), [(2, 2), ((2, 3), 6), ((3, 1), 3), ((2, 1, 2), 4), ((), 1), (0, 0)]
)
def test_tile_of_a_matrix(reps, copies):
    """Every element is copied as often as every other: the cotangents of the copies add up."""
    assert_array_equal(pull(lambda x: np.tile(x, reps), M), np.full((2, 3), float(copies)))


def test_tile_with_more_axes_than_repetitions_and_fewer():
    y_bar = np.arange(12.0).reshape(2, 6)
    assert_array_equal(pull(lambda x: np.tile(x, 2), M, y_bar=y_bar), y_bar[:, :3] + y_bar[:, 3:])
    y_bar = np.arange(6.0).reshape(2, 3)
    assert_array_equal(
        pull(lambda x: np.tile(x, (2, 1)), np.ones(3), y_bar=y_bar), y_bar[0] + y_bar[1]
    )


@pytest.mark.parametrize("axis", [1, -1])
def test_repeat_along_a_negative_axis(axis):
    y_bar = np.arange(12.0).reshape(2, 6)
    expected = y_bar[:, 0::2] + y_bar[:, 1::2]
    assert_array_equal(pull(lambda x: np.repeat(x, 2, axis=axis), M, y_bar=y_bar), expected)


def test_repeat_by_different_numbers_and_of_the_flat_matrix():
    y_bar = np.arange(1.0, 9.0).reshape(2, 4)
    expected = np.stack([y_bar[:, 0], np.zeros(2), y_bar[:, 1] + y_bar[:, 2] + y_bar[:, 3]], 1)
    f = lambda x: np.repeat(x, [1, 0, 3], axis=-1)  # noqa: E731
    assert_array_equal(pull(f, M, y_bar=y_bar), expected)
    assert_array_equal(pull(lambda x: np.repeat(x, 3), M), np.full((2, 3), 3.0))


@pytest.mark.parametrize("k", [0, 1, -1, 2, 5, -5])
@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (1, 4)])
def test_the_diagonal_of_a_matrix_that_is_not_square(shape, k):
    x = np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape)
    y_bar = 10.0 + np.arange(np.diag(x, k).size)
    expected = np.zeros(shape)
    for i in range(y_bar.size):
        expected[i + max(-k, 0), i + max(k, 0)] = y_bar[i]
    assert_array_equal(pull(lambda x: np.diag(x, k), x, y_bar=y_bar), expected)


def test_a_diagonal_matrix_of_a_vector():
    y_bar = np.arange(16.0).reshape(4, 4)
    f = lambda x: np.diag(x, 1)  # noqa: E731
    assert_array_equal(pull(f, np.ones(3), y_bar=y_bar), np.diag(y_bar, 1))


def test_einsum_with_an_index_that_is_repeated_in_one_operand():
    x = np.arange(9.0).reshape(3, 3)
    y_bar = np.array([1.0, 2.0, 3.0])
    assert_array_equal(pull(lambda x: np.einsum("ii->i", x), x, y_bar=y_bar), np.diag(y_bar))
    assert_array_equal(pull(lambda x: np.einsum("ii", x), x), np.eye(3))
    assert_array_equal(pull(lambda x: np.einsum("ii->", x), x), np.eye(3))


def test_einsum_with_an_index_that_is_summed_in_one_operand_alone():
    """The index k is in neither the other operand nor the output: its cotangent is spread."""
    a, b = np.ones((2, 3)), np.array([1.0, 2.0])
    by_a, by_b = pull(lambda a, b: np.einsum("ik,i->i", a, b), a, b)
    assert_array_equal(by_a, np.array([[1.0] * 3, [2.0] * 3]))
    assert_array_equal(by_b, [3.0, 3.0])


def test_a_vector_of_scalars_that_were_recorded_is_stacked():
    """np.append and np.stack keep the record; np.array can't, and says what to do."""

    def by_append(x):
        found = np.zeros(0)
        for k in range(3):
            found = np.append(found, x ** (k + 1))
        return found

    def by_stack(x):
        return np.stack([x ** (k + 1) for k in range(3)])

    for f in (by_append, by_stack):
        assert_allclose(push(f, 2.0, 1.0), [1.0, 4.0, 12.0])
        assert_allclose(pull(f, 2.0, y_bar=np.array([1.0, 10.0, 100.0])), 1241.0)
    with pytest.raises(UntrackedError, match=r"np\.stack"):
        mg.grad(lambda x: np.array([x, x**2])[1])(2.0)


@pytest.mark.parametrize("shapes", [((3, 1), (1, 4)), ((1,), (3, 4)), ((), (2, 1)), ((1, 1), ())])
def test_axes_of_size_1_that_are_stretched(shapes):
    """Of a + b: each element's cotangent is the sum over where it was copied to."""
    a, b = (np.ones(shape) for shape in shapes)
    total = np.prod(np.broadcast_shapes(*shapes))
    by_a, by_b = pull(np.add, a, b)
    for by, x in ((by_a, a), (by_b, b)):
        assert np.shape(by) == x.shape
        assert_array_equal(by, np.full(x.shape, total / max(x.size, 1)))


def test_where_whose_branches_broadcast_against_each_other():
    mask = np.array([[True, False, True], [False, False, True]])
    row, column = np.array([1.0, 2.0, 3.0]), np.array([[10.0], [20.0]])
    by_row, by_column = pull(lambda a, b: np.where(mask, a, b), row, column)
    assert_array_equal(by_row, mask.sum(axis=0))
    assert_array_equal(by_column, (~mask).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
def test_empty_arrays(shape):
    x = np.ones(shape)
    for f in (np.sin, np.sum, np.transpose, lambda x: np.concatenate([x, x]), lambda x: x * 2.0):
        assert pull(f, x).shape == shape
    assert_array_equal(pull(lambda x, y: np.sum(x) + y, x, 3.0)[1], 1.0)
    assert mg.grad(np.prod)(x).shape == shape


def test_arrays_without_axes():
    x = np.array(0.7)
    for f, slope in ((np.sin, np.cos(0.7)), (np.sum, 1.0), (np.reshape, None), (np.max, 1.0)):
        if slope is not None:
            assert_allclose(pull(f, x), slope)
    assert_array_equal(pull(lambda x: np.reshape(x, (1, 1)), x), 1.0)
    assert_array_equal(pull(lambda x: x[()], x), 1.0)
    assert_array_equal(pull(lambda x: x[None], x), 1.0)
    assert np.shape(pull(lambda x: x * np.ones((2, 3)), x)) == ()


# Choices


def test_ties_share_the_cotangent_equally():
    x = np.array([3.0, 1.0, 3.0, 3.0])
    third = np.array([1.0, 0.0, 1.0, 1.0]) / 3
    assert_allclose(pull(np.max, x), third)
    assert_allclose(pull(lambda x: -np.min(-x), x), third)
    assert_allclose(push(np.max, x, np.array([3.0, 7.0, 0.0, 0.0])), 1.0)
    rows = np.array([[2.0, 2.0], [1.0, 5.0]])
    assert_allclose(pull(lambda x: np.max(x, axis=1), rows), [[0.5, 0.5], [0.0, 1.0]])
    by_a, by_b = pull(np.maximum, np.array([1.0, 2.0]), np.array([1.0, 3.0]))
    assert_allclose((by_a, by_b), ([0.5, 0.0], [0.5, 1.0]))
    by_a, by_b = pull(np.minimum, np.array([1.0, 2.0]), np.array([1.0, 3.0]))
    assert_allclose((by_a, by_b), ([0.5, 1.0], [0.5, 0.0]))


def test_an_index_that_occurs_twice_adds_up():
    rows = np.array([2, 0, 2, 2])
    y_bar = np.array([1.0, 10.0, 100.0, 1000.0])
    for f in (lambda x: x[rows], lambda x: np.take(x, rows), lambda x: x[rows.tolist()]):
        assert_array_equal(pull(f, np.ones(3), y_bar=y_bar), [10.0, 0.0, 1101.0])
        assert_array_equal(push(f, np.ones(3), np.array([1.0, 2.0, 3.0])), [3.0, 1.0, 3.0, 3.0])
    at = np.array([0, 1, 0]), np.array([2, 2, 2])
    assert_array_equal(pull(lambda x: x[at], M), [[0.0, 0.0, 2.0], [0.0, 0.0, 1.0]])


def test_an_index_array_that_is_changed_later_was_copied():
    rows = np.array([0, 2])
    _, pullback = mg.vjp(lambda x: x[rows], np.ones(3))
    rows[:] = 1
    assert_array_equal(pullback(np.ones(2))[0], [1.0, 0.0, 1.0])


def test_where_with_a_nan_in_the_branch_that_is_not_taken():
    """The untaken branch must be made harmless inside, too: that is the double where."""
    x = np.array([-1.0, 0.0, 4.0])
    inside = lambda x: np.where(x > 0, x, 1.0)  # noqa: E731
    safe = lambda x: np.where(x > 0, np.sqrt(inside(x)), 0.0)  # noqa: E731
    assert_array_equal(pull(safe, x), [0.0, 0.0, 0.25])
    assert_array_equal(push(safe, x, np.ones(3)), [0.0, 0.0, 0.25])


def test_where_lets_no_nan_through_from_a_constant_branch():
    x = np.array([1.0, 2.0])
    f = lambda x: np.where(np.array([True, False]), x**2, np.array([np.nan, 5.0]))  # noqa: E731
    assert_array_equal(pull(f, x), [2.0, 0.0])
    assert_array_equal(push(f, x, np.ones(2)), [2.0, 0.0])


# Edges of domains


@pytest.mark.parametrize("order", [None, 2])
def test_the_norm_at_0_has_gradient_0(order):
    f = lambda x: np.linalg.norm(x, order)  # noqa: E731
    assert_array_equal(mg.grad(f)(np.zeros(3)), np.zeros(3))
    assert_array_equal(push(f, np.zeros(3), np.ones(3)), 0.0)
    assert_allclose(mg.grad(f)(np.array([3.0, 4.0])), [0.6, 0.8])


def test_the_norms_of_rows_of_which_one_is_0():
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    f = lambda x: np.linalg.norm(x, axis=1)  # noqa: E731
    assert_allclose(pull(f, x), [[0.6, 0.8], [0.0, 0.0]])


def test_hypot_at_0():
    assert_array_equal(pull(np.hypot, 0.0, 0.0), (0.0, 0.0))


@pytest.mark.parametrize("zero", [0, 0.0, np.zeros(3), np.zeros(3, int)])
def test_a_power_of_0_is_constant(zero):
    x = np.array([0.0, 1.0, -2.0])
    assert_array_equal(pull(lambda x: x**zero, x), np.zeros(3))
    assert_array_equal(second(lambda x: x**zero, x), np.zeros(3))


@pytest.mark.parametrize("exponent", [1, 1.0, 2, 2.0, 3, 3.0, np.array(2.0), np.array([3.0])])
def test_powers_at_0(exponent):
    x = np.zeros(1)
    assert_array_equal(pull(lambda x: x**exponent, x), np.where(exponent == 1, [1.0], [0.0]))
    assert_array_equal(
        second(lambda x: x**exponent, x), np.where(np.asarray(exponent) == 2, [2.0], [0.0])
    )


def test_a_power_of_which_only_the_base_varies_does_not_look_at_the_logarithm():
    """A negative base has no logarithm, and none is needed."""
    assert_array_equal(pull(lambda x: x**3.0, np.array([-2.0])), [12.0])
    assert_array_equal(pull(lambda x: x ** np.array([3.0]), np.array([-2.0])), [12.0])


def test_0_to_a_power_has_slope_0_in_the_power():
    p = np.array([0.5, 1.0, 2.0])
    assert_array_equal(pull(lambda p: 0.0**p, p), np.zeros(3))
    assert_array_equal(pull(lambda p: np.zeros(3) ** p, p), np.zeros(3))
    assert_allclose(pull(lambda p: 2.0**p, p), np.log(2.0) * 2.0**p)


def test_sqrt_at_0_is_infinitely_steep():
    """As NumPy's 1 / 0: infinity, with a warning; a product with 0 must avoid it by itself."""
    with np.errstate(divide="ignore"):
        for zero in (np.array(0.0), np.float32(0.0), 0.0):
            assert mg.grad(np.sqrt)(zero) == np.inf
            assert push(np.sqrt, zero, 1.0) == np.inf


def test_a_slope_too_large_for_a_number_is_infinite():
    """A Python number overflows with an error, NumPy's with infinity: derivatives are NumPy's."""
    with np.errstate(over="ignore", divide="ignore"):
        assert mg.grad(lambda x: x**3)(1e200) == np.inf
        assert mg.grad(lambda x: 1.0 / x)(0.0) == -np.inf
        assert mg.grad(lambda x: 1.0 / x)(1e-200) == -np.inf


def test_abs_at_0_has_slope_0():
    assert_array_equal(pull(np.abs, np.array([-2.0, 0.0, 3.0])), [-1.0, 0.0, 1.0])


def test_log1p_and_expm1_keep_their_digits_near_0():
    for x in (1e-20, -1e-300, 0.0):
        assert mg.grad(np.log1p)(x) == 1.0
        assert mg.grad(np.expm1)(x) == 1.0
    assert_allclose(mg.grad(np.log1p)(1e-9), 1 - 1e-9, rtol=1e-15)


def test_sinc_at_0():
    """By its series 1 - (pi x)^2 / 6 + ..."""
    assert mg.grad(np.sinc)(0.0) == 0.0
    assert_allclose(mg.grad(mg.grad(np.sinc))(0.0), -(np.pi**2) / 3, rtol=1e-12)
    assert_allclose(mg.grad(np.sinc)(1e-8), -(np.pi**2) / 3 * 1e-8, rtol=1e-12)


@pytest.mark.parametrize(
    ("a", "b", "by_a", "by_b"),
    [
        (0.0, -np.inf, 1.0, 0.0),
        (-np.inf, 0.0, 0.0, 1.0),
        (np.inf, 0.0, 1.0, 0.0),
        (0.0, np.inf, 0.0, 1.0),
        (1000.0, -1000.0, 1.0, 0.0),
        (-1000.0, -1000.0, 0.5, 0.5),
        (0.0, np.log(3.0), 0.25, 0.75),
    ],
)
@pytest.mark.parametrize("base_2", [False, True])
def test_logaddexp_with_infinities(a, b, by_a, by_b, base_2):
    f = np.logaddexp2 if base_2 else np.logaddexp
    scale = 1 / np.log(2.0) if base_2 else 1.0
    assert_allclose(pull(f, a * scale, b * scale), (by_a, by_b), rtol=1e-12)
    found = pull(f, np.array([a * scale]), np.array([b * scale]))
    assert_allclose(found, ([by_a], [by_b]), rtol=1e-12)


def test_logaddexp_of_two_empty_probabilities_is_not_nan():
    """Both are -inf: nothing varies, and nothing comes back that is not a number."""
    assert np.all(np.isfinite(pull(np.logaddexp, -np.inf, -np.inf)))


@pytest.mark.parametrize("x", [0.1, 1.0, 5.0, 18.0, 30.0, 400.0, 1e5])
def test_tanh_bends_as_it_should_where_it_is_flat(x):
    """Of tanh'' = -2 tanh (1 - tanh^2) = -2 tanh / cosh^2; the digits that 1 - y y has."""
    with np.errstate(over="ignore"):
        expected = -2 * np.tanh(x) / np.cosh(x) ** 2
    found = mg.grad(mg.grad(np.tanh))(x)
    assert_allclose(found, expected, rtol=1e-12, atol=1e-15)
    assert np.isfinite(mg.grad(mg.grad(mg.grad(np.tanh)))(x))
    assert_allclose(mg.grad(mg.grad(np.tanh))(-x), -found, rtol=1e-14)


def test_products_of_which_factors_are_0():
    """No division by the factor: the slope is the product of the others."""
    assert_allclose(mg.grad(np.prod)(np.array([2.0, 0.0, 5.0])), [0.0, 10.0, 0.0])
    assert_allclose(mg.grad(np.prod)(np.array([0.0, 0.0, 5.0])), [0.0, 0.0, 0.0])
    hessian = mg.hessian(np.prod)(np.array([0.0, 0.0, 5.0]))
    assert_allclose(hessian, [[0.0, 5.0, 0.0], [5.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert_allclose(pull(np.cumprod, np.array([2.0, 0.0, 5.0])), [1.0, 2.0 + 2.0 * 5.0, 0.0])


def test_the_spread_of_equal_numbers():
    """The variance is flat there; its root is given slope 0, not 0 / 0."""
    x = np.full(4, 3.0)
    assert_array_equal(mg.grad(np.var)(x), np.zeros(4))
    assert_array_equal(mg.grad(np.std)(x), np.zeros(4))
    hessian = mg.hessian(np.var)(x)
    assert_allclose(hessian, 2 / 4 * (np.eye(4) - 1 / 4), atol=1e-15)


def test_sorting_carries_each_cotangent_home():
    x = np.array([3.0, 1.0, 2.0])
    y_bar = np.array([1.0, 10.0, 100.0])
    assert_array_equal(pull(np.sort, x, y_bar=y_bar), [100.0, 1.0, 10.0])


def test_integers_and_booleans_have_no_gradient_and_do_no_harm():
    counts, mask = np.array([1, 2, 3]), np.array([True, False, True])
    f = lambda x: np.sum(x * counts * mask) + np.argmax(x) + len(x) * x.shape[0]  # noqa: E731
    assert_array_equal(mg.grad(f)(np.array([1.0, 5.0, 2.0])), [1.0, 0.0, 3.0])


def test_the_square_of_a_complex_array_is_that_of_power():
    """Which differs from the operator's by rounding, in NumPy itself."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=100) + 1j * rng.normal(size=100)
    with mg.Tape() as tape:
        squared = (tape.variable(z) ** 2).value
    assert np.array_equal(squared, np.power(z, 2))
    assert np.all(np.abs(squared - z**2) <= 4 * np.finfo(float).eps * np.abs(z) ** 2)


@pytest.mark.parametrize("size", [1e-200, 1e-25, 1.0, 1e20, 1e200])
def test_the_slope_of_arctan2_does_not_leave_the_range_of_its_type(size):
    assert_allclose(mg.grad(np.arctan2)(size, size), 0.5 / size, rtol=1e-15)
    assert_allclose(mg.grad(np.arctan2, 1)(size, size), -0.5 / size, rtol=1e-15)
    if 1e-30 < size < 1e30:
        x = np.float32(size)
        assert_allclose(mg.grad(np.arctan2)(x, x), 0.5 / size, rtol=1e-6)


def test_booleans_have_no_differences_to_take_a_gradient_of():
    with pytest.raises(TypeError, match="boolean subtract"):
        mg.grad(lambda h: np.sum(np.gradient(np.array([True, False]), h)))(1.0)
