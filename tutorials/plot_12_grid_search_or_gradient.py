r"""
Grid search or gradient?
========================

"Usually grid search is easy enough to apply and thus that is what is used", says the answer to
Nielsen's reader; and whoever wants gradients "must apply other black-box methods". At the end of
this page you will know for how many hyperparameters a grid is the cheaper one, counted in
trainings, and what black boxes pay for a gradient.
"""

# %%
# Five things to choose
# ---------------------
#
# A small network learns handwritten digits in 50 steps of momentum. To be chosen are the learning
# rate, the weight decay of the first layer, the momentum, the scale of the first weights, and the
# weight decay of the last layer. What is not among the hyperparameters stays as in ``start``.

import time

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import datasets, nn, optim, tree

start = {"eta": 0.1, "lam": 1.0, "mu": 0.5, "scale": 0.5, "tail": 1.0}
digits = datasets.digits()
begin = nn.init_mlp(0, (64, 16, 10))
steps = 50


def mean_cost(params, images, labels):
    """Return the mean cost of the network on images."""
    return nn.cross_entropy(nn.mlp(params, images), labels)


def init(hypers):
    """Return the first weights, to scale, and velocities of zero."""
    scale = {**start, **hypers}["scale"]
    return tree.map(lambda w: w * scale, begin), optim.momentum.init(begin)


def step(state, hypers, batch):
    """Take a step of momentum with weight decay."""
    params, velocity = state
    h = {**start, **hypers}
    grads = mg.grad(lambda params: mean_cost(params, *batch))(params)
    rates = {"eta": h["eta"], "lam": [h["lam"], h["tail"]], "mu": h["mu"]}
    return optim.momentum.update(params, grads, velocity, **rates, n=len(digits.train.x))


run = mg.TrainingRun(
    init=init,
    step=step,
    cost=lambda state, hypers: mean_cost(state[0], *digits.validation),
    steps=steps,
    batches=datasets.batches(*digits.train, size=64, steps=steps),
)

# %%
# Two ways to choose
# ------------------
#
# A grid tries five values of each, in all combinations. A descent starts from ``start`` and takes
# 15 outer steps; each is one training, with a way back that gives all derivatives at once.
#
# .. admonition:: Predict first
#
#    With one, two, three, four hyperparameters: how many trainings does each of them take, and
#    from where on is the descent the cheaper one?

values = {
    "eta": np.geomspace(0.03, 3.0, 5),
    "lam": np.geomspace(0.01, 100.0, 5),
    "mu": np.linspace(0.1, 0.9, 5),
    "scale": np.geomspace(0.1, 3.0, 5),
    "tail": np.geomspace(0.01, 100.0, 5),
}
domains = {"mu": mg.unit_interval}  # all others are positive


def descent(count):
    """Descend on so many hyperparameters; return the trainings, the lowest cost and the seconds."""
    names = list(start)[:count]
    hypers = {name: domains.get(name, mg.positive)(start[name]) for name in names}
    began = time.perf_counter()
    tuned = mg.tune(run, hypers, 15, method=mg.Stored())
    seconds = time.perf_counter() - began
    trainings = sum(outer.result.stats.steps_run for outer in tuned.history) / steps
    return trainings, tuned.best.cost, seconds


def grid(count):
    """Search a grid of so many hyperparameters; return the same."""
    began = time.perf_counter()
    found = mg.grid_search(run, {name: values[name] for name in list(start)[:count]})
    return len(found.costs), found.costs[found.best], time.perf_counter() - began


descents = {count: descent(count) for count in (1, 2, 3, 4, 5)}
grids = {count: grid(count) for count in (1, 2, 3, 4)}

print(f"{'':15}{'trainings':>12}{'lowest cost':>18}{'seconds':>14}")
print(f"{'':15}{'grid':>6}{'down':>6}{'grid':>9}{'down':>9}{'grid':>7}{'down':>7}")
for count, (trained, lowest, seconds) in grids.items():
    trained_2, lowest_2, seconds_2 = descents[count]
    print(
        f"{count} to choose    {trained:6}{trained_2:6.0f}{lowest:9.4f}{lowest_2:9.4f}"
        f"{seconds:7.2f}{seconds_2:7.2f}"
    )

assert [trained for trained, *_ in grids.values()] == [5, 25, 125, 625]
assert [trained for trained, *_ in descents.values()] == [15, 15, 15, 15, 15]
assert all(descents[count][1] < 1.1 * grids[count][1] for count in grids)

# %%
# With one hyperparameter the grid wins: 5 trainings are fewer than 15. With two the descent needs
# fewer; but its trainings take longer, because each also goes back. How much longer depends on the
# machine; let us call it :math:`c` and measure it here. The descent is cheaper as soon as
# :math:`15 c < 5^k`. If :math:`c` is below 8, that is from :math:`k = 3` on.

with_way_back = descents[4][2] / 15
ratio = with_way_back / (grids[4][2] / 625)
print(f"a training with its way back takes as long as {ratio:.1f} without it here")

# %%
# In the picture the descent is a horizontal line: with five hyperparameters, or five hundred, one
# backward sweep gives all derivatives. The grid multiplies by five each time; its last point,
# 3,125 trainings, was not worth the wait.
#
# And what do they find? The grid sees five values of each, the descent may stop anywhere. It came
# lower with one, two and three hyperparameters. With four, the grid of 625 is ahead, by less than
# a tenth. One thing more to choose is no help to a descent by itself: with two it ends above where
# it ended with one, since its 15 steps have to do for both.

lower = [count for count in grids if descents[count][1] < grids[count][1]]
assert lower == [1, 2, 3]
assert descents[2][1] > descents[1][1]

fig, (left, right) = plt.subplots(1, 2, figsize=(8.0, 3.6))
counts = np.arange(1, 6)
left.semilogy(counts, 5.0**counts, "k--s", fillstyle="none", label="grid of 5 values each")
left.semilogy(counts, [trained for trained, *_ in descents.values()], "ko-", label="descent")
left.set(xlabel="hyperparameters", ylabel="trainings", title="What it takes")
left.legend(frameon=False)
right.plot(list(grids), [cost for _, cost, _ in grids.values()], "k--s", fillstyle="none")
right.plot(list(descents), [cost for _, cost, _ in descents.values()], "ko-")
right.set(xlabel="hyperparameters", ylabel="lowest validation cost", title="What it gives")
right.set_ylim(0.0, 0.2)
plt.show()

# %%
# Gradients by black boxes
# ------------------------
#
# Now the other sentence. A black box can be asked for the cost, and for nothing else. Let it find
# the derivatives in a learning rate for each step, 50 numbers, and the weight decay.
# :func:`minigrad.compare` holds methods against the exact gradient, at the same point:
#
# - *finite differences* move each number in both directions;
# - an *evolution strategy* moves all of them at random, in 50 directions and their opposites;
# - *truncation* is no black box: it goes back, but only over the last 25 steps.
#
# .. admonition:: Predict first
#
#    Which of the three is nearly exact, and what does it pay for that?

schedule = {"eta": mg.per_step(mg.positive(np.full(steps, 0.3))), "lam": mg.positive(1.0)}
methods = [mg.FiniteDifference(), mg.Evolution(pairs=50), mg.Truncated(last=25)]
compared = mg.compare(run, schedule, methods)
print(compared)

differences, evolution, truncated = compared.trials
assert compared.reference.trainings == 1
assert differences.trainings == 1 + 2 * 51
assert evolution.trainings == 1 + 2 * 50
assert truncated.trainings == 1
assert differences.error < 1e-5

# %%
# Finite differences. They need two trainings for each of 51 numbers and one for the cost, 103 in
# all, and the bill grows with every number. The evolution strategy may take as few trainings as it
# likes, but what it finds is so rough that most of it is noise. Truncation is as cheap as the exact
# gradient, and off in another way: it can't see what the first rates did.

assert evolution.error > 0.5
assert truncated.error > 0.1

ax = compared.plot()
ax.set_title("A black box pays in trainings, or in errors")
ax.axvline(1.0, color="0.7", linestyle=":")
plt.show()

# %%
# The method that beats these three is not in the picture, as zero has no logarithm: the exact
# gradient takes one training, on the dotted line, and has no error but rounding.
#
# So black boxes *can* be used, and there are costs for which they must: a count of errors has no
# slope, nor has the number of layers. But they are not needed where training is a program of
# ordinary operations.

# %%
# What we left out
# ----------------
#
# - **Random search**, :func:`minigrad.random_search`. It does not grow as :math:`5^k`, and is what
#   to take in place of a grid when there are more than two things to choose.
# - **Many machines.** A grid can train everywhere at once, see ``executor=``; a descent has to wait
#   for each step.
# - **Forward mode**, :class:`minigrad.Forward`, which is exact as well and for one or two
#   hyperparameters needs neither a way back nor memory for it.
# - **A grid around the end of the descent.** The two get along well.
# - **Overfitting the validation images.** Fifty rates are a small risk, per-weight decays a large
#   one.
# - **Whether a schedule is worth its fifty numbers.** That is the next page.
