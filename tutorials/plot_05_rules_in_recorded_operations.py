r"""
Rules in recorded operations
============================

On the last page the sweep was given plain numbers. Here it is given Variables, and that is all it
takes for second derivatives, third ones, and the derivative of a training. At the end of this page
you know why, what a rule must not do, and where the second derivative hides in every step of
gradient descent.
"""

# %%
# Inside ``with``
# ---------------
#
# So far we asked for gradients after ``with``: the tape was closed, and the answer was a plain
# number. Inside ``with`` the tape is open, and the rules of the sweep are given Variables. They
# are made of ordinary operations, so the tape records them like everything else.
#
# .. admonition:: Predict first
#
#    For :math:`y = x \sin x` the sweep called three rules and added once. By how many lines will
#    the tape grow?

import textwrap
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np
from numpy.polynomial.hermite import hermval

import minigrad as mg
from minigrad.extend import def_jvp, def_vjp, primitive
from minigrad.testing import check_primitive

with mg.Tape() as tape:
    x = tape.variable(2.0, name="x")
    y = x * np.sin(x)
    slope = tape.gradient(y, x)

print(tape)
assert len(tape) == 3 + 5

# %%
# By five: a product for each of the two rules of the product, a cosine and a product for the rule
# of the sine, and the addition of what arrived twice at :math:`x`. Now ``slope`` stands on the
# tape as ``y`` does, so it can be swept again. Second order takes no new code:
#
# .. math:: \frac{d^2y}{dx^2} = 2 \cos x - x \sin x

second = tape.gradient(slope, x)
print(f"by tape {second:.15f}\nby hand {2.0 * np.cos(2.0) - 2.0 * np.sin(2.0):.15f}")
assert np.isclose(second, 2.0 * np.cos(2.0) - 2.0 * np.sin(2.0), rtol=1e-14, atol=0.0)

# %%
# Any order
# ---------
#
# And so on. Of the bell :math:`e^{-x^2}` all derivatives are known: the :math:`n`-th is
# :math:`(-1)^n H_n(x) \, e^{-x^2}`, where :math:`H_n` is a polynomial that Hermite is named for.
# NumPy has them.


def bell(x):
    """Return exp(-x^2)."""
    return np.exp(-x * x)


def derivative(f, order):
    """Return the derivative of that order of a function of a number."""
    for _ in range(order):
        f = mg.grad(f)
    return f


at = np.linspace(-2.5, 2.5, 61)
fig, ax = plt.subplots(figsize=(7.0, 3.8))
for order, dashes in enumerate(["-", "--", "-.", ":"]):
    by_tape = np.array([derivative(bell, order)(float(x)) for x in at])
    by_hand = (-1) ** order * hermval(at, [0.0] * order + [1.0]) * np.exp(-at * at)
    assert np.allclose(by_tape, by_hand, rtol=1e-12, atol=1e-12)
    ax.plot(at, by_tape, "k" + dashes, label=f"order {order}")
ax.set(xlabel="x", title="A bell and its first three derivatives, each swept from the one before")
ax.legend(frameon=False)
plt.show()

# %%
# Each curve is zero where the one before it has a summit or a valley. All of them are one function,
# :func:`minigrad.grad`, applied to itself.
#
# It is not free for long, though. A sweep writes a few lines for each line that it goes over, and
# the next sweep goes over those as well.
#
# .. admonition:: Predict first
#
#    Does the length of the tape grow with the order by adding, or by multiplying?

with mg.Tape() as tape:
    x = tape.variable(0.7)
    y = bell(x)
    lengths = [len(tape)]
    for _ in range(10):
        y = tape.gradient(y, x)
        lengths.append(len(tape))

print(lengths)
growth = np.divide(lengths[5:], lengths[4:-1])
print("times", np.round(growth, 2))
assert np.all(np.round(growth, 1) == 1.7)

# %%
# By multiplying: from the fifth order on, each takes about 1.7 times as many lines as the one
# before. Two orders, which is what training needs, cost a small multiple. For twenty there are
# better ways, such as Taylor series.

# %%
# What a rule must not do
# -----------------------
#
# This works because the rule of the sine is written as ``y_bar * np.cos(x)``, in operations that
# are recorded. Suppose somebody writes a sine of their own, with a rule that takes :math:`x` for a
# constant. Engines whose rules work on bare arrays are all like this.


@primitive
def wave(x):
    """Return the sine of x."""
    return np.sin(x)


def_vjp(wave, lambda y_bar, y, x: y_bar * np.cos(mg.stop_gradient(x)))
def_jvp(wave, lambda x_dot, y, x: x_dot * np.cos(x))

# %%
# .. admonition:: Predict first
#
#    What is the first derivative at :math:`x = 2`? And the second?

first, second = derivative(wave, 1)(2.0), derivative(wave, 2)(2.0)
print(f"first  {first:+.6f}, should be {np.cos(2.0):+.6f}")
print(f"second {second:+.6f}, should be {-np.sin(2.0):+.6f}")
assert first == np.cos(2.0)
assert second == 0.0

# %%
# The first is right, so nobody would notice. The second is zero, because to the tape the slope is
# a constant. That would make every derivative in a learning rate wrong, without a word. This is
# why rules are checked to second order:

try:
    check_primitive(wave)
except AssertionError as error:
    message = str(error)
else:
    raise ValueError("a wrong rule passed")
print(textwrap.fill(message, 80))
assert "order 2" in message

def_vjp(wave, lambda y_bar, y, x: y_bar * np.cos(x))
check_primitive(wave)
assert derivative(wave, 2)(2.0) == -np.sin(2.0)

# %%
# Where training has its second derivative
# ----------------------------------------
#
# Gradient descent goes :math:`w_{t+1} = w_t - \eta \, C'(w_t)`. Differentiate that in
# :math:`\eta`, which is in the step and also in the :math:`w_t` that the step starts from:
#
# .. math::
#
#    \frac{dw_{t+1}}{d\eta} = \frac{dw_t}{d\eta} - C'(w_t)
#                             - \eta \, C''(w_t) \, \frac{dw_t}{d\eta}.
#
# There is :math:`C''`. On the tape it is nothing special: a sweep over lines that a sweep has
# written. Here is the recursion on paper beside it, for :math:`C = \log \cosh w`, whose slope is
# :math:`\tanh w` and whose curvature is :math:`1 - \tanh^2 w`.


def cost_of(w):
    """Return log cosh w."""
    return np.log(np.cosh(w))


with mg.Tape() as tape:
    eta = tape.variable(0.4, name="eta")
    w = tape.variable(2.0)
    path = [w]
    for _ in range(15):
        w = w - eta * tape.gradient(cost_of(w), w)
        path.append(w)

by_tape = [tape.gradient(w, eta) for w in path]
by_hand, no_curvature = [0.0], [0.0]
for w in path[:-1]:
    slope = np.tanh(w.value)
    by_hand.append(by_hand[-1] - slope - 0.4 * (1.0 - slope**2) * by_hand[-1])
    no_curvature.append(no_curvature[-1] - slope)

print(f"dw/d eta after 15 steps: {by_tape[-1]:.12f}, on paper {by_hand[-1]:.12f}")
assert np.allclose(by_tape, by_hand, rtol=1e-12, atol=0.0)

# %%
# What if the curvature were left out, as with the wrong rule above? In the picture the dashed line
# goes down and stays there, as if the speed still decided where the weight ends. The solid line
# comes back to zero, because the weight ends at the minimum whatever the speed.

fig, ax = plt.subplots(figsize=(7.0, 3.4))
ax.plot(by_tape, "ko-", label="by tape")
ax.plot(no_curvature, "k--", label="on paper, without C''")
ax.axhline(0.0, color="0.6", linewidth=0.8)
ax.set(xlabel="step", ylabel="dw/dη", title="Without the second derivative, dw/dη is not even near")
ax.legend(frameon=False)
plt.show()
assert abs(by_tape[-1]) < 0.1
assert no_curvature[-1] < -4.0

# %%
# To the last digit
# -----------------
#
# Only the operations matter, not what they are done on. So the same tape takes exact fractions, and
# the derivative of five steps towards 2 with :math:`\eta = 3/10` and :math:`\lambda = 1/10` can
# be had without any rounding at all. By hand it is :math:`181360089 / (2 \cdot 10^8)`.

with mg.Tape() as tape:
    eta = tape.variable(Fraction(3, 10))
    w = tape.variable(Fraction(1))
    for _ in range(5):
        slope = tape.gradient((w - 2) * (w - 2) / 2, w)
        w = w - eta * (slope + Fraction(1, 10) * w)

print(tape.gradient(w, eta))
assert tape.gradient(w, eta) == Fraction(181360089, 2 * 10**8)

# %%
# What we left out
# ----------------
#
# - **Matrices of second derivatives.** For a function of many numbers :func:`minigrad.hessian`
#   gives them all, and :func:`minigrad.hvp` the product with a vector, without the matrix.
# - **Which derivative is meant.** In ``grad`` inside ``grad`` each call makes a variable of its
#   own, so that the inner derivative can't be confused with the outer. See
#   ``minigrad.transforms``.
# - **Longer rules**, such as those of an eigenvalue or of a Bessel function. They are in the same
#   style, and the checker goes over every one of them.
