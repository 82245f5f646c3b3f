"""One outer step after the other: a pure function from the points so far to one more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from minigrad import tree
from minigrad.hyper.coordinates import Coordinates, outer_hessian
from minigrad.hyper.memory import available_bytes
from minigrad.hyper.methods import Automatic, Checkpointed, Forward, Method, Stored, hypergradient
from minigrad.hyper.result import HyperGradient
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.tuning.outer import OuterOptimiser, State
from minigrad.hyper.tuning.stopping import Columns, Rules
from minigrad.hyper.tuning.tune_result import OuterStep

__all__ = ["Descent", "Trail"]


class Trail(NamedTuple):
    """What has been done: all that the next step depends on.

    Attributes
    ----------
    history : list of OuterStep
        The points that were tried.
    points : list of arrays
        Their unconstrained coordinates.
    state : dict of arrays
        That of the outer optimiser, as it was when it proposed the last point.
    """

    history: list[OuterStep]
    points: list[Any]
    state: State

    @property
    def columns(self) -> Columns:
        """The costs, the norms, and which points were accepted, as arrays."""
        costs = np.array([float(event.result.cost) for event in self.history])
        norms = np.array([event.result.norm for event in self.history])
        return costs, norms, np.array([event.accepted for event in self.history], dtype=bool)


@dataclass(frozen=True)
class Descent:
    """The settings of a descent.

    Attributes
    ----------
    run_of : callable
        From the number of an outer step to its training run.
    coordinates : Coordinates
        The hyperparameters to start from, and the vector that they are.
    steps : int
        How many outer steps at most.
    optimiser, rules, method
        How far to go, when to turn back or stop, how to get hypergradients.
    """

    run_of: Callable[[int], TrainingRun]
    coordinates: Coordinates
    steps: int
    optimiser: OuterOptimiser
    rules: Rules
    method: Method | str

    def begin(self) -> Trail:
        """Return the trail with no point on it."""
        return Trail([], [], self.optimiser.init(self.coordinates.size))

    def after(self, trail: Trail) -> Trail:
        """Return the trail with one more point on it."""
        u, hypers, state = self.proposal(trail)
        done = len(trail.history)
        with np.errstate(over="ignore", invalid="ignore"):  # where it explodes, it is refused
            result = hypergradient(self.run_of(done), hypers, self.settled(trail))
        monotone = self.optimiser.monotone
        fine = self.rules.accepts(float(result.cost), result.norm, trail.columns, monotone)
        if not done and not fine:
            why = (
                f"the cost is {result.cost} and the norm of its gradient {result.norm}"
                if result.stats.diverged_at is None
                else result.stats.notes
            )
            raise ValueError(
                f"tune: at the start, {tree.map(lambda h: h.value, hypers)}, {why}; start from a "
                f"smaller learning rate"
            )
        return self.with_point(trail, u, result, fine, float(np.max(state["rate"])), state)

    def with_point(
        self, trail: Trail, u: Any, result: HyperGradient, fine: bool, rate: float, state: State
    ) -> Trail:
        """Return the trail with a point on it that was judged."""
        costs, _, accepted = trail.columns
        best = self.rules.best(np.append(costs, float(result.cost)), np.append(accepted, fine))
        tried = [*(event.result for event in trail.history), result]
        event = OuterStep(len(trail.history), self.steps, result, fine, rate, tried[best])
        return Trail([*trail.history, event], [*trail.points, u], state)

    def proposal(self, trail: Trail) -> tuple[Any, Any, State]:
        """Return the next point to try: its coordinates, its hypers, and the optimiser's state."""
        if not trail.history:
            start = self.coordinates.marked
            u = self.coordinates.flat(tree.map(lambda h: h.unconstrained, start))
            return u, start, trail.state
        costs, _, accepted = trail.columns
        if accepted[-1]:
            base, state = len(costs) - 1, trail.state
        else:
            base, state = self.rules.best(costs, accepted), self.optimiser.refused(trail.state)
        result, u = trail.history[base].result, trail.points[base]
        g = self.coordinates.flat(result.unconstrained)

        def gradient(u: Any) -> Any:
            hypers = self.coordinates.moved_to(u)
            found = hypergradient(self.run_of(base), hypers, self.settled(trail))
            return self.coordinates.flat(found.unconstrained)

        def hessian() -> Any:
            kind = np.result_type(np.asarray(result.cost).dtype, np.float16)
            return outer_hessian(gradient, u, g, float(np.finfo(kind).eps))

        u, state = self.optimiser.update(u, g, state, hessian)
        return u, self.coordinates.moved_to(u), state

    def settled(self, trail: Trail) -> Method | str:
        """Return the method to use: "auto" stays with what it chose at the first point.

        It goes by the clock and by the memory that is free. Had it the choice at every point, a
        descent that is resumed could round otherwise.
        """
        automatic = self.method == "auto" or isinstance(self.method, Automatic)
        if not trail.history or not automatic:
            return self.method
        chosen = trail.history[0].result.stats.method.partition("(")[0]
        if chosen != "Checkpointed":
            return Forward() if chosen == "Forward" else Stored()
        given = self.method.memory if isinstance(self.method, Automatic) else None
        return Checkpointed(memory=available_bytes() // 2 if given is None else given)

    def reason(self, trail: Trail) -> str:
        """Return in words why the descent is at its end; nothing if it is not."""
        if len(trail.history) >= self.steps:
            return f"all {self.steps} outer steps done"
        return self.rules.reason(trail.columns)
