"""Indexing: its Jacobian has a single 1 in each row, at the place that was read."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal

import minigrad as mg

SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, max_side=4)


@st.composite
def indexed(draw):
    """A shape and an index of it: slices, integers, new axes, arrays and masks in any mixture."""
    shape = draw(SHAPES)
    if draw(st.booleans()):
        return shape, draw(hnp.basic_indices(shape, allow_newaxis=True))
    if draw(st.booleans()):
        return shape, draw(hnp.arrays(bool, shape))
    common = draw(hnp.array_shapes(max_dims=2, max_side=3))
    items = []
    for n in shape[: draw(st.integers(1, len(shape)))]:
        integers = hnp.arrays(np.intp, common, elements=st.integers(-n, n - 1))
        items.append(draw(st.one_of(integers, st.just(slice(None)), st.integers(-n, n - 1))))
    return shape, tuple(items)


@given(indexed(), st.integers(0, 99))
def test_what_is_read_from_a_place_goes_back_to_it(case, seed):
    shape, index = case
    rng = np.random.default_rng(seed)
    x, x_dot = rng.normal(size=(2, *shape))
    y, pull = mg.vjp(lambda x: x[index], x)
    assert_array_equal(y, x[index])
    y_bar = rng.integers(-9, 9, np.shape(y)).astype(float)  # whole numbers are added exactly
    places = np.ravel(np.arange(x.size).reshape(shape)[index])
    expected = np.bincount(places, weights=np.ravel(y_bar), minlength=x.size).reshape(shape)
    assert_array_equal(pull(y_bar)[0], expected)
    assert_array_equal(mg.jvp(lambda x: x[index], (x,), (x_dot,))[1], x_dot[index])


@given(indexed(), st.integers(0, 99))
def test_the_second_derivative_through_an_index(case, seed):
    """Of sum x[i]^3 / 6 it is diagonal: x times how often each place is read."""
    shape, index = case
    rng = np.random.default_rng(seed)
    x = rng.integers(-9, 9, shape).astype(float)
    ones = np.ones(shape)
    found = mg.hvp(lambda x: np.sum(x[index] ** 3) / 6.0, (x,), (ones,))
    places = np.ravel(np.arange(x.size).reshape(shape)[index])
    assert_array_equal(found, x * np.bincount(places, minlength=x.size).reshape(shape))


@pytest.mark.parametrize(
    "use",
    [
        lambda x, i: x[i],
        lambda x, i: x[i, 0],
        lambda x, i: x[:i],
        lambda x, i: x[[0, i]],
        lambda x, i: x[..., i],
        lambda x, i: np.take(x, i),
        lambda x, i: np.take_along_axis(x, i, axis=0),
        lambda x, i: np.diag(x, i),
        lambda x, i: np.tril(x, i),
        lambda x, i: np.reshape(x, (i, -1)),
        lambda x, i: np.sum(x, axis=i),
        lambda x, i: np.quantile(x, i),
        lambda x, i: np.roll(x, i),
        lambda x, i: np.repeat(x, i),
        lambda x, i: np.split(x, i),
    ],
)
def test_a_variable_is_no_index(use):
    """Nor an axis, nor a number of times: it would be lost to the tape without a word."""
    with mg.Tape() as tape:
        x, i = tape.variable(np.ones((2, 2))), tape.variable(1)
        with pytest.raises(mg.errors.UntrackedError, match=r"x\.value"):
            use(x, i)


@pytest.mark.parametrize("conversion", ["item", "tolist", "tobytes", "fill", "put"])
def test_methods_that_would_leave_the_tape_or_change_the_value_are_refused(conversion):
    with mg.Tape() as tape:
        x = tape.variable(np.ones(1))
        with pytest.raises(mg.errors.UntrackedError, match=conversion):
            getattr(x, conversion)()
    for absent in ("sort", "partition", "resize"):  # NumPy's change the array in place
        with pytest.raises(AttributeError, match=absent):
            getattr(x, absent)


def test_an_index_array_that_nobody_can_change_is_not_copied():
    places = np.array([2, 0, 2])
    frozen = places.copy()
    frozen.setflags(write=False)
    with mg.Tape() as tape:
        x = tape.variable(np.arange(3.0))
        x[places], x[frozen]
    copied, kept = tape[1].operands[1], tape[2].operands[1]
    assert copied is not places
    assert not copied.flags.writeable
    assert kept is frozen


def test_what_is_indexed_keeps_its_type():
    for dtype in (np.float32, np.float64, np.complex128):
        _, pull = mg.vjp(lambda x: x[[0, 0, 1]], np.ones(3, dtype))
        assert pull(np.ones(3, dtype))[0].dtype == dtype
    thirds = np.array([Fraction(1, 3), Fraction(2, 3)])
    slope = mg.grad(lambda x: np.sum(x[[0, 0, 1]] * x[1]))(thirds)
    assert list(slope) == [Fraction(4, 3), Fraction(2)]
    assert all(isinstance(part, Fraction) for part in slope)
