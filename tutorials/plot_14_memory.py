r"""
Memory: storing, checkpointing, reversing
=========================================

To go back through a training one needs the states that it went through, and a long training went
through many. At the end of this page you will know three ways to have them: keep them all, keep a
few and run the steps between them again, or keep the last one and undo the steps. All three give
the same gradient.
"""

# %%
# A training that can do all three
# --------------------------------
#
# A network of 2,410 weights learns handwritten digits with momentum,
#
# .. math:: v \leftarrow \beta v + g(w), \qquad w \leftarrow w - \eta v.
#
# A :class:`minigrad.hyper.MomentumRun` is a run whose step is known to be this one; the third way
# needs that.

from math import comb, log2

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import datasets, nn

digits = datasets.digits()
batches = datasets.batches(*digits.train, size=64, steps=600)
calls = []  # of step t, each time that it is run


def mean_cost(params, images, labels):
    """Return the mean cost of the network on images."""
    return nn.cross_entropy(nn.mlp(params, images), labels)


def batch(t):
    """Return the batch of step t, and write down that it was asked for."""
    calls.append(t)
    return batches[t % len(batches)]


def training(steps):
    """Return the training as a run."""
    return mg.hyper.MomentumRun(
        init=lambda hypers: nn.init_mlp(0, (64, 32, 10)),
        gradient=lambda w, hypers, given: mg.grad(lambda w: mean_cost(w, *given))(w),
        cost=lambda w, hypers: mean_cost(w, *digits.validation),
        steps=steps,
        batches=batch,
    )


run = training(200)
hypers = {"eta": mg.positive(0.1), "beta": mg.unit_interval(0.9)}
weights = sum(np.size(x) for x in mg.tree.leaves(run.train(hypers)["w"]))
assert weights == 2410

# %%
# Keep them all
# -------------
#
# :class:`minigrad.Recorded` has the whole training on one tape. :class:`minigrad.Stored` keeps of
# each step its state and what its way back will read, and no more.

recorded = mg.hypergradient(run, hypers, mg.Recorded())
stored = mg.hypergradient(run, hypers, mg.Stored())
print(
    f"Recorded: {recorded.stats.tape_bytes / 1e6:5.1f} MB, dC/deta {recorded.gradient['eta']:.15f}"
)
print(f"Stored:   {stored.stats.kept_bytes / 1e6:5.1f} MB, dC/deta {stored.gradient['eta']:.15f}")

shorter = mg.hypergradient(training(100), hypers, mg.Stored())
assert np.isclose(stored.gradient["eta"], recorded.gradient["eta"], rtol=1e-12)
assert stored.stats.kept_bytes < 0.55 * recorded.stats.tape_bytes
assert stored.stats.kept_bytes == 2 * shorter.stats.kept_bytes

# %%
# About half the memory. But both grow with the number of steps, and at a hundred thousand of
# them either is too much.

# %%
# Keep a few, and run the rest again
# ----------------------------------
#
# :class:`minigrad.Checkpointed` keeps no more than ``snapshots`` states. To go back over a step, it
# starts from the nearest of them before it and runs forward; a place that has become free is used
# again.
#
# .. admonition:: Predict first
#
#    Thirty steps, four snapshots. How often is the step run again that is run most often?
#
# Whenever a step is run it asks for its batch, and once more when the way back reaches it. So
# ``calls`` is a diary of the work:

short = training(30)
four = mg.Checkpointed(snapshots=4)
mg.hypergradient(short, hypers, four)  # once before, to compile
calls.clear()
few = mg.hypergradient(short, hypers, four)
again = np.bincount(calls) - 2  # without the first time, and the way back

fig, ax = plt.subplots()
ax.plot(calls, "k.-", linewidth=0.8)
ax.set_title("Thirty steps, four snapshots: forward in leaps, and back")
ax.set(xlabel="work done", ylabel="step that is run")
plt.show()

print(f"{few.stats.steps_rerun} steps were run again, none more than {again.max()} times")
assert few.stats.steps_rerun == again.sum() == 69
assert again.max() == 3

# %%
# The dots climb to the last step, go back a little, climb again from a snapshot. Where the curve
# falls to 0, the second half is done, and its snapshots are free for the first. This is *revolve*,
# by Griewank and Walther, and no order needs fewer steps. With :math:`s` snapshots, :math:`T` steps
# are run again
#
# .. math::
#
#    t(T, s) = r T - \binom{s + r}{s + 1} \quad \text{times, with the smallest } r
#    \text{ for which } \binom{s + r}{s} \ge T.


def steps_again(steps, snapshots):
    """Return how many steps are run again, by the formula."""
    r = next(r for r in range(steps) if comb(snapshots + r, snapshots) >= steps)
    return r * steps - comb(snapshots + r, snapshots + 1)


print(f"{'snapshots':>9}{'run again':>11}{'by formula':>12}{'kept':>10}")
for snapshots in (3, 5, 10, 20, 50):
    result = mg.hypergradient(run, hypers, mg.Checkpointed(snapshots=snapshots))
    counted, foretold = result.stats.steps_rerun, steps_again(200, snapshots)
    print(f"{snapshots:9}{counted:11}{foretold:12}{result.stats.kept_bytes / 1e6:7.2f} MB")
    assert counted == foretold
    assert result.cost == stored.cost
    assert result.gradient == stored.gradient

# %%
# The counts are those of the formula, and the gradients are *equal* to those of
# :class:`minigrad.Stored`, by ``==``: the same operations run on the same numbers, only some of
# them more often.

# %%
# What will it take?
# ------------------
#
# :func:`minigrad.hyper.forecast` times the first step and says so for every method before anything
# is run. Here for a training of 150,000 steps, of which 50 MB may be kept. The seconds are those of
# the machine that made this page.

forecast = mg.hyper.forecast(training(150_000), hypers, memory="50 MB")
print(forecast)
rows = forecast.rows
assert not rows["Stored"].fits
assert rows["Stored"].kept_bytes > 10e9
assert rows["Checkpointed"].fits
assert rows["Checkpointed"].steps_rerun < 150_000
assert rows["Forward"].kept_bytes < 1e6

# %%
# More than 10 GB are too much; a checkpointed way back fits, and runs no step more than once again.
# It does so by keeping all of a whole *stretch* of steps at a time. Forward mode has nothing to
# keep but tangents, one for each hyperparameter: with two of them it is hard to beat.
#
# One may also say what there is, and leave the rest to the method:

modest = mg.hypergradient(run, hypers, mg.Checkpointed(memory="1 MB"))
print(f"{modest.stats.method}: {modest.stats.kept_bytes / 1e6:.2f} MB")
assert modest.stats.kept_bytes <= 1e6
assert modest.gradient == stored.gradient

# %%
# Keep the last one, and undo
# ---------------------------
#
# A step of momentum can be solved for what was before it: :math:`w + \eta v`, then
# :math:`(v - g) / \beta`. In floats that fails, because :math:`\beta v` is rounded, and what has
# been rounded off is magnified on the way back. :class:`minigrad.hyper.Reversible` trains in whole
# numbers and *keeps* what the multiplication by :math:`\beta` drops. That is
# :math:`\log_2(1 / \beta)` bits for each weight and step, where a float has 64.
#
# .. admonition:: Predict first
#
#    How many bits are that for :math:`\beta = \frac12`, and how many for 0.9?

reversible = mg.hypergradient(run, hypers, mg.hyper.Reversible())
print(f"Reversible: {reversible.stats.kept_bytes / 1e6:.2f} MB, {reversible.stats.why}")
print(f"dC/deta {reversible.gradient['eta']:.15f}, as stored {stored.gradient['eta']:.15f}")
assert 69e3 < reversible.stats.kept_bytes < 71e3 < 16e6 < stored.stats.kept_bytes < 17e6
assert 2 * 8 * weights > 0.5 * reversible.stats.kept_bytes
for name in hypers:
    assert np.isclose(reversible.gradient[name], stored.gradient[name], rtol=1e-9)

# %%
# 70 kB in place of 17 MB, and more than half of that is the last weights and velocities themselves.
# The gradient is that of a training in whole numbers, which differs from the one in floats by
# rounding; so this time it agrees to many digits, but not to the last.
#
# Now for the bits, in a longer training. As :math:`\beta` is larger, so much less is forgotten.

betas = (0.5, 0.7, 0.8, 0.9, 0.95)
longer = training(600)
bits = []
for beta in betas:
    at = {"eta": mg.positive(1.0 - beta), "beta": mg.unit_interval(beta)}
    result = mg.hypergradient(longer, at, mg.hyper.Reversible())
    bits.append(float(result.stats.why.split()[0]))
    print(f"beta {beta:4}: {bits[-1]:.3f} bits, log2(1/beta) = {log2(1.0 / beta):.3f}")
    assert log2(1.0 / beta) * 0.995 < bits[-1] < log2(1.0 / beta) + 6.0 / 600

fig, ax = plt.subplots()
curve = np.linspace(0.45, 0.99, 100)
ax.plot(curve, np.log2(1.0 / curve), "k-", label="log₂(1/β)")
ax.plot(betas, bits, "ko", fillstyle="none", markersize=8, label="kept by Reversible")
ax.set_title("What momentum forgets is all that has to be kept")
ax.set(xlabel="momentum β", ylabel="bits for each weight and step", ylim=(0.0, None))
ax.legend(frameon=False)
plt.show()

# %%
# One bit for :math:`\beta = \frac12`: halving a whole number drops its last one. At 0.9 it is
# 0.152, and a little more is kept. Without momentum, :math:`\beta = 0`, all would be forgotten, and
# nothing is left to reverse.

assert log2(2.0) == 1.0
assert round(log2(1.0 / 0.9), 3) == 0.152

# %%
# Which one?
# ----------
#
# ``mg.hypergradient(run, hypers)`` chooses by itself, from the forecast: a fast exact method
# that fits. As a rule: forward for one or two hyperparameters, stored as long as it fits,
# checkpointed when it does not. Reversing is three times the work of storing, at the least; it is
# here because it is beautiful.

assert reversible.stats.steps_run == 3 * 200

# %%
# What we left out
# ----------------
#
# - **The disk.** ``mg.Checkpointed(disk=True)`` has its snapshots in a file.
# - **How a fraction of a bit is kept**: as a digit in a number of base :math:`d`, for
#   :math:`\beta = n / d`; the file ``reversible.py`` is short. It is due to Maclaurin, Duvenaud and
#   Adams, ICML 2015.
# - **Approximations.** :class:`minigrad.Truncated` keeps only the last steps;
#   :class:`minigrad.Implicit` only the last state, and asks that training has converged.
# - **Why a stored step is so much smaller than its tape.** It is a program then, of which the way
#   back reads only a part. That is the next page.
