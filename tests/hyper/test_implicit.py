"""The derivative of the minimum: closed forms, the limit of long training, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import datasets, nn, optim, tree
from minigrad.hyper.solvers import conjugate_gradients, neumann_series, sharpness

C, W0, U = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.1, -0.4]), np.array([0.7, -1.1, 0.4])
AXES = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
curvatures = st.lists(st.floats(0.2, 2.0), min_size=3, max_size=3).map(np.array)
numbers = st.floats(0.05, 0.5)


def quadratic(h, steps, start=None, **rest):
    """Return descent on a quadratic cost with curvatures `h` along skew axes, and its Hessian."""
    bend = AXES @ np.diag(h) @ AXES.T

    def step(w, hypers, batch):
        return w - hypers["eta"] * (bend @ (w - C) + hypers["lam"] * w)

    def loss(w, hypers):
        return 0.5 * (w - C) @ bend @ (w - C) + 0.5 * hypers["lam"] * np.sum(w**2)

    def init(hypers):
        return W0 if start is None else start

    def cost(w, hypers):
        return np.sum(U * w) + 0.5 * hypers["lam"] ** 2

    return mg.TrainingRun(init, step, cost, steps, loss=loss, **rest), bend


def minimum(bend, lam):
    return np.linalg.solve(bend + lam * np.eye(3), bend @ C)


@given(h=curvatures, lam=numbers)
def test_on_quadratics_it_is_the_closed_form(h, lam):
    """dw*/dlam = -A^-1 w*, wherever the training began; eta has no say."""
    bend = AXES @ np.diag(h) @ AXES.T
    w_star = minimum(bend, lam)
    run, _ = quadratic(h, 0, start=w_star)
    hypers = {"eta": mg.positive(0.3), "lam": mg.positive(lam)}
    right = lam - U @ np.linalg.solve(bend + lam * np.eye(3), w_star)
    for method in (mg.Implicit(), mg.Implicit(solver="neumann", iterations=2000)):
        result = mg.hypergradient(run, hypers, method)
        np.testing.assert_allclose(result.gradient["lam"], right, 1e-8, 1e-8)
        assert result.gradient["eta"] == 0.0
        assert not result.stats.exact
        assert result.stats.residual <= 1e-10


@given(h=curvatures, lam=numbers, terms=st.integers(1, 30))
def test_k_terms_of_the_series_are_the_last_k_steps_at_the_minimum(h, lam, terms):
    bend = AXES @ np.diag(h) @ AXES.T
    run, _ = quadratic(h, 40, start=minimum(bend, lam))
    hypers = {"eta": 0.3, "lam": lam}
    series = mg.Implicit(solver="neumann", iterations=terms, scale=0.3, tolerance=0.0)
    cut = mg.hypergradient(run, hypers, mg.Truncated(last=terms)).gradient["lam"]
    summed = mg.hypergradient(run, hypers, series).gradient["lam"]
    np.testing.assert_allclose(summed, cut, 1e-10, 1e-12)


def test_long_training_approaches_it_as_fast_as_the_weights_approach_the_minimum():
    """The gap shrinks like T rho^T: its path term, eta T m^(T-1) e0, has a factor T."""
    h, lam, eta = np.array([0.2, 0.7, 1.6]), 0.1, 0.5
    rho = np.max(np.abs(1 - eta * (h + lam)))
    gaps = []
    lengths = np.array([100, 150, 200])
    for steps in lengths:
        run, _ = quadratic(h, int(steps))
        hypers = {"eta": eta, "lam": lam}
        exact = mg.hypergradient(run, hypers, mg.Stored()).gradient["lam"]
        limit = mg.hypergradient(run, hypers, mg.Implicit(small=1.0)).gradient["lam"]
        gaps.append(abs(exact - limit))
    slope = np.diff(np.log(gaps)) / np.diff(lengths)
    assert abs(slope[-1] - np.log(rho)) < 0.02
    assert gaps[-1] < 1e-10


def heavy_ball(cost=lambda s, h: np.sum(s["w"] * U)):
    bend = np.diag([1.0, 0.5, 0.8])

    def step(s, h, batch):
        v = 0.5 * s["v"] + bend @ (s["w"] - C) + h["lam"] * s["w"]
        return {"v": v, "w": s["w"] - 0.3 * v}

    def loss(s, h):
        return 0.5 * np.sum((s["w"] - C) @ bend * (s["w"] - C)) + 0.5 * h["lam"] * np.sum(
            s["w"] ** 2
        )

    return mg.TrainingRun(lambda h: {"v": 0 * W0, "w": W0}, step, cost, 300, loss=loss)


def test_a_velocity_is_left_out():
    """The weights are what the loss depends on; picking them by hand gives the same."""
    run = heavy_ball()
    exact = mg.hypergradient(run, {"lam": 0.1}, mg.Stored()).gradient["lam"]
    for method in (mg.Implicit(), mg.Implicit(weights=lambda s: s["w"])):
        found = mg.hypergradient(run, {"lam": 0.1}, method).gradient["lam"]
        np.testing.assert_allclose(found, exact, 1e-9)


def test_a_cost_that_reads_what_the_loss_does_not_is_refused_unless_it_is_constant():
    run = heavy_ball(cost=lambda s, h: np.sum(s["w"] * U) + np.sum(s["v"]))
    with pytest.raises(ValueError, match="does not depend on, so its minimum does not say"):
        mg.hypergradient(run, {"lam": 0.1}, mg.Implicit())
    picked = mg.hypergradient(run, {"lam": 0.1}, mg.Implicit(weights=lambda s: s["w"]))
    plain = mg.hypergradient(heavy_ball(), {"lam": 0.1}, mg.Implicit())
    np.testing.assert_allclose(picked.gradient["lam"], plain.gradient["lam"], 1e-12)


def test_logistic_regression_on_digits_that_has_converged():
    """Against the whole unroll, with 650 weights and biases, all of them penalised."""
    data = datasets.digits()
    x, y = data.train.x[:150], data.train.y[:150]
    start = nn.init_mlp(np.random.default_rng(0), (64, 10), dtype=x.dtype)

    def loss(params, h):
        penalty = sum(np.sum(x**2) for x in tree.leaves(params))
        return nn.cross_entropy(nn.mlp(params, x), y) + 0.5 * h["lam"] * penalty

    def step(params, h, batch):
        grads = mg.grad(lambda p: loss(p, h))(params)
        return optim.sgd.update(params, grads, (), eta=h["eta"])[0]

    run = mg.TrainingRun(
        lambda h: start,
        step,
        lambda params, h: nn.cross_entropy(nn.mlp(params, data.validation.x), data.validation.y),
        steps=600,
        loss=loss,
    )
    hypers = {"eta": mg.positive(0.8), "lam": mg.positive(0.05)}
    found = mg.compare(run, hypers, [mg.Implicit(), mg.Implicit(solver="neumann", iterations=400)])
    for trial in found.trials:
        assert trial.label == "approximate"
        assert trial.error < 1e-6
        assert trial.result.stats.residual < 1e-6


def test_weights_that_are_not_at_a_minimum_are_refused():
    run, _ = quadratic(np.array([0.5, 0.7, 1.0]), 3)
    hypers = {"eta": 0.1, "lam": 0.1}
    with pytest.raises(ValueError, match="the training has not converged: the norm of its gradien"):
        mg.hypergradient(run, hypers, mg.Implicit())
    with pytest.warns(UserWarning, match="has not converged"):
        forced = mg.hypergradient(run, hypers, mg.Implicit(force=True))
    assert np.isfinite(forced.gradient["lam"])
    assert "the training gradient is" in forced.stats.why


def test_a_run_that_begins_at_its_minimum_is_not_refused():
    """Its first gradient is rounding, so that can't be the scale alone."""
    bend = AXES @ np.diag([0.5, 0.7, 1.0]) @ AXES.T
    run, _ = quadratic(np.array([0.5, 0.7, 1.0]), 2, start=minimum(bend, 0.1))
    assert np.isfinite(mg.hypergradient(run, {"eta": 0.1, "lam": 0.1}, "implicit").norm)


def test_single_precision_is_solved_as_far_as_it_goes():
    """Without a warning that it could not be solved further."""
    bend = np.float32([0.3, 1.0, 1.7])
    c = C.astype(np.float32)
    run = mg.TrainingRun(
        lambda h: W0.astype(np.float32),
        lambda w, h, batch: w - h["eta"] * (bend * (w - c) + h["lam"] * w),
        lambda w, h: np.sum(U.astype(np.float32) * w),
        steps=200,
        loss=lambda w, h: 0.5 * np.sum(bend * (w - c) ** 2) + 0.5 * h["lam"] * np.sum(w**2),
    )
    found = mg.hypergradient(run, {"eta": 0.5, "lam": np.float32(0.1)}, mg.Implicit())
    assert found.gradient["lam"].dtype == np.float32
    a = bend + 0.1
    np.testing.assert_allclose(found.gradient["lam"], -np.sum(U * bend * C / a**2), 1e-5)


def saddle():
    """At the origin, a saddle, where the gradient is zero."""
    return mg.TrainingRun(
        init=lambda h: np.zeros(2),
        step=lambda w, h, batch: w,
        cost=lambda w, h: w[0] + w[1],
        steps=1,
        loss=lambda w, h: w[0] ** 2 - 2.0 * w[1] ** 2 + h * (w[0] + w[1]),
    )


def test_negative_curvature_is_told():
    with pytest.raises(ValueError, match="conjugate gradients met the curvature -1: the loss fall"):
        mg.hypergradient(saddle(), 0.0, mg.Implicit())
    with pytest.raises(ValueError, match=r"the Neumann series diverges, with a residual of .*e\+"):
        mg.hypergradient(saddle(), 0.0, mg.Implicit(solver="neumann"))
    with pytest.warns(UserWarning, match="met the curvature -1"):
        mg.hypergradient(saddle(), 0.0, mg.Implicit(force=True))


def test_a_scale_that_is_too_large_is_told():
    run, _ = quadratic(np.ones(3), 100)
    method = mg.Implicit(solver="neumann", scale=3.0)
    with pytest.raises(ValueError, match="scale=3 is above 2 / sharpness"):
        mg.hypergradient(run, {"eta": 0.5, "lam": 0.1}, method)


def test_too_few_products_are_told_with_the_residual():
    run, _ = quadratic(np.array([0.2, 0.9, 1.6]), 100)
    with pytest.warns(
        UserWarning, match="the residual is .* above tolerance=3.7e-11: raise iterat"
    ):
        result = mg.hypergradient(run, {"eta": 0.5, "lam": 0.1}, mg.Implicit(iterations=1))
    assert 0.01 < result.stats.residual < 1


def test_settings_and_runs_that_can_not_be():
    for wrong in ({"solver": "lu"}, {"iterations": 0}, {"scale": 0.1}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            mg.Implicit(**wrong)
    run = mg.TrainingRun(lambda h: 1.0, lambda w, h, b: w, lambda w, h: w * h, steps=1)
    with pytest.raises(ValueError, match=r"give TrainingRun\(..., loss=lambda state, hypers"):
        mg.hypergradient(run, 0.1, mg.Implicit())
    run = mg.TrainingRun(
        lambda h: 1.0, lambda w, h, b: w, lambda w, h: w * h, steps=1, loss=lambda w, h: h
    )
    with pytest.raises(ValueError, match="does not depend on the weights"):
        mg.hypergradient(run, 0.1, mg.Implicit())


definite = st.lists(st.floats(0.1, 10.0), min_size=3, max_size=3).map(
    lambda h: AXES @ np.diag(h) @ AXES.T
)
vectors = st.lists(st.floats(-5, 5), min_size=3, max_size=3).map(np.array)


@given(h=definite, b=vectors)
def test_solvers_solve_and_tell_their_residual(h, b):
    top = np.linalg.eigvalsh(h)[-1]
    for found in (
        conjugate_gradients(lambda v: h @ v, b, 50, 1e-12),
        neumann_series(lambda v: h @ v, b, 25, 0.0, 1.0 / top),
    ):
        left = np.linalg.norm(b - h @ found.x)
        np.testing.assert_allclose(found.residual * np.linalg.norm(b), left, 1e-6, 1e-10)
    np.testing.assert_allclose(conjugate_gradients(lambda v: h @ v, b, 50, 1e-12).x @ h, b, 0, 1e-8)


@given(h=definite)
def test_power_iteration_is_a_lower_bound_that_closes(h):
    top = np.linalg.eigvalsh(h)[-1]
    few, many = (sharpness(lambda v: h @ v, 3, n) for n in (3, 300))
    assert few <= top * (1 + 1e-12)
    assert many == pytest.approx(top, rel=0.01)
