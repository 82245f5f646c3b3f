"""A run whose functions return what they must not is refused, the same way by every method."""

from dataclasses import replace

import pytest
from training_runs import gradient_descent

import minigrad as mg
from minigrad.errors import TargetError

METHODS = ["recorded", "stored", "checkpointed", "forward", "finite difference"]
each_method = pytest.mark.parametrize("method", METHODS)


@each_method
@pytest.mark.parametrize("cost", [lambda w, h: w, lambda w, h: None, lambda w, h: {"cost": w[0]}])
def test_a_cost_that_is_no_scalar(method, cost):
    run, hypers = gradient_descent()
    with pytest.raises(TargetError, match="one real scalar"):
        mg.hypergradient(replace(run, cost=cost), hypers, method)


@each_method
@pytest.mark.parametrize("step", [lambda w, h, batch: None, lambda w, h, batch: {"w": w}])
def test_a_step_that_returns_a_state_of_another_shape(method, step):
    run, hypers = gradient_descent()
    with pytest.raises(ValueError, match=r"got (None|\{'w': .*) in place of "):
        mg.hypergradient(replace(run, step=step), hypers, method)
