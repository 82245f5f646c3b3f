"""A rule that can be differentiated again.

``softplus(x) = log(1 + exp(x))`` is a primitive here: the tape sees one instruction, and asks its
VJP rule for the way back. A rule gets the cotangent of the output, the output, and the input, and
returns the cotangent of the input.

A gradient through a training loop is a derivative of derivatives. So the sweep backward is recorded
like everything else, and can be swept again, if the rule is written in operations that the tape
records: arithmetic and NumPy functions on what it is given, which may be Variables.

The rule below is right, once. It reads the raw numbers out of `x`, and so its own derivative is
lost. Mend it, so that the second derivative is right too.
"""

import numpy as np

from minigrad.extend import def_vjp, primitive
from minigrad.learn.checks import Wrong, finite_difference, grad, same


@primitive
def softplus(x):
    """Smooth ramp, elementwise."""
    return np.logaddexp(0.0, x)


def softplus_vjp(y_bar, y, x):
    """Return the cotangent of `x`."""
    # start
    # x = getattr(x, "value", x)
    # slope = 1.0 / (1.0 + np.exp(-x))
    # return y_bar * slope
    # solution
    return y_bar / (1.0 + np.exp(-x))
    # end


def_vjp(softplus, softplus_vjp)


HINTS = (
    "grad(grad(softplus)) applies the rule while a tape records. What does the tape see of it?",
    "After x = x.value the tape does not know that the result depends on x: a constant.",
    "np.exp and the division work on Variables as they are. There is nothing to unpack.",
)


def check(module):
    """Check the first derivative by the sigmoid, the second by its differences."""
    softplus = module.softplus

    def sigmoid(x):
        return 1.0 / (1.0 + np.exp(-x))

    for x in (0.7, 0.0, -2.0):
        same(f"the derivative of softplus at {x}", grad(softplus)(x), sigmoid(x))
        second = grad(grad(softplus))(x)
        if second == 0.0:
            raise Wrong(
                f"the first derivative is right, but the second one at {x} is 0: the rule takes "
                f"something off the tape, which then counts as a constant"
            )
        truth = finite_difference(sigmoid, x).value
        same(f"the second derivative of softplus at {x}", second, truth)
    xs = np.array([0.5, -1.0])
    same(f"grad(sum(3 softplus)) at {xs}", grad(lambda z: np.sum(3.0 * softplus(z)))(xs),
         3.0 * sigmoid(xs), note="Is y_bar in it?")  # fmt: skip
