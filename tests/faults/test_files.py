"""Nothing that is read from a file is code, and no size that it announces is believed."""

import ast
import gzip
import io
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad.datasets import DataError, load

PACKAGE = Path(minigrad.__file__).parent
#: What can run what it reads. A run is pickled to be sent to worker processes, in memory alone.
EXECUTING = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
WORKERS = "hyper/searching/workers.py"


def trees():
    for path in PACKAGE.rglob("*.py"):
        yield path.relative_to(PACKAGE).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imported(node):
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    return {(node.module or "").partition(".")[0]} if isinstance(node, ast.ImportFrom) else set()


def test_no_room_that_reads_a_file_can_unpickle():
    found = {
        name for name, tree in trees() for node in ast.walk(tree) if imported(node) & EXECUTING
    }
    assert found == {WORKERS}
    source = (PACKAGE / WORKERS).read_text(encoding="utf-8")
    assert "open(" not in source
    assert "pickle.load(" not in source
    assert "pickle.dump(" not in source


def test_numpy_is_told_not_to_unpickle_wherever_it_reads_or_writes():
    calls = []
    for name, tree in trees():
        for node in ast.walk(tree):
            called = node.func.attr if hasattr(getattr(node, "func", None), "attr") else ""
            numpys = called and ast.unparse(node.func).startswith("np.")
            if numpys and called in {"load", "save", "read_array"}:
                told = {word.arg: ast.unparse(word.value) for word in node.keywords}
                calls.append((name, called, told.get("allow_pickle")))
            assert called not in {"fromfile", "memmap", "fromregex", "genfromtxt"}, name
    assert {allowed for *_, allowed in calls} == {"False"}, calls
    assert len(calls) >= 4


def npy(shape, announced=None, padding=0):
    """Return the beginning of an array's record, which announces what it likes."""
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * padding + b"\n"
    return b"\x93NUMPY\2\0" + struct.pack("<I", announced or len(text)) + text


def npz(path, member):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", member)
        archive.writestr("y.npy", npy("(1,)") + bytes(8))
    return path


def idx(*shape, axes=None):
    return bytes([0, 0, 8, axes or len(shape)]) + struct.pack(f">{len(shape)}I", *shape)


def packed_with_extra():
    """A gzip header whose name never ends."""
    return b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 70_000


ABSURD = {
    "npz: 10^18 numbers": lambda path: npz(path, npy("(1000000000, 1000000000)") + bytes(80)),
    "npz: more axes than any": lambda path: npz(path, npy(f"({'9, ' * 600})")),
    "npz: a negative size": lambda path: npz(path, npy("(-1, 5)") + bytes(40)),
    "npz: a number with a thousand digits": lambda path: npz(path, npy(f"({'9' * 1000},)")),
    "npz: a header of 4 GB": lambda path: npz(path, npy("(1, 1)", announced=2**32 - 1)),
    "npz: a header of 60 MB": lambda path: npz(path, npy("(1, 1)", padding=60_000_000)),
    "idx: 10^28 bytes": lambda path: path.write_bytes(idx(*[2**32 - 1] * 3)),
    "idx: 255 axes": lambda path: path.write_bytes(idx(*[2**31] * 255)),
    "idx: cut off in its sizes": lambda path: path.write_bytes(idx(5, axes=3)),
    "idx.gz: 10^28 bytes": lambda path: path.write_bytes(gzip.compress(idx(*[2**32 - 1] * 3))),
    "idx.gz: 60 MB of a few bytes": lambda path: path.write_bytes(
        gzip.compress(idx(1, 60_000, 1000))
    ),
    "csv: a line of 60 MB": lambda path: path.write_bytes(gzip.compress(b"1," * 30_000_000)),
    "gz: a name without an end": lambda path: path.write_bytes(packed_with_extra()),
    "zip: a directory of 2^63 bytes": lambda path: path.write_bytes(
        b"PK\3\4" + bytes(40)
        + b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 2, 2, 2**63 - 1, 0)
        + b"PK\6\7" + struct.pack("<IQI", 0, 44, 1)
        + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ABSURD)
def test_a_size_that_can_not_be_is_refused_before_memory_is_taken_for_it(tmp_path, what):
    path = tmp_path / "absurd-images-idx3"
    ABSURD[what](path)
    (tmp_path / "absurd-labels-idx1").write_bytes(idx(1) + b"\1")
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=str(path)):
            load(path, max_bytes=20_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 25_000_000


def test_a_header_of_any_version_that_numpy_writes_is_read(tmp_path):
    x, y = np.arange(12.0).reshape(4, 3), np.arange(4)
    for version in ((1, 0), (2, 0), (3, 0)):
        with zipfile.ZipFile(tmp_path / "data.npz", "w") as archive:
            for name, array in (("x.npy", x), ("y.npy", y)):
                file = io.BytesIO()
                np.lib.format.write_array(file, array, version=version)
                archive.writestr(name, file.getvalue())
        assert np.array_equal(load(tmp_path / "data.npz").x, x)
