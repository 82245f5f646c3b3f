r"""A derivative by hand.

Everything else is made of this: write the derivative of

    f(x) = x**2 * sin(x)

as a formula, with ``np.sin`` and ``np.cos``. It should work for a number and, element by element,
for an array. The check holds it against finite differences of `f`.
"""

import numpy as np

from minigrad.learn.checks import finite_difference, same


def f(x):
    """Return the function itself."""
    return x**2 * np.sin(x)


def slope(x):
    """Return the derivative of `f` at `x`."""
    # solution
    return 2 * x * np.sin(x) + x**2 * np.cos(x)
    # end


HINTS = (
    "f is a product of two functions of x: what does the product rule say?",
    "The derivative of u * v is u' * v + u * v', here with u = x**2 and v = sin(x).",
    "u' = 2 * x and v' = cos(x); there are two terms.",
)


def check(module):
    """Compare with finite differences."""
    for x in (0.5, -1.3, 2.0):
        same(f"slope({x})", module.slope(x), finite_difference(f, x).value)
    xs = np.array([0.1, 1.0, 3.0])
    same(f"slope({xs})", module.slope(xs), [finite_difference(f, x).value for x in xs])
