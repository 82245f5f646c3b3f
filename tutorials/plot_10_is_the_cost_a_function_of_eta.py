r"""
Is C a function of η? Does λ run to minus infinity?
===================================================

The other answer of 2017 objected, twice. The cost "is not a function of learning rate η", so "you
can't compute the gradient of η". And descent on :math:`\lambda` is no use, since it "will keep
decreasing because its optimal value is obviously :math:`-\infty`". Both are half right. At the end
of this page you will know which half: when :math:`dC/d\eta` is zero, and which cost a weight decay
can be chosen by.
"""

# %%
# At fixed weights
# ----------------
#
# Take a problem that can be solved on paper, ridge regression with three weights in the directions
# of its curvatures :math:`h_i`, trained by :math:`T` steps of descent from zero:
#
# .. math::
#
#    C_0(w) = \tfrac12 \sum_i h_i (w_i - a_i)^2, \qquad
#    w_i \leftarrow w_i - \eta \, \bigl( h_i (w_i - a_i) + \lambda w_i \bigr).
#
# .. admonition:: Predict first
#
#    What is :math:`dC_0/d\eta` after no step at all? After one? After a thousand?

import dataclasses

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad.experiments import Classification

h, a = np.array([1.0, 0.5, 0.25]), np.array([1.0, -2.0, 3.0])


def ridge(steps):
    """Return the training of so many steps; its outer cost is C_0."""
    return mg.TrainingRun(
        init=lambda hypers: np.zeros(3),
        step=lambda w, hypers, batch: w - hypers["eta"] * (h * (w - a) + hypers["lam"] * w),
        cost=lambda w, hypers: np.sum(0.5 * h * (w - a) ** 2),
        steps=steps,
    )


def slope(run, eta, lam):
    """Return the derivative of the outer cost in eta."""
    hypers = {"eta": mg.positive(eta), "lam": mg.positive(lam)}
    return mg.hypergradient(run, hypers, mg.Stored()).gradient["eta"]


lengths = (1, 3, 10, 30, 100, 300, 1000)
of_ridge = np.array([slope(ridge(steps), 0.1, 0.1) for steps in lengths])
print(f"no steps: {slope(ridge(0), 0.1, 0.1)}")
for steps, d_eta in zip(lengths, of_ridge, strict=True):
    print(f"{steps:5} steps: {d_eta:+.1e}")
assert slope(ridge(0), 0.1, 0.1) == 0.0
assert of_ridge[0] < -1.0
assert abs(of_ridge[-1]) < 1e-12

# %%
# Zero without a step, and that is the half that is right: :math:`C` is a function of the weights,
# and there is no :math:`\eta` in it. But after one step there is :math:`\eta` in the *weights*.
#
# In the end it is gone from them, too. A training that goes on for ever arrives at
# :math:`w^\ast_i = h_i a_i / (h_i + \lambda)`, whatever the rate was. The rate only says how fast:
# with :math:`r_i = 1 - \eta (h_i + \lambda)`,
#
# .. math::
#
#    w_i = w^\ast_i (1 - r_i^T), \qquad
#    \frac{\partial w_i}{\partial \eta} = T (h_i + \lambda) \, r_i^{T-1} w^\ast_i .
#
# The derivative first grows with :math:`T`, since there are more steps to use :math:`\eta`, and
# then falls, because :math:`r^T` forgets faster than :math:`T` grows.


def on_paper(steps, eta=0.1, lam=0.1):
    """Return dC_0/d eta by the formula."""
    end, r = h * a / (h + lam), 1 - eta * (h + lam)
    w, dw = end * (1 - r**steps), steps * (h + lam) * r ** (steps - 1) * end
    return np.sum(h * (w - a) * dw)


paper = np.array([on_paper(steps) for steps in lengths])
assert np.allclose(of_ridge[:-1], paper[:-1], rtol=1e-6)

# %%
# On digits
# ---------
#
# Nobody solves a network on paper, but the same can be asked: a 64-32-10 network on 1,000 digits,
# and the cost :math:`C` that it descends, at :math:`\eta = 0.5` and :math:`\lambda = 100`. Once all
# the 1,000 digits are seen in every step, and once a mini-batch of 64.
#
# .. admonition:: Predict first
#
#    With mini-batches, does the derivative go to zero as well?


def digits(steps, batch):
    """Return a training on digits; its outer cost is C, on all training images."""
    task = Classification(steps=steps, batch=batch)
    return dataclasses.replace(task.run, cost=task.training_cost)


whole = np.array([slope(digits(steps, 1000), 0.5, 100.0) for steps in lengths[:-1]])
small = np.array([slope(digits(steps, 64), 0.5, 100.0) for steps in lengths])

fig, ax = plt.subplots()
ring = {"markersize": 13, "markerfacecolor": "none", "markeredgecolor": "tab:red"}
ax.plot(lengths, np.abs(of_ridge), "k:^", label="ridge regression")
ax.plot(lengths[:-1], np.abs(whole), "k-o", label="digits, all in every step")
ax.plot(lengths, np.abs(small), "--s", color="tab:red", label="digits, mini-batches of 64")
ax.plot(lengths[4:], small[4:], "o", **ring, label="positive: η is too large")
ax.set(title="How much the learning rate matters, by length of training")
ax.set(xlabel="training steps T", ylabel="|dC/dη|", xscale="log", yscale="log", ylim=(1e-6, 20))
ax.legend(frameon=False, fontsize="small", loc="lower left")
plt.show()

for steps, one, other in zip(lengths, whole, small, strict=False):
    print(f"{steps:5} steps: all {one:+.4f}, mini-batches {other:+.4f}")
print(f"{lengths[-1]:5} steps:              mini-batches {small[-1]:+.4f}")
assert np.all(whole < 0.0)
assert np.argmin(of_ridge) == np.argmin(whole) == np.argmin(small) == 2  # at ten steps
assert abs(whole[-1]) < 0.01 * abs(whole[2])
assert np.all(small[:4] < 0.0)
assert np.all(small[4:] > 0.03)

# %%
# With all digits in every step the picture is that of the ridge regression, drawn out: the
# derivative grows for ten steps, and after 300 it is less than a hundredth of what it was. With
# mini-batches it does something else. It changes its sign, which the large circles show, and stays.
# Such a training does not arrive: it goes on hopping about the minimum, the further the larger the
# rate is, and that costs. So the rate matters for ever, and now a *smaller* one would be better.
#
# Both at once, :math:`\eta` large at first and small later, is what the question of 2017 knew
# already: "we should decrease η as we get closer to the cost function minima". How fast, will be
# learnt a few pages on.

# %%
# Descent on λ
# ------------
#
# Now the second objection. One weight, :math:`C = \frac12 (w - 2)^2 + \frac{\lambda}{2} w^2`, and
# descent on both :math:`w` and :math:`\lambda` with a rate of 0.1.

w, lam = 1.0, 0.1
for step in range(1, 26):
    w, lam = w - 0.1 * (w - 2.0 + lam * w), lam - 0.1 * 0.5 * w * w
    if step in (10, 20, 25):
        print(f"after {step} steps lambda = {lam:.3g}")
assert lam < -1e10

# %%
# It is right, then, and even too polite: :math:`\lambda` does not drift away, it explodes. But what
# was asked for? A :math:`C` with its penalty in it is the cost that the *training* descends. To
# choose :math:`\lambda` by it is to ask for the least penalty. There are other costs to judge a
# trained network by.

# %%
# Three outer costs
# -----------------
#
# A regression with 10 weights and 40 examples, with noise of variance :math:`\sigma^2 = 2.25`, and
# a design so regular (:math:`X^\top X / n = 1`) that everything can be known. Train for each
# :math:`\lambda` to the end, and judge what comes out
#
# - by :math:`C` itself, penalty included;
# - by :math:`C_0`, how well the training examples are met;
# - by the expected error on *new* examples: what the shrinking does wrong, and what is left of the
#   noise, :math:`(p \sigma^2 / n) / (1 + \lambda)^2`. It is least at
#   :math:`\lambda^\ast = p \sigma^2 / n \lVert a \rVert^2 = 0.28125`.
#
# .. admonition:: Predict first
#
#    All three descents start at :math:`\lambda = 0.6`. Where does each of them go?

p, n, variance = 10, 40, 2.25
a = np.full(p, np.sqrt(0.2))
best = p * variance / (n * np.sum(a**2))

outer = {
    "C, with its penalty": lambda w, lam: 0.5 * np.sum((w - a) ** 2) + 0.5 * lam * np.sum(w**2),
    "C₀, training": lambda w, lam: 0.5 * np.sum((w - a) ** 2),
    "error on new examples": lambda w, lam: (
        0.5 * np.sum((w - a) ** 2) + 0.5 * p * variance / n / (1.0 + lam) ** 2
    ),
}
runs = {
    name: mg.TrainingRun(
        init=lambda hypers: np.zeros(p),
        step=lambda w, hypers, batch: w - 0.5 * (w - a + hypers["lam"] * w),
        cost=lambda w, hypers, judge=judge: judge(w, hypers["lam"]),
        steps=60,
    )
    for name, judge in outer.items()
}


def descend(run, lam, outer_steps=40):
    """Return the path of plain descent on lambda, as far as it stays above -0.8."""
    path = [lam]
    while len(path) <= outer_steps and path[-1] > -0.8:
        path.append(path[-1] - 0.5 * mg.hypergradient(run, {"lam": path[-1]}).gradient["lam"])
    return np.array(path)


paths = {name: descend(run, 0.6) for name, run in runs.items()}
for name, path in paths.items():
    print(f"{name:22} {len(path) - 1:2} steps, to lambda = {path[-1]:+.5f}")

of_c, of_c0, of_error = paths.values()
assert len(of_c) < 12
assert of_c[-1] < -0.8
assert abs(of_c0[-1]) < 1e-6
assert np.isclose(best, 0.28125)
assert np.isclose(of_error[-1], best, atol=1e-6)

# %%
# In the picture, each curve is what one cost has to say about :math:`\lambda`, and the dots are the
# descent on it.

axis = np.linspace(-0.45, 0.8, 60)
fig, ax = plt.subplots()
for (name, run), look, marker in zip(runs.items(), ("-", "--", ":"), "os^", strict=True):
    ax.plot(axis, [run.evaluate({"lam": lam}) for lam in axis], f"k{look}")
    path = paths[name][paths[name] > axis[0]]
    dots = [run.evaluate({"lam": lam}) for lam in path]
    ax.plot(path, dots, marker, color="tab:red", markersize=5)
    ax.plot([], [], f"{look}{marker}", color="black", markerfacecolor="tab:red", label=name)
ax.axvline(0.0, color="0.7", linewidth=0.8)
ax.axvline(best, color="0.7", linewidth=0.8)
ax.annotate("λ*", (best, 0.9), (4, 0), textcoords="offset points")
ax.set(title="Where λ goes depends on what is called the cost", ylim=(-0.9, 1.2))
ax.set(xlabel="weight decay λ", ylabel="outer cost after training")
ax.legend(frameon=False, fontsize="small", loc="lower right")
plt.show()

# %%
# :math:`C` has no minimum, and the descent on it falls off the left edge: as training has arrived,
# only the direct part :math:`\frac12 \sum_i w_i^2` is left of its slope, which is never negative.
# :math:`C_0` ends at zero: any decay at all keeps the weights from meeting the training examples.
# The error on new examples has a finite answer, and the descent finds it.
#
# This is what validation data are for, and why this project judges by them.

# %%
# A λ that stays positive
# -----------------------
#
# Could a bound :math:`\lambda > 0` not save the descent on :math:`C`? One is had for nothing if one
# descends on :math:`u = \log \lambda`; :func:`minigrad.positive` says so to :func:`minigrad.tune`.

for name, run in runs.items():
    tuned = mg.tune(run, {"lam": mg.positive(0.6)}, 40, method=mg.Stored())
    lams = tuned.values_over_steps["lam"]
    print(f"{name:22} lambda = {tuned.values['lam']:.6f}, least on the way {lams.min():.1e}")
    assert np.all(lams > 0.0)
    if name == "error on new examples":
        assert np.isclose(tuned.values["lam"], best, rtol=1e-4)
    else:
        assert tuned.values["lam"] < 1e-6

# %%
# No :math:`\lambda` on the way was negative. And where :math:`C` is the outer cost, the answer of
# 2017 comes true at last, for :math:`u`: its optimal value is obviously :math:`-\infty`.

# %%
# What we left out
# ----------------
#
# - **Validation data.** We took the expected error. Forty examples put aside estimate it, and
#   :math:`\lambda` can be fitted to *them* as well, if there are many hyperparameters.
# - **The three costs on digits.** The page on a real run descends on their validation cost.
# - **When the derivative in η is large and means nothing.** That is the next page.
# - **Trainings that never end.** :class:`minigrad.Implicit` has their derivative in
#   :math:`\lambda`; in :math:`\eta` it is zero.
