"""Gradient descent with heavy-ball momentum."""

from __future__ import annotations

from typing import Any, NamedTuple

from minigrad.optim.leafwise import check_state, leafwise, zeros
from minigrad.optim.steps import add_scaled, descend, penalised

__all__ = ["State", "init", "update"]


class State(NamedTuple):
    """What momentum keeps: the velocity `v`, a tree like the parameters."""

    v: Any


def init(params: Any) -> State:
    """Return the state at rest, ``v = 0``."""
    return State(zeros(params))


def update(
    params: Any, grads: Any, state: State, *, eta: Any, mu: Any = 0.9, lam: Any = 0.0, n: Any = 1
) -> tuple[Any, State]:
    r"""One step of gradient descent with momentum.

    .. math:: g &= \frac{\partial C_0}{\partial w} + \frac{\lambda}{n} w \\
              v &\leftarrow \mu v + g \\
              w &\leftarrow w - \eta v

    Parameters
    ----------
    params : tree
        Weights and biases.
    grads : tree like `params`
        The gradient of :math:`C_0`, without the penalty.
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
    .. [1] B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", USSR
       Computational Mathematics and Mathematical Physics 4 (1964).

    Examples
    --------
    >>> from minigrad.optim import momentum
    >>> w, state = 1.0, momentum.init(1.0)
    >>> for _ in range(2):
    ...     w, state = momentum.update(w, 2.0, state, eta=0.125, mu=0.5)
    >>> w, state
    (0.375, State(v=3.0))
    """
    check_state("momentum", state, State)
    params, v = leafwise(step, params, grads, state.v, lam=lam, n=n, eta=eta, mu=mu)
    return params, State(v)


def step(w: Any, g: Any, v: Any, lam: Any, eta: Any, mu: Any) -> tuple[Any, Any]:
    """Update one array and its velocity."""
    v = add_scaled(penalised(g, lam, w), mu, v)
    return descend(w, eta, v), v
