"""Layers and networks: functions of parameters and inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.arguments import are_numbers, function
from minigrad.nn.activations import tanh
from minigrad.ops import special
from minigrad.variable import value_of

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
    check_rows("dense", x)
    try:
        return special.dense(x, params["w"], params["b"])
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        check_layer("dense", params, x)
        raise


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
    TypeError, ValueError
        If there is no layer, or the shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import nn
    >>> params = nn.init_mlp(0, (64, 32, 10))
    >>> nn.mlp(params, np.zeros((5, 64))).shape
    (5, 10)
    """
    if type(params) is not list and not isinstance(params, Sequence):
        raise TypeError(
            f"mlp: params must be a list of a dict with w and b for each layer, got {params!r:.60}"
        )
    function("mlp: activation=", activation)
    check_rows("mlp", x)
    if len(params) == 0:
        raise ValueError(
            "mlp: there are no layers; expected a list of a dict with w and b for each"
        )
    for k, layer in enumerate(params[:-1]):
        if activation is not tanh:
            x = activation(dense(layer, x))
            continue
        try:
            x = special.dense_tanh(x, layer["w"], layer["b"])
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            check_layer(f"mlp, layer {k}", layer, x)
            raise
    return dense(params[-1], x)


def check_rows(what: str, x: Any) -> None:
    """Raise if the inputs are not a row for each example."""
    shape = getattr(value_of(x), "shape", None)
    if len(np.shape(x) if shape is None else shape) < 2:
        raise ValueError(
            f"{what}: x has shape {np.shape(value_of(x))}; expected (n, inputs), a row for each "
            f"example: of a single one, x[np.newaxis]"
        )


def check_layer(what: str, params: Any, x: Any) -> None:
    """Raise if a layer does not fit what comes into it; asked where it has failed."""
    if not isinstance(params, Mapping) or not {"w", "b"} <= params.keys():
        raise TypeError(f"{what}: a layer is a dict with w and b, got {params!r:.60}")
    w, b, x = (value_of(part) for part in (params["w"], params["b"], x))
    for name, part in (("w", w), ("b", b), ("x", x)):
        if not are_numbers(part):
            raise TypeError(f"{what}: {name} must be an array of numbers, got {part!r:.60}")
    if np.ndim(w) != 2 or np.shape(x)[-1:] != np.shape(w)[:1] or np.shape(b) != np.shape(w)[1:]:
        raise ValueError(
            f"{what}: x has shape {np.shape(x)}, w {np.shape(w)} and b {np.shape(b)}; expected "
            f"(n, inputs), (inputs, outputs) and (outputs,)"
        )
