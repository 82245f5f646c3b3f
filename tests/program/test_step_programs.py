"""Compiled steps against recorded ones, and the guard: what can't be compiled is said by name."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import nn, optim, tree
from minigrad.hyper.unrolling.unroll import Recording, weak
from minigrad.program import Fallback, StepPrograms
from minigrad.program.step import floating
from minigrad.tape import Tape
from minigrad.variable import value_of

# A step, recorded: what the compiled one must equal.


def recorded(step, state, hypers, batch, bars):
    """Return the next state, and the cotangents of the state and of the hypers."""
    with Tape() as tape:
        given, given_hypers = tape.variable(state), tape.variable(hypers)
        new = tree.leaves(step(given, given_hypers, batch))
    pulled = Recording(tape, given, given_hypers, new).pull(bars)
    return [[value_of(x) for x in new], *pulled]


def following(step, state, hypers, batch):
    """Return the state after a step, as a tree."""
    new, *_ = recorded(step, state, hypers, batch, cotangents(state))
    return tree.unflatten(state, new)


def cotangents(state, seed=0):
    """Return a random cotangent for every floating leaf of a state."""
    rng = np.random.default_rng(seed)
    return [
        rng.normal(size=np.shape(x)).astype(np.asarray(x).dtype)[()]
        for x in floating(tree.leaves(state))
    ]


def compiled(step, state, hypers, batches):
    """Compile a step from two states of a training."""
    second = following(step, state, hypers, batches[0])
    return StepPrograms.of(step, [(state, hypers, batches[0]), (second, hypers, batches[1])])


def close(found, expected, *, digits=1e-12):
    """Check numbers against recorded ones, relative to the largest of each array."""
    for a, b in zip(found, expected, strict=True):
        assert (np.shape(a), np.asarray(a).dtype) == (np.shape(b), np.asarray(b).dtype)
        scale = np.max(np.abs(b), initial=0.0)
        assert_allclose(a, b, rtol=digits, atol=digits * float(scale))


def check(step, state, hypers, batches, *, digits=1e-12):
    """Check three steps of a training, forward and back."""
    programs = compiled(step, state, hypers, batches)
    assert isinstance(programs, StepPrograms), programs.reason
    for batch in (*batches[:2], *batches[:1]):
        leaves = tree.leaves(state)
        flat = [weak(x) for x in tree.leaves(hypers)]
        bars = cotangents(state)
        new, state_bars, hyper_bars = recorded(step, state, hypers, batch, bars)
        steps = [(*flat, *tree.leaves(batch))]
        close(programs.advance(leaves, [], steps), new, digits=digits)
        found, kept = programs.forward(leaves, [], steps)
        close(found, new, digits=digits)
        found_state, _, lists = programs.backward(bars, [], [], steps, kept)
        found_bars = found_state, [bar for (bar,) in lists]
        for a, b in zip(found_bars, (state_bars, hyper_bars), strict=True):
            close(a, b, digits=digits)
        state = tree.unflatten(state, new)
    return programs


# Networks and optimisers

ACTIVATIONS = [nn.tanh, nn.sigmoid, nn.relu, nn.softplus, nn.gelu]
LOSSES = {"cross-entropy": nn.cross_entropy, "quadratic": nn.quadratic_cost}
RATES = {"eta": 0.1, "lam": 0.02}
OPTIMISERS = {
    "sgd": (optim.sgd, RATES),
    "momentum": (optim.momentum, RATES | {"mu": 0.8}),
    "nesterov": (optim.nesterov, RATES | {"mu": 0.8}),
    "rmsprop": (optim.rmsprop, RATES | {"beta2": 0.9}),
    "adam": (optim.adam, RATES | {"beta1": 0.8, "beta2": 0.9}),
    "adamw": (optim.adamw, RATES | {"beta1": 0.8, "beta2": 0.9, "eps": 1e-3}),
}


def training(sizes, activation, loss, optimiser, dtype, seed):
    """Return a step that trains a network, its first state, its hypers and three batches."""
    rng = np.random.default_rng(seed)
    module, hypers = OPTIMISERS[optimiser]
    weights = nn.init_mlp(rng, sizes, dtype=dtype)
    init = getattr(module, "init", optim.momentum.init)
    init = optim.adam.init if optimiser == "adamw" else init

    def step(state, hypers, batch):
        x, y = batch

        def cost(weights):
            return LOSSES[loss](nn.mlp(weights, x, activation), y)

        weights, memory = state
        return module.update(weights, mg.grad(cost)(weights), memory, **hypers)

    def targets():
        labels = rng.integers(0, sizes[-1], 7)
        return labels if loss == "cross-entropy" else nn.one_hot(labels, sizes[-1], dtype)

    batches = [(rng.normal(size=(7, sizes[0])).astype(dtype), targets()) for _ in range(3)]
    return step, (weights, init(weights)), hypers, batches


@settings(max_examples=40)
@given(
    st.lists(st.integers(2, 4), min_size=2, max_size=4),
    st.sampled_from(ACTIVATIONS),
    st.sampled_from(sorted(LOSSES)),
    st.sampled_from(sorted(OPTIMISERS)),
    st.integers(0, 10**6),
)
def test_any_training_step(sizes, activation, loss, optimiser, seed):
    check(*training(sizes, activation, loss, optimiser, np.float64, seed))


@settings(max_examples=20)
@given(
    st.sampled_from(ACTIVATIONS),
    st.sampled_from(sorted(LOSSES)),
    st.sampled_from(sorted(OPTIMISERS)),
    st.integers(0, 10**6),
)
def test_any_training_step_in_single_precision(activation, loss, optimiser, seed):
    """To what single precision resolves: sums are shared and so rounded in another order."""
    check(*training((3, 4, 2), activation, loss, optimiser, np.float32, seed), digits=3e-5)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_the_next_state_is_the_recorded_one_to_the_last_bit(optimiser):
    """A step runs the operations of the recording in its order."""
    step, state, hypers, batches = training((3, 4, 2), nn.tanh, "cross-entropy", optimiser, "d", 0)
    programs = compiled(step, state, hypers, batches)
    for batch in batches:
        new = tree.leaves(following(step, state, hypers, batch))
        flat, leaves = tree.leaves(hypers), tree.leaves(state)
        steps = [(*flat, *tree.leaves(batch))]
        for a, b in zip(programs.advance(leaves, [], steps), new, strict=True):
            assert np.array_equal(a, b)
        for a, b in zip(programs.forward(leaves, [], steps)[0], new, strict=True):
            assert np.array_equal(a, b)
        state = tree.unflatten(state, new)


# What a step may be given

W = {"w": np.array([[0.5, -1.0], [2.0, 0.25]]), "b": np.array([0.1, -0.2])}
X = [np.array([[1.0, 2.0], [-0.5, 0.3], [k, 1.0]]) for k in range(3)]
BATCHES = {
    "an array": (X, lambda batch: batch),
    "a tuple": ([(x, 2.0 * x) for x in X], lambda batch: batch[0] + batch[1]),
    "a dict": ([{"x": x, "scale": float(k + 1)} for k, x in enumerate(X)],
               lambda batch: batch["x"] * batch["scale"]),
    "a nest": ([{"x": [x, None], "more": {"y": (x,)}} for x in X],
               lambda batch: batch["x"][0] - batch["more"]["y"][0] ** 2),
    "None": ([None] * 3, lambda batch: X[0]),
    "integers": ([np.array([[0, 1], [2, k]]) for k in range(3)], lambda batch: batch * 1.0),
    "0-d": ([np.array(0.5 + k) for k in range(3)], lambda batch: X[0] * batch),
}  # fmt: skip


@pytest.mark.parametrize(("batches", "read"), BATCHES.values(), ids=BATCHES)
def test_batches_are_trees(batches, read):
    def step(state, hypers, batch):
        y = np.tanh(read(batch) @ state["w"] + state["b"])
        return {"w": state["w"] - hypers["eta"] * np.sum(y), "b": state["b"] * np.mean(y)}

    check(step, W, {"eta": 0.1}, batches)


def test_a_state_with_a_counter():
    """Whole numbers have no derivative and ride along."""

    def step(state, hypers, batch):
        t = state["t"] + 1
        w = state["w"] - hypers["eta"] / t * (state["w"] - batch)
        return {"w": w, "t": t, "k": state["k"], "same": state["same"]}

    for t in (np.int64(0), np.array(0)[()], np.int32(0)):
        state = {"w": np.ones(2), "t": t, "k": np.arange(3), "same": np.ones(2)}
        check(step, state, {"eta": 0.1}, [np.array([1.0, k]) for k in range(3)])


def test_hypers_are_trees():
    def step(state, hypers, batch):
        (w, b), (eta, lam) = (state["w"], state["b"]), hypers["layer"]
        return {"w": w - eta * (w * lam["w"] - batch[:2]), "b": b - eta * b * lam["b"]}

    check(step, W, {"layer": (0.1, {"w": np.array([[0.1], [0.2]]), "b": 0.3})}, X)


def test_a_state_of_numbers():
    check(lambda w, h, b: w - h * np.exp(-w) * np.sin(w) / w, 0.7, 0.1, [None, None])


def test_nothing_saved_looks_at_the_batch():
    """It may be a buffer that the next batch is written to."""

    def step(state, hypers, batch):
        x = np.reshape(batch, (3, 2))
        return state - hypers * np.sin(x @ state) @ np.ones(3) * np.transpose(x)[0, 0]

    state, hypers, buffer = np.array([0.3, -0.7]), 0.1, np.arange(6.0)
    programs = compiled(lambda *args: step(*args), state, hypers, [buffer, buffer + 1.0])
    _, (saved,) = programs.forward([state], [], [(hypers, buffer)])
    before = [np.array(x) for x in saved]
    buffer += 100.0
    for a, b in zip(saved, before, strict=True):
        assert np.array_equal(a, b)


# The guard


def noisy():
    rng = np.random.default_rng(0)
    return lambda w, h, batch: w - h * (w + rng.normal(size=2))


def counting():
    seen = []

    def step(w, h, batch):
        seen.append(1)
        return w - h * w / len(seen)

    return step


def shuffled():
    """Draw an order whose ends stay in place, of more elements than an array's text shows."""
    rng = np.random.default_rng(0)

    def step(w, h, batch):
        order = np.arange(3000)
        rng.shuffle(order[10:-10])
        return w - h * w * np.sum(np.repeat(w, 1500)[order] * np.arange(3000.0))

    return step


def growing():
    seen = []

    def step(w, h, batch):
        seen.append(1)
        for _ in seen:
            w = w - h * w
        return w

    return step


def branching(condition):
    return lambda: lambda w, h, batch: w - h * w if condition(w, h, batch) else w + h * w


GUARDED = {
    "a draw": (noisy, "random"),
    "an order": (shuffled, "random"),
    "a counter": (counting, "changes from step to step"),
    "a longer step": (growing, "instructions"),
    "a branch": (branching(lambda w, h, b: w[0] > 0.0), "branch"),
    "a branch on a sum": (branching(lambda w, h, b: np.sum(w) <= 0.0), "branch"),
    "a branch on the batch": (branching(lambda w, h, b: b[0] == 1.0), "branch"),
    "a branch on all": (branching(lambda w, h, b: np.all(w < 9.0)), "branch"),
    "a branch on a hyper": (branching(lambda w, h, b: np.isfinite(h)), "branch"),
    "the largest": (lambda: lambda w, h, b: w - h * w * np.argmax(w), "branch"),
    "plain NumPy on the batch": (
        lambda: lambda w, h, b: w - h * w * np.tanh(value_of(b)), "plain arrays",
    ),
    "plain NumPy on the state": (
        lambda: lambda w, h, b: w - h * w * np.tanh(value_of(w)), "plain arrays",
    ),
    "a plain copy of the batch": (lambda: lambda w, h, b: w - h * np.asarray(b), "batch"),
    "a plain index": (lambda: lambda w, h, b: w - h * np.eye(2)[b["y"]], "batch"),
    "a plain number": (lambda: lambda w, h, b: w - h * float(b[0]), "batch"),
    "a list of the batch": (lambda: lambda w, h, b: w - h * w * [1.0, 2.0][b["k"]], "batch"),
    "words": (lambda: lambda w, h, b: w - h * w * len(b["name"]), "batch"),
}  # fmt: skip


def batches_for(name):
    labels = [{"y": np.array(k % 2), "k": k % 2, "name": "ab"} for k in range(8)]
    plain = name in ("a plain index", "a list of the batch")
    for batch in labels:
        if plain:
            del batch["name"]
    return labels if plain or name == "words" else [np.array([k, 1.0 + k]) for k in range(8)]


@pytest.mark.parametrize("name", GUARDED)
def test_what_can_not_be_compiled_is_named(name):
    make, reason = GUARDED[name]
    batches, w = batches_for(name), np.array([0.5, 0.25])
    found = StepPrograms.of(make(), [(w, 0.1, batches[0]), (0.9 * w, 0.1, batches[1])])
    assert isinstance(found, Fallback)
    assert reason in found.reason


PURE = [
    name for name in GUARDED if name not in ("a draw", "an order", "a counter", "a longer step")
]


@pytest.mark.parametrize("name", PURE)
def test_what_can_not_be_compiled_is_recorded_and_says_so_once(name):
    make, reason = GUARDED[name]
    run = mg.TrainingRun(
        init=lambda h: np.array([0.5, 0.25]),
        step=make(),
        cost=lambda w, h: np.sum(w**2),
        steps=6,
        batches=batches_for(name),
    )
    expected = mg.hypergradient(run, 0.1, method=mg.Recorded())
    with pytest.warns(UserWarning, match=reason) as warned:
        found = mg.hypergradient(run, 0.1, method="stored")
    assert len(warned) == 1
    assert reason in found.stats.why
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = mg.hypergradient(run, 0.1, method="stored")
    for result in (found, again):
        assert_allclose(result.cost, expected.cost, rtol=1e-15)
        assert_allclose(result.gradient, expected.gradient, rtol=1e-12)


def test_facts_about_shapes_are_no_branch():
    def step(w, h, b):
        scale = 1.0 / len(b) if np.ndim(b) == 1 and b.shape == (2,) and np.size(w) else 2.0
        return w - h * scale * w * b

    check(step, np.array([0.5, 0.25]), 0.1, [np.array([1.0, k]) for k in range(3)])


def test_an_error_of_the_step_is_the_users_to_see():
    def step(w, h, batch):
        return w @ np.ones((3, 3))

    found = StepPrograms.of(step, [(np.ones(2), 0.1, None)] * 2)
    assert isinstance(found, Fallback)
    assert "ValueError: matmul" in found.reason
    run = mg.TrainingRun(lambda h: np.ones(2), step, lambda w, h: np.sum(w), 3)
    with pytest.raises(ValueError, match="matmul"):
        mg.hypergradient(run, 0.1, mg.Stored())


# Whole runs


def stored_equals_recorded(run, hypers, digits=1e-11):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = mg.hypergradient(run, hypers, method="stored")
    expected = mg.hypergradient(run, hypers, method="recorded")
    assert found.stats.why == ""
    assert_allclose(found.cost, expected.cost, rtol=digits)
    close(tree.leaves(found.gradient), tree.leaves(expected.gradient), digits=digits)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_schedule_is_a_number_at_each_step(dtype):
    """Also where the step is written by hand, and a float64 rate would widen the weights."""
    run = mg.TrainingRun(
        init=lambda h: np.array([0.5, -0.25], dtype),
        step=lambda w, h, b: (w - h["eta"] * np.sin(w) * h["lam"]).astype(dtype),
        cost=lambda w, h: np.sum(w**2),
        steps=5,
    )
    hypers = {"eta": mg.per_step(np.linspace(0.1, 0.3, 5)), "lam": np.array([0.5, 2.0], dtype)}
    stored_equals_recorded(run, hypers, 1e-12 if dtype is np.float64 else 1e-5)


def test_runs_that_stop_being_finite():
    """A diverging run gives the inf and nan that a recorded one gives."""
    run = mg.TrainingRun(
        init=lambda h: 3.0,
        step=lambda w, h, b: w - h * np.exp(w),
        cost=lambda w, h: w * w,
        steps=6,
    )
    with np.errstate(all="ignore"):
        found = mg.hypergradient(run, -1.0, method="stored")
        expected = mg.hypergradient(run, -1.0, method="recorded")
    assert_allclose([found.cost, found.gradient], [expected.cost, expected.gradient])
