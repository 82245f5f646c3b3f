r"""
The gradient of η and λ
=======================

Chapter 3 of Michael Nielsen's `Neural Networks and Deep Learning
<http://neuralnetworksanddeeplearning.com/chap3.html>`_ asks: why not find the learning rate
:math:`\eta` and the weight decay :math:`\lambda` by gradient descent? A reader `took it up in 2017
<https://cs.stackexchange.com/q/74561>`_ and was told that the final cost "is really a function of
the two variables", but that it is "not at all clear how to write down" its two derivatives. This
page writes them down: in exact fractions for a small problem, and to thirteen digits for a network
that reads handwriting.
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
    cost = (w - 2) * (w - 2) / 2 + lam / 2 * w * w

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
# Now the cost. One of the answers of 2017 came as far as
#
# .. math::
#
#    \frac{dC}{d\lambda} = \frac{\partial C_0}{\partial w} \frac{\partial w}{\partial \lambda}
#    + \lambda w \frac{\partial w}{\partial \lambda} + \frac{w^2}{2},
#
# and stopped: "but how do we compute :math:`\partial w / \partial \lambda`?" We just did.
#
# .. admonition:: Predict first
#
#    Is :math:`dC/d\lambda` positive or negative? And so, should :math:`\lambda` grow or shrink
#    to make this :math:`C` small?

dc_deta, dc_dlam = tape.gradient(cost, [eta, lam])
print(f"dC/deta = {float(dc_deta):.6f}\ndC/dlam = {float(dc_dlam):.6f}")
slope = w.value - 2 + lam.value * w.value
assert dc_deta == slope * dw_deta
assert dc_dlam == slope * dw_dlam + w.value**2 / 2
assert dc_dlam > 0

# %%
# Positive, because the last term always is: :math:`C` gets smaller if its own penalty does. So
# this :math:`C` is fit to ask for a derivative, but not to choose :math:`\lambda` by. Remember
# it for the end.

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
# The whole run as a function of its two numbers. There is no other code for the tape: ``train``
# would do the same with plain numbers.


def train(eta, lam):
    """Run the rule for all batches; return the weights."""
    params = start
    for x, y in batches:
        gradient = mg.grad(mean_cost)(params, x, y)
        params, _ = optim.sgd.update(params, gradient, (), eta=eta, lam=lam, n=n)
    return params


def final_cost(eta, lam):
    """Return C on the training images, penalty included, after training."""
    params = train(eta, lam)
    penalty = sum(np.sum(layer["w"] ** 2) for layer in params)
    return mean_cost(params, *digits.train) + lam / (2 * n) * penalty


with mg.Tape() as tape:
    eta = tape.variable(0.3, name="eta")
    lam = tape.variable(2.0, name="lam")
    cost = final_cost(eta, lam)

d_eta, d_lam = tape.gradient(cost, [eta, lam])
print(f"C = {cost:.6f}, dC/deta = {d_eta:.6f}, dC/dlam = {d_lam:.6f}")
print(f"{len(tape):,} instructions, {tape.nbytes / 1e6:.0f} MB")

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


assert np.isclose(cost.value, by_hand(0.3, 2.0), rtol=1e-13)

# %%
# Five ways to the same two numbers
# ---------------------------------
#
# - **backward**: one sweep over the tape, for both at once;
# - **forward**: one sweep for each, in the other direction;
# - **jvp**: the same by ``mg.jvp``, from the function instead of the tape;
# - **complex step**: the witness at :math:`\eta + ih` with :math:`h = 10^{-200}`. The imaginary
#   part of the result is :math:`h \, dC/d\eta`, and since nothing is subtracted, no digit is
#   lost;
# - **differences**: the witness at :math:`\eta + h` and :math:`\eta - h`, with :math:`h` a few
#   millionths of :math:`\eta`.
#
# .. admonition:: Predict first
#
#    A float has 16 digits. How many will differences agree on?

answers = {
    "backward": (d_eta, d_lam),
    "forward": (tape.tangent(cost, eta, 1.0), tape.tangent(cost, lam, 1.0)),
    "jvp": (
        mg.jvp(final_cost, (0.3, 2.0), (1.0, 0.0))[1],
        mg.jvp(final_cost, (0.3, 2.0), (0.0, 1.0))[1],
    ),
    "complex step": (
        by_hand(0.3 + 1e-200j, 2.0).imag / 1e-200,
        by_hand(0.3, 2.0 + 1e-200j).imag / 1e-200,
    ),
    "differences": (
        (by_hand(0.3 + 2e-6, 2.0) - by_hand(0.3 - 2e-6, 2.0)) / 4e-6,
        (by_hand(0.3, 2.0 + 1e-5) - by_hand(0.3, 2.0 - 1e-5)) / 2e-5,
    ),
}


def digits_of(answer, truth):
    """Return to how many digits two numbers agree, 16 at most."""
    return min(16.0, -np.log10(max(abs(answer / truth - 1.0), 1e-16)))


print(f"{'':14}{'dC/deta':>20} {'digits':>6} {'dC/dlam':>21} {'digits':>6}")
for way, pair in answers.items():
    agree = [digits_of(*both) for both in zip(pair, answers["complex step"], strict=True)]
    print(f"{way:14}{pair[0]:20.15f} {agree[0]:6.1f} {pair[1]:21.15f} {agree[1]:6.1f}")
    assert min(agree) > (6.0 if way == "differences" else 13.0)
    assert way != "differences" or max(agree) < 12.0

# %%
# About ten at best. A difference of two numbers that are nearly the same loses what they share;
# the further :math:`\eta \pm h` are apart the less it loses, but the more it sees of the bend
# of :math:`C`. The three that use the rules of the tape agree with the complex step, which
# knows none of them.

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
ax.plot(near, cost.value + d_eta * (near - 0.3), "r--", label="tangent: one run on the tape")
ax.plot(0.3, cost.value, "ro", markersize=8)
ax.set_title("The final cost is a function of the learning rate, and has a slope")
ax.set(xlabel="learning rate η", ylabel="final cost C")
ax.legend(frameon=False)
plt.show()

# %%
# Descending on both
# ------------------
#
# Who has the gradient can descend. Two things must be chosen. First, *what* to make small: not
# :math:`C` itself, as we saw, but the cost on images that were not trained on, without a
# penalty. Second, the coordinate: a rate must stay positive, so we descend on
# :math:`u = \log \eta`, where :math:`dC/du = \eta \, dC/d\eta`. A step
# :math:`u \leftarrow u - dC/du` multiplies :math:`\eta` by :math:`e^{-\eta \, dC/d\eta}`.


def validation_cost(eta, lam):
    """Return the cost on the validation images after training."""
    return mean_cost(train(eta, lam), *digits.validation)


eta, lam = 0.1, 30.0
path = []
for _ in range(13):
    cost, (d_eta, d_lam) = mg.value_and_grad(validation_cost, argnums=(0, 1))(eta, lam)
    path.append((eta, lam, cost))
    print(f"eta {eta:.3f}  lambda {lam:6.3f}  validation cost {cost:.4f}")
    eta, lam = eta * np.exp(-eta * d_eta), lam * np.exp(-lam * d_lam)

costs = [cost for _, _, cost in path]
assert costs == sorted(costs, reverse=True)
assert costs[-1] < 0.25 * costs[0]

# %%
# Each step made it better, and less than a quarter of the cost is left. Here is the path on the
# map, for which 63 more trainings were run. The descent saw none of it: it felt the slope under
# its feet.

eta_axis, lam_axis = np.geomspace(0.07, 1.1, 9), np.geomspace(2.0, 60.0, 7)
height = [[validation_cost(eta, lam) for eta in eta_axis] for lam in lam_axis]

fig, ax = plt.subplots()
ax.set_title("Twelve steps downhill on the map of the validation cost")
ax.set(xlabel="learning rate η", ylabel="weight decay λ", xscale="log", yscale="log")
lines = ax.contour(eta_axis, lam_axis, height, [0.2, 0.3, 0.4, 0.6, 0.8, 1.0], colors="0.6")
ax.clabel(lines, manual=[(eta, 3.0) for eta in (0.09, 0.115, 0.155, 0.24, 0.34, 0.7)])
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
# - **What each term of** :math:`dC/d\lambda` **amounts to**, for the network as for the one
#   weight.
# - **Learning rates that are too large.** On the right of the first picture, beyond its edge,
#   the curve becomes a mountain range, and its tangents say nothing about where the next valley
#   is.
# - **The price.** Backward and forward differ in it, and so does a search without derivatives.
