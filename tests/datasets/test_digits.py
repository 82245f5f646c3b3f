"""The bundled digits are the published ones, split as promised, and can't be changed."""

import hashlib

import numpy as np
import pytest

from minigrad.datasets import digits


def together(data):
    """Return all images and labels, in the order of the file."""
    return np.concatenate([part.x for part in data]), np.concatenate([part.y for part in data])


def test_the_split_is_1000_397_400():
    shapes = [(part.x.shape, part.y.shape) for part in digits()]
    assert shapes == [((n, 64), (n,)) for n in (1000, 397, 400)]
    assert digits()._fields == ("train", "validation", "test")


def test_the_classes_are_as_many_as_its_authors_say():
    """The distribution over classes that accompanies optdigits.tes."""
    _, y = together(digits())
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_every_class_is_in_every_part():
    for part in digits():
        share = np.bincount(part.y, minlength=10) / len(part.y)
        assert np.all((share > 0.06) & (share < 0.14))


def test_no_image_is_in_two_parts():
    x, _ = together(digits())
    assert len(np.unique(x, axis=0)) == len(x) == 1797


def test_nobody_shuffled_or_altered_the_file():
    x, y = together(digits())
    content = (x * 16).astype(np.uint8).tobytes() + y.astype(np.uint8).tobytes()
    assert hashlib.sha256(content).hexdigest() == (
        "7f7cb422c3e0356929ccf02b7b79153593541a44383715a9bbfdaa553cbe1684"
    )


def test_they_are_those_of_scikit_learn():
    """The same images with the same labels, whatever their order."""
    x, y = together(digits())
    theirs = pytest.importorskip("sklearn.datasets").load_digits(return_X_y=True)
    ours, those = (np.column_stack([a, b]) for a, b in ((x * 16, y), theirs))
    assert np.array_equal(ours[np.lexsort(ours.T)], those[np.lexsort(those.T)])


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, "f4"])
def test_every_dtype_holds_the_same_sixteenths(dtype):
    for part, exact in zip(digits(dtype), digits(), strict=True):
        assert part.x.dtype == np.dtype(dtype)
        assert part.y.dtype == np.int64
        assert np.array_equal(part.x, exact.x)
        assert part.x.min() == 0.0
        assert part.x.max() == 1.0
        assert np.array_equal(np.rint(part.x * 16), part.x * 16)


@pytest.mark.parametrize("dtype", [np.int64, np.complex128, bool, object])
def test_a_dtype_that_is_not_real_floating_is_refused(dtype):
    with pytest.raises(TypeError, match="floating"):
        digits(dtype)


def test_each_array_owns_its_memory_and_is_read_only():
    for part in digits():
        for array in part:
            assert array.base is None
            assert not array.flags.writeable
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0
