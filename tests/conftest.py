"""What holds for every test: one thread of arithmetic, no leaks, and how hard Hypothesis tries."""

import os

# Before NumPy is imported: products too small to share cost more with two threads than with one.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

from minigrad.tape import current_tape  # noqa: E402

# `--hypothesis-profile=thorough` before a release. The others draw the same examples each time.
settings.register_profile("fast", deadline=None, derandomize=True, max_examples=25)
settings.register_profile("ci", settings.get_profile("fast"), max_examples=50, print_blob=True)
settings.register_profile(
    "thorough", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("fast")


@pytest.fixture(autouse=True)
def no_tape_is_left_open():
    """Fail a test after which its thread still has a tape open, and close it for the next one."""
    yield
    left = 0
    while (tape := current_tape()) is not None:
        tape.__exit__()
        left += 1
    assert left == 0, f"the test left {left} tapes open"


@pytest.fixture(autouse=True)
def the_global_generator_is_left_alone():
    """Fail a test that draws from ``np.random``, whose state belongs to the user."""
    before = np.random.get_state()  # noqa: NPY002 - it is the legacy state that is guarded
    yield
    after = np.random.get_state()  # noqa: NPY002
    assert before[2] == after[2], "np.random was used"
    assert np.array_equal(before[1], after[1]), "np.random was used"
