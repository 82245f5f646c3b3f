"""Gradient descent with weight decay: the rule that started it."""

from __future__ import annotations

from functools import partial
from typing import Any

from minigrad.arguments import number
from minigrad.nn.hypers import is_zero
from minigrad.optim.leafwise import check_state, leafwise
from minigrad.optim.steps import descend, descend_decayed

__all__ = ["init", "update"]


def init(params: Any) -> tuple[()]:
    """Return the state: nothing."""
    return ()


def update(
    params: Any, grads: Any, state: tuple[()], *, eta: Any, lam: Any = 0.0, n: Any = 1
) -> tuple[Any, tuple[()]]:
    r"""One step of (stochastic) gradient descent on a cost with an L2 penalty.

    .. math:: w \leftarrow \left(1 - \frac{\eta \lambda}{n}\right) w
              - \eta \, \frac{\partial C_0}{\partial w}

    which descends :math:`C = C_0 + \frac{\lambda}{2n} \sum w^2`. Biases are not decayed:
    :math:`b \leftarrow b - \eta \, \partial C_0 / \partial b`.

    Parameters
    ----------
    params : tree
        Weights and biases.
    grads : tree like `params`
        The gradient of :math:`C_0`, the mean over a mini-batch; without the penalty.
    state : tuple
        From :func:`init`.
    eta : number, array, Variable or tree
        The learning rate: one for all, or a tree, see :func:`minigrad.nn.spread`.
    lam : number, array, Variable or tree, default 0.0
        The weight decay: for the weights, see :func:`minigrad.nn.decay`.
    n : int, default 1
        The number of training examples.

    Returns
    -------
    params, state : trees
        New ones, like those given.

    References
    ----------
    .. [1] M. Nielsen, "Neural Networks and Deep Learning", chapter 3, Determination Press,
       2015.

    Examples
    --------
    >>> from minigrad.optim import sgd
    >>> params, grads = {"w": 1.0, "b": 1.0}, {"w": 2.0, "b": 2.0}
    >>> sgd.update(params, grads, sgd.init(params), eta=0.125, lam=40.0, n=10)
    ({'w': 0.25, 'b': 0.75}, ())
    """
    check_state("sgd", state, tuple)
    if n != 1:
        number("sgd: n=", n, above=0)
    (params,) = leafwise(partial(step, n=n), params, grads, lam=lam, n=1, eta=eta)
    return params, state


def step(w: Any, g: Any, lam: Any, eta: Any, n: Any) -> tuple[Any]:
    """Update one array."""
    return (descend(w, eta, g) if is_zero(lam) else descend_decayed(w, eta, lam, g, n=n),)
