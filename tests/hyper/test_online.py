"""Windows from one step to the whole run, and what short ones miss."""

import json

import numpy as np
import pytest
from training_runs import RUNS, TARGET, heavy_ball, outer_cost, slope

import minigrad as mg
from minigrad import datasets, optim
from minigrad.hyper import online
from minigrad.tree import leaves

SOME = {name: make for name, make in RUNS.items() if make()[0].steps}


def same(one, other):
    for x, y in zip(leaves(one), leaves(other), strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("name", SOME)
def test_the_window_of_the_whole_run_is_the_exact_method(name):
    run, hypers = SOME[name]()
    mg.hypergradient(run, hypers, mg.Stored())  # from the second time on, the cost is replayed
    exact = mg.hypergradient(run, hypers, mg.Stored())
    result = online(run, hypers, window=run.steps)
    same(result.history[0].gradient, exact.gradient)
    assert result.history[0].cost == exact.cost
    assert result.cost == exact.cost
    assert result.history[0].stats.exact


@pytest.mark.parametrize("name", SOME)
def test_a_shorter_window_is_the_truncated_method(name):
    """With hypers that do not move, the last window goes back over the last steps."""
    run, hypers = SOME[name]()
    for window in range(1, run.steps):
        result = online(run, hypers, window=window, rate=0.0)
        last = run.steps - result.ends[-2] if len(result.ends) > 1 else run.steps
        cut = mg.hypergradient(run, hypers, mg.Truncated(last=last))
        for x, y in zip(leaves(result.history[-1].gradient), leaves(cut.gradient), strict=True):
            np.testing.assert_allclose(x, y, 1e-5 if name == "single precision" else 1e-12)
        assert result.ends[-1] == run.steps


def test_passes_over_the_whole_run_are_a_descent_on_it():
    run, hypers = RUNS["gradient descent"]()
    result = online(run, hypers, window=9, passes=3, rate=0.2)
    at = hypers
    for _ in range(3):
        found = mg.hypergradient(run, at, mg.Stored())
        at = {k: found.hypers[k].moved_to(at[k].unconstrained - 0.2 * g)
              for k, g in found.unconstrained.items()}  # fmt: skip
    assert result.values == {k: hyper.value for k, hyper in at.items()}
    assert len(result.history) == 1


# One step: hypergradient descent

X, Y = (part[:40] for part in datasets.digits().train)
W = np.random.default_rng(0).normal(size=64) * 0.1
EVEN = 1.0 - 2.0 * (Y % 2)


def margin_loss(w, hypers, batch):
    x, sign = batch
    return np.mean(np.logaddexp(0.0, -sign * (x @ w)))


def margin_run(step, init, steps=6):
    return mg.TrainingRun(
        init=init,
        step=step,
        cost=lambda s, h: margin_loss(s["w"], h, (X, EVEN)),
        steps=steps,
        batches=lambda t: (X[5 * t : 5 * t + 5], EVEN[5 * t : 5 * t + 5]),
    )


def test_one_step_on_the_next_batch_is_minus_the_product_of_two_gradients():
    """Baydin and others, equation 5: d eta = -grad f_{t+1}(w_{t+1}) . grad f_t(w_t)."""
    slope_of = mg.grad(margin_loss)

    def step(s, h, batch):
        return {"w": s["w"] - h["eta"] * mg.grad(margin_loss)(s["w"], h, batch)}

    run = margin_run(step, lambda h: {"w": W})
    result = online(run, {"eta": 0.5}, rate=0.3, loss=lambda s, h, b: margin_loss(s["w"], h, b))
    w, eta = W, 0.5
    for t, found in enumerate(result.history):
        g = slope_of(w, None, run.batch(t))
        w = w - eta * g
        d_eta = -slope_of(w, None, run.batch(min(t + 1, 5))) @ g
        np.testing.assert_allclose(found.gradient["eta"], d_eta, 1e-10)
        np.testing.assert_allclose(found.hypers["eta"].value, eta, 1e-12)
        eta = eta - 0.3 * d_eta
    np.testing.assert_allclose(result.values["eta"], eta, 1e-12)
    np.testing.assert_allclose(result.state["w"], w, 1e-12)


def test_through_adam_it_is_the_derivative_of_one_step_of_adam():
    """Chandra and others: any optimiser, any of its hyperparameters."""

    def step(s, h, batch):
        g = mg.grad(margin_loss)(s["w"], h, batch)
        w, adam = optim.adam.update(s["w"], g, s["adam"], eta=h["eta"], beta1=h["beta1"])
        return {"w": w, "adam": adam}

    run = margin_run(step, lambda h: {"w": W, "adam": optim.adam.init(W)})
    hypers = {"eta": mg.positive(0.05), "beta1": mg.unit_interval(0.8)}
    result = online(run, hypers, loss=lambda s, h, b: margin_loss(s["w"], h, b))
    state = run.init(None)
    for t in range(5):
        values = {k: hyper.value for k, hyper in result.history[t].hypers.items()}

        def after(h, state=state, t=t):
            return margin_loss(run.step(state, h, run.batch(t))["w"], h, run.batch(t + 1))

        for name in values:
            right = mg.testing.finite_difference(
                lambda x, name=name, values=values, after=after: after({**values, name: x}),
                values[name],
            )
            np.testing.assert_allclose(
                result.history[t].gradient[name], right.value, 1e-6, 1e-9, err_msg=name
            )
        state = run.step(state, values, run.batch(t))


# Short-horizon bias


class Secant:
    """Newton's method in one number, its slope from the last two gradients."""

    def init(self, numbers):
        return None

    def update(self, u, g, memory, hessian):
        if memory is None:
            return 0.9 * u, (u, g, None)
        before, slope, bend = memory
        if bend is None or abs(u - before) > 1e-9:
            bend = abs((g - slope) / (u - before))
        return u - np.clip(g / bend, -0.5 * u, 0.5 * u), (u, g, bend)


def noisy_quadratic(steps, noise=1.0):
    """Return the second moments of weights under noisy gradients, as a training run."""
    h = np.logspace(-3, 0, 20)
    return mg.TrainingRun(
        init=lambda eta: np.full(20, 100.0),
        step=lambda a, eta, batch: (1 - eta * h) ** 2 * a + (eta * h * noise) ** 2,
        cost=lambda a, eta: 0.5 * np.sum(h * a),
        steps=steps,
    )


def greedy(steps, noise=1.0):
    """Return the cost of the rates that are the best for the next step, by their formula."""
    h, a = np.logspace(-3, 0, 20), np.full(20, 100.0)
    for _ in range(steps):
        eta = np.sum(h**2 * a) / np.sum(h**3 * (a + noise**2))
        a = (1 - eta * h) ** 2 * a + (eta * h * noise) ** 2
    return 0.5 * np.sum(h * a)


def test_short_horizon_bias_on_the_noisy_quadratic():
    """The rate that is best for one step ahead costs more in the end than a fixed one."""
    run = noisy_quadratic(100)
    short = online(run, 0.5, window=1, passes=8, optimiser=Secant())
    assert short.cost == pytest.approx(greedy(100), rel=1e-4)
    assert short.cost == pytest.approx(2.319, abs=5e-4)
    whole = online(run, 0.5, window=100, passes=40, optimiser=Secant())
    assert whole.cost == pytest.approx(1.322, abs=5e-4)
    assert whole.used["hyper"][0] == pytest.approx(0.794, abs=5e-3)
    between = [online(run, 0.5, window=k, passes=20, optimiser=Secant()).cost for k in (4, 20)]
    assert short.cost > between[0] > between[1]


def test_without_noise_greed_does_no_harm():
    short = online(noisy_quadratic(100, 0.0), 0.5, window=1, passes=8, optimiser=Secant())
    assert short.cost == pytest.approx(0.2502, abs=5e-5)


# What is told, what is refused


def test_the_report():
    run, hypers = heavy_ball()
    news = []
    result = online(run, hypers, window=4, rate=0.1, callback=news.append)
    assert [(n.done, n.total) for n in news] == [(1, 3), (2, 3), (3, 3)]
    assert result.ends == [4, 8, 9]
    assert set(result.used) == {"eta", "lam", "beta"}
    assert max(map(len, str(result).splitlines())) <= 80
    told = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert told["ends"] == [4, 8, 9]
    assert told["cost"] == result.cost == run.cost(result.state, None)
    assert result._repr_html_().startswith("<pre>3 windows")
    pytest.importorskip("matplotlib").use("agg")
    ax = result.plot()
    assert [line.get_label() for line in ax.lines] == ["eta", "lam", "beta"]


def test_no_step_at_all():
    run, hypers = RUNS["no step"]()
    result = online(run, hypers)
    assert result.cost == run.evaluate(hypers)
    assert result.ends == [0]


def test_what_is_refused():
    run, hypers = RUNS["gradient descent"]()
    for window in (0, 1.5, True):
        with pytest.raises(ValueError, match="window= must be a number of steps"):
            online(run, hypers, window=window)
    with pytest.raises(ValueError, match="passes= must be a number of passes"):
        online(run, hypers, passes=0)

    class Second:
        def init(self, numbers):
            return ()

        def update(self, u, g, memory, hessian):
            return u - g / hessian(), memory

    with pytest.raises(ValueError, match="needs the Hessian can't be used online"):
        online(run, hypers, optimiser=Second())
    exploding = mg.TrainingRun(
        lambda h: np.ones(1), lambda w, h, b: w * h, lambda w, h: np.sum(w**2), steps=9
    )
    with pytest.raises(ValueError, match="take a smaller rate="), np.errstate(all="ignore"):
        online(exploding, 1.0, rate=-1e200)


def test_a_schedule_moves_only_inside_its_windows():
    run = mg.TrainingRun(
        lambda h: TARGET * 0, lambda w, h, b: w - h * slope(w, 0.1), outer_cost, steps=4
    )
    rates = mg.per_step(np.full(4, 0.3))
    result = online(run, rates, window=2)
    assert not result.history[0].gradient[2:].any()
    assert not result.history[1].gradient[:2].any()
    assert result.used["hyper"].shape == (2, 4)
