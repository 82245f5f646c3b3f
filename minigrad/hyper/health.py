"""Whether a run stayed finite, and what else is to be minded about its hypergradient.

A NaN among the weights need not show: ``where``, ``clip`` or ``argmax`` make a finite cost of it,
and a derivative that means nothing. So the last state of every run is looked at, and a run that
raised a floating-point flag on its way is gone through again, step by step, for the first state
that is not finite. Nothing is returned then but NaN, and where it began is said.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.errors import MinigradError, NonFiniteError
from minigrad.hyper.domains import markers
from minigrad.hyper.plain import name
from minigrad.hyper.result import HyperGradient, Stats
from minigrad.hyper.run import Diverged, TrainingRun, checked_run, lost
from minigrad.tape import Tape
from minigrad.variable import Variable, value_of

__all__ = ["Divergence", "divergence", "examined", "growth", "noted"]

EXPLODED = 1e6  # an adjoint that grows by more says nothing of changes that can be seen

Method = Callable[[Any, TrainingRun, Any], HyperGradient]


@dataclass(frozen=True)
class Divergence:
    """Where a run stopped being finite.

    Attributes
    ----------
    step : int
        The step, counted from 0, whose new state is the first that is not finite.
    words : str
        The same in a sentence.
    """

    step: int
    words: str


def examined(method: Method) -> Method:
    """Have a method return NaN and say so where the run diverges, and say what else there is.

    NumPy's own warnings are held back: where the run diverges, the result says more.
    """

    @wraps(method)
    def hypergradient(self: Any, run: TrainingRun, hypers: Any) -> HyperGradient:
        checked_run(run)
        start, raised = time.perf_counter(), list[str]()
        try:
            with np.errstate(**NOTED, call=lambda word, flag: raised.append(word)):
                result = method(self, run, hypers)
        except NonFiniteError:  # of a tape that checks, which says more
            raise
        except ArithmeticError as error:  # Diverged, or a power of Python numbers that overflows
            found = divergence(run, hypers)
            if found is None and not isinstance(error, Diverged):
                raise
            stats = Stats(repr(self), False, run.steps, time.perf_counter() - start)
            return undefined(markers(hypers), stats, found)
        if result.stats.diverged_at is not None:  # told by the method that this one chose
            return result
        if raised or not np.isfinite(result.cost):
            found = divergence(run, hypers)
            if found is not None:
                return undefined(result.hypers, result.stats, found)
            tell(raised)
        return result if result.stats.notes else noted(result, run)

    return hypergradient


WORDS = {"over": "overflow", "invalid": "invalid value", "divide": "divide by zero"}
NOTED: dict[str, Any] = dict.fromkeys(WORDS, "call")  # floating-point flags, as they are raised


def tell(raised: Sequence[str]) -> None:
    """Do what NumPy was to do about the flags that were raised: the states are finite."""
    given: Any = np.geterr()
    for key, word in WORDS.items():
        if word not in raised:
            continue
        message = f"{word} encountered in the run or its derivative, though no state is lost"
        if given[key] == "raise":
            raise FloatingPointError(message)
        if given[key] == "call":
            np.geterrcall()(word, 0)  # type: ignore[misc, operator]
        if given[key] == "warn":
            warnings.warn(message, RuntimeWarning, stacklevel=4)


def undefined(marked: Any, stats: Stats, found: Divergence | None) -> HyperGradient:
    """Return the result for a run that diverged: NaN, and where it began."""
    words = "the run diverged: its last state is not finite" if found is None else found.words
    stats = replace(stats, diverged_at=None if found is None else found.step, notes=words)
    gradient = tree.map(lambda hyper: hyper.value * np.nan, marked)
    return HyperGradient(np.nan, gradient, marked, stats)


def divergence(
    run: TrainingRun, hypers: Any, state: Any = None, start: int = 0, stop: int | None = None
) -> Divergence | None:
    """Go through a run step by step; return where it stops being finite, or None if nowhere.

    Parameters
    ----------
    run, hypers : TrainingRun, tree
        The run.
    state : tree, optional
        Where to begin, before step `start`; the run's own first state, if left out.
    start, stop : int, optional
        Which steps.
    """
    marked = markers(hypers)
    values = tree.map(lambda hyper: hyper.value, marked)
    first = run.init(values) if state is None else state
    with np.errstate(all="ignore"):
        leaves = tree.leaves(first)
        begun = [inexact(x) and bool(np.isnan(x).any()) for x in leaves]
        if any(begun):
            return Divergence(start, f"the run begins with NaN in {which(first, begun)}")
        t = start
        try:
            for state in run.states(first, marked, values, start, stop):
                found = lost(after := tree.walk(state, first, []), leaves)
                if any(found):
                    bad = [x for x, is_lost in zip(after, found, strict=True) if is_lost]
                    what = "NaN" if any(np.isnan(value_of(x)).any() for x in bad) else "infinite"
                    words = f"the run diverged at step {t}: {which(first, found)} became {what}"
                    return Divergence(t, words + about_batch(run.batch(t)))
                t += 1
        except ArithmeticError as error:  # of Python numbers, some of which raise
            return Divergence(t, f"the run diverged at step {t}: {error.args[-1]}")
    return None


def about_batch(batch: Any) -> str:
    """Return in words what is wrong with a batch, if it is empty."""
    empty = [np.shape(x) for x in tree.leaves(batch) if np.size(x) == 0]
    return f"; its batch is empty, of shape {empty[0]}" if empty else ""


def which(state: Any, found: Sequence[Any]) -> str:
    """Return which leaves of a state are meant."""
    paths = [path for path, bad in zip(tree.paths(state), found, strict=True) if bad]
    return ", ".join(name(path) for path in paths) if all(paths) else "the state"


def inexact(x: Any) -> bool:
    """Whether a leaf is of floating or complex numbers."""
    return np.asarray(value_of(x)).dtype.kind in "fc"


# What else is to be minded


def noted(result: HyperGradient, run: TrainingRun) -> HyperGradient:
    """Return a result that says where a derivative is exactly 0, not finite, or has exploded."""
    notes = []
    if not all(map(usual, tree.leaves(result.gradient))):
        notes = [*about_zeros(result, run), *about_infinities(result)]
    if result.stats.growth > EXPLODED:
        notes.append(
            f"the hypergradient grew by a factor {result.stats.growth:.0e} over the run: it says "
            f"nothing of changes that are not tiny; see minigrad.trust"
        )
    return replace(result, stats=replace(result.stats, notes="\n".join(notes))) if notes else result


def usual(slope: Any) -> bool:
    """Whether a derivative is finite and not 0, as most are."""
    if type(slope) is float:
        return slope != 0.0 and math.isfinite(slope)
    return bool(np.any(slope) and np.isfinite(slope).all())


def about_infinities(result: HyperGradient) -> list[str]:
    """Return a sentence for each derivative that is not finite, of a cost that is."""
    if not np.isfinite(result.cost):
        return []
    return [
        f"the derivative in {name(path)} is not finite, although the run and its cost are: a slope "
        f"is infinite on the way, as that of sqrt at 0, or it overflowed"
        for path, slope in tree.paths(result.gradient).items()
        if not np.isfinite(slope).all()
    ]


def about_zeros(result: HyperGradient, run: TrainingRun) -> list[str]:
    """Return a sentence for each derivative that is exactly 0."""
    zeros = [path for path, x in tree.paths(result.gradient).items() if not np.any(x)]
    if not zeros:
        return []
    unread = not_read(run, result.hypers)
    notes = []
    for path in zeros:
        if path in unread:
            notes.append(f"C does not depend on {name(path)}: its derivative is exactly 0")
        else:
            notes.append(f"the derivative in {name(path)} is exactly 0 here")
    return notes


def not_read(run: TrainingRun, hypers: Any) -> set[str]:
    """Return the paths of the hypers that reach the cost by no way through the run.

    A few steps on a tape show it: as many as there are leaves of the state to go through.
    """
    values = tree.map(lambda hyper: hyper.value, hypers)
    try:
        with Tape() as tape, np.errstate(all="ignore"):
            variables = tape.variable(values)
            at_step = run.slicer(hypers, variables)
            state = run.init(variables)
            for t in range(min(run.steps, len(tree.leaves(state)) + 1)):
                state = run.step(state, at_step(t), run.batch(t))
            cost = run.cost(state, variables)
        sources = tree.leaves(variables)
        known = isinstance(cost, Variable)
        terms = tape.gradient(cost, sources, contributions=True) if known else [()] * len(sources)
    except MinigradError:  # of a run that only differences can be taken of
        return set()
    return {path for path, parts in zip(tree.paths(hypers), terms, strict=True) if not parts}


def growth(after: Sequence[Any], before: Sequence[Any]) -> float:
    """Return how many times larger cotangents are at the beginning of a run than at its end."""
    there, here = norm(after), norm(before)
    return here / there if there else 0.0


def norm(parts: Sequence[Any]) -> float:
    """Return the Euclidean norm of numbers and arrays together; infinite where it is too large."""
    return math.hypot(*[x if type(x) is float else length(x) for x in parts])


def length(x: Any) -> float:
    """Return the norm of an array; by a product, which raises no floating-point flag."""
    flat = np.ravel(x)
    return math.sqrt(abs(np.vdot(flat, flat)))
