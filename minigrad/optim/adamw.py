"""AdamW: Adam with the weight decay beside the gradient, not in it."""

from __future__ import annotations

from typing import Any

from minigrad.nn.hypers import is_zero
from minigrad.optim import adam
from minigrad.optim.adam import State, init
from minigrad.optim.leafwise import check, check_state, leafwise
from minigrad.optim.steps import shrink

__all__ = ["State", "init", "update"]


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
    r"""One step of Adam with decoupled weight decay.

    .. math:: m &\leftarrow \beta_1 m + (1 - \beta_1) \, g \\
              v &\leftarrow \beta_2 v + (1 - \beta_2) \, g^2 \\
              w &\leftarrow \left(1 - \frac{\eta \lambda}{n}\right) w
                  - \eta \, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    with :math:`g = \partial C_0 / \partial w`: the averages know nothing of the decay, which is
    that of :func:`minigrad.optim.sgd.update`. In [1]_ a schedule multiplies :math:`\eta` and
    :math:`\lambda`, here :math:`\eta` does.

    Parameters
    ----------
    params, grads, state, eta, beta1, beta2, eps, lam, n
        As for :func:`minigrad.optim.adam.update`; so are the derivatives at 0.

    Returns
    -------
    params, state : tree, State
        New ones.

    References
    ----------
    .. [1] I. Loshchilov, F. Hutter, "Decoupled Weight Decay Regularization", arXiv:1711.05101,
       algorithm 2.

    Examples
    --------
    >>> from minigrad.optim import adamw
    >>> w, state = adamw.update(1.0, 2.0, adamw.init(1.0), eta=0.25, eps=1e-300, lam=2.0)
    >>> round(w, 15)
    0.25
    """
    check_state("adamw", state, State)
    check("adamw", eps, beta1=beta1, beta2=beta2)
    t = state.t + 1.0
    hypers = {"eta": eta, "beta1": beta1, "beta2": beta2, "eps": eps, "t": t}
    params, m, v = leafwise(step, params, grads, state.m, state.v, lam=lam, n=n, **hypers)
    return params, State(m, v, t)


def step(w: Any, g: Any, m: Any, v: Any, lam: Any, eta: Any, *hypers: Any) -> tuple[Any, Any, Any]:
    """Update one array and its two averages: decay it, then descend as Adam without decay."""
    return adam.step(w if is_zero(lam) else shrink(w, eta, lam), g, m, v, 0.0, eta, *hypers)
