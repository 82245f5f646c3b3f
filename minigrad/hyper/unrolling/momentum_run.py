"""A training run with heavy-ball momentum, which can be run backward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minigrad.arguments import function
from minigrad.hyper.run import TrainingRun
from minigrad.optim import momentum

__all__ = ["MomentumRun"]


class MomentumRun(TrainingRun):
    r"""A training run whose step is known to be that of heavy-ball momentum.

    .. math:: v \leftarrow \beta v + g(w), \qquad w \leftarrow w - \eta v

    A :class:`minigrad.TrainingRun` for every method, and the kind that
    :class:`minigrad.hyper.Reversible` can run backward. Its state is ``{"w": w, "v": v}``.

    Parameters
    ----------
    init : callable
        ``init(hypers) -> weights``, a tree of arrays; the velocity begins at zero.
    gradient : callable
        ``gradient(weights, hypers, batch)``: the gradient that is followed, a tree like the
        weights. With weight decay, it is a part of it.
    cost : callable
        ``cost(weights, hypers) -> scalar``: the outer cost.
    steps, batches
        As for :class:`minigrad.TrainingRun`.

    Notes
    -----
    `hypers` is a dict in which ``"eta"`` and ``"beta"`` are the rate and the momentum, numbers or
    :func:`minigrad.per_step`.

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.hyper.MomentumRun(
    ...     init=lambda h: 1.0,
    ...     gradient=lambda w, h, batch: w - 2.0 + 0.1 * w,
    ...     cost=lambda w, h: w,
    ...     steps=5,
    ... )
    >>> round(run.evaluate({"eta": 0.3, "beta": 0.5}), 12)
    1.9560835567
    """

    def __init__(
        self,
        init: Callable[[Any], Any],
        gradient: Callable[[Any, Any, Any], Any],
        cost: Callable[[Any, Any], Any],
        steps: int,
        batches: Sequence[Any] | Callable[[int], Any] | None = None,
    ) -> None:
        for name, given in (("init", init), ("gradient", gradient), ("cost", cost)):
            function(f"MomentumRun: {name}=", given)

        def begin(hypers: Any) -> Any:
            weights = init(hypers)
            return {"w": weights, "v": momentum.init(weights).v}

        def step(state: Any, hypers: Any, batch: Any) -> Any:
            w, v = state["w"], state["v"]
            grads = gradient(w, hypers, batch)
            eta, mu = hypers["eta"], hypers["beta"]
            w, new = momentum.update(w, grads, momentum.State(v), eta=eta, mu=mu)
            return {"w": w, "v": new.v}

        super().__init__(begin, step, lambda s, hypers: cost(s["w"], hypers), steps, batches)
