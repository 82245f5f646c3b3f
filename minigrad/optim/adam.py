"""Adam: momentum, and a learning rate for each parameter."""

from __future__ import annotations

from typing import Any, NamedTuple

from minigrad.optim.leafwise import check, check_state, leafwise, zeros
from minigrad.optim.steps import average, average_square, debias, descend_adaptive, penalised

__all__ = ["State", "init", "update"]


class State(NamedTuple):
    """What Adam keeps: two trees like the parameters and the number of steps.

    Attributes
    ----------
    m, v : trees
        The moving averages of the gradients and of their squares.
    t : float
        How many steps were made; a float, so that all of a state are real numbers.
    """

    m: Any
    v: Any
    t: Any


def init(params: Any) -> State:
    """Return the state at the beginning: all zero."""
    return State(zeros(params), zeros(params), 0.0)


def update(
    params: Any,
    grads: Any,
    state: State,
    *,
    eta: Any,
    beta1: Any = 0.9,
    beta2: Any = 0.999,
    eps: Any = 1e-8,
    lam: Any = 0.0,
    n: Any = 1,
) -> tuple[Any, State]:
    r"""One step of Adam, with the weight decay in the gradient.

    .. math:: g &= \frac{\partial C_0}{\partial w} + \frac{\lambda}{n} w \\
              m &\leftarrow \beta_1 m + (1 - \beta_1) \, g \\
              v &\leftarrow \beta_2 v + (1 - \beta_2) \, g^2 \\
              w &\leftarrow w - \eta \, \frac{m / (1 - \beta_1^t)}
                                         {\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    Parameters
    ----------
    params : tree
        Weights and biases.
    grads : tree like `params`
        The gradient of :math:`C_0`, without the penalty.
    state : State
        From :func:`init` or the step before.
    eta, beta1, beta2, eps : number, array, Variable or tree
        The learning rate, how much of each average is kept, 0 to 1, and the term that keeps the
        denominator from 0, positive: one for all, or trees, see :func:`minigrad.nn.spread`.
    lam : number, array, Variable or tree, default 0.0
        The weight decay: for the weights, see :func:`minigrad.nn.decay`. Decoupled from the
        gradient it is :mod:`minigrad.optim.adamw`.
    n : int, default 1
        The number of training examples.

    Returns
    -------
    params, state : tree, State
        New ones.

    Notes
    -----
    The slope of the root is infinite at 0, which is where `v` is as long as a gradient has been 0
    (a dead unit, a pixel that is always white). Where the root vanishes beside :math:`\epsilon`,
    so that their sum in floating point is :math:`\epsilon`, the derivative of the step in `v` is
    taken as 0, in any order: no NaN arises, and nothing is added to :math:`v` or
    :math:`\epsilon` that would change the numbers of the plain algorithm.

    References
    ----------
    .. [1] D. P. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", arXiv:1412.6980,
       algorithm 1.

    Examples
    --------
    The first step is as long as the learning rate, whatever the gradient:

    >>> from minigrad.optim import adam
    >>> w, state = adam.update(1.0, 2.0, adam.init(1.0), eta=0.25, eps=1e-300)
    >>> round(w, 15), state.t
    (0.75, 1.0)
    """
    check_state("adam", state, State)
    check("adam", eps, beta1=beta1, beta2=beta2)
    t = state.t + 1.0
    hypers = {"eta": eta, "beta1": beta1, "beta2": beta2, "eps": eps, "t": t}
    params, m, v = leafwise(step, params, grads, state.m, state.v, lam=lam, n=n, **hypers)
    return params, State(m, v, t)


def step(
    w: Any, g: Any, m: Any, v: Any, lam: Any, eta: Any, beta1: Any, beta2: Any, eps: Any, t: Any
) -> tuple[Any, Any, Any]:
    """Update one array and its two averages."""
    g = penalised(g, lam, w)
    m, v = average(m, beta1, g), average_square(v, beta2, g)
    return descend_adaptive(w, eta, debias(m, beta1, t), debias(v, beta2, t), eps), m, v
