"""The binomial schedule: it reverses every step, in the fewest steps, with no state too many."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.hyper.revolve import extra_steps, schedule, snapshots_for


def advanced(steps, snapshots):
    """Go through a schedule, check that it can be done, and return the steps it advances over."""
    at, kept, left, total = 0, set(), list(range(steps)), 0
    for do, t in schedule(steps, snapshots):
        if do == "keep":
            assert at == t
            kept.add(t)
            assert len(kept) <= snapshots
        elif do == "restore":
            assert t in kept
            at = t
        elif do == "advance":
            assert t > at
            at, total = t, total + t - at
        else:
            assert (do, at, t) == ("reverse", t, left.pop())
            kept.discard(t)
    assert not left
    assert not kept
    return total


@cache
def fewest(steps, snapshots):
    """Find the fewest steps by trying every place for the next snapshot."""
    if steps <= 1:
        return 0
    if snapshots == 1:
        return steps * (steps - 1) // 2
    return min(m + fewest(steps - m, snapshots - 1) + fewest(m, snapshots) for m in range(1, steps))


@pytest.mark.parametrize("snapshots", range(1, 13))
def test_the_steps_are_those_of_the_formula(snapshots):
    for steps in range(201):
        assert advanced(steps, snapshots) == extra_steps(steps, snapshots)


@given(st.integers(0, 60), st.integers(1, 8))
def test_no_other_schedule_takes_fewer(steps, snapshots):
    assert extra_steps(steps, snapshots) == fewest(steps, snapshots)


@pytest.mark.parametrize(
    ("steps", "snapshots", "extra"),
    [(14, 3, 27), (10, 30, 9), (100, 5, 316), (1000, 10, 3636), (10_000, 20, 37_976)],
)
def test_published_counts(steps, snapshots, extra):
    assert advanced(steps, snapshots) == extra_steps(steps, snapshots) == extra


def test_a_long_run():
    assert advanced(150_000, 50) == extra_steps(150_000, 50) == 575_196


@given(st.integers(1, 10_000), st.integers(1, 5))
def test_the_fewest_snapshots_for_so_many_repetitions(steps, most):
    s = snapshots_for(steps, most)
    assert extra_steps(steps, s) <= most * steps
    assert s == 1 or snapshots_for(steps, most + 1) <= s


@pytest.mark.parametrize("arguments", [(-1, 3), (5, 0)])
def test_what_cannot_be_done_is_refused(arguments):
    with pytest.raises(ValueError, match="expected"):
        extra_steps(*arguments)
    with pytest.raises(ValueError, match="expected"):
        list(schedule(*arguments))
