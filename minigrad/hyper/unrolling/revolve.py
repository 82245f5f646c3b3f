r"""Which states to keep so that a run is reversed with few of them: the binomial schedule.

With `s` snapshots, and every step run again at most `r` times, the longest run that can be
reversed has :math:`\binom{s+r}{s}` steps: so memory and repetition need only grow like the
logarithm of the length. What is a step to the schedule may be a stretch of several: then what the
way back reads of a whole stretch is kept at a time. Nothing here knows what a state is.

References
----------
.. [1] A. Griewank, A. Walther, "Algorithm 799: Revolve", ACM Transactions on Mathematical
   Software 26 (2000), pages 19-45.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from math import comb, isqrt
from typing import NamedTuple

# fmt: off
__all__ = ["Action", "Plan", "extra_steps", "fewest_reruns", "least_memory", "repetitions",
           "schedule", "snapshots_for"]
# fmt: on


class Action(NamedTuple):
    """One thing to do with the current state.

    ``keep``: it is the state before step `t`, put it away. ``restore``: take the one kept before
    step `t`. ``advance``: run steps until it is the one before step `t`. ``reverse``: run step `t`
    for its derivative and go back over it; what was kept before `t` is not needed any more.
    """

    do: str
    t: int


def repetitions(steps: int, snapshots: int) -> int:
    r"""Return the smallest r with :math:`\binom{s+r}{s} \ge T`."""
    if snapshots == 1:
        return max(0, steps - 1)
    r = 0
    while comb(snapshots + r, r) < steps:
        r += 1
    return r


def extra_steps(steps: int, snapshots: int) -> int:
    r"""Return how many steps are run besides the one for each derivative.

    .. math:: t(T, s) = r T - \binom{s+r}{s+1}, \qquad
              r = \min \left\{ r : \binom{s+r}{s} \ge T \right\}

    Parameters
    ----------
    steps : int
        T.
    snapshots : int
        s, the state before the first step included.

    Raises
    ------
    ValueError
        If there are less than 0 steps or 1 snapshot.

    Examples
    --------
    >>> from minigrad.hyper.unrolling.revolve import extra_steps
    >>> extra_steps(14, 3), extra_steps(150_000, 50)
    (27, 575196)
    """
    check(steps, snapshots)
    r = repetitions(steps, snapshots)
    return r * steps - comb(snapshots + r, snapshots + 1)


def snapshots_for(steps: int, most: int) -> int:
    """Return the fewest snapshots with which no step is run again more than `most` times."""
    return 1 + bisect_left(range(1, max(1, steps)), steps, key=lambda s: comb(s + most, most))


def schedule(steps: int, snapshots: int) -> Iterator[Action]:
    """Say what to do, in order, to go back over all steps with so many snapshots.

    Parameters, errors as for :func:`extra_steps`. Never more than `snapshots` states are kept,
    and the steps advanced over are :func:`extra_steps` in number, which is the minimum.

    Yields
    ------
    Action

    Examples
    --------
    >>> from minigrad.hyper.unrolling.revolve import schedule
    >>> for action in schedule(3, 2):
    ...     print(action.do, action.t)
    keep 0
    advance 1
    keep 1
    advance 2
    reverse 2
    restore 1
    reverse 1
    restore 0
    reverse 0
    """
    check(steps, snapshots)
    if steps == 0:
        return
    yield Action("keep", 0)
    at = 0  # the step that the current state is before
    waiting = [(0, steps, snapshots)]  # stretches of steps, whose first state is kept
    while waiting:
        first, end, s = waiting.pop()
        if at != first:
            yield Action("restore", first)
            at = first
        if end - first == 1:
            yield Action("reverse", first)
            at = -1
            continue
        at = first + cut(end - first, s)
        yield Action("advance", at)
        if end - at > 1:  # a single step is reversed at once
            yield Action("keep", at)
        waiting += [(first, at, s), (at, end, s - 1)]


class Plan(NamedTuple):
    """How a run is gone back over: with how many states kept, in stretches of how many steps."""

    snapshots: int
    stretch: int

    def stretches(self, steps: int) -> int:
        """Return how many stretches a run has; the last may be shorter."""
        return -(-steps // self.stretch)

    def reruns(self, steps: int) -> int:
        """Return how many steps are run besides those for the derivative."""
        # The last stretch is the only one that is never run again.
        return self.stretch * extra_steps(self.stretches(steps), self.snapshots)

    def nbytes(self, steps: int, state_bytes: int, step_bytes: int) -> int:
        """Return the bytes of the states, and of what the way back reads of one stretch."""
        states = min(self.snapshots, self.stretches(steps))
        return states * state_bytes + min(self.stretch, steps) * step_bytes


def least_memory(steps: int, most: int, state_bytes: int, step_bytes: int) -> Plan:
    """Return the plan of the fewest bytes that runs no step again more than `most` times.

    Examples
    --------
    >>> from minigrad.hyper.unrolling.revolve import least_memory
    >>> least_memory(5000, 1, 19_000, 98_000)
    Plan(snapshots=166, stretch=30)
    """
    plans = (
        Plan(snapshots_for(-(-steps // length), most), length) for length in lengths(max(1, steps))
    )
    return min(plans, key=lambda plan: plan.nbytes(steps, state_bytes, step_bytes))


def fewest_reruns(steps: int, memory: int, state_bytes: int, step_bytes: int) -> Plan | None:
    """Return the plan of the fewest steps run again in so many bytes; None if there is none."""
    plans = []
    for length in lengths(max(1, steps)):
        room = memory - length * step_bytes
        if room < state_bytes:
            break
        useful = max(1, -(-steps // length) - 1)  # with these, each stretch is run again once
        plans.append(Plan(min(useful, room // state_bytes if state_bytes else useful), length))

    def cost(plan: Plan) -> tuple[int, int]:
        return plan.reruns(steps), plan.nbytes(steps, state_bytes, step_bytes)

    return min(plans, key=cost, default=None)


def lengths(steps: int) -> list[int]:
    """Return, for each number of stretches, the shortest length that gives it, in order."""
    root = isqrt(steps) + 1
    return sorted({-(-steps // n) for n in range(1, root)} | {*range(1, min(root, steps) + 1)})


def cut(steps: int, snapshots: int) -> int:
    """Return after how many steps to keep the next snapshot: the last place that is optimal.

    What is left on either side can then be done with r - 1 repetitions more on the near side and
    r on the far one, as in the recursion of Pascal's triangle.
    """
    r = repetitions(steps, snapshots)
    near, far = comb(snapshots + r - 1, snapshots), comb(snapshots + r - 2, snapshots - 1)
    return min(near, steps - far)


def check(steps: int, snapshots: int) -> None:
    """Raise unless there is something that can be done."""
    if steps < 0:
        raise ValueError(f"expected 0 steps or more, got {steps!r}")
    if snapshots < 1:
        raise ValueError(
            f"expected 1 snapshot or more (the first state is one of them), got {snapshots!r}"
        )
