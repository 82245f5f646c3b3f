"""A primitive of your own.

Make ``smooth_abs(x, width)`` a primitive of two operands:

    y = sqrt(x**2 + width**2)        elementwise; a smooth |x|, rounded over `width`

with the decorator ``@primitive``, and give it its rules with

    def_vjp(primitive, rule for x, rule for width)
    def_jvp(primitive, rule for x, rule for width)

A rule gets the incoming derivative, the output, and the inputs. The function is elementwise, so its
Jacobian is diagonal and the same rule serves both directions. Broadcasting and dtypes are not the
rule's business. The check is the one that minigrad's own primitives pass: shapes, layouts,
precisions, both modes, and the second derivatives.
"""

import numpy as np

from minigrad.extend import def_jvp, def_vjp, primitive
from minigrad.learn.checks import Primitive, Wrong, check_primitive, same


@primitive
def smooth_abs(x, width):
    """Return a smooth absolute value."""
    # solution
    return np.sqrt(x**2 + width**2)
    # end


def by_x(d, y, x, width):
    """Return `d` times the slope in `x`."""
    # solution
    return d * x / y
    # end


def by_width(d, y, x, width):
    """Return `d` times the slope in `width`."""
    # solution
    return d * width / y
    # end


# start
# # Here the primitive is to be given its rules.
# solution
def_vjp(smooth_abs, by_x, by_width)
def_jvp(smooth_abs, by_x, by_width)
# end


HINTS = (
    "Differentiate y**2 = x**2 + width**2 in x: 2 y dy/dx = 2 x.",
    "So the slope in x is x / y. The rule is given y, and need not compute the root again.",
    "def_vjp and def_jvp take a rule for each operand, in the order of the operands. A number that "
    "is a NumPy scalar, such as np.float64(2), would widen float32 results: write 2.0.",
)


def check(module):
    """Compare values with hypot, derivatives as those of any primitive."""
    made = module.smooth_abs
    if not isinstance(made, Primitive):
        raise Wrong(f"smooth_abs should be a Primitive, but is {made!r:.60}: is there @primitive?")
    x, width = np.array([[3.0, 0.0, -1.0]]), np.array([[4.0], [0.5]])
    same("smooth_abs(3.0, 4.0)", made(3.0, 4.0), 5.0)
    same(f"smooth_abs of shapes {x.shape} and {width.shape}", made(x, width), np.hypot(x, width))
    check_primitive(made)
