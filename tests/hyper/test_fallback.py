"""Steps that can't be replayed are recorded one by one: the same numbers, and one warning."""

import warnings

import numpy as np
import pytest

import minigrad as mg
from minigrad import tree
from minigrad.variable import value_of

METHODS = {
    "stored": mg.Stored(),
    "checkpointed": mg.Checkpointed(snapshots=2),
    "forward": mg.Forward(),
    "truncated nowhere": mg.Truncated(last=6),
    "auto": "auto",
}
START = np.array([0.3, -1.2])
DATA = np.random.default_rng(0).normal(size=(6, 2))
HYPERS = {"eta": 0.2, "lam": 0.1, "each": np.array([1.0, 0.5])}


def descend(w, h, pull):
    return w - h["eta"] * h["each"] * (np.tanh(w - pull) + h["lam"] * w)


def draws_a_random_number(w, h, t):
    noise = np.random.default_rng(int(value_of(t))).normal(size=2)
    return descend(w, h, noise)


def hidden_state():
    """A step that counts by itself which step it is; begun anew by `init`."""
    seen = {}

    def init(h):
        seen.clear()
        return START

    def step(w, h, t):
        place = seen.setdefault(float(np.sum(value_of(w))), len(seen))
        return descend(w, h, 0.1 * place)

    return init, step


def compares_a_variable(w, h, t):
    return descend(w, h, 1.0 if w[0] > 0 else -1.0)


def looks_for_the_largest(w, h, t):
    return descend(w, h, 1.0 * np.argmax(w))


def reads_data_outside_the_tape(w, h, t):
    return descend(w, h, DATA[int(value_of(t))])


def has_more_to_do_at_first(w, h, t):
    for _ in range(2 if value_of(t) == 0 else 1):
        w = descend(w, h, 1.0)
    return w


STEPS = {
    step.__name__.replace("_", " "): step
    for step in (
        draws_a_random_number,
        compares_a_variable,
        looks_for_the_largest,
        reads_data_outside_the_tape,
        has_more_to_do_at_first,
    )
}


def run_of(name):
    init, step = hidden_state() if name == "hidden state" else (lambda h: START, STEPS[name])
    cost = lambda w, h: np.sum(np.sin(w)) + h["lam"]  # noqa: E731
    return mg.TrainingRun(init, step, cost, 6, batches=lambda t: t)


@pytest.mark.parametrize("name", [*STEPS, "hidden state"])
@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_the_numbers_are_the_same_and_one_warning_says_why(name, method):
    wanted = mg.hypergradient(run_of(name), HYPERS, "recorded")
    run = run_of(name)
    with pytest.warns(UserWarning, match="steps are recorded one by one") as record:
        result = mg.hypergradient(run, HYPERS, method)
    assert len(record) == 1
    assert str(record[0].message).endswith(result.stats.why.split("recorded: ")[-1])
    np.testing.assert_allclose(result.cost, wanted.cost, 1e-13)
    for one, other in zip(tree.leaves(result.gradient), tree.leaves(wanted.gradient), strict=True):
        np.testing.assert_allclose(one, other, 1e-11)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it was said already
        again = mg.hypergradient(run, HYPERS, method)
    assert again.cost == result.cost


def test_a_last_step_that_is_recorded_after_others_that_were_replayed():
    def step(w, h, batch):
        pull = np.mean(batch, axis=0)
        return descend(w, h, pull if len(batch) > 1 or pull[0] > 0 else -pull)

    run = mg.TrainingRun(
        lambda h: START, step, lambda w, h: np.sum(w**2), 3, [DATA[:2], DATA[2:4], DATA[4:5]]
    )
    wanted = mg.hypergradient(run, HYPERS, "recorded")
    for method in (mg.Stored(), mg.Checkpointed(snapshots=1), mg.Forward()):
        run.programs.clear()
        with pytest.warns(UserWarning, match="looks at a value"):
            result = mg.hypergradient(run, HYPERS, method)
        for one, other in zip(
            tree.leaves(result.gradient), tree.leaves(wanted.gradient), strict=True
        ):
            np.testing.assert_allclose(one, other, 1e-12)


def test_a_recorded_step_may_return_its_keys_in_another_order():
    def step(state, h, batch):
        v = 0.5 * state["v"] + np.tanh(state["w"]) + (0.0 if state["w"][0] > 0 else h["lam"])
        return {"v": v, "w": state["w"] - h["eta"] * v}

    run = mg.TrainingRun(
        init=lambda h: {"w": START, "v": np.zeros(2)},
        step=step,
        cost=lambda state, h: np.sum(state["w"] ** 2),
        steps=6,
    )
    wanted = mg.hypergradient(run, HYPERS, "recorded")
    for method in (mg.Stored(), mg.Checkpointed(snapshots=2), mg.Forward()):
        run.programs.clear()
        with pytest.warns(UserWarning, match="looks at a value"):
            result = mg.hypergradient(run, HYPERS, method)
        np.testing.assert_allclose(result.cost, wanted.cost, 1e-13)
        for one, other in zip(
            tree.leaves(result.gradient), tree.leaves(wanted.gradient), strict=True
        ):
            np.testing.assert_allclose(one, other, 1e-12)


def test_a_value_that_is_read_is_noticed_though_it_is_the_same_in_two_recordings():
    """Rounded, the weight is 3 at both recordings and 2, 1, 0 later."""

    def step(w, h, batch):
        whole = round(w.value if isinstance(w, mg.Variable) else w)
        return w - h["eta"] * (np.tanh(w - 1.0) + whole)

    run = mg.TrainingRun(init=lambda h: 3.0, step=step, cost=lambda w, h: w * w, steps=12)
    hypers = {"eta": mg.positive(0.1)}
    with pytest.warns(UserWarning, match=r"x\.value on .*test_fallback\.py"):
        found = mg.hypergradient(run, hypers, "stored").gradient["eta"]
    assert found == mg.hypergradient(run, hypers, "recorded").gradient["eta"]


PAIRED = [np.array([1.0, 2.0]), np.array([3.0, 5.0]), np.array([7.0, 1.0])]


def test_batches_that_come_in_pairs_do_not_hide_what_is_computed_from_them():
    run = mg.TrainingRun(
        init=lambda h: np.zeros(2),
        step=lambda w, h, x: w - h["eta"] * (w - np.tanh(value_of(x))),
        cost=lambda w, h: np.sum(w * w),
        steps=6,
        batches=lambda t: PAIRED[t // 2],
    )
    hypers = {"eta": mg.positive(0.1)}
    with pytest.warns(UserWarning, match="no input of the step"):
        found = mg.hypergradient(run, hypers, "stored").gradient["eta"]
    assert found == mg.hypergradient(run, hypers, "recorded").gradient["eta"]


@pytest.mark.parametrize("method", ["stored", "forward", "checkpointed"])
def test_batches_may_be_read_into_one_buffer(method):
    buffer = np.zeros(2)

    def refill(t):
        buffer[:] = PAIRED[t % 3]
        return buffer

    def run_on(batches):
        return mg.TrainingRun(
            init=lambda h: np.zeros(2),
            step=lambda w, h, x: w - h["eta"] * (w - x),
            cost=lambda w, h: np.sum(w * w),
            steps=6,
            batches=batches,
        )

    hypers = {"eta": mg.positive(0.1)}
    found = mg.hypergradient(run_on(refill), hypers, method).gradient["eta"]
    wanted = mg.hypergradient(run_on(lambda t: PAIRED[t % 3]), hypers, "recorded").gradient["eta"]
    assert found == pytest.approx(wanted, rel=1e-12)
