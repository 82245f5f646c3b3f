"""Every kind of hyperparameter, in every exact method, with every optimiser.

A step of a small network on a batch of its own, whose loss has weights for its examples and inputs
that are learned; the optimiser's hypers are single numbers, or one for each step, layer or
parameter. The definition is held against finite differences, and the methods against it.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn, optim, tree

STEPS = 4
RNG = np.random.default_rng(3)
START = nn.init_mlp(RNG, (3, 4, 2))
X, Y = RNG.normal(size=(STEPS, 6, 3)), RNG.integers(0, 2, size=(STEPS, 6))
LEARNED = 0.1 * RNG.normal(size=(2, 3))

OPTIMISERS = {
    "sgd": (optim.sgd, {}),
    "momentum": (optim.momentum, {"mu": 0.8}),
    "nesterov": (optim.nesterov, {"mu": 0.8}),
    "rmsprop": (optim.rmsprop, {"beta2": 0.8, "eps": 1e-2}),
    "adam": (optim.adam, {"beta1": 0.7, "beta2": 0.8, "eps": 1e-2}),
    "adamw": (optim.adamw, {"beta1": 0.7, "beta2": 0.8, "eps": 1e-2}),
}
RATES = ("eta", "lam", "mu", "beta1", "beta2", "eps")
METHODS = {
    "stored": mg.Stored(),
    "snapshots": mg.Checkpointed(snapshots=2),
    "stretches": mg.Checkpointed(snapshots=1, stretch=3),
    "in a file": mg.Checkpointed(snapshots=2, stretch=2, disk=True),
    "forward": mg.Forward(),
    "auto": "auto",
}
KINDS = {
    "single": lambda x: x,
    "per step": lambda x: mg.per_step(x * np.linspace(0.9, 1.1, STEPS)),
    "per layer": lambda x: [0.9 * x, 1.1 * x],
    "per parameter": lambda x: tree.map(lambda p: x * (1 + 0.1 * np.tanh(p)), START),
}


def loss(params, h, x, y):
    """Return the weighted loss on a batch, and on two inputs that are learned."""
    logits = nn.log_softmax(nn.mlp(params, np.concatenate([x, h["inputs"]])))
    weights = np.concatenate([h["weights"], np.ones(2)])
    return -np.mean(weights[:, None] * np.concatenate([y, np.eye(2)]) * logits)


def run_with(optimiser):
    module, names = OPTIMISERS[optimiser]

    def init(h):
        params = tree.map(lambda p: h["scale"] * p, START)
        return {"params": params, "moments": module.init(START)}

    def step(state, h, batch):
        grads = mg.grad(lambda p: loss(p, h, *batch))(state["params"])
        rates = {name: h[name] for name in ("eta", "lam", *names)}
        params, moments = module.update(state["params"], grads, state["moments"], **rates)
        return {"params": params, "moments": moments}

    def cost(state, h):
        return nn.cross_entropy(nn.mlp(state["params"], X[0]), Y[0]) + 0.01 * h["scale"] ** 2

    return mg.TrainingRun(init, step, cost, STEPS, lambda t: (X[t], nn.one_hot(Y[t], 2)))


def hypers_of(optimiser, kinds):
    numbers = {"eta": 0.1, "lam": 0.05, **OPTIMISERS[optimiser][1]}
    rates = {name: KINDS[kinds.get(name, "single")](x) for name, x in numbers.items()}
    return rates | {"scale": 1.2, "weights": np.linspace(0.5, 1.5, 6), "inputs": LEARNED}


def assert_close(gradient, wanted, rtol, what):
    for path, right in tree.paths(wanted).items():
        scale = np.max(np.abs(right), initial=1e-3)
        found = tree.paths(gradient)[path]
        np.testing.assert_allclose(found, right, rtol, rtol * scale, err_msg=f"{what}: {path}")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_the_definition_agrees_with_differences(optimiser, kind):
    run = run_with(optimiser)
    hypers = hypers_of(
        optimiser, dict.fromkeys(("eta", "lam", "mu", "beta1", "beta2", "eps"), kind)
    )
    recorded = mg.hypergradient(run, hypers, mg.Recorded())
    assert all(np.any(leaf) for leaf in tree.leaves(recorded.gradient))
    differences = mg.hypergradient(run, hypers, mg.FiniteDifference())
    assert_close(recorded.gradient, differences.gradient, 1e-6, "differences")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_exact_methods_agree_with_the_definition(optimiser, kind):
    run = run_with(optimiser)
    hypers = hypers_of(
        optimiser, dict.fromkeys(("eta", "lam", "mu", "beta1", "beta2", "eps"), kind)
    )
    wanted = mg.hypergradient(run, hypers, mg.Recorded()).gradient
    for name, method in METHODS.items():
        result = mg.hypergradient(run, hypers, method)
        assert result.stats.exact
        assert "recorded:" not in result.stats.why, "the step is replayed"
        assert_close(result.gradient, wanted, 1e-10, name)


RUNS = {optimiser: run_with(optimiser) for optimiser in OPTIMISERS}


@settings(max_examples=30)
@given(st.data())
def test_kinds_mix(data):
    optimiser = data.draw(st.sampled_from(list(OPTIMISERS)))
    names = ("eta", "lam", *OPTIMISERS[optimiser][1])
    kinds = {name: data.draw(st.sampled_from(list(KINDS)), name) for name in names}
    run, hypers = RUNS[optimiser], hypers_of(optimiser, kinds)
    wanted = mg.hypergradient(run, hypers, mg.Recorded()).gradient
    name = data.draw(st.sampled_from(list(METHODS)))
    assert_close(mg.hypergradient(run, hypers, METHODS[name]).gradient, wanted, 1e-10, name)
