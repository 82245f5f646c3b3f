r"""Initialisers: random arrays to start from.

All of them draw from a normal distribution of mean 0; they differ in its standard deviation, which
is `scale` times

======== ============================== =====================================================
normal   1
lecun    :math:`\sqrt{1 / n}`           keeps the variance of activations about linear units
he       :math:`\sqrt{2 / n}`           keeps it about units that are 0 half of the time
glorot   :math:`\sqrt{2 / (n + k)}`     a compromise between activations and gradients
======== ============================== =====================================================

for :math:`n` inputs and :math:`k` outputs: of a shape ``(..., n, k)``, or ``(n,)`` for one output.
The scale may be a Variable: then so is the result, and the initial scale has a hypergradient.

A generator goes on where it stopped; a seed gives the same numbers at each call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arguments import random_generator, whole
from minigrad.nn.hypers import keep, onto, weak
from minigrad.primitive import def_jvp, def_vjp, primitive

__all__ = ["glorot", "he", "init_mlp", "lecun", "normal", "zeros"]

if TYPE_CHECKING:  # np.random is loaded when it is used: it takes longer than the rest of nn
    Seed = int | np.random.Generator
Shape = int | tuple[int, ...]


def normal(rng: Seed, shape: Shape, scale: Any = 1.0, dtype: Any = np.float64) -> Any:
    """Return normal random numbers of standard deviation `scale`.

    Parameters
    ----------
    rng : numpy.random.Generator or int
        Where they come from, or a seed.
    shape : int or tuple of int
        How many.
    scale : number, array or Variable, default 1.0
        The standard deviation; differentiable.
    dtype : dtype, default float64
        Of the result. The same numbers are drawn whatever it is, and rounded.

    Returns
    -------
    array, or Variable if `scale` is one

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad import nn
    >>> w = nn.normal(0, (2, 3), scale=0.1)
    >>> w.shape
    (2, 3)
    >>> slope = mg.grad(lambda scale: nn.normal(0, (), scale))(0.1)
    >>> float(slope - w[0, 0] / 0.1)
    0.0
    """
    return scaled(rng, shape, 1.0, scale, dtype)


def lecun(rng: Seed, shape: Shape, scale: Any = 1.0, dtype: Any = np.float64) -> Any:
    r"""Return normal random numbers of standard deviation :math:`\sqrt{1/n}`, times `scale`.

    Parameters
    ----------
    rng, shape, scale, dtype
        As for :func:`normal`; :math:`n` is the number of inputs, ``shape[-2]``.

    Returns
    -------
    array, or Variable if `scale` is one

    References
    ----------
    .. [1] Y. LeCun, L. Bottou, G. B. Orr, K.-R. Müller, "Efficient BackProp", in "Neural Networks:
       Tricks of the Trade", 1998, section 4.6.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import nn
    >>> bool(np.all(nn.lecun(0, (4, 3)) == nn.normal(0, (4, 3)) / 2))
    True
    """
    inputs, _ = fans(shape)
    return scaled(rng, shape, sqrt(1 / inputs), scale, dtype)


def he(rng: Seed, shape: Shape, scale: Any = 1.0, dtype: Any = np.float64) -> Any:
    r"""Return normal random numbers of standard deviation :math:`\sqrt{2/n}`, times `scale`.

    Parameters
    ----------
    rng, shape, scale, dtype
        As for :func:`normal`; :math:`n` is the number of inputs, ``shape[-2]``.

    Returns
    -------
    array, or Variable if `scale` is one

    References
    ----------
    .. [1] K. He, X. Zhang, S. Ren, J. Sun, "Delving Deep into Rectifiers", arXiv:1502.01852,
       section 2.2.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import nn
    >>> bool(np.all(nn.he(0, (8, 3)) == nn.normal(0, (8, 3)) / 2))
    True
    """
    inputs, _ = fans(shape)
    return scaled(rng, shape, sqrt(2 / inputs), scale, dtype)


def glorot(rng: Seed, shape: Shape, scale: Any = 1.0, dtype: Any = np.float64) -> Any:
    r"""Return normal random numbers of standard deviation :math:`\sqrt{2/(n+k)}`, times `scale`.

    Parameters
    ----------
    rng, shape, scale, dtype
        As for :func:`normal`; :math:`n` and :math:`k` are the numbers of inputs and outputs,
        ``shape[-2]`` and ``shape[-1]``.

    Returns
    -------
    array, or Variable if `scale` is one

    References
    ----------
    .. [1] X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural
       networks", AISTATS 2010, equation 12.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import nn
    >>> bool(np.all(nn.glorot(0, (5, 3)) == nn.normal(0, (5, 3)) / 2))
    True
    """
    return scaled(rng, shape, sqrt(2 / sum(fans(shape))), scale, dtype)


def zeros(rng: Seed, shape: Shape, scale: Any = 1.0, dtype: Any = np.float64) -> Any:
    """Return zeros; it takes what the others take, to stand in their place, and draws nothing.

    Parameters
    ----------
    rng, scale
        Without effect.
    shape, dtype
        As for :func:`normal`.

    Returns
    -------
    array

    Examples
    --------
    >>> from minigrad import nn
    >>> nn.zeros(0, 3)
    array([0., 0., 0.])
    """
    return np.zeros(checked_shape(shape), checked_dtype(dtype))


def init_mlp(
    rng: Seed,
    sizes: Sequence[int],
    scale: Any = 1.0,
    dtype: Any = np.float64,
    initialiser: Callable[..., Any] = lecun,
) -> list[dict[str, Any]]:
    """Return the parameters of a network of dense layers, for :func:`minigrad.nn.mlp`.

    Parameters
    ----------
    rng : numpy.random.Generator or int
        Where the weights come from, or a seed.
    sizes : sequence of int
        The number of inputs, of units in each layer and of outputs: one more than layers.
    scale : number or Variable, or a list of them, default 1.0
        Of the weights: one for all layers or a list with one for each; differentiable.
    dtype : dtype, default float64
        Of all parameters.
    initialiser : callable, default lecun
        Makes the weights; any of this module. Biases begin at zero.

    Returns
    -------
    list of dict
        ``{"w": (inputs, outputs), "b": (outputs,)}`` for each layer.

    Raises
    ------
    ValueError
        If there are fewer than two sizes, or not as many scales as layers.

    Examples
    --------
    >>> from minigrad import nn, tree
    >>> params = nn.init_mlp(0, (64, 32, 10))
    >>> tree.map(lambda array: array.shape, params)
    [{'w': (64, 32), 'b': (32,)}, {'w': (32, 10), 'b': (10,)}]
    """
    if not isinstance(sizes, Sequence | np.ndarray) or isinstance(sizes, str):
        raise TypeError(f"init_mlp: sizes must be a list such as (64, 32, 10), got {sizes!r:.60}")
    for size in sizes:
        whole("init_mlp: each of sizes", size, least=1)
    layers = len(sizes) - 1
    scales = list(scale) if isinstance(scale, list | tuple) else [scale] * layers
    if layers < 1 or len(scales) != layers:
        raise ValueError(
            f"init_mlp: sizes={tuple(sizes)} with {len(scales)} scales; expected two sizes or "
            f"more, and one scale for all or {max(layers, 1)}, one for each layer"
        )
    rng = random_generator("init_mlp: rng=", rng)
    return [
        {"w": initialiser(rng, (n, k), s, dtype=dtype), "b": np.zeros(k, dtype)}
        for n, k, s in zip(sizes, sizes[1:], scales, strict=False)
    ]


def scaled(rng: Seed, shape: Shape, deviation: float, scale: Any, dtype: Any) -> Any:
    """Draw normal numbers of a standard deviation, in a dtype, and multiply them by a scale."""
    kind = checked_dtype(dtype)
    drawn = random_generator("rng=", rng).standard_normal(checked_shape(shape)) * deviation
    drawn = np.asarray(drawn, kind)
    drawn.setflags(write=False)
    return stretch(drawn, scale)


@primitive
def stretch(drawn: Any, scale: Any) -> Any:
    """Return ``scale * drawn``, in the dtype of what was drawn."""
    return keep(weak(scale) * drawn, drawn)


def_vjp(
    stretch,
    lambda d, y, drawn, scale: d * scale,
    lambda d, y, drawn, scale: onto(scale, d, drawn),
)
def_jvp(
    stretch,
    lambda d, y, drawn, scale: d * scale,
    lambda d, y, drawn, scale: d * drawn,
)


def fans(shape: Shape) -> tuple[int, int]:
    """Return the numbers of inputs and outputs of weights of this shape."""
    axes = checked_shape(shape)
    if not axes or 0 in axes:
        raise ValueError(
            f"weights of shape {shape}: expected (inputs, outputs) or (inputs,), not empty"
        )
    return (axes[0], 1) if len(axes) == 1 else (axes[-2], axes[-1])


def checked_shape(shape: Any) -> tuple[int, ...]:
    """Return a shape as a tuple, if it is one."""
    axes = shape if isinstance(shape, Sequence) and not isinstance(shape, str) else (shape,)
    return tuple(whole("shape: each axis", size) for size in axes)


def checked_dtype(dtype: Any) -> Any:
    """Return a dtype of floating-point numbers, if it is one."""
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = np.dtype(object)
    if kind.kind not in "fc":
        raise TypeError(f"dtype= must be that of floats, such as numpy.float32, got {dtype!r:.60}")
    return kind
