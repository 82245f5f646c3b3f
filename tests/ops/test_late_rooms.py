"""Operations that load late are found as those that are there from the start."""

import subprocess
import sys

import pytest

CALLS = {
    "bessel": "np.i0(x)[0]",
    "convolve": "np.convolve(x, x)[0]",
    "decompositions": "np.linalg.svd(np.outer(x, x) + np.eye(2))[1][0]",
    "difference": "np.diff(x)[0]",
    "fourier": "np.fft.fft(x)[0].real",
    "interpolate": "np.interp(0.5, np.arange(2.0), x)",
    "least_squares": "np.linalg.pinv(np.outer(x, x) + np.eye(2))[0, 0]",
    "linalg": "np.linalg.det(np.outer(x, x) + np.eye(2))",
    "norms": "np.linalg.norm(x)",
}


@pytest.mark.parametrize("room", CALLS)
def test_a_late_room_loads_with_the_first_call(room):
    """In a new process: it is not there, the call is recorded, it is there."""
    code = f"""
import sys
import numpy as np
import minigrad as mg
assert "minigrad.ops.{room}" not in sys.modules
slope = mg.grad(lambda x: {CALLS[room]})(np.array([1.5, 2.5]))
assert slope.shape == (2,) and np.any(slope != 0)
assert "minigrad.ops.{room}" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_table_of_support_loads_the_late_rooms():
    code = """
from minigrad.ops import support_table
assert {"numpy.fft.fft", "numpy.linalg.svd"} <= {row["function"] for row in support_table()}
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_rooms_are_those_that_load_late():
    from minigrad import ops

    assert tuple(CALLS) == ops.LATE
    for room in CALLS:
        assert getattr(ops, room).__name__ == f"minigrad.ops.{room}"
