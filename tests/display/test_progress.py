"""Who listens to a long computation is told of every part of it, and changes none."""

import io
from itertools import pairwise

import numpy as np
import pytest

import minigrad as mg
from minigrad.display import ProgressBar
from minigrad.hyper import Progress

RUN = mg.TrainingRun(
    init=lambda h: 1.0,
    step=lambda w, h, batch: w - h["eta"] * (w - 2.0),
    cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    steps=5,
)


class Bar:
    """What minigrad asks of a bar such as tqdm's."""

    def __init__(self):
        self.total, self.n, self.shown = None, 0, []

    def set_postfix_str(self, text, refresh):
        self.shown.append(text)

    def update(self, n):
        self.n += n


class Terminal(io.StringIO):
    def isatty(self):
        return True


def descend(callback):
    return mg.tune(RUN, {"eta": mg.positive(0.1)}, outer_steps=4, callback=callback)


def search(callback):
    return mg.grid_search(RUN, {"eta": np.array([0.1, 0.2, 0.3, 0.4])}, callback=callback)


@pytest.mark.parametrize("compute", [descend, search])
def test_every_part_is_told_in_order(compute):
    heard = []
    compute(heard.append)
    assert [(news.done, news.total) for news in heard] == [(k, 4) for k in range(1, 5)]
    assert all("cost" in news.text for news in heard)


@pytest.mark.parametrize("compute", [descend, search])
def test_a_bar_is_moved_to_its_end(compute):
    bar = Bar()
    compute(bar)
    assert (bar.n, bar.total, len(bar.shown)) == (4, 4, 4)


def test_a_descent_says_cost_values_and_norm():
    heard = []
    result = descend(heard.append)
    assert heard[-1].detail is result.history[-1]
    assert all(word in heard[-1].text for word in ("cost", "eta", "norm"))


def test_what_can_not_listen_is_refused():
    with pytest.raises(TypeError, match=r"function of a Progress.*got 3"):
        descend(3)


def test_the_bar_grows_within_one_line_of_the_terminal():
    stream = Terminal()
    with ProgressBar("tune", stream) as bar:
        for done in range(1, 5):
            bar(Progress(done, 4, "x" * 200))
    lines = stream.getvalue().rstrip("\n").split("\r\x1b[2K")[1:]
    assert all(len(line) < 80 for line in lines)
    filled = [line.count("#") for line in lines]
    assert all(a < b for a, b in pairwise(filled))
    assert "4/4" in lines[-1]


def test_the_bar_is_silent_where_nobody_looks():
    stream = io.StringIO()
    with ProgressBar("tune", stream) as bar:
        bar(Progress(1, 2, "cost"))
    assert stream.getvalue() == ""
