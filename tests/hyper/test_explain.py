"""The terms of a hypergradient, each against a formula or a method that knows nothing of it."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from training_runs import RUNS, gradient_descent

import minigrad as mg
from minigrad import nn, tree
from minigrad.experiments import Classification
from minigrad.tape import Tape

H, C = np.array([0.4, 1.0, 2.0]), np.array([1.0, -2.0, 0.5])
START, U = np.array([0.3, 0.1, -0.4]), np.array([0.7, -1.1, 0.4])


def close(found, right, rtol=1e-10):
    scale = max((np.max(np.abs(x), initial=0.0) for x in tree.leaves(right)), default=0.0)
    for x, y in zip(tree.leaves(found), tree.leaves(right), strict=True):
        np.testing.assert_allclose(x, y, rtol, rtol * scale)


def quadratic(steps):
    return mg.TrainingRun(
        init=lambda h: START,
        step=lambda w, h, batch: w - h["eta"] * (H * (w - C) + h["lam"] * w),
        cost=lambda w, h: np.sum(U * w),
        steps=steps,
    )


@pytest.mark.parametrize("name", RUNS)
def test_the_terms_sum_to_the_hypergradient(name):
    run, hypers = RUNS[name]()
    rtol = 1e-5 if name == "single precision" else 1e-10
    found = mg.explain(run, hypers)
    for method in (mg.Stored(), mg.Forward()):
        right = mg.hypergradient(run, hypers, method)
        assert found.cost == pytest.approx(float(right.cost), rel=rtol)
        close(found.gradient, right.gradient, rtol)
    kinds = [type(x) for x in tree.leaves(right.gradient)]
    assert [type(x) for x in tree.leaves(found.gradient)] == kinds
    for account in found.accounts.values():
        close(account.direct_part + account.weights_part, account.total, rtol)
        close(sum(account.by_leaf.values(), 0 * account.value), account.weights_part, rtol)
        steps = account.by_step if account.per_step else np.sum(account.by_step, axis=0)
        close(account.start + steps, account.weights_part, rtol)
        assert len(account.by_step) == run.steps or not account.terms
    assert str(found)
    json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize("name", RUNS)
def test_tangents_by_forward_mode_give_the_same_shares(name):
    """An independent way to each share: the slope of the cost times the tangent of the array."""
    run, hypers = RUNS[name]()
    rtol = 1e-5 if name == "single precision" else 1e-10
    found = mg.explain(run, hypers)
    values = tree.map(lambda h: h.value, found.hypers)
    state = run.train(hypers)
    with Tape() as tape:
        given = tape.variable(state)
        cost = run.cost(given, values)
    leaves = tree.leaves(given)
    for key, tangent in found.tangents.items():
        account = found[key]
        shares = [
            np.sum(tape.gradient(cost, x) * dot) if hasattr(x, "index") else 0.0
            for x, dot in zip(leaves, tree.walk(tangent, given, []), strict=True)
            if np.asarray(dot).dtype.kind == "f"
        ]
        close([sum(shares, 0.0)], [account.weights_part], rtol)
        if len(shares) == len(account.by_leaf):
            close(shares, list(account.by_leaf.values()), rtol)


@given(eta=st.floats(0.01, 0.9), lam=st.floats(0.0, 0.5), steps=st.integers(1, 20))
def test_what_each_step_adds_on_a_quadratic(eta, lam, steps):
    """The rate counts for the same at every step, and the decay for more at the later ones."""
    a = H + lam
    m, w_star = 1 - eta * a, H * C / a
    e = START - w_star
    found = mg.explain(quadratic(steps), {"eta": eta, "lam": lam})
    t = np.arange(steps)[:, None]
    w = w_star + m**t * e
    close(found["eta"].by_step, np.full(steps, -U @ (a * m ** (steps - 1) * e)), 1e-9)
    close(found["lam"].by_step, -eta * (m ** (steps - 1 - t) * w) @ U, 1e-9)
    d_lam = -(1 - m**steps) * w_star / a - eta * steps * m ** (steps - 1) * e
    close(found.tangents["lam"], d_lam, 1e-9)
    close(found.tangents["eta"], -steps * a * m ** (steps - 1) * e, 1e-9)


def test_golden_numbers_term_by_term():
    """Exact fractions: curvature 1, minimum 2, start 1, five steps of rate 3/10, decay 1/10."""

    def c0(w, h):
        return 0.5 * (w - 2) ** 2

    def penalty(w, h):
        return 0.5 * h["lam"] * w**2

    run = mg.TrainingRun(
        init=lambda h: 1.0,
        step=lambda w, h, batch: w - h["eta"] * (w - 2.0 + h["lam"] * w),
        cost=lambda w, h: c0(w, h) + penalty(w, h),
        steps=5,
    )
    found = mg.explain(run, {"eta": 0.3, "lam": 0.1}, parts={"C0": c0, "penalty": penalty})
    w, d_eta, d_lam = 17077170367 / 10**10, 181360089 / (2 * 10**8), -47296887 / (4 * 10**7)
    assert found.tangents == {"eta": pytest.approx(d_eta), "lam": pytest.approx(d_lam)}
    assert found.parts == {
        "C0": pytest.approx((w - 2) ** 2 / 2),
        "penalty": pytest.approx(w * w / 20),
    }
    lam, eta = found["lam"], found["eta"]
    assert lam.direct == {"C0": 0.0, "penalty": pytest.approx(w * w / 2)}
    assert lam.through["C0"] == {"state": pytest.approx((w - 2) * d_lam)}
    assert lam.through["penalty"] == {"state": pytest.approx(0.1 * w * d_lam)}
    assert eta.direct == {"C0": 0.0, "penalty": 0.0}
    assert eta.through["C0"] == {"state": pytest.approx((w - 2) * d_eta)}
    assert eta.total == pytest.approx(-0.11018646430499454, rel=1e-14)
    assert lam.total == pytest.approx(1.6018263466164089, rel=1e-14)


def test_a_step_of_a_tape_adds_as_much():
    """On one tape of the whole run, the uses of a hyperparameter inside the mark of each step."""
    run, hypers = RUNS["heavy ball"]()
    values = tree.map(lambda h: h.value, mg.hyper.explain(run, hypers).hypers)
    with Tape() as tape:
        given = tape.variable(values)
        state = run.init(given)
        for t in range(run.steps):
            with tape.mark(f"step {t}"):
                state = run.step(state, given, None)
        cost = run.cost(state, given)
    terms = tape.gradient(cost, given, contributions=True)
    found = mg.explain(run, hypers)
    for key, uses in terms.items():
        by_step = [sum(u.value for u in uses if u.mark == f"step {t}") for t in range(run.steps)]
        close(list(found[key].by_step), by_step)


def test_the_formula_of_a_regularised_cost_on_digits():
    r"""dC/dlam = dC0/dlam + (lam/2n) sum 2 w dw/dlam + (1/2n) sum w^2."""
    experiment = Classification(steps=30)
    n = experiment.n

    def c0(params, h):
        return experiment.cross_entropy(params, *experiment.data.train)

    def penalty(params, h):
        return nn.regularised_cost(0.0, params, h["lam"], n)

    run = dataclasses.replace(experiment.run, cost=experiment.training_cost)
    hypers = {"eta": mg.positive(0.5), "lam": mg.positive(2.0)}
    found = mg.explain(run, hypers, parts={"C0": c0, "penalty": penalty})
    lam = found["lam"]
    weights = tree.paths(run.train(hypers)).items()
    dots = tree.paths(found.tangents["lam"])
    pairs = [(w, dots[path]) for path, w in weights if nn.is_weight(path)]
    path_term = 2.0 / (2 * n) * sum(np.sum(2 * w * dot) for w, dot in pairs)
    direct = sum(np.sum(w**2) for w, _ in pairs) / (2 * n)
    unpenalised = mg.hypergradient(dataclasses.replace(run, cost=c0), hypers, mg.Stored())
    assert sum(lam.through["C0"].values()) == pytest.approx(unpenalised.gradient["lam"])
    assert sum(lam.through["penalty"].values()) == pytest.approx(path_term)
    assert set(lam.through["penalty"]) == {"0 w", "1 w"}  # biases are not decayed
    assert lam.direct == {"C0": 0.0, "penalty": pytest.approx(direct)}
    whole = mg.hypergradient(run, hypers, mg.Recorded()).gradient["lam"]
    assert unpenalised.gradient["lam"] + path_term + direct == pytest.approx(whole, rel=1e-11)
    assert lam.total == pytest.approx(whole, rel=1e-11)


def test_parts_of_a_cost_in_arrays_and_schedules():
    run, hypers = RUNS["schedules"]()
    half = {key: lambda s, h: 0.5 * run.cost(s, h) for key in ("one", "other")}
    found, whole = mg.explain(run, hypers, parts=half), mg.explain(run, hypers)
    close(found.gradient, whole.gradient)
    close(found["each"].by_step, whole["each"].by_step)
    close(found["each"].through["one"], found["each"].through["other"])


def test_steps_that_are_recorded():
    """A step that branches on a value can't be replayed; the account is the same."""
    run, hypers = gradient_descent()

    def step(w, h, batch):
        return run.step(w, h, batch) if np.sum(w) > -100 else w

    with pytest.warns(UserWarning, match="recorded one by one"):
        found = mg.explain(mg.TrainingRun(run.init, step, run.cost, run.steps), hypers)
    close(found["eta"].by_step, mg.explain(run, hypers)["eta"].by_step)


def test_parts_must_sum_to_the_cost():
    run, hypers = gradient_descent()
    with pytest.raises(ValueError, match=r"the values of the parts sum to .* but the cost has"):
        mg.explain(run, hypers, parts={"half": lambda w, h: 0.5 * run.cost(w, h)})
    with pytest.raises(ValueError, match="the slopes of the parts sum to an array of norm"):
        mg.explain(run, hypers, parts={"still": lambda w, h: run.cost(mg.stop_gradient(w), h)})


def test_a_training_that_diverges_is_not_explained():
    with pytest.raises(ValueError, match=r"diverged at step 425: the state became infinite"):
        mg.explain(quadratic(5000), {"eta": 3.0, "lam": 0.1})


def test_an_unknown_name():
    with pytest.raises(KeyError, match="no hyperparameter 'rate'; there are eta, lam"):
        mg.explain(quadratic(2), {"eta": 0.3, "lam": 0.1})["rate"]


def test_the_plot():
    run, hypers = RUNS["layers"]()
    found = mg.explain(run, hypers)
    axes = found.plot()
    assert [ax.get_ylabel() for ax in axes] == [f"adds to dC/d{key}" for key in found.accounts]
    drawn = axes[0].lines[0].get_ydata()
    np.testing.assert_array_equal(drawn, found["eta 0"].by_step)
    norms = axes[2].lines[0].get_ydata()  # of an array, the norms
    np.testing.assert_allclose(norms, np.linalg.norm(found["lam"].by_step, axis=1))
    assert list(found.plot(axes)) == list(axes)
    with pytest.raises(ValueError, match="3 Axes"):
        found.plot(axes[:1])
    assert found._repr_html_().startswith("<pre>cost ")
