"""The page and the plot of a descent: all of it is there, and nothing comes from elsewhere."""

import re
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.display.svg import Line, Scale, heat_map, line_chart

RUN = mg.TrainingRun(
    init=lambda h: 1.0,
    step=lambda w, h, batch: w - h["eta"] * (w - 2.0 + h["lam"] * w),
    cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    steps=5,
)
START = {"eta": mg.positive(0.1), "lam": mg.positive(0.1)}
RESULT = mg.tune(RUN, START, 8)
VOID = {"meta", "br"}


class Tags(HTMLParser):
    """Check that every tag is closed in order, and gather what the page loads."""

    def __init__(self):
        super().__init__()
        self.open, self.count, self.loads = [], {}, []

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        self.loads += [value for key, value in attrs if key in ("src", "href", "data", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read(page):
    tags = Tags()
    tags.feed(page)
    tags.close()
    assert tags.open == []
    return tags


def test_the_page_is_whole_and_needs_nothing(tmp_path):
    path = tmp_path / "tune.html"
    RESULT.save_html(path, landscape=True)
    page = path.read_text(encoding="utf-8")
    tags = read(page)
    assert tags.loads == []
    assert not re.search(r"https?:|//|url\(|@import|<script", page)
    assert tags.count["svg"] == 5  # cost, norm, eta, lam, landscape
    assert tags.count["tr"] == 1 + len(RESULT.history)
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(drawing)
    for cost in RESULT.costs:
        assert f"<td>{cost:.6g}</td>" in page
    assert [file.name for file in tmp_path.iterdir()] == ["tune.html"]


def test_a_schedule_is_drawn():
    run = mg.TrainingRun(
        init=lambda h: 1.0,
        step=lambda w, h, batch: w - h * (w - 2.0),
        cost=lambda w, h: (w - 2.0) ** 2,
        steps=4,
    )
    result = mg.tune(run, mg.per_step(mg.positive(np.full(4, 0.1))), 3)
    page = mg.display.tune_page.page(result)
    assert "schedule of hyper" in page
    assert page.count("training step") == 1


def test_names_can_not_break_out_of_the_page():
    name = "<script>alert('x')</script>&\""
    run = mg.TrainingRun(
        init=lambda h: 1.0,
        step=lambda w, h, batch: w - h[name] * (w - 2.0),
        cost=lambda w, h: (w - 2.0) ** 2,
        steps=2,
    )
    result = mg.tune(run, {name: mg.positive(0.1)}, 3, test=lambda values: "<img src=x>")
    page = mg.display.tune_page.page(result)
    assert not {"script", "img"} & read(page).count.keys()
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(drawing)


def test_a_point_without_a_finite_cost_leaves_a_gap():
    run = mg.TrainingRun(
        init=lambda h: 1.0,
        step=lambda w, h, batch: w - h["eta"] * w,
        cost=lambda w, h: w**2,
        steps=400,
    )
    signs = mg.hyper.SignSteps(step=8.0)
    result = mg.tune(run, {"eta": mg.positive(0.01)}, 4, optimiser=signs)
    assert not np.isfinite(result.costs).all()
    page = mg.display.tune_page.page(result)
    assert "refused" in page
    drawings = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert not re.search(r'="[^"]*(nan|inf)', drawings)


def test_a_landscape_may_be_handed_in(tmp_path):
    eta, lam = np.geomspace(0.05, 1.0, 4), np.geomspace(0.01, 0.1, 3)
    costs = np.array([[RUN.evaluate({"eta": a, "lam": b}) for b in lam] for a in eta])
    RESULT.save_html(tmp_path / "a.html", landscape=(eta, lam, costs))
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.count("<rect") == 12
    with pytest.raises(ValueError, match=r"costs of shape \(3, 4\) for axes of 4 and 3"):
        RESULT.save_html(tmp_path / "b.html", landscape=(eta, lam, costs.T))
    three = mg.TrainingRun(lambda h: 0.0, lambda w, h, batch: w, lambda w, h: np.sum(h**2), 0)
    one = mg.tune(three, np.ones(3), 2)
    with pytest.raises(ValueError, match="over two numbers"):
        one.save_html(tmp_path / "b.html", landscape=True)
    assert [file.name for file in tmp_path.iterdir()] == ["a.html"]


def test_a_page_is_not_overwritten_if_it_may_not_be(tmp_path):
    path = tmp_path / "tune.html"
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="give another path"):
        RESULT.save_html(path, overwrite=False)
    assert path.read_text() == "mine"


def test_a_notebook_shows_the_summary():
    html = RESULT._repr_html_()
    assert read(html).count["dd"] == html.count("<dt>")
    assert "eta" in html


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.booleans())
def test_ticks_are_few_and_between_the_ends(low, width, log):
    if log:
        low = abs(low) + 1e-6
    scale = Scale(low, low + width, 0.0, 100.0, log)
    if not low + width > low * (1 + 1e-9):
        return
    ticks = scale.ticks()
    assert 1 <= len(ticks) <= 8
    at = scale(ticks)
    assert ((at >= -1e-6) & (at <= 100 + 1e-6)).all()


def test_a_chart_puts_points_where_they_belong():
    chart = line_chart(
        "t", [Line("a", [0, 1, 2], [0.0, np.nan, 1.0]), Line("b", [0], [0.5], "ring")]
    )
    (path,) = re.findall(r'class="series s0" d="(M[^"]*M[^"]*)"', chart)
    ends = [[float(x) for x in re.findall(r"[\d.]+", point)] for point in path[1:].split("M")]
    assert ends[0][0] < ends[1][0]
    assert ends[0][1] > ends[1][1]
    ring, _legend = re.findall(r'<circle[^>]*cy="([\d.]+)" r="4"', chart)
    assert_allclose(float(ring), 0.5 * (ends[0][1] + ends[1][1]), atol=0.2)


def test_the_lowest_cost_is_the_lightest_and_infinity_is_blank():
    costs = np.array([[1.0, np.inf], [0.5, 1e30]])
    axis = np.array([0.0, 1.0])
    drawn = heat_map("t", ("x", "y"), (axis, axis), (axis, axis), costs, (axis, axis), 0)
    cells = dict(re.findall(r'fill="(#\w+)"><title>([^<]*)<', drawn))
    light = {words: sum(bytes.fromhex(colour[1:])) for colour, words in cells.items()}
    assert len(light) == 3
    assert light["0.5"] > light["1"] > light["1e+30"]


def test_the_plot_shows_what_happened():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    above, middle, below = RESULT.plot()
    assert_allclose(above.lines[0].get_ydata(), RESULT.costs[RESULT.accepted])
    assert_allclose(middle.lines[0].get_ydata(), RESULT.norms[RESULT.accepted])
    assert_allclose(below.lines[0].get_ydata(), RESULT.values_over_steps["eta"])
    assert [ax.get_ylabel() for ax in (above, middle, below)] == ["cost", "norm", "hyperparameters"]
    assert below.get_xlabel() == "outer step"
    styles = [line.get_linestyle() for line in below.lines]
    assert len(set(styles)) == len(styles)
    assert RESULT.plot((above, middle, below))[0] is above
    with pytest.raises(ValueError, match="three Axes"):
        RESULT.plot(above)
    matplotlib.pyplot.close(above.figure)


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r'pip install "minigrad-tape\[plot\]"'):
        RESULT.plot()
