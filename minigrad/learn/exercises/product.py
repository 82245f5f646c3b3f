"""The VJP of a product.

Reverse mode knows no whole derivatives, only how each operation hands a cotangent back. Let y be an
intermediate result of a longer computation that ends in a cost C. Its cotangent ``y_bar`` is dC/dy,
an array of the shape of y.

Write the VJP (vector-Jacobian product) of

    y = a * b        (element by element; a and b have the same shape)

that is: given ``y_bar``, return the pair ``(a_bar, b_bar)`` of dC/da and dC/db.
"""

import numpy as np

from minigrad.learn.checks import finite_difference, parts, same


def product_vjp(y_bar, a, b):
    """Return the cotangents of `a` and `b`."""
    # solution
    return y_bar * b, y_bar * a
    # end


HINTS = (
    "One element alone, y = a * b: if a grows a little, by how much does y grow? And C?",
    "By the chain rule dC/da = dC/dy * dy/da, and dC/dy is y_bar.",
    "dy/da is b, not a. What is dy/db?",
)


def check(module):
    """Compare with finite differences of the cost <y_bar, a * b>."""
    rng = np.random.default_rng(2)
    for shape in ((), (3,), (2, 3)):
        y_bar, a, b = rng.normal(size=(3, *shape))
        what = f"product_vjp({_brief(y_bar)}, {_brief(a)}, {_brief(b)})"
        got = parts(what, module.product_vjp(y_bar, a, b), "a_bar, b_bar")
        truth = finite_difference(lambda a, b, y_bar=y_bar: np.sum(y_bar * a * b), a, b).value
        for name, one, expected in zip(("a_bar", "b_bar"), got, truth, strict=True):
            same(f"{name} of {what}", one, expected)


def _brief(x):
    return f"{x:.3f}" if np.ndim(x) == 0 else f"array of shape {x.shape}"
