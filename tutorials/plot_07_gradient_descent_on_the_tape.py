r"""
Gradient descent on the tape
============================

A training is a program, so a tape can hold it: every slope, every step. At the end of this page you
will know what it takes to make the learning rate :math:`\eta` a variable of that program (one
line), what its derivative looks like on paper, and how one sweep gives the derivatives of *all* the
rates of a schedule, one for each step.
"""

# %%
# A descent like any other
# ------------------------
#
# Two weights, each in a parabola of its own, with curvatures :math:`h_1 = 1` and
# :math:`h_2 = \frac12`:
#
# .. math::
#
#    C(w) = \tfrac12 \sum_i h_i w_i^2, \qquad
#    w \leftarrow w - \eta \, \frac{\partial C}{\partial w}.
#
# Here is that descent, as one would write it without a tape. The slope comes from
# :func:`minigrad.grad`; with numbers for the rates, numbers come out.

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg

h = np.array([1.0, 0.5])
start = np.array([1.0, 2.0])


def cost(w):
    """Return C(w)."""
    return np.sum(0.5 * h * w * w)


def descend(rates):
    """Take one step of descent for each rate; return the cost where it ends."""
    w = start
    for eta in rates:
        w = w - eta * mg.grad(cost)(w)
    return cost(w)


print(f"C = {cost(start)} before, {descend([0.3] * 10):.6f} after ten steps")

# %%
# η becomes a variable
# --------------------
#
# Nothing in ``descend`` has to change. It is given a variable in place of the number, inside an
# open tape:

with mg.Tape() as tape:
    eta = tape.variable(0.3, name="eta")
    final = descend([eta])

print(tape)
assert len(tape) == 14
assert tape[9].inputs == (0, 8)

# %%
# ``mg.grad`` inside an open tape records there. So the inner training cost stands on the outer
# tape, lines 1 to 4, and its backward pass, lines 5 to 8. Line 9 is ``eta`` times slope: this is
# where the derivative comes from. It is asked for like any other.

T = 10
with mg.Tape() as tape:
    eta = tape.variable(0.3, name="eta")
    final = descend([eta] * T)

d_eta = tape.gradient(final, eta)
print(f"C = {final:.6f}, dC/deta = {d_eta:.6f}")

# %%
# Where in the training does it come from? Here are three steps to walk through, forward and back.
# **Sweep** leaps to where the way back begins. Each time it comes by a product with ``eta`` a term
# is added, and under the tape the bars show all three.

with mg.Tape() as tape:
    eta = tape.variable(0.3, name="eta")
    after_three = descend([eta] * 3)

explorer = tape.explore(after_three, eta)
terms = tape.gradient(after_three, eta, contributions=True)
assert len(terms) == len(explorer.data["sources"][0]["terms"]) == 3
assert np.isclose(sum(term.value for term in terms), tape.gradient(after_three, eta), rtol=1e-14)
explorer

# %%
# On paper
# --------
#
# The slope in the direction of :math:`w_i` is :math:`h_i w_i`, so a step multiplies :math:`w_i`
# by :math:`1 - \eta h_i`, and :math:`T` steps by its power. What is left at the end is a
# polynomial in :math:`\eta`, and so is its derivative:
#
# .. math::
#
#    C_T(\eta) = \tfrac12 \sum_i h_i \, w_i^2 \, (1 - \eta h_i)^{2T}, \qquad
#    \frac{dC_T}{d\eta} = -T \sum_i h_i^2 \, w_i^2 \, (1 - \eta h_i)^{2T-1},
#
# with the weights at the start for :math:`w_i`.


def on_paper(eta, T):
    """Return the final cost and its derivative by the formulas."""
    r = 1 - eta * h
    cost = 0.5 * np.sum(h * start**2 * r ** (2 * T))
    return cost, -T * np.sum(h**2 * start**2 * r ** (2 * T - 1))


assert np.allclose([final.value, d_eta], on_paper(0.3, T), rtol=1e-13)

# %%
# The derivative is a tangent of the curve that one would get by training again and again.
#
# .. admonition:: Predict first
#
#    For which :math:`\eta` is the derivative zero after one step? The slopes are 1 and 1, the
#    curvatures 1 and one half.

etas = np.linspace(0.05, 2.05, 201)
near = np.linspace(-0.22, 0.22, 2)
fig, ax = plt.subplots()
for T, line, at in ((1, "-", 0.6), (3, "--", 0.5), (10, ":", 0.3)):
    ax.plot(etas, [descend([eta] * T) for eta in etas], f"k{line}", label=f"T = {T}")
    value, slope = mg.value_and_grad(lambda eta, T=T: descend([eta] * T))(at)
    ax.plot(at + near, value + slope * near, color="tab:red", linewidth=3, alpha=0.6)
    ax.plot(at, value, "o", color="tab:red")
ax.axvline(4 / 3, color="0.6", linewidth=0.8)
ax.set(title="The cost after T steps as a function of η, and three slopes", ylim=(-0.05, 1.5))
ax.set(xlabel="learning rate η", ylabel="final cost C")
ax.legend(frameon=False)
plt.show()

for T in (1, 3, 10):
    slope = mg.grad(lambda eta, T=T: descend([eta] * T))(4 / 3)
    print(f"T = {T:2}: dC/deta at 4/3 is {slope:+.1e}")
    assert abs(slope) < 1e-15

# %%
# At :math:`\eta = \frac43`, the vertical line, and not only after one step: there the two factors
# are :math:`-\frac13` and :math:`\frac13`, and what one weight loses the other wins. To the right
# of :math:`\eta = 2` the first weight grows with every step.

# %%
# A rate for each step
# --------------------
#
# Why should all steps have the same rate? Let ``rates`` be an array of variables, and nothing
# else has to change.
#
# .. admonition:: Predict first
#
#    Ten steps, all at 0.3, but each with a rate of its own. How many sweeps give the ten
#    derivatives, and which of them is the largest?

with mg.Tape() as tape:
    rates = tape.variable(np.full(10, 0.3), name="rates")
    final = descend(rates)

d_rates = tape.gradient(final, rates)
print(d_rates)
assert np.allclose(d_rates, d_rates[0], rtol=1e-13)
assert np.isclose(np.sum(d_rates), d_eta, rtol=1e-13)

# %%
# One sweep; a sweep backward starts at the cost, whatever the number of variables is. All ten are
# equal, because on this cost the weights end at :math:`w_i \prod_t (1 - \eta_t h_i)`, and a
# product does not care which factor was changed. And their sum is the :math:`dC/d\eta` from above:
# turning the one rate turns all ten.
#
# With *different* rates the paper says
#
# .. math::
#
#    \frac{\partial C}{\partial \eta_s}
#    = -\sum_i h_i^2 \, w_i^2 \, (1 - \eta_s h_i) \prod_{t \neq s} (1 - \eta_t h_i)^2,
#
# and so does the tape.

schedule = np.linspace(0.1, 1.5, 8)
r = 1 - np.outer(schedule, h)
formula = [
    -np.sum(h**2 * start**2 * r[s] * np.prod(np.delete(r, s, axis=0) ** 2, axis=0))
    for s in range(len(schedule))
]
assert np.allclose(mg.grad(descend)(schedule), formula, rtol=1e-12)

# %%
# Descent on a schedule
# ---------------------
#
# Two steps, two rates. Who has the gradient can descend: the rates are the weights now, and
# ``descend`` is the cost.
#
# .. admonition:: Predict first
#
#    One descent starts at :math:`\eta_1 = \eta_2 = 1`. Where will it end? Another starts at
#    :math:`(1, 1.1)`.


def descend_on(rates, outer_steps=100):
    """Return the path of a descent on the rates themselves."""
    path = [np.array(rates)]
    for _ in range(outer_steps):
        path.append(path[-1] - mg.grad(descend)(path[-1]))
    return np.array(path)


equal, apart = descend_on([1.0, 1.0]), descend_on([1.0, 1.1])
for path in (equal, apart):
    print(f"{path[0]} -> {path[-1].round(4)}, C = {descend(path[-1]):.1e}")
assert np.allclose(equal[-1], 4 / 3)
assert np.isclose(descend(equal[-1]), 1 / 54)
assert np.allclose(apart[-1], [1.0, 2.0], atol=1e-4)
assert descend(apart[-1]) < 1e-11

# %%
# Equal rates have equal derivatives, so they stay equal, and the first descent finds the best
# constant rate, :math:`\frac43`, with :math:`C = \frac{1}{54}`. The second is free to do better,
# and ends at :math:`1 / h_1` and :math:`1 / h_2`: one step for each curvature, which takes it to
# zero. No constant rate can do this.

grid = np.linspace(0.6, 2.4, 61)
height = [[descend([first, second]) for first in grid] for second in grid]

fig, ax = plt.subplots(figsize=(5.2, 4.6))
ax.set_title("Two rates: equal ones stay on the diagonal")
ax.set(xlabel="rate of the first step", ylabel="rate of the second step", aspect="equal")
lines = ax.contour(grid, grid, height, [0.001, 0.005, 1 / 54, 0.05, 0.1, 0.2], colors="0.65")
ax.plot(*equal.T, "ks-", markersize=4, label="from (1, 1), to the best constant rate")
ax.plot(*apart.T, "o--", color="tab:red", markersize=4, label="from (1, 1.1), to zero")
ax.plot([1, 2], [2, 1], "k*", markersize=11, label="1/h₁ and 1/h₂, in either order")
ax.legend(loc="upper right", fontsize="small", framealpha=1.0, edgecolor="white")
plt.show()

# %%
# The picture shows the two valleys, and between them, where the contour of :math:`\frac{1}{54}`
# crosses itself, the pass at which the first descent came to rest. A derivative of zero is not yet
# a minimum.

# %%
# What we left out
# ----------------
#
# - **A training worth the name.** No network, no mini-batches, no weight decay: that is the next
#   page.
# - **Noise.** With mini-batches the ten derivatives are no longer equal: the last steps matter
#   most, since nothing comes after them to put right what they did.
# - **Rates that stay positive.** Ours did by luck. :func:`minigrad.positive` marks a number as
#   positive, and :func:`minigrad.per_step` a schedule, for :func:`minigrad.tune`.
# - **A schedule learnt for a network.** There, too, a few pages on.
