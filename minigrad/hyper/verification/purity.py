"""Whether a run is a function of its hyperparameters, found out by asking it twice.

A derivative is that of a function. A step that counts its calls, a batch that can be read only
once, a random number that nobody declared: each gives a run whose cost depends on more than the
hypers, and whose past can't be computed again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import getclosurevars
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.constants import copied
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.unrolling.unroll import alike

__all__ = ["Course", "watched"]

KEPT = "Something is kept between calls, such as a counter, a cache or a random generator"
MEND = "carry it in the state, or draw it beforehand and hand it out with the batches"


@dataclass(frozen=True)
class Course:
    """A training that was watched.

    Attributes
    ----------
    first, last : tree
        The states it began and ended with.
    cost : float
        The outer cost.
    fault : str
        Why the run is no function of its hypers; empty if it is one.
    drawn : list of str
        The random generators outside the state that were drawn from.
    """

    first: Any
    last: Any
    cost: Any
    fault: str = ""
    drawn: tuple[str, ...] = ()


def watched(run: TrainingRun, marked: Any) -> Course:
    """Train, then train again with everything asked twice, and compare.

    Parameters
    ----------
    run : TrainingRun
        The run.
    marked : tree
        The hypers, marked.
    """
    if fault := unreadable(run):
        return Course(None, None, np.nan, fault)
    values = tree.map(lambda hyper: hyper.value, marked)
    at_step = run.slicer(marked, values)
    found = generators(run)
    before = {name: snapshot(generator) for name, generator in found.items()}
    state = run.init(values)
    first = tree.map(copied, state)
    try:
        for t in range(run.steps):
            state = run.step(state, at_step(t), run.batch(t))
    except StopIteration:
        return Course(None, None, np.nan, f"the batches have run out at step {t}: {REREAD}")
    last, cost = tree.map(copied, state), run.cost(state, values)
    drawn = tuple(name for name in found if snapshot(found[name]) != before[name])
    try:
        fault = repeated(run, values, at_step, first, cost)
    except Exception as error:
        fault = f"a second training at the same hypers failed: {type(error).__name__}: {error}"
    if fault and drawn:
        fault = f"{fault}. It draws from {' and '.join(drawn)}, which nobody declared: {MEND}"
    elif fault and "in place" not in fault:
        fault = f"{fault}. {KEPT}: {MEND}"
    return Course(first, last, cost, fault, drawn)


def unreadable(run: TrainingRun) -> str:
    """Return why batches can't be read again; empty if they can."""
    places = sorted({t for t in (0, 1, run.steps // 2, run.steps - 1) if 0 <= t < run.steps})
    read = [tree.map(copied, run.batch(t)) for t in places]
    for t, batch in reversed([*zip(places, read, strict=True)]):
        if any(isinstance(leaf, Iterator) for leaf in tree.leaves(batch)):
            return f"the batch of step {t} is an iterator, which can be read only once: give a list"
        try:
            again = run.batch(t)
        except Exception as error:
            return f"the batch of step {t} can't be read again ({type(error).__name__}): {REREAD}"
        if not same(batch, again):
            return f"the batch of step {t} is another one when it is read again: {REREAD}"
    return ""


REREAD = (
    "batches(t) must depend on t alone, as minigrad.datasets.batches does; an iterator that moves "
    "on does not. Use list(...), or draw from a generator made of t, default_rng([seed, t])"
)


def repeated(run: TrainingRun, values: Any, at_step: Any, first: Any, cost: Any) -> str:
    """Train again, every function called twice; return what came out differently."""
    start = run.init(values)
    if not same(first, start) or not same(first, run.init(values)):
        return "init gives another state when it is called again"
    state = tree.map(copied, start)
    for t in range(run.steps):
        kept = tree.map(copied, state)
        once = tree.map(copied, run.step(state, at_step(t), run.batch(t)))
        if not same(kept, state):
            return (
                f"step {t} changes its state in place. Return new arrays: w = w - eta * g, "
                f"not w -= eta * g"
            )
        state = run.step(state, at_step(t), run.batch(t))
        if not same(once, state):
            return f"step {t} gives another state when it is taken again from the same one"
    again = run.cost(state, values), run.cost(state, values)
    if not same(*again):
        return "cost gives another number when it is called again on the same state"
    if not same(again[0], cost):
        return f"two trainings at the same hypers cost {cost:.12g} and {again[0]:.12g}"
    return ""


def same(one: Any, other: Any) -> bool:
    """Whether two trees are equal but for the last digits."""
    try:
        return all(tree.leaves(tree.map(equal, one, other)))
    except ValueError:  # of different shapes
        return False


def equal(x: Any, y: Any) -> bool:
    """Whether two leaves are equal but for the last digits."""
    return x is y or np.array_equal(x, y) or alike(x, y)


# Random generators that the run's functions can reach


def generators(run: TrainingRun) -> dict[str, Any]:
    """Return the generators that a run may draw from without saying so, by name."""
    found: dict[str, Any] = {"np.random": np.random, "random": random}
    seen: set[int] = set()
    for name in ("init", "step", "cost", "batches"):
        reach(name, getattr(run, name), found, seen, depth=3)
    return found


def reach(name: str, x: Any, found: dict[str, Any], seen: set[int], depth: int) -> None:
    """Look for generators in what a function captures and what an object holds."""
    if depth < 0 or id(x) in seen:
        return
    seen.add(id(x))
    if isinstance(x, np.random.Generator | np.random.RandomState):
        found[f"the generator {name!r}"] = x
        return
    for inner, part in parts(x).items():
        reach(inner, part, found, seen, depth - 1)


def parts(x: Any) -> dict[str, Any]:
    """Return what a function or an object of the user's refers to, by name."""
    function = getattr(x, "__func__", x)
    held: dict[str, Any] = {}
    if hasattr(function, "__code__"):
        captured = getclosurevars(function)
        held = {**captured.globals, **captured.nonlocals}
        held |= {"self": x.__self__} if hasattr(x, "__self__") else {}
    elif isinstance(x, dict):
        held = {str(key): part for key, part in x.items()}
    elif isinstance(x, list | tuple) and len(x) < MANY:
        held = {f"[{k}]": part for k, part in enumerate(x)}
    elif hasattr(x, "__dict__") and not isinstance(x, type | type(np)):
        held = dict(vars(x))
    return held


MANY = 50  # a longer list is data


def snapshot(generator: Any) -> str:
    """Return the state of a generator, to be compared."""
    if generator is random:
        return repr(random.getstate())
    if generator is np.random:
        return repr(np.random.get_state(legacy=False))  # noqa: NPY002 - the one that is watched
    bits: Callable[[], Any] = getattr(generator, "get_state", lambda: generator.bit_generator.state)
    return repr(bits())
