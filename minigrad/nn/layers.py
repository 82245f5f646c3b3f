"""Layers and networks: functions of parameters and inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minigrad.nn.activations import tanh
from minigrad.ops import special

__all__ = ["dense", "mlp"]


def dense(params: Any, x: Any) -> Any:
    """Return ``x @ w + b``: a layer.

    Parameters
    ----------
    params : dict
        ``w`` of shape (inputs, outputs) and ``b`` of shape (outputs,).
    x : array or Variable, shape (n, inputs)
        A row for each example.

    Returns
    -------
    array or Variable, shape (n, outputs)

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import nn
    >>> nn.dense({"w": np.ones((2, 3)), "b": np.zeros(3)}, np.ones((1, 2)))
    array([[2., 2., 2.]])
    """
    return special.dense(x, params["w"], params["b"])


def mlp(params: Sequence[Any], x: Any, activation: Callable[..., Any] = tanh) -> Any:
    """Return the output of a network of dense layers.

    Parameters
    ----------
    params : sequence of dict
        The layers, as from :func:`minigrad.nn.init_mlp`.
    x : array or Variable, shape (n, inputs)
        A row for each example.
    activation : callable, default tanh
        Applied behind every layer but the last: what comes out are logits.

    Returns
    -------
    array or Variable, shape (n, outputs)

    Raises
    ------
    ValueError
        If there is no layer.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import nn
    >>> params = nn.init_mlp(0, (64, 32, 10))
    >>> nn.mlp(params, np.zeros((5, 64))).shape
    (5, 10)
    """
    if len(params) == 0:
        raise ValueError(
            "mlp: there are no layers; expected a list of a dict with w and b for each"
        )
    for layer in params[:-1]:
        if activation is tanh:
            x = special.dense_tanh(x, layer["w"], layer["b"])
        else:
            x = activation(dense(layer, x))
    return dense(params[-1], x)
