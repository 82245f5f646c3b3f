r"""How hyperparameters meet arrays.

**Arrays keep their dtype.** A hyperparameter that is a single number counts as a Python number,
whatever its dtype: a float64 rate, such as an element of a schedule, does not turn float32 weights
into float64. A complex one stays complex, so that a complex step works.

**A derivative in a single number is one inner product.** The cotangent of `eta` in
``w - eta * g`` is :math:`-\langle \bar w, g \rangle`, for which no array of products is made.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.ops.rows import summed
from minigrad.variable import value_of

__all__ = ["is_single", "is_zero", "keep", "onto", "onto_scaled", "weak"]

NUMBER = (int, float)


def is_zero(hyper: Any) -> bool:
    """Whether a hyperparameter is a plain 0: no variable, and without effect."""
    return isinstance(hyper, NUMBER) and hyper == 0


def weak(hyper: Any) -> Any:
    """Return a hyperparameter that is one real number as a Python number; others as they are."""
    if type(hyper) is float:
        return hyper
    if type(hyper) is np.ndarray and hyper.ndim == 0:
        hyper = hyper[()]
    return hyper.item() if isinstance(hyper, np.floating) else hyper


def keep(result: Any, like: Any) -> Any:
    """Check that a result has the shape of what it replaces, and give it that dtype."""
    both = type(result) is np.ndarray is type(like)
    if both and result.dtype is like.dtype and result.shape == like.shape:
        return result  # at nearly every step; the rest is for the others
    if isinstance(result, np.ndarray):
        if isinstance(like, np.ndarray) and result.shape == like.shape:
            real = result.dtype.kind == like.dtype.kind == "f"
            return result.astype(like.dtype, copy=False) if real else result
    elif np.ndim(like) == 0:
        real = isinstance(result, np.floating) and isinstance(like, float | np.floating)
        return type(like)(result) if real else result
    raise ValueError(
        f"the result has shape {np.shape(result)}, what it is to replace has "
        f"{np.shape(like)}: gradients have the shape of the parameters, and hyperparameters "
        f"broadcast to it"
    )


def is_single(hyper: Any) -> bool:
    """Whether a hyperparameter is a single number."""
    return type(hyper) is float or getattr(value_of(hyper), "shape", ()) == ()


def onto(hyper: Any, d: Any, x: Any) -> Any:
    """Return ``d * x``, summed at once if it is the cotangent of a single number."""
    return summed(d, x) if is_single(hyper) else d * x


def onto_scaled(hyper: Any, d: Any, x: Any, scale: Any) -> Any:
    """Return ``onto(hyper, d, scale * x)``; a single `scale` is taken out of the sum."""
    if is_single(scale):
        return onto(hyper, d, x) * scale
    return onto(hyper, d, scale * x)
