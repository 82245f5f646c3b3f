"""Gradient descent with Nesterov's accelerated momentum."""

from __future__ import annotations

from typing import Any

from minigrad.optim.leafwise import check_state, leafwise
from minigrad.optim.momentum import State, init
from minigrad.optim.steps import add_scaled, descend, penalised

__all__ = ["State", "init", "update"]


def update(
    params: Any, grads: Any, state: State, *, eta: Any, mu: Any = 0.9, lam: Any = 0.0, n: Any = 1
) -> tuple[Any, State]:
    r"""One step of Nesterov's method, written for the point where the gradient is taken.

    .. math:: g &= \frac{\partial C_0}{\partial w} + \frac{\lambda}{n} w \\
              v &\leftarrow \mu v + g \\
              w &\leftarrow w - \eta \, (g + \mu v)

    Nesterov's own two sequences, :math:`x_{t+1} = w_t - \eta g(w_t)` and
    :math:`w_{t+1} = x_{t+1} + \mu (x_{t+1} - x_t)`, give the same :math:`w` for constant
    :math:`\eta, \mu` and :math:`x_0 = w_0`.

    Parameters
    ----------
    params : tree
        Weights and biases.
    grads : tree like `params`
        The gradient of :math:`C_0` at `params`, without the penalty.
    state : State
        From :func:`init` or the step before.
    eta, mu : number, array, Variable or tree
        The learning rate and how much of the velocity is kept, 0 to 1: one for all, or trees,
        see :func:`minigrad.nn.spread`.
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
    .. [1] Y. Nesterov, "A method of solving a convex programming problem with convergence rate
       O(1/k^2)", Soviet Mathematics Doklady 27 (1983).
    .. [2] I. Sutskever, J. Martens, G. Dahl, G. Hinton, "On the importance of initialization and
       momentum in deep learning", ICML 2013, section 2.

    Examples
    --------
    >>> from minigrad.optim import nesterov
    >>> nesterov.update(1.0, 2.0, nesterov.init(1.0), eta=0.125, mu=0.5)
    (0.625, State(v=2.0))
    """
    check_state("nesterov", state, State)
    params, v = leafwise(step, params, grads, state.v, lam=lam, n=n, eta=eta, mu=mu)
    return params, State(v)


def step(w: Any, g: Any, v: Any, lam: Any, eta: Any, mu: Any) -> tuple[Any, Any]:
    """Update one array and its velocity."""
    g = penalised(g, lam, w)
    v = add_scaled(g, mu, v)
    return descend(w, eta, add_scaled(g, mu, v)), v
