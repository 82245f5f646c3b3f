"""Rows for the primitives that NumPy has no name for: networks, optimisers, what rules share.

Each is given as it is called, so that its rules are reached, and those of what its rules call.
"""

import numpy as np
from case import Case

from minigrad import nn
from minigrad.nn import hypers
from minigrad.nn.init import scaled
from minigrad.ops import products, rows, special
from minigrad.ops.elementwise import tanh_slope
from minigrad.optim import steps
from minigrad.variable import value_of


def of(function, *axes):
    """The function, which is only called with operands of so many axes; -2 are two or more."""

    def checked(*xs):
        for x, n in zip(xs, axes, strict=True):
            if np.ndim(value_of(x)) < abs(n) or np.ndim(value_of(x)) > n >= 0:
                raise ValueError("the function is called otherwise")
        return function(*xs)

    return checked


def residual(scale, logits, targets):
    """As `cross_entropy` calls it, beside the log-probabilities that it is given."""
    if np.ndim(value_of(targets)) == 2 and np.shape(value_of(targets)) != value_of(logits).shape:
        raise ValueError("the function is called otherwise")
    return special.residual(scale, logits, nn.log_softmax(logits, axis=1), targets)


CLASSES = np.array([2, 0, 3], np.uint8)
ARRAYS = (3, 2), (), (3, 2)  # an array, a number and an array
LAYER = (3, 4), (4, 2), (2,)  # x, w and b

# fmt: off
CASES = [
    # Networks
    Case("nn.sigmoid",                    nn.sigmoid, (2, 3), analytic=False),
    Case("nn.softplus",                   nn.softplus, (2, 3), analytic=False),
    Case("nn.relu",                       nn.relu, (2, 3), domain="nonzero", analytic=False),
    Case("nn.gelu",                       nn.gelu, (2, 3)),
    Case("nn.tanh",                       nn.tanh, (2, 3)),
    Case("nn.logsumexp of all",           nn.logsumexp, (3, 4)),
    Case("nn.logsumexp of rows",          lambda z: nn.logsumexp(z, axis=1), (3, 4)),
    Case("nn.logsumexp of columns",       lambda z: nn.logsumexp(z, axis=0, keepdims=True), (3, 4)),
    Case("nn.softmax",                    nn.softmax, (3, 4)),
    Case("nn.softmax of columns",         lambda z: nn.softmax(z, axis=0), (3, 4)),
    Case("nn.log_softmax",                nn.log_softmax, (3, 4)),
    Case("nn.log_softmax of columns",     lambda z: nn.log_softmax(z, axis=0), (3, 4)),
    Case("nn.cross_entropy of classes",   lambda z: nn.cross_entropy(z, CLASSES), (3, 4)),
    Case("nn.cross_entropy of rows",      nn.cross_entropy, (3, 4), (3, 4)),
    Case("nn.binary_cross_entropy",       nn.binary_cross_entropy, (3, 4), (3, 4), analytic=False),
    Case("nn.quadratic_cost",             nn.quadratic_cost, (3, 4), (3, 4)),
    Case("nn.sum_squares",                nn.sum_squares, (2, 3), (4,)),
    Case("nn.l2",                         lambda w: nn.l2({"w": w}), (2, 3)),
    Case("dense",                         of(special.dense, -2, 2, 1), *LAYER),
    Case("dense_tanh",                    of(special.dense_tanh, -2, 2, 1), *LAYER),
    Case("residual of classes",           of(lambda s, z: residual(s, z, CLASSES), 0, 2),
                                          (), (3, 4)),
    Case("residual of rows",              of(residual, 0, 2, 2), (), (3, 4), (3, 4)),
    Case("twice",                         lambda s, w: of(special.twice, 0, -1)(np.sum(s), w),
                                          (), (2, 3)),
    Case("scaled draws",                  lambda scale: scaled(0, (2, 3), 0.5, scale, np.float64),
                                          ()),
    # Optimisers
    Case("descend",                       steps.descend, *ARRAYS),
    Case("descend, a rate for each",      steps.descend, (3, 2), (3, 2), (3, 2)),
    Case("shrink",                        steps.shrink, (3, 2), (), ()),
    Case("descend_decayed",               lambda w, eta, lam, g: steps.descend_decayed(
                                              w, eta, lam, g, n=4), (3, 2), (), (), (3, 2)),
    Case("descend_decayed, two for each", steps.descend_decayed, (3, 2), (2,), (3, 1), (3, 2)),
    Case("add_scaled",                    steps.add_scaled, *ARRAYS),
    Case("steps.average",                 steps.average, *ARRAYS),
    Case("average_square",                steps.average_square, *ARRAYS),
    Case("debias",                        lambda m, beta: steps.debias(m, beta, 3.0), (3, 2), (),
                                          domain=("real", "unit")),
    Case("root",                          lambda v: steps.root(v, 1e-3), (3, 2), domain="positive"),
    Case("descend_adaptive",              steps.descend_adaptive, (3, 2), (), (3, 2), (3, 2), (),
                                          domain=("real", "real", "real", "positive", "positive")),
    # What rules share
    Case("rows.inner",                    rows.inner, (3, 2), (3, 2)),
    Case("hypers.onto a number",          lambda h, d, x: hypers.onto(h, d, h * x), *ARRAYS[::-1]),
    Case("sum_rows",                      of(rows.sum_rows, -1), (3, 4)),
    Case("sum_rows of a stack",           of(rows.sum_rows, -1), (2, 3, 2)),
    Case("spread_rows",                   lambda x: rows.spread_rows(x, rows=3), (4,)),
    Case("matmul_nt",                     of(products.matmul_nt, -2, -2), (3, 4), (2, 4)),
    Case("matmul_nt of stacks",           of(products.matmul_nt, -2, -2), (2, 3, 4), (2, 2, 4)),
    Case("matmul_tn",                     of(products.matmul_tn, -2, -2), (4, 3), (4, 2)),
    Case("matmul_tn of stacks",           of(products.matmul_tn, -2, -2), (2, 4, 3), (2, 4, 2)),
    Case("outer of vectors",              of(products.outer, 1, 1), (3,), (2,)),
    Case("tanh_slope",                    tanh_slope, (2, 3), (2, 3)),
]
# fmt: on
