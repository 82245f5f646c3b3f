"""Searches: which points they try, and that a cost is what ``run.evaluate`` says."""

import json
import pickle
import warnings
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_runs import RUN
from training_runs import RUNS

import minigrad as mg
from minigrad import tree
from minigrad.hyper.searching.outer_cost import outer_cost

between = mg.hyper.between


@pytest.mark.parametrize("make", RUNS.values(), ids=RUNS)
def test_the_cost_is_that_of_evaluate(make):
    run, hypers = make()
    assert np.isclose(outer_cost(run, hypers), float(run.evaluate(hypers)), rtol=1e-12, atol=0)
    assert outer_cost(run, hypers) == outer_cost(run, hypers)


def test_a_step_that_can_not_be_compiled_is_evaluated_as_it_is():
    def step(w, h, batch):
        return w - h * np.sign(w) if w > 0.5 else w * h

    run = mg.TrainingRun(init=lambda h: 2.0, step=step, cost=lambda w, h: w * w, steps=9)
    with pytest.warns(UserWarning, match="may branch on it"):
        found = mg.grid_search(run, [0.1, 0.4, 0.7])
    assert found.costs.tolist() == [float(run.evaluate(h)) for h in (0.1, 0.4, 0.7)]


def test_a_training_that_diverges_costs_infinitely_much_without_warnings():
    run = mg.TrainingRun(
        init=lambda h: 1.0,
        step=lambda w, h, batch: w - h * (w - 2.0) ** 3,
        cost=lambda w, h: w * w,
        steps=30,
    )
    arrays = mg.TrainingRun(
        init=lambda h: np.ones(2), step=run.step, cost=lambda w, h: np.sum(w * w), steps=30
    )
    for each in (run, arrays):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = mg.grid_search(each, [0.1, 9.0])
        assert np.isfinite(found.costs).tolist() == [True, False]
        assert found.best == 0
        assert found.to_json()["costs"][1] is None


class Hypers(NamedTuple):
    eta: object
    lam: object


def test_an_axis_is_an_array_or_a_list_or_marked():
    axis = [0.1, 0.3, 0.5]
    expected = mg.grid_search(RUN, {"eta": np.array(axis), "lam": 0.2})
    assert expected.points == [{"eta": eta, "lam": 0.2} for eta in axis]
    for form in (axis, tuple(axis), mg.positive(axis), mg.positive(np.array(axis))):
        found = mg.grid_search(RUN, {"eta": form, "lam": mg.positive(0.2)})
        assert found.points == expected.points
        assert found.costs.tolist() == expected.costs.tolist()


def test_lists_of_axes_and_namedtuples_are_trees():
    run = mg.TrainingRun(
        init=lambda h: 1.0,
        step=lambda w, h, batch: w * h.eta[0] + h.eta[1],
        cost=lambda w, h: w + h.lam,
        steps=1,
    )
    found = mg.grid_search(run, Hypers([np.array([2.0, 3.0]), [5, 7]], 1.0))
    assert found.points == [Hypers([a, b], 1.0) for a in (2.0, 3.0) for b in (5.0, 7.0)]
    assert found.costs.tolist() == [8.0, 10.0, 9.0, 11.0]


def test_a_schedule_stays_as_it_is():
    run, hypers = RUNS["schedules"]()
    found = mg.grid_search(run, {**hypers, "lam": [0.1, 0.2]})
    assert np.isclose(found.costs[1], run.evaluate(hypers), rtol=1e-12)
    assert found.points[0]["eta"].shape == (6,)


@pytest.mark.parametrize("axis", [np.ones((2, 2)), np.array([]), np.array(1.0)])
def test_what_is_no_axis_is_refused(axis):
    with pytest.raises(ValueError, match="one-dimensional array"):
        mg.grid_search(RUN, {"eta": axis, "lam": 0.1})


# Where points are drawn

ends = st.floats(1e-6, 1e6)
seeds = st.integers(0, 2**40)


def draw(box, seed=0, points=64):
    drawn = mg.random_search(NOTHING, {"x": box}, points, seed=seed).points
    return np.array([point["x"] for point in drawn])


NOTHING = mg.TrainingRun(
    init=lambda h: 0.0, step=lambda w, h, b: w, cost=lambda w, h: np.sum(h["x"]), steps=0
)


@given(ends, ends, seeds)
def test_a_box_is_between_its_ends_in_its_own_coordinate(a, b, seed):
    low, high = sorted((a, b))
    x = draw(between(low, high), seed)
    assert np.all((x >= low * (1 - 1e-9)) & (x <= high * (1 + 1e-9)))
    u = draw(between(mg.real(low), mg.real(high)), seed)  # the same shares, of another coordinate
    share = (u - low) / (high - low) if high > low else np.zeros(64)
    assert np.allclose(np.log(x), np.log(low) + share * np.log(high / low), atol=1e-6)


def test_a_box_with_an_end_that_is_not_positive_is_uniform():
    x = draw(between(-1.0, 3.0), points=2000)
    assert abs(np.mean(x) - 1.0) < 4 * (4 / np.sqrt(12)) / np.sqrt(2000)
    assert between(-1.0, 3.0).like.domain.name == "real"


def test_a_marked_box_stays_inside_its_domain():
    x = draw(between(mg.unit_interval(0.5), 0.99))
    assert np.all((x >= 0.5) & (x <= 0.99))
    assert abs(np.median(np.log(x / (1 - x))) - np.log(99) / 2) < 1.0


@given(ends, st.floats(0.01, 3.0), seeds)
def test_around_a_marked_value_it_is_the_spread_to_either_side(x, spread, seed):
    found = mg.random_search(NOTHING, {"x": mg.positive(x)}, 20, seed=seed, spread=spread).points
    logs = np.log([point["x"] for point in found]) - np.log(x)
    assert np.all(np.abs(logs) <= spread * (1 + 1e-9))


@given(seeds, st.integers(1, 10), st.integers(1, 10))
def test_more_points_continue_the_same_sequence(seed, few, more):
    box = between(0.1, 10.0)
    assert draw(box, seed, few + more)[:few].tolist() == draw(box, seed, few).tolist()


def test_entries_of_arrays_are_drawn_by_themselves_and_keep_their_dtype():
    box = mg.positive(np.full(3, 0.1, np.float32))
    first, second = mg.random_search(NOTHING, {"x": box}, 2).points
    assert first["x"].dtype == np.float32
    assert len({*first["x"].tolist(), *second["x"].tolist()}) == 6


@pytest.mark.parametrize(
    ("low", "high"),
    [(2.0, 1.0), (mg.positive(1.0), mg.unit_interval(0.5)), (np.ones(2), np.ones(3))],
)
def test_a_box_that_is_none_is_refused(low, high):
    with pytest.raises(ValueError, match="between"):
        between(low, high)


def test_a_box_shows_its_ends():
    assert repr(between(-1.0, 3.0)) == "between(-1.0, 3.0)"


@pytest.mark.parametrize(
    ("keywords", "error"),
    [({"points": 0}, ValueError), ({"points": 2.5}, ValueError), ({"spread": 0.0}, ValueError)]
    + [({"seed": seed}, TypeError) for seed in (None, np.random.default_rng(0))]
    + [({"seed": -1}, ValueError)],
)
def test_what_can_not_be_drawn_is_refused(keywords, error):
    with pytest.raises(error, match=next(iter(keywords))):
        mg.random_search(RUN, {"eta": mg.positive(0.1)}, **{"points": 2, **keywords})
    if "points" not in keywords:
        with pytest.raises(error, match=next(iter(keywords))):
            mg.multistart(RUN, {"eta": mg.positive(0.1)}, 2, **keywords)


def test_marked_trees_can_be_pickled():
    hypers = [mg.real(1.0), mg.positive(2.0), mg.unit_interval(0.3), mg.bounded(3.0, 1.0, 9.0)]
    for hyper, again in zip(hypers, pickle.loads(pickle.dumps(hypers)), strict=True):
        assert (
            again.moved_to(hyper.unconstrained).value == hyper.moved_to(again.unconstrained).value
        )


# Descents from many starts


@given(seeds, st.integers(1, 12))
def test_each_number_has_a_start_in_each_equal_part(seed, starts):
    found = mg.multistart(
        NOTHING, {"x": between(np.full(3, 0.1), np.full(3, 10.0))}, starts, outer_steps=1, seed=seed
    )
    shares = (np.log10([start["x"] for start in found.starts]) + 1) / 2
    parts = np.sort(np.floor(starts * shares * (1 + 1e-12)), axis=0)
    assert np.array_equal(parts, np.tile(np.arange(starts)[:, None], 3))


def two_valleys():
    return mg.TrainingRun(
        init=lambda h: np.log(h["eta"]),
        step=lambda w, h, batch: w,
        cost=lambda w, h: (w - 1.0) ** 2 * (w + 1.0) ** 2 + 0.1 * w,
        steps=1,
    )


def test_several_starts_find_the_deeper_valley_that_one_misses():
    run = two_valleys()
    deepest = np.min(np.polyval([1.0, 0.0, -2.0, 0.1, 1.0], np.linspace(-2, 2, 100_001)))
    one = mg.tune(run, {"eta": mg.positive(3.0)}, 60)
    many = mg.multistart(run, {"eta": between(0.1, 10.0)}, 4, outer_steps=60)
    assert one.best.cost > deepest + 0.1
    assert abs(many.best.best.cost - deepest) < 1e-3
    assert many.best.best.cost == many.costs.min()


def test_given_starts_are_tuned_from_as_by_hand():
    starts = [{"eta": 0.2}, {"eta": mg.positive(4.0)}]
    found = mg.multistart(two_valleys(), {"eta": mg.positive(1.0)}, starts, outer_steps=5)
    for start, descent in zip(starts, found.descents, strict=True):
        alone = mg.tune(two_valleys(), mg.positive(tree.map(lambda x: x, start)), 5)
        assert np.allclose(alone.costs, descent.costs, rtol=1e-12)


def test_a_start_that_explodes_is_none_of_the_others_business():
    run = mg.TrainingRun(
        init=lambda h: 1.0,
        step=lambda w, h, batch: w - h * (w - 2.0) ** 3,
        cost=lambda w, h: (w - 2.0) ** 2,
        steps=20,
    )
    found = mg.multistart(run, mg.positive(0.1), [0.1, 50.0], outer_steps=3)
    assert found.descents[1] is None
    assert found.best is found.descents[0]
    assert "nowhere" in str(found)
    as_json = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert as_json["ends"][1] is as_json["costs"][1] is None


def test_one_checkpoint_for_all_descents_is_refused():
    with pytest.raises(ValueError, match="checkpoint"):
        mg.multistart(RUN, {"eta": mg.positive(0.1)}, 2, checkpoint="here")


# Reports


def test_a_result_says_the_best_first_and_is_strict_json():
    found = mg.grid_search(RUN, {"eta": [0.5, 0.1, 1e300], "lam": [0.1, 0.2, 0.3]})
    lines = str(found).splitlines()
    assert lines[0] == "9 points, best first"
    assert float(lines[1].split()[0]) == pytest.approx(np.nanmin(found.costs), rel=1e-5)
    assert lines[-1].strip() == "..."
    assert found._repr_html_() == f"<pre>{str(found).replace(chr(39), '&#x27;')}</pre>"
    again = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert again["points"] == found.points


def test_the_picture_shows_the_lowest_cost_so_far():
    found = mg.random_search(RUN, {"eta": between(0.01, 1.0), "lam": between(0.01, 1.0)}, 12)
    ax = found.plot()
    lowest = ax.lines[1].get_ydata()
    assert np.all(np.diff(lowest) <= 0)
    assert lowest[-1] == found.costs[found.best]
    assert ax.get_xlabel() == "trainings"
