r"""
The tape as a program
=====================

A tape is a list of operations without branches and loops, and such a list *is* a program. This
page has minigrad write that program down as NumPy code: first for a line of algebra, and then for a
whole training loop and its adjoint, the loop that runs backward. At the end you will have read the
code that computes :math:`dC/d\eta`, have called it yourself, and know why it is quicker than the
tape that it came from.
"""

# %%
# From a tape to code
# -------------------
#
# Here is a function that nobody would write by hand. But recordings look like this, because rules
# know nothing of each other.

import textwrap
import warnings
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad import nn, optim, program, tree

with mg.Tape() as tape:
    x = tape.variable(np.array([0.5, 1.0, 2.0]), name="x")
    unread = np.exp(x)
    y = 1.0 * np.sin(x) - np.negative(-x) * np.sqrt(4.0)
    y_bar = tape.variable(np.ones(3), name="y_bar")
    x_bar = tape.gradient(y, x, cotangent=y_bar)

recorded = program.of_tape(tape, {"x": x, "y_bar": y_bar}, [y, x_bar])
print(program.emit(recorded, "recorded").source)

# %%
# ``of_tape`` says which lines of the tape are given from outside and which are wanted. ``emit``
# writes a statement for each line. It has already begun to save: ``sin *= 1.0`` works in place,
# where nobody needs what was there before. :math:`\bar y` is an input, as :math:`x` is: so this
# is one function for the value *and* the VJP.
#
# A *pass* takes a program and returns one that means the same and does less. One pass drops what no
# output depends on, one computes constants at once, one knows that :math:`1 \cdot x = x` and
# :math:`--x = x`, one lets two lines that are equal be one. ``optimise`` applies them all, until no
# line more can go.
#
# .. admonition:: Predict first
#
#    Two lines are inputs, and 15 compute. How many of the 15 are needed?

optimised = program.optimise(recorded)
code = program.emit(optimised, "optimised")
print(code.source)

before, after = (len(p) - len(p.inputs) for p in (recorded, optimised))
print(f"operations: {before} before the passes, {after} after")
assert (before, after) == (15, 8)

# %%
# The passes change no bit of the value. And what was written is an ordinary function:

point = np.array([0.1, 0.2, 0.3])
value, slope = code.function(point, np.ones(3))
assert np.array_equal(value, np.sin(point) - 2.0 * point)
assert np.allclose(slope, np.cos(point) - 2.0, rtol=1e-15)

# %%
# A training loop
# ---------------
#
# Now the network of the page on :math:`\eta` and :math:`\lambda`: 64 inputs, 30 tanh units, 10
# outputs, and a hundred steps of 32 images, as a :class:`minigrad.TrainingRun`.

digits = mg.datasets.digits()
n, m, steps = len(digits.train.x), 32, 100
batches = mg.datasets.batches(*digits.train, size=m, steps=steps, seed=0)
start = nn.init_mlp(np.random.default_rng(0), (64, 30, 10))


def mean_cost(params, x, y):
    """Return the mean cross-entropy on some images."""
    return nn.cross_entropy(nn.mlp(params, x), y)


def step(params, hypers, batch):
    """Take a step of gradient descent with weight decay."""
    gradient = mg.grad(mean_cost)(params, *batch)
    params, _ = optim.sgd.update(params, gradient, (), eta=hypers["eta"], lam=hypers["lam"], n=n)
    return params


run = mg.TrainingRun(
    init=lambda hypers: start,
    step=step,
    cost=lambda params, hypers: mean_cost(params, *digits.validation),
    steps=steps,
    batches=batches,
)
hypers = {"eta": 0.3, "lam": 2.0}
compiled = run.program(hypers)
print(compiled.forward_program.source)

# %%
# That is the whole training. The comments are our own lines, each above what became of it. A few
# things to see:
#
# - ``rest`` is :math:`1 - \eta \lambda / n`. It stands *above* the loop, since it is the same in
#   every step.
# - The backward pass of the network is in it, under ``mg.grad``, and it looks as one would derive
#   it by hand: ``less_targets_2`` is softmax minus one-hot over :math:`m`, and ``np.subtract(1.0,
#   scaled, ...)`` the slope of tanh. The cost itself is *not* there. Nobody reads it, so it was
#   dropped.
# - ``kept.append(...)`` is all that the way back will need of a step.
#
# The names are what minigrad makes up from shapes and operations; in the comments beside them are
# the shapes.

source = compiled.forward_program.source
above, loop = source.split("    for ")
assert "rest = 1 - eta * (lam / 1000)" in above
assert "picked" not in loop  # the operation that a cross-entropy ends in
assert loop.count("kept.append") == 1

# %%
# The adjoint
# -----------
#
# And this is its adjoint: the loop that takes the cotangent of the last weights to that of
# :math:`\eta` and :math:`\lambda`. Read it from the end first.

print(compiled.backward_program.source)

# %%
# - The state of this loop are the cotangents: ``state_0_w_bar`` for the weights of the first layer,
#   and so on. It is given the steps from the last to the first, and ``kept.pop()`` has what the
#   step left.
# - ``eta_bar = eta_bar + ...``: :math:`\eta` is used in every step, and so :math:`dC/d\eta` is a
#   sum over the steps. What is added is made of the ``inner``, which are inner products: of
#   :math:`\bar w` with the weights and with the gradient. A step is
#   :math:`w' = (1 - \eta \lambda / n) w - \eta g`, and its derivative in :math:`\eta` is
#   :math:`-\lambda w / n - g`. So each term is
#   :math:`-\langle \bar w, w \rangle \lambda / n - \langle \bar w, g \rangle`, one for each layer.
# - ``product_2 = batch_0.dot(state_0_w_bar)`` pushes a change of weights forward through the
#   layer, and further down something is pulled back by ``batch_0.mT``. Between the two stands a
#   second derivative: this is a product of the Hessian with a vector, and no Hessian is built.

adjoint = compiled.backward_program.source
assert adjoint.count("eta_bar = eta_bar + ") == adjoint.count("kept.pop()") == 1
assert "batch_0.dot(state_0_w_bar)" in adjoint

# %%
# Calling it
# ----------
#
# There is nothing behind it that you could not call yourself: forward through all steps, the
# cotangent of the cost at the last weights, and back.

forward, backward = compiled.forward_program.function, compiled.backward_program.function
*last, kept = forward(*tree.leaves(start), *hypers.values(), batches)
last_params = tree.unflatten(start, last)
params_bar = mg.grad(lambda params: mean_cost(params, *digits.validation))(last_params)
*_, eta_bar, lam_bar = backward(
    *tree.leaves(params_bar), 0.0, 0.0, *hypers.values(), batches[::-1], kept
)

by_tape = mg.hypergradient(run, hypers, method=mg.Recorded())
print(f"dC/deta: called {eta_bar:.15f}, by tape {by_tape.gradient['eta']:.15f}")
print(f"dC/dlam: called {lam_bar:.15f}, by tape {by_tape.gradient['lam']:.15f}")
assert np.isclose(eta_bar, by_tape.gradient["eta"], rtol=1e-12)
assert np.isclose(lam_bar, by_tape.gradient["lam"], rtol=1e-12)

# %%
# The two agree up to rounding: the adjoint adds up in another order than a sweep. The weights are
# the same to the last bit, because the step itself is left as it was written.

by_loop = run.train(hypers)
assert all(map(np.array_equal, tree.leaves(by_loop), last))

# %%
# Why it is fast
# --------------
#
# Count. First the lines that a tape holds of one step and its adjoint, recorded as above with the
# cotangents of the new weights for inputs; then what the passes leave of them; then the statements
# in the two loops.

with mg.Tape() as tape:
    params, h, batch = (tape.variable(part) for part in (start, hypers, batches[0]))
    new = step(params, h, batch)
    new_bar = tape.variable(tree.map(np.zeros_like, start))
    bars = tape.gradient(new, [params, h], cotangent=new_bar)

given = dict(enumerate(tree.leaves([params, h, batch, new_bar])))
recorded = program.of_tape(tape, given, tree.leaves([new, bars]))
optimised = program.optimise(recorded)


def statements(emitted):
    """Return the statements in the loop of emitted code: 8 spaces, and no comment."""
    return [line for line in emitted.source.splitlines() if line[:8].isspace() and line[8] != "#"]


onward, back = statements(compiled.forward_program), statements(compiled.backward_program)
counts = {
    "on the tape": len(recorded) - len(recorded.inputs),
    "after the passes": len(optimised) - len(optimised.inputs),
    "statements": len(onward) + len(back),
}
augmented = ("+=", "-=", "*=", "/=")
in_place = sum(line.split()[1] in augmented or "out=" in line for line in onward + back)
print(counts, f"of which {in_place} in place")
assert [*counts.values()] == [92, 86, 76]
assert in_place == 26
assert 0.8 < counts["statements"] / counts["on the tape"] < 0.85

# %%
# The passes took six lines, though before that they *added* some: the update of ``optim.sgd`` is
# one line on the tape, which they write out as the products and differences that it stands for, so
# that those can be shared with the adjoint. Statements are fewer still, since ``rest`` went above
# the loop and single numbers are gathered into one expression. A third of the statements work in
# place, and make no new array.
#
# But four fifths of the lines are still there, and that is no disappointment. Most of them are
# what the derivative needs. What has gone is everything *between* them: for each line of a tape,
# somebody looks which operands are Variables, writes an instruction, later finds the rule, fits its
# result to the shape of its source, and adds it to what is there. All this was done once, for the
# first step, and holds for all hundred.
#
# Memory goes the same way. A tape keeps every result. The program knows what its adjoint reads.

by_program = mg.hypergradient(run, hypers, method=mg.Stored())
print(f"kept by the tape:    {by_tape.stats.tape_bytes / 1e6:.1f} MB")
print(f"kept by the program: {by_program.stats.kept_bytes / 1e6:.1f} MB")
assert by_program.gradient == {"eta": eta_bar, "lam": lam_bar}
assert by_program.stats.kept_bytes == steps * compiled.step_bytes
assert by_program.stats.kept_bytes < 0.58 * by_tape.stats.tape_bytes

# %%
# ``mg.Stored()`` is the method that runs these two loops, and ``mg.hypergradient`` takes it by
# itself where it can. Here is the time that all of it takes. Seconds depend on the machine, so no
# line of code asserts them.


def best_time(call, repeats=7):
    """Return the shortest time of several calls, in milliseconds."""
    times = []
    for _ in range(repeats):
        begin = perf_counter()
        call()
        times.append(perf_counter() - begin)
    return 1e3 * min(times)


compute = {
    "training, written": lambda: run.train(hypers),
    "training, compiled": lambda: forward(*tree.leaves(start), *hypers.values(), batches),
    "hypergradient, tape": lambda: mg.hypergradient(run, hypers, method=mg.Recorded()),
    "hypergradient, compiled": lambda: mg.hypergradient(run, hypers, method=mg.Stored()),
}
times = {what: best_time(call) for what, call in compute.items()}

fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.2))
looks = {"edgecolor": "black", "color": ["0.9", "0.6", "0.9", "0.6"]}
bars = left.barh([*counts], [*counts.values()], edgecolor="black", color=["0.9", "0.6", "0.6"])
left.bar_label(bars, padding=3)
left.set(title="Lines of one step and its adjoint", xlim=(0, 110))
bars = right.barh([*times], [*times.values()], **looks)
right.bar_label(bars, fmt="%.0f ms", padding=3)
right.set(title="Time of a hundred steps", xlim=(0, 1.25 * max(times.values())))
for ax in (left, right):
    ax.invert_yaxis()
    ax.xaxis.set_visible(False)
    ax.spines["bottom"].set_visible(False)
plt.show()

# %%
# On the left the counts, on the right the times: light for what is written and recorded, dark for
# what is compiled. The lines hardly get fewer, and yet the time does: it was spent between them.
# For larger networks, where NumPy itself is at work most of the time, the gain is smaller.

# %%
# What can't be compiled
# ----------------------
#
# A tape has no branches. The step is recorded for its first two states, and what was recorded must
# be the same program both times. A branch on a *value* could go the same way twice and another way
# later, so looking at a value is watched for, and the answer is a reason and no program:


def careful_step(params, hypers, batch):
    """Take a step only if the cost is large."""
    if mean_cost(params, *batch) > 0.1:
        return step(params, hypers, batch)
    return params


careful = mg.TrainingRun(run.init, careful_step, run.cost, steps, batches)
try:
    with warnings.catch_warnings(action="ignore"):  # which says the same
        careful.program(hypers)
except ValueError as error:
    print(textwrap.fill(str(error), 80))
else:
    raise AssertionError("a program was made of a step that branches")

# %%
# Such a run is no less right for it. ``mg.hypergradient`` records each of its steps on a tape.

# %%
# What we left out
# ----------------
#
# - **Forward mode.** There is a third program, which carries tangents along with the step, those of
#   many hyperparameters in one stack.
# - **Recomputing.** What the adjoint can compute again in little time is not kept, and
#   :class:`minigrad.Checkpointed` keeps the state of a few steps only and runs these same loops a
#   stretch at a time.
# - **Training with single numbers**, as on the first pages: there the adjoint is a linear
#   recurrence, and is computed without a loop.
# - **How the passes are tested.** By random programs, which must do the same before and after.
# - **A compiler.** Each statement is still one call of NumPy. Those that fuse them, as JAX does, go
#   further, and need far more than NumPy.
