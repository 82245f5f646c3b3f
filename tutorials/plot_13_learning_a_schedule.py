r"""
Learning a schedule
===================

"We should decrease :math:`\eta` as we get closer to the minimum", says the question, and "the
values of the hyper-parameters will change for every epoch, so there can't be constant optimal
values". At the end of this page you will have learnt a rate for each step, and a small net that
sets them; and you will know why the rates that look best at every single step are worse than one
constant.
"""

# %%
# A training with noise, without dice
# -----------------------------------
#
# Twenty weights, of curvatures :math:`h` between 0.001 and 1. Mini-batches make the gradient noisy:
# it is :math:`h (w - c)`, where :math:`c` has mean 0 and variance 1. The mean square :math:`a` of a
# weight then goes by
#
# .. math:: a \leftarrow (1 - \eta h)^2 a + (\eta h)^2,
#
# so the *expected* loss :math:`\frac12 \sum h a` of a noisy training can be computed without
# drawing a number. The first term wants large rates, the second small ones.

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import nn

curvatures = np.logspace(-3.0, 0.0, 20)


def loss(a):
    """Return the expected loss."""
    return 0.5 * np.sum(curvatures * a)


def step(a, hypers, batch):
    """Take a step on the mean squares of the weights."""
    part = hypers["eta"] * curvatures
    return (1.0 - part) ** 2 * a + part**2


def training(steps):
    """Return the training as a run."""
    return mg.TrainingRun(
        init=lambda hypers: np.full(20, 100.0),
        step=step,
        cost=lambda a, hypers: loss(a),
        steps=steps,
    )


run = training(100)


def best_constant(run):
    """Return the best of 200 constant rates, and its loss."""
    found = mg.grid_search(run, {"eta": np.geomspace(0.1, 1.9, 200)})
    return float(found.points[found.best]["eta"]), float(found.costs[found.best])


constant, constant_loss = best_constant(run)
print(f"best constant rate {constant:.3f}: loss {constant_loss:.3f} after 100 steps")
assert round(constant_loss, 3) == 1.322

# %%
# A hundred rates, one sweep
# --------------------------
#
# :func:`minigrad.per_step` declares an array to be a schedule: step :math:`t` is given entry
# :math:`t`. One backward pass has the derivative in each; together they make that of the constant.

schedule = {"eta": mg.per_step(mg.positive(np.full(100, constant)))}
slopes = mg.hypergradient(run, schedule, mg.Stored()).gradient["eta"]
together = mg.hypergradient(run, {"eta": constant}, mg.Stored()).gradient["eta"]
print(f"step 1: {slopes[0]:.4f}   step 50: {slopes[49]:.4f}   step 100: {slopes[99]:.4f}")
print(f"sum {slopes.sum():.6f}   constant {together:.6f}")
assert np.isclose(slopes.sum(), together, rtol=1e-6, atol=1e-9)

# %%
# The best constant is a compromise: the sum is nearly zero, but the early rates would like to be
# larger, and the last ones smaller. So let them.

assert abs(slopes.sum()) < 0.1 * np.abs(slopes).sum()
assert slopes[0] < 0.0 < slopes[99]

adam = mg.hyper.Adam(0.02)
learnt = mg.tune(run, schedule, 150, optimiser=adam, method=mg.Stored(), patience=50)
rates, learnt_loss = learnt.values["eta"], learnt.best.cost
print(f"loss {constant_loss:.3f} with the constant, {learnt_loss:.3f} with the learnt schedule")
early, late = rates[:25].mean(), rates[-5:].mean()
print(f"mean rate of the first 25 steps {early:.2f}, of the last 5 {late:.2f}")
assert learnt_loss < 0.45
assert early > 4.0 * late

# %%
# Less than a third of the loss is left, and both sentences of the question are right: no constant
# is the optimum, and near the end the rate decreases. Before that, it is above 2 for 80 steps, and
# the most curved direction *grows*. A schedule can afford that, because it knows when the training
# ends: the last rates put it right.

assert rates[:80].min() > 2.0
assert learnt_loss < constant_loss / 3.0

# %%
# The best rate for the next step
# -------------------------------
#
# Is there no cheaper way? At each step, take the rate that makes the loss after *this* step least.
# Here it can be written down:
#
# .. math:: \eta = \frac{\sum h^2 a}{\sum h^3 (a + 1)}
#
# .. admonition:: Predict first
#
#    Each of these rates is the best there is, at its step. Where will a hundred of them end: below
#    the learnt schedule, between it and the constant, or above the constant?

a, greedy = np.full(20, 100.0), []
for _ in range(100):
    eta = np.sum(curvatures**2 * a) / np.sum(curvatures**3 * (a + 1.0))
    a = step(a, {"eta": eta}, None)
    greedy.append(eta)

greedy_loss = loss(a)
print(f"loss {greedy_loss:.3f}")
assert round(greedy_loss, 3) == 2.319
assert learnt_loss < constant_loss < greedy_loss

# %%
# Above. The noise of the *curved* directions can be got rid of at once, by a small rate; the *flat*
# directions need large rates for a long time. Who looks one step ahead sees only the first, lowers
# the rate early, and never gets to the end of the flat ones. This is the *short-horizon bias*.

fig, ax = plt.subplots()
ax.plot(rates, "k-", label=f"learnt through all 100 steps: {learnt_loss:.3f}")
ax.axhline(constant, color="0.5", linestyle="--", label=f"best constant: {constant_loss:.3f}")
ax.plot(greedy, "k:", label=f"best for the next step: {greedy_loss:.3f}")
ax.set_title("Rates that look one step ahead fall too early")
ax.set(xlabel="step", ylabel="learning rate η", ylim=(0.0, None))
ax.legend(frameon=False, title="final loss")
plt.show()

# %%
# How far to look ahead
# ---------------------
#
# :func:`minigrad.hyper.online` trains once. After each window of steps it moves the rate down the
# hypergradient of this window alone, here sixty times, and goes on. With windows of one step it
# finds the greedy rates by itself. With longer ones it looks further.

horizons = (1, 2, 5, 10, 20, 34, 50, 100)
ends = []
for window in horizons:
    online = mg.hyper.online(
        run,
        {"eta": mg.positive(0.8)},
        window=window,
        passes=60,
        optimiser=mg.hyper.Adam(0.1),
    )
    ends.append(online.cost)

print("  ".join(f"{window}: {end:.3f}" for window, end in zip(horizons, ends, strict=True)))
assert np.isclose(ends[0], greedy_loss, rtol=1e-3)
assert ends[:7] == sorted(ends[:7], reverse=True)
assert np.isclose(ends[-1], constant_loss, rtol=1e-3)

fig, ax = plt.subplots()
ax.semilogx(horizons, ends, "ko-", label="one rate for each window")
ax.axhline(constant_loss, color="0.5", linestyle="--", label="best constant")
ax.axhline(learnt_loss, color="k", label="a rate for each step, looking to the end")
ax.set_title("The further a rate looks ahead, the lower the training ends")
ax.set_xticks(horizons, [str(window) for window in horizons])
ax.minorticks_off()
ax.set(xlabel="steps that each rate looks ahead", ylabel="final loss", ylim=(0.0, None))
ax.legend(frameon=False)
plt.show()

# %%
# Up to windows of 50 steps, further is better. With one window of 100 there is one rate for all,
# and that is the best constant again. The learnt schedule is below them all: it has many rates
# *and* looks to the end.

# %%
# A net that sets the rate
# ------------------------
#
# "It is possible to optimize hyperparameters with another neural net", says the question as well.
# A net is told how far the training is and how large the loss is, and answers with a rate between 0
# and 2. Its 33 weights are hyperparameters like any others. The last layer begins at zero, so that
# the net begins with the constant.


begin = np.log(constant / (2.0 - constant))


def steered(steps):
    """Return the training whose rate a net sets."""

    def steered_step(a, net, t):
        told = np.stack([t / steps, 0.1 * np.log(loss(a))])[np.newaxis]
        eta = 2.0 * nn.sigmoid(nn.mlp(net, told)[0, 0] + begin)
        return step(a, {"eta": eta}, None)

    return mg.TrainingRun(
        init=lambda net: np.full(20, 100.0),
        step=steered_step,
        cost=lambda a, net: loss(a),
        steps=steps,
        batches=lambda t: float(t),
    )


net = nn.init_mlp(0, (2, 8, 1))
net[-1]["w"] = np.zeros((8, 1))
assert sum(np.size(x) for x in mg.tree.leaves(net)) == 33

adam = mg.hyper.Adam(0.05)
steering = mg.tune(steered(100), mg.real(net), 150, optimiser=adam, method=mg.Stored())
net_loss = steering.best.cost
print(f"loss {steering.costs[0]:.3f} as it begins, {net_loss:.3f} after 150 outer steps")
assert np.isclose(steering.costs[0], constant_loss, rtol=1e-9)
assert learnt_loss < net_loss < constant_loss / 3.0

# %%
# As good as a hundred free rates, nearly. And a schedule of a hundred rates is good for a hundred
# steps, while a net can be asked in a training of any length.
#
# .. admonition:: Predict first
#
#    The net was trained on 100 steps. Will it beat the best constant in 50? In 1,000?

for steps in (50, 300, 1000):
    other_constant, other_loss = best_constant(training(steps))
    same_net = steered(steps).evaluate(steering.values)
    print(f"{steps:5} steps: best constant {other_loss:.3f}, the same net {same_net:.3f}")
    assert same_net < 0.5 * other_loss

# %%
# In all of them, by more than half. It has learnt to go fast and to slow down towards the end,
# wherever that is.

# %%
# What we left out
# ----------------
#
# - **Real noise.** Here it is an expectation. With drawn batches a schedule can adapt to their
#   order: ``mg.tune(..., seeds="fresh")`` draws new ones for each outer step.
# - **Cheap online rules.** With one pass and windows of one step, :func:`minigrad.hyper.online` is
#   the hypergradient descent of Baydin and others, in one training; the bias is its price.
# - **Nets that set everything**, and are trained on many problems: learned optimisers.
# - **Where the bias comes from.** It needs noise and unequal curvatures; without either, to look
#   one step ahead is not bad at all. Wu, Ren, Liao and Grosse, ICLR 2018, have the theory.
# - **Memory.** Each of these trainings kept all its states. That is the next page.
