"""The binomial schedule: it reverses every step, in the fewest steps, with no state too many."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad.hyper.unrolling.revolve import (
    Plan,
    extra_steps,
    fewest_reruns,
    least_memory,
    schedule,
    snapshots_for,
)


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


def advanced_in_stretches(steps, plan):
    """Return the single steps that a schedule over stretches advances over."""
    at, total = 0, 0
    for do, k in schedule(plan.stretches(steps), plan.snapshots):
        total += (k - at) * plan.stretch if do == "advance" else 0
        at = k
    return total


bytes_of_a_state, bytes_of_a_step = st.integers(0, 20), st.integers(1, 50)


@given(st.integers(1, 300), st.integers(1, 9), st.integers(1, 40))
def test_the_steps_of_a_plan_are_those_of_its_schedule(steps, snapshots, stretch):
    plan = Plan(snapshots, stretch)
    assert plan.reruns(steps) == advanced_in_stretches(steps, plan)
    if stretch == 1:
        assert plan.reruns(steps) == extra_steps(steps, snapshots)


@given(st.integers(1, 60), st.integers(0, 3000), bytes_of_a_state, bytes_of_a_step)
def test_no_other_plan_takes_fewer_steps_in_the_memory(steps, memory, state, step):
    others = [Plan(s, length) for s in range(1, steps + 1) for length in range(1, steps + 1)]
    fit = [plan for plan in others if plan.nbytes(steps, state, step) <= memory]
    found = fewest_reruns(steps, memory, state, step)
    assert (found is None) == (not fit)
    if found is not None:
        assert found.nbytes(steps, state, step) <= memory
        assert found.reruns(steps) == min(plan.reruns(steps) for plan in fit)


@given(st.integers(1, 60), st.integers(1, 3), bytes_of_a_state, bytes_of_a_step)
def test_no_other_plan_takes_less_memory(steps, most, state, step):
    def repeats(plan):
        return plan.reruns(steps) <= most * steps

    found = least_memory(steps, most, state, step)
    assert snapshots_for(found.stretches(steps), most) == found.snapshots
    assert repeats(found)
    others = [
        Plan(snapshots_for(-(-steps // length), most), length) for length in range(1, steps + 1)
    ]
    fewest = min(plan.nbytes(steps, state, step) for plan in others)
    assert found.nbytes(steps, state, step) == fewest


def test_once_more_each_in_the_square_root_of_the_memory():
    """States and a stretch of 150,000 steps at the sizes of Nielsen's network of 30 units."""
    plan = least_memory(150_000, 1, 190_880, 400_000)
    assert plan.reruns(150_000) == plan.stretch * (plan.stretches(150_000) - 1) < 150_000
    assert plan.nbytes(150_000, 190_880, 400_000) < 2.01 * (150_000 * 190_880 * 400_000) ** 0.5


@pytest.mark.parametrize("arguments", [(-1, 3), (5, 0)])
def test_what_cannot_be_done_is_refused(arguments):
    with pytest.raises(ValueError, match="expected"):
        extra_steps(*arguments)
    with pytest.raises(ValueError, match="expected"):
        list(schedule(*arguments))
