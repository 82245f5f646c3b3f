"""A training run, and its learning rate as a schedule.

For longer trainings, a `TrainingRun` says what a training is, and ``mg.hypergradient(run, hypers)``
finds its derivatives by a method that suits it. A run has

    init(hypers) -> state           step(state, hypers, batch) -> state
    cost(state, hypers) -> scalar   steps

1. ``make_run(steps)``: the training that starts at w = (1, 1) and descends the valley
   ``valley(w)`` by ``w - eta * gradient``, with `eta` in ``hypers["eta"]``; its outer cost is
   ``valley(w)`` at the end. (It has no batches.)
2. ``per_step_slopes(run, etas)``: the array of the derivatives of the final cost in the learning
   rate of each step, where step t uses ``etas[t]``. Mark the schedule with ``mg.per_step``.
"""

import numpy as np

import minigrad as mg
from minigrad.learn.checks import Wrong, finite_difference, same


def valley(w):
    """Return the cost: steep one way, flat the other."""
    return 0.5 * w[0] ** 2 + 2.0 * w[1] ** 2


def make_run(steps):
    """Return the training as a TrainingRun."""
    # solution
    return mg.TrainingRun(
        init=lambda hypers: np.ones(2),
        step=lambda w, hypers, batch: w - hypers["eta"] * mg.grad(valley)(w),
        cost=lambda w, hypers: valley(w),
        steps=steps,
    )
    # end


def per_step_slopes(run, etas):
    """Return the derivative of the final cost in each entry of `etas`."""
    # solution
    hypers = {"eta": mg.per_step(etas)}
    return mg.hypergradient(run, hypers).gradient["eta"]
    # end


HINTS = (
    "make_run: mg.TrainingRun(init=..., step=..., cost=..., steps=steps), with three lambdas; the "
    "gradient inside the step is mg.grad(valley)(w).",
    "The step reads hypers['eta']. If that is marked per_step, step t is given entry t: the run "
    "does not change.",
    "mg.hypergradient(run, {'eta': mg.per_step(etas)}) returns a result; its .gradient is a tree "
    "like the hypers.",
)


def check(module):
    """Compare with the closed form: each coordinate shrinks by 1 - eta a at every step."""
    for steps in (1, 4):
        run = module.make_run(steps)
        if not isinstance(run, mg.TrainingRun):
            raise Wrong(f"make_run({steps}) should be a TrainingRun, but is {run!r:.60}")
        if run.steps != steps:
            raise Wrong(f"make_run({steps}) has {run.steps} steps")

        def trained(etas, steps=steps):
            etas = np.broadcast_to(etas, steps)
            return 0.5 * np.prod((1 - etas) ** 2) + 2.0 * np.prod((1 - 4.0 * etas) ** 2)

        what = f"of make_run({steps})"
        same(f"the final cost {what} at eta = 0.1", run.evaluate({"eta": 0.1}), trained(0.1))
        etas = np.linspace(0.05, 0.2, steps)
        got = module.per_step_slopes(run, etas)
        truth = finite_difference(trained, etas).value
        same(f"per_step_slopes({what[3:]}, {etas})", got, truth)
