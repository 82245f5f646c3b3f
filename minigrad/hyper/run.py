"""A training run as a value: how to begin, how to step, what it costs in the end.

Everything that asks something of a run (its hypergradient, a search, a report) takes the same
:class:`TrainingRun`. Its functions are ordinary code on trees of arrays: given plain numbers they
train, given Variables they record a training that can be differentiated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import tree
from minigrad.errors import TargetError
from minigrad.hyper.domains import markers
from minigrad.hyper.plain import name
from minigrad.variable import value_of

if TYPE_CHECKING:
    from minigrad.program.step import StepPrograms

__all__ = ["Diverged", "TrainingRun", "checked_run", "lost"]


class Diverged(ArithmeticError):
    """The last state of a run is not finite, so nothing can be computed from it."""


@dataclass(frozen=True)
class TrainingRun:
    r"""A training loop whose final cost is a function of its hyperparameters.

    .. math:: s_0 = \mathrm{init}(h), \qquad s_{t+1} = \mathrm{step}(s_t, h, b_t), \qquad
              C(h) = \mathrm{cost}(s_T, h)

    Parameters
    ----------
    init : callable
        ``init(hypers) -> state``, a tree of arrays; it may use the hypers (an initial scale).
    step : callable
        ``step(state, hypers, batch) -> state``, a tree of the same shape. The inner gradient is
        ordinary minigrad, ``mg.grad(loss)(weights, ...)``.
    cost : callable
        ``cost(state, hypers) -> scalar``: the outer cost, such as the validation cost.
    steps : int
        T.
    batches : sequence or callable, optional
        ``batches[t]`` or ``batches(t)`` is what step t is given. It is read again whenever a part
        of the run is computed again, so it must give the same each time. If left out, the batch
        is None.
    loss : callable, optional
        ``loss(state, hypers) -> scalar``: what the steps descend, on all training data and with its
        penalty. Training does without it. Methods and reports that ask whether training has
        converged, or how sharp its valley is, need it.

    Notes
    -----
    The functions must depend on nothing but their arguments and constants. `hypers` has the shape
    of the tree given to :func:`minigrad.hypergradient`, without its markers; a schedule marked
    :func:`minigrad.per_step` arrives at step t as its entry t.

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0 + h["lam"] * w),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     steps=5,
    ... )
    >>> round(run.evaluate({"eta": 0.3, "lam": 0.1}), 12)
    0.042714665318
    """

    init: Callable[[Any], Any]
    step: Callable[[Any, Any, Any], Any]
    cost: Callable[[Any, Any], Any]
    steps: int
    batches: Sequence[Any] | Callable[[int], Any] | None = None
    loss: Callable[[Any, Any], Any] | None = None
    programs: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    costs: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for part in ("init", "step", "cost"):
            if not callable(getattr(self, part)):
                raise TypeError(
                    f"TrainingRun: {part}= must be a function, got {getattr(self, part)!r:.60}"
                )
        if self.loss is not None and not callable(self.loss):
            raise TypeError(f"TrainingRun: loss= must be a function, got {self.loss!r:.60}")
        if (
            not isinstance(self.steps, int | np.integer)
            or isinstance(self.steps, bool)
            or self.steps < 0
        ):
            raise ValueError(
                f"TrainingRun: steps= must be a number of steps, 0 or more, got {self.steps!r}"
            )
        if self.batches is None or callable(self.batches):
            return
        if not hasattr(self.batches, "__getitem__") or not hasattr(self.batches, "__len__"):
            raise TypeError(
                "TrainingRun: batches= must be readable again, as a list or a function of the step "
                f"is; got {type(self.batches).__name__}. Use list(...), or lambda t: ..."
            )
        if len(self.batches) < self.steps:
            mend = "to go round, give lambda t: batches[t % len(batches)]"
            raise ValueError(
                f"TrainingRun: {self.steps} steps, but only {len(self.batches)} batches; "
                f"{mend if len(self.batches) else 'leave batches= out if the steps need none'}"
            )

    def __getstate__(self) -> dict[str, Any]:
        """Return what is sent to another process, which compiles and times for itself."""
        return {**self.__dict__, "programs": {}, "costs": {}}

    def batch(self, t: int) -> Any:
        """Return what step `t` is given."""
        if self.batches is None:
            return None
        return self.batches(t) if callable(self.batches) else self.batches[t]

    def train(
        self, hypers: Any, values: Any = None, callback: Callable[[int], None] | None = None
    ) -> Any:
        """Return the state after the last step.

        Parameters
        ----------
        hypers : tree
            Marked or not.
        values : tree, optional
            Numbers or Variables to use in place of those in `hypers`, whose markers then only
            say what is a schedule.
        callback : callable, optional
            ``callback(t)`` after step t.

        Raises
        ------
        ValueError
            If a schedule has another length than the run, or a step changes the state's shape.
        """
        marked = markers(hypers)
        if values is None:
            values = tree.map(lambda hyper: hyper.value, marked)
        state = self.init(values)
        for t, state in enumerate(self.states(state, marked, values)):  # noqa: B007, B020
            if callback is not None:
                callback(t)
        return state

    def states(
        self, state: Any, hypers: Any, values: Any, start: int = 0, stop: int | None = None
    ) -> Iterator[Any]:
        """Yield the state after each step from `start` to `stop`, given the one before them.

        Parameters and errors as for `train`.
        """
        at_step = self.slicer(hypers, values)
        for t in range(start, self.steps if stop is None else stop):
            new = self.step(state, at_step(t), self.batch(t))
            if t == start:
                tree.map(lambda old, new: None, state, new)  # an error now beats one later
            yield (state := new)

    def slicer(self, marked: Any, values: Any) -> Callable[[int], Any]:
        """Return the function that gives the hypers as step t sees them."""
        if not any(hyper.per_step for hyper in tree.leaves(marked)):
            return lambda t: values
        for path, hyper in tree.paths(marked).items():
            if hyper.per_step and len(hyper.value) != self.steps:
                raise ValueError(
                    f"the schedule {name(path)} has {len(hyper.value)} entries, but the run has "
                    f"{self.steps} steps: give it one for each"
                )
        return lambda t: tree.map(lambda h, x: x[t] if h.per_step else x, marked, values)

    def evaluate(self, hypers: Any, values: Any = None) -> Any:
        """Return the outer cost after training: :math:`C(h)`. Parameters as for `train`.

        NaN if the last state is not finite, whatever the cost function makes of that.

        Raises
        ------
        TargetError
            If the cost is not one scalar; and what `train` raises.
        """
        marked = markers(hypers)
        if values is None:
            values = tree.map(lambda hyper: hyper.value, marked)
        first = state = self.init(values)
        for state in self.states(first, marked, values):  # noqa: B007
            pass
        cost = self.cost(state, values)
        if tree.children(cost) is not None or np.shape(value_of(cost)) != ():
            raise TargetError(f"TrainingRun: cost= must return one real scalar, got {cost!r:.80}")
        return cost * np.nan if any(lost(tree.leaves(state), tree.leaves(first))) else cost

    def program(self, hypers: Any) -> StepPrograms:
        """Return the compiled loops for steps like the first; print them to read the adjoint.

        Parameters
        ----------
        hypers : tree
            Marked or not; only their shapes matter.

        Raises
        ------
        ValueError
            If the run has no steps, or its step can't be compiled; the reason is given.

        Examples
        --------
        >>> import minigrad as mg
        >>> run = mg.TrainingRun(
        ...     init=lambda h: 1.0,
        ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0),
        ...     cost=lambda w, h: w,
        ...     steps=5,
        ... )
        >>> "= state - eta * (state - 2.0)" in run.program({"eta": 0.3}).source
        True
        """
        from minigrad.hyper.unrolling.unroll import Unroll  # which knows TrainingRun

        unroll = Unroll(self, hypers)
        state = unroll.begin()
        found = unroll.programs(state, self.batch(0), 0) if self.steps else None
        if found is None:
            raise ValueError(f"no program: {unroll.why or 'the run has no steps'}")
        return found


def checked_run(run: Any) -> TrainingRun:
    """Return a run, if it is one."""
    if not isinstance(run, TrainingRun):
        raise TypeError(
            f"run={run!r:.60}: expected a minigrad.TrainingRun; it is the first argument, before "
            f"the hypers"
        )
    return run


def lost(state: Sequence[Any], first: Sequence[Any]) -> list[bool]:
    """Return which leaves of a state are not finite any more.

    An infinity that was there at first is one of the user's own, such as the best cost so far.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.hyper.run import lost
    >>> lost([0.5, np.inf, np.array([1.0, np.nan])], [1.0, np.inf, np.zeros(2)])
    [False, False, True]
    """
    return [not_finite(value_of(x), value_of(x0)) for x, x0 in zip(state, first, strict=True)]


def not_finite(x: Any, first: Any) -> bool:
    """Whether a leaf has a NaN, or an infinity that it did not begin with."""
    if type(x) is float and math.isfinite(x):
        return False
    if np.asarray(x).dtype.kind not in "fc" or np.isfinite(x).all():
        return False
    begun = np.isinf(first) if np.shape(first) == np.shape(x) else False
    return bool((~np.isfinite(x) & ~(np.isinf(x) & begun)).any())
