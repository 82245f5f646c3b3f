"""Runs that are right, held against closed forms: every witness must find the same numbers."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from training_runs import RUNS

import minigrad as mg
from minigrad import nn, tree
from minigrad.experiments import Classification
from minigrad.hyper.verification.ladder import ladder
from minigrad.hyper.verification.report import agreeing_digits

EXACT = ("recorded", "forward", "complex step")
NEEDED = {"finite difference": 9.0, "complex step": 12.0, "forward": 12.0, "recorded": 12.0}


def confirmed(report, **needed):
    """Assert that a report is positive, by every witness, in so many digits."""
    assert report.ok is True, str(report)
    assert report.warnings == []
    for name, digits in report.agreement.items():
        assert not report.answers[name].why, (name, report.answers[name].why)
        assert digits.min() > {**NEEDED, **needed}[name], (name, digits)
    assert agreeing_digits(*report.dot_product) > 12


@pytest.mark.parametrize("name", [name for name in RUNS if name != "single precision"])
def test_runs_of_every_kind_are_confirmed(name):
    run, hypers = RUNS[name]()
    confirmed(mg.verify(run, hypers))


def test_single_precision_is_held_to_the_digits_that_it_has():
    run, hypers = RUNS["single precision"]()
    report = mg.verify(run, hypers)
    assert report.ok, str(report)
    assert report.agreement["finite difference"].min() > 3.5
    assert report.agreement["complex step"].min() > 4.0


def scalar(step, init=lambda h: 1.0, cost=lambda w, h: w, steps=5):
    return mg.TrainingRun(init, step, cost, steps)


def check_answers(report, **golden):
    confirmed(report)
    for k, name in enumerate(report.directions):
        for witness, answer in report.answers.items():
            bar = max(4 * answer.errors[k], 1e-13)
            assert abs(answer.values[k] - golden[name]) < bar, (name, witness)


def test_golden_fractions_by_every_witness():
    """Curvature 1, minimum 2, start 1, five steps of rate 3/10 with decay 1/10; exact fractions."""
    hypers = {"eta": mg.positive(0.3), "lam": mg.positive(0.1)}
    plain = scalar(lambda w, h, batch: w - h["eta"] * (w - 2.0 + h["lam"] * w))
    check_answers(
        mg.verify(plain, hypers), eta=181360089 / (2 * 10**8), lam=-47296887 / (4 * 10**7)
    )

    def heavy(state, h, batch):
        w, v = state
        v = h["beta"] * v + w - 2.0 + h["lam"] * w
        return w - h["eta"] * v, v

    ball = scalar(heavy, lambda h: (1.0, 0.0), lambda state, h: state[0])
    check_answers(
        mg.verify(ball, hypers | {"beta": mg.unit_interval(0.5)}),
        eta=82405809 / (2 * 10**8),
        lam=-14552883 / (8 * 10**6),
        beta=19551051 / (25 * 10**6),
    )
    rates = {"eta": mg.per_step(np.array([0.1, 0.2, 0.3, 0.4])), "lam": 0.1}
    four = [164619 / 625000, 375669 / 1250000, 218673 / 625000, 2093013 / 5000000]
    report = mg.verify(scalar(plain.step, steps=4), rates)
    confirmed(report)
    np.testing.assert_allclose(report.answers["reverse"].values[:4], four, 1e-13)


rates = st.floats(0.05, 0.6)


@given(
    h=st.lists(st.floats(0.1, 2.0), min_size=3, max_size=3).map(np.array),
    eta=rates,
    lam=rates,
    steps=st.integers(1, 20),
)
def test_gradient_descent_on_any_quadratic_is_confirmed(h, eta, lam, steps):
    c = np.array([1.0, -2.0, 0.5])
    run = mg.TrainingRun(
        lambda hypers: np.array([0.3, 0.1, -0.4]),
        lambda w, hypers, batch: w - hypers["eta"] * (h * (w - c) + hypers["lam"] * w),
        lambda w, hypers: np.sum((w + c) ** 2),
        steps,
    )
    report = mg.verify(run, {"eta": eta, "lam": lam})
    assert report.ok, str(report)
    errors = report.answers["finite difference"].errors
    off = report.answers["finite difference"].values - report.answers["complex step"].values
    assert np.all(np.abs(off) <= 4 * errors + 1e-15)


def test_the_digits_network():
    """Rates of each step and a decay for each layer."""
    steps = 12
    schedule = mg.per_step(mg.positive(np.full(steps, 0.5)))
    hypers = {"eta": schedule, "lam": [mg.positive(1.0), mg.positive(0.5)]}
    run = Classification(steps=steps, hidden=(8,)).run
    report = mg.verify(run, hypers)
    confirmed(report, **{"finite difference": 7.0})
    assert report.directions == ["eta (12,)", "lam 0", "lam 1"]


def test_weights_of_examples_are_moved_at_random_and_the_seed_says_how():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 3)), rng.normal(size=40)

    def step(w, h, batch):
        return w - h["eta"] * (x.T @ (h["weights"] * (x @ w - y)))

    run = mg.TrainingRun(lambda h: np.zeros(3), step, lambda w, h: np.mean((x @ w - 1) ** 2), 8)
    hypers = {"eta": mg.positive(0.01), "weights": mg.positive(np.full(40, 0.5))}
    report, again, other = (mg.verify(run, hypers, seed=seed) for seed in (1, 1, 2))
    confirmed(report)
    assert len(report.directions) == 2
    values = [one.answers["reverse"].values for one in (report, again, other)]
    assert np.array_equal(values[0], values[1])
    assert values[0][1] != values[2][1]


def test_many_leaves_are_moved_together():
    run = scalar(lambda w, h, batch: w - h[0] * (w - sum(h)))
    report = mg.verify(run, [0.1 * k for k in range(1, 11)])
    confirmed(report)
    assert report.directions == [f"all, at random ({k})" for k in range(1, 5)]


@pytest.mark.parametrize("hypers", [{"beta": mg.unit_interval(0.9999)}, {"beta": 0.0}])
def test_shifted_hypers_stay_inside_their_domain(hypers):
    """And a hyper of 0 is moved by about 1."""

    def step(w, h, batch):
        beta = mg.variable.value_of(h["beta"])
        assert np.real(beta) < 1.0
        return h["beta"] * w + 0.1

    confirmed(mg.verify(scalar(step, cost=lambda w, h: w * w), hypers))


def test_a_relu_network_is_confirmed_where_no_unit_is_at_its_kink():
    x = np.random.default_rng(1).normal(size=(20, 2))

    def loss(p, x):
        return np.mean((nn.relu(x @ p) - 0.3) ** 2)

    run = mg.TrainingRun(
        lambda h: np.array([[0.4, -0.3, 0.2], [0.1, 0.5, -0.6]]),
        lambda p, h, batch: p - h["eta"] * mg.grad(loss)(p, x),
        lambda p, h: loss(p, -x),
        10,
    )
    assert mg.verify(run, {"eta": mg.positive(0.3)}).ok


def test_an_operation_that_is_not_analytic_makes_the_complex_step_not_applicable():
    run = scalar(lambda w, h, batch: w - h["eta"] * np.maximum(w - 2.0, -5.0) * abs(w))
    report = mg.verify(run, {"eta": 0.1})
    assert report.ok
    assert report.warnings == []
    why = report.answers["complex step"].why
    assert "not applicable: maximum on" in why
    assert "test_verify.py" in why
    assert np.isnan(report.answers["complex step"].values).all()


def test_a_part_that_is_not_analytic_and_hidden_is_told_from_a_mistake():
    """The primitive is right for real numbers; of complex ones it loses a part, silently."""
    from minigrad.extend import def_jvp, def_vjp, primitive

    @primitive
    def real_square(x):
        return np.real(x) ** 2 + 0.0 * x

    slope = lambda d, y, x: d * 2.0 * np.real(x)  # noqa: E731
    def_vjp(real_square, slope)
    def_jvp(real_square, slope)
    report = mg.verify(scalar(lambda w, h, b: w - h["eta"] * real_square(w)), {"eta": 0.1})
    assert report.ok
    assert any("not analytic" in warning for warning in report.warnings)


def test_a_missing_rule_silences_a_witness_only():
    from minigrad.extend import def_vjp, primitive

    @primitive
    def square(x):
        return x * x

    def_vjp(square, lambda d, y, x: 2.0 * d * x)
    report = mg.verify(scalar(lambda w, h, b: w - h["eta"] * square(w)), {"eta": 0.1})
    assert report.ok
    assert "JVP" in report.answers["forward"].why
    assert np.isnan(report.dot_product).all()


def test_report_as_text_json_and_html():
    run, hypers = RUNS["gradient descent"]()
    told = []
    report = mg.verify(run, hypers, callback=told.append)
    text = str(report)
    assert text.startswith("verify: agree\n")
    assert max(map(len, text.splitlines())) <= 72
    parsed = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert parsed["ok"] is True
    assert parsed["agreement"].keys() == {"finite difference", *EXACT}
    assert parsed["hypers"] == {"['eta']": 0.2, "['lam']": 0.3}
    assert report._repr_html_().startswith("<pre>verify: agree")
    assert [news.done for news in told] == list(range(1, told[0].total + 1))


def test_errors_come_early():
    run, _ = RUNS["gradient descent"]()
    with pytest.raises(ValueError, match="no hyperparameters"):
        mg.verify(run, {})
    explodes = scalar(lambda w, h, batch: w * h["eta"], steps=2000)
    with pytest.raises(ValueError, match="the run diverged at step 34"):
        mg.verify(explodes, {"eta": 1e9})


slopes = st.floats(-3.0, 3.0)


@given(slopes, slopes, slopes, st.floats(0.1, 30.0))
def test_a_ladder_finds_any_smooth_slope_within_its_bar(a, b, c, pace):
    def f(x):
        return float(a * np.sin(pace * x) + b * np.exp(x) + c * x**2)

    found = ladder(f, 1 / 16, 4e-16 * (abs(a) + abs(b) + 1))
    assert abs(found.value - (a * pace + b)) <= 4 * found.error
    assert found.error < 1e-8 * (1 + pace**2)
    assert not found.kink


@given(slopes, slopes, st.floats(0.01, 3.0))
def test_a_ladder_sees_a_kink_however_the_rest_bends(a, c, bend):
    found = ladder(lambda x: a * x + c * x**2 + bend * abs(x), 1 / 16, 1e-15)
    assert found.kink
    np.testing.assert_allclose([found.ahead, found.behind], [a + bend, a - bend], 0, 1e-2)


def test_a_ladder_is_not_misled_by_what_it_sees_from_afar():
    """From far away the fast wave is invisible: the large steps agree on the slow one."""
    found = ladder(lambda x: float(np.sin(x) + 1e-3 * np.sin(1e5 * x)), 2.0**-4, 1e-16)
    assert abs(found.value - 101.0) <= 4 * found.error < 1e-3


def test_leaves_of_a_gradient_pair_with_directions():
    run, hypers = RUNS["layers"]()
    report = mg.verify(run, hypers)
    known = tree.leaves(mg.hypergradient(run, hypers, "recorded").gradient)
    np.testing.assert_allclose(
        report.answers["reverse"].values, np.concatenate([np.ravel(x) for x in known]), 1e-10
    )
