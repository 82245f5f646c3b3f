r"""
Nielsen's network, tuned
========================

Here is the network that the question of the learning rate was asked about: the one of chapter 3 of
Michael Nielsen's `Neural Networks and Deep Learning
<http://neuralnetworksanddeeplearning.com/chap3.html>`_, with its sigmoid units, its cross-entropy
and its :math:`\eta = 0.5` and :math:`\lambda = 5.0`. You will see gradient descent find better
values of both, watch it go down on the map, and know what to type to do the same with MNIST.
"""

# %%
# The network of the book
# -----------------------
#
# All units are sigmoids, those of the output as well. The cost is the book's equation 63, with the
# penalty of its equation 85,
#
# .. math::
#
#    C = -\frac{1}{n} \sum_x \sum_j \left[ y_j \ln a_j + (1 - y_j) \ln (1 - a_j) \right]
#        + \frac{\lambda}{2n} \sum_w w^2,
#
# the mini-batches are of ten, the weights of a unit with :math:`n_\text{in}` inputs begin with the
# standard deviation :math:`1 / \sqrt{n_\text{in}}`, and its bias with 1.

import gzip
import pathlib
import tempfile

import matplotlib.patheffects
import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import datasets, nn, optim

M, EPOCHS, OUTPUTS = 10, 20, 10
BOOK = {"eta": 0.5, "lam": 5.0}


def network(seed, inputs, hidden=30):
    """Return the first weights and biases."""
    rng = np.random.default_rng(seed)
    sizes = [(inputs, hidden), (hidden, OUTPUTS)]
    return [{"w": nn.lecun(rng, size), "b": nn.normal(rng, size[1])} for size in sizes]


def cross_entropy(params, x, y):
    """Return the cost of the book without its penalty; y has a row for each example."""
    return nn.binary_cross_entropy(nn.mlp(params, x, nn.sigmoid), y)


def training(data, epochs=EPOCHS):
    """Return the training of the book on some data, as a run with eta and lam to choose."""
    n, rows = len(data.train.x), nn.one_hot(data.train.y, OUTPUTS)
    steps = epochs * (n // M)
    start = network(0, data.train.x.shape[1])
    seen = data.validation.x, nn.one_hot(data.validation.y, OUTPUTS)

    def step(params, hypers, batch):
        gradient = mg.grad(cross_entropy)(params, *batch)
        return optim.sgd.update(params, gradient, (), n=n, **hypers)[0]

    return mg.TrainingRun(
        init=lambda hypers: start,
        step=step,
        cost=lambda params, hypers: cross_entropy(params, *seen),
        steps=steps,
        batches=datasets.batches(data.train.x, rows, size=M, steps=steps, epochs=True),
    )


# %%
# Is ``nn.binary_cross_entropy`` the book's formula? It takes what goes *into* the last sigmoids, so
# that no logarithm of zero can happen, but the value is that of equation 63:

data = datasets.digits()
params = network(0, inputs=64)
x, y = data.test.x, nn.one_hot(data.test.y, OUTPUTS)
a = 1.0 / (1.0 + np.exp(-nn.mlp(params, x, nn.sigmoid)))
equation_63 = -np.mean(np.sum(y * np.log(a) + (1.0 - y) * np.log(1.0 - a), axis=1))
assert np.isclose(cross_entropy(params, x, y), equation_63, rtol=1e-14)

# %%
# The book's values
# -----------------
#
# The digits that come with minigrad are smaller than MNIST's, and fewer: 1,000 images of 8 x 8 to
# learn from, 397 to choose :math:`\eta` and :math:`\lambda` by, and 400 for the end. Twenty epochs
# are 2,000 steps.

run = training(data)
assert run.steps == 2000


def judge(hypers):
    """Train, and return cost and accuracy on the validation and the test images."""
    params = run.train(hypers)
    return {
        name: (
            float(cross_entropy(params, part.x, nn.one_hot(part.y, OUTPUTS))),
            nn.accuracy(nn.mlp(params, part.x, nn.sigmoid), part.y),
        )
        for name, part in (("validation", data.validation), ("test", data.test))
    }


# %%
# One thing is to be known before. Each step multiplies the weights by :math:`1 - \eta \lambda / n`,
# and the book has :math:`\lambda = 5` for 50,000 images. For 1,000 the same decay is :math:`\lambda
# = 0.1`, and the book takes this very value where it trains on 1,000.
#
# .. admonition:: Predict first
#
#    Here :math:`\lambda = 5` is fifty times too much. Will the hypergradient notice? Which sign has
#    :math:`dC/d\lambda`, and which has :math:`dC/d\eta`?

assert np.isclose(5.0 / 50_000, 0.1 / 1_000)
at_book = mg.hypergradient(run, {name: mg.positive(value) for name, value in BOOK.items()})
print(f"dC/deta = {at_book.gradient['eta']:.3f}, dC/dlam = {at_book.gradient['lam']:.3f}")
assert at_book.gradient["eta"] < 0.0 < at_book.gradient["lam"]

# %%
# It does: a smaller :math:`\lambda` will help, and so will a larger :math:`\eta`. (This :math:`C`
# is the cost on the validation images, without a penalty.)

# %%
# Downhill
# --------
#
# ``mg.tune`` from the book's values, for twelve outer steps. It descends on the logarithms, because
# both are marked as positive.


def descend(eta, lam, outer_steps):
    """Tune from here on."""
    return mg.tune(run, {"eta": mg.positive(eta), "lam": mg.positive(lam)}, outer_steps)


tuned = descend(**BOOK, outer_steps=12)
print(tuned)
assert tuned.best.cost < 0.2 * tuned.costs[0]
assert tuned.values["eta"] > BOOK["eta"]
assert tuned.values["lam"] < 0.1

# %%
# Less than a fifth of the cost is left. Is it only :math:`\lambda = 5` that was out of place? Begin
# once more where the book would, at 0.1:

from_small = descend(0.5, 0.1, outer_steps=6)
rows = {
    "eta 0.5, lambda 5": BOOK,
    "tuned from there": tuned.values,
    "eta 0.5, lambda 0.1": {"eta": 0.5, "lam": 0.1},
    "tuned from there, too": from_small.values,
}
judged = {what: judge(hypers) for what, hypers in rows.items()}
print(f"{'':22}{'validation':>18}{'test':>18}")
for what, parts in judged.items():
    cells = (f"{cost:9.3f} {right:8.2%}" for cost, right in parts.values())
    print(f"{what:22}{''.join(cells)}")

book, first, small, second = judged.values()
assert first["test"][0] < 0.4 * book["test"][0]
assert first["test"][1] > book["test"][1] + 0.025
assert second["validation"][0] < 2.0 / 3.0 * small["validation"][0]
assert second["test"][0] < 0.9 * small["test"][0]
assert np.isclose(first["validation"][0], second["validation"][0], rtol=0.05)

# %%
# It was not: with the decay of the book, too, the cost falls by more than a third on the
# validation images, and by more than a tenth on the test images, which had no part in it. Accuracy
# moves less, since one image of the test is a quarter of a percent. And the two descents agree:
# within 5 % they end at the same cost.

# %%
# On the map
# ----------
#
# The same two descents on the landscape, for which 66 more trainings are run. Dark is high.

axes = {"eta": np.geomspace(0.25, 4.0, 11), "lam": np.geomspace(0.007, 12.0, 6)}
ground = mg.landscape(run, axes)
assert ground.costs.shape == (11, 6)

fig, ax = plt.subplots(figsize=(6.8, 4.4))
scale = {"norm": "log", "levels": np.geomspace(0.13, 2.2, 13), "extend": "both"}
ax.contourf(*ground.axes, ground.costs.T, cmap="Greys", alpha=0.6, **scale)
ax.contour(*ground.axes, ground.costs.T, colors="0.45", linewidths=0.6, **scale)
halo = [matplotlib.patheffects.withStroke(linewidth=3.5, foreground="white")]
for result, marker, label in (
    (tuned, "ko-", "from the book's η and λ"),
    (from_small, "ks--", "from λ = 0.1"),
):
    path = result.values_over_steps
    path = [path[name][result.accepted] for name in ("eta", "lam")]
    ax.plot(*path, marker, markersize=4, linewidth=1.4, path_effects=halo, label=label)
ax.plot(*tuned.values.values(), "k*", markersize=16, markeredgecolor="white")
ax.annotate("η = 0.5, λ = 5", (0.5, 5.0), (-8, 8), textcoords="offset points", ha="right")
ax.set_title("Nielsen's network: gradient descent on η and λ")
ax.set(xlabel="learning rate η", ylabel="weight decay λ", xscale="log", yscale="log")
ax.set(xlim=(0.25, 4.0), ylim=(0.007, 12.0))
ax.xaxis.set_ticks([0.25, 0.5, 1.0, 2.0, 4.0], ["0.25", "0.5", "1", "2", "4"])
ax.yaxis.set_ticks([0.01, 0.1, 1.0, 10.0], ["0.01", "0.1", "1", "10"])
ax.minorticks_off()
ax.legend(loc="lower left")
plt.show()

# %%
# Both go down the same valley. To the right is where the training becomes unstable. Downward the
# valley is flat: once :math:`\lambda` is small enough, it does not matter how small. With so few
# epochs there is little to be gained from a penalty, and the descent says so by walking on.
#
# They did not find the very lowest spot. The map has a slightly lower one at :math:`\eta \approx
# 2`. Between it and the descents the floor has ripples, finer than the map shows, and a derivative
# sees only the slope under its feet:

best = tuned.best.cost
between = run.evaluate({"eta": 1.4, "lam": tuned.values["lam"]})
print(f"descent {best:.4f}, at eta = 1.4 {between:.4f}, lowest on the map {ground.costs.min():.4f}")
assert 0.8 * best < ground.costs.min() < best < between
assert 1.5 < ground.axes[0][np.argmin(np.min(ground.costs, axis=1))] < 2.5

# %%
# With MNIST
# ----------
#
# ``datasets.load`` reads the original files as they are, and finds the labels beside the images.
# The book's own split is the first 50,000 for training and the other 10,000 for validation:


def mnist(folder, train=50_000):
    """Return MNIST from its four files, split as in the book."""
    first, test = (
        datasets.load(folder / f"{name}-images-idx3-ubyte.gz") for name in ("train", "t10k")
    )
    parts = (
        datasets.Split(first.x[part], first.y[part])
        for part in np.split(np.arange(len(first.y)), [train])
    )
    return datasets.Splits(*parts, test)


# %%
# To try it without a download, here are the bundled digits in files of that kind: a short header
# with the shape, and then bytes.


def write_idx(path, array):
    """Write bytes as MNIST has them."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    path.write_bytes(gzip.compress(header + array.astype(np.uint8).tobytes()))


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    for name, part in (("train", data.train), ("t10k", data.test)):
        images = np.round(255.0 * part.x).reshape(-1, 8, 8)
        write_idx(folder / f"{name}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"{name}-labels-idx1-ubyte.gz", part.y)
    read = mnist(folder, train=800)

print(*(f"{len(part.x)} x {part.x.shape[1]}" for part in read), sep=", ")
assert np.max(np.abs(read.train.x - data.train.x[:800])) < 0.5 / 255 + 1e-12
assert np.array_equal(read.validation.y, data.train.y[800:])
hypers = {"eta": mg.positive(0.5), "lam": mg.positive(5.0)}
assert mg.tune(training(read, epochs=1), hypers, outer_steps=3).best.cost < 3.5

# %%
# So with your own folder it is
#
# .. code-block:: python
#
#    run = training(mnist(pathlib.Path("my/mnist")), epochs=30)
#    print(mg.hyper.forecast(run, hypers))  # what it will take, before it is begun
#    tuned = mg.tune(run, hypers, checkpoint="nielsen.tune")
#
# An epoch of MNIST has 5,000 steps. The forecast says which ways there are to go back through them
# and what each takes, and ``checkpoint`` is the file to go on from if the machine is switched off.

# %%
# What we left out
# ----------------
#
# - **MNIST's own numbers.** This page runs in seconds with what comes in the package.
# - **A softmax.** :class:`minigrad.experiments.Classification`, which ``minigrad tune`` and
#   ``minigrad claims`` use, has one for its last layer in place of ten sigmoids.
# - **Other seeds.** Both values are tuned for one start and one order of the batches;
#   ``mg.tune(..., seeds="fresh")`` takes others in each outer step.
# - **More of the book's knobs**: the size of the batches and of the network are whole numbers, and
#   have no gradient.
