"""A checkpoint's file: what is in it comes back, and what is damaged is refused."""

import errno
import hashlib
import json
import os
import re
import struct
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as shapes

from minigrad.hyper import CheckpointError
from minigrad.hyper.tuning.checkpoint import FRONT, MAGIC, VERSION, CheckpointFile, decode, encode

HEADER = {"identity": {"training steps": "5"}, "words": "η"}
ARRAYS = {"costs": np.array([0.5, np.nan, np.inf]), "accepted": np.array([True, False, True])}
floats_in_any_shape = shapes.arrays(np.float64, shapes.array_shapes(min_dims=0, min_side=0))
GOOD = encode(HEADER, ARRAYS)


def sealed(front, text, body=b""):
    """Return a file with a digest that fits, whatever is in it."""
    whole = front + text + body
    return whole + hashlib.sha256(whole).digest()


@given(st.dictionaries(st.text(max_size=5), floats_in_any_shape))
def test_arrays_come_back_to_the_last_bit(given_arrays):
    header, back = decode(encode(HEADER, given_arrays))
    assert header == HEADER
    assert back.keys() == given_arrays.keys()
    for name, array in given_arrays.items():
        assert back[name].tobytes() == np.ascontiguousarray(array).tobytes()
        assert back[name].shape == array.shape


@pytest.mark.parametrize("length", range(len(GOOD)))
def test_a_file_cut_at_any_length_is_refused(length):
    with pytest.raises(CheckpointError, match="digest"):
        decode(GOOD[:length])


@given(st.integers(0, 8 * len(GOOD) - 1))
def test_a_file_with_any_bit_flipped_is_refused(bit):
    damaged = bytearray(GOOD)
    damaged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(CheckpointError, match="digest"):
        decode(bytes(damaged))


@given(st.binary(max_size=200))
def test_something_else_is_refused(data):
    with pytest.raises(CheckpointError):
        decode(data)


@given(st.binary(max_size=100))
def test_nonsense_with_a_fitting_digest_is_refused(data):
    with pytest.raises(CheckpointError):
        decode(sealed(b"", data))
    with pytest.raises(CheckpointError):
        decode(sealed(FRONT.pack(MAGIC, VERSION, len(data)), data))


def test_a_future_version_is_named():
    with pytest.raises(CheckpointError, match=r"version 2 of the format.*reads version 1"):
        decode(sealed(FRONT.pack(MAGIC, 2, 2), b"{}"))


def test_a_header_longer_than_the_file_is_refused_before_it_is_read():
    with pytest.raises(CheckpointError, match="announces a header of 18,446,744,073,709,551,615"):
        decode(sealed(struct.pack("<8sIQ", MAGIC, VERSION, 2**64 - 1), b"{}"))


@pytest.mark.parametrize(
    "index",
    [
        [["a", "<f8", [2**62]]],
        [["a", "<f8", [2**40, 2**40, 2**40]]],
        [["a", "<f8", [-1]]],
        [["a", "<f8", [1.0]]],
        [["a", "<f8", [True]]],
        [["a", "|O", [1]]],
        [["a", "<U9999999999", [1]]],
        [[3, "<f8", [1]]],
        [["a", "<f8"]],
        {"a": 1},
        None,
    ],
)
def test_arrays_that_the_file_can_not_hold_are_refused(index):
    text = json.dumps({"header": {}, "arrays": index}).encode()
    with pytest.raises(CheckpointError, match="makes no sense"):
        decode(sealed(FRONT.pack(MAGIC, VERSION, len(text)), text, bytes(8)))


def test_numbers_that_are_no_json_are_refused():
    text = b'{"header": NaN, "arrays": []}'
    with pytest.raises(CheckpointError, match="NaN is no JSON"):
        decode(sealed(FRONT.pack(MAGIC, VERSION, len(text)), text))


# The file on disk


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_one_before_is_kept_and_nothing_else(tmp_path):
    path = tmp_path / "tune.checkpoint"
    with CheckpointFile(path) as file:
        assert file.read() is None
        for step in range(3):
            file.write({"step": step}, {})
    assert contents(tmp_path) == {
        "tune.checkpoint": encode({"step": 2}, {}),
        "tune.checkpoint.previous": encode({"step": 1}, {}),
    }


def test_a_damaged_file_names_the_older_one(tmp_path):
    path = tmp_path / "tune.checkpoint"
    path.write_bytes(GOOD[:-1])
    with CheckpointFile(path) as file, pytest.raises(CheckpointError, match="no older one"):
        file.read()
    (tmp_path / "tune.checkpoint.previous").write_bytes(GOOD)
    with CheckpointFile(path) as file, pytest.raises(CheckpointError) as caught:
        file.read()
    assert re.search(r"digest.*tune\.checkpoint\.previous: move it here", str(caught.value))


@pytest.mark.parametrize("nth", range(2))
@pytest.mark.parametrize("call", ["builtins.open", "os.fsync", "os.replace"])
def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch, call, nth):
    """Whichever call fails, in one clear line. Half a file is written before `fsync` fails."""
    path = tmp_path / "tune.checkpoint"
    module, name = call.split(".")
    real, calls = getattr(sys.modules[module], name), []

    def failing(*args, **kwargs):
        calls.append(args)
        if len(calls) == nth + 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*args, **kwargs)

    with CheckpointFile(path) as file:
        for step in range(2):
            file.write({"step": step}, {})
        with monkeypatch.context() as patch:
            patch.setattr(call, failing)
            with pytest.raises(CheckpointError, match=r"can't be written: No space left") as caught:
                file.write({"step": 2}, {})
        assert "\n" not in str(caught.value)
    left = contents(tmp_path)
    assert left.keys() == {"tune.checkpoint", "tune.checkpoint.previous"}
    assert decode(left["tune.checkpoint"])[0] == {"step": 1}
    assert decode(left["tune.checkpoint.previous"])[0]["step"] in (0, 1)


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit on the size of files")
def test_a_real_limit_on_the_size_of_files_leaves_what_was_there(tmp_path):
    path = tmp_path / "tune.checkpoint"
    code = (
        "import resource, numpy as np\n"
        "from minigrad.hyper.tuning.checkpoint import CheckpointFile\n"
        f"with CheckpointFile({str(path)!r}) as file:\n"
        "    file.write({'step': 0}, {})\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "    file.write({'step': 1}, {'big': np.zeros(10000)})\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == 1
    assert "can't be written: File too large" in found.stderr
    left = contents(tmp_path)
    assert left.keys() == {"tune.checkpoint", "tune.checkpoint.previous"}
    assert decode(left["tune.checkpoint"])[0] == {"step": 0}


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="can't be written: No such file"):
        CheckpointFile(tmp_path / "nowhere" / "tune.checkpoint").__enter__()


def test_a_folder_that_may_not_be_written_to_is_named(tmp_path, monkeypatch):
    def denied(*args):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(CheckpointError, match="can't be written: Permission denied"):
        CheckpointFile(tmp_path / "tune.checkpoint").__enter__()


def test_the_second_process_gets_one_clear_error(tmp_path):
    path = tmp_path / "tune.checkpoint"
    code = (
        "import sys; from minigrad.hyper.tuning.checkpoint import CheckpointFile\n"
        f"with CheckpointFile({str(path)!r}): pass"
    )
    other = [sys.executable, "-c", code]
    with CheckpointFile(path):
        found = subprocess.run(other, capture_output=True, text=True, check=False)
        assert found.returncode == 1
        assert "another process is writing it" in found.stderr
    assert subprocess.run(other, check=False).returncode == 0
    assert contents(tmp_path) == {}


def test_a_lock_that_a_killed_process_left_does_not_count(tmp_path):
    path = tmp_path / "tune.checkpoint"
    (tmp_path / "tune.checkpoint.lock").write_bytes(b"")
    with CheckpointFile(path) as file:
        file.write({}, {})
    assert contents(tmp_path).keys() == {"tune.checkpoint"}
