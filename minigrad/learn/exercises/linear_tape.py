"""Make the tape linear.

Gradient descent on the tape: each step asks for a gradient, and the sweep that computes it is
recorded as well. A sweep goes back from its target to the oldest of the variables that it was asked
about, and no further.

The loop below is right, and too expensive: it asks for the derivative in `lam` as well, at every
step, and `lam` was there before the first one. So each sweep goes back over the whole training,
and the tape grows with the square of the number of steps. Make it grow by the same number of
instructions each step, with the same weight at the end and the same derivatives of it.
"""

from minigrad.learn.checks import Tape, Wrong, finite_difference, same


def train(tape, w, eta, lam, steps):
    """Return the weight after descending 0.65 w**2 + 0.5 lam w**2, recorded on the open tape."""
    for _ in range(steps):
        cost = 0.65 * w * w + 0.5 * lam * w * w
        # start
        # slope, _ = tape.gradient(cost, [w, lam])
        # solution
        slope = tape.gradient(cost, w)
        # end
        w = w - eta * slope
    return w


HINTS = (
    "Print len(tape) after 5, 10 and 20 steps. Which line's share grows?",
    "The sweep stops at the oldest source. How old is w, and how old is lam?",
    "Nobody uses the second derivative. But do not detach w: the last derivative goes through it.",
)


def check(module):
    """Compare weight and derivatives with the closed form, then count instructions."""

    def closed(eta, lam, steps):
        return 2.0 * (1 - eta * (1.3 + lam)) ** steps

    lengths = {}
    for steps in (1, 5, 10, 20):
        with Tape() as tape:
            eta, lam = tape.variable(0.1), tape.variable(0.05)
            w = module.train(tape, tape.variable(2.0), eta, lam, steps)
        what = f"after {steps} steps"
        same(f"w {what}", w, closed(0.1, 0.05, steps))
        if not hasattr(w, "tape"):
            raise Wrong(f"w {what} is a plain number: it is not on the tape any more")
        got = tape.gradient(w, [eta, lam])
        truth = finite_difference(lambda e, d, n=steps: closed(e, d, n), 0.1, 0.05).value
        for name, one, expected in zip(("eta", "lam"), got, truth, strict=True):
            same(f"dw/d{name} {what}", one, expected)
        lengths[steps] = len(tape)
    if lengths[20] - lengths[10] != 2 * (lengths[10] - lengths[5]):
        raise Wrong(
            f"the tape has {lengths[5]} instructions after 5 steps, {lengths[10]} after 10 and "
            f"{lengths[20]} after 20: it still grows faster than the number of steps"
        )
