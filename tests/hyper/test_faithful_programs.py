"""Compiled steps do what the step does: whatever its inputs are called, are, or were yesterday.

Each run is one that a program once got wrong, or could. The definition is ``Recorded()``.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg

METHODS = [mg.Stored(), mg.Checkpointed(1), mg.Checkpointed(2, stretch=3), mg.Forward()]
each_method = pytest.mark.parametrize("method", METHODS, ids=repr)
recorded_one_by_one = pytest.mark.filterwarnings("ignore:steps are recorded one by one")


def assert_agrees(run, hypers, method):
    wanted = mg.hypergradient(run, hypers, mg.Recorded())
    found = mg.hypergradient(run, hypers, method)
    assert_allclose(found.cost, wanted.cost, rtol=1e-12)
    for one, other in zip(
        mg.tree.leaves(found.gradient), mg.tree.leaves(wanted.gradient), strict=True
    ):
        assert_allclose(one, other, rtol=1e-9)


def descent(step, batches=None, *, start=1.0, steps=10, cost=lambda w, h: w**2):
    return mg.TrainingRun(lambda h: start, step, cost, steps, batches)


@each_method
@pytest.mark.parametrize(
    "batch", [lambda t: {"x" if t % 3 else "y": 0.1 * t}, lambda t: (0.1 * t,) * (1 + t % 2)]
)
def test_steps_of_two_kinds_in_turn(method, batch):
    """Single numbers go back eight steps at a time, but never those of another program."""

    def step(w, h, batch):
        if isinstance(batch, dict) and "y" in batch:
            return w - h["eta"] * (0.1 * w**2 + batch["y"])
        values = batch.values() if isinstance(batch, dict) else batch
        return w - h["eta"] * (w - sum(values))

    assert_agrees(descent(step, [batch(t) for t in range(10)]), {"eta": 0.1}, method)


NAMES = {
    "a hyper called as the batch": ({"eta": 0.1, "batch": 0.5}, 1.0, 0.2),
    "a hyper called as the state": ({"eta": 0.1, "state": 0.5}, 1.0, 0.2),
    "a hyper called as a cotangent": ({"state_bar": 0.1, "eta_bar": 0.5}, 1.0, 0.2),
    "hypers alike but for a bracket": ({"w": {"eta": 0.1}, "w_eta": 0.5}, 1.0, 0.2),
    "keys alike but for a sign": ({"a b": 0.1, "a_b": 0.5}, 1.0, 0.2),
    "a number and its digits": ({0: 0.1, "0": 0.5}, 1.0, 0.2),
    "words of Python's": ({"lambda": 0.1, "None": 0.5}, 1.0, 0.2),
    "words of the code": ({"kept": 0.1, "steps": 0.5}, 1.0, 0.2),
    "modules": ({"np": 0.1, "math": 0.5}, 1.0, 0.2),
    "leaves of the state": ({"eta": 0.1, "lam": 0.5}, {"layer": [1.0, 2.0], "layer_0": 3.0}, 0.2),
    "leaves of the batch": ({"eta": 0.1, "lam": 0.5}, 1.0, {"x": {"y": 0.2}, "x_y": 0.3}),
}


@each_method
@pytest.mark.parametrize("as_array", [False, True])
@pytest.mark.parametrize("names", NAMES)
def test_names_that_would_collide(method, as_array, names):
    hypers, start, batch = NAMES[names]
    if as_array:
        start, batch = mg.tree.map(lambda x: x * np.ones(2), (start, batch))

    def step(state, h, batch):
        eta, lam = mg.tree.leaves(h)
        sums = sum(mg.tree.leaves(batch))
        leaves = mg.tree.leaves(state)
        new = [w - eta * (k * w - sums * lam + leaves[-1]) for k, w in enumerate(leaves, 1)]
        return mg.tree.unflatten(state, new)

    def cost(state, h):
        return sum(np.sum(w**2) for w in mg.tree.leaves(state))

    run = descent(step, [batch] * 4, start=start, steps=4, cost=cost)
    for _ in range(3):  # the later ones by a compiled cost
        assert_agrees(run, hypers, method)


mu = 0.9


@each_method
def test_a_global_that_the_first_step_does_not_show(method, monkeypatch):
    """At the start the velocity is 0, whatever it is multiplied by."""

    def step(state, h, batch):
        w, v = state
        v = mu * v + (w - 2.0)
        return w - h["eta"] * v, v

    run = descent(step, start=(1.0, 0.0), cost=lambda s, h: s[0] ** 2)
    assert_agrees(run, {"eta": 0.1}, method)
    monkeypatch.setitem(globals(), "mu", 0.5)
    assert_agrees(run, {"eta": 0.1}, method)


@each_method
@pytest.mark.parametrize("kind", ["step", "cost"])
def test_an_array_and_a_dict_that_were_changed(method, kind):
    """They are read by name, by a method of theirs, and where they make no difference at first."""
    array, table = np.array([1.0]), {"lam": 0.0}
    look_up = table.get

    def step(w, h, batch):
        if kind == "cost":
            return w - h["eta"] * w
        return w - h["eta"] * (w + look_up("lam") + array[0] * (w - 1.0))

    def cost(w, h):
        return w**2 if kind == "step" else w**2 + (look_up("lam") + array[0]) * (h["eta"] - 0.1)

    run = descent(step, cost=cost)
    for lam, scale in ((0.0, 1.0), (0.0, 3.0), (0.5, 3.0), (0.5, 3.0)):
        table["lam"], array[0] = lam, scale
        assert_agrees(run, {"eta": 0.1}, method)


TYPES = {
    "in a set": lambda b: 0.5 if b in {4, 8} else 1.0,
    "in a dict": lambda b: {4: 0.5}.get(b, 1.0),
    "a type": lambda b: 0.5 if isinstance(b, int) else 1.0,
    "a key": lambda b: [1.0, 0.5, 0.3, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1][b],
    "a seed": lambda b: np.random.default_rng(b).normal(),
    "text": lambda b: float(len(str(b))),
    "bits": lambda b: float(b & 1),
    "a negative power": lambda b: 2.0**-b + 2**-b,
    "a number so large that int64 has it not": lambda b: float((b + 10**7) ** 3 % 7),
}


@recorded_one_by_one
@each_method
@pytest.mark.parametrize("factor", TYPES.values(), ids=TYPES)
def test_a_batch_that_is_asked_what_a_variable_answers_otherwise(method, factor):
    run = descent(lambda w, h, b: w - h["eta"] * factor(b) * (w - 2.0), range(10))
    assert_agrees(run, {"eta": 0.1}, method)


@each_method
def test_numbers_read_into_one_buffer(method):
    buffer = np.zeros(())

    def batch(t):
        buffer[()] = 0.1 * t
        return buffer

    run = descent(lambda w, h, b: w - h["eta"] * (w - b) * w, batch)
    wanted = mg.hypergradient(run, {"eta": 0.1}, mg.FiniteDifference()).gradient["eta"]
    for _ in range(2):
        found = mg.hypergradient(run, {"eta": 0.1}, method).gradient["eta"]
        assert_allclose(found, wanted, rtol=1e-6)


@recorded_one_by_one
@each_method
def test_a_step_that_refuses_what_can_not_be(method):
    """The second recording, of a later batch, is none that a run would ever meet."""

    def step(state, h, batch):
        if batch["t"] != state["t"]:
            raise ValueError("a batch came at a step that is not its own")
        w = state["w"] - h["eta"] * state["w"] * batch["x"]
        return {"w": w, "t": state["t"] + 1.0}

    batches = [{"t": float(t), "x": np.ones(2) * t} for t in range(6)]
    start = {"w": np.ones(2), "t": 0.0}
    run = descent(step, batches, start=start, steps=6, cost=lambda s, h: np.sum(s["w"] ** 2))
    assert_agrees(run, {"eta": 0.1}, method)


@each_method
def test_a_cost_that_the_first_state_has_not(method):
    run = descent(
        lambda w, h, b: w + h["eta"] * np.eye(2),
        start=np.zeros((2, 2)),
        cost=lambda w, h: np.sum(np.linalg.inv(w)) + 1.0 / w[0, 0],
    )
    for _ in range(3):
        assert_agrees(run, {"eta": 0.1}, method)


@each_method
@pytest.mark.parametrize("start", [1.0, np.ones(2)], ids=["a number", "an array"])
def test_a_constant_without_axes_that_was_changed(method, start):
    scale = np.array(1.0)

    def step(w, h, batch):
        return w - h["eta"] * mg.grad(lambda w: np.sum(scale * w**2 / 2))(w)

    run = descent(step, start=start, cost=lambda w, h: np.sum(w**2))
    for value in (1.0, 1.0, 2.0, 2.0, 0.5):
        scale[...] = value
        assert_agrees(run, {"eta": 0.1}, method)


BITS = {
    "a mask and the numbers of elements": (np.array([True, True]), np.array([1, 1])),
    "zeros of either sign": (np.zeros(2), -np.zeros(2)),
}


@each_method
@pytest.mark.parametrize("pair", BITS)
def test_constants_that_are_equal_and_not_the_same(method, pair):
    now = {"constant": BITS[pair][0]}

    def step(w, h, batch):
        c = now["constant"]
        slope = w[c] * np.array([1.0, 3.0]) if c.dtype.kind in "bi" else np.copysign(w, c)
        return w - h["eta"] * slope

    run = descent(step, start=np.array([1.0, 2.0]), cost=lambda w, h: np.sum(w**2))
    for constant in (*BITS[pair], BITS[pair][0]):
        now["constant"] = constant
        assert_agrees(run, {"eta": 0.1}, method)


@each_method
def test_a_state_that_cancels_is_compiled(method):
    """What is left is rounding, of which a program and NumPy's functions may have another."""
    for target in np.linspace(0.1, 2.0, 20):
        y = np.tanh(np.exp(target))

        def step(state, h, batch, y=y):
            w = state["w"] - h["eta"] * state["r"]
            return {"w": w, "r": np.tanh(np.exp(w)) - y}

        run = descent(
            step,
            start={"w": float(target), "r": 0.0},
            steps=3,
            cost=lambda s, h: s["w"] ** 2 + h["eta"],
        )
        mg.hypergradient(run, {"eta": 0.1}, method)  # a warning would be an error
