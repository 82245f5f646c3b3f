"""The tape explorer in Chromium: what it shows, its keys, its narrow and dark looks.

Skipped where Playwright or Chromium is not there; the check for WCAG where the environment variable
AXE_CORE does not lead to ``axe.min.js`` of the package axe-core.
"""

import os
import shutil
from pathlib import Path

import pytest

import minigrad as mg

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("no Chromium", allow_module_level=True)

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LOOKS = [(scheme, width) for scheme in ("light", "dark") for width in (1280, 400)]
HOSTILE = "</script><img src=x onerror=\"document.title='broken'\">"


def explored(steps=3, name="w"):
    with mg.Tape() as tape:
        eta, lam = tape.variable(0.05, name="eta"), tape.variable(0.1, name="lam")
        w = tape.variable(0.3, name=name)
        for _ in range(steps):
            slope = tape.gradient((w * w - 1.0) ** 2, w)
            w = w - eta * (slope + lam * w)
        cost = (w - 1.0) ** 2
    return tape.explore(cost, [eta, lam])


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as running:
        flags = ["--no-sandbox", "--disable-gpu"]
        chromium = running.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, tmp_path):
    """Open an explorer; fail in the end if its page reported an error or loaded anything."""
    errors, requests, pages = [], [], []

    def open_page(explorer, *, scheme="light", width=1280, address=""):
        path = tmp_path / "tape.html"
        explorer.save(path)
        page = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: requests.append(request.url.partition("#")[0]))
        page.goto(path.as_uri() + address)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert errors == []
    assert set(requests) == {(tmp_path / "tape.html").as_uri()}


def cotangents(page):
    """The last column as it is read aloud, by instruction."""
    lines = page.evaluate(
        """() => [...document.querySelectorAll(".mg-tape tbody tr:has(td + td)")]
                 .map((line) => [...line.cells].map((cell) => cell.textContent))"""
    )
    return {int(what.split()[0][1:]): cotangent for what, _, cotangent in lines}


def test_each_event_shows_its_sentence_and_all_cotangents_so_far(visit):
    explorer = explored(2)
    data, page = explorer.data, visit(explorer)
    shown = {row["index"]: "–not yet computed" for row in data["rows"]}
    for k, event in enumerate(data["events"]):
        assert page.locator(".mg-say").text_content() == event["say"]
        assert page.locator(".mg-tape tr.mg-future").count() == max(0, len(data["rows"]) - k)
        for row, value in event["now"].items():
            more = f" so far, {value['lacks']} more to come" if value["lacks"] else ""
            shown[data["rows"][int(row)]["index"]] = value["text"] + more
        assert cotangents(page) == shown
        if event is not data["events"][-1]:
            page.get_by_role("button", name="Next").click()
    totals = page.locator("figcaption output").all_text_contents()
    assert totals == [source["gradient"]["text"] for source in data["sources"]]


def test_keys_buttons_slider_and_address_lead_to_events(visit):
    explorer = explored()
    page = visit(explorer, address="#k=40")
    events, last = explorer.data["events"], len(explorer.data["events"]) - 1
    seed = [event["kind"] for event in events].index("seed")
    say = page.locator(".mg-say")
    assert say.get_attribute("aria-live") == "polite"

    def at(k):
        return say.text_content() == events[k]["say"] and page.evaluate(
            "document.querySelector('.mg-slider').value"
        ) == str(k)

    assert at(40)
    page.locator(".mg-tape").focus()
    for key, k in [("ArrowRight", 41), ("ArrowLeft", 40), ("End", last), ("ArrowRight", last),
                   ("Home", 0), ("ArrowLeft", 0)]:  # fmt: skip
        page.keyboard.press(key)
        assert at(k)
    for name, k in [("Sweep", seed), ("Back", seed - 1), ("End", last), ("Start", 0)]:
        page.get_by_role("button", name=name).click()
        assert at(k)
    page.locator(".mg-slider").focus()
    page.keyboard.press("ArrowRight")
    assert at(1)
    page.wait_for_url("**#k=1")
    page.evaluate("location.hash = '#k=7'")
    page.wait_for_function(f"document.querySelector('.mg-slider').value === '{7}'")
    assert at(7)


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_nothing_sticks_out_and_the_place_of_the_sweep_is_in_view(visit, scheme, width):
    page = visit(explored(40), scheme=scheme, width=width)
    page.get_by_role("button", name="Sweep").click()
    for _ in range(30):
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate(
            """() => {
              const box = document.querySelector(".mg-tape").getBoundingClientRect();
              const line = document.querySelector(".mg-use").getBoundingClientRect();
              const last = [...document.querySelectorAll(".mg-use")].at(-1).getBoundingClientRect();
              const inside = (r) => r.top >= box.top && r.bottom <= box.bottom + 1;
              return inside(line) || inside(last);
            }"""
        )
        page.keyboard.press("ArrowRight")


def test_names_are_text(visit):
    page = visit(explored(1, HOSTILE))
    page.keyboard.press("End")
    assert page.title().startswith("The tape of")
    assert page.locator("img").count() == 0
    assert HOSTILE in page.locator(".mg-tape").text_content()


@pytest.mark.skipif("AXE_CORE" not in os.environ, reason="AXE_CORE is not set")
@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_no_violation_of_wcag(visit, scheme, width):
    axe = os.environ["AXE_CORE"]
    page = visit(explored(40), scheme=scheme, width=width)
    page.evaluate(Path(axe).read_text(encoding="utf-8"))
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    for key in ("Home", "ArrowRight", "End", "ArrowLeft"):
        page.keyboard.press(key)
        found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
        assert [problem["id"] for problem in found["violations"]] == []
        assert len(found["passes"]) > 10
