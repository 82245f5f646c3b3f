"""Costs: how wrong a network is, and how large its weights are."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import tree
from minigrad.arguments import are_numbers, number, whole
from minigrad.nn.hypers import is_zero
from minigrad.nn.weights import decay, is_weight
from minigrad.ops.elementwise import floating
from minigrad.ops.special import cross_entropy, softplus, sum_squares
from minigrad.variable import value_of

__all__ = [
    "accuracy",
    "binary_cross_entropy",
    "cross_entropy",
    "l2",
    "one_hot",
    "quadratic_cost",
    "regularised_cost",
    "sum_squares",
]


def quadratic_cost(outputs: Any, targets: Any) -> Any:
    r"""Return the quadratic cost.

    .. math:: C = \frac{1}{2n} \sum_x \lVert a(x) - y(x) \rVert^2

    Parameters
    ----------
    outputs, targets : array or Variable, shape (n, ...)
        :math:`a` and :math:`y`: a row for each of the :math:`n` examples.

    Returns
    -------
    scalar

    Raises
    ------
    ValueError
        If the shapes differ, as when class numbers are given (see :func:`one_hot`), or there is
        no example.

    References
    ----------
    .. [1] M. Nielsen, "Neural Networks and Deep Learning", chapter 1, equation 6, Determination
       Press, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import nn
    >>> float(nn.quadratic_cost(np.array([[1.0, 3.0]]), np.array([[0.0, 1.0]])))
    2.5
    """
    n = examples("quadratic_cost", outputs, targets)
    return sum_squares(floating(outputs) - targets) / (2 * n)


def binary_cross_entropy(logits: Any, targets: Any) -> Any:
    r"""Return the cross-entropy of independent yes-or-no outputs, from their logits.

    .. math:: C = -\frac{1}{n} \sum_x \sum_j
                  \left[ y_j \ln a_j + (1 - y_j) \ln (1 - a_j) \right],
              \qquad a = \frac{1}{1 + e^{-z}}

    It is computed as :math:`\ln(1 + e^z) - y z`, which can't overflow.

    Parameters
    ----------
    logits : array or Variable, shape (n, ...)
        :math:`z`, before the sigmoid.
    targets : array or Variable, shape (n, ...)
        :math:`y`, from 0 to 1.

    Returns
    -------
    scalar
        In nats: the mean over examples of the sum over outputs.

    Raises
    ------
    ValueError
        If the shapes differ, as when class numbers are given (see :func:`one_hot`), or there is
        no example.

    References
    ----------
    .. [1] M. Nielsen, "Neural Networks and Deep Learning", chapter 3, equation 63, Determination
       Press, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import nn
    >>> nn.binary_cross_entropy(np.zeros(3), np.array([0.0, 1.0, 1.0])) == np.log(2.0)
    np.True_
    """
    n = examples("binary_cross_entropy", logits, targets)
    return np.sum(softplus(logits) - targets * floating(logits)) / n


def l2(params: Any) -> Any:
    r"""Return :math:`\sum w^2` over all weights; biases do not count.

    Which leaves are weights :func:`minigrad.nn.is_weight` decides, by their names.

    Parameters
    ----------
    params : tree
        Weights and biases.

    Returns
    -------
    scalar

    Examples
    --------
    >>> from minigrad import nn
    >>> float(nn.l2([{"w": 2.0, "b": 5.0}, {"w": 3.0, "b": 5.0}]))
    13.0
    """
    return sum_squares(*(w for path, w in tree.paths(params).items() if is_weight(path)))


def regularised_cost(cost: Any, params: Any, lam: Any, n: Any) -> Any:
    r"""Return a cost with the L2 penalty that weight decay descends.

    .. math:: C = C_0 + \frac{\lambda}{2n} \sum_w w^2

    Parameters
    ----------
    cost : number or Variable
        :math:`C_0`, the cost without it.
    params : tree
        Weights and biases.
    lam : number, array, Variable or tree
        :math:`\lambda`: for the weights, or for each layer or parameter, see
        :func:`minigrad.nn.decay`.
    n : int
        The number of training examples, also if `cost` is that of a mini-batch.

    Returns
    -------
    scalar

    Raises
    ------
    ValueError
        If `lam` does not fit `params`, or is for no weight.

    References
    ----------
    .. [1] M. Nielsen, "Neural Networks and Deep Learning", chapter 3, equation 87, Determination
       Press, 2015.

    Examples
    --------
    >>> from minigrad import nn
    >>> float(nn.regularised_cost(1.0, {"w": 2.0, "b": 5.0}, lam=3.0, n=6))
    2.0
    """
    number("regularised_cost: n=", n, above=0)
    if not are_numbers(value_of(cost)):
        raise TypeError(f"regularised_cost: cost must be a number, got {cost!r:.60}")
    groups: dict[int, tuple[Any, list[Any]]] = {}  # the weights that share a lam
    for rate, w in zip(decay(lam, params, 2 * n), tree.leaves(params), strict=True):
        if not is_zero(rate):
            groups.setdefault(id(rate), (rate, []))[1].append(w)
    for rate, weights in groups.values():
        if np.ndim(value_of(rate)) == 0:
            cost = cost + rate * sum_squares(*weights)
        else:
            for w in weights:
                cost = cost + np.sum(rate * w * w)
    return cost


def accuracy(logits: Any, labels: Any) -> float:
    """Return which part of the examples is classified correctly; not differentiable.

    Parameters
    ----------
    logits : array or Variable, shape (n, classes)
        The largest in a row says the class; so would probabilities.
    labels : array
        Class numbers of shape (n,), or rows of shape (n, classes) the largest element of which
        says the class.

    Returns
    -------
    float
        From 0 to 1.

    Raises
    ------
    ValueError
        If the shapes do not fit, or there is no example.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import nn
    >>> nn.accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    logits, labels = np.asarray(value_of(logits)), np.asarray(value_of(labels))
    shape = logits.shape
    if len(shape) != 2 or 0 in shape or labels.shape not in (shape, shape[:1]):
        raise ValueError(
            f"accuracy: logits of shape {shape} and labels of shape {labels.shape}; expected "
            f"(n, classes), n > 0, with (n,) or (n, classes)"
        )
    if labels.ndim == 2:
        labels = labels.argmax(axis=1)
    return float(np.mean(logits.argmax(axis=1) == labels))


def one_hot(labels: Any, classes: int, dtype: Any = np.float64) -> Any:
    """Return class numbers as rows of zeros with a single one.

    Parameters
    ----------
    labels : array of int, shape (n,)
        From 0 to ``classes - 1``.
    classes : int
        How many classes there are.
    dtype : dtype, default float64
        Of the result.

    Returns
    -------
    array, shape (n, classes)

    Raises
    ------
    ValueError
        If a label is no class number.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad import nn
    >>> nn.one_hot(np.array([2, 0]), 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    whole("one_hot: classes=", classes, least=1)
    labels = np.asarray(labels)
    are_numbers = labels.ndim == 1 and (labels.dtype.kind in "iu" or labels.size == 0)
    if not are_numbers or np.any((labels < 0) | (labels >= classes)):
        raise ValueError(
            f"one_hot: labels of dtype {labels.dtype} and shape {labels.shape}; expected integers "
            f"of shape (n,), from 0 to {classes - 1}"
        )
    return (labels[:, np.newaxis] == np.arange(classes)).astype(dtype)


def examples(name: str, outputs: Any, targets: Any) -> int:
    """Check that two arrays are of one shape and return the length of their first axis."""
    shape, other = np.shape(value_of(outputs)), np.shape(value_of(targets))
    if shape == other and shape[:1] == (0,):
        raise ValueError(f"{name}: there are no examples: the shape of both is {shape}")
    if shape != other or not shape:
        raise ValueError(
            f"{name}: outputs of shape {shape} and targets of shape {other}; expected the same, "
            f"with a row for each example. Class numbers become rows by one_hot(labels, classes)."
        )
    return int(shape[0])
