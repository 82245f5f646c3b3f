r"""Gradient descent with weight decay.

The rule that minigrad was built for, for a mini-batch of m out of n training examples:

    w  <-  (1 - eta lam / n) w  -  (eta / m) * (sum over the mini-batch of dC_x/dw)
    b  <-                    b  -  (eta / m) * (sum over the mini-batch of dC_x/db)

Weights decay, biases do not. `w_bars` has the gradients of the m examples along its first axis:
shape (m, *w.shape); `b_bars` likewise. `eta` and `lam` may be Variables: the step will be
differentiated with respect to them, so nothing may be changed in place.
"""

import numpy as np

from minigrad.learn.checks import finite_difference, grad, parts, same, untouched


def step(w, b, w_bars, b_bars, eta, lam, n):
    """Return the next ``(w, b)``."""
    # solution
    m = len(w_bars)
    w = (1 - eta * lam / n) * w - eta / m * np.sum(w_bars, axis=0)
    b = b - eta / m * np.sum(b_bars, axis=0)
    return w, b
    # end


HINTS = (
    "Write the two lines as they stand in the task; m is len(w_bars).",
    "The sum over the mini-batch is np.sum(w_bars, axis=0): the first axis goes, the rest stays.",
    "lam is divided by n, the size of the training set; the sums by m, that of the mini-batch.",
)


def check(module):
    """Compare with the rule worked out by hand, element by element."""
    rng = np.random.default_rng(7)
    w, b = rng.normal(size=(3, 2)), rng.normal(size=2)
    for m, n in ((4, 50), (1, 10)):
        w_bars, b_bars = rng.normal(size=(m, 3, 2)), rng.normal(size=(m, 2))
        for eta, lam in ((0.1, 0.0), (0.0, 3.0), (0.1, 3.0)):
            what = f"step with m={m}, n={n}, eta={eta}, lam={lam}"
            before = w.copy(), b.copy()
            got = parts(what, module.step(w, b, w_bars, b_bars, eta, lam, n), "w, b")
            untouched("step", w, before[0])
            untouched("step", b, before[1])
            slope = sum(w_bars[k] / m for k in range(m))
            same(f"w of {what}", got[0], w - eta * (slope + lam / n * w))
            same(f"b of {what}", got[1], b - eta * sum(b_bars[k] / m for k in range(m)))

    def after(eta, lam):
        return np.sum(module.step(w, b, w_bars, b_bars, eta, lam, n)[0] ** 2)

    truth = finite_difference(after, 0.1, 3.0).value
    for name, k in (("eta", 0), ("lam", 1)):
        what = f"the derivative of sum(w**2) after a step in {name}, by the tape,"
        same(what, grad(after, k)(0.1, 3.0), truth[k])
