"""Tangents in compiled loops against those of recorded steps, one direction after another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_step_programs import ACTIVATIONS, LOSSES, OPTIMISERS, close, training

import minigrad as mg
from minigrad import nn, tree
from minigrad.hyper.unrolling.unroll import Recording, weak
from minigrad.program import liveness
from minigrad.program.step import floating
from minigrad.program.tangent import TangentProgram
from minigrad.tape import Tape
from minigrad.variable import value_of


def recorded(step, state, hypers, batch, dots):
    """Return the state after a step, and its tangents in the direction of each hyper."""
    with Tape() as tape:
        given, given_hypers = tape.variable(state), tape.variable(hypers)
        new = tree.leaves(step(given, given_hypers, batch))
    recording = Recording(tape, given, given_hypers, new)
    rows = [
        recording.push([stack[k] for stack in dots], moves)
        for k, moves in enumerate(unit_moves(tree.leaves(hypers)))
    ]
    return [value_of(x) for x in new], [np.stack(column) for column in zip(*rows, strict=True)]


def unit_moves(leaves):
    """Yield how the hypers move when one of their numbers does."""
    for k, leaf in enumerate(leaves):
        for place in np.ndindex(np.shape(leaf)):
            moves = [np.zeros_like(x) for x in leaves]
            moves[k][place] = 1
            yield moves


def start(state, count, seed=0):
    """Return random tangents of a state in so many directions."""
    rng = np.random.default_rng(seed)
    leaves = map(np.asarray, floating(tree.leaves(state)))
    return [rng.normal(size=(count, *x.shape)).astype(x.dtype) for x in leaves]


def check(step, state, hypers, batches, *, digits=1e-12):
    """Check a loop over some steps against as many recorded ones; return the compiled loop."""
    flat = [weak(x) for x in tree.leaves(hypers)]
    program = TangentProgram(step, (state, hypers, batches[0]), [False] * len(flat))
    dots = start(state, sum(map(np.size, flat)))
    given = [tuple(tree.leaves(batch)) for batch in batches]
    found, found_dots = program.advance(tree.leaves(state), dots, flat, given)
    for batch in batches:
        new, dots = recorded(step, state, hypers, batch, dots)
        state = tree.unflatten(state, new)
    close(found, new, digits=digits)
    close(found_dots, dots, digits=digits)
    return program


# Networks and optimisers


@settings(max_examples=40)
@given(
    st.lists(st.integers(2, 4), min_size=2, max_size=4),
    st.sampled_from(ACTIVATIONS),
    st.sampled_from(sorted(LOSSES)),
    st.sampled_from(sorted(OPTIMISERS)),
    st.integers(0, 10**6),
)
def test_any_training_step(sizes, activation, loss, optimiser, seed):
    step, state, hypers, batches = training(sizes, activation, loss, optimiser, np.float64, seed)
    check(step, state, hypers, batches, digits=1e-11)


@settings(max_examples=15)
@given(st.sampled_from(ACTIVATIONS), st.sampled_from(sorted(OPTIMISERS)), st.integers(0, 10**6))
def test_any_training_step_in_single_precision(activation, optimiser, seed):
    """The stacks are of single precision as well: their sizes and types are compared."""
    step, state, hypers, batches = training(
        (3, 4, 2), activation, "cross-entropy", optimiser, np.float32, seed
    )
    check(step, state, hypers, batches[:1], digits=1e-4)


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_a_network_goes_through_with_all_directions_in_each_call(optimiser):
    example = training((3, 4, 2), nn.tanh, "cross-entropy", optimiser, np.float64, 0)
    assert "by_direction" not in str(check(*example))


@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_results_of_the_step_go_into_scratch_arrays_beside_stacks(optimiser, monkeypatch):
    """Every one that may; stacks may not, for how many directions they have is left open."""
    monkeypatch.setattr(liveness, "LARGE", 0)
    example = training((3, 4, 2), nn.tanh, "cross-entropy", optimiser, np.float64, 0)
    assert "out=scratch" in str(check(*example))


# Operations: of a matrix w, a vector b and a stack of matrices s, with hypers of each shape

STATE = {
    "w": np.array([[0.5, -1.0, 0.3], [0.2, 0.25, -0.7], [0.4, 0.1, 0.9]]),
    "b": np.array([0.1, -0.2, 0.4]),
    "s": np.linspace(-1.0, 1.0, 18).reshape(2, 3, 3),
    "c": 0.7,
}
HYPERS = {"eta": 0.3, "each": np.array([0.5, 1.5, -1.0]), "layers": np.array([[0.1, 0.2]])}
BATCH = np.array([[0.3, 0.8, -0.2], [1.0, -0.5, 0.6], [0.2, 0.1, 0.7]])

TOGETHER = {
    "numbers": lambda w, b, s, c, h, x: h["eta"] * c**2 + np.exp(-c),
    "a bias": lambda w, b, s, c, h, x: np.tanh(x @ w + b) * h["each"],
    "a number and an array": lambda w, b, s, c, h, x: c * x * h["eta"] - w / (2.0 + c),
    "matrices": lambda w, b, s, c, h, x: x @ w - w @ x.T + x.T @ (h["eta"] * w),
    "matrix and vector": lambda w, b, s, c, h, x: x @ b + w @ x[0] + b @ x + x[0] @ w,
    "products by name": lambda w, b, s, c, h, x: np.dot(x, w) + np.dot(w, b) + np.vdot(x, w),
    "vectors": lambda w, b, s, c, h, x: (x[0] @ b + b @ x[1]) * h["each"],
    "both factors": lambda w, b, s, c, h, x: w @ (h["eta"] * w) + np.outer(b, h["each"] * b),
    "stacks of matrices": lambda w, b, s, c, h, x: s @ w + x @ s - s @ x,
    "sums": lambda w, b, s, c, h, x: np.sum(w * x) + np.sum(w, axis=0) - np.mean(w, axis=1),
    "sums that stay": lambda w, b, s, c, h, x: np.sum(s, axis=(0, 2), keepdims=True) * h["eta"],
    "a sum of products": lambda w, b, s, c, h, x: np.sum(w * x, axis=1, keepdims=True) * w,
    "softmax": lambda w, b, s, c, h, x: nn.softmax(h["eta"] * w) + nn.log_softmax(w),
    "shapes": lambda w, b, s, c, h, x: np.reshape(s, (6, 3)).T[:, :3] + np.transpose(s)[:, :, 0],
    "copies": lambda w, b, s, c, h, x: np.broadcast_to(b, (2, 3, 3)) * s,
    "items": lambda w, b, s, c, h, x: h["layers"][0, 1] * w[1] + w[::-1, 0] + b[None][0],
    "items by an array": lambda w, b, s, c, h, x: w[np.array([2, 0, 0])] * h["each"],
    "an order": lambda w, b, s, c, h, x: np.sort(b * h["eta"])[::-1],
    "choices": lambda w, b, s, c, h, x: np.where(BATCH > 0.3, w, h["eta"] * x) + np.maximum(b, w),
    "a penalty": lambda w, b, s, c, h, x: nn.sum_squares(w, b) * h["each"],
    "one hyper and another": lambda w, b, s, c, h, x: (h["eta"] + h["each"]) * h["layers"][0, 0],
    "no hyper": lambda w, b, s, c, h, x: np.sin(w),
    "nothing that moves": lambda w, b, s, c, h, x: x,
}
ONE_BY_ONE = {
    "a running sum": lambda w, b, s, c, h, x: np.cumsum(h["eta"] * w, axis=1),
    "a summation": lambda w, b, s, c, h, x: np.einsum("ij,kjl->kil", w, s * h["eta"]),
    "a solution": lambda w, b, s, c, h, x: np.linalg.solve(w + 3.0 * np.eye(3), b * h["each"]),
    "joined": lambda w, b, s, c, h, x: np.concatenate([b, h["each"] * c])[1:4],
    "Fortran's order": lambda w, b, s, c, h, x: np.reshape(h["eta"] * w, (9,), order="F")[:3],
}


def step_of(operation):
    """Return a step that adds what an operation makes to every leaf of the state."""

    def step(state, h, x):
        made = operation(*state.values(), h, x)
        total = np.sum(made)
        b = state["b"] + 0.1 * (made if np.shape(made) == (3,) else total)
        w = state["w"] + 0.1 * (made if np.shape(made) == (3, 3) else total)
        return {"w": w, "b": b, "s": state["s"] * (1.0 + 0.01 * total), "c": state["c"] * 0.9}

    return step


@pytest.mark.parametrize("name", [*TOGETHER, *ONE_BY_ONE])
def test_operations(name):
    """Those that have a rule for stacks, and those that are run for each direction in turn."""
    step = step_of((TOGETHER | ONE_BY_ONE)[name])
    program = check(step, STATE, HYPERS, [BATCH, 0.5 * BATCH])
    assert ("by_direction" in str(program)) == (name in ONE_BY_ONE)
    alone = lambda state, h, x: step(state, HYPERS | h, x)  # noqa: E731
    assert check(alone, STATE, {"eta": 0.3}, [BATCH, 0.5 * BATCH]).written_out


@pytest.mark.parametrize("name", ["a number and an array", "a running sum", "sums", "a penalty"])
def test_operations_in_single_precision(name):
    """A stack of Python's numbers widens nothing, as they themselves do not."""
    single = {k: x if k == "c" else x.astype(np.float32) for k, x in STATE.items()}
    step = step_of((TOGETHER | ONE_BY_ONE)[name])

    def kept(state, h, x):
        new = step(state, h, x)
        return {k: y if k == "c" else y.astype(np.float32) for k, y in new.items()}

    hypers = {"eta": 0.3, "each": np.float32(HYPERS["each"]), "layers": np.float32([[0.1, 0.2]])}
    check(kept, single, hypers, [np.float32(BATCH)], digits=1e-5)


def test_single_numbers_are_written_out_as_floats():
    def step(state, h, x):
        w, b = state
        d = np.tanh(w * x + b)
        return w - h["eta"] * (d * x + h["lam"] * w), b - h["eta"] * d

    program = check(step, (0.3, 0.1), {"eta": 0.1, "lam": 0.05}, [0.3, -0.7, 1.1])
    assert program.written_out
    assert "np." not in str(program)
    assert "state_0_dot_by_eta" in str(program)


def test_many_directions_of_single_numbers_are_stacked():
    step = lambda w, h, x: w - np.sin(w * x) * np.sum(h)  # noqa: E731
    program = check(step, 0.3, np.linspace(0.1, 0.2, 20), [0.3, -0.7])
    assert not program.written_out


def test_a_run_that_stops_being_finite():
    """A number of Python's would raise where NumPy goes on: the loop begins anew without them."""
    run = mg.TrainingRun(
        init=lambda h: 3.0,
        step=lambda w, h, b: w + h["eta"] * np.exp(w) + h["lam"],
        cost=lambda w, h: w * w,
        steps=6,
        batches=[0.0] * 6,
    )
    hypers = {"eta": 1.0, "lam": 0.1}
    for method in (mg.Forward(), mg.Recorded()):
        found = mg.hypergradient(run, hypers, method)
        assert np.isnan([found.cost, *found.gradient.values()]).all()
        assert found.stats.diverged_at == 2
