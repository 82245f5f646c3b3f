r"""
The gradient of η and λ of a real run
=====================================

Chapter 3 of Michael Nielsen's `Neural Networks and Deep Learning
<http://neuralnetworksanddeeplearning.com/chap3.html>`_ asks: why not find the learning rate
:math:`\eta` and the weight decay :math:`\lambda` by gradient descent? A reader `took it up in 2017
<https://cs.stackexchange.com/q/74561>`_ and was told that the final cost "is really a function of
the two variables", but that it is "not at all clear how to write down" its two derivatives. At the
end of this page you will have both, in exact fractions for a small problem and to thirteen digits
for a network that reads handwriting, and you will know whom to ask whether such a number can be
believed.
"""

# %%
# The cost and the rule
# ---------------------
#
# The cost of the question is the mean over the :math:`n` training examples, and a penalty on
# the weights. Its rule takes :math:`m` examples at a time:
#
# .. math::
#
#    \begin{gathered}
#    C = C_0 + \frac{\lambda}{2n} \sum_w w^2, \\
#    w \leftarrow \Bigl(1 - \frac{\eta \lambda}{n}\Bigr) w
#                 - \frac{\eta}{m} \sum_x \frac{\partial C_x}{\partial w}.
#    \end{gathered}
#
# There is no :math:`\eta` in :math:`C`. But the rule has :math:`\eta` and :math:`\lambda` in
# it, so the weights that come out depend on both, and with them the final cost.

# %%
# Five steps in fractions
# -----------------------
#
# Begin where nothing can hide in a rounding error: one weight, one example,
# :math:`C_0 = \frac12 (w - 2)^2`, five steps from :math:`w = 1`. The tape takes Python's
# fractions as it takes floats.

import dataclasses
from fractions import Fraction

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import nn, optim, tree

with mg.Tape() as tape:
    eta = tape.variable(Fraction(3, 10), name="eta")
    lam = tape.variable(Fraction(1, 10), name="lam")
    w = Fraction(1)
    for _ in range(5):
        w = (1 - eta * lam) * w - eta * (w - 2)

dw_deta, dw_dlam = tape.gradient(w, [eta, lam])
print(f"w       = {w.value}\ndw/deta = {dw_deta}\ndw/dlam = {dw_dlam}")
assert w.value == Fraction(17077170367, 10**10)
assert dw_deta == Fraction(181360089, 2 * 10**8)
assert dw_dlam == Fraction(-47296887, 4 * 10**7)

# %%
# Are they right? Each step multiplies the distance to :math:`w^\ast = 2 / (1 + \lambda)` by
# :math:`r = 1 - \eta (1 + \lambda)`, so that :math:`w_T = w^\ast + r^T (1 - w^\ast)`, and this
# can be differentiated on paper:
#
# .. math::
#
#    \begin{aligned}
#    \frac{\partial w_T}{\partial \eta} &= -T (1 + \lambda) \, r^{T-1} (1 - w^\ast), \\
#    \frac{\partial w_T}{\partial \lambda} &= -(1 - r^T) \frac{w^\ast}{1 + \lambda}
#                                             - \eta T \, r^{T-1} (1 - w^\ast).
#    \end{aligned}
#
# The tape knows nothing of this formula, and has the same fractions, with ``==``.

a, T = 1 + lam.value, 5
end = 2 / a
r = 1 - eta.value * a
pull = T * r ** (T - 1) * (1 - end)
assert w.value == end + r**T * (1 - end)
assert dw_deta == -a * pull
assert dw_dlam == -(1 - r**T) * end / a - eta.value * pull

# %%
# The rule, on digits
# -------------------
#
# Now a network of 64 inputs, 30 hidden units and 10 outputs; :math:`n` = 1,000 images of 8 x 8
# pixels; mini-batches of :math:`m` = 32. :math:`C_x` is the cross-entropy of one image.

digits = mg.datasets.digits()
n, m, steps = len(digits.train.x), 32, 100
batches = mg.datasets.batches(*digits.train, size=m, steps=steps, seed=0)
start = nn.init_mlp(np.random.default_rng(0), (64, 30, 10))


def mean_cost(params, x, y):
    """Return the mean cross-entropy on some images: C_0, or an estimate of it."""
    return nn.cross_entropy(nn.mlp(params, x), y)


# %%
# Is what the tape will run really the rule above? Take one step of it as it is written, adding
# up the gradients of the 32 images one by one, and one step of ``optim.sgd``. (Biases have no
# penalty; for them the factor in front is 1.)

x, y = batches[0]
one_by_one = [mg.grad(mean_cost)(start, x[i : i + 1], y[i : i + 1]) for i in range(m)]
total = tree.map(lambda *gradients: sum(gradients), *one_by_one)
written = [
    {
        "w": (1 - 0.5 * 2.0 / n) * layer["w"] - 0.5 / m * gradient["w"],
        "b": layer["b"] - 0.5 / m * gradient["b"],
    }
    for layer, gradient in zip(start, total, strict=True)
]
mean = mg.grad(mean_cost)(start, x, y)
by_sgd, _ = optim.sgd.update(start, mean, (), eta=0.5, lam=2.0, n=n)

for path, value in tree.paths(by_sgd).items():
    difference = np.max(np.abs(value - tree.paths(written)[path]))
    print(f"{path:7} {np.shape(value)!s:9} differs by at most {difference:.0e}")
    assert difference < 1e-15

# %%
# A hundred steps on the tape
# ---------------------------
#
# A :class:`minigrad.TrainingRun` says how a training begins, what a step is, and what counts in
# the end; here that is :math:`C`, on all training images, penalty included. There is no other
# code for the tape: with plain numbers ``step`` trains, with variables it records.


def step(params, hypers, batch):
    """Take a step of the rule on one mini-batch."""
    gradient = mg.grad(mean_cost)(params, *batch)
    params, _ = optim.sgd.update(params, gradient, (), eta=hypers["eta"], lam=hypers["lam"], n=n)
    return params


def training_cost(params, hypers):
    """Return C on the training images."""
    return nn.regularised_cost(mean_cost(params, *digits.train), params, hypers["lam"], n)


run = mg.TrainingRun(
    init=lambda hypers: start, step=step, cost=training_cost, steps=steps, batches=batches
)
hypers = {"eta": mg.positive(0.3), "lam": mg.positive(2.0)}
found = mg.hypergradient(run, hypers, mg.Recorded())
cost, d_eta, d_lam = found.cost, found.gradient["eta"], found.gradient["lam"]
print(f"C = {cost:.6f}, dC/deta = {d_eta:.6f}, dC/dlam = {d_lam:.6f}")
print(f"{found.stats.instructions:,} instructions, {found.stats.tape_bytes / 1e6:.0f} MB")
assert d_eta < 0 < d_lam

# %%
# That is it: the two numbers of which it was not clear how to write them down. A larger rate would
# have got further in a hundred steps. And a smaller :math:`\lambda` would make this :math:`C`
# smaller, though there is little to be learnt from that: its penalty would shrink. Which cost to
# choose :math:`\lambda` by is a question for a later page.

# %%
# A witness without a tape
# ------------------------
#
# To be believed, the numbers need a witness that shares no line with them. Here is the training
# once more in plain NumPy, with the backward pass derived by hand. It is written so that it
# also runs on complex numbers.


def softmax(z):
    """Return the probabilities of each row of scores."""
    e = np.exp(z - z.real.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def by_hand(eta, lam):
    """Return the final cost C; d_2 and d_1 are the slopes of each C_x at the two layers."""
    (w_1, b_1), (w_2, b_2) = ((layer["w"], layer["b"]) for layer in start)
    keep = 1 - eta * lam / n
    for x, y in batches:
        a = np.tanh(x @ w_1 + b_1)
        d_2 = softmax(a @ w_2 + b_2) - np.eye(10)[y]
        d_1 = d_2 @ w_2.T * (1 - a * a)
        w_1, b_1 = keep * w_1 - eta / m * x.T @ d_1, b_1 - eta / m * d_1.sum(axis=0)
        w_2, b_2 = keep * w_2 - eta / m * a.T @ d_2, b_2 - eta / m * d_2.sum(axis=0)
    x, y = digits.train
    right = softmax(np.tanh(x @ w_1 + b_1) @ w_2 + b_2)[np.arange(n), y]
    return -np.mean(np.log(right)) + lam / (2 * n) * (np.sum(w_1**2) + np.sum(w_2**2))


assert np.isclose(cost, by_hand(0.3, 2.0), rtol=1e-13)

# %%
# At :math:`\eta + ih` with :math:`h = 10^{-200}`, the imaginary part of the result is
# :math:`h \, dC/d\eta`, and since nothing is subtracted, no digit is lost. This is called the
# *complex step*.

by_complex_step = (
    by_hand(0.3 + 1e-200j, 2.0).imag / 1e-200,
    by_hand(0.3, 2.0 + 1e-200j).imag / 1e-200,
)
print(f"dC/deta  tape {d_eta:.15f}  by hand {by_complex_step[0]:.15f}")
print(f"dC/dlam  tape {d_lam:.15f}  by hand {by_complex_step[1]:.15f}")
assert np.allclose([d_eta, d_lam], by_complex_step, rtol=1e-13)

# %%
# More witnesses
# --------------
#
# Nobody writes every training twice. :func:`minigrad.verify` asks those witnesses that can be had
# for nothing:
#
# - **recd**, the tape of the whole run, against *reverse*, which keeps the states and sweeps step
#   by step;
# - **forw**, forward mode, which uses the JVP rules in place of the VJP rules;
# - **cplx**, the complex step, through your own code;
# - **diff**, differences of whole trainings at :math:`\eta \pm h`, for many :math:`h`, with a
#   bar for what they can't know.
#
# .. admonition:: Predict first
#
#    A float has 16 digits. The table says how many of them each witness shares with *reverse*. How
#    many will differences have?

report = mg.verify(run, hypers)
print("\n".join(str(report).splitlines()[:7]))
assert report.ok
for witness in ("recorded", "forward", "complex step"):
    assert report.agreement[witness].min() > 13.0
assert report.agreement["finite difference"].min() > 8.0
assert report.agreement["finite difference"].max() < 13.0

# %%
# Ten or so. A difference of two numbers that are nearly the same loses what they share; the
# further :math:`\eta \pm h` are apart the less it loses, but the more it sees of the bend of
# :math:`C`. Differences know nothing of any rule, though, and so they are the ones to ask when a
# rule may be wrong. The other three share all but the last digits, which are rounding.

# %%
# What the number means
# ---------------------
#
# A derivative is a tangent. The curve takes 40 trainings, by the witness; the line comes from
# *one* run on the tape.

rates = np.linspace(0.08, 1.3, 40)
curve = [by_hand(rate, 2.0) for rate in rates]
near = np.array([0.1, 0.5])

fig, ax = plt.subplots()
ax.plot(rates, curve, "k.-", label="C after 100 steps: 40 runs")
ax.plot(near, cost + d_eta * (near - 0.3), "r--", label="tangent: one run on the tape")
ax.plot(0.3, cost, "ro", markersize=8)
ax.set_title("The final cost is a function of the learning rate, and has a slope")
ax.set(xlabel="learning rate η", ylabel="final cost C")
ax.legend(frameon=False)
plt.show()

# %%
# Descending on both
# ------------------
#
# And so to Nielsen's question. Who has the gradient can descend. Two things must be chosen. First,
# *what* to make small: the cost on images that were not trained on, without a penalty. Second,
# the coordinate: a rate must stay positive, so we descend on :math:`u = \log \eta`, where
# :math:`dC/du = \eta \, dC/d\eta`. A step :math:`u \leftarrow u - dC/du` multiplies
# :math:`\eta` by :math:`e^{-\eta \, dC/d\eta}`.

judged = dataclasses.replace(run, cost=lambda params, h: mean_cost(params, *digits.validation))

eta, lam = 0.1, 30.0
path = []
for _ in range(13):
    found = mg.hypergradient(judged, {"eta": eta, "lam": lam})
    path.append((eta, lam, found.cost))
    print(f"eta {eta:.3f}  lambda {lam:6.3f}  validation cost {found.cost:.4f}")
    eta *= np.exp(-eta * found.gradient["eta"])
    lam *= np.exp(-lam * found.gradient["lam"])

costs = [cost for _, _, cost in path]
assert costs == sorted(costs, reverse=True)
assert costs[-1] < 0.25 * costs[0]

# %%
# Each step made it better, and less than a quarter of the cost is left. Here is the path on the
# map, for which 63 more trainings were run. The descent saw none of it: it felt the slope under
# its feet.

eta_axis, lam_axis = np.geomspace(0.07, 1.1, 9), np.geomspace(2.0, 60.0, 7)
height = [[judged.evaluate({"eta": eta, "lam": lam}) for eta in eta_axis] for lam in lam_axis]

fig, ax = plt.subplots()
ax.set_title("Twelve steps downhill on the map of the validation cost")
ax.set(xlabel="learning rate η", ylabel="weight decay λ", xscale="log", yscale="log")
lines = ax.contour(eta_axis, lam_axis, height, [0.2, 0.3, 0.4, 0.6, 0.8, 1.0], colors="0.6")
ax.clabel(lines, colors="0.3", manual=[(eta, 3.0) for eta in (0.09, 0.115, 0.155, 0.24, 0.34, 0.7)])
ax.plot([eta for eta, *_ in path], [lam for _, lam, _ in path], "ko-", markersize=4)
ax.annotate("start", path[0][:2], (0, 8), textcoords="offset points")
ax.xaxis.set_ticks([0.1, 0.2, 0.5, 1.0], ["0.1", "0.2", "0.5", "1"])
ax.yaxis.set_ticks([2.0, 5.0, 10.0, 20.0, 50.0], ["2", "5", "10", "20", "50"])
ax.minorticks_off()
plt.show()

# %%
# The weight decay is still going down. That is no failure: in a hundred steps this network has
# no time to learn its images by heart, and a penalty only slows it.
#
# ``minigrad tune`` does this with a better descent, and ``mg.tune`` does it for a training of
# your own.

# %%
# What we left out
# ----------------
#
# - **Nielsen's own network**: it has sigmoid units and trains on MNIST. Ours has tanh units and
#   a softmax, and smaller images, which come with the package.
# - **A weight decay that is worth its while.** That takes a longer training or fewer images.
# - **What** :math:`dC/d\lambda` **is made of**: that is the next page.
# - **Learning rates that are too large.** On the right of the first picture, beyond its edge,
#   the curve becomes a mountain range, and its tangents say nothing about where the next valley
#   is.
# - **The price.** Backward and forward differ in it, and so does a search without derivatives.
