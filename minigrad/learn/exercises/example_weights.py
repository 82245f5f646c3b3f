r"""Find the mislabelled example.

Give each training example a weight e_k, and train on the weighted cost

    C(w) = sum over k of e_k (x_k . w - y_k)**2

The cost on clean validation data after training is a function of the weights. Where its
derivative in e_k is positive, more of example k makes things worse: it may be mislabelled.

Write ``blame(x, y, x_val, y_val, eta, steps)``: start at w = 0, take `steps` steps of gradient
descent with all weights at 1 / len(y), and return the derivative of the validation cost, the mean
of ``(x_val @ w - y_val)**2``, in each weight: an array of the shape of `y`.
"""

import numpy as np

import minigrad as mg
from minigrad.learn.checks import Wrong, finite_difference, same


def blame(x, y, x_val, y_val, eta, steps):
    """Return the derivative of the validation cost in the weight of each example."""
    # solution
    with mg.Tape() as tape:
        weights = tape.variable(np.full(len(y), 1 / len(y)), name="weights")
        w = tape.variable(np.zeros(x.shape[1]), name="w")
        for _ in range(steps):
            cost = np.sum(weights * (x @ w - y) ** 2)
            w = w - eta * tape.gradient(cost, w)
        validation = np.mean((x_val @ w - y_val) ** 2)
    return tape.gradient(validation, weights)
    # end


HINTS = (
    "It is the exercise of the learning rate once more; only the variable that you ask about is "
    "another one, and an array.",
    "weights = tape.variable(np.full(len(y), 1 / len(y))), and each step descends "
    "np.sum(weights * (x @ w - y) ** 2).",
    "The target is the validation cost, not the training cost, and the source is weights.",
)


def check(module):
    """Compare with finite differences, and see whether the mislabelled example stands out."""
    rng = np.random.default_rng(12)
    x, x_val = rng.normal(size=(8, 2)), rng.normal(size=(20, 2))
    y, y_val = x @ [1.0, -2.0], x_val @ [1.0, -2.0]
    y[5] += 4.0  # the mislabelled one

    def trained(weights, steps):
        w = np.zeros(2)
        for _ in range(steps):
            w = w - 0.1 * 2 * x.T @ (weights * (x @ w - y))
        return np.mean((x_val @ w - y_val) ** 2)

    for steps in (1, 10):
        start = np.full(8, 1 / 8)
        truth = finite_difference(lambda e, n=steps: trained(e, n), start).value
        got = module.blame(x, y, x_val, y_val, 0.1, steps)
        same(f"blame of 8 examples after {steps} steps", got, truth)
    if np.argmax(np.asarray(got)) != 5:
        raise Wrong("the mislabelled example, number 5, should have the largest derivative")
