r"""Whether a hypergradient can be relied on, where the answer is a formula.

Gradient descent on :math:`w^3/3 - w^2/2` is :math:`w \leftarrow w + \eta w (1 - w)`, the logistic
map with :math:`r = 1 + \eta`. Its minimum is 1, with curvature 1, so the edge of stability is at
:math:`\eta = 2`; behind it come two values in turn, then four, then chaos, which at
:math:`\eta = 3` has the closed form :math:`w_t = \frac43 \sin^2(2^t \theta)`.
"""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from training_runs import RUNS

import minigrad as mg
from minigrad.experiments import Classification

W0 = 0.3
H, C = np.array([0.4, 1.0, 2.0]), np.array([1.0, -2.0, 0.5])
START, U = np.array([0.3, 0.1, -0.4]), np.array([0.7, -1.1, 0.4])


def logistic(steps, start=W0):
    return mg.TrainingRun(
        init=lambda h: start,
        step=lambda w, h, batch: w + h["eta"] * w * (1 - w),
        cost=lambda w, h: w,
        loss=lambda w, h: w**3 / 3 - w**2 / 2,
        steps=steps,
    )


def quadratic(steps, loss=True, start=START):
    return mg.TrainingRun(
        init=lambda h: start,
        step=lambda w, h, batch: w - h["eta"] * H * (w - C),
        cost=lambda w, h: np.sum(U * w),
        loss=(lambda w, h: 0.5 * np.sum(H * (w - C) ** 2)) if loss else None,
        steps=steps,
    )


def heavy_ball(steps, loss=True):
    def step(state, h, batch):
        v = h["beta"] * state["v"] + H * (state["w"] - C)
        return {"w": state["w"] - h["eta"] * v, "v": v}

    return mg.TrainingRun(
        init=lambda h: {"w": START, "v": np.zeros(3)},
        step=step,
        cost=lambda s, h: np.sum(U * s["w"]),
        loss=(lambda s, h: 0.5 * np.sum(H * (s["w"] - C) ** 2)) if loss else None,
        steps=steps,
    )


# The logistic map


@pytest.mark.parametrize(
    ("eta", "verdict", "size"),
    [
        (1.0, "vanished", 0.0),
        (1.5, "vanished", 8e-30),
        (1.9, "trust", 3e-4),
        (2.3, "trust", 0.14),
        (2.7, "chaos", 1.7e15),
        (2.9, "chaos", 1.2e21),
        (3.0, "chaos", 1.4e29),
    ],
)
def test_the_regimes_of_the_logistic_map(eta, verdict, size):
    report = mg.trust(logistic(100), {"eta": eta})
    assert report.verdict == verdict
    assert report.ok == (verdict == "trust")
    # In chaos the last digit of the start decides the first of the derivative.
    assert size / 3 <= abs(report.gradient["eta"]) <= 3 * size
    assert (report.horizon < 100) == (verdict == "chaos")
    assert (report.exponent > 0) == (verdict == "chaos")


def test_above_it_the_training_diverges():
    report = mg.trust(logistic(100), {"eta": 3.2})
    assert report.verdict == "diverged"
    assert "state before step 22 is not finite" in " ".join(str(report).split())
    assert json.loads(json.dumps(report.to_json(), allow_nan=False))["cost"] is None


@given(start=st.floats(0.05, 1.25), steps=st.integers(1, 20))
def test_chaos_that_is_exactly_solvable(start, steps):
    theta = np.arcsin(np.sqrt(0.75 * start))
    sines = np.abs(np.sin(2.0 ** np.arange(1, steps + 2) * theta))  # of 2^(t+1) theta
    report = mg.trust(logistic(steps, start), {"eta": 3.0})
    scale = np.min(sines)  # near a fold the formula itself loses digits
    t = np.arange(steps + 1)
    tangent = 2.0**t * sines / sines[0]
    adjoint = 2.0 ** (steps - t) * sines[-1] / sines
    np.testing.assert_allclose(report.tangent, tangent, 1e-8 / scale**3)
    np.testing.assert_allclose(report.adjoint, adjoint, 1e-8 / scale**3)


def test_the_figures_known_of_it():
    report = mg.trust(logistic(10), {"eta": 3.0})
    assert report.cost == pytest.approx(0.102405982782, abs=1e-12)
    assert report.tangent[-1] == pytest.approx(652.9771521, abs=1e-6)
    assert mg.trust(logistic(5000), {"eta": 3.0}).exponent == pytest.approx(np.log(2), rel=0.01)


@given(start=st.floats(0.2, 1.2))
def test_super_attracting(start):
    report = mg.trust(logistic(4, start), {"eta": 1.0})
    assert report.cost == pytest.approx(1 - (1 - start) ** 16)
    np.testing.assert_allclose(report.tangent[-1], 16 * abs(1 - start) ** 15, 1e-6, 1e-20)


@given(eta=st.floats(0.2, 1.8))
def test_below_the_edge_the_exponent_is_that_of_the_minimum(eta):
    report = mg.trust(logistic(400), {"eta": eta})
    row = report.sharpness[-1]
    assert (row.step, row.edge, row.stable) == (400, 2.0, True)
    assert row.value == pytest.approx(1.0)
    assert row.times_eta == pytest.approx(eta)
    last = report.log_adjoint[-2] - report.log_adjoint[-1]
    assert np.exp(last) == pytest.approx(abs(1 - eta), abs=1e-9)


@given(eta=st.floats(2.05, 2.2) | st.floats(2.27, 2.4))
def test_beyond_the_edge_the_exponent_is_that_of_two_values_in_turn(eta):
    report = mg.trust(logistic(2000), {"eta": eta})
    assert report.exponent == pytest.approx(0.5 * np.log(abs(5 - eta**2)), abs=0.01)
    assert any(row.stable is False for row in report.sharpness)
    assert any("past the edge" in note for note in report.notes)


@given(start=st.floats(0.1, 1.2), eta=st.floats(0.5, 2.9), steps=st.integers(1, 25))
def test_rounding_is_no_larger_than_told(start, eta, steps):
    """The same training in single precision is off by what the report says, or less."""
    start, eta = np.float32(start), np.float32(eta)
    report = mg.trust(logistic(steps, start), {"eta": eta})
    exact = logistic(steps, float(start)).evaluate({"eta": float(eta)})
    assert report.accuracy == np.finfo(np.float32).eps
    if report.rounding < 1e-3:  # as long as it is a small change
        assert abs(report.cost - exact) <= 5 * report.rounding


# Quadratics


@given(eta=st.floats(0.01, 1.4), steps=st.integers(1, 60))
def test_on_a_quadratic_the_adjoints_are_powers(eta, steps):
    report = mg.trust(quadratic(steps), {"eta": eta})
    powers = (1 - eta * H) ** (steps - np.arange(steps + 1.0))[:, None]
    np.testing.assert_allclose(report.adjoint, np.linalg.norm(powers * U, axis=1), 1e-9)
    e = START - C
    d_eta = -steps * U @ (H * (1 - eta * H) ** (steps - 1) * e)
    assert report.gradient["eta"] == pytest.approx(d_eta, rel=1e-9, abs=1e-12)
    assert report.sharpness[0].value == pytest.approx(2.0, rel=1e-6)


def test_nothing_overflows():
    """From the minimum nothing moves, but a small change would grow by 3 at each step."""
    report = mg.trust(quadratic(1000, start=C), {"eta": 2.0})
    assert report.log_adjoint[0] == pytest.approx(1000 * np.log(3) + np.log(0.4))
    assert report.exponent == pytest.approx(np.log(3), abs=0.01)
    assert report.growth == pytest.approx(3, rel=0.01)
    assert "e+47" in str(report)


@given(eta=st.floats(0.05, 1.5), beta=st.floats(0.0, 0.9))
def test_the_edge_of_momentum(eta, beta):
    """Where the table says that it is stable, the training comes closer; else it runs away."""
    hypers = {"eta": eta, "beta": beta}
    report = mg.trust(heavy_ball(400), hypers)
    if not np.isfinite(report.cost):
        assert 2 * eta > 2 * (1 + beta)
        return
    row = report.sharpness[-1]
    assert row.edge == pytest.approx(2 * (1 + beta))
    assert row.times_eta == pytest.approx(2 * eta, rel=1e-6)
    if abs(row.times_eta - row.edge) > 0.1:
        assert row.stable == (report.exponent < 0)
        assert (report.verdict == "diverged") == (not row.stable)


@given(eta=st.floats(0.05, 1.5))
def test_without_a_loss_the_step_tells(eta):
    rows = mg.trust(quadratic(10, loss=False), {"eta": eta}).sharpness
    assert [row.step for row in rows] == [0, 2, 5, 8, 10]
    for row in rows:
        assert row.times_eta == pytest.approx(2 * eta, rel=1e-5)
        assert row.value == pytest.approx(2.0, rel=1e-5)


def test_without_a_loss_the_step_tells_of_momentum_that_is_past_the_edge():
    hypers = {"eta": 1.6, "beta": 0.3}
    row = mg.trust(heavy_ball(10, loss=False), hypers).sharpness[-1]
    assert row.times_eta == pytest.approx(3.2, rel=1e-4)
    assert row.stable is False


def test_without_a_loss_momentum_that_swings_round_is_not_known():
    report = mg.trust(heavy_ball(10, loss=False), {"eta": 0.5, "beta": 0.9})
    assert all(row.stable is None for row in report.sharpness)
    assert any("is not known" in note for note in report.notes)


def test_an_explosion_at_the_end_leaves_the_last_steps():
    """100 steps that halve the error, then 40 that triple it: three digits last for 26."""
    rates = mg.per_step(np.r_[np.full(100, 0.5), np.full(40, 4.0)])
    run = mg.TrainingRun(
        init=lambda h: 1.0,
        step=lambda w, h, batch: w - h["eta"] * (w - h["target"]),
        cost=lambda w, h: w,
        steps=140,
    )
    report = mg.trust(run, {"eta": rates, "target": 2.0})
    assert (report.verdict, report.horizon) == ("last steps", 26)
    assert 3.0**26 < 1e-3 / report.accuracy < 3.0**27
    assert "Truncated(last=26)" in report.words


# Which hypers are the rate and the momentum


def test_names_and_values_of_the_rate():
    run = mg.TrainingRun(
        init=lambda h: START,
        step=lambda w, h, batch: w - h["pace"] * H * (w - C),
        cost=lambda w, h: np.sum(w),
        loss=lambda w, h: 0.5 * np.sum(H * (w - C) ** 2),
        steps=4,
    )
    hypers = {"pace": mg.positive(0.25)}
    assert np.isnan(mg.trust(run, hypers).sharpness[0].times_eta)
    for eta in ("pace", 0.25):
        row = mg.trust(run, hypers, eta=eta, beta=0.5).sharpness[0]
        assert (row.times_eta, row.edge) == (pytest.approx(0.5, rel=1e-6), 3.0)
    with pytest.raises(ValueError, match="eta='speed': no hyperparameter is called that"):
        mg.trust(run, hypers, eta="speed")


def test_the_edge_of_a_state_with_moments_is_not_claimed():
    run, hypers = RUNS["adam"]()
    run = mg.TrainingRun(
        run.init, run.step, run.cost, run.steps, loss=lambda s, h: np.sum(s["w"] ** 2)
    )
    report = mg.trust(run, hypers)
    assert all(row.stable is None for row in report.sharpness)
    assert report.sharpness[0].value == pytest.approx(2.0)
    assert any("more than weights" in note for note in report.notes)


def test_a_hyper_whose_derivative_vanished_beside_one_that_has_not():
    """Of a training that has converged, the rate does not matter and the decay does."""
    run = mg.TrainingRun(
        init=lambda h: 1.0,
        step=lambda w, h, batch: w - h["eta"] * (w - 2.0 + h["lam"] * w),
        cost=lambda w, h: w,
        steps=300,
    )
    report = mg.trust(run, {"eta": 0.5, "lam": 0.1})
    assert (report.verdict, report.vanished) == ("trust", ["eta"])
    assert "dC/deta is below rounding: noise." in report.notes


def test_no_steps():
    with pytest.raises(ValueError, match="has no steps"):
        mg.trust(logistic(0), {"eta": 0.1})


# Runs of every kind


@pytest.mark.parametrize("name", [name for name in RUNS if name != "no step"])
def test_the_derivative_is_the_hypergradient(name):
    run, hypers = RUNS[name]()
    report = mg.trust(run, hypers)
    right = mg.tree.leaves(mg.hypergradient(run, hypers, mg.Stored()).gradient)
    rtol = 1e-5 if name == "single precision" else 1e-10
    for found, wanted in zip(mg.tree.leaves(report.gradient), right, strict=True):
        assert type(found) is type(wanted)
        np.testing.assert_allclose(found, wanted, rtol, rtol * np.max(np.abs(wanted)))
    json.dumps(report.to_json(), allow_nan=False)
    assert max(map(len, str(report).splitlines())) <= 62  # 60, but for the shape of an array


def test_on_digits():
    run = Classification(steps=60).run
    calm = mg.trust(run, {"eta": mg.positive(0.5), "lam": mg.positive(1.0)})
    assert calm.verdict == "trust"
    assert all(row.stable for row in calm.sharpness)
    wild = mg.trust(run, {"eta": mg.positive(6.0), "lam": mg.positive(1.0)})
    assert wild.verdict == "chaos"
    assert "Evolution" in wild.words
    assert wild.sharpness[0].value == pytest.approx(calm.sharpness[0].value)


def test_sharpness_is_the_largest_eigenvalue_of_the_hessian():
    run = Classification(hidden=(), steps=1, batch=8).run
    hypers = {"eta": 0.5, "lam": 1.0}
    first = run.init(hypers)
    leaves = mg.tree.leaves(first)

    def loss(flat):
        parts = np.split(flat, np.cumsum([x.size for x in leaves])[:-1])
        shaped = [np.reshape(part, x.shape) for part, x in zip(parts, leaves, strict=True)]
        return run.loss(mg.tree.unflatten(first, shaped), hypers)

    matrix = mg.hessian(loss)(np.concatenate([np.ravel(x) for x in leaves]))
    largest = np.linalg.eigvalsh(matrix)[-1]
    assert mg.trust(run, hypers).sharpness[0].value == pytest.approx(largest, rel=1e-5)


def test_steps_that_are_recorded():
    """A step that branches on a value can't be replayed; the report is the same."""
    run, hypers = RUNS["gradient descent"]()

    def step(w, h, batch):
        return run.step(w, h, batch) if np.sum(w) > -100 else w

    with pytest.warns(UserWarning, match="recorded one by one"):
        report = mg.trust(mg.TrainingRun(run.init, step, run.cost, run.steps), hypers)
    right = mg.trust(run, hypers)
    np.testing.assert_allclose(report.log_adjoint, right.log_adjoint, rtol=1e-10)
    np.testing.assert_allclose(report.log_tangent, right.log_tangent, rtol=1e-10, atol=1e-14)
    assert report.gradient == pytest.approx(right.gradient)


# How it looks


def test_the_plot():
    report = mg.trust(logistic(100), {"eta": 3.0})
    ax = report.plot()
    labels = [line.get_label() for line in ax.lines]
    assert labels[:2] == ["adjoint, backward", "tangent, forward"]
    assert len({line.get_linestyle() for line in ax.lines[:2]}) == 2
    assert "horizon" in labels
    assert ax.get_xlabel() == "step"
    assert report.plot(ax) is ax
    np.testing.assert_allclose(ax.lines[1].get_ydata()[-1], np.log10(report.tangent[-1]))


def test_as_html():
    assert mg.trust(logistic(9), {"eta": 0.5})._repr_html_().startswith("<pre>trust: ")
