"""
What the tape holds
===================

At the end of this page you can read a tape: print it, index it, name its parts, draw it, weigh it,
and ask it which of its lines a derivative came from. The tape that we read holds three steps of a
training, backward passes included, so you will also have seen where a learning rate enters.
"""

# %%
# A step of training
# ------------------
#
# Let the cost be :math:`C_0(w) = \frac12 (w - a)^2`, and let one step of gradient descent with
# weight decay be
#
# .. math:: w \leftarrow w - \eta \, \bigl(C_0'(w) + \lambda w\bigr).
#
# The slope :math:`C_0'` comes from the tape; :math:`\eta` and :math:`\lambda` are variables on
# it, as :math:`w` is. :meth:`minigrad.Tape.mark` gives a name to a range of lines.

import math
import textwrap

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg


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


# %%
# Read it
# -------
#
# Printed, a tape is a table with one line for each instruction: its number, the name that we
# gave it, the operation, what it reads, and the shape of its result. ``%0`` is the result of
# line 0, and ``()`` is the shape of a single number.
#
# .. admonition:: Predict first
#
#    Which lines will have been written by us, and which by ``tape.gradient``?

tape, eta, lam, w = train([2.0])
print(tape)
assert len(tape) == 12

# %%
# The marks know. Each is a name and a range, the innermost first:

print(*tape.marks, sep="\n")
assert [mark.name for mark in tape.marks] == ["forward", "backward", "update", "step 0"]
forward, backward, update, step = tape.marks
assert (backward.start, backward.stop) == (6, 8)

# %%
# Three variables; three lines of cost; two lines of slope, which the sweep wrote; four lines of
# update. The sweep used nothing but the operations of the table. That a slope is a slope can't be
# seen from its lines.

# %%
# Step through it
# ---------------
#
# ``tape[i]`` is one instruction, a named tuple: the primitive, where its operands stand on the
# tape, the operands themselves, its parameters, and the value that came out.

print(*tape[3]._asdict().items(), sep="\n")
assert tape[3].inputs == (2, -1)
assert tape[3].operands == (1.0, 2.0)

# %%
# An input of ``-1`` says that this operand is a constant: the target :math:`a = 2` was a plain
# number, so the tape keeps it but can't be asked for its derivative. That is the whole difference
# between a constant and a variable.
#
# An instruction holds all that is needed to do it again. So here is the list, done again from
# the top, with another learning rate put in:


def again(tape, changed):
    """Go through a tape from the top with some of its variables changed; return all values."""
    values = []
    for i, line in enumerate(tape):
        operands = [
            values[j] if j >= 0 else x for j, x in zip(line.inputs, line.operands, strict=True)
        ]
        value = line.primitive.function(*operands, **line.params)
        values.append(changed.get(i, value))
    return values


assert again(tape, {})[-1] == w.value
faster = again(tape, {eta.index: 0.5})[-1]
print(f"w = {w.value} with eta = 0.3, {faster} with eta = 0.5")
assert math.isclose(faster, 1.0 - 0.5 * (1.0 - 2.0 + 0.1 * 1.0), rel_tol=1e-15)

# %%
# Thus the tape is not a log but a program. It has no branches, no loops and no functions any more;
# what is left of a ``for`` are its turns, one after another.

# %%
# Draw it
# -------
#
# Three steps, drawn: every dot is a line, and an arc leads from each line to one that reads it.
# The long arcs start at the three variables on the left. :math:`\eta` and :math:`\lambda` are
# used once in every step, :math:`w` only in the first, which makes a new one.

tape, eta, lam, w = train([2.0] * 3)
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

uses = [sum(line.inputs.count(v) for line in tape) for v in (0, 1)]
print(f"eta is read {uses[0]} times, lam {uses[1]} times")
assert uses == [3, 3]

# %%
# Walk through it
# ---------------
#
# A picture stands still. :meth:`minigrad.Tape.explore` makes a page on which one can walk along a
# tape: **Next** records a line, and after the last one it goes back, from the weight at the end to
# what it came from. A dash in the last column is a derivative that is not yet computed, which is
# not the same as a zero. Under the tape stand the two derivatives that come out, with what each
# step adds.

explorer = tape.explore(w, [eta, lam])
shown = [source["gradient"]["exact"] for source in explorer.data["sources"]]
assert shown == tape.gradient(w, [eta, lam])
assert [len(source["terms"]) for source in explorer.data["sources"]] == uses
explorer

# %%
# How each number on the way back is found, line by line, is what the next page is about. The tape
# of another loop stands on :doc:`a page of its own </explorer>`.

# %%
# Which step mattered?
# --------------------
#
# Where an arc arrives, :math:`\eta` mattered. So its derivative is a sum with one term for each
# arc, and ``contributions`` gives the terms, each with the line that it came through and that
# line's mark.
#
# .. admonition:: Predict first
#
#    Twelve steps towards the same target. The first steps are long, the last ones tiny. Does
#    the learning rate matter more in the first step or in the last?

tape, eta, _, w = train([2.0] * 12)
terms = tape.gradient(w, eta, contributions=True)
print(*terms[:2], sep="\n")
calm = [term.value for term in terms]
assert len(calm) == 12
assert np.allclose(calm, calm[0], rtol=1e-12, atol=0.0)
assert np.isclose(sum(calm), tape.gradient(w, eta), rtol=1e-14, atol=0.0)

# %%
# In neither: all twelve terms are the same. Each step multiplies the distance to where the
# weight is going by :math:`1 - \eta (1 + \lambda)`, and in a product it does not matter which
# factor is changed.
#
# A real training sees another mini-batch at every step. Let each step have its own target,
# scattered around 2, and the picture changes: what an early step did wrong is put right by
# those that follow, and what the last one does stays. The dashed line are the equal terms from
# above, the bars those of the scattered targets.

targets = 2.0 + np.random.default_rng(0).normal(size=12)
tape, eta, _, w = train(list(targets))
noisy = [term.value for term in tape.gradient(w, eta, contributions=True)]

fig, ax = plt.subplots(figsize=(7.0, 3.6))
ax.bar(range(12), noisy, color="0.75", edgecolor="black", label="a target for each step")
ax.plot(range(12), calm, "k--", label="the same target for all")
ax.axhline(0.0, color="black", linewidth=0.8)
ax.set_title("What each step adds to dw/dη: noise makes the last ones matter")
ax.set(xlabel="step", ylabel="contribution")
ax.legend(frameon=False)
plt.show()

early, late = np.abs(noisy[:6]).sum(), np.abs(noisy[6:]).sum()
print(f"first half {early:.2f}, second half {late:.2f}")
assert late > 5.0 * early

# %%
# Weigh it
# --------
#
# The tape keeps every result until the tape itself goes. ``nbytes`` says what the arrays come to,
# each counted once however many lines read it; the single numbers above counted as nothing.
#
# .. admonition:: Predict first
#
#    :math:`w` now has 1,000 weights, 8,000 bytes. How many such arrays will each step leave on
#    the tape? Look at the table on top.


def weigh(steps):
    """Return the bytes on the tape of a training of 1,000 weights."""
    with mg.Tape() as tape:
        eta, w = tape.variable(0.3), tape.variable(np.ones(1000))
        for _ in range(steps):
            slope = tape.gradient(0.5 * np.sum((w - 2.0) ** 2), w)
            w = w - eta * slope
    return tape.nbytes


grown = {steps: weigh(steps) - weigh(0) for steps in (1, 10, 100)}
print(grown)
assert all(size == steps * (6 * 8000 + 8) for steps, size in grown.items())

# %%
# Six, and one number: the error, its square, two on the way back, the product with :math:`\eta`,
# and the new :math:`w`; the number is the cotangent of the sum, the same for all weights. So a
# tape is as heavy as the training is long and the network large. That is the price of going
# backward, and a later page is about paying less.

# %%
# What it will not let pass
# -------------------------
#
# A derivative that is silently wrong is worse than none, so two things are refused. One is to
# take a number off the tape without saying so. Here a formula calls ``math.exp``, which wants a
# ``float``:

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
# remembers what they looked like, and compares before a sweep. A tape made with ``lines=True``
# also knows where in your program each instruction was written, and says so.

data = np.array([1.0, 2.0, 3.0])
with mg.Tape(lines=True) as tape:
    w = tape.variable(0.5)
    y = np.sum(w * data)

data[0] = 100.0
try:
    tape.gradient(y, w)
except mg.errors.ChangedArrayError as error:
    message = str(error)
else:
    raise AssertionError("a wrong derivative got out")
print(textwrap.fill(message, 80))
assert "instruction 1 (multiply on " in message

# %%
# Put the number back, and the tape trusts the array again:

data[0] = 1.0
print(tape.gradient(y, w))
assert tape.gradient(y, w) == 6.0

# %%
# What we left out
# ----------------
#
# - **How the sweep reads the list.** That is the next page.
# - **Several outputs.** An operation such as a decomposition gives more than one array. It is one
#   line, and a line ``select`` follows for each part.
# - **Doing it again, properly.** ``again`` above is the idea of :mod:`minigrad.program`, which
#   makes a Python function of a tape and of its sweep.
