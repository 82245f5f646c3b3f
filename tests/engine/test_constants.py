"""What a program uses beside Variables: kept as it is and watched, copied, or refused."""

import array
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import errors, nn
from minigrad.extend import def_jvp, def_vjp, primitive
from minigrad.testing import finite_difference

A = np.array([[1.0, 2.0], [3.0, 4.0]])
X = np.array([[0.5, 0.1], [0.2, 0.3]])


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # NumPy's, of any matrix
@pytest.mark.parametrize("kind", [np.matrix, np.ma.array])
def test_arrays_with_an_arithmetic_of_their_own_are_refused(kind):
    with pytest.raises(TypeError, match="has an arithmetic of its own"):
        mg.grad(lambda x: np.sum(x * kind(A)))(X)
    with pytest.raises(TypeError, match="has an arithmetic of its own"):
        mg.grad(lambda x: nn.sum_squares(x))(kind(A))


def test_an_array_of_a_file_is_like_any_other(tmp_path):
    np.save(tmp_path / "a.npy", A)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r+")
    with mg.Tape() as tape:
        x = tape.variable(X)
        y = np.sum(x * mapped)
    assert_allclose(tape.gradient(y, x), A)
    mapped[0, 0] = 100.0
    with pytest.raises(errors.ChangedArrayError):
        tape.gradient(y, x)


def test_what_is_no_array_is_copied():
    numbers = array.array("d", [1.0, 2.0])
    for given in (numbers, memoryview(numbers)):
        with mg.Tape() as tape:
            x = tape.variable(np.ones(2))
            y = np.sum(x * given)
        numbers[0] = 100.0
        assert_allclose(tape.gradient(y, x), [1.0, 2.0])
        numbers[0] = 1.0


def multiplied(x, c):
    return np.sum(x * c)


CHANGES = {
    "an exact number": (
        np.array([Fraction(-1), Fraction(3)]), lambda c: c.__setitem__(0, Fraction(-2)),
    ),
    "a shape": (np.array([[1.0], [2.0]]), lambda c: setattr(c, "shape", (1, 2))),
    "a type": (np.array([[1, 2], [3, 4]]), lambda c: setattr(c, "dtype", np.float64)),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # NumPy's, of setting these
@pytest.mark.parametrize("change", CHANGES)
def test_changes_that_a_sum_of_words_would_not_show(change):
    constant, mutate = CHANGES[change]
    constant = constant.copy()
    with mg.Tape() as tape:
        x = tape.variable(
            np.array([Fraction(1)] * 2) if constant.dtype == object else np.ones((2, 2))
        )
        y = np.sum(x * constant)
    mutate(constant)
    with pytest.raises(errors.ChangedArrayError):
        tape.gradient(y, x)


@primitive
def scaled(x, by):
    return x * by


def_vjp(scaled, lambda d, y, x, by: scaled(d, by=by))
def_jvp(scaled, lambda d, y, x, by: scaled(d, by=by))


@primitive
def scaled_by_all(x, by):
    return x * by[0] * by[1]["more"]


def by_all(d, y, x, by):
    return scaled_by_all(d, by=by)


def_vjp(scaled_by_all, by_all)
def_jvp(scaled_by_all, by_all)


def test_an_array_among_the_parameters_is_copied():
    by = np.array([2.0, 3.0])
    with mg.Tape() as tape:
        x = tape.variable(np.ones(2))
        y = np.sum(scaled(x, by=by)) + np.prod(x, initial=by[:1].reshape(()))
        z = np.sum(scaled_by_all(x, by=(by, {"more": by})))
    by[...] = 10.0
    assert_allclose(tape.gradient(y, x), [4.0, 5.0])
    assert_allclose(tape.gradient(z, x), [4.0, 9.0])


def test_the_bounds_of_a_slice_are_numbers():
    n = np.array(1)
    with mg.Tape() as tape:
        x = tape.variable(np.ones(3))
        y = np.sum(x[:n]) + np.sum(x[n::n])
    n += 1
    assert_allclose(tape.gradient(y, x), [1.0, 1.0, 1.0])


def test_a_variable_among_the_parameters_is_refused():
    with pytest.raises(TypeError, match=r"scaled: by= is a parameter.*x\.value"):
        mg.grad(lambda x: np.sum(scaled(x, by=x)))(np.ones(2))
    with pytest.raises(TypeError, match="initial= is a parameter"):
        mg.grad(lambda x: np.prod(x, initial=x[0]))(np.ones(2))


@pytest.mark.parametrize("way", ["gradient", "tangent"])
def test_a_seed_without_axes_is_copied(way):
    seed = np.array(2.0)
    with mg.Tape() as tape:
        x = tape.variable(3.0)
        y = x * x
        g = (
            tape.gradient(y, x, cotangent=seed)
            if way == "gradient"
            else tape.tangent(y, x, seed)
        )  # fmt: skip
    seed[...] = 5.0
    assert tape.gradient(g, x) == 4.0


def test_a_python_number_has_a_real_cotangent():
    """Though what it meets is complex, also in a training that is recorded."""
    x = np.fft.fft([1.0, 2.0, 4.0])
    y = (0.3 + 0.2j) * x

    def loss(w):
        return np.sum(np.abs(x * w - y) ** 2)

    def train(eta, w):
        for _ in range(2):
            w = w - eta * mg.grad(loss)(w)
        return loss(w)

    value, slope = mg.value_and_grad(train)(0.005, 0.5)
    assert_allclose(value, train(0.005, 0.5))
    wanted, _ = finite_difference(lambda eta: train(eta, 0.5), 0.005, direction=(1.0,))
    assert_allclose(slope, wanted, rtol=1e-6)


def test_a_part_of_several_results_moves_by_itself_and_with_them():
    with mg.Tape() as tape:
        a = tape.variable(np.array([[2.0, 1.0], [0.0, 3.0]]))
        _, log = np.linalg.slogdet(a)
        y = log * log
    alone, both = tape.gradient(y, log), tape.gradient(y, [a, log])
    assert_allclose(tape.tangent(y, log, 1.0), alone)
    moves = [np.ones((2, 2)), 1.0]
    assert_allclose(tape.tangent(y, [a, log], moves), np.sum(both[0]) + both[1])


def test_one_rule_for_all_takes_the_place_of_several():
    @primitive
    def product(a, b):
        return a * b

    def_vjp(product, lambda d, y, a, b: d * b, None)
    product.def_vjp(lambda d, y, a, b: (d * b, d * a))
    assert mg.grad(product, argnums=(0, 1))(2.0, 3.0) == (3.0, 2.0)
