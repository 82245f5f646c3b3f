"""The tape explorer tells what the engine did: its numbers are the engine's, to the last bit."""

import json
import re
from contextlib import nullcontext
from fractions import Fraction
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.display.sections import fold, sections
from minigrad.variable import at


def training(steps, w_0=0.3, eta_0=0.05):
    with mg.Tape() as tape:
        eta = tape.variable(eta_0, name="eta")
        lam = tape.variable(0.1, name="lam")
        w = tape.variable(w_0, name="w")
        for _ in range(steps):
            slope = tape.gradient((w * w - 1.0) ** 2, w)
            w = w - eta * (slope + lam * w)
        cost = (w - 1.0) ** 2
    return tape, cost, [eta, lam, w]


def embedded(page):
    """Read the data back out of a page, as the script there does."""
    (text,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


def number(value):
    """The number of a value as JSON has it, where what is not finite is a word."""
    return float(value["exact"])


def replay(data, upto=None):
    """The cotangents, by instruction, after an event, as the page shows them."""
    shown = {}
    for event in data["events"][:upto]:
        shown |= {data["rows"][int(row)]["index"]: value for row, value in event["now"].items()}
    return shown


@given(st.integers(0, 5), st.floats(-1.2, 1.2), st.floats(0.0, 0.1))
def test_every_cotangent_that_the_page_shows_is_the_engines(steps, w_0, eta_0):
    tape, cost, sources = training(steps, w_0, eta_0)
    data = embedded(tape.explore(cost, sources).page)
    shown = replay(data)
    for index, value in shown.items():
        x = at(tape, index, tape[index].value)
        assert number(value) == tape.gradient(cost, x)
        assert value["lacks"] == 0
    reached = {term.instruction for x in sources for term in uses(tape, cost, x)}
    assert reached | {cost.index} <= shown.keys()
    for source, x in zip(data["sources"], sources, strict=True):
        assert number(source["gradient"]) == tape.gradient(cost, x)
        told = [(t["use"], number(t["value"])) for t in reversed(source["terms"])]
        assert told == [(t.instruction, t.value) for t in uses(tape, cost, x)]


def uses(tape, cost, x):
    return tape.gradient(cost, x, contributions=True)


@given(st.integers(1, 4))
def test_a_cotangent_that_is_not_computed_yet_is_no_number(steps):
    """Before the sweep there is none; then each grows, in the order of the sweep, term by term."""
    tape, cost, sources = training(steps)
    data = tape.explore(cost, sources).data
    kinds = [event["kind"] for event in data["events"]]
    assert kinds == sorted(kinds, key=["start", "record", "seed", "pull", "end"].index)
    seed = kinds.index("seed")
    assert replay(data, seed) == {}
    assert replay(data, seed + 1) == {
        cost.index: {"text": "1", "exact": 1.0, "lacks": 0},
    }
    lacking, last_use = {}, len(tape)
    for event in data["events"][seed + 1 : -1]:
        use, into = (data["rows"][row]["index"] for row in event["rows"])
        assert into < use <= last_use
        ((_, value),) = event["now"].items()
        assert value["lacks"] == lacking.get(into, value["lacks"] + 1) - 1
        lacking[into], last_use = value["lacks"], use
        assert lacking.get(use, 0) == 0  # complete before it is passed on
    assert set(lacking.values()) == {0}


def test_the_sentences():
    with mg.Tape() as tape:
        w = tape.variable(2.0, name="w")
        unused = tape.variable(1.0, name="b")
        cost = w - 0.5 * w
    data = tape.explore(cost, [w, unused]).data
    assert [event["say"] for event in data["events"]][3:] == [
        "Record %2: multiply of 0.5 and %0 (w) is 1.",
        "Record %3: subtract of %0 (w) and %2 (multiply) is 1.",
        "The sweep begins at %3 (subtract): the cotangent of the target is 1.",
        "Pull 1 from %3 (subtract) into %0 (w): its cotangent is now 1, 1 of 2 terms.",
        "Pull -1 from %3 (subtract) into %2 (multiply): its cotangent is now -1, complete.",
        "Pull -0.5 from %2 (multiply) into %0 (w): its cotangent is now 0.5, complete.",
        "The sweep is done: dC/d w = 0.5, dC/d b = 0. The target does not depend on b.",
    ]


def test_two_uses_by_one_instruction_come_in_the_order_of_its_operands():
    with mg.Tape() as tape:
        x = tape.variable(2.0, name="x")
        y = x / x
    (source,) = tape.explore(y, x).data["sources"]
    assert [term["value"]["exact"] for term in source["terms"]] == [0.5, -0.5]


@pytest.mark.parametrize("marked", [False, True])
@pytest.mark.parametrize("shown", [2, 5, 6])
def test_a_long_loop_is_folded_and_its_numbers_stay(marked, shown):
    with mg.Tape() as tape:
        eta, w = tape.variable(0.01, name="eta"), tape.variable(0.3, name="w")
        for t in range(100):
            with tape.mark(f"epoch {t}") if marked else nullcontext():
                w = w - eta * tape.gradient((w * w - 1.0) ** 2, w)
        cost = (w - 1.0) ** 2
    data = mg.display.explore(tape, cost, eta, shown=shown).data
    (folded,) = [row for row in data["rows"] if "fold" in row]
    assert folded["fold"] == f"... {100 - shown} more steps ..."
    names = list(dict.fromkeys(row["step"] for row in data["rows"] if row.get("step")))
    head, word = (shown + 1) // 2, "epoch" if marked else "step"
    first = 0 if marked else 1
    assert names == [f"{word} {t + first}" for t in range(100) if not head <= t < 100 - shown // 2]
    for index, value in replay(data).items():
        assert number(value) == tape.gradient(cost, at(tape, index, tape[index].value))
    (source,) = data["sources"]
    assert len(source["terms"]) == 100
    assert sum(event["say"].startswith("Sweep back over") for event in data["events"]) == 1


def test_a_tape_without_steps_is_folded_in_its_middle():
    with mg.Tape() as tape:
        x = y = tape.variable(1.0)
        for k in range(1500):
            y = np.sin(y) if bin(k).count("1") % 2 else np.cos(y)  # repeats itself nowhere for long
    assert sections(tape, len(tape)) == []
    data = tape.explore(y, x).data
    assert len(data["rows"]) == 1001
    assert data["rows"][500] == {
        "fold": "... 501 more instructions ...",
        "between": "%500 to %1000",
    }
    assert number(data["sources"][0]["gradient"]) == tape.gradient(y, x)


@given(st.integers(2, 30), st.integers(3, 9), st.integers(0, 5))
def test_steps_are_what_repeats_itself(steps, length, before):
    with mg.Tape() as tape:
        x = tape.variable(1.0)
        for _ in range(before):
            x = x + 1.0
        for _ in range(steps):
            for _ in range(length - 1):
                x = x * 0.5
            x = -x
    found = sections(tape, len(tape))
    if steps * length > before + 1:
        assert len(found) in (steps, steps - 1)  # one less where it seems to begin later
        assert {mark.stop - mark.start for mark in found} == {length}
    folded = fold(found, len(tape), 2)
    assert (folded is None) == (len(found) <= 2)


def test_outputs_in_parts_are_handed_on():
    with mg.Tape() as tape:
        a = tape.variable(np.array([[2.0, 0.5], [0.5, 1.0]]), name="a")
        values, vectors = np.linalg.eigh(a)
        cost = values[0] * values[1] + np.sum(vectors**3)
    data = tape.explore(cost, a).data
    hands = [event for event in data["events"] if event["say"].startswith("Hand")]
    assert [next(iter(event["now"].values()))["text"] for event in hands] == ["1 part", "2 parts"]
    expected = tape.gradient(cost, a)
    assert_allclose(data["sources"][0]["gradient"]["exact"], expected.ravel(), rtol=0, atol=0)


def test_large_arrays_are_told_by_shape_and_norm():
    with mg.Tape() as tape:
        x = tape.variable(np.arange(12.0).reshape(3, 4))
        cost = np.sum(x * x)
    (source,) = tape.explore(cost, x).data["sources"]
    assert source["gradient"] == {"text": "(3,4) of norm 44.99", "exact": None}
    assert_allclose(np.linalg.norm(tape.gradient(cost, x)), 44.99, rtol=1e-4)


def test_numbers_of_every_kind_reach_the_page():
    with mg.Tape() as tape:
        x = tape.variable(Fraction(1, 3), name="x")
        y = x * x
    assert tape.explore(y, x).data["sources"][0]["gradient"]["text"] == "2/3"
    with mg.Tape() as tape, np.errstate(divide="ignore"):
        x = tape.variable(np.float64(0.0), name="x")
        y = np.log(x)
    with np.errstate(divide="ignore"):
        data = embedded(tape.explore(y, x).page)
    assert data["sources"][0]["gradient"] == {"text": "inf", "exact": "inf"}
    assert data["rows"][1]["value"] == {"text": "-inf", "exact": "-inf"}


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&\"'@data@"


class Tags(HTMLParser):
    """Count what a page has of each tag, and gather what it loads."""

    def __init__(self, page):
        super().__init__()
        self.count, self.loads, self.frames = {}, [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.count[tag] = self.count.get(tag, 0) + 1
        self.loads += [value for key, value in attrs if key in ("src", "href", "data", "action")]
        self.frames += [value for key, value in attrs if key == "srcdoc"]


def test_names_can_not_break_out_of_the_page():
    with mg.Tape() as tape:
        x = tape.variable(3.0, name=HOSTILE)
        with tape.mark(HOSTILE):
            y = x * x
    explorer = tape.explore(y, x)
    tags = Tags(explorer.page)
    assert tags.count["script"] == 2
    assert "img" not in tags.count
    assert embedded(explorer.page) == explorer.data
    assert explorer.data["rows"][0]["name"] == HOSTILE
    assert unescape(explorer.page).count(f"d {HOSTILE}") >= 3


def test_the_page_is_one_file_that_loads_nothing(tmp_path):
    tape, cost, sources = training(3)
    path = tmp_path / "tape.html"
    explorer = tape.explore(cost, sources, path)
    page = path.read_text(encoding="utf-8")
    assert page == explorer.page
    assert Tags(page).loads == []
    assert not re.search(r"https?:|url\(|@import|fetch\(|innerHTML", page)
    assert [file.name for file in tmp_path.iterdir()] == ["tape.html"]


def test_a_notebook_shows_the_page_in_a_frame():
    tape, cost, sources = training(1)
    explorer = tape.explore(cost, sources)
    (inside,) = Tags(explorer._repr_html_()).frames
    assert inside == explorer.page


def test_what_can_not_be_explored_is_refused():
    with mg.Tape() as tape:
        x = tape.variable(np.ones(2))
        y = x * x
        with pytest.raises(mg.errors.TapeError, match="closed tape"):
            tape.explore(y[0], x)
    with pytest.raises(mg.errors.TargetError, match="one real scalar target"):
        tape.explore(y, x)
    with pytest.raises(mg.errors.TargetError, match="begins at a Variable"):
        tape.explore(1.0, x)
    with pytest.raises(mg.errors.SourceError, match="not on the tape"):
        tape.explore(y, 2.0)
    with pytest.raises(ValueError, match="shown=1"):
        mg.display.explore(tape, y, x, shown=1)
