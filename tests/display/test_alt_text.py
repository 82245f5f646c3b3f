"""Every plot takes Axes, returns Axes, can be told apart in grey, and can be said in words."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import minigrad as mg
from minigrad.display import alt_text

RUN = mg.TrainingRun(
    init=lambda h: 1.0,
    step=lambda w, h, batch: w - h["eta"] * (w - 2.0 + h["lam"] * w),
    cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    steps=5,
)
HYPERS = {"eta": mg.positive(0.3), "lam": mg.positive(0.1)}
GRID = {"eta": [0.1, 0.4, 0.7], "lam": [0.1, 0.2, 0.3]}
DRAWN = {
    "tune": lambda: mg.tune(RUN, HYPERS, 3),
    "online": lambda: mg.hyper.online(RUN, HYPERS),
    "search": lambda: mg.grid_search(RUN, GRID),
    "curve": lambda: mg.landscape(RUN, {**GRID, "lam": 0.1}),
    "map": lambda: mg.landscape(RUN, GRID),
    "compare": lambda: mg.compare(RUN, HYPERS, [mg.Truncated(last=2), mg.Evolution(pairs=2)]),
    "explain": lambda: mg.explain(RUN, HYPERS),
    "trust": lambda: mg.trust(RUN, HYPERS),
}


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.mark.parametrize("name", DRAWN)
def test_a_plot_is_drawn_where_it_is_told_and_said_in_words(name):
    result = DRAWN[name]()
    axes = result.plot()
    again = result.plot(axes)
    assert np.ravel(np.array(again)).tolist() == np.ravel(np.array(axes)).tolist()
    words = alt_text(axes)
    assert "\n" not in words
    for ax in np.ravel(np.array(axes)):
        assert ax.get_ylabel() in words
        assert ax.get_xlabel() in words
        assert all(label in words for label in ax.get_legend_handles_labels()[1])
    assert words in alt_text(np.ravel(np.array(axes))[0].figure)


@pytest.mark.parametrize("name", DRAWN)
def test_what_the_legend_of_a_plot_names_differs_by_more_than_colour(name):
    for ax in np.ravel(np.array(DRAWN[name]().plot())):
        handles, labels = ax.get_legend_handles_labels()
        looks = [
            (one.get_linestyle(), one.get_marker(), one.get_linewidth())
            if hasattr(one, "get_marker")
            else (one.get_hatch(), *np.ravel(one.get_facecolor()))  # of bands, shades of grey
            for one in handles
        ]
        assert len(labels) > 0
        assert len(set(looks)) == len(looks)


def test_the_words_for_each_kind_of_curve():
    _, ax = plt.subplots()
    ax.set(title="All kinds.", xlabel="x", ylabel="y", xscale="log")
    ax.plot([1.0, 2.0, 4.0], [1.0, 0.5, np.nan], label="falling")
    ax.plot([1.0, 2.0, 3.0, 4.0], [1.0, 9.0, -9.0, 2.0], label="bent")
    ax.plot([1.0, 2.0], [1.0, 2.0], "o", label="some")
    ax.axhline(0.25, label="level")
    ax.axvline(2.0, label="upright")
    ax.plot([], [], label="nothing")
    ax.annotate("start", (1.0, 1.0))
    assert alt_text(ax) == (
        "All kinds. y against x (logarithmic): falling, from 1 to 0.5; "
        "bent, from 1 to 2, up to 9, down to -9; some, 2 dots; "
        "level, at 0.25; upright, at 2; nothing; start."
    )


def test_bars_are_said_with_their_lengths():
    figure, (left, right) = plt.subplots(1, 2)
    left.bar_label(left.barh(["tape", "program"], [92.0, 76.0]))
    left.set_title("Lines")
    right.set_axis_off()
    right.text(0.0, 0.0, "a remark")
    figure.suptitle("Two panels")
    assert alt_text(figure) == "Two panels. Lines. tape 92; program 76. a remark."
