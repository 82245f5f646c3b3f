"""A training run is a value: it says what is wrong with it, and can be sent elsewhere."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from training_runs import gradient_descent

import minigrad as mg
from minigrad.errors import TargetError
from minigrad.experiments import Classification

METHODS = ["recorded", "stored", "checkpointed", "forward", "finite difference"]
each_method = pytest.mark.parametrize("method", METHODS)
HYPERS = {"eta": mg.positive(0.3), "lam": mg.positive(1.0)}


def test_a_run_that_was_sent_elsewhere_gives_the_same_bits():
    run = Classification(steps=5).run
    here = mg.hypergradient(run, HYPERS, mg.Stored())
    mg.hyper.forecast(run, HYPERS)
    sent = pickle.loads(pickle.dumps(run))
    assert not sent.programs
    assert not sent.costs
    there = mg.hypergradient(sent, HYPERS, mg.Stored())
    assert here.cost == there.cost
    assert here.gradient == there.gradient


def test_the_steps_descend_the_loss():
    """With all examples in one batch, a step goes against the gradient of the loss."""
    experiment = Classification(steps=1, batch=1000)
    values = {"eta": 0.01, "lam": 3.0}
    slope = mg.grad(experiment.training_cost)(experiment.start, values)
    stepped = experiment.run.train(values)
    for layer, new, down in zip(experiment.start, stepped, slope, strict=True):
        for name in ("w", "b"):
            np.testing.assert_allclose(new[name], layer[name] - 0.01 * down[name], atol=1e-15)


def test_a_loss_is_a_function():
    with pytest.raises(TypeError, match="loss= must be a function, got 3"):
        mg.TrainingRun(init=abs, step=abs, cost=abs, steps=1, loss=3)


def test_an_activation_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"activation='swish'; expected one of tanh, sigmoid"):
        Classification(activation="swish")


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
