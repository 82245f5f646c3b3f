"""Mini-batches: random, yet the same whenever they are read."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.datasets import Batches, batches
from minigrad.fingerprint import can_change

N = 23
X, Y = np.arange(3.0 * N).reshape(N, 3), np.arange(N)
shapes = st.tuples(st.integers(1, N), st.integers(0, 12), st.integers(0, 2**32), st.booleans())


def make(shape):
    size, steps, seed, epochs = shape
    return batches(X, Y, size, steps, seed, epochs=epochs)


@given(shapes)
def test_a_batch_has_distinct_examples_with_their_own_labels(shape):
    drawn = make(shape)
    assert len(drawn) == shape[1]
    for x, y in drawn:
        assert x.shape == (shape[0], 3)
        assert len(set(y.tolist())) == shape[0]
        assert np.array_equal(x, X[y])


@given(shapes, st.data())
def test_the_past_can_be_read_again_in_any_order_and_any_way(shape, data):
    drawn = make(shape)
    first = [y.tolist() for _, y in drawn]
    for t in data.draw(st.permutations(range(len(drawn)))):
        assert drawn[t][1].tolist() == first[t]
        assert drawn(t)[1].tolist() == first[t]
        assert drawn[t - len(drawn)][1].tolist() == first[t]
        assert drawn[t:][0][1].tolist() == first[t]


@given(shapes, st.integers(1, 9))
def test_more_steps_continue_the_same_sequence(shape, more):
    size, steps, seed, epochs = shape
    longer = batches(X, Y, size, steps + more, seed, epochs=epochs)
    assert np.array_equal(longer.indices[:steps], make(shape).indices)


@given(st.integers(1, N), st.integers(0, 2**32))
def test_an_epoch_meets_no_example_twice_and_leaves_out_only_the_remainder(size, seed):
    per_epoch = N // size
    drawn = batches(X, Y, size, 3 * per_epoch, seed, epochs=True)
    for epoch in range(3):
        met = drawn.indices[epoch * per_epoch : (epoch + 1) * per_epoch].ravel()
        assert len(np.unique(met)) == len(met) == N - N % size


def test_another_seed_or_step_is_another_batch():
    a, b = (batches(X, Y, 10, 2, seed) for seed in (0, 1))
    assert a.indices.tolist() != b.indices.tolist()
    assert a.indices[0].tolist() != a.indices[1].tolist()


def test_every_example_is_drawn_equally_often():
    """Each is in a batch with probability size/n; 4000 batches, 6 standard deviations."""
    counts = np.bincount(batches(X, Y, 5, 4000).indices.ravel(), minlength=N)
    p = 5 / N
    assert np.all(np.abs(counts - 4000 * p) < 6 * np.sqrt(4000 * p * (1 - p)))


def test_what_is_handed_in_may_change_afterwards():
    x, y = X.copy(), Y.copy()
    drawn = batches(x, y, 4, 2)
    before = [[part.tolist() for part in batch] for batch in drawn]
    x[:], y[:] = 0, 0
    assert [[part.tolist() for part in batch] for batch in drawn] == before


def test_nothing_that_a_tape_is_given_can_change():
    drawn = batches(X, Y, 4, 2)
    for array in (drawn.x, drawn.y, drawn.indices, *drawn[0], *drawn[1:][0]):
        assert not can_change(array)
    assert all(part.base is None for part in drawn[0])


def test_read_only_data_are_not_copied():
    frozen = X.copy()
    frozen.setflags(write=False)
    assert batches(frozen, Y, 4, 2).x is frozen
    assert batches(frozen[1:], Y[1:], 4, 2).x.base is None


def test_lists_and_slices_are_taken():
    drawn = batches([[1.0], [2.0]], ["a", "b"], 1, 5)
    assert isinstance(drawn[1:3], Batches)
    assert {(float(x[0, 0]), str(y[0])) for x, y in drawn} <= {(1.0, "a"), (2.0, "b")}
    assert repr(drawn[1:3]) == "<2 batches of 1 out of 2 examples>"


@pytest.mark.parametrize("t", [2, -3])
def test_a_batch_that_is_not_there_is_named(t):
    with pytest.raises(IndexError, match=f"batch {t} of 2"):
        batches(X, Y, 4, 2)[t]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X, Y[1:], 4, 2), "same number of rows"),
        ((1.0, Y, 4, 2), "same number of rows"),
        ((X, Y, 0, 2), "from 1 to 23, the number of examples"),
        ((X, Y, 24, 2), "from 1 to 23, the number of examples"),
        ((X, Y, 4, -1), "steps= must be"),
    ],
)
def test_what_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        batches(*arguments)


def test_a_generator_is_no_seed():
    with pytest.raises(TypeError, match="give a number"):
        batches(X, Y, 4, 2, np.random.default_rng(0))


def test_batches_that_were_sent_elsewhere_are_equal_and_can_not_be_changed():
    drawn = batches(X, Y, 4, 3)
    there = pickle.loads(pickle.dumps(drawn))
    for (x, y), (x_there, y_there) in zip(drawn, there, strict=True):
        assert np.array_equal(x, x_there)
        assert np.array_equal(y, y_there)
    assert not any(can_change(array) for array in (there.x, there.y, there.indices, *there[0]))
