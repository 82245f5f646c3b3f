r"""What a hypergradient is made of: the formula of the chain rule, with a number for every term.

The cost of a training that ends in the state :math:`s_T` depends on a hyperparameter h in two ways:

.. math:: \frac{dC}{dh} = \underbrace{\frac{\partial C}{\partial h}}_{\text{direct}} +
          \underbrace{\sum_i \frac{\partial C}{\partial s_{T,i}}
          \frac{d s_{T,i}}{dh}}_{\text{through the weights}}

A backward pass that begins at one array of the state only gives that array's share of the second
part, and its terms, one for each step that used h.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.arguments import function
from minigrad.hyper.health import divergence
from minigrad.hyper.insight.explanation import Account, Explanation
from minigrad.hyper.insight.pullback import finish, pull
from minigrad.hyper.plain import name, named
from minigrad.hyper.run import TrainingRun, lost
from minigrad.hyper.unrolling.unroll import State, Unroll, like, zero
from minigrad.program.step import floating

__all__ = ["explain"]

Part = Callable[[Any, Any], Any]


def explain(
    run: TrainingRun, hypers: Any, *, parts: Mapping[str, Part] | None = None
) -> Explanation:
    r"""Return what the hypergradient of a run is made of: by part, by array and by step.

    Parameters
    ----------
    run : TrainingRun
        The training loop.
    hypers : tree
        The hyperparameters, marked or not.
    parts : dict of str to callable, optional
        The outer cost as a sum of named terms, each ``part(state, hypers) -> scalar``. One part,
        ``"cost"``, if left out.

    Returns
    -------
    Explanation
        Print it for tables. ``explanation["lam"]`` is the account of one hyperparameter, and
        ``explanation.tangents["lam"]`` the derivative of the trained state in it, by forward mode.

    Raises
    ------
    ValueError
        If the training diverges, or the parts or their slopes do not sum to those of the cost.

    Notes
    -----
    All states are kept. There is a forward pass, with a tangent for each number among the
    hyperparameters, and a backward pass for each part and each array of the state that it reads.

    Examples
    --------
    The formula of a regularised cost,

    .. math:: \frac{\partial C}{\partial \lambda} = \frac{\partial C_0}{\partial \lambda}
              + \frac{\lambda}{2} \cdot 2 w \frac{\partial w}{\partial \lambda} + \frac{w^2}{2},

    term by term:

    >>> import minigrad as mg
    >>> c0 = lambda w, h: 0.5 * (w - 2.0) ** 2
    >>> penalty = lambda w, h: 0.5 * h["lam"] * w**2
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0 + h["lam"] * w),
    ...     cost=lambda w, h: c0(w, h) + penalty(w, h),
    ...     steps=5,
    ... )
    >>> found = mg.explain(run, {"eta": 0.3, "lam": 0.1}, parts={"C0": c0, "penalty": penalty})
    >>> lam = found["lam"]
    >>> round(found.tangents["lam"], 9)
    -1.182422175
    >>> [round(x, 6) for x in (lam.through["C0"]["state"], lam.through["penalty"]["state"])]
    [0.345602, -0.201924]
    >>> round(lam.direct["penalty"], 6), round(lam.total, 6)
    (1.458149, 1.601826)
    """
    if parts is not None and not isinstance(parts, Mapping):
        raise TypeError(
            f"explain: parts= must be a dict of functions of state and hypers, got {parts!r:.60}"
        )
    for key, part in (parts or {}).items():
        function(f"explain: parts[{key!r}]", part)
    unroll = Unroll(run, hypers)
    with np.errstate(over="ignore", invalid="ignore"):
        states, tangents = there(unroll)
        cost, bar, direct = finish(unroll, states[-1], run.cost)
    if not np.isfinite(cost) or any(lost(states[-1], states[0])):
        found = divergence(run, unroll.marked)
        raise ValueError(
            f"explain: {f'the outer cost is {cost}' if found is None else found.words}, so there "
            f"is nothing to explain; take a smaller learning rate"
        )
    ends = {"cost": (cost, bar, direct)}
    if parts is not None:
        ends = {key: finish(unroll, states[-1], part) for key, part in parts.items()}
        check_sum(list(ends.values()), (cost, bar, direct))
    names = [name(path) if path else "state" for path in tree.paths(unroll.shape)]
    moving = [key for key, x in zip(names, states[-1], strict=True) if floating([x])]
    ways = {key: shares(unroll, states, bar, moving) for key, (_, bar, _) in ends.items()}
    accounts = {}
    for k, (key, hyper) in enumerate(named(unroll.marked).items()):
        x = hyper.value
        accounts[key] = Account(
            name=key,
            value=x,
            per_step=hyper.per_step,
            direct={part: like(end[2][k], x) for part, end in ends.items()},
            through={
                part: {leaf: like(way.total(k), x) for leaf, way in way_of.items()}
                for part, way_of in ways.items()
            },
            start=like(sum((w.start[k] for ws in ways.values() for w in ws.values()), zero(x)), x),
            terms={
                leaf: sum(of_leaf[leaf].terms[k] for of_leaf in ways.values() if leaf in of_leaf)
                for leaf in moving
                if any(leaf in of_leaf for of_leaf in ways.values())
            },
        )
    costs = {key: end[0] for key, end in ends.items()}
    return Explanation(cost, unroll.marked, costs, accounts, tangents)


def there(unroll: Unroll) -> tuple[list[State], dict[str, Any]]:
    """Train; return the states, and the tangents of the last for each hyper that is a number."""
    state = unroll.begin()
    states = [state]
    hypers = named(unroll.marked)
    numbers = [k for k, x in enumerate(tree.leaves(unroll.values)) if np.ndim(x) == 0]
    dots = {k: unroll.push_begin(unit(tree.leaves(unroll.values), k)) for k in numbers}
    for t in range(unroll.run.steps):
        new, step = unroll.recorded(state, t, unroll.run.batch(t))
        for k in numbers:
            dots[k] = step.push(dots[k], unit(unroll.hypers_at(t), k))
        states.append(state := new)
    keys = list(hypers)
    return states, {keys[k]: with_constants(unroll, state, dots[k]) for k in numbers}


def unit(values: State, k: int) -> State:
    """Return zeros like the hypers, with a one in place of number `k`."""
    return [zero(x) + 1 if j == k else zero(x) for j, x in enumerate(values)]


def with_constants(unroll: Unroll, state: State, dots: State) -> Any:
    """Return the tangents as a tree like the state; zero for what does not float."""
    left = iter(dots)
    return unroll.unflatten([next(left) if floating([x]) else np.zeros_like(x) for x in state])


class Way:
    """A way back from the last state: what every step added, for each hyper.

    Attributes
    ----------
    terms : list of arrays
        For each hyper, what step t adds, of shape (T, ...).
    start : list
        For each hyper, what `init` adds.
    """

    def __init__(self, unroll: Unroll, states: list[State], bar: State) -> None:
        steps = len(states) - 1
        self.scheduled = unroll.scheduled
        found: list[list[Any]] = [[] for _ in unroll.scheduled]
        for t in reversed(range(steps)):
            bar, hyper_bars = pull(unroll, bar, states[t], t)
            for terms, hyper_bar in zip(found, hyper_bars, strict=True):
                terms.append(hyper_bar)
        self.terms = [np.array(terms[::-1]) for terms in found]
        unroll.bars = [zero(x) for x in tree.leaves(unroll.values)]
        unroll.pull_begin(bar)
        self.start = [np.array(bar) for bar in unroll.bars]  # the next way back writes into them

    def total(self, k: int) -> Any:
        """Return what all of it comes to, in the shape of hyper `k`."""
        if not len(self.terms[k]):
            return self.start[k]
        return self.start[k] + (self.terms[k] if self.scheduled[k] else self.terms[k].sum(axis=0))


def shares(unroll: Unroll, states: list[State], bar: State, names: list[str]) -> dict[str, Way]:
    """Return the way back from each array of the last state that the cost reads, by its name."""
    still = [zero(x) for x in floating(states[-1])]
    return {
        leaf: Way(unroll, states, [*still[:k], bar[k], *still[k + 1 :]])
        for k, leaf in enumerate(names)
        if np.any(bar[k])
    }


def check_sum(parts: list[Any], whole: Any) -> None:
    """Raise if the values of the parts, or their slopes, do not sum to those of the cost."""
    flat = [tree.leaves(list(end)) for end in (*parts, whole)]
    for what, *terms, right in zip(tree.paths(list(whole)), *flat, strict=True):
        total = sum(np.asarray(term, float) for term in terms)
        room = 1e4 * np.finfo(np.result_type(right, np.float32)).eps
        scale = max((float(np.max(np.abs(x), initial=0.0)) for x in (*terms, right)), default=0.0)
        if not np.allclose(total, right, rtol=room, atol=room * scale):
            kind = "values" if what == "[0]" else "slopes"
            raise ValueError(
                f"explain: the {kind} of the parts sum to {summary(total)}, but the cost has "
                f"{summary(right)}; parts= must be terms whose sum is the run's cost"
            )


def summary(x: Any) -> str:
    """Return a number, or the norm of an array, for a message."""
    return f"{float(x):.10g}" if np.ndim(x) == 0 else f"an array of norm {np.linalg.norm(x):.10g}"
