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
