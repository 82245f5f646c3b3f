r"""
The formula, term by term
=========================

One of the answers to the question of 2017 wrote the derivative in :math:`\lambda` down as far as

.. math::

   \frac{\partial C}{\partial \lambda}
   = \frac{\partial C_0}{\partial \lambda}
   + \frac{\lambda}{2n} \sum_i 2 w_i \frac{\partial w_i}{\partial \lambda}
   + \frac{1}{2n} \sum_i w_i^2

and stopped: "but how do we compute :math:`\partial w_i / \partial \lambda`?" At the end of this
page you will have a number for each term and for each :math:`\partial w_i / \partial \lambda`. You
will know how much each training step adds to them, and why two of the three terms cancel if
training goes on long enough.
"""

# %%
# One weight
# ----------
#
# The formula is right, so let it be computed as it stands, first for the one weight of the last
# page: :math:`C_0 = \frac12 (w - 2)^2`, :math:`n = 1`, five steps from :math:`w = 1`, all in
# fractions. The missing :math:`\partial w / \partial \lambda` is a derivative like any other.
#
# .. admonition:: Predict first
#
#    Is :math:`dC/d\lambda` positive or negative? And so, should :math:`\lambda` grow or shrink
#    to make this :math:`C` small?

from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import nn
from minigrad.experiments import Classification

with mg.Tape() as tape:
    eta = tape.variable(Fraction(3, 10), name="eta")
    lam = tape.variable(Fraction(1, 10), name="lam")
    w = Fraction(1)
    for _ in range(5):
        w = (1 - eta * lam) * w - eta * (w - 2)
    cost = (w - 2) * (w - 2) / 2 + lam / 2 * w * w

dw_dlam = tape.gradient(w, lam)
terms = {
    "dC0/dlam": (w.value - 2) * dw_dlam,
    "lam w dw/dlam": lam.value * w.value * dw_dlam,
    "w^2 / 2": w.value**2 / 2,
}
for name, term in terms.items():
    print(f"{name:14} {float(term):+.6f}")
print(f"{'sum':14} {float(sum(terms.values())):+.6f}")
assert sum(terms.values()) == tape.gradient(cost, lam)
assert sum(terms.values()) > 0

# %%
# The sum is the number of the tape, with ``==``. It is positive, and most of it is the last term,
# which always is: :math:`C` gets smaller if its own penalty does.

# %%
# A network
# ---------
#
# Now the run of the last page: 64 inputs, 30 hidden units, 10 outputs, a hundred steps on
# mini-batches of 32 digits. :class:`minigrad.experiments.Classification` has it ready made.
# :func:`minigrad.explain` is told of which parts the cost is the sum, and splits the derivative:
# what a part has of :math:`\lambda` itself is *direct*, the rest comes through the weights.


def explained(steps, lam):
    """Train with eta = 0.3, and explain the derivatives of C."""
    digits = Classification(hidden=(30,), steps=steps, batch=32)
    run = mg.TrainingRun(
        init=digits.init,
        step=digits.step,
        cost=digits.training_cost,
        steps=steps,
        batches=digits.batches,
    )
    hypers = {"eta": mg.positive(0.3), "lam": mg.positive(lam)}
    parts = {
        "C0": lambda params, hypers: digits.cross_entropy(params, *digits.data.train),
        "penalty": lambda params, hypers: nn.regularised_cost(0.0, params, hypers["lam"], digits.n),
    }
    return run, hypers, mg.explain(run, hypers, parts=parts)


run, hypers, told = explained(steps=100, lam=2.0)
account = told["lam"]
print("\n".join(account.rows()[:5]))

first = sum(account.through["C0"].values())
second = sum(account.through["penalty"].values())
third = account.direct["penalty"]
whole = mg.hypergradient(run, hypers).gradient["lam"]
assert np.isclose(first + second + third, whole, rtol=1e-10)
assert account.direct["C0"] == 0.0

# %%
# The three terms of the formula are in the table: the first under ``weights`` of ``C0``, the
# second under ``weights`` of ``penalty``, and the third under ``direct``. ``C0`` has no direct
# part, because there is no :math:`\lambda` in it. The sum is the number of the last page.

assert round(account.total, 6) == 0.052726

# %%
# Each :math:`\partial w_i / \partial \lambda`
# --------------------------------------------
#
# The question was how to compute them. Backward mode never does: it carries one number for each
# weight from the end of the training to its beginning, and what it needs is their sum. Forward mode
# carries the :math:`\partial w_i / \partial \lambda` themselves beside the weights, from the first
# step to the last.

weights, slopes = run.train(hypers), told.tangents["lam"]
count = sum(np.size(x) for layer in slopes for x in layer.values())
print(f"{count:,} derivatives; the first of the output weights: {slopes[1]['w'][0, 0]:+.7f}")
assert count == 64 * 30 + 30 + 30 * 10 + 10

# %%
# With them, the second term can be added up just as it is written. And to see that they are what
# they should be, two more trainings, with :math:`\lambda` a little larger and a little smaller:

n = 1000
overlap = sum(np.sum(2 * layer["w"] * dot["w"]) for layer, dot in zip(weights, slopes, strict=True))
by_formula = 2.0 / (2 * n) * overlap
squares = sum(np.sum(layer["w"] ** 2) for layer in weights) / (2 * n)
print(f"second term: {by_formula:.9f} by the formula, {second:.9f} by the way back")
assert np.isclose(by_formula, second, rtol=1e-9)
assert np.isclose(squares, third, rtol=1e-12)

width = 1e-4
more = run.train({"eta": 0.3, "lam": 2.0 + width})
less = run.train({"eta": 0.3, "lam": 2.0 - width})
for layer, slope, high, low in zip(weights, slopes, more, less, strict=True):
    for key in layer:
        assert np.allclose((high[key] - low[key]) / (2 * width), slope[key], rtol=1e-4, atol=1e-8)

# %%
# Two terms that cancel
# ---------------------
#
# The third term is the largest by far. Is that so for every length of training? Here is the
# formula for seven lengths, with a stronger decay, :math:`\lambda = 20`, which needs fewer steps
# to make itself felt.
#
# .. admonition:: Predict first
#
#    A larger :math:`\lambda` makes the weights smaller. As training goes on, what happens to the
#    first term, :math:`C_0`, and to the second?

lengths = (1, 3, 10, 30, 100, 300, 1000)
rows = []
for steps in lengths:
    _, _, long = explained(steps, lam=20.0)
    through = {part: sum(shares.values()) for part, shares in long["lam"].through.items()}
    rows.append((through["C0"], through["penalty"], long["lam"].direct_part))
first, second, third = np.array(rows).T

fig, ax = plt.subplots()
ax.plot(lengths, third, "k:^", label="third: Σ w² / 2n, direct")
ax.plot(lengths, first, "k-o", label="first: C₀, through the weights")
ax.plot(lengths, second, "k--s", label="second: penalty, through the weights")
ax.plot(lengths, first + second, "-", color="tab:red", linewidth=3, label="first + second")
ax.axhline(0.0, color="black", linewidth=0.8)
ax.set(title="What goes through the weights cancels in the end", xscale="log")
ax.set(xlabel="training steps", ylabel="adds to dC/dλ")
ax.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(0.0, 0.62))
plt.show()

print(f"after 1,000 steps: {first[-1]:+.4f} {second[-1]:+.4f} {third[-1]:+.4f}")
assert first[-1] > 0.0 > second[-1]
assert abs(first[-1] + second[-1]) < 0.03 * first[-1]
assert np.all(np.abs(first + second) < 0.15 * third)

# %%
# They grow, one up and one down, until they are mirror images: after a thousand steps less than
# 3 % of either is left of their sum. This is no accident. Together they are
#
# .. math:: \sum_i \frac{\partial C}{\partial w_i} \frac{\partial w_i}{\partial \lambda},
#
# and where training has arrived, at a minimum of :math:`C`, every :math:`\partial C / \partial w_i`
# is zero. It does not matter there how the weights would move. Economists know this as the
# *envelope theorem*: only the direct part stays,
#
# .. math:: \frac{dC}{d\lambda} \to \frac{1}{2n} \sum_i w_i^2 .
#
# For the same reason, a training that has arrived does not care about :math:`\eta`: there is no
# direct part, so nothing stays.

# %%
# Step by step
# ------------
#
# Every step of the training uses :math:`\eta` and :math:`\lambda` once, so what comes through the
# weights is a sum of a hundred terms. ``told.plot()`` draws them, stacked by the arrays of the
# network: ``0 w`` are the weights into the hidden layer, ``1 w`` those out of it.

panels = told.plot()
panels[0].set_title("What each step adds, through the weights: η above, λ below")
plt.show()

rates, decays = told["eta"].by_step, account.by_step
print(f"eta: {np.sum(rates[:98] < 0)} of the first 98 are negative; the last two {rates[98:]}")
print(f"lambda: first half {decays[:50].sum():.5f}, second half {decays[50:].sum():.5f}")
assert np.isclose(rates.sum(), told["eta"].total, rtol=1e-10)
assert np.isclose(decays.sum(), account.weights_part, rtol=1e-10)
assert np.all(rates[:98] < 0)
assert np.all(rates[98:] > np.abs(rates[:98]).max())
assert decays[50:].sum() > 4.0 * decays[:50].sum()

# %%
# Above, 98 steps ask for a larger rate, each of them a little. The last two ask for a smaller
# one, and more loudly: a step on a mini-batch is partly wrong, later steps put it right,
# and after the last there are none. This is why a rate should fall towards the end. Below, the late
# steps have the say: what an early decay takes from the weights, the training gives back, and what
# a late one takes stays taken. The second half adds more than four times as much as the first.

# %%
# What we left out
# ----------------
#
# - **The cost on other images.** It has no direct part at all. ``explain`` without ``parts`` splits
#   it by arrays and by steps.
# - **Where the bands come from.** An array's share is what comes back when the sweep starts at this
#   array only; all of the earlier layers' doing that reaches the cost through it is counted there.
# - **The price.** Forward mode carries as many numbers as there are weights, for each
#   hyperparameter; backward mode has to remember the training. See the page on forward mode.
# - **The limit itself.** :class:`minigrad.Implicit` takes the limit of an endless training as its
#   starting point, and never looks at the steps.
