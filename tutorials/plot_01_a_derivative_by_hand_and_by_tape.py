"""
A derivative by hand and by tape
================================

There are three ways to a derivative: on paper, by trying two points close to each other, and by a
tape. At the end of this page you will have taken all three for the same function, and know what
is wrong with the second, what the third does differently, and why it does not stop at formulas: it
differentiates programs.
"""

# %%
# On paper
# --------
#
# Take :math:`y = x \sin x` at :math:`x = 2`. The product rule says
#
# .. math:: \frac{dy}{dx} = \sin x + x \cos x,
#
# which is a number:

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg

by_hand = np.sin(2.0) + 2.0 * np.cos(2.0)
print(f"by hand {by_hand:.15f}")
assert round(by_hand, 6) == 0.077004

# %%
# By trying
# ---------
#
# A derivative is what a small step changes, divided by the step. So take a small step, one to
# either side:
#
# .. math:: \frac{f(x + h) - f(x - h)}{2 h}
#
# .. admonition:: Predict first
#
#    The smaller :math:`h`, the better? What is the best that this can do?


def f(x):
    """Return x sin x."""
    return x * np.sin(x)


steps = np.logspace(-15, 0, 61)
by_trying = (f(2.0 + steps) - f(2.0 - steps)) / (2.0 * steps)
wrong_by = np.abs(by_trying / by_hand - 1.0)
best = np.argmin(wrong_by)
print(f"best step {steps[best]:.0e}, relative error {wrong_by[best]:.0e}")
print(f"smallest step {steps[0]:.0e}, relative error {wrong_by[0]:.0e}")
assert wrong_by[best] > 1e-13
assert wrong_by[0] > 0.1

# %%
# No. The smaller the step, the more digits of the two values are the same, and what is left
# after the subtraction is mostly their rounding error. At the smallest step nothing is right, not
# even the first digit; at the best one, which we only know because we have the answer, some
# digits are missing still. And a function of a thousand numbers would have to be tried two
# thousand times.

# %%
# By tape
# -------
#
# The tape is told that :math:`x` is a variable, and writes down what is computed from it:

with mg.Tape() as tape:
    x = tape.variable(2.0, name="x")
    y = f(x)

print(tape)
assert len(tape) == 3

# %%
# Three lines, each with a number, an operation, and what it reads: ``%0`` is the result of
# line 0. Nobody took a small step. Each operation on the list is so simple that its derivative
# is known, :math:`\cos` for :math:`\sin`, and the chain rule puts them together:

by_tape = tape.gradient(y, x)
print(f"by tape {by_tape:.15f}\nby hand {by_hand:.15f}")
assert abs(by_tape / by_hand - 1.0) < 1e-14 < wrong_by[best]

# %%
# Equal to the last digits that a float has. In the picture the error of trying comes down from
# the right, because a small step is better than a large one, and goes up again to the left,
# because rounding is worse. The tape has no :math:`h`, and lies below them all.

fig, ax = plt.subplots(figsize=(7.0, 3.6))
ax.loglog(steps, np.maximum(wrong_by, 1e-17), "o-", color="black", markersize=3, label="by trying")
ax.axhline(np.finfo(float).eps, color="black", linestyle="--", label="by tape: rounding alone")
ax.set(xlabel="step h", ylabel="relative error")
ax.set_title("However the step is chosen, trying loses digits that the tape has")
ax.legend(frameon=False)
plt.show()

# %%
# The derivative of a program
# ---------------------------
#
# The tape does not see the text of the function, only the operations as they happen. So loops and
# branches are nothing to it. Here is how Heron of Alexandria took a square root: guess, and
# average the guess with what it misses.


def heron(a):
    """Return the square root of a, by a loop that decides by itself when to stop."""
    root, turns = a, 0
    while abs(root * root - a) > 1e-12 * a:
        root, turns = 0.5 * (root + a / root), turns + 1
    return root, turns


# %%
# .. admonition:: Predict first
#
#    There is no rule for a ``while`` anywhere. What will the derivative of this loop at
#    :math:`a = 2` be, and to how many digits?

with mg.Tape() as tape:
    a = tape.variable(2.0, name="a")
    root, turns = heron(a)

print(f"{turns} turns of the loop, {len(tape)} lines of tape")
print(f"by tape {tape.gradient(root, a):.15f}\nby hand {0.5 / np.sqrt(2.0):.15f}")
assert turns == 5
assert np.isclose(tape.gradient(root, a), 0.5 / np.sqrt(2.0), rtol=1e-12, atol=0.0)

# %%
# The slope of the square root, :math:`1 / (2 \sqrt a)`: the loop computes the root, so its
# derivative is that of the root. (The comparison looks at values only. Whether to go on or to
# stop is a decision, and has no derivative.)
#
# A training is such a loop too. It ends with weights, and in front of it stands a learning rate.
# That is where these pages lead.

# %%
# Without a tape to hold
# ----------------------
#
# When the list itself is of no interest, :func:`minigrad.grad` makes one, sweeps it, and throws
# it away. It takes a function and returns its derivative, which is a function again.

slopes = [mg.grad(f)(point) for point in np.linspace(0.0, 7.0, 57)]
print(mg.grad(f)(2.0) == by_tape)
assert mg.grad(f)(2.0) == by_tape

# %%
# Drawn over a range: where the solid curve has a summit or a valley, the dashed one, its
# derivative, goes through zero.

fig, ax = plt.subplots(figsize=(7.0, 3.6))
at = np.linspace(0.0, 7.0, 57)
ax.plot(at, f(at), "k-", label="x sin x")
ax.plot(at, slopes, "k--", label="its derivative, by tape")
ax.axhline(0.0, color="0.6", linewidth=0.8)
ax.set(xlabel="x", title="Every point of the dashed curve is one tape, recorded and swept")
ax.legend(frameon=False)
plt.show()
assert np.allclose(slopes, np.sin(at) + at * np.cos(at), rtol=1e-13, atol=0.0)

# %%
# What we left out
# ----------------
#
# - **Symbols.** A computer algebra system would have given the formula. For a loop of a thousand
#   turns there is no formula that anyone would want to see.
# - **Where there is no derivative**: :math:`|x|` at 0, a rounding, a choice. What the engine
#   answers there is in the table of :doc:`all that is differentiated </support>`.
# - **How the list is read.** You will know at the end of the next page, because you will have
#   written the whole thing.
