"""The directions that tangents are carried in: which there are, and when they begin."""

import weakref

import numpy as np
import pytest
from training_runs import RUNS

import minigrad as mg
from minigrad import tree
from minigrad.hyper.domains import markers
from minigrad.hyper.unrolling.directions import Directions
from minigrad.hyper.unrolling.unroll import Unroll
from minigrad.program import StepPrograms

SCHEDULED = [name for name in RUNS if name in ("schedules", "all kinds")]


def stacks(run, hypers):
    """Yield the tangents of each state in turn."""
    unroll = Unroll(run, hypers)
    state, directions = unroll.begin(), Directions(unroll)
    dots, t = directions.begin(), 0
    yield directions, dots
    while t < run.steps:
        state, dots, taken = directions.advance(state, dots, t, run.steps)
        t += taken
        yield directions, dots


def test_an_entry_of_a_schedule_is_carried_from_its_own_step_on():
    run = mg.TrainingRun(
        init=lambda h: np.ones(3),
        step=lambda w, h, b: w - h["eta"] * np.sin(w) - h["lam"] * h["each"],
        cost=lambda w, h: np.sum(w),
        steps=4,
    )
    hypers = {
        "eta": mg.per_step(np.full(4, 0.1)),
        "lam": 0.5,
        "each": mg.per_step(np.full((4, 3), 0.2)),
    }
    counts = [len(dots[0]) for _, dots in stacks(run, hypers)]
    assert counts == [1, 5, 9, 13, 17]


def test_an_entry_that_the_beginning_reads_is_carried_from_the_beginning():
    """`init` reads the entry of the third step of three numbers a step and one of another."""
    (directions, dots), *_ = stacks(*RUNS["schedules"]())
    assert (directions.constant, directions.each_step) == (1, 4)
    axis = directions.axes[len(dots[0]) - 1]
    assert (axis.leaf, axis.place) == (0, (2,))
    assert np.count_nonzero(dots[0].any(axis=1)) == 1


@pytest.mark.parametrize("name", SCHEDULED)
def test_each_number_has_one_direction(name):
    run, hypers = RUNS[name]()
    *_, (directions, dots) = stacks(run, hypers)
    numbers = sum(np.size(hyper.value) for hyper in tree.leaves(markers(hypers)))
    assert len({*directions.axes}) == len(directions.axes) == numbers
    assert {len(stack) for stack in dots} == {numbers}


def test_constant_hypers_take_one_call_of_a_loop(monkeypatch):
    run, hypers = RUNS["layers"]()
    mg.hypergradient(run, hypers, mg.Forward())
    (programs,) = (x for x in run.programs.values() if isinstance(x, StepPrograms))
    calls = []
    advance = programs.tangents.advance
    monkeypatch.setattr(programs.tangents, "advance", lambda *a: calls.append(1) or advance(*a))
    assert mg.hypergradient(run, hypers, mg.Forward()).stats.steps_run == 5
    assert len(calls) == 1


def test_batches_are_read_as_the_loop_goes():
    """The tangents of a million steps take the memory of one, so long as batches are made anew."""
    made, most = [], []

    def batches(t):
        batch = np.full(3, 0.1 * t)
        made.append(weakref.ref(batch))
        most.append(sum(ref() is not None for ref in made))
        return batch

    run = mg.TrainingRun(
        init=lambda h: np.ones(3),
        step=lambda w, h, b: w - h["eta"] * np.sin(w - b) - h["lam"] * w,
        cost=lambda w, h: np.sum(w),
        steps=200,
        batches=batches,
    )
    hypers = {"eta": 0.1, "lam": 0.01}
    mg.hypergradient(run, hypers, mg.Forward())
    most.clear()
    mg.hypergradient(run, hypers, mg.Forward())
    assert len(most) == 200
    assert max(most) < 5
