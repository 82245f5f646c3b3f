"""A run does not depend on how its arrays lie in memory, by whatever method it is gone through."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import nn, optim, tree

HYPERS = {"eta": mg.positive(0.1), "lam": mg.positive(0.5)}
LAYOUTS = {
    "rows one after the other": np.ascontiguousarray,
    "Fortran order": np.asfortranarray,
    "backwards": lambda x: np.flip(np.flip(x).copy()),
    "every second element": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
}
METHODS = {
    "recorded": mg.Recorded(),
    "stored": mg.Stored(),
    "checkpointed": mg.Checkpointed(snapshots=2),
    "forward": mg.Forward(),
}


def run_in(layout, targets):
    """Return a small training whose examples are columns, as in some textbooks."""
    rng = np.random.default_rng(1)
    params = nn.init_mlp(rng, (4, 3))
    x, labels = rng.normal(size=(3, 4, 5)), rng.integers(0, 3, size=(3, 5))
    y = labels if targets == "classes" else np.stack([nn.one_hot(row, 3) for row in labels])

    def loss(params, batch):
        x, y = batch
        logits = (params[0]["w"].T @ x).T + params[0]["b"]
        return nn.cross_entropy(logits, y)

    def step(state, h, batch):
        grads = mg.grad(lambda p: loss(p, batch))(state[0])
        return optim.momentum.update(state[0], grads, state[1], mu=0.5, **h)

    params, batches = tree.map(layout, (params, [*zip(x, y, strict=True)]))
    return mg.TrainingRun(
        init=lambda h: (params, optim.momentum.init(params)),
        step=step,
        cost=lambda state, h: loss(state[0], batches[0]),
        steps=3,
        batches=batches,
    )


@pytest.mark.parametrize("targets", ["classes", "rows"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_cost_and_hypergradient_are_the_same(layout, method, targets):
    wanted = mg.hypergradient(
        run_in(np.ascontiguousarray, targets), HYPERS, mg.FiniteDifference()
    ).gradient
    found = mg.hypergradient(run_in(LAYOUTS[layout], targets), HYPERS, METHODS[method])
    for name, slope in wanted.items():
        assert_allclose(found.gradient[name], slope, rtol=1e-6)
