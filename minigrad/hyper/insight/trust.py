r"""Whether a hypergradient can be relied on: how derivatives grow on their way through a run.

Exact does not mean useful. A training at the edge of chaos has an exact derivative, of size
:math:`10^{20}`, that says nothing about what a smaller learning rate would do; in a training that
has converged dC/deta is the rounding of zero. Both are seen from how fast the adjoint grows or
shrinks from step to step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import tree
from minigrad.arguments import seed as whole_seed
from minigrad.hyper.insight.pullback import finish, length, pull
from minigrad.hyper.insight.sharpness import Sharpness, of_loss, of_step, scaled
from minigrad.hyper.insight.trust_report import Trust
from minigrad.hyper.run import TrainingRun, checked_run, lost
from minigrad.hyper.unrolling.unroll import State, Unroll, like, zero
from minigrad.program.step import floating

__all__ = ["trust"]

RATES = ("eta", "lr", "learning_rate", "alpha")
MOMENTA = ("beta", "mu", "momentum")
PLACES = 5  # at which the sharpness is looked at: the beginning, the end and between


def trust(
    run: TrainingRun,
    hypers: Any,
    *,
    seed: int = 0,
    eta: str | float | None = None,
    beta: str | float | None = None,
) -> Trust:
    r"""Return whether the hypergradient of a run can be relied on, and the measurements.

    Forward, a random direction of the state is carried along, :math:`z_{t+1} = J_t z_t` with the
    derivative :math:`J_t` of step t. Its growth gives the finite-time Lyapunov exponent

    .. math:: \Lambda = \frac{1}{T} \log \frac{\|z_T\|}{\|z_0\|},

    above 0 where a small change at the beginning is a large one at the end. Backward,
    :math:`\bar s_t = \bar s_{t+1} J_t` shows which steps the outer cost still depends on. Both are
    rescaled at each step, so nothing overflows. The sharpness of the training loss at five states
    is found by power iteration on Hessian-vector products, and held against the edge of stability:
    :math:`\eta h < 2`, or :math:`2 (1 + \beta)` with heavy-ball momentum.

    Parameters
    ----------
    run : TrainingRun
        The training loop. Without a `loss`, the sharpness is read off the step's own Jacobian
        instead, and is that of the loss on the step's batch.
    hypers : tree
        The hyperparameters, marked or not.
    seed : int, default 0
        Of the random direction.
    eta, beta : str or float, optional
        Which hyperparameter is the learning rate and which the heavy-ball momentum, by name, or
        their values. If left out, those called eta, lr, learning_rate or alpha, and beta, mu or
        momentum.

    Returns
    -------
    Trust
        Print it: a verdict in plain words, and a table.

    Raises
    ------
    ValueError
        If the run has no steps, or there is no hyperparameter of the name given.

    Notes
    -----
    All states are kept; each step is run twice, once with its tangent and once with its adjoint.

    References
    ----------
    .. [1] L. Metz, C. D. Freeman, S. S. Schoenholz, T. Kachman, "Gradients are Not All You Need",
       arXiv:2111.05803 (2021), section 4.
    .. [2] J. Cohen, S. Kaur, Y. Li, J. Z. Kolter, A. Talwalkar, "Gradient Descent on Neural
       Networks Typically Occurs at the Edge of Stability", ICLR 2021, sections 2 and 3.

    Examples
    --------
    Gradient descent on :math:`w^3/3 - w^2/2` with rate 3 is the logistic map in its chaos, whose
    exponent is log 2:

    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 0.3,
    ...     step=lambda w, h, batch: w + h["eta"] * w * (1.0 - w),
    ...     cost=lambda w, h: w,
    ...     loss=lambda w, h: w**3 / 3.0 - 0.5 * w**2,
    ...     steps=100,
    ... )
    >>> report = mg.trust(run, {"eta": 3.0})
    >>> report.verdict, report.horizon, round(report.exponent, 2)
    ('chaos', 41, 0.69)
    >>> mg.trust(run, {"eta": 1.9}).verdict, mg.trust(run, {"eta": 1.5}).verdict
    ('trust', 'vanished')
    """
    checked_run(run)
    whole_seed("trust: seed=", seed)
    for what, given in (("eta", eta), ("beta", beta)):
        if not isinstance(given, str | int | float | None):
            raise TypeError(
                f"trust: {what}= must be the name of a hyperparameter, or a number, "
                f"got {given!r:.60}"
            )
    if run.steps == 0:
        raise ValueError("trust: the run has no steps")
    unroll = Unroll(run, hypers)
    rate = Named(unroll, "eta", eta, RATES)
    momentum = Named(unroll, "beta", beta, MOMENTA)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # that is what is looked at
        states, log_tangent = there(unroll, seed)
        if any(lost(states[-1], states[0])):
            return Trust.of_divergence(unroll.marked, run.steps, len(states) - 1, log_tangent)
        cost, bar, direct = finish(unroll, states[-1], run.cost)
        log_adjoint, gradient = back(unroll, states, bar, direct)
        lengths = np.array([length(floating(state)) for state in states])
        rounding = float(accuracy(states[-1]) * np.sum(np.exp(log_adjoint) * lengths))
        pairs = zip(map(floating, states[1:]), map(floating, states[:-1]), strict=True)
        strides = [length([x - y for x, y in zip(*pair, strict=True)]) for pair in pairs]
        rows = sharpness(unroll, states, seed, rate, momentum)
    return Trust(
        cost=cost,
        hypers=unroll.marked,
        gradient=gradient,
        rounding=rounding,
        accuracy=accuracy(states[-1]),
        log_adjoint=log_adjoint,
        log_tangent=log_tangent,
        strides=np.array(strides),
        sharpness=rows,
        rate=rate.name,
    )


def there(unroll: Unroll, seed: int) -> tuple[list[State], Any]:
    """Train; return the states, up to one that is not finite, and the log growth of a direction."""
    state = unroll.begin()
    states, dots = [state], random_direction(state, seed)
    logs = np.zeros(unroll.run.steps + 1)
    for t in range(unroll.run.steps):
        new, step = unroll.recorded(state, t, unroll.run.batch(t))
        still = [zero(x) for x in unroll.hypers_at(t)]
        dots, logs[t + 1] = rescaled(step.push(dots, still), logs[t])
        states.append(state := new)
        if any(lost(state, states[0])):
            logs[t + 1 :] = np.nan
            break
    return states, logs


def back(unroll: Unroll, states: list[State], bar: State, direct: list[Any]) -> tuple[Any, Any]:
    """Go back; return the logs of the norms of the cotangents of all states, and dC/dh."""
    totals = [np.asarray(x, float).copy() for x in direct]
    logs = np.zeros(len(states))
    bar, logs[-1] = rescaled(bar, 0.0)
    for t in reversed(range(len(states) - 1)):
        bar, hyper_bars = pull(unroll, bar, states[t], t)
        for k, hyper_bar in enumerate(hyper_bars):
            place: Any = t if unroll.scheduled[k] else ...
            totals[k][place] += hyper_bar * scale(logs[t + 1])
        bar, logs[t] = rescaled(bar, logs[t + 1])
    unroll.bars = [zero(x) for x in tree.leaves(unroll.values)]
    unroll.pull_begin(bar)
    for total, first in zip(totals, unroll.bars, strict=True):
        total += first * scale(logs[0])
    shaped = tree.unflatten(unroll.marked, totals)
    return logs, tree.map(lambda hyper, total: like(total, hyper.value), unroll.marked, shaped)


def scale(log: float) -> float:
    """Return what something rescaled has to be multiplied by; 1 where it is zero anyway."""
    return float(np.exp(log)) if np.isfinite(log) else 1.0


def rescaled(parts: State, log: float) -> tuple[State, float]:
    """Return a direction at length 1, and the log of its length, from that of the one before."""
    size = length(parts)
    if size == 0 or not np.isfinite(log):
        return parts, -np.inf
    return scaled(parts, size), log + float(np.log(size))


def random_direction(state: State, seed: int) -> State:
    """Return a random direction of a state, of length 1: one number for each that floats."""
    rng = np.random.default_rng(seed)
    parts = [
        rng.normal() if isinstance(x, float) else rng.normal(size=np.shape(x)).astype(x.dtype)[()]
        for x in floating(state)
    ]
    return scaled(parts, length(parts) or 1.0)


def accuracy(state: State) -> float:
    """Return the relative rounding error of the least accurate leaf of a state."""
    return max((float(np.finfo(np.result_type(x)).eps) for x in floating(state)), default=0.0)


class Named:
    """A hyperparameter found by its name, or a value given for it; its value at each step.

    Parameters
    ----------
    unroll : Unroll
        The run.
    what : str
        What it is called in errors.
    given : str, float or None
        The name, the value, or None to look for one of `names`.
    names : tuple of str
        What it may be called.
    """

    def __init__(
        self, unroll: Unroll, what: str, given: str | float | None, names: tuple[str, ...]
    ) -> None:
        self.unroll, self.name, self.value, self.places = unroll, what, given, list[int]()
        if isinstance(given, int | float):
            return
        wanted = names if given is None else (given,)
        keys = [path.replace('"', "'").split("'") for path in tree.paths(unroll.marked)]
        self.places = [k for k, parts in enumerate(keys) if set(parts[1:2]) & set(wanted)]
        if given is not None and not self.places:
            raise ValueError(f"trust: {what}={given!r}: no hyperparameter is called that")
        if self.places:
            self.name = keys[self.places[0]][1]

    @property
    def known(self) -> bool:
        """Whether it was given or found."""
        return bool(self.places) or self.value is not None

    def at(self, t: int) -> float:
        """Return its value at step `t`; nan if it is not known, or not one number."""
        if isinstance(self.value, int | float):
            return float(self.value)
        values = [self.unroll.hypers_at(t)[k] for k in self.places]
        return float(values[0]) if len(values) == 1 and np.size(values[0]) == 1 else np.nan


def sharpness(
    unroll: Unroll, states: list[State], seed: int, rate: Named, momentum: Named
) -> list[Sharpness]:
    """Return the sharpness at a few states, from the loss if there is one and else the step."""
    places = sorted({round(x) for x in np.linspace(0, unroll.run.steps, PLACES)})
    found, direction = [], random_direction(states[0], seed + 1)
    whole = False
    for place in places:
        t = min(place, unroll.run.steps - 1)
        eta, beta = rate.at(t), momentum.at(t) if momentum.known else 0.0
        if unroll.run.loss is not None:
            value, direction, settled, reads_all = of_loss(unroll, states[place], t, direction)
            value = value if settled else np.nan
            whole = whole or reads_all
            times_eta = eta * value
        else:
            value, direction, settled = of_step(unroll, states[place], t, direction)
            times_eta = from_eigenvalue(1.0 - value, beta) if settled else np.nan
            value, whole = times_eta / eta if eta else np.nan, True
        found.append(Sharpness(place, value, times_eta, 2 * (1 + beta)))
    if whole or momentum.known:
        return found
    return [Sharpness(row.step, row.value, row.times_eta, np.nan) for row in found]


def from_eigenvalue(mu: float, beta: float) -> float:
    r"""Return :math:`\eta h` from the real eigenvalue of a step of heavy-ball momentum.

    It solves :math:`\mu^2 - (1 + \beta - \eta h) \mu + \beta = 0`; without momentum it is
    :math:`1 - \mu`.
    """
    return 1 + beta - mu - (beta / mu if beta else 0.0)
