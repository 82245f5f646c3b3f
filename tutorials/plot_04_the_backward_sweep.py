r"""
The backward sweep, line by line
================================

A gradient is one walk up the list. At the end of this page you have made it by hand, have watched
every cotangent arrive, and have written a sweep that agrees with minigrad's to the last bit. You
will know three things that such a sweep must do so that a training of a thousand steps stays
affordable, and how many steps a sweep takes.
"""

# %%
# By hand
# -------
#
# Again :math:`y = x \sin x` at :math:`x = 2`, three lines of tape. Going backward, each line gets
# a number :math:`\bar v`, its *cotangent*: how much :math:`y` changes for a change of this line's
# result :math:`v`. The last line is :math:`y` itself, so it starts with :math:`\bar y = 1`. Every
# line then hands something on to the lines that it read. How much, says the *VJP rule* of its
# operation: a product :math:`y = a b`, for one, hands :math:`\bar y b` to :math:`a` and
# :math:`\bar y a` to :math:`b`.

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg

with mg.Tape() as tape:
    x = tape.variable(2.0, name="x")
    y = x * np.sin(x)

print(tape)

# %%
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

assert y_bars[0] == tape.gradient(y, x)

# %%
# Twice: once for each use of :math:`x`, in the product and in the sine. What arrives is
# *added*; that is the whole chain rule. And when the loop comes to a line, every line that
# reads it has been met already, because those stand further down. Nothing has to be sorted, and
# nothing recurses.
#
# The ``assert`` says ``==``, not "nearly": the loop did what ``tape.gradient`` does, operation
# by operation.

# %%
# The whole sweep
# ---------------
#
# Here is the loop for any tape of numbers. It does two things more. It skips what no cotangent
# has reached: the target doesn't depend on that. And it hands nothing to constants, nor to lines
# that depend on no source, which it finds beforehand on a walk down.


def backward(tape, target, source):
    """Return the cotangents of all lines, and for each rule called the lines it led from and to."""
    active = {source}
    for i in range(source + 1, target + 1):
        if not active.isdisjoint(tape[i].inputs):
            active.add(i)
    y_bars, calls = {target: 1.0}, []
    for i in range(target, source, -1):
        if i not in y_bars:
            continue
        line = tape[i]
        for position, j in enumerate(line.inputs):
            if j in active:
                rule = line.primitive.vjps[position]
                x_bar = rule(y_bars[i], line.value, *line.operands, **line.params)
                y_bars[j] = y_bars[j] + x_bar if j in y_bars else x_bar
                calls.append((i, j))
    return y_bars, calls


# %%
# Give it a training: the one of the last page, with :math:`\eta`, :math:`\lambda` and :math:`w`
# on lines 0, 1 and 2.


def train(steps):
    """Record a training towards 2 from w = 1; return the tape and eta, lam, w."""
    with mg.Tape() as tape:
        eta = tape.variable(0.3, name="eta")
        lam = tape.variable(0.1, name="lam")
        w = tape.variable(1.0, name="w")
        for _ in range(steps):
            slope = tape.gradient(0.5 * (w - 2.0) ** 2, w)
            w = w - eta * (slope + lam * w)
    return tape, eta, lam, w


tape, eta, lam, w = train(3)
w_bars, calls = backward(tape, w.index, eta.index)
print(f"dw/d eta = {w_bars[eta.index]:.9f} by {len(calls)} calls of rules")
assert w_bars[eta.index] == tape.gradient(w, eta)

# %%
# To the last bit again. The next picture is that sweep as a film: time goes down, each row is one
# call of a rule, and the mark in it shows which line is handed something. A dot is the first
# cotangent that a line gets; a plus is one that is added to what was there. Down the left side
# runs the column of :math:`\eta`, which gets something once in each step.

fig, ax = plt.subplots(figsize=(7.0, 4.6))
met = set()
for row, (i, j) in enumerate(calls):
    ax.plot([i, j], [row, row], color="0.8", linewidth=0.8, zorder=1)
    ax.plot(j, row, "k+" if j in met else "ko", markersize=8 if j in met else 4)
    met.add(j)
ax.invert_yaxis()
ax.set(xlabel="line of the tape", ylabel="call of a rule")
ax.set_title("The sweep runs from right to left; η, on line 0, is met once in each step")
plt.show()

to_eta = [i for i, j in calls if j == eta.index]
print("lines that hand something to eta:", to_eta)
assert to_eta == sorted(to_eta, reverse=True)
assert len(to_eta) == 3

# %%
# What a sweep costs
# ------------------
#
# A rule was called at most once for each use of a line by another: that many arcs has the
# picture of the tape, and no more. It does not matter how many variables there are.
#
# .. admonition:: Predict first
#
#    A function of 10 numbers, and one of 1,000. How many times more calls does the gradient take
#    in *all* of them than the function has operations?


def recorded(n):
    """Record sum of x sin x over n numbers, each a variable of its own."""
    with mg.Tape() as tape:
        xs = [tape.variable(0.01 * k) for k in range(n)]
        y = sum(x * np.sin(x) for x in xs)
        before = len(tape)
        tape.gradient(y, xs)
    return before - n, len(tape) - before


for n in (10, 100, 1000):
    operations, more = recorded(n)
    print(f"{n:5} numbers: {operations:5} operations, {more:5} more for the gradient")
    assert operations == 3 * n
    assert more == 5 * n

# %%
# Five for every three, at any :math:`n`. Other operations have other rules, but each rule takes a
# handful of operations, so a gradient always costs a small multiple of its function: the *cheap
# gradient principle*, as Andreas Griewank called it. It is the reason why networks can be trained,
# and why a training may have a thousand hyperparameters.

# %%
# How long the tape gets
# ----------------------
#
# Each step of the training asks for a slope, and each time that is a sweep over this tape, which
# gets longer and longer.
#
# .. admonition:: Predict first
#
#    One step leaves 12 lines. How many do 1,000 steps leave?

lengths = {steps: len(train(steps)[0]) for steps in (1, 2, 10, 1000)}
print(lengths)
assert lengths[1] == 12
assert all(length == 3 + 9 * steps for steps, length in lengths.items())

# %%
# Three variables, and nine lines for each step: the tape grows linearly. The sweep of step 1,000
# has for its source the :math:`w` of step 1,000, and goes up no further than that. All that stands
# above is history, and can't depend on it.
#
# What if it went up to the top every time? It would walk through all earlier steps, their sweeps
# included, and write down what it finds there. To see it, ask for the slope in both :math:`w` and
# the very first variable:


def train_to_the_top(steps):
    """Record the same training, with sweeps that go up to the first line; return the tape."""
    with mg.Tape() as tape:
        eta = tape.variable(0.3)
        w = tape.variable(1.0)
        for _ in range(steps):
            slope, _ = tape.gradient(0.5 * (w - 2.0) ** 2, [w, eta])
            w = w - eta * (slope + 0.1 * w)
    return tape


steps = range(1, 21)
bounded = [len(train(n)[0]) for n in steps]
to_the_top = [len(train_to_the_top(n)) for n in steps]
print("bounded   ", bounded[:7])
print("to the top", to_the_top[:7])
assert np.all(np.diff(bounded) == 9)
assert np.all(np.diff(to_the_top, 2) == 9)

# %%
# Each step now writes nine lines more than the step before it, so the tape grows as the square. In
# the picture the lower line is straight, and the upper one bends away from it.

fig, ax = plt.subplots(figsize=(7.0, 3.4))
ax.plot(steps, to_the_top, "ks--", label="each sweep goes up to line 0")
ax.plot(steps, bounded, "ko-", label="each sweep stops at its source")
ax.set(xlabel="steps of training", ylabel="lines of tape")
ax.set_xticks(steps[::3])
ax.set_title("Where a sweep stops decides how long the tape gets")
ax.legend(frameon=False)
plt.show()

# %%
# What we left out
# ----------------
#
# - **Arrays.** The real sweep fits each cotangent to the shape and dtype of what it belongs to, so
#   that no rule has to know of broadcasting.
# - **Freeing.** It drops each cotangent as soon as it has been handed on.
# - **Rules for all operands at once**, where they share work, and operations of several outputs.
#   The whole is :func:`minigrad.sweep.backward`, about as long as this page's longest cell twice.
# - **What happens inside** ``with``. There the rules are given Variables, and what they compute is
#   recorded. That is the next page.
