r"""
Forward mode, and when it wins
==============================

The list can be read from the top as well. At the end of this page you have done that by hand, have
counted what either direction costs, and know three situations in which forward is the better one:
few variables, many results, and a training too long to keep.
"""

# %%
# By hand
# -------
#
# Read from the top, the list carries *tangents*: how fast each line changes when :math:`x` moves
# at speed 1. Each operation has a *JVP rule* that says how. A product :math:`y = a b` moves at
# :math:`\dot y = \dot a b + a \dot b`, one term for each operand, and the loop adds them.

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg

with mg.Tape() as tape:
    x = tape.variable(2.0, name="x")
    y = x * np.sin(x)

y_dots = {0: 1.0}
for i in (1, 2):
    line = tape[i]
    y_dots[i] = sum(
        line.primitive.jvps[position](y_dots[source], line.value, *line.operands)
        for position, source in enumerate(line.inputs)
    )
    print(f"%{i} {line.primitive.name} moves at {y_dots[i]:+.6f}")

assert y_dots[2] == tape.tangent(y, x, 1.0)
assert np.isclose(y_dots[2], tape.gradient(y, x), rtol=1e-14, atol=0.0)

# %%
# The same derivative, to rounding; the same numbers in the other order. So which?

# %%
# One row or one column
# ---------------------
#
# Let there be several variables and several results. Their derivatives make a table, the Jacobian,
# with a row for each result and a column for each variable. A sweep backward starts at *one* result
# and reaches *all* variables: a row. A sweep forward starts at *one* variable and reaches *all*
# results: a column.


def f(x):
    """Return three numbers made of two."""
    return np.stack([x[0] * x[1], np.sin(x[0]), x[1] ** 3])


point = np.array([0.5, 2.0])
_, column = mg.jvp(f, (point,), (np.array([1.0, 0.0]),))
_, pullback = mg.vjp(f, point)
(row,) = pullback(np.array([1.0, 0.0, 0.0]))
table = mg.jacobian(f)(point)
print(table)
assert np.array_equal(table[:, 0], column)
assert np.allclose(table[0], row, rtol=1e-15, atol=0.0)

# %%
# The work, counted
# -----------------
#
# Seconds depend on the machine. But a sweep on an open tape writes down what it computes, so we can
# count it. The program is a training of 24 steps whose learning rates are variables: one for all,
# or one for each half, or up to one for each step.

STEPS = 24


def train(tape, rates):
    """Record a training; return the variables for the rates, and the weight after each step."""
    etas = [tape.variable(0.1 + 0.01 * k) for k in range(rates)]
    w, path = tape.variable(1.0), []
    for t in range(STEPS):
        w = w - etas[t * rates // STEPS] * (np.tanh(w - 2.0) + 0.1 * w)
        path.append(w)
    return etas, path


def work(rates, results):
    """Return the lines that either direction writes for all derivatives of the last results."""
    lines = []
    for direction in ("forward", "backward"):
        with mg.Tape() as tape:
            etas, path = train(tape, rates)
            ends, start = path[-results:], len(tape)
            if direction == "forward":
                for eta in etas:
                    tape.tangent(ends, eta, 1.0)
            else:
                for end in ends:
                    tape.gradient(end, etas)
        lines.append(len(tape) - start)
    return lines


# %%
# .. admonition:: Predict first
#
#    One result, the last weight. How many learning rates must there be for backward to win?

many = [1, 2, 3, 4, 6, 8, 12, 24]
by_rates = np.array([work(rates, results=1) for rates in many])
by_results = np.array([work(1, results) for results in many])
print("rates   forward backward")
for rates, (forward, backward) in zip(many, by_rates, strict=True):
    print(f"{rates:5} {forward:9} {backward:8}")
assert abs(by_rates[0, 0] - by_rates[0, 1]) <= 1
assert np.all(by_rates[1:, 0] > 1.3 * by_rates[1:, 1])

# %%
# Two. With one the directions are equal, to a line; from then on each rate costs a sweep forward,
# and backward nothing. (A sweep forward is shorter if its rate comes in late, because it begins
# where the rate does. Else 24 rates would cost 24 times as much as one.)

# %%
# In the left picture one result is differentiated in more and more rates: backward stays where it
# is, forward goes up. In the right one it is the other way round: a single rate, and the weights
# after more and more steps are its results.

fig, axes = plt.subplots(1, 2, figsize=(8.0, 3.4), sharey=True)
panels = [(by_rates, "learning rates, one result"), (by_results, "results, one learning rate")]
for ax, (lines, label) in zip(axes, panels, strict=True):
    ax.plot(many, lines[:, 0], "ko-", label="forward")
    ax.plot(many, lines[:, 1], "ks--", label="backward")
    ax.set(xlabel=label)
axes[0].set(ylabel="lines written by the sweeps")
axes[0].legend(frameon=False)
fig.suptitle("Forward costs by the variable, backward by the result")
plt.show()
assert len(set(by_results[:, 0])) == 1
assert np.all(by_results[1:, 0] < by_results[1:, 1])

# %%
# The first two rules, then: *few variables* and *many results*. A training has one final cost, and
# if it has many hyperparameters, backward it is. But the whole curve of a training, as it responds
# to its one learning rate, is a single sweep forward:

with mg.Tape() as tape:
    (eta,), path = train(tape, 1)

response = np.array(tape.tangent(path, eta, 1.0))
h = 1e-6
nudged = []
for rate in (0.1 - h, 0.1 + h):
    w, curve = 1.0, []
    for _ in range(STEPS):
        w = w - rate * (np.tanh(w - 2.0) + 0.1 * w)
        curve.append(w)
    nudged.append(np.array(curve))
assert np.allclose(response, (nudged[1] - nudged[0]) / (2.0 * h), rtol=1e-7, atol=1e-9)
print("strongest response after step", np.argmax(response))

# %%
# The third: nothing to keep
# --------------------------
#
# Backward has to wait for the end, and needs the values of all steps when it comes back. Forward
# goes along with the program. When a step is done, its tangent is known, and the step can be
# forgotten. So here is a training of 1,000 weights in which each step has a tape of its own, and
# the only thing that is carried on is a pair, :math:`w` and :math:`\dot w = dw/d\eta`.

target = np.linspace(0.0, 2.0, 1000)


def step(w, eta):
    """Return the weights after one step."""
    return w - eta * (np.tanh(w - target) + 0.1 * w)


def forward_along(eta, steps):
    """Return dw/d eta, and the most bytes held at a time."""
    w, w_dot, held = np.zeros(1000), np.zeros(1000), 0
    for _ in range(steps):
        with mg.Tape() as tape:
            before = tape.variable((w, eta))
            after = step(*before)
        w, w_dot = after.value, tape.tangent(after, before, (w_dot, 1.0))
        held = max(held, tape.nbytes + w_dot.nbytes)
    return w_dot, held


def backward_at_the_end(eta, steps):
    """Return d/d eta of the sum of all weights, and the bytes of the tape."""
    with mg.Tape() as tape:
        eta, w = tape.variable(eta), np.zeros(1000)
        for _ in range(steps):
            w = step(w, eta)
        total = np.sum(w)
    return tape.gradient(total, eta), tape.nbytes


# %%
# .. admonition:: Predict first
#
#    Both get ten times as many steps. How many times more do they hold?

lengths = [10, 20, 50, 100, 200]
held = []
for steps in lengths:
    w_dot, held_forward = forward_along(0.02, steps)
    by_gradient, held_backward = backward_at_the_end(0.02, steps)
    assert np.isclose(np.sum(w_dot), by_gradient, rtol=1e-12, atol=0.0)
    held.append((held_forward, held_backward))
    print(f"{steps:4} steps: forward holds {held_forward:6,} bytes, backward {held_backward:9,}")

held = np.array(held)
assert len(set(held[:, 0])) == 1
assert round(held[3, 1] / held[0, 1]) == 10

# %%
# Forward the same as before, backward ten times as much. In the picture the circles stay on the
# ground while the squares go up, and no computer has a memory in which they can go up for ever.

fig, ax = plt.subplots(figsize=(7.0, 3.4))
ax.plot(lengths, held[:, 1] / 1e6, "ks--", label="backward: the whole training")
ax.plot(lengths, held[:, 0] / 1e6, "ko-", label="forward: one step and a tangent")
ax.set(xlabel="steps of training", ylabel="megabytes held")
ax.set_title("Forward holds one step, however many there are")
ax.legend(frameon=False)
plt.show()

# %%
# Written as a :class:`minigrad.TrainingRun`, a training can be differentiated in either direction,
# and ``mg.Forward()`` is the loop above:

run = mg.TrainingRun(
    init=lambda h: np.zeros(1000),
    step=lambda w, h, batch: step(w, h["eta"]),
    cost=lambda w, h: np.sum(w),
    steps=200,
)
result = mg.hypergradient(run, {"eta": mg.real(0.02)}, mg.Forward())
print(f"{result.gradient['eta']:.12f}, having kept {result.stats.kept_bytes:,} bytes")
assert np.isclose(result.gradient["eta"], by_gradient, rtol=1e-12, atol=0.0)
assert result.stats.kept_bytes == 2 * 8000

# %%
# Two arrays, :math:`w` and :math:`\dot w`. If no method is named,
# :func:`minigrad.hypergradient` weighs time and memory by itself, and says what it took and why.
#
# What we left out
# ----------------
#
# - **Both at once.** The product of a matrix of second derivatives with a vector is a forward sweep
#   over a backward one. :func:`minigrad.hvp` does it, and no matrix is made.
# - **Between the two.** Rows and columns are not the only ways through a list; the best order for a
#   given one is a hard problem. In practice one of the two is near enough.
# - **Backward with less memory**, by recording parts again instead of keeping them. A later page is
#   about that.
