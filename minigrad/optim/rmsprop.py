"""RMSProp: a learning rate for each parameter, by the size of its recent gradients."""

from __future__ import annotations

from typing import Any, NamedTuple

from minigrad.optim.leafwise import check, check_state, leafwise, zeros
from minigrad.optim.steps import average_square, descend_adaptive, penalised

__all__ = ["State", "init", "update"]


class State(NamedTuple):
    """What RMSProp keeps: the mean square `v` of the gradients, a tree like the parameters."""

    v: Any


def init(params: Any) -> State:
    """Return the state at the beginning, ``v = 0``."""
    return State(zeros(params))


def update(
    params: Any,
    grads: Any,
    state: State,
    *,
    eta: Any,
    beta2: Any = 0.9,
    eps: Any = 1e-8,
    lam: Any = 0.0,
    n: Any = 1,
) -> tuple[Any, State]:
    r"""One step of RMSProp.

    .. math:: g &= \frac{\partial C_0}{\partial w} + \frac{\lambda}{n} w \\
              v &\leftarrow \beta_2 v + (1 - \beta_2) \, g^2 \\
              w &\leftarrow w - \eta \, \frac{g}{\sqrt{v} + \epsilon}

    Where a gradient has always been 0, so is every derivative of the step through `v`: see
    :func:`minigrad.optim.adam.update`.

    Parameters
    ----------
    params : tree
        Weights and biases.
    grads : tree like `params`
        The gradient of :math:`C_0`, without the penalty.
    state : State
        From :func:`init` or the step before.
    eta, beta2, eps : number, array, Variable or tree
        The learning rate, how much of the mean square is kept, 0 to 1, and the term that keeps
        the denominator from 0, positive: one for all, or trees, see :func:`minigrad.nn.spread`.
    lam : number, array, Variable or tree, default 0.0
        The weight decay: for the weights, see :func:`minigrad.nn.decay`.
    n : int, default 1
        The number of training examples.

    Returns
    -------
    params, state : tree, State
        New ones.

    References
    ----------
    .. [1] T. Tieleman, G. Hinton, "Lecture 6.5: rmsprop", Neural Networks for Machine Learning,
       2012.

    Examples
    --------
    >>> from minigrad.optim import rmsprop
    >>> rmsprop.update(1.0, 2.0, rmsprop.init(1.0), eta=0.25, beta2=0.75, eps=1.0)
    (0.75, State(v=1.0))
    """
    check_state("rmsprop", state, State)
    check("rmsprop", eps, beta2=beta2)
    hypers = {"eta": eta, "beta2": beta2, "eps": eps}
    params, v = leafwise(step, params, grads, state.v, lam=lam, n=n, **hypers)
    return params, State(v)


def step(w: Any, g: Any, v: Any, lam: Any, eta: Any, beta2: Any, eps: Any) -> tuple[Any, Any]:
    """Update one array and its mean square."""
    g = penalised(g, lam, w)
    v = average_square(v, beta2, g)
    return descend_adaptive(w, eta, g, v, eps), v
