"""Undo broadcasting.

A bias of shape (3,) is added to activations of shape (20, 3): NumPy uses each of its elements
twenty times. On the way back the cotangent arrives with shape (20, 3), and the bias needs one of
shape (3,): the sum over all the places where an element was used.

Write ``undo(y_bar, shape)``: given a cotangent of the broadcast shape, return the one for an
operand that had `shape` before. NumPy broadcasts in two ways, and both are to be undone: it puts
axes in front, and it stretches axes of length 1.
"""

import numpy as np

from minigrad.learn.checks import same


def undo(y_bar, shape):
    """Return `y_bar` summed down to `shape`."""
    # solution
    added = np.ndim(y_bar) - len(shape)
    y_bar = np.sum(y_bar, axis=tuple(range(added)))
    stretched = tuple(k for k, n in enumerate(shape) if n == 1)
    return np.sum(y_bar, axis=stretched, keepdims=True)
    # end


HINTS = (
    "Two steps: first get rid of the axes that were put in front, then of the stretching.",
    "np.sum(y_bar, axis=(0, 1)) sums over the first two axes. How many are there too many?",
    "An axis that `shape` has with length 1 is summed with keepdims=True, so that it stays.",
)

CASES = (
    ((2, 3), (2, 3)),
    ((20, 3), (3,)),
    ((2, 3), ()),
    ((2, 3), (1, 3)),
    ((2, 3), (2, 1)),
    ((4, 2, 3), (2, 1)),
    ((4, 2, 3), (1, 1, 3)),
    ((1, 3), (1, 3)),
)


def check(module):
    """Compare with the definition: push each unit vector forward, and weigh it with y_bar."""
    rng = np.random.default_rng(4)
    for wide, shape in CASES:
        y_bar = rng.normal(size=wide)
        units = np.eye(int(np.prod(shape))).reshape(-1, *shape)
        expected = [np.sum(y_bar * np.broadcast_to(unit, wide)) for unit in units]
        what = f"undo(array of shape {wide}, shape={shape})"
        same(what, module.undo(y_bar, shape), np.reshape(expected, shape))
