"""The nonlinear functions of a network; most are fused primitives of :mod:`minigrad.ops`."""

from __future__ import annotations

from typing import Any

from minigrad.ops import elementwise
from minigrad.ops.special import (
    gelu,
    log_softmax,
    logsumexp,
    of_numbers,
    relu,
    sigmoid,
    softmax,
    softplus,
)

__all__ = [
    "gelu",
    "log_softmax",
    "logsumexp",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
]


@of_numbers
def tanh(x: Any) -> Any:
    r"""Hyperbolic tangent, elementwise; its slope is :math:`1 - y^2`.

    Parameters
    ----------
    x : array or Variable

    Returns
    -------
    array or Variable, of the shape of `x`

    Examples
    --------
    >>> from minigrad import nn
    >>> float(nn.tanh(0.0))
    0.0
    """
    return elementwise.tanh(x)
