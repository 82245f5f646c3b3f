"""The derivative of a training in its learning rate.

Now the question itself. Record a whole training on a tape: start at `w0`, take `steps` steps

    w  <-  w - eta * dC/dw

of gradient descent on ``cost(w)``, and return the pair of the final cost and its derivative in
`eta`, both as plain numbers. `cost` is any differentiable function of an array.

What you need: ``with mg.Tape() as tape:``, ``tape.variable(value)``, ``tape.gradient(target,
source)``. While the tape is open a gradient is recorded, and is itself a Variable; when it is
closed the same call returns plain numbers. ``x.value`` is the number in a Variable.
"""

import numpy as np

import minigrad as mg
from minigrad.learn.checks import finite_difference, parts, same


def cost_and_slope(cost, w0, eta, steps):
    """Return the cost after training from `w0`, and its derivative in `eta`."""
    # solution
    with mg.Tape() as tape:
        rate = tape.variable(eta, name="eta")
        w = tape.variable(w0, name="w")
        for _ in range(steps):
            w = w - rate * tape.gradient(cost(w), w)
        final = cost(w)
    return final.value, tape.gradient(final, rate)
    # end


HINTS = (
    "eta must be a variable of the tape, or nothing can be differentiated with respect to it.",
    "Inside `with`: eta and w as variables, the loop, and the final cost. After it: the gradient "
    "of the final cost in eta.",
    "In the loop: w = w - eta * tape.gradient(cost(w), w). Not w.value: the number has no history.",
)


def check(module):
    """Compare with finite differences of trainings whose gradients are written by hand."""
    pull = np.array([1.0, 3.0])
    problems = (
        ("0.5 * sum(pull * w**2)", lambda w: 0.5 * np.sum(pull * w**2), lambda w: pull * w),
        ("sum(log(cosh(w)))", lambda w: np.sum(np.log(np.cosh(w))), np.tanh),
    )
    w0 = np.array([1.5, -0.5])
    for name, cost, slope in problems:
        for steps in (1, 8):

            def trained(eta, cost=cost, slope=slope, steps=steps):
                w = w0
                for _ in range(steps):
                    w = w - eta * slope(w)
                return cost(w)

            what = f"for cost = {name}, eta = 0.2, {steps} steps"
            got = module.cost_and_slope(cost, w0.copy(), 0.2, steps)
            got = parts(f"cost_and_slope {what}", got, "cost, slope")
            same(f"the cost {what}", got[0], trained(0.2))
            same(f"dC/deta {what}", got[1], finite_difference(trained, 0.2).value,
                 note="Has something on the way lost its history?")  # fmt: skip
