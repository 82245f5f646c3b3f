r"""
A primitive of your own
=======================

Most functions need no rules of their own: what is written in NumPy's operations is differentiated
through those. This page is about one that does need them. You will give it a value and two kinds
of rules, have them tested, see the test turn down a rule that is wrong by a tenth of a percent, and
use the new operation in a training whose hypergradient goes through it.
"""

# %%
# A function that needs rules
# ---------------------------
#
# Squares punish large errors hard. A cost that is gentler with them is
#
# .. math:: \ell(x, s) = s^2 \log \cosh \frac{x}{s},
#
# which is :math:`x^2 / 2` for errors much smaller than the scale :math:`s`, and nearly
# :math:`s \, |x|` for much larger ones. As it stands, it can't be computed:

import math
import textwrap

import matplotlib.pyplot as plt
import numpy as np

import minigrad as mg
from minigrad.extend import Primitive, def_jvp, def_vjp, primitive
from minigrad.testing import check_primitive


def as_it_stands(x, s):
    """Return the formula."""
    return s**2 * np.log(np.cosh(x / s))


with np.errstate(over="ignore", invalid="ignore"):
    value, slope = mg.value_and_grad(as_it_stands)(1000.0, 1.0)
print(f"value {value}, slope {slope}")
assert value == np.inf
assert np.isnan(slope)

# %%
# There is a well-known way out, :math:`\log \cosh z = |z| + \log(1 + e^{-2|z|}) - \log 2`. It can
# always be computed. But the absolute value has a kink, which the other two terms mend in the sum,
# and the tape knows nothing of sums that mend.
#
# .. admonition:: Predict first
#
#    The second derivative of :math:`\ell` in :math:`x` is 1 at :math:`x = 0`. What will a tape say
#    that goes through this formula?


def mended(x, s):
    """Return the same, without overflow."""
    z = np.abs(x / s)
    return s * s * (z + np.log1p(np.exp(-2.0 * z)) - math.log(2.0))


print(mg.grad(mended)(1000.0, 1.0), mg.grad(mg.grad(mended))(0.0, 1.0))
assert mg.grad(mended)(1000.0, 1.0) == 1.0
assert mg.grad(mg.grad(mended))(0.0, 1.0) == 0.0

# %%
# Zero: the slope of :math:`|z|` at its kink is taken as 0, and is then constant. Both formulas are
# right as *values*, somewhere. We want the value from the second and the slopes from paper.

# %%
# Two kinds of rules
# ------------------
#
# On paper,
#
# .. math::
#
#    \frac{\partial \ell}{\partial x} = s \tanh \frac{x}{s}, \qquad
#    \frac{\partial \ell}{\partial s} = \frac{2 \ell}{s} - x \tanh \frac{x}{s}.
#
# A VJP rule is given the cotangent of the output, then the output, then the operands; a JVP rule
# the same with a tangent. This function works element by element, so both multiply by the same
# slope, and one formula serves for both.


@primitive
def log_cosh(x, s):
    """Return s^2 log cosh(x / s), elementwise."""
    return mended(x, s)


def by_x(d, y, x, s):
    """Multiply a cotangent or a tangent by the slope in x."""
    return d * s * np.tanh(x / s)


def by_s(d, y, x, s):
    """Multiply a cotangent or a tangent by the slope in s; the output is used again."""
    return d * (2.0 * y / s - x * np.tanh(x / s))


def_vjp(log_cosh, by_x, by_s)
def_jvp(log_cosh, by_x, by_s)

assert mg.grad(log_cosh)(1000.0, 1.0) == 1.0
assert mg.grad(mg.grad(log_cosh))(0.0, 1.0) == 1.0

# %%
# The second derivative is right, and nobody wrote it: the rules are made of recorded operations, so
# that a tape goes through ``np.tanh`` in ``by_x`` as through any other. Nor do they say a word of
# broadcasting: if ``x`` is an array and ``s`` a number, the engine sums what arrives at ``s``.

errors = np.array([-2.0, 0.0, 0.5, 3.0])
s_bar = mg.grad(lambda s: np.sum(log_cosh(errors, s)))(1.0)
assert np.shape(s_bar) == ()
assert np.isclose(s_bar, sum(by_s(1.0, log_cosh(x, 1.0), x, 1.0) for x in errors), rtol=1e-15)

# %%
# Are they right?
# ---------------
#
# :func:`minigrad.testing.check_primitive` holds the rules against finite differences of the
# *function*: in both modes, in first and second order, for numbers, vectors, matrices and empty
# arrays, broadcast and not, in two precisions and for all sorts of layouts in memory. It needs to
# be told where the operands may lie, as :math:`s` must be positive. Silence is approval.

domain = [(-2.0, 2.0), (0.5, 2.0)]
check_primitive(log_cosh, domain=domain)

# %%
# A test that can't fail is worth nothing. So here are four ways to be wrong:
#
# - a VJP rule that is too large by 0.1 %;
# - the same of a JVP rule, for the other operand;
# - a slope computed from ``stop_gradient``, right as a number but not recorded;
# - a function with ``np.log(2.0)`` for ``math.log(2.0)``, a NumPy number, which makes float64 of
#   float32.
#
# .. admonition:: Predict first
#
#    Which of the four will first order in float64 let pass?


def with_rules(function, vjps, jvps):
    """Return a primitive with these rules."""
    prim = Primitive(function, "log_cosh")
    def_vjp(prim, *vjps)
    def_jvp(prim, *jvps)
    return prim


def too_large(rule):
    """Return a rule that is wrong by a tenth of a percent."""
    return lambda *arguments: 1.001 * rule(*arguments)


def unrecorded(d, y, x, s):
    """Return what `by_x` does, with a slope that nobody can differentiate."""
    return d * mg.stop_gradient(s * np.tanh(x / s))


def widening(x, s):
    """Return the same value, from a NumPy number."""
    z = np.abs(x / s)
    return s * s * (z + np.log1p(np.exp(-2.0 * z)) - np.log(2.0))


right = (by_x, by_s)
wrong = {
    "VJP of log_cosh, operand 0": with_rules(mended, (too_large(by_x), by_s), right),
    "JVP of log_cosh, operand 1": with_rules(mended, right, (by_x, too_large(by_s))),
    "order 2": with_rules(mended, (unrecorded, by_s), (unrecorded, by_s)),
    "float64 from operands of dtype float32": with_rules(widening, right, right),
}
for complaint, prim in wrong.items():
    try:
        check_primitive(prim, domain=domain)
    except AssertionError as error:
        message = str(error)
    else:
        raise RuntimeError("a wrong primitive was accepted")
    print(textwrap.fill(message, 80), end="\n\n")
    assert complaint in message
    assert ("relative error 1.0e-03" in message) == ("operand " in complaint)

for prim in [*wrong.values()][2:]:
    check_primitive(prim, domain=domain, order=1, dtypes=[np.float64])

# %%
# The last two. Note what the first message says: not only that something is wrong, but which rule,
# of which operand, at which shapes, and by how much: 1.0e-03 is our tenth of a percent.

# %%
# In a training
# -------------
#
# Sixty points on the line :math:`y = 1 + 2x`, with a little noise, and one in five far off.
# Gradient descent fits a line by the mean of :math:`\ell`, and the scale :math:`s` is a
# hyperparameter. How far off is far? Twenty clean points shall say.

rng = np.random.default_rng(0)
x = np.linspace(-1.0, 1.0, 60)
y = 1.0 + 2.0 * x + 0.1 * rng.normal(size=60)
far_off = rng.permutation(60)[:12]
y[far_off] += rng.uniform(4.0, 8.0, size=12)

clean_x = rng.uniform(-1.0, 1.0, size=20)
clean_y = 1.0 + 2.0 * clean_x + 0.1 * rng.normal(size=20)


def line(w, x):
    """Return the heights of a line with intercept w[0] and slope w[1]."""
    return w[0] + w[1] * x


def step(w, hypers, batch):
    """Take a step down the mean of log_cosh."""
    return w - 0.5 * mg.grad(lambda w: np.mean(log_cosh(line(w, x) - y, hypers["s"])))(w)


run = mg.TrainingRun(
    init=lambda hypers: np.zeros(2),
    step=step,
    cost=lambda w, hypers: np.mean((line(w, clean_x) - clean_y) ** 2),
    steps=200,
)
report = mg.verify(run, {"s": mg.positive(10.0)})
print(report)
assert report.verdict == "agree"

# %%
# The derivative of a training with the new operation in it is right by every way there is to
# compute it. At :math:`s = 10` nearly all errors count as squares. From there, downhill:

tuned = mg.tune(run, {"s": mg.positive(10.0)}, outer_steps=25)
first, last = run.train({"s": 10.0}), run.train(tuned.values)
print(f"s = 10.000: line {first.round(3)}, cost {tuned.costs[0]:.4f}")
print(f"s = {tuned.values['s']:6.3f}: line {last.round(3)}, cost {tuned.best.cost:.4f}")
assert tuned.best.cost < 0.02 < 1.0 < tuned.costs[0]
assert np.allclose(last, [1.0, 2.0], atol=0.1)
assert 0.05 < tuned.values["s"] < 0.2  # the noise is 0.1

fig, ax = plt.subplots()
ax.plot(x, y, "o", color="0.6", markersize=4, label="60 points, 12 far off")
ax.plot(x, line(first, x), "k--", label="s = 10: as good as squares")
ax.plot(x, line(last, x), "k-", label=f"s = {tuned.values['s']:.2f}: found by descent")
ax.set_title("A cost with a scale, and the scale is learned")
ax.set(xlabel="x", ylabel="y")
ax.legend(frameon=False)
plt.show()

# %%
# Squares are drawn up by the points that are far off. The scale that was found is about that of the
# noise, and the line goes through the rest as if the twelve were not there.
#
# The new operation is compiled like the others, too. Look for it in the program of the training:
#
# .. admonition:: Predict first
#
#    How often does ``log_cosh`` occur in the code of a step?

code = run.program({"s": 1.0}).forward_program
statements = [line for line in code.source.splitlines() if not line.strip().startswith("#")]
assert sum("log_cosh(" in line for line in statements) == 0
assert sum("np.tanh(" in line for line in statements) == 1

# %%
# Never: gradient descent needs the slope of the cost and not the cost. The slope is ``by_x``, which
# has been written out as a division, a tanh and two products.

# %%
# What we left out
# ----------------
#
# - **Operations that are not elementwise.** Their VJP and JVP are two different formulas, a matrix
#   and its transpose. The test is the same.
# - **Operands without a slope**, such as the condition of ``np.where``: their rule is ``None``.
# - **One rule for all operands**, if their cotangents share work, and **several outputs**; see
#   :class:`minigrad.extend.Primitive`.
# - **Calling NumPy's own name.** ``np.sinc`` on a Variable finds its primitive because somebody
#   said so, with :func:`minigrad.dispatch.implements`.
# - **Functions without a formula**, such as a solver's result. They have rules as well, by the
#   implicit function theorem.
