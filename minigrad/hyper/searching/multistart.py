"""Descents from several starting points, of which the best is kept."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from inspect import signature
from typing import Any

import numpy as np

from minigrad.hyper.domains import markers
from minigrad.hyper.plain import plain, preformatted
from minigrad.hyper.progress import Listener
from minigrad.hyper.run import TrainingRun
from minigrad.hyper.searching.boxes import boxes, latin_hypercube
from minigrad.hyper.searching.outer_cost import outer_cost
from minigrad.hyper.searching.search import DECADE
from minigrad.hyper.searching.trials import (
    brief,
    lowest,
    natural,
    positive_count,
    tried,
)
from minigrad.hyper.searching.workers import Failure
from minigrad.hyper.tuning.tune import TuneResult, tune
from minigrad.tree import map as tree_map

__all__ = ["MultistartResult", "multistart"]


@dataclass(frozen=True)
class MultistartResult:
    """Where each of several descents went.

    Attributes
    ----------
    starts : list of trees
        The natural values started from, in order.
    descents : list of TuneResult or None
        Where the descent from each went; None if the training exploded at the start, or failed.
    failures : dict of int to Failure
        What went wrong, by the number of the start.
    """

    starts: list[Any]
    descents: list[TuneResult | None]
    failures: dict[int, Failure] = field(default_factory=dict)

    @property
    def costs(self) -> Any:
        """The lowest cost of each descent; inf where there was none."""
        return np.array([np.inf if d is None else d.best.cost for d in self.descents])

    @property
    def best(self) -> TuneResult:
        """The descent that came lowest.

        Raises
        ------
        ValueError
            If none came anywhere.
        """
        found = self.descents[lowest(self.costs)]
        assert found is not None
        return found

    def __str__(self) -> str:
        lines = [f"{'start':>12}  {'end':>12}  from -> to"]
        for start, descent in zip(self.starts, self.descents, strict=True):
            if descent is None:
                lines.append(f"{'-':>12}  {'-':>12}  {brief(start)} -> nowhere")
            else:
                ends = f"{brief(start)} -> {brief(descent.values)}"
                lines.append(f"{descent.costs[0]:>12.6g}  {descent.best.cost:>12.6g}  {ends}")
        if self.failures:
            lines.append(f"{len(self.failures)} failed; see .failures")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return preformatted(self)

    def to_json(self) -> dict[str, Any]:
        """Return the same as values that strict JSON can hold; what is not finite as None."""
        ends = [None if d is None else tree_map(plain, d.values) for d in self.descents]
        return {
            "starts": [tree_map(plain, start) for start in self.starts],
            "ends": ends,
            "costs": [plain(cost) for cost in self.costs],
            "failures": {str(k): failure.error for k, failure in self.failures.items()},
        }


def multistart(
    run: TrainingRun,
    hypers: Any,
    starts: int | Sequence[Any] = 8,
    *,
    outer_steps: int = 30,
    seed: int = 0,
    spread: float = DECADE,
    executor: Executor | None = None,
    callback: Listener = None,
    **options: Any,
) -> MultistartResult:
    """Tune from several starting points; a hypergradient finds the bottom of a valley, not which.

    Parameters
    ----------
    run : TrainingRun
        The training loop; see :func:`minigrad.grid_search`.
    hypers : tree
        In place of each hyperparameter, a box, as made by :func:`minigrad.hyper.between`, or a
        marked value to start around.
    starts : int or sequence of trees, default 8
        How many to draw, as a Latin hypercube in the coordinates that are free; or the starting
        points themselves, marked or not: then `hypers` says how they are marked.
    outer_steps : int, default 30
        Of each descent.
    seed : int, default 0
        Of the draws.
    spread : float, default log(10)
        How far from a marked value to go to either side in its free coordinate.
    executor, callback
        See :func:`minigrad.grid_search`. The news are of whole descents; `detail` is the starting
        point and its :class:`minigrad.hyper.TuneResult`.
    **options
        To :func:`minigrad.tune`, such as ``method="auto"``.

    Returns
    -------
    MultistartResult
        Its `best` is the :class:`minigrad.hyper.TuneResult` of the descent that came lowest.

    Raises
    ------
    ValueError
        If there are no starts, or `checkpoint` is given, which would be one file for all.
    TypeError, minigrad.hyper.SearchError, minigrad.hyper.SearchInterrupted
        As :func:`minigrad.grid_search`.

    References
    ----------
    .. [1] M. D. McKay, R. J. Beckman, W. J. Conover, "A Comparison of Three Methods for Selecting
       Values of Input Variables in the Analysis of Output from a Computer Code", Technometrics 21
       (1979).

    Examples
    --------
    >>> import minigrad as mg
    >>> import numpy as np
    >>> run = mg.TrainingRun(  # two valleys in the learning rate, at 0.2 and at 2
    ...     init=lambda h: np.log(h["eta"]),
    ...     step=lambda w, h, batch: w,
    ...     cost=lambda w, h: (w - np.log(0.2)) ** 2 * (w - np.log(2.0)) ** 2 + 0.1 * w,
    ...     steps=1,
    ... )
    >>> found = mg.multistart(run, {"eta": mg.hyper.between(0.05, 5.0)}, starts=4)
    >>> round(found.best.values["eta"], 2)
    0.2
    """
    if "checkpoint" in options:
        raise ValueError("multistart: checkpoint= would be one file for all descents; leave it out")
    known = set(signature(tune).parameters) - {"run", "hypers", "outer_steps", "checkpoint"}
    if unknown := sorted(set(options) - known):
        raise TypeError(
            f"multistart: {unknown[0]}= is no option of tune; expected {', '.join(sorted(known))}"
        )
    places = boxes(hypers, spread)
    if isinstance(starts, Sequence):
        positive_count("starts", len(starts))
        marked = [
            tree_map(lambda box, x: box.like.moved_to(box.like.domain.unconstrained(x)), places, at)
            for at in (natural(markers(start)) for start in starts)
        ]
    else:
        marked = latin_hypercube(places, positive_count("starts", starts), seed)
    descents: list[TuneResult | None] = [None] * len(marked)

    def told(k: int, descent: TuneResult | None) -> tuple[str, Any]:
        descents[k] = descent
        text = "exploded" if descent is None else f"cost {descent.best.cost:.4f}"
        return f"{text} from {brief(values[k])}", (values[k], descent)

    def result(failures: dict[int, Failure]) -> MultistartResult:
        return MultistartResult(values, descents, failures)

    values = [natural(start) for start in marked]
    job = partial(descend, outer_steps=outer_steps, options=options)
    found: MultistartResult = tried(
        "multistart", job, run, marked, told, result, executor, callback
    )
    return found


def descend(
    run: TrainingRun, start: Any, outer_steps: int, options: dict[str, Any]
) -> TuneResult | None:
    """Tune from a starting point; None if the training explodes there."""
    if not np.isfinite(outer_cost(run, start)):
        return None
    found = tune(run, start, outer_steps, **options)
    if found.stopped == "interrupted":  # and so are the descents that would have followed
        raise KeyboardInterrupt
    return found
