"""Parts of a data set: all of it, once, and scaled by what training may know."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.datasets import Split, Table, split
from minigrad.experiments import Classification

RNG = np.random.default_rng(0)


def table(n, features=3):
    return Split(RNG.normal(3.0, 2.0, size=(n, features)), np.arange(n))


shares = st.floats(0.15, 0.4) | st.integers(1, 4)


@given(st.integers(10, 60), shares, shares, st.integers(0, 2**32))
def test_each_example_is_in_one_part_with_its_label(n, train, validation, seed):
    data = table(n)
    parts = split(data, train, validation, seed)
    labels = np.concatenate([part.y for part in parts])
    assert sorted(labels.tolist()) == list(range(n))
    for part in parts:
        assert np.array_equal(part.x, data.x[part.y])
    for part, share in zip(parts, (train, validation), strict=False):
        assert len(part.y) == (share if isinstance(share, int) else round(share * n))
    again = split(data, train, validation, seed)
    assert all(np.array_equal(a.y, b.y) for a, b in zip(parts, again, strict=True))


@given(st.integers(10, 60), st.integers(0, 2**32))
def test_columns_are_scaled_by_the_training_part_alone(n, seed):
    data = table(n)
    data = Split(np.column_stack([data.x, np.full(n, 0.1)]), data.y)
    train, validation, test = split(data, seed=seed, standardise=True)
    assert np.allclose(train.x.mean(axis=0), 0.0, atol=1e-12)
    assert np.allclose(train.x.std(axis=0), [1.0, 1.0, 1.0, 0.0], atol=1e-12)
    rows = data.x[train.y]
    for part in (validation, test):
        expected = (data.x[part.y] - rows.mean(axis=0))[:, :3] / rows.std(axis=0)[:3]
        assert np.allclose(part.x[:, :3], expected, rtol=1e-12)
        assert np.allclose(part.x[:, 3], 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("train", "validation"), [(0.9, 0.1), (0.0, 0.2), (1.5, 0.2), (9, 1), (0.5, -1), (True, 1)]
)
def test_a_part_without_examples_is_refused(train, validation):
    with pytest.raises(ValueError, match="split"):
        split(table(10), train, validation)


def test_names_stay_and_nobody_can_change_the_parts():
    data = Table.of(np.eye(9), np.arange(9) % 2, ("no", "yes"), tuple("abcdefghi"))
    for part in split(data, standardise=True):
        assert (part.classes, part.columns) == (data.classes, data.columns)
        assert not part.x.flags.writeable
        assert part.x.base is part.y.base is None


def test_what_is_split_can_be_trained_on():
    x = RNG.normal(size=(90, 4))
    data = split(Split(x, (x[:, 0] > 0).astype(int)))
    judged = Classification(data, hidden=(5,), steps=60, batch=20).judge({"eta": 1.0, "lam": 0.0})
    assert judged["test"]["accuracy"] > 0.8
