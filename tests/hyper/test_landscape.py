"""Local minima on a grid, against a count by the definition and against what is known."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from search_runs import FAILING, RUN

import minigrad as mg
from minigrad.hyper import Landscape, SearchError

distinct = st.one_of(
    hnp.arrays(float, st.tuples(st.integers(1, 12)), elements=st.integers(-50, 50), unique=True),
    hnp.arrays(
        float,
        st.tuples(st.integers(1, 6), st.integers(1, 6)),
        elements=st.one_of(st.integers(-50, 50), st.just(np.inf)).map(float),
    ),
)


def landscape(costs):
    axes = [np.arange(1.0, 1 + n) for n in costs.shape]
    return Landscape(["eta", "lam"][: costs.ndim], axes, costs)


def neighbours(costs, cell):
    around = [range(max(0, i - 1), min(n, i + 2)) for i, n in zip(cell, costs.shape, strict=True)]
    return [costs[other] for other in itertools.product(*around) if other != cell]


def climb_by_definition(costs, cell):
    """The least level at which what is flooded from `cell` reaches a lower one, by trying all."""
    for level in sorted({*costs[np.isfinite(costs)]}):
        if level < costs[cell]:
            continue
        reached, new = {cell}, [cell]
        while new:
            here = new.pop()
            around = [
                range(max(0, i - 1), min(n, i + 2)) for i, n in zip(here, costs.shape, strict=True)
            ]
            for other in itertools.product(*around):
                if other not in reached and costs[other] <= level:
                    reached.add(other)
                    new.append(other)
        if min(costs[other] for other in reached) < costs[cell]:
            return level - costs[cell]
    return np.inf


@given(distinct)
def test_strict_minima_are_found_each_with_its_climb(costs):
    found = {tuple(int(x) - 1 for x in m.point.values()): m for m in landscape(costs).minima()}
    for cell in np.ndindex(costs.shape):
        around = neighbours(costs, cell)
        if np.isfinite(costs[cell]) and all(costs[cell] < other for other in around):
            assert found[cell].cost == costs[cell]
        elif any(other < costs[cell] for other in around):
            assert cell not in found
    values = costs[np.isfinite(costs)]
    if len(np.unique(values)) == len(values):  # no flat stretches
        for cell, minimum in found.items():
            assert minimum.prominence == climb_by_definition(costs, cell)


@given(distinct, st.floats(0.0, 60.0))
def test_prominence_only_sorts_out_and_the_lowest_stays(costs, prominence):
    all_of_them = landscape(costs).minima()
    few = landscape(costs).minima(prominence)
    assert few == [m for m in all_of_them if m.prominence > prominence]
    if np.isfinite(costs).any():
        assert few[0].cost == np.min(costs)


@pytest.mark.parametrize("waves", [1, 2, 3, 5])
def test_waves_are_counted(waves):
    x = np.linspace(0.0, 1.0, 40 * waves + 1)
    assert len(landscape(-np.cos(2 * np.pi * waves * x) * (1 + x)).minima()) == waves + 1
    egg_box = np.add.outer(*[np.cos(2 * np.pi * waves * x)] * 2)
    found = landscape(egg_box + 1e-3 * np.add.outer(x, 2 * x)).minima(0.1)
    assert len(found) == waves**2
    assert not any(m.at_edge for m in found)


def test_a_flat_stretch_is_one_minimum_and_a_slope_none_but_its_end():
    assert len(landscape(np.array([3.0, 1.0, 1.0, 1.0, 2.0])).minima()) == 1
    (end,) = landscape(np.arange(5.0)).minima()
    assert end.at_edge
    assert end.point == {"eta": 1.0}


def test_basins_between_which_all_trainings_diverge_are_both_minima():
    found = landscape(np.array([1.0, np.nan, 2.0, 3.0])).minima(1e9)
    assert [m.cost for m in found] == [1.0, 2.0]


def test_the_costs_are_those_of_the_grid():
    eta, lam = [0.1, 0.3, 0.6], [0.0, 0.5]
    found = mg.landscape(RUN, {"eta": eta, "lam": lam})
    assert found.names == ["eta", "lam"]
    assert found.costs.shape == (3, 2)
    for i, j in np.ndindex(3, 2):
        expected = RUN.evaluate({"eta": eta[i], "lam": lam[j]})
        assert np.isclose(found.costs[i, j], expected, rtol=1e-12)
    json.dumps(found.to_json(), allow_nan=False)
    assert "3 x 2 trainings" in str(found)


@pytest.mark.parametrize("grid", [{"eta": 0.1, "lam": 0.1}, {"eta": [0.2, 0.1], "lam": 0.1}])
def test_what_is_no_landscape_is_refused(grid):
    with pytest.raises(ValueError, match="landscape"):
        mg.landscape(RUN, grid)


def test_a_failure_leaves_a_landscape_with_a_hole():
    with pytest.raises(SearchError) as caught:
        mg.landscape(FAILING, {"eta": [1.0, 2.0, 3.0], "lam": [0.1, 0.2]})
    assert np.isnan(caught.value.result.costs).tolist() == [[False] * 2, [True] * 2, [False] * 2]


def test_the_pictures_have_labels_and_a_mark_at_each_minimum():
    x = np.geomspace(0.01, 10.0, 9)
    curve = Landscape(["eta"], [x], np.sin(np.arange(9.0)))
    ax = curve.plot()
    assert (ax.get_xlabel(), ax.get_xscale()) == ("eta", "log")
    assert len(ax.lines[1].get_xdata()) == len(curve.minima())
    surface = Landscape(["eta", "lam"], [x, np.arange(4.0)], np.sin(np.arange(36.0)).reshape(9, 4))
    ax = surface.plot()
    assert (ax.get_ylabel(), ax.get_yscale()) == ("lam", "linear")
    assert len(ax.lines[0].get_xdata()) == len(surface.minima())
