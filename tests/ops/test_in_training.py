"""Every row as part of a training step: the methods that compile steps agree with the definition.

The step descends on a weighted sum of the row's outputs, so that the hypergradient is made of its
second derivatives; the state is its operands.
"""

import numpy as np
import pytest
from awkward import floating
from evidence import directions
from hypothesis import settings
from numpy.testing import assert_allclose
from test_compiled import ROWS

import minigrad as mg
from minigrad.variable import value_of

STEPS = 3
METHODS = [mg.Stored(), mg.Checkpointed(snapshots=1), mg.Forward()]
TOLERANCES = {np.float64: 1e-9, np.float32: 1e-3}
DTYPES = [*TOLERANCES][: 2 if settings.default.max_examples >= 1000 else 1]
SECOND_ORDER = [case for case in ROWS if case.shapes and case.order > 1]


def run_of(case, dtype):
    start = tuple(x.astype(dtype)[()] for x in case.operands())

    def cost(state, h):
        ys = floating(case.function(*state))
        weights = directions([value_of(y) for y in ys], 1)
        return sum(np.sum(np.real(y) * np.real(u)) for y, u in zip(ys, weights, strict=True))

    def step(state, h, batch):
        slopes = mg.grad(cost)(state, h)
        return tuple(w - h["eta"] * batch * slope for w, slope in zip(state, slopes, strict=True))

    batches = np.linspace(1.0, 0.5, STEPS).astype(dtype)
    return mg.TrainingRun(lambda h: start, step, cost, STEPS, batches)


@pytest.mark.filterwarnings("ignore:steps are recorded one by one")
@pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional vectors:DeprecationWarning")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", SECOND_ORDER, ids=repr)
def test_methods_agree(case, dtype):
    run, tol = run_of(case, dtype), TOLERANCES[dtype]
    wanted = mg.hypergradient(run, {"eta": 1e-4}, mg.Recorded())
    for method in METHODS:
        found = mg.hypergradient(run, {"eta": 1e-4}, method)
        assert_allclose(found.cost, wanted.cost, rtol=tol, atol=tol)
        assert_allclose(found.gradient["eta"], wanted.gradient["eta"], rtol=tol, atol=tol)
