"""Files that were written come back; damaged ones are refused in words, nothing else happens."""

import gzip
import io
import pickle
import struct
import zipfile
from string import ascii_letters

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad.datasets as datasets
from minigrad.datasets import DataError, load
from minigrad.datasets.idx import TYPES

sizes = st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 4))
finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


def idx(array):
    code = next(code for code, name in TYPES.items() if np.dtype(name) == array.dtype)
    header = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def npz(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def write(path, content, packed=False):
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


# Round trips


@st.composite
def idx_pairs(draw):
    dtype = np.dtype(draw(st.sampled_from(list(TYPES.values()))))
    rest = {"allow_nan": False} if dtype.kind == "f" else {}
    images = draw(hnp.arrays(dtype, sizes, elements=hnp.from_dtype(dtype, **rest)))
    labels = draw(hnp.arrays(np.dtype(">u1"), len(images)))
    return images, labels


@given(idx_pairs(), st.booleans(), st.booleans())
def test_idx_comes_back(folder, pair, packed, labels_packed):
    images, labels = pair
    end, other_end = (".gz" if each else "" for each in (packed, labels_packed))
    for old in folder.glob("t-*"):
        old.unlink()
    path = write(folder / f"t-images-idx3-ubyte{end}", idx(images), packed)
    beside = write(folder / f"t-labels-idx1-ubyte{other_end}", idx(labels), labels_packed)
    found = load(path, pixels=False)
    assert found.x.dtype == np.float64
    assert np.array_equal(found.x, images.reshape(len(images), -1))
    assert found.y.dtype == np.int64
    assert np.array_equal(found.y, labels)
    named = load(path, beside)
    scale = 255 if images.dtype == np.uint8 else 1
    assert np.array_equal(named.x, found.x / scale)


@given(
    hnp.arrays(float, st.tuples(st.integers(1, 6), st.integers(1, 4)), elements=finite),
    st.data(),
)
def test_csv_comes_back(folder, x, data):
    n, columns = x.shape
    header = data.draw(st.booleans())
    delimiter = data.draw(st.sampled_from(",;\t"))
    # The first line tells what sets the cells apart, so it is to be a whole row.
    letters = ascii_letters + ' "é' + delimiter + "\n" * header
    words = st.text(letters, min_size=1).map(lambda s: "k" + s.strip())
    kind = data.draw(st.sampled_from([st.integers(-(2**63), 2**63 - 1), finite, words]))
    labels = data.draw(st.lists(kind, min_size=n, max_size=n))
    place = data.draw(st.integers(0, columns))
    rows = [[*map(repr, row.tolist())] for row in x]
    for row, label in zip(rows, labels, strict=True):
        row.insert(place, label if isinstance(label, str) else repr(label))
    if header:
        names = [f"column {k}" for k in range(columns)]
        rows.insert(0, [*names[:place], "what it is", *names[place:]])
    quoted = [delimiter.join('"' + c.replace('"', '""') + '"' for c in row) for row in rows]
    content = data.draw(st.sampled_from(["\n", "\r\n"])).join(quoted).encode()
    path = write(folder / "table.csv", content, data.draw(st.booleans()))
    target = data.draw(st.sampled_from([place, place - columns - 1] + ["what it is"] * header))
    found = load(path, target)
    assert np.array_equal(found.x, x)
    assert found.columns == (tuple(names) if header else ())
    if isinstance(labels[0], str):
        assert found.classes == tuple(sorted({label.strip() for label in labels}))
        assert [found.classes[k] for k in found.y] == [label.strip() for label in labels]
    else:
        assert found.y.tolist() == labels
        assert found.y.dtype == (np.int64 if isinstance(labels[0], int) else np.float64)
        assert not found.classes


@given(
    hnp.arrays(
        st.sampled_from([np.float64, np.int16, np.uint8, np.float32]),
        sizes,
        elements=st.integers(0, 100),
    ),
    st.sampled_from([("x", "y"), ("X", "y"), ("images", "labels"), ("x_train", "y_train")]),
    st.data(),
)
def test_npz_comes_back(folder, x, names, data):
    labels = data.draw(hnp.arrays(np.uint8, len(x)))
    path = write(folder / "arrays.npz", npz(**dict(zip(names, (x, labels), strict=True))))
    found = load(path, pixels=False)
    assert np.array_equal(found.x, x.reshape(len(x), -1))
    assert np.array_equal(found.y, labels)
    assert load(path).x.max() <= (1.0 if x.dtype == np.uint8 else 100.0)


def test_npz_with_other_names_words_and_columns(folder):
    words = np.array(["cat", "ant", "cat"])
    path = write(folder / "a.npz", npz(pets=np.eye(3), kind=words[:, None], x_test=[1], y_test=[2]))
    assert load(path, "y_test").y.tolist() == [2]
    path = write(folder / "b.npz", npz(pets=np.eye(3), kind=words[:, None]))
    found = load(path, "kind")
    assert found.classes == ("ant", "cat")
    assert found.y.tolist() == [1, 0, 1]
    path = write(folder / "c.npz", npz(x=np.eye(3), y=words.astype("S")))
    assert load(path).classes == ("ant", "cat")
    path = write(folder / "d.npz", npz(x=np.eye(3), y=np.array([0.5, 1.0, 2.0], np.float32)))
    assert load(path).y.dtype == np.float64


def test_what_is_loaded_nobody_can_change_and_can_be_pickled(folder):
    path = write(folder / "e.csv", b"a,label\n1,x\n2,y\n")
    found = load(path)
    for array in found:
        assert not array.flags.writeable
        assert array.base is None
    again = pickle.loads(pickle.dumps(found))
    assert (again.classes, again.columns) == (("x", "y"), ("a",))
    assert len(datasets.batches(*found, size=1, steps=2)) == 2


# CSV: headers, targets, and what is wrong


@pytest.mark.parametrize("name", ["label", "Target", "class", "y"])
def test_a_target_by_its_usual_name(folder, name):
    found = load(write(folder / "t.csv", f"a,{name},b\n1,7,2\n\n3,8,4\n".encode()))
    assert found.x.tolist() == [[1, 2], [3, 4]]
    assert found.y.tolist() == [7, 8]


def test_a_byte_order_mark_and_spaces_are_nothing(folder):
    found = load(write(folder / "t.csv", b"\xef\xbb\xbf label , a\n 1 , 2 \n"))
    assert (found.x.tolist(), found.y.tolist(), found.columns) == ([[2]], [1], ("a",))


def test_a_number_given_as_text_is_a_number(folder):
    path = write(folder / "t.csv", b"5,0,1\n6,0,2\n")
    assert load(path, "0").y.tolist() == [5, 6]
    assert load(path, -1).y.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("content", "target", "said"),
    [
        ("a,label\n1,2\nx,3\n", None, r"line 3, column 'a'.*finite number, got 'x'"),
        ('a,b,label\n1,"\n2",5\n3,nan,3\n', None, r"line 4, column 'b'.*got 'nan'"),
        ("a,b,label\n1,1e308,2\n1,1e999,3\n", None, r"line 3, column 'b'.*got '1e999'"),
        ("a,label\n1,2\n,3\n", None, r"line 3, column 'a'.*got ''"),
        ("a,label\n1,2\n3,\n", None, r"line 3, column 'label'.*got ''"),
        ("a,label\n1,2\n3,two\n", None, r"line 3, column 'label'.*a finite number.*'two'"),
        ("a,label\n1,one\n3,2\n", None, r"line 3, column 'label'.*a word.*'2'"),
        ("a,label\n1,2\n3,inf\n", None, r"line 3, column 'label'.*'inf'"),
        ("1,2\n3,4,5\n", 0, r"line 2: 3 cells.*has 2"),
        ("a,b\n1,2\n", None, r"2 columns, the first row 'a', 'b'; say which"),
        ("1,2\n3,4\n", None, r"say which"),
        ("a,b\n1,2\n", "c", r"'a', 'b'; target='c' is the name or number of none"),
        ("a,b\n1,2\n", 2, r"number of none"),
        ("a,b\n1,2\n", 0.5j, r"number of none"),
        ("a,a,b\n1,2,3\n", "a", r"number of none"),
        ("label\n1\n", None, r"1 columns.*at least one other"),
        ("", None, r"empty table"),
        ("\n\n", None, r"empty table"),
        ("a,label\n", None, r"no rows under it"),
        ('a,label\n1,"2\n', None, r"line 2: unexpected end"),
        ("a,label\n1\xff,2\n", None, r"line 2|UTF-8"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(folder, content, target, said):
    path = write(folder / "wrong.csv", content.encode("latin-1"))
    with pytest.raises(DataError, match=said) as caught:
        load(path, target)
    assert str(path) in str(caught.value)


# IDX and NPZ: what is wrong

IMAGES = np.arange(24, dtype=">u1").reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (idx(IMAGES)[:-1], "announces 24 bytes.*only 23|more than the file can hold"),
        (idx(IMAGES) + b"\0", "holds more"),
        (idx(IMAGES)[:9], "cut off within the header of 3 sizes"),
        (idx(IMAGES.ravel()), "labels; give images"),
        (b"\0\0\x08\x03" + struct.pack(">3I", 2**31, 2**31, 2**31), "more than the file can hold"),
        (b"\0\0\x08\x03" + struct.pack(">3I", 0, 2**31, 2**31), "announces 3 axes"),
        (b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"1", "announces 255 axes"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_wrong_with_idx_is_said(folder, content, said, packed):
    path = write(folder / "wrong-images-idx3-ubyte", content, packed)
    write(folder / "wrong-labels-idx1-ubyte", idx(np.zeros(2, ">u1")))
    with pytest.raises(DataError, match=said):
        load(path)


def test_images_want_their_labels(folder):
    path = write(folder / "alone-images.idx3", idx(IMAGES))
    with pytest.raises(DataError, match=r"no file \S*alone-labels.idx1 or .*target="):
        load(path)
    with pytest.raises(DataError, match="target=0"):
        load(path, 0)
    three = write(folder / "three", idx(np.zeros(3, ">u1")))
    with pytest.raises(DataError, match=r"3 labels, but examples of shape \(2, 3, 4\)"):
        load(path, three)
    with pytest.raises(DataError, match="not an IDX file"):
        load(path, write(folder / "no.idx", b"text"))
    with pytest.raises(FileNotFoundError):
        load(path, "nowhere")


@pytest.mark.parametrize(
    ("arrays", "target", "said"),
    [
        ({"a": np.eye(3), "b": np.ones(3)}, None, r"found a \(3, 3\) float64, b \(3,\) float64"),
        ({"x": np.eye(3), "y": np.ones(3)}, "z", r"labels in 'z'"),
        ({}, None, "found nothing"),
        ({"x": np.eye(3), "y": np.array([{}, 1, 2])}, None, "Python objects.*not unpickled"),
        ({"x": np.array([print] * 3), "y": np.ones(3)}, None, "Python objects.*not unpickled"),
        ({"x": np.eye(3), "y": np.eye(3)}, None, r"one label for each example.*\(3, 3\)"),
        ({"x": np.eye(3), "y": np.array([1, np.nan, 2])}, None, "finite numbers, or words"),
        ({"x": np.eye(3), "y": np.array([2**63] * 3, np.uint64)}, None, "finite numbers"),
        ({"x": np.eye(3) * 1j, "y": np.ones(3)}, None, "dtype complex128"),
        ({"x": np.eye(4), "y": np.ones(3)}, None, "3 labels, but examples of shape"),
        ({"x": np.ones((3, 0)), "y": np.ones(3)}, None, "no examples, or nothing known"),
    ],
)
def test_what_is_wrong_with_npz_is_said(folder, arrays, target, said):
    with pytest.raises(DataError, match=said):
        load(write(folder / "wrong.npz", npz(**arrays)), target)


def test_a_single_array_says_how_to_save_two(folder):
    np.save(folder / "one.npy", np.eye(3))
    with pytest.raises(DataError, match=r"np\.savez"):
        load(folder / "one.npy")


# Nothing is believed


GOOD = {
    "csv": b"a,b,label\n" + b"".join(b"%d,%d,%d\n" % (k, k * k, k % 3) for k in range(20)),
    "idx": idx(IMAGES),
    "npz": npz(x=np.arange(40.0).reshape(10, 4), y=np.arange(10)),
    "csv.gz": gzip.compress(b"a,label\n" + b"1,2\n" * 30),
    "idx.gz": gzip.compress(idx(IMAGES)),
}
KINDS = st.sampled_from(sorted(GOOD))


def loaded_or_refused(folder, content):
    path = write(folder / "fuzzed", content)
    labels = write(folder / "labels", idx(np.zeros(2, ">u1")))
    try:
        found = load(path, labels if b"\0\0" in content[:2] or content[:1] == b"\x1f" else None)
    except DataError:
        return
    assert found.x.dtype == np.float64
    assert found.x.ndim == 2
    assert len(found.x) == len(found.y) > 0


@given(KINDS, st.data())
def test_a_file_that_was_cut_off_is_loaded_or_refused(folder, kind, data):
    content = GOOD[kind]
    loaded_or_refused(folder, content[: data.draw(st.integers(0, len(content)))])


@given(KINDS, st.data())
def test_a_file_with_damaged_bytes_is_loaded_or_refused(folder, kind, data):
    content = bytearray(GOOD[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    loaded_or_refused(folder, bytes(content))


@given(st.binary(max_size=200), st.sampled_from([b"", b"PK\x03\x04", b"\0\0\x08\x03", b"\x1f\x8b"]))
def test_noise_is_loaded_or_refused(folder, noise, start):
    loaded_or_refused(folder, start + noise)


def test_a_bomb_does_not_go_off(folder):
    zeros = gzip.compress(b"0" * 30_000_000)
    with pytest.raises(DataError, match="max_bytes=1,000,000"):
        load(write(folder / "bomb.csv.gz", zeros), 0, max_bytes=1_000_000)
    rows = gzip.compress(b"1,2\n" * 1_000_000)
    with pytest.raises(DataError, match="max_bytes=1,000,000"):
        load(write(folder / "rows.csv.gz", rows), 0, max_bytes=1_000_000)
    many = gzip.compress(idx(np.zeros((1, 2000, 2000), ">u1")))
    with pytest.raises(DataError, match="max_bytes"):
        load(write(folder / "i-images-idx3.gz", many), max_bytes=1_000_000)
    with pytest.raises(DataError, match="max_bytes=1,000,000"):
        load(write(folder / "n.npz", npz(x=np.zeros((1, 200_000)), y=[1])), max_bytes=1_000_000)


def test_a_size_that_an_array_in_an_archive_has_not_is_not_believed(folder):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10)}
    )
    with zipfile.ZipFile(folder / "huge.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", header.getvalue() + b"\0" * 80)
        archive.writestr("y.npy", header.getvalue() + b"\0" * 80)
    with pytest.raises(DataError, match="has not the bytes for it"):
        load(folder / "huge.npz", max_bytes=10**13)


def test_a_pickle_is_not_unpickled(folder):
    path = write(folder / "data.pkl", pickle.dumps({"x": np.eye(3), "y": np.ones(3)}))
    with pytest.raises(DataError, match="not IDX, NPZ, nor text"):
        load(path)
