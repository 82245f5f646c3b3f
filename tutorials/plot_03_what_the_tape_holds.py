"""
How the tape works
==================

A tape is a list of what was computed, line by line, in the order in which it happened. A derivative
is that list read backward. This page reads one backward *by hand*, so that nothing stays hidden,
and then puts a training on the tape, backward passes included. From there on the learning rate has
a derivative like any other number.
"""

# %%
# A derivative by hand
# --------------------
#
# Take :math:`y = x \sin x` at :math:`x = 2`. The product rule says
#
# .. math:: \frac{dy}{dx} = \sin x + x \cos x.
#
# The tape is told that :math:`x` is a variable, and watches the rest:

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg

with mg.Tape() as tape:
    x = tape.variable(2.0, name="x")
    y = x * np.sin(x)

by_tape = tape.gradient(y, x)
by_hand = np.sin(2.0) + 2.0 * np.cos(2.0)
print(f"by tape {by_tape:.15f}\nby hand {by_hand:.15f}")
assert np.isclose(by_tape, by_hand, rtol=1e-15)

# %%
# What stands on the tape
# -----------------------
#
# Three instructions, one a line: its number, the name that we gave it, the operation, what it
# reads, and the shape of its result; ``()`` is a single number. ``%0`` means the result of
# instruction 0.

print(tape)
assert len(tape) == 3

# %%
# An instruction is a named tuple, and there is nothing more to it. An input of ``-1`` would
# mean that this operand is a constant.

print(*tape[2]._asdict().items(), sep="\n")
assert tape[2].inputs == (0, 1)
assert tape[2].value == y.value

# %%
# Backward, line by line
# ----------------------
#
# Going backward, each line gets a number :math:`\bar v`, its *cotangent*: how much :math:`y`
# changes for a change of this line's result :math:`v`. The last line is :math:`y` itself, so it
# starts with :math:`\bar y = 1`. Every line then hands something on to the lines that it read.
# How much, says the *VJP rule* of its operation: a product :math:`y = a b`, for one, hands
# :math:`\bar y b` to :math:`a` and :math:`\bar y a` to :math:`b`.
#
# .. admonition:: Predict first
#
#    Line 0 is :math:`x`. How many times will this loop hand something to it?

y_bars = {2: 1.0}
for i in (2, 1):
    line, y_bar = tape[i], y_bars[i]
    for position, source in enumerate(line.inputs):
        rule = line.primitive.vjps[position]
        x_bar = rule(y_bar, line.value, *line.operands)
        y_bars[source] = y_bars.get(source, 0.0) + x_bar
        print(f"%{i} {line.primitive.name} hands {x_bar:+.6f} to %{source}")
print(f"%0 has {y_bars[0]:+.6f} in the end")

assert y_bars[0] == by_tape

# %%
# Twice: once for each use of :math:`x`, in the product and in the sine. What arrives is
# *added*; that is the whole chain rule. And when the loop comes to a line, every line that
# reads it has been met already, because those stand further down. Nothing has to be sorted, and
# nothing recurses.
#
# The ``assert`` says ``==``, not "nearly": the loop did what ``tape.gradient`` does, operation
# by operation.

# %%
# The same list, forward
# ----------------------
#
# Read from the top, the list carries *tangents*: how fast each line changes when :math:`x`
# moves at speed 1. Each operation has a *JVP rule* that says how.

y_dots = {0: 1.0}
for i in (1, 2):
    line = tape[i]
    y_dots[i] = sum(
        line.primitive.jvps[position](y_dots[source], line.value, *line.operands)
        for position, source in enumerate(line.inputs)
    )

print(f"forward {y_dots[2]:.15f}")
assert y_dots[2] == tape.tangent(y, x, 1.0)
assert np.isclose(y_dots[2], by_tape, rtol=1e-15)

# %%
# One sweep backward gives the derivative of one result in *all* variables. One sweep forward
# gives the derivatives of *all* results in one variable.

# %%
# The rules are recorded too
# --------------------------
#
# So far we asked after ``with``: the tape was closed, and the answer was a plain number. Inside
# ``with``, the rules of the sweep work on Variables. They are made of ordinary operations, so
# the tape records them like everything else.
#
# .. admonition:: Predict first
#
#    What did the backward loop above compute at each hand-over? By how many lines will the tape
#    grow?

with mg.Tape() as tape:
    x = tape.variable(2.0, name="x")
    y = x * np.sin(x)
    slope = tape.gradient(y, x)

print(tape)
assert len(tape) == 3 + 5

# %%
# By five: two products for the rule of the product, a cosine and a product for the rule of the
# sine, and the addition of what arrived twice at :math:`x`. Now ``slope`` stands on the tape as
# ``y`` does, so it can be swept again. Second order takes no new code:
#
# .. math:: \frac{d^2y}{dx^2} = 2 \cos x - x \sin x

second = tape.gradient(slope, x)
print(f"by tape {second:.15f}")
assert np.isclose(second, 2.0 * np.cos(2.0) - 2.0 * np.sin(2.0), rtol=1e-14)

# %%
# A step of training
# ------------------
#
# Nor does training. Let the cost be :math:`C_0(w) = \frac12 (w - a)^2` with :math:`a = 2`, and
# let one step of gradient descent with weight decay be
#
# .. math:: w \leftarrow w - \eta \, \bigl(C_0'(w) + \lambda w\bigr).
#
# The slope comes from the tape, and :math:`\eta` and :math:`\lambda` are variables on it, just
# as :math:`w` is. ``tape.mark`` gives a name to a range of lines.


def train(targets):
    """Record a training from w = 1, one step for each target a; return the tape and eta, lam, w."""
    with mg.Tape() as tape:
        eta = tape.variable(0.3, name="eta")
        lam = tape.variable(0.1, name="lam")
        w = tape.variable(1.0, name="w")
        for t, a in enumerate(targets):
            with tape.mark(f"step {t}"):
                with tape.mark("forward"):
                    cost = 0.5 * (w - a) ** 2
                with tape.mark("backward"):
                    slope = tape.gradient(cost, w)
                with tape.mark("update"):
                    w = w - eta * (slope + lam * w)
    return tape, eta, lam, w


tape, eta, lam, w = train([2.0])
print(tape)
print(*tape.marks, sep="\n")

# %%
# After one step, the derivative can be read off the formula:
# :math:`dw/d\eta = -(C_0'(w) + \lambda w)`, the direction of the step itself, which here is
# :math:`-(-1 + 0.1)`.

d_eta = tape.gradient(w, eta)
print(f"dw/d eta = {d_eta}")
assert d_eta == 0.9

# %%
# Five steps
# ----------
#
# With five, :math:`\eta` is used five times, and each step starts where the last one ended. In
# exact fractions, by hand, :math:`w_5 = 1.7077170367`, with :math:`dw_5/d\eta = 0.906800445`
# and :math:`dw_5/d\lambda = -1.182422175`. What does the tape say?

tape, eta, lam, w = train([2.0] * 5)
d_eta, d_lam = tape.gradient(w, [eta, lam])
print(f"w = {w:.12f}, dw/d eta = {d_eta:.12f}, dw/d lam = {d_lam:.12f}")
assert np.isclose(w.value, 1.7077170367, rtol=1e-15)
assert np.isclose(d_eta, 0.906800445, rtol=1e-14)
assert np.isclose(d_lam, -1.182422175, rtol=1e-14)

# %%
# The tape, drawn
# ---------------
#
# Here is the tape of three steps. Every dot is a line, and an arc leads from each line to one
# that reads it. The long arcs start at the three variables on the left: :math:`\eta` and
# :math:`\lambda` are used once in every step, and so each of their derivatives is a sum over
# the steps.

tape, *_ = train([2.0] * 3)
looks = {  # marker, line and colour of each part
    "variable": ("D", "-", "black"),
    "forward": ("o", "-", "tab:orange"),
    "backward": ("s", "--", "tab:red"),
    "update": ("^", ":", "tab:blue"),
}
part = ["variable"] * len(tape)
for mark in tape.marks:
    if mark.name in looks:
        part[mark.start : mark.stop] = [mark.name] * (mark.stop - mark.start)

fig, ax = plt.subplots(figsize=(7.5, 3.4))
turn = np.linspace(0.0, np.pi, 60)
for i, line in enumerate(tape):
    marker, dashes, colour = looks[part[i]]
    ax.plot(i, 0.0, marker, color=colour, zorder=3)
    for j in line.inputs:
        if j >= 0:
            across = 0.5 * (i + j) + 0.5 * (i - j) * np.cos(turn)
            ax.plot(across, (i - j) ** 0.7 * np.sin(turn), dashes, color=colour)

below = {"va": "top", "ha": "center"}
for name, (marker, dashes, colour) in looks.items():
    ax.plot([], [], marker + dashes, color=colour, label=name)
for i, symbol in enumerate("ηλw"):
    ax.text(i, -0.5, symbol, **below)
for t in range(3):
    ax.text(7.0 + 9.0 * t, -0.5, f"step {t}", **below)
ax.set(title="Three steps of training on a tape: each uses η and λ once", ylim=(-1.6, None))
ax.set_axis_off()
ax.legend(loc="upper right", frameon=False)
plt.show()

# %%
# How long it gets
# ----------------
#
# The backward sweep of step 3 asks for the slope at the :math:`w` of step 3. So it looks at the
# lines from there on, three of them, and not at the whole history.
#
# .. admonition:: Predict first
#
#    The tape of one step has 12 lines. How many has that of 1,000 steps?

lengths = {steps: len(train([2.0] * steps)[0]) for steps in (1, 2, 10, 1000)}
print(lengths)
assert lengths[1] == 12
assert all(length == 3 + 9 * steps for steps, length in lengths.items())

# %%
# Three variables, and nine lines for each step: the tape grows linearly. If each sweep went
# back to the beginning, it would grow as the square.

# %%
# Which step mattered?
# --------------------
#
# The derivative in :math:`\eta` is a sum with one term for each use. ``contributions`` gives
# the terms.
#
# .. admonition:: Predict first
#
#    Twelve steps towards the same target. The first steps are long, the last ones tiny. Does
#    the learning rate matter more in the first step or in the last?

tape, eta, _, w = train([2.0] * 12)
calm = [term.value for term in tape.gradient(w, eta, contributions=True)]
print(np.array(calm))
assert len(calm) == 12
assert np.allclose(calm, calm[0], rtol=1e-12)
assert np.isclose(sum(calm), tape.gradient(w, eta), rtol=1e-14)

# %%
# In neither: all twelve terms are the same. Each step multiplies the distance to where the
# weight is going by :math:`1 - \eta (1 + \lambda)`, and in a product it does not matter which
# factor is changed.
#
# A real training sees another mini-batch at every step. Let each step have its own target,
# scattered around 2, and the picture changes: what an early step did wrong is put right by
# those that follow, and what the last one does stays.

targets = 2.0 + np.random.default_rng(0).normal(size=12)
tape, eta, _, w = train(list(targets))
noisy = [term.value for term in tape.gradient(w, eta, contributions=True)]

fig, ax = plt.subplots()
ax.bar(range(12), noisy, color="0.75", edgecolor="black", label="a target for each step")
ax.plot(range(12), calm, "k--", label="the same target for all")
ax.axhline(0.0, color="black", linewidth=0.8)
ax.set_title("What each step's learning rate adds to dw/dη: noise makes the last ones matter")
ax.set(xlabel="step", ylabel="contribution")
ax.legend(frameon=False)
plt.show()

early, late = np.abs(noisy[:6]).sum(), np.abs(noisy[6:]).sum()
print(f"first half {early:.2f}, second half {late:.2f}")
assert late > 5.0 * early

# %%
# What an error looks like
# ------------------------
#
# A derivative that is silently wrong is worse than none, so two things are refused. One is to
# take a number off the tape without saying so. Here a formula calls ``math.exp``, which wants a
# ``float``:

import math
import textwrap

with mg.Tape() as tape:
    x = tape.variable(2.0)
    try:
        y = math.exp(x)
    except mg.errors.UntrackedError as error:
        print(textwrap.fill(str(error), 80))
    else:
        raise AssertionError("a Variable became a float")
    y = np.exp(x)  # what was meant
    constant = math.exp(x.value)  # or a constant: then say so

# %%
# The other is to change an array that the tape has used. It does not copy your data; it
# remembers what they looked like, and compares before a sweep.

data = np.array([1.0, 2.0, 3.0])
with mg.Tape() as tape:
    w = tape.variable(0.5)
    y = np.sum(w * data)

data[0] = 100.0
try:
    tape.gradient(y, w)
except mg.errors.ChangedArrayError as error:
    print(textwrap.fill(str(error), 80))
else:
    raise AssertionError("a wrong derivative got out")

# %%
# Put the number back, and the tape trusts the array again:

data[0] = 1.0
print(tape.gradient(y, w))
assert tape.gradient(y, w) == 6.0

# %%
# What we left out
# ----------------
#
# - **Arrays.** All numbers were single ones. Arrays work in the same way; their rules are in
#   the table of :doc:`all that is differentiated </support>`.
# - **Functions instead of tapes.** ``mg.grad(f)(x)`` opens a tape, records, sweeps and throws
#   it away. Inside an open tape it records there, so it could have stood in the training step
#   above.
# - **A few lines of the sweep.** The real one looks first which lines depend on the sources at
#   all, fits each result to the shape and dtype of its source, and frees what it has passed. It
#   is the function :func:`minigrad.sweep.backward`.
# - **Memory.** The tape keeps every result, so a long training takes much of it.
# - **A training worth the name.** That is the next page.
