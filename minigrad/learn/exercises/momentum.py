"""Momentum, as a pure pair.

    v  <-  mu v + w_bar
    w  <-  w - eta v           (with the new v)

An optimiser here is a pair of pure functions. ``init(w)`` returns the state at rest, a velocity
of zeros. ``update(w, w_bar, v, eta, mu)`` returns ``(w, v)`` after a step. Nothing is kept between
the calls but what is returned, and nothing is changed in place: the same step can be run again,
recorded, and differentiated in `eta` and `mu`.
"""

import numpy as np

from minigrad.learn.checks import finite_difference, grad, parts, same, untouched


def init(w):
    """Return the velocity at rest."""
    # solution
    return np.zeros_like(w)
    # end


def update(w, w_bar, v, eta, mu):
    """Return the next ``(w, v)``."""
    # solution
    v = mu * v + w_bar
    return w - eta * v, v
    # end


HINTS = (
    "init: np.zeros_like(w). update: the two lines of the task, in this order.",
    "`v *= mu` would change the caller's array; `v = mu * v + w_bar` makes a new one.",
    "The weights move by the new velocity; with the old one the first step would do nothing.",
)


def check(module):
    """Run a few steps beside the closed form, twice, and differentiate them."""
    w = np.array([1.0, -2.0])
    same("init([1, -2])", module.init(w), np.zeros(2))
    w_bars, eta, mu = np.array([[0.5, 1.0], [-1.0, 0.25], [2.0, -0.5]]), 0.1, 0.8

    def run(eta, mu):
        now, v = w, module.init(w)
        for w_bar in w_bars:
            what = "update(w, w_bar, v, eta, mu)"
            now, v = parts(what, module.update(now, w_bar, v, eta, mu), "w, v")
        return now, v

    given = w.copy(), np.array([0.3, 0.7])
    v = given[1].copy()
    first, again = (module.update(w, w_bars[0], v, eta, mu) for _ in range(2))
    untouched("update", w, given[0])
    untouched("update", v, given[1])
    first, again = (parts("update(...)", one, "w, v") for one in (first, again))
    same("v after one step from v = [0.3, 0.7]", first[1], mu * given[1] + w_bars[0])
    same("w after one step from v = [0.3, 0.7]", first[0], w - eta * (mu * given[1] + w_bars[0]))
    same("w of the same call once more", again[0], first[0],
         note="Something is remembered between the calls.")  # fmt: skip
    # v_t is the sum of mu**(t - s) w_bar_s, and w_T subtracts them all.
    velocities = [sum(mu ** (t - s) * w_bars[s] for s in range(t + 1)) for t in range(3)]
    got = run(eta, mu)
    same("v after three steps", got[1], velocities[-1])
    same("w after three steps", got[0], w - eta * sum(velocities))

    def cost(eta, mu):
        return np.sum(run(eta, mu)[0] ** 2)

    truth = finite_difference(cost, eta, mu).value
    for name, k in (("eta", 0), ("mu", 1)):
        what = f"the derivative of sum(w**2) after three steps in {name}, by the tape,"
        same(what, grad(cost, k)(eta, mu), truth[k])
