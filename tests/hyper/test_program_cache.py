"""Programs are kept from one hypergradient of a run to the next: only where they still hold."""

import numpy as np
import pytest

import minigrad as mg

METHODS = ["stored", "forward", "checkpointed"]


def descent(batches=None, scale=lambda: 1.0):
    def step(w, h, batch):
        pull = 2.0 if batch is None else batch["x"] - 3.0 * batch["y"]
        return w - h["eta"] * (scale() * w - pull + h["lam"] * w)

    return mg.TrainingRun(
        init=lambda h: 1.0, step=step, cost=lambda w, h: (w - 2.0) ** 2, steps=5, batches=batches
    )


def gradient(run, hypers, method):
    return mg.hypergradient(run, hypers, method).gradient


@pytest.mark.parametrize("method", METHODS)
def test_hypers_in_another_order_are_not_taken_for_each_other(method):
    run = descent()
    first = gradient(run, {"eta": 0.3, "lam": 0.1}, method)
    again = gradient(run, {"lam": 0.1, "eta": 0.3}, method)
    assert again == pytest.approx(first, rel=1e-14)


@pytest.mark.parametrize("method", METHODS)
def test_hypers_of_another_name_do_not_find_a_program(method):
    run = descent()
    gradient(run, {"eta": 0.3, "lam": 0.1}, method)
    with pytest.raises(KeyError, match="eta"):
        gradient(run, {"etaa": 0.3, "lam": 0.1}, method)


@pytest.mark.parametrize("method", METHODS)
def test_batches_in_another_order_are_not_taken_for_each_other(method):
    """The same two numbers at each step, every other time the other way round in the dict."""

    def turned(t):
        return {"x": 1.0 + t, "y": 0.5} if t % 2 else {"y": 0.5, "x": 1.0 + t}

    hypers = {"eta": 0.3, "lam": 0.1}
    found = gradient(descent(turned), hypers, method)
    assert found == pytest.approx(gradient(descent(turned), hypers, "recorded"), rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_of_the_step_that_was_changed_since_is_noticed(method):
    """As in a notebook where a cell further up was run again with another number."""
    scale = {"now": 1.0}
    run = descent(scale=lambda: scale["now"])
    hypers = {"eta": 0.3, "lam": 0.1}
    before = gradient(run, hypers, method)
    scale["now"] = 0.5
    after = gradient(run, hypers, method)
    assert after != before
    assert after == pytest.approx(gradient(run, hypers, "recorded"), rel=1e-12)


def test_a_method_that_was_not_called_is_refused_in_words():
    with pytest.raises(TypeError, match=r"Stored\(\)"):
        mg.hypergradient(descent(), {"eta": np.float64(0.3), "lam": 0.1}, mg.Stored)


@pytest.mark.parametrize("method", METHODS)
def test_a_number_of_the_step_that_was_set_again_is_noticed(method):
    """A closure of numbers alone, which are looked at and not run."""
    scale = 1.0

    def step(w, h, batch):
        return w - h["eta"] * (scale * w - 2.0 + h["lam"] * w)

    run = mg.TrainingRun(lambda h: 1.0, step, lambda w, h: (w - 2.0) ** 2, 5)
    hypers = {"eta": 0.3, "lam": 0.1}
    before = gradient(run, hypers, method)
    assert gradient(run, hypers, method) == before
    scale = 0.5
    after = gradient(run, hypers, method)
    assert after != before
    assert after == pytest.approx(gradient(run, hypers, "recorded"), rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["a number", "a list", "an array"])
def test_a_constant_of_the_cost_that_was_changed_since_is_noticed(method, kind):
    """The cost is compiled when it is asked for again."""
    goal = {"a number": 2.0, "a list": [2.0], "an array": np.array([2.0])}[kind]

    def cost(w, h):
        return (w - (goal if kind == "a number" else goal[0])) ** 2 + h["lam"] ** 2

    run = mg.TrainingRun(lambda h: 1.0, lambda w, h, b: w - h["eta"] * np.sin(w), cost, 5)
    hypers = {"eta": 0.3, "lam": 0.1}
    first = [gradient(run, hypers, method) for _ in range(4)]
    for again in first:
        assert again == pytest.approx(first[0], rel=1e-13)
    if kind == "a number":
        goal = 3.0
    else:
        goal[0] = 3.0
    for _ in range(3):
        after = gradient(run, hypers, method)
        assert after != pytest.approx(first[0], rel=1e-3)
        assert after == pytest.approx(gradient(run, hypers, "recorded"), rel=1e-12)


def test_a_cost_that_branches_is_recorded_each_time():
    run = mg.TrainingRun(
        lambda h: h["start"],
        lambda w, h, b: w - 0.1 * w,
        lambda w, h: w * w if w > 0.5 else -3.0 * w,
        3,
    )
    for start in (1.0, 0.9, 0.5, 2.0, 0.1):
        hypers = {"start": start}
        found = gradient(run, hypers, "stored")
        assert found == pytest.approx(gradient(run, hypers, "recorded"), rel=1e-13)


def test_the_cost_is_of_the_same_kind_compiled_or_not():
    for start in (1.0, np.float32(1.0), np.ones(2, np.float32), np.ones(2)):
        run = mg.TrainingRun(
            lambda h, start=start: start, lambda w, h, b: w - h * w, lambda w, h: np.sum(w * w), 3
        )
        results = [mg.hypergradient(run, 0.1, "stored") for _ in range(4)]
        assert len({type(result.cost) for result in results}) == 1
        assert len({float(result.cost) for result in results}) == 1


@pytest.mark.parametrize("method", [mg.Stored(), mg.Checkpointed(1), mg.Forward(), mg.Truncated(2)])
def test_the_functions_are_called_with_numpys_numbers_where_those_were_given(method):
    """A number of NumPy's can be indexed and has a shape, one of Python's has not."""
    run = mg.TrainingRun(
        init=lambda h: np.float64(0.5),
        step=lambda w, h, b: (w[np.newaxis] * (1.0 - h["eta"][np.newaxis]))[0],
        cost=lambda w, h: np.sum(w[np.newaxis] * h["scale"][np.newaxis]),
        steps=4,
    )
    hypers = {"eta": np.float64(0.1), "scale": np.float64(2.0)}
    for _ in range(3):  # the later ones by programs, held against a plain call
        found = mg.hypergradient(run, hypers, method)
    assert np.isclose(found.gradient["scale"], 0.5 * 0.9**4)
