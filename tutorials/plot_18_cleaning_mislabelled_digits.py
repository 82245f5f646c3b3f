r"""
Cleaning mislabelled digits
===========================

A hyperparameter need not be one number, or two. Here every training example has a weight of its
own, a thousand of them, and half of the examples have a wrong label. One sweep through the training
gives the derivative of the validation cost in all thousand weights. At the end you will have found
most of the wrong labels by it, without anybody looking at an image, and will know what that is
worth.
"""

# %%
# Half of the labels are wrong
# ----------------------------
#
# There are 1,000 images to train on. Of 500, chosen at random, the label is replaced by another
# digit. Then there are 200 validation images whose labels are right: somebody has taken care of
# those.

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import nn, optim

data = mg.datasets.digits()
rng = np.random.default_rng(0)
x, truth = data.train
n = len(x)
flipped = np.zeros(n, dtype=bool)
flipped[rng.permutation(n)[: n // 2]] = True
given = np.where(flipped, (truth + rng.integers(1, 10, size=n)) % 10, truth)
assert np.array_equal(given != truth, flipped)
assert flipped.sum() == 500

clean_x, clean_y = data.validation.x[:200], data.validation.y[:200]

# %%
# A weight for each example
# -------------------------
#
# Training is a hundred steps of gradient descent on the *weighted* cost
#
# .. math:: C_h = \frac{1}{n} \sum_i h_i \, C_i, \qquad 0 < h_i < 1,
#
# in which :math:`C_i` is the cross-entropy of example :math:`i` with the label that it was given.
# An example of weight 0 is not there. The hyperparameters are the :math:`h_i`; the outer cost is
# the plain cross-entropy on the clean images.

labels = nn.one_hot(given, 10)
start = nn.init_mlp(np.random.default_rng(0), (64, 30, 10))


def weighted_cost(params, weights):
    """Return the cross-entropy of the training examples, each with its weight."""
    return -np.sum(weights[:, None] * labels * nn.log_softmax(nn.mlp(params, x))) / n


def step(params, hypers, batch):
    """Take a step down the weighted cost."""
    gradient = mg.grad(weighted_cost)(params, hypers["weights"])
    return optim.sgd.update(params, gradient, (), eta=1.0)[0]


def clean_cost(params, hypers):
    """Return the cross-entropy on the clean images."""
    return nn.cross_entropy(nn.mlp(params, clean_x), clean_y)


run = mg.TrainingRun(init=lambda hypers: start, step=step, cost=clean_cost, steps=100)


def right_on_test(weights):
    """Train with these weights; return the share of the test images that are told right."""
    params = run.train({"weights": weights})
    return nn.accuracy(nn.mlp(params, data.test.x), data.test.y)


# %%
# Three marks to measure by: all examples alike; the *oracle*, who knows which labels are wrong and
# leaves them out; and the clean images alone, because who has 200 right labels can train on these
# and forget the rest.

by_clean = mg.TrainingRun(
    init=lambda hypers: start,
    step=lambda params, hypers, batch: optim.sgd.update(
        params, mg.grad(clean_cost)(params, None), (), eta=1.0
    )[0],
    cost=clean_cost,
    steps=100,
)
marks = {
    "all labels": right_on_test(np.ones(n)),
    "200 clean alone": nn.accuracy(nn.mlp(by_clean.train({}), data.test.x), data.test.y),
    "oracle": right_on_test(np.where(flipped, 0.0, 1.0)),
}
for what, share in marks.items():
    print(f"{what:16}{share:7.2%}")
assert marks["all labels"] < marks["200 clean alone"] < marks["oracle"]

# %%
# One sweep, a thousand derivatives
# ---------------------------------
#
# All weights begin at a half.
#
# .. admonition:: Predict first
#
#    If :math:`dC/dh_i` is positive, then a little less of example :math:`i` makes the clean cost
#    smaller. Of the wrong labels, how many will the sign of this one number give away?

hypers = {"weights": mg.unit_interval(np.full(n, 0.5))}
first = mg.hypergradient(run, hypers)
slopes = first.gradient["weights"]
assert slopes.shape == (n,)


def precision_and_recall(suspected):
    """Return the share of the suspected that are wrong, and of the wrong that are suspected."""
    both = np.sum(suspected & flipped)
    return both / suspected.sum(), both / flipped.sum()


precision, recall = precision_and_recall(slopes > 0.0)
print(f"suspected {np.sum(slopes > 0.0)}: precision {precision:.1%}, recall {recall:.1%}")
assert precision > 0.95
assert recall > 0.85

# %%
# Most of them, before any descent. A hundred steps of training forward and one sweep back tell what
# each of the thousand examples did to the cost. By differences it would take a thousand trainings,
# and one more.
#
# Is it true? Take the example with the steepest slope, change its weight a little both ways, and
# train again:

i, h = int(np.argmax(slopes)), 1e-5
nudge = h * (np.arange(n) == i)
up, down = (run.evaluate({"weights": 0.5 + sign * nudge}) for sign in (1.0, -1.0))
print(f"by the tape {slopes[i]:.9f}, by differences {(up - down) / (2 * h):.9f}")
assert np.isclose(slopes[i], (up - down) / (2 * h), rtol=1e-6)
assert flipped[i]

# %%
# Downhill
# --------
#
# Ten outer steps on all thousand weights at once.

tuned = mg.tune(run, hypers, outer_steps=10)
weights = tuned.values["weights"]
precision, recall = precision_and_recall(weights < 0.5)
marks["tuned weights"] = right_on_test(weights)

print(f"clean cost {tuned.costs[0]:.3f} -> {tuned.best.cost:.3f}")
print(f"suspected {np.sum(weights < 0.5)}: precision {precision:.1%}, recall {recall:.1%}")
for what, share in marks.items():
    print(f"{what:16}{share:7.2%}")
assert tuned.best.cost < 0.3 * tuned.costs[0]
assert precision > 0.94
assert recall > 0.9
assert marks["tuned weights"] > marks["200 clean alone"]
assert abs(marks["tuned weights"] - marks["oracle"]) < 0.02

# %%
# Of the examples whose weight went down nearly all have wrong labels, and few wrong labels are
# missed. With the tuned weights the network does as well on the test images as with the oracle's,
# as far as 400 images can tell, and better than from the clean images alone.

fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.6), width_ratios=[1.6, 1.0])
bins = np.linspace(0.0, 1.0, 11)
left.hist(
    [weights[~flipped], weights[flipped]],
    bins,
    color=["white", "0.3"],
    edgecolor="black",
    label=["right label", "wrong label"],
)
left.set(title="The weights after ten steps", xlabel="weight", ylabel="examples")
left.legend(frameon=False, loc="upper center")
bars = right.barh(
    [*marks], [*marks.values()], color=["0.9", "0.9", "0.9", "0.3"], edgecolor="black"
)
right.bar_label(bars, fmt="{:.1%}", padding=3)
right.set(title="Right on the test images", xlim=(0.0, 1.2))
right.invert_yaxis()
right.xaxis.set_visible(False)
right.spines["bottom"].set_visible(False)
plt.show()

# %%
# On the left: the weights went to the ends, those of wrong labels nearly all to 0 and those of
# right ones to 1. On the right: a label that is wrong costs more than one that is missing, and the
# weights make it one that is missing.

# %%
# The suspects
# ------------
#
# Here are the ten examples with the steepest first slopes, with the label that each was given.
# These are what one would show to somebody who is to look through the data.

order = np.argsort(-slopes)[:10]
print(f"{np.sum(flipped[order])} of 10 have a wrong label")
assert np.sum(flipped[order]) == 10

fig, axs = plt.subplots(1, 10, figsize=(8.4, 1.7))
for ax, i in zip(axs, order, strict=True):
    ax.imshow(x[i].reshape(8, 8), cmap="Greys")
    ax.set_title(f"“{given[i]}”")
    ax.set_axis_off()
fig.suptitle("The ten most harmful examples, and what they were said to be")
plt.show()

# %%
# What we left out
# ----------------
#
# - **That the clean images have been used.** The weights were chosen by them, so their cost after
#   tuning is too good; that is what the test images are for. With very few of them, a thousand
#   weights can be fitted to what is accidental in those few.
# - **Chance.** One test image is a quarter of a percent, and with 400 of them one or two percent
#   between two trainings mean nothing. The distance to training on all labels is many times that.
# - **Mistakes as people make them.** Ours are random. Those who take a 4 for a 9 do so again and
#   again, and are harder to find.
# - **Cheaper ways.** The slope of one step, or influence functions, give much of this for less.
# - **Where it comes from.** Hyperparameters by the thousand, one for each example or each pixel,
#   are an idea of Maclaurin, Duvenaud and Adams, `arXiv:1502.03492
#   <https://arxiv.org/abs/1502.03492>`_.
