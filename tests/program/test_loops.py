"""Loops over steps: equal to recorded steps, whatever the state, the hypers and the batches are."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import interpret, record
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import nn, tree
from minigrad.ops.axes import transpose
from minigrad.program import emit
from minigrad.program.scalars import MATH, SCALARS

# Random runs of single numbers


def bend(x):
    return mg.grad(lambda x: nn.softplus(x) + 0.1 * x * x)(x)


OF_ONE = {
    "sigmoid": nn.sigmoid,
    "softplus": nn.softplus,
    "relu": lambda x: nn.relu(x + 0.1),
    "tanh": np.tanh,
    "sin": np.sin,
    "bell": lambda x: np.exp(-x * x),
    "log": lambda x: np.log(1.5 + np.tanh(x)),
    "root": lambda x: np.sqrt(2.0 + np.sin(x)),
    "reciprocal": lambda x: np.reciprocal(2.0 + np.cos(x)),
    "cube": lambda x: np.tanh(x) ** 3,
    "slope": bend,
    "minus": lambda x: -x,
}
OF_TWO = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: np.tanh(a) * b,
    "divide": lambda a, b: a / (2.0 + b * b),
    "maximum": np.maximum,
    "minimum": np.minimum,
    "log of a sum": np.logaddexp,
    "norm": lambda a, b: np.hypot(a + 3.0, b),
}


def number_run(body, size, steps, batches, scheduled):
    """Return a run whose step is a random formula of `size` numbers, and its hypers."""

    def step(state, h, batch):
        pool = [*state, h["a"], h["b"], *tree.leaves(batch)]
        for name, i, j in body:
            x, y = pool[-1 - i % len(pool)], pool[-1 - j % len(pool)]
            pool.append(OF_ONE[name](x) if name in OF_ONE else OF_TWO[name](x, y))
        moves = pool[-size:]
        return [x - h["eta"] * np.tanh(x - m) for x, m in zip(state, moves, strict=True)]

    eta = mg.per_step(np.linspace(0.1, 0.3, steps)) if scheduled and steps else 0.2
    run = mg.TrainingRun(
        init=lambda h: [0.3 * k - 0.4 for k in range(1, size)] + [h["a"]],
        step=step,
        cost=lambda state, h: sum(np.sin(x) for x in state) + h["b"] ** 2,
        steps=steps,
        batches=batches,
    )
    return run, {"eta": eta, "a": 0.7, "b": mg.positive(0.2)}


def batches_of(kind, steps):
    numbers = np.random.default_rng(0).normal(size=(steps, 2)).tolist()
    return {
        "none": None,
        "numbers": [x for x, _ in numbers],
        "tuples": [(x, y) for x, y in numbers],
        "a tuple of them": tuple((x, y) for x, y in numbers),
        "lists": numbers,
        "dicts": [{"x": x, "y": y} for x, y in numbers],
        "NumPy's": [(np.float64(x), y) for x, y in numbers],
        "a function": lambda t: (numbers[t][0], numbers[t][1]),
        "mixed": [(x, y) if k % 3 else [np.float64(x), y] for k, (x, y) in enumerate(numbers)],
    }[kind]


NAMES = st.sampled_from([*OF_ONE, *OF_TWO])
BODIES = st.lists(st.tuples(NAMES, st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=9)
BATCHES = [
    "none", "numbers", "tuples", "a tuple of them", "lists", "dicts", "NumPy's", "a function",
    "mixed",
]  # fmt: skip


def same(found, wanted, digits):
    assert_allclose(found.cost, wanted.cost, rtol=digits)
    for a, b in zip(tree.leaves(found.gradient), tree.leaves(wanted.gradient), strict=True):
        assert (np.shape(a), type(a)) == (np.shape(b), type(b))
        assert_allclose(a, b, rtol=digits, atol=digits * float(np.max(np.abs(b), initial=0.0)))


@settings(max_examples=60)
@given(
    BODIES, st.integers(1, 5), st.integers(0, 30), st.sampled_from(BATCHES), st.booleans(),
    st.integers(1, 11),
)  # fmt: skip
def test_runs_of_numbers(body, size, steps, kind, scheduled, stretch):
    """Forward, and back by a recurrence; in one stretch or in several, to the last bit."""
    run, hypers = number_run(body, size, steps, batches_of(kind, steps), scheduled)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        found = mg.hypergradient(run, hypers, "stored")
        same(found, mg.hypergradient(run, hypers, "recorded"), 1e-10)
        method = mg.Checkpointed(snapshots=2, stretch=stretch)
        parts = mg.hypergradient(run, hypers, method)
    again = mg.hypergradient(run, hypers, "stored")
    for other in (parts, again):
        for a, b in zip(tree.leaves(found.gradient), tree.leaves(other.gradient), strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_way_back_through_numbers_is_a_recurrence():
    """All that does not wait for the cotangents is done on vectors, once."""
    run, hypers = number_run([("sigmoid", 0, 0)], 2, 5, batches_of("tuples", 5), scheduled=True)
    programs = run.program(hypers)
    assert programs.numbers is not None
    before, after = programs.backward_program.source.split("# From the last eight steps")
    assert "sigmoid(" in before
    assert "sigmoid(" not in after


@pytest.mark.parametrize("start", [{"w": 0.5, "t": np.int64(0)}, {"w": np.float32(0.5)}])
def test_numbers_that_are_no_floats_go_through_a_loop(start):
    def step(state, h, batch):
        t = {"t": state["t"] + 1} if "t" in state else {}
        return {"w": state["w"] - h * np.sin(state["w"]) / t.get("t", 1), **t}

    run = mg.TrainingRun(lambda h: start, step, lambda s, h: s["w"] ** 2, 6)
    assert run.program(0.3).numbers is None
    found = mg.hypergradient(run, 0.3, "stored")
    assert found.stats.why == ""
    same(found, mg.hypergradient(run, 0.3, "recorded"), 1e-12 if "t" in start else 1e-5)


@pytest.mark.parametrize("start", [3.0, np.array([3.0, 0.5])])
@pytest.mark.parametrize("steps", [3, 4, 6, 40])
def test_numbers_that_become_infinite_on_the_way(start, steps):
    """Python raises where NumPy goes on: the loop is run again with NumPy's functions."""

    def step(w, h, batch):
        scale = np.exp(h * batch)
        return w + scale / (2.0 - batch) + np.sum(w) * 1e-3

    batches = [0.5, 1.0, 800.0, 2.0, 1.5, 0.25] * 7
    run = mg.TrainingRun(lambda h: start, step, lambda w, h: np.sum(w), steps, batches)
    with np.errstate(all="ignore"):
        found = mg.hypergradient(run, 1.0, "stored")
        wanted = mg.hypergradient(run, 1.0, "recorded")
    assert_allclose([found.cost, found.gradient], [wanted.cost, wanted.gradient], rtol=1e-12)


def test_batches_of_several_sizes_are_several_stretches():
    rng = np.random.default_rng(1)
    batches = [rng.normal(size=n) for n in (3, 3, 2, 2, 2, 3, 1)]
    run = mg.TrainingRun(
        lambda h: np.zeros(2),
        lambda w, h, x: w - h["eta"] * (np.tanh(w) - np.mean(x) + h["lam"]),
        lambda w, h: np.sum(w**2),
        7,
        batches,
    )
    hypers = {"eta": mg.per_step(np.linspace(0.1, 0.4, 7)), "lam": 0.1}
    found = mg.hypergradient(run, hypers, "stored")
    assert found.stats.why == ""
    same(found, mg.hypergradient(run, hypers, "recorded"), 1e-12)


def test_a_batch_that_is_another_one_when_it_is_read_again_is_an_error():
    size = {0: 2, 1: 2}

    def cost(w, h):
        size[1] = 3
        return np.sum(w)

    run = mg.TrainingRun(
        lambda h: np.zeros(1),
        lambda w, h, x: w * np.sum(x) - h * w,
        cost,
        2,
        lambda t: np.ones(size[t]),
    )
    with pytest.raises(ValueError, match="batch of step 1 has another shape"):
        mg.hypergradient(run, 0.1, "stored")


def test_batches_that_were_replaced_are_noticed():
    """Numbers are kept as columns, but only while they are the very same."""
    run, hypers = number_run([("add", 0, 1)], 1, 4, batches_of("tuples", 4), scheduled=False)
    first = mg.hypergradient(run, hypers, "stored")
    run.batches[2] = (5.0, -3.0)
    after = mg.hypergradient(run, hypers, "stored")
    assert after.cost != first.cost
    same(after, mg.hypergradient(run, hypers, "recorded"), 1e-12)


def test_a_whole_number_that_becomes_a_float_is_recorded():
    run = mg.TrainingRun(lambda h: 1, lambda w, h, b: w - h * w, lambda w, h: w * w, 3)
    with pytest.warns(UserWarning, match=r"begin with a float"):
        found = mg.hypergradient(run, 0.1, "stored")
    assert_allclose(found.gradient, -6 * 0.9**5)


def test_what_a_step_keeps_is_known_before_it_is_run():
    run, hypers = number_run([("tanh", 0, 1)], 2, 5, batches_of("tuples", 5), scheduled=False)
    stats = mg.hypergradient(run, hypers, "stored").stats
    assert stats.kept_bytes == 5 * run.program(hypers).step_bytes


# Single numbers, as Python computes them

AWKWARD = [0.0, -0.0, 1.0, -1.0, 0.3, 30.0, -30.0, 800.0, -800.0, np.inf, -np.inf, np.nan]


@pytest.mark.parametrize("prim", [*MATH, *SCALARS], ids=lambda prim: prim.name)
def test_scalar_forms_are_the_primitives(prim):
    operands = prim.function.nin if isinstance(prim.function, np.ufunc) else len(prim.jvps)
    inputs = [0.5] * operands
    params = {"axes": ()} if prim is transpose else {}
    program = record(lambda *x: prim(*x, **params) + 0.0, *inputs)
    function = emit(program).function
    for x in AWKWARD:
        for y in AWKWARD if operands == 2 else [0.0]:
            given = [x, y][:operands]
            with np.errstate(all="ignore"):
                (found,), (wanted,) = function(*given), interpret(program, *given)
            assert_allclose(found, wanted, rtol=1e-15, err_msg=f"{given}")


def test_brackets_stand_where_they_change_something():
    program = record(lambda a, b, c: (a - (b - c)) * (a + b) / (b * c), *[1.5] * 3)
    assert "ratio = (x0 - (x1 - x2)) * (x0 + x1) / (x1 * x2)" in emit(program).source
