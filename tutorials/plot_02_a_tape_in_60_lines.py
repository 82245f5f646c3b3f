r"""
A tape in 60 lines
==================

You write an engine from nothing: it records what is computed, differentiates it to any order,
trains with it, and differentiates the training with respect to its learning rate :math:`\eta`.
That takes 60 lines of Python and nothing but Python. At the end you will find each of the parts in
minigrad, where it has the same name, and know what the other lines of minigrad are for.
"""

# %%
# An operation and its rules
# --------------------------
#
# The engine needs three nouns. The first is a *primitive*: a function of numbers that is recorded
# as one line, with a rule for each operand. The rule answers: if the final result changes by
# :math:`\bar y` for a change of this output, by how much does it change for a change of this
# operand? When a primitive is called, it computes; if some operand stands on a tape, it also
# writes there.

import math
import operator


class Primitive:
    """A function of numbers, with a derivative rule for each operand."""

    def __init__(self, name, function, *rules):
        self.name, self.function, self.rules = name, function, rules

    def __call__(self, *args):
        """Compute; and write it down, if an operand is on a tape."""
        tape = next((x.tape for x in args if isinstance(x, Variable)), None)
        inputs = [x.index if isinstance(x, Variable) else -1 for x in args]
        value = self.function(*[x.value if isinstance(x, Variable) else x for x in args])
        return value if tape is None else tape.append(self, inputs, args, value)


# %%
# Here are five of them, and a sixth that stands for what enters a tape and reads nothing. A rule
# gets :math:`\bar y`, the output :math:`y` and the operands. The product :math:`y = a b` hands
# :math:`\bar y b` to :math:`a` and :math:`\bar y a` to :math:`b`.
#
# Remember one thing about these rules: they are themselves written with ``*`` and ``-``.

variable = Primitive("variable", lambda value: value, None)
add = Primitive("add", operator.add, lambda d, y, a, b: d, lambda d, y, a, b: d)
subtract = Primitive("subtract", operator.sub, lambda d, y, a, b: d, lambda d, y, a, b: -d)
multiply = Primitive("multiply", operator.mul, lambda d, y, a, b: d * b, lambda d, y, a, b: d * a)
negative = Primitive("negative", operator.neg, lambda d, y, a: -d)
exp = Primitive("exp", math.exp, lambda d, y, a: d * y)


# %%
# A number that knows where it stands
# -----------------------------------
#
# The second noun is the *Variable*: a value and its line on a tape. It computes nothing; each of
# Python's operators hands over to the primitive.


class Variable:
    """A number and its place on a tape."""

    def __init__(self, tape, index, value):
        self.tape, self.index, self.value = tape, index, value

    def __add__(self, other):
        return add(self, other)

    def __radd__(self, other):
        return add(other, self)

    def __sub__(self, other):
        return subtract(self, other)

    def __rsub__(self, other):
        return subtract(other, self)

    def __mul__(self, other):
        return multiply(self, other)

    def __rmul__(self, other):
        return multiply(other, self)

    def __neg__(self):
        return negative(self)


# %%
# The list
# --------
#
# The third is the *tape*, and the only method of any depth is its last. ``gradient`` first goes
# down the list and notes which lines depend on a source. Then it goes up again from the target.
# Each line it meets has its cotangent complete, because whatever reads a line stands below it; the
# rules hand it on, and where two arrive at one line they are added.


class Tape:
    """A list of what was computed, in the order in which it happened."""

    def __init__(self):
        self.code = []

    def variable(self, value):
        """Put a number on the tape."""
        return self.append(variable, [-1], [value], value)

    def append(self, primitive, inputs, args, value):
        """Write one line and return its result."""
        y = Variable(self, len(self.code), value)
        self.code.append((primitive, inputs, args, y))
        return y

    def gradient(self, target, sources):
        """Return the derivative of the target in each source, by a sweep backward."""
        active = {x.index for x in sources}
        first = min(active)
        for _, inputs, _, y in self.code[first : target.index + 1]:
            if not active.isdisjoint(inputs):
                active.add(y.index)
        bars = {target.index: 1.0}
        for primitive, inputs, args, y in reversed(self.code[first : target.index + 1]):
            for rule, source in zip(primitive.rules, inputs, strict=True):
                if y.index in bars and source in active:
                    x_bar = rule(bars[y.index], y, *args)
                    bars[source] = bars[source] + x_bar if source in bars else x_bar
        return [bars.get(x.index, 0.0) for x in sources]


# %%
# That is all of it.
#
# Does it come to 60 lines? We count what is not blank and no comment, from the first class to
# here. (A notebook has no file to count in.)

from pathlib import Path

if "__file__" in globals():
    text = Path(__file__).read_text(encoding="utf-8").splitlines()
    engine = text[text.index("class Primitive:") : text.index("# That is all of it.")]
    lines = [line for line in engine if line.strip() and not line.startswith("#")]
    print(len(lines), "lines")
    assert len(lines) == 60

# %%
# Any order
# ---------
#
# Nothing in it speaks of second derivatives. But the rules are written with ``*`` and ``-``, and
# what they are given are Variables: what a sweep computes is therefore on the tape, and can be
# swept again.
#
# .. admonition:: Predict first
#
#    The derivative of :math:`x e^x` is :math:`(x + 1) e^x`. What is its fourth?

tape = Tape()
x = tape.variable(2.0)
y = x * exp(x)
for order in range(1, 5):
    (y,) = tape.gradient(y, [x])
    print(f"order {order}: {y.value:.12f}, on {len(tape.code)} lines of tape")
    assert math.isclose(y.value, (2.0 + order) * math.exp(2.0), rel_tol=1e-14)

# %%
# It trains
# ---------
#
# A network of three bumps, each with a height :math:`a_k` and a place :math:`c_k`, shall follow
# a sine:
#
# .. math:: f(x) = \sum_{k=1}^3 a_k \, e^{-(x - c_k)^2}.
#
# The cost is the mean of the squared errors at ten points. Each step of the training asks the
# tape for the slopes of this cost in all six parameters, and the learning rate is a variable in
# front. ``train`` does not know whose tape it is given.

points = [0.7 * i for i in range(10)]
targets = [math.sin(x) for x in points]


def predict(params, exp, x):
    """Return the sum of three bumps at x."""
    heights, places = params[:3], params[3:]
    return sum(a * exp(-((x - c) * (x - c))) for a, c in zip(heights, places, strict=True))


def cost_of(params, exp):
    """Return the mean squared error at the points."""
    errors = [predict(params, exp, x) - y for x, y in zip(points, targets, strict=True)]
    return sum(error * error for error in errors) * (1.0 / len(points))


def train(tape, exp, eta, steps=25):
    """Record a training; return its learning rate, the final parameters and their cost."""
    eta = tape.variable(eta)
    params = [tape.variable(value) for value in (0.5, 0.5, -0.5, 1.0, 3.0, 5.0)]
    for _ in range(steps):
        slopes = tape.gradient(cost_of(params, exp), params)
        params = [p - eta * slope for p, slope in zip(params, slopes, strict=True)]
    return eta, params, cost_of(params, exp)


tape = Tape()
eta, params, cost = train(tape, exp, eta=0.5)
before = cost_of([0.5, 0.5, -0.5, 1.0, 3.0, 5.0], math.exp)
print(f"cost {before:.4f} before, {cost.value:.4f} after; {len(tape.code):,} lines of tape")
assert cost.value < before / 5.0

# %%
# In the picture the dashed curve is where the bumps stood at the beginning, the solid one where
# the training has put them. It goes through the dots.

import matplotlib.pyplot as plt
import numpy as np

across = np.linspace(-0.5, 6.5, 141)
trained = [p.value for p in params]
fig, ax = plt.subplots(figsize=(7.0, 3.4))
ax.plot(points, targets, "ko", label="points to follow")
ax.plot(across, predict([0.5, 0.5, -0.5, 1.0, 3.0, 5.0], np.exp, across), "k--", label="before")
ax.plot(across, predict(trained, np.exp, across), "k-", label="after 25 steps")
ax.set(xlabel="x", title="Three bumps, trained by sixty lines")
ax.legend(frameon=False)
plt.show()

# %%
# And the learning rate has a derivative
# --------------------------------------
#
# The whole training is on one tape, its backward sweeps too. :math:`\eta` stands on line 0. So
# this is one more call of the same method:

(d_eta,) = tape.gradient(cost, [eta])
print(f"dC/d eta = {d_eta.value:.10f}")
assert d_eta.value < 0.0

# %%
# Negative: a little more speed would have ended lower. Is the number right? Train twice more,
# with an :math:`\eta` a millionth to either side.

h = 1e-6
up, down = (train(Tape(), exp, 0.5 + step)[2].value for step in (h, -h))
print(f"by trying  {(up - down) / (2.0 * h):.10f}")
assert math.isclose(d_eta.value, (up - down) / (2.0 * h), rel_tol=1e-6)

# %%
# Thirteen trainings more, each with its own :math:`\eta`. The dots are their final costs, the short
# lines the slopes that their tapes gave. Each slope lies along the curve that the dots make,
# though none of the trainings knows of another.

rates = [0.04 * i for i in range(1, 14)]
runs = [train(Tape(), exp, rate) for rate in rates]
costs = [cost.value for _, _, cost in runs]
slopes = [eta.tape.gradient(cost, [eta])[0].value for eta, _, cost in runs]

fig, ax = plt.subplots(figsize=(7.0, 3.4))
ax.plot(rates, costs, "o", color="0.5")
for rate, cost, slope in zip(rates, costs, slopes, strict=True):
    ax.plot([rate - 0.016, rate + 0.016], [cost - 0.016 * slope, cost + 0.016 * slope], "k-")
ax.set(xlabel="η", ylabel="final cost", title="The final cost, and its slope as each tape gives it")
plt.show()

# %%
# Find the parts in minigrad
# --------------------------
#
# ``train`` takes any tape. Give it minigrad's, and NumPy's ``exp``.
#
# .. admonition:: Predict first
#
#    How many of its lines will be the same as yours?

import minigrad as mg

yours = Tape()
eta, _, cost = train(yours, exp, eta=0.5)
(d_eta,) = yours.gradient(cost, [eta])

with mg.Tape() as theirs:
    eta, _, cost = train(theirs, np.exp, eta=0.5)
    (their_d_eta,) = theirs.gradient(cost, [eta])

print(f"{len(yours.code):,} lines and {len(theirs):,} lines")
print(f"dC/d eta = {d_eta.value:.12f} and {their_d_eta.value:.12f}")
assert len(yours.code) == len(theirs)
for (primitive, inputs, *_), line in zip(yours.code, theirs, strict=True):
    assert primitive.name == line.primitive.name
    assert tuple(inputs) == line.inputs
assert math.isclose(d_eta.value, their_d_eta.value, rel_tol=1e-12)

# %%
# All of them: the same operations, reading the same lines, in the same order. The engine that you
# wrote is the one that you will use. It lives in four files, which are meant to be read:
#
# =========================  ==================================================================
# yours                      in minigrad
# =========================  ==================================================================
# ``Primitive``              :mod:`minigrad.primitive`: arrays, parameters, several outputs
# the six rows of rules      :mod:`minigrad.ops`: the same table, one row for each operation
# ``Variable``               :mod:`minigrad.variable`: all operators, indexing, NumPy's functions
# ``Tape``, ``append``       :class:`minigrad.Tape`: it opens and closes, has marks and names
# ``Tape.gradient``          :func:`minigrad.sweep.backward`, and ``forward`` beside it
# ``active``                 :func:`minigrad.sweep.dependents`
# =========================  ==================================================================

# %%
# What we left out
# ----------------
#
# - **Arrays.** Here each line holds one number. With arrays a rule must also undo broadcasting,
#   and a line costs the same for a thousand numbers as for one.
# - **Closing the tape.** Yours is always open, so even the last derivative is recorded, though
#   nobody will ask for its own. minigrad's records inside ``with`` only, and outside gives back
#   plain numbers.
# - **Errors.** Yours believes what it is told: mix two tapes, or take a ``float`` out, and it
#   gives a wrong number, or a message from somewhere inside. Much of minigrad's length is
#   refusing that, in words.
# - **Forward mode**: the same list, read from the top. It has its own page.
