"""Runs that are empty, diverge, explode or ignore a hyper, and what each method makes of them.

Never a finite number that was computed from a NaN, and the step where it began is said.
"""

import warnings

import numpy as np
import pytest

import minigrad as mg
from minigrad import optim
from minigrad.hyper import MomentumRun, PersistentEvolution, Reversible, online
from minigrad.hyper.searching.outer_cost import outer_cost

CURVES = np.array([3.0, 1.0, 0.5])
TARGET = np.array([0.5, 0.3, 0.1])
START = np.array([1.0, -2.0, 0.5])

EXACT = {
    "recorded": mg.Recorded(),
    "stored": mg.Stored(),
    "checkpointed": mg.Checkpointed(snapshots=3),
    "forward": mg.Forward(),
    "auto": mg.hyper.Automatic(),
}
METHODS = {
    **EXACT,
    "truncated": mg.Truncated(last=5),
    "finite difference": mg.FiniteDifference(),
    "implicit": mg.Implicit(force=True),
    "evolution": mg.Evolution(pairs=3),
    "persistent evolution": PersistentEvolution(window=7, pairs=3),
}


def table(methods):
    return pytest.mark.parametrize("method", methods.values(), ids=methods.keys())


each_method, each_exact = table(METHODS), table(EXACT)


def slope(w, h):
    return CURVES * (w - TARGET) + h["lam"] * w


def distance(w, h):
    return np.sum((w - TARGET) ** 2)


def descent(steps=30, **parts):
    given = {
        "init": lambda h: START,
        "step": lambda w, h, batch: w - h["eta"] * slope(w, h),
        "cost": distance,
        "loss": lambda w, h: (
            0.5 * np.sum(CURVES * (w - TARGET) ** 2) + 0.5 * h["lam"] * np.sum(w * w)
        ),
        "steps": steps,
    }
    return mg.TrainingRun(**given | parts)


def momentum(steps=30, **parts):
    given = {"init": lambda h: START, "cost": distance, "gradient": lambda w, h, batch: slope(w, h)}
    return MomentumRun(steps=steps, **given | parts)


def hypers(eta=0.1, lam=0.1, **more):
    return {"eta": eta, "lam": lam, **more}


DIVERGES = hypers(eta=1e4)  # which multiplies the first weight by 3e4 a step
AT = 68  # as a loop by hand finds it, below


def test_where_it_diverges_by_a_loop_by_hand():
    w, t = START, 0
    with np.errstate(over="ignore"):
        while np.isfinite(w).all():
            w, t = w - 1e4 * slope(w, {"lam": 0.1}), t + 1
    assert t - 1 == AT


# No step, and learning rates of all kinds


@each_method
def test_without_steps_the_cost_is_that_of_the_beginning(method):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Implicit's, that this is no minimum
        result = mg.hypergradient(descent(0), hypers(), method)
    assert result.cost == distance(START, None)
    if not isinstance(method, mg.Implicit):
        assert result.gradient == {"eta": 0.0, "lam": 0.0}
        assert "C does not depend on eta: its derivative is exactly 0" in str(result)


@each_exact
@pytest.mark.parametrize("eta", [0.0, -0.05])
def test_a_rate_of_zero_or_less_is_a_number_like_others(method, eta):
    """With w - T = (1 - eta a)^t (w_0 - T), a quadratic without decay."""
    result = mg.hypergradient(descent(steps=30), hypers(eta, 0.0), method)
    gap, shrunk = START - TARGET, 1.0 - eta * CURVES
    assert result.cost == pytest.approx(np.sum(shrunk**60 * gap**2))
    wanted = np.sum(60 * shrunk**59 * -CURVES * gap**2)
    assert result.gradient["eta"] == pytest.approx(wanted)
    assert result.stats.diverged_at is None


@each_method
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_rate_that_is_no_number_is_refused_by_name(method, bad):
    with pytest.raises(ValueError, match=rf"eta: a hyperparameter must be finite, got {bad}"):
        mg.hypergradient(descent(), hypers(bad), method)


@pytest.mark.parametrize("mark", [mg.positive, mg.real, mg.unit_interval])
def test_a_marked_value_that_is_no_number_is_refused(mark):
    with pytest.raises(ValueError, match="a hyperparameter must be finite, got nan"):
        mark(np.nan)


def test_positive_rates_are():
    for bad in (0.0, -0.1):
        with pytest.raises(ValueError, match=rf"strictly between 0 and inf, got {bad}"):
            mg.positive(bad)


@each_method
@pytest.mark.parametrize("entries", [0, 10, 31])
def test_a_schedule_of_another_length_is_refused_by_name(method, entries):
    schedule = mg.per_step(np.full(entries, 0.1))
    said = f"the schedule eta has {entries} entries, but the run has 30 steps: give it one for each"
    with pytest.raises(ValueError, match=said):
        mg.hypergradient(descent(), hypers(schedule), method)


# Momentum and averages of 1 and more


@pytest.mark.parametrize("beta", [1.0, 1.5])
@each_exact
def test_momentum_of_one_and_more_is_run(method, beta):
    """Undamped or growing, yet a number: as the definition has it, differences agree."""
    given = hypers(0.05, 0.1, beta=beta)
    result = mg.hypergradient(momentum(8), given, method)
    wanted = mg.hypergradient(momentum(8), given, mg.FiniteDifference())
    assert result.gradient == pytest.approx(wanted.gradient, rel=1e-6)


def test_momentum_that_explodes_says_so():
    result = mg.hypergradient(momentum(400), hypers(0.05, 0.1, beta=1.5), mg.Stored())
    assert result.stats.growth > 1e50
    assert "grew by a factor" in str(result)


@pytest.mark.parametrize("beta", [1.0, 1.5, -0.1, np.nan, np.array([0.9, 1.0, 0.9])])
@pytest.mark.parametrize("name", ["beta1", "beta2"])
@pytest.mark.parametrize("rule", [optim.adam, optim.adamw])
def test_an_average_keeps_less_than_all(rule, name, beta):
    """With beta = 1 the first step of Adam is 0 / 0."""
    with pytest.raises(ValueError, match=rf"{name}= must be 0 or more and below 1, got"):
        rule.update(START, START, rule.init(START), eta=0.1, **{name: beta})


def test_the_mean_square_of_rmsprop_keeps_less_than_all():
    with pytest.raises(ValueError, match=r"beta2= must be 0 or more and below 1, got 1\.0"):
        optim.rmsprop.update(START, START, optim.rmsprop.init(START), eta=0.1, beta2=1.0)


@pytest.mark.parametrize("eps", [0.0, -1e-8, np.nan])
@pytest.mark.parametrize("rule", [optim.adam, optim.adamw, optim.rmsprop])
def test_a_denominator_is_kept_from_zero(rule, eps):
    """Where a gradient has always been 0, the step without eps is 0 / 0."""
    with pytest.raises(ValueError, match=r"eps= must be positive, got .*: .* 0 / 0"):
        rule.update(START, np.zeros(3), rule.init(START), eta=0.1, eps=eps)


# Batches without examples


def on_batches(batches, steps=3):
    def step(w, h, x):
        return w - h["eta"] * np.mean(x * (x @ w)[:, None], axis=0)

    return mg.TrainingRun(lambda h: START, step, distance, steps, batches)


@each_method
def test_an_empty_batch_is_named_where_the_mean_over_it_is_none(method):
    full = np.ones((2, 3))
    if isinstance(method, mg.Implicit):
        pytest.skip("the run has no loss")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, of the mean of an empty slice
        result = mg.hypergradient(on_batches([full, np.ones((0, 3)), full]), {"eta": 0.1}, method)
    assert np.isnan(result.cost)
    assert np.isnan(result.gradient["eta"])
    assert result.stats.diverged_at == 1
    assert "step 1: the state became NaN; its batch is empty, of shape (0, 3)" in str(result)


def test_no_batches_at_all():
    with pytest.raises(ValueError, match="3 steps, but only 0 batches; leave batches= out"):
        on_batches([])


# A run that diverges


HIDING = {
    "nothing": distance,
    "where": lambda w, h: np.sum(np.where(np.isfinite(w), w, 0.0) ** 2),
    "clip": lambda w, h: np.sum(np.clip(w, -1.0, 1.0)),
    "maximum": lambda w, h: np.sum(np.maximum(-1.0, np.minimum(w, 1.0))),
    "nan_to_num": lambda w, h: np.sum(np.tanh(np.nan_to_num(w))),
    "argmax": lambda w, h: h["lam"] * np.argmax(mg.stop_gradient(w)),
    "a saturated slope": lambda w, h: np.sum(np.tanh(w)),
    "not looking": lambda w, h: 3.0 * h["lam"],
}


@each_method
@pytest.mark.parametrize("hiding", HIDING)
def test_nothing_finite_comes_of_a_state_that_is_not(method, hiding):
    steps = 90 if hiding in ("nothing", "where", "not looking") else AT + 1  # NaN, or infinite
    run = descent(steps, cost=HIDING[hiding])
    for _ in range(2):  # the cost is recorded at first, and compiled from then on
        result = mg.hypergradient(run, DIVERGES, method)
        assert np.isnan(result.cost)
        assert np.isnan([*result.gradient.values()]).all()
        assert result.stats.diverged_at == AT
        assert f"the run diverged at step {AT}: the state became infinite" in str(result)
        assert result.to_json()["stats"]["diverged_at"] == AT


@pytest.mark.parametrize("cost", HIDING.values(), ids=HIDING.keys())
def test_nor_where_only_the_cost_is_wanted(cost):
    run = descent(90, cost=cost)
    with np.errstate(all="ignore"):
        assert np.isnan(run.evaluate(DIVERGES))
        assert not np.isfinite(outer_cost(run, DIVERGES))
        found = mg.grid_search(run, {"eta": [0.1, 1e4], "lam": 0.1})
    assert found.points[found.best]["eta"] == 0.1
    assert not np.isfinite(found.costs[1])


@table({name: method for name, method in METHODS.items() if "evolution" not in name})
@pytest.mark.filterwarnings("ignore:Implicit")
def test_a_state_that_is_infinite_in_between_only(method):
    """Each step clips the weights before it looks at them, so the last state is finite."""

    def step(w, h, batch):
        return np.clip(w, -1.0, 1.0) * (1.0 + h["eta"]) * 1e200 * batch

    run = descent(4, step=step, batches=[1.0, 1e200, 1.0, 1e-200])
    result = mg.hypergradient(run, hypers(0.5), method)
    assert np.isnan(result.cost)
    assert np.isnan([*result.gradient.values()]).all()
    assert result.stats.diverged_at == 1


@each_method
def test_a_power_of_python_numbers_that_overflows(method):
    run = descent(
        9,
        init=lambda h: 2.0,
        step=lambda w, h, batch: w**3 + h["eta"],
        cost=lambda w, h: w,
        loss=lambda w, h: w * w,
    )
    result = mg.hypergradient(run, {"eta": 0.1}, method)
    assert np.isnan(result.cost)
    assert np.isnan(result.gradient["eta"])
    assert 4 <= result.stats.diverged_at <= 6


@each_method
def test_weights_that_begin_as_nan(method):
    run = descent(4, init=lambda h: START * np.array([1.0, np.nan, 1.0]))
    result = mg.hypergradient(run, hypers(), method)
    assert np.isnan(result.cost)
    assert "the run begins with NaN in the state" in str(result)


def test_the_leaf_that_is_lost_is_named():
    run = mg.TrainingRun(
        init=lambda h: {"w": 1.0, "layers": [np.ones(2), np.ones(2)]},
        step=lambda s, h, batch: {
            "w": s["w"],
            "layers": [s["layers"][0], s["layers"][1] * 1e200 * h["eta"]],
        },
        cost=lambda s, h: s["w"] * h["eta"],
        steps=5,
    )
    result = mg.hypergradient(run, {"eta": 1.0}, mg.Stored())
    assert "at step 1: layers 1 became infinite" in str(result)


@each_exact
def test_an_infinity_of_ones_own_is_no_divergence(method):
    """The best cost so far begins as infinity, and is part of the state."""
    run = mg.TrainingRun(
        init=lambda h: {"w": START, "best": np.inf, "never": np.array([np.inf, 1.0])},
        step=lambda s, h, batch: {
            "w": s["w"] - h["eta"] * slope(s["w"], h),
            "best": np.minimum(s["best"], distance(s["w"], h)),
            "never": s["never"],
        },
        cost=lambda s, h: s["best"],
        steps=5,
    )
    result = mg.hypergradient(run, hypers(), method)
    assert np.isfinite(result.cost)
    assert np.isfinite([*result.gradient.values()]).all()
    assert result.stats.diverged_at is None


def test_reversible_names_the_step_where_it_leaves_its_range():
    with pytest.raises(OverflowError, match=r"at step \d+, a (velocity|weight|gradient) is beyond"):
        mg.hypergradient(momentum(600), hypers(1.5, beta=0.5), Reversible())


def test_numpys_warnings_come_where_the_run_is_sound():
    """A flag that is nothing is still warned of, as if nobody had listened for it."""

    def step(w, h, batch):
        return w - h["eta"] * np.where(w > 9.0, 1.0 / np.zeros(3), w)

    with pytest.warns(RuntimeWarning, match="divide by zero"):
        result = mg.hypergradient(descent(3, step=step), hypers(), mg.FiniteDifference())
    assert np.isfinite(result.cost)
    assert result.stats.diverged_at is None


# An adjoint that explodes, or is not finite


@each_exact
def test_an_exploding_hypergradient_is_reported_with_its_growth(method):
    """Of a linear step the adjoint grows by 1 - eta a, the tangents a little more."""
    run = descent(60, cost=lambda w, h: np.sum(w))
    result = mg.hypergradient(run, hypers(1.5, 0.0), method)
    wanted = 3.5**60 / np.sqrt(3)
    assert wanted / 10 < result.stats.growth < 100 * wanted
    assert f"the hypergradient grew by a factor {result.stats.growth:.0e} over" in str(result)


@each_exact
def test_one_that_does_not_explode_is_not(method):
    result = mg.hypergradient(descent(60), hypers(), method)
    assert result.stats.growth < 1e3
    assert result.stats.notes == ""


@each_exact
def test_a_derivative_that_is_not_finite_of_a_run_that_is(method):
    run = descent(3, cost=lambda w, h: np.sum(w) + np.sqrt(h["lam"]))
    with np.errstate(divide="ignore"):
        result = mg.hypergradient(run, hypers(lam=0.0), method)
    assert np.isfinite(result.cost)
    assert "the derivative in lam is not finite, although the run and its cost are" in str(result)


@each_exact
def test_a_flag_of_a_run_that_stays_finite_does_what_numpy_was_told(method):
    run = descent(3, cost=lambda w, h: np.sum(w) + np.sqrt(h["lam"]))
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="divide by zero"):
        mg.hypergradient(run, hypers(lam=0.0), method)
    with np.errstate(divide="warn"), pytest.warns(RuntimeWarning, match="divide by zero"):
        mg.hypergradient(run, hypers(lam=0.0), method)


# A hyper that the cost ignores


@table({name: method for name, method in METHODS.items() if "evolution" not in name})
def test_a_hyper_that_is_ignored_is_said_to_be(method):
    run = descent(
        400,
        step=lambda w, h, batch: w - h["eta"] * CURVES * (w - TARGET),
        cost=lambda w, h: np.sum(w) + h["eta"],
        loss=lambda w, h: 0.5 * np.sum(CURVES * (w - TARGET) ** 2),
    )
    result = mg.hypergradient(run, hypers(), method)
    assert result.gradient["lam"] == 0.0
    assert "C does not depend on lam: its derivative is exactly 0" in str(result).splitlines()
    assert "C does not depend on eta" not in str(result)


def test_evolution_does_not_tell_zero_from_its_noise():
    run = descent(step=lambda w, h, batch: w - h["eta"] * CURVES * (w - TARGET))
    result = mg.hypergradient(run, hypers(), mg.Evolution(pairs=64))
    assert abs(result.gradient["lam"]) < 5 * result.error["lam"]


def test_reversible_says_it_too():
    run = momentum(gradient=lambda w, h, batch: CURVES * (w - TARGET))
    result = mg.hypergradient(run, hypers(0.1, beta=0.5), Reversible())
    assert "C does not depend on lam: its derivative is exactly 0" in str(result)


@each_exact
def test_a_derivative_that_happens_to_be_zero_is_not_called_independence(method):
    run = descent(
        5, cost=lambda w, h: np.sum(w) + (h["lam"] - 0.1) ** 2 * 1.0, step=lambda w, h, b: w
    )
    result = mg.hypergradient(run, hypers(), method)
    assert "the derivative in lam is exactly 0 here" in str(result)
    assert "C does not depend on eta" in str(result)


@each_method
def test_a_run_without_hypers(method):
    run = descent(step=lambda w, h, batch: w - 0.1 * (w - TARGET), loss=lambda w, h: distance(w, h))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = mg.hypergradient(run, {}, method)
    assert result.gradient == {}
    assert np.isfinite(result.cost)


# What descends, searches and reports


def test_tune_says_where_its_first_run_diverges():
    run, given = descent(90), {"eta": mg.positive(1e4), "lam": mg.positive(0.1)}
    with pytest.raises(
        ValueError, match=rf"at the start, .* diverged at step {AT}: the state beca"
    ):
        mg.tune(run, given)


def test_tune_says_which_points_were_refused_for_it_and_goes_on():
    told = []
    run = descent(600, cost=lambda w, h: np.sum(w * np.sign(mg.stop_gradient(w))) - h["eta"])
    found = mg.tune(
        run,
        {"eta": mg.positive(0.5), "lam": 0.1},
        outer_steps=4,
        optimiser=mg.hyper.SignSteps(step=1.2),
        callback=lambda progress: told.append(str(progress.detail)),
    )
    assert not found.accepted.all()
    assert any("refused: the run diverged at step" in line for line in told)
    assert np.isfinite(found.best.cost)


def test_tune_says_what_is_ignored():
    run = descent(5, step=lambda w, h, batch: w - h["eta"] * CURVES * (w - TARGET))
    found = mg.tune(run, hypers(mg.positive(0.1)), outer_steps=2)
    assert "C does not depend on lam" in str(found)
    assert found.to_json()["notes"] == ["C does not depend on lam: its derivative is exactly 0"]


def test_tune_resumed_knows_what_was_said(tmp_path):
    run = descent(5, step=lambda w, h, batch: w - h["eta"] * CURVES * (w - TARGET))
    settings = {"method": mg.Stored(), "checkpoint": tmp_path / "c"}
    mg.tune(run, hypers(mg.positive(0.1)), outer_steps=2, **settings)
    resumed = mg.tune(run, hypers(mg.positive(0.1)), outer_steps=2, **settings)
    assert "C does not depend on lam" in str(resumed)


@pytest.mark.parametrize("window", [1, 7, 90])
@pytest.mark.parametrize("loss", [None, lambda w, h, batch: np.sum(np.clip(w, -1.0, 1.0))])
def test_online_names_the_step(window, loss):
    run = descent(90, cost=HIDING["clip"])
    with pytest.raises(ValueError, match=rf"online: the run diverged at step {AT}: the state"):
        online(run, DIVERGES, window=window, rate=0.0, loss=loss)


@pytest.mark.parametrize("cost", [distance, HIDING["where"]])
@pytest.mark.parametrize("report", [mg.verify, mg.explain])
def test_reports_name_the_step(report, cost):
    said = rf"the run diverged at step {AT}: the state"
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=said):
        report(descent(90, cost=cost), DIVERGES)


@pytest.mark.parametrize("cost", [distance, HIDING["where"]])
def test_trust_names_the_state(cost):
    found = mg.trust(descent(90, cost=cost), DIVERGES)
    assert found.verdict == "diverged"
    assert found.diverged_at == AT + 1  # the state after step AT
    assert np.isnan(found.cost)
