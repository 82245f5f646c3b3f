"""The JVP of a matrix product.

Forward mode goes the other way: it carries a tangent along with each value, the derivative in one
direction. If a changes at the rate ``a_dot`` and b at the rate ``b_dot``, at which rate does

    y = a @ b

change? Write the JVP (Jacobian-vector product): return ``y_dot``, of the shape of y.
"""

import numpy as np

from minigrad.learn.checks import finite_difference, same


def matmul_jvp(a_dot, b_dot, a, b):
    """Return the tangent of ``a @ b``."""
    # solution
    return a_dot @ b + a @ b_dot
    # end


HINTS = (
    "(a + h a_dot) @ (b + h b_dot): multiply it out. Which terms have one factor h?",
    "It is the product rule again, with two terms, one for each operand that moves.",
    "Matrices do not commute: in each term what comes from a stays on the left.",
)


def check(module):
    """Compare with finite differences in that direction, first with one operand at rest."""
    rng = np.random.default_rng(5)
    for left, right in (((2, 3), (3, 4)), ((3, 3), (3, 3)), ((2, 3), (3,))):
        a, a_dot = rng.normal(size=(2, *left))
        b, b_dot = rng.normal(size=(2, *right))
        for how, s, t in (("b_dot = 0", 1.0, 0.0), ("a_dot = 0", 0.0, 1.0), ("both moving", 1, 1)):
            direction = (s * a_dot, t * b_dot)
            what = f"matmul_jvp for shapes {left} and {right}, {how},"
            truth = finite_difference(np.matmul, a, b, direction=direction).value
            same(what, module.matmul_jvp(*direction, a, b), truth)
