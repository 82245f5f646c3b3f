"""The fingerprint of an array changes with the array, however it is changed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import errors
from minigrad.fingerprint import fingerprint

CHANGES = {
    "all signs": lambda a: np.negative(a, out=a),
    "the signs of two": lambda a: np.negative(a[:2], out=a[:2]),
    "twice as large": lambda a: np.multiply(a, 2.0, out=a),
    "half as large": lambda a: np.multiply(a, 0.5, out=a),
    "backwards": lambda a: a.__setitem__(slice(None), a[::-1].copy()),
    "two exchanged": lambda a: a.__setitem__([0, 1], a[[1, 0]]),
    "the last bits of all": lambda a: np.nextafter(a, np.inf, out=a),
    "all the same": lambda a: a.fill(a[-1]),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.complex128])
@pytest.mark.parametrize("n", [*range(2, 40), 64, 100, 2048, 4096, 8192, 8193, 20000])
def test_changes_of_many_elements_at_once(n, dtype):
    """Of numbers with few bits, as labels and masks are, and of ones with many."""
    signs = np.where(np.arange(n) % 3 == 0, 1.0, -1.0)
    for numbers in (signs, signs * np.arange(1, n + 1), np.cos(np.arange(n))):
        for name, change in CHANGES.items():
            if dtype is np.complex128 and name == "the last bits of all":
                continue  # which NumPy does not know
            array = numbers.astype(dtype)
            before, kept = fingerprint(array), array.copy()
            change(array)
            assert np.array_equal(array, kept) or fingerprint(array) != before, name


@given(st.data())
def test_signs_of_any_elements(data):
    n = data.draw(st.integers(1, 60))
    chosen = data.draw(st.sets(st.integers(0, n - 1), min_size=1))
    array = np.ones(n)
    before = fingerprint(array)
    array[list(chosen)] *= -1.0
    assert fingerprint(array) != before
    array[list(chosen)] *= -1.0
    assert fingerprint(array) == before


def test_a_sign_that_turns_everywhere_is_found_by_a_sweep():
    c = np.array([1.0, 2.0])
    with mg.Tape() as tape:
        x = tape.variable(np.ones(2))
        y = np.sum(x * c)
    c *= -1.0
    with pytest.raises(errors.ChangedArrayError):
        tape.gradient(y, x)
