r"""
Landscapes, minima, chaos
=========================

Gradient descent on a learning rate might fail "due to multiple local minima", says the answer that
Nielsen's reader was given. At the end of this page you will know when there are many, because you
have counted them in a training that is solved exactly, and how to ask a run whether its
hypergradient means anything.
"""

# %%
# A training that is a famous map
# -------------------------------
#
# One weight, and the loss :math:`f(w) = \frac13 w^3 - \frac12 w^2`. It has a single valley, with
# the floor :math:`f = -\frac16` at :math:`w = 1`, where the curvature is 1. A step of gradient
# descent is
#
# .. math:: w \leftarrow w - \eta f'(w) = w + \eta \, w (1 - w).
#
# With :math:`x = \eta w / (1 + \eta)` that reads :math:`x \leftarrow (1 + \eta) \, x (1 - x)`:
# the *logistic map*, of which everything is known. It settles as long as :math:`\eta < 2`, goes
# round in cycles beyond, and is chaotic from about :math:`\eta = 2.57` to 3. For larger rates it
# runs away.

import math
import textwrap

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg


def loss(w, hypers):
    """Return the height of the curve; it does not use the hyperparameters."""
    return w**3 / 3.0 - w**2 / 2.0


def training(steps, start=0.3):
    """Return gradient descent on the cubic as a run."""
    return mg.TrainingRun(
        init=lambda hypers: start,
        step=lambda w, hypers, batch: w + hypers["eta"] * w * (1.0 - w),
        cost=loss,
        loss=loss,
        steps=steps,
    )


# %%
# How many valleys?
# -----------------
#
# .. admonition:: Predict first
#
#    Ten steps from :math:`w = 0.3`. The loss has one valley. How many has the final cost, as a
#    function of :math:`\eta`?
#
# :func:`minigrad.landscape` trains once for each rate. A minimum counts if one has to climb by
# more than :math:`10^{-6}` to come lower: a ripple of rounding does not.

etas = np.linspace(0.0, 3.0, 601)[1:-1]


def valleys(landscape):
    """Return the minima that are more than ripple, those at the ends of the axis left out."""
    return [m for m in landscape.minima(prominence=1e-6) if not m.at_edge]


landscapes = {steps: mg.landscape(training(steps), {"eta": etas}) for steps in (2, 4, 6, 8, 10, 12)}
counts = {steps: len(valleys(found)) for steps, found in landscapes.items()}
stable = {
    steps: len([m for m in valleys(landscapes[steps]) if m.point["eta"] < 2.0]) for steps in (8, 10)
}
print("minima after so many steps:", counts)
print("of them at stable rates:   ", stable)
assert list(counts.values())[:5] == [1, 3, 3, 4, 10]
assert counts[12] > 10
assert stable == {8: 1, 10: 1}

# %%
# Ten, and after twelve steps there are more. But from eight steps on, all of them but one lie
# beyond :math:`\eta = 2`. In the picture the curve of ten steps is flat and low up to there, a
# floor that every stable rate reaches; then it rises, and folds again and again.

fig, ax = plt.subplots()
few, many = landscapes[4].costs, landscapes[10].costs
ax.plot(etas, few, "--", color="0.55", label="4 steps")
ax.plot(etas, many, "k-", label="10 steps")
found = valleys(landscapes[10])
ax.plot([m.point["eta"] for m in found], [m.cost for m in found], "kv", label="its ten minima")
ax.axvline(2.0, color="0.7", linestyle=":", label="edge of stability, η = 2")
ax.set_title("One valley at stable rates, many beyond the edge")
ax.set(xlabel="learning rate η", ylabel="final cost C")
ax.legend(frameon=False, loc="upper center")
plt.show()
assert np.ptp(many) < 0.2

# %%
# So the objection is half right. There *are* many minima, at rates so large that training does not
# settle; a rate that one would use is in a single valley.

# %%
# What chaos does to a derivative
# -------------------------------
#
# At :math:`\eta = 3` the map is solved: from :math:`w_0 = \frac43 \sin^2 \theta` each step doubles
# the angle. Hence
#
# .. math::
#
#    w_T = \tfrac43 \sin^2(2^T \theta), \qquad
#    \frac{dw_T}{dw_0} = 2^T \, \frac{\sin(2^{T+1} \theta)}{\sin 2\theta}.
#
# The derivative doubles at every step. The tape does not know that, and finds it:


def last_weight(start):
    """Return the weight after ten steps of rate 3."""
    return training(10, start).train({"eta": 3.0})


theta = math.asin(math.sqrt(0.75 * 0.3))
by_formula = 2**10 * math.sin(2**11 * theta) / math.sin(2.0 * theta)
by_tape = mg.grad(last_weight)(0.3)
print(f"by tape    {by_tape:.9f}\nby formula {by_formula:.9f}")
assert np.isclose(last_weight(0.3), 4.0 / 3.0 * math.sin(2**10 * theta) ** 2, rtol=1e-9)
assert np.isclose(by_tape, by_formula, rtol=1e-9)

# %%
# A number that doubles a hundred times is about :math:`10^{30}`. It is no mistake of the tape, and
# it is no use. Look at 20 steps of rate 2.9. The slope says how far the cost should move; the
# training says how far it does.
#
# .. admonition:: Predict first
#
#    The highest and the lowest point of the curve above are less than 0.2 apart. Which change of
#    :math:`\eta` is small enough for the slope to be right?

run = training(20)
result = mg.hypergradient(run, {"eta": 2.9}, mg.Stored())
print(f"slope {result.gradient['eta']:.1f}")
moved = {}
for change in (1e-7, 1e-6, 1e-5, 1e-4, 1e-3):
    moved[change] = run.evaluate({"eta": 2.9 + change}) - result.cost
    print(f"{change:.0e}: foretold {change * result.gradient['eta']:9.6f}, is {moved[change]:9.6f}")

assert 2700.0 < result.gradient["eta"] < 2800.0
assert np.isclose(moved[1e-7], 1e-7 * result.gradient["eta"], rtol=0.01)
assert np.isclose(moved[1e-6], 1e-6 * result.gradient["eta"], rtol=0.06)
assert moved[1e-4] < 0.0 < result.gradient["eta"]

# %%
# One in a million still, one in ten thousand no more: there even the direction is wrong. An outer
# step is never that small.

# %%
# Ask the run
# -----------
#
# :func:`minigrad.trust` measures it. Forward, it carries a small change of the weight through the
# run; its mean growth in a step is the *Lyapunov exponent*, negative where training settles and
# positive in chaos. Backward, it sees how the adjoint grows. And it says what to think of it.

print(f"{'eta':>5}{'dC/deta':>12}{'exponent':>10}  verdict")
verdicts = {}
for eta in (1.5, 1.9, 2.3, 2.9, 3.1):
    report = mg.trust(training(100), {"eta": mg.positive(eta)})
    verdicts[eta] = report.verdict
    print(f"{eta:5}{report.gradient['eta']:12.1e}{report.exponent:10.3f}  {report.verdict}")

assert verdicts == {1.5: "vanished", 1.9: "trust", 2.3: "trust", 2.9: "chaos", 3.1: "diverged"}
exponent = mg.trust(training(100), {"eta": 3.0}).exponent
assert np.isclose(exponent, math.log(2.0), atol=0.01)

# %%
# Each verdict is another reason to act. *Vanished*: a hundred steps at rate 1.5 end at the floor
# whatever the rate, and what is left of the slope is rounding; ask after fewer steps. *Trust* at
# 2.3 too: the weight bounces between two values for ever, and how high is a smooth function of
# :math:`\eta`. So the edge of stability is not yet chaos. *Chaos* and *diverged*: take a smaller
# rate. At :math:`\eta = 3` the exponent is :math:`\log 2`, as the formula demands.
#
# The report can be printed, and drawn:

chaotic = mg.trust(training(100), {"eta": mg.positive(2.9)})
print(textwrap.fill(chaotic.words, 80))
assert chaotic.horizon == 58
assert chaotic.tangent[-1] > 1e21
assert 20 < chaotic.log_adjoint[0] / math.log(10.0) < 22

ax = chaotic.plot()
ax.set_title("In chaos a small change grows by a constant factor at each step")
plt.show()

# %%
# Forward, the dashed line climbs from left to right; backward, the solid one from right to left, by
# about as much: 21 powers of ten over the run. A float has 16 digits. So beyond the 58 last
# steps the derivative is not even that of the training, but of its rounding errors.

# %%
# A slope that means something
# ----------------------------
#
# If the rates must be large, ask another question: how does the cost change *on the average* over
# rates nearby? :class:`minigrad.Evolution` estimates it from trainings alone, with its standard
# error. Rates above 3 run away, so :math:`\eta` is declared to lie between 0 and 3.

exact = mg.hypergradient(training(100), {"eta": 2.7}, mg.Stored()).gradient["eta"]
smoothing = mg.Evolution(sigma=0.3, pairs=500)
smooth = mg.hypergradient(training(100), {"eta": mg.bounded(2.7, 0.0, 3.0)}, smoothing)
slope, error = smooth.gradient["eta"], smooth.error["eta"]
print(f"at 2.7: exact {exact:.1e}, smoothed {slope:.3f} ± {error:.3f}")
assert mg.trust(training(100), {"eta": 2.7}).verdict == "chaos"
assert exact < -1e14
assert slope > 5.0 * error > 0.0
assert smooth.stats.steps_run // 100 in (1000, 1001)  # with that of the cost itself

# %%
# The exact slope is huge and points right, into the mountains. The smoothed one is small, positive
# beyond doubt, and sends a descent left, to where training settles. It also took a thousand
# trainings. The simpler cure is in the first picture: begin at a small rate, in the valley.
# :func:`minigrad.tune` refuses a step to where the cost or its slope explodes, and goes back.

tuned = mg.tune(training(10), {"eta": mg.positive(0.1)}, method=mg.Stored())
print(tuned)
assert np.isclose(tuned.best.cost, -1.0 / 6.0, atol=1e-8)
assert tuned.values["eta"] < 2.0

# %%
# What we left out
# ----------------
#
# - **Networks.** Their edge is at :math:`\eta` times the sharpness of the loss, which
#   :func:`minigrad.trust` measures too; momentum moves it.
# - **Minima that are no ripple and no chaos.** Where several valleys are likely,
#   :func:`minigrad.multistart` descends from several places.
# - **A cut.** With the verdict "last steps", :class:`minigrad.Truncated` goes back only as far as
#   the numbers bear it.
# - **How prominence is found**: cells are flooded from the lowest up;
#   :meth:`minigrad.hyper.Landscape.minima` tells it.
# - **The price of a landscape.** It is a grid of trainings. That is the next page.
