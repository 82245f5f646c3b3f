"""Methods beside each other on one run: how far off each is, and what it takes."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from minigrad.errors import MinigradError
from minigrad.hyper.coordinates import flat
from minigrad.hyper.methods import Method, Stored, called
from minigrad.hyper.plain import named, plain, preformatted
from minigrad.hyper.progress import Listener, Progress, listener
from minigrad.hyper.result import HyperGradient
from minigrad.hyper.run import TrainingRun

__all__ = ["Comparison", "Trial", "compare"]

WIDTH = 60  # columns of a printed table


@dataclass(frozen=True)
class Trial:
    r"""One method, held against the exact gradient.

    Attributes
    ----------
    method : str
        The method and its settings.
    result : HyperGradient or None
        What it gave; None if it refused.
    error : float
        :math:`\lVert g - g^* \rVert / \lVert g^* \rVert` in the unconstrained coordinates.
    cosine : float
        Of the angle between g and :math:`g^*`, there.
    trainings : float
        Training steps that it ran, divided by those of the run.
    seconds : float
        Wall time.
    refusal : str
        What the method said, if it refused.
    """

    method: str
    result: HyperGradient | None
    error: float
    cosine: float
    trainings: float
    seconds: float
    refusal: str = ""

    @property
    def label(self) -> str:
        """``"exact"``, ``"approximate"`` or ``"refused"``."""
        if self.result is None:
            return "refused"
        return "exact" if self.result.stats.exact else "approximate"


@dataclass(frozen=True)
class Comparison:
    """Methods on one run, at the same hyperparameters; print it for a table.

    Attributes
    ----------
    reference : Trial
        The gradient that the others are held against.
    trials : list of Trial
        The others, in the order in which they were given.
    steps : int
        Steps of the run.
    """

    reference: Trial
    trials: list[Trial]
    steps: int

    def __getitem__(self, method: str) -> Trial:
        """Return the first trial whose name begins like this: ``comparison["Truncated"]``."""
        for trial in (*self.trials, self.reference):
            if trial.method.startswith(method):
                return trial
        known = ", ".join(trial.method for trial in (*self.trials, self.reference))
        raise KeyError(f"{method!r}: there are {known}")

    def __str__(self) -> str:
        known = self.reference.result
        assert known is not None
        lines = [
            f"cost {known.cost:.6g} after {self.steps:,} steps; errors against "
            f"{self.reference.method}",
            f"{'':12}{'relative error':>14}{'cosine':>10}{'trainings':>11}{'seconds':>9}",
        ]
        for trial in (self.reference, *self.trials):
            lines.append(trial.method)
            if trial.result is None:
                words = textwrap.wrap(f"refused: {trial.refusal}", WIDTH - 2)
                lines += [f"  {line}" for line in words]
                continue
            lines.append(
                f"  {trial.label:12}{trial.error:12.1e}{trial.cosine:10.6f}"
                f"{trial.trainings:11.4g}{trial.seconds:9.2g}"
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return preformatted(self)

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as values that strict JSON can hold; what is not finite as None."""
        trials = [
            {
                "method": trial.method,
                "label": trial.label,
                "error": trial.error,
                "cosine": trial.cosine,
                "trainings": trial.trainings,
                "seconds": trial.seconds,
                "refusal": trial.refusal,
                "cost": trial.result and trial.result.cost,
                "gradient": trial.result and named(trial.result.gradient),
            }
            for trial in (self.reference, *self.trials)
        ]
        return plain({"steps": self.steps, "reference": trials[0], "trials": trials[1:]})  # type: ignore[no-any-return]

    def plot(self, ax: Any = None) -> Any:
        """Draw the relative errors against the trainings that they took; return the Axes."""
        from minigrad.display.plots import pyplot

        ax = pyplot().subplots()[1] if ax is None else ax
        for trial, marker in zip(self.trials, "osv^D*PX<>" * len(self.trials), strict=False):
            if trial.result is not None:
                error = max(trial.error, np.finfo(float).eps)  # none at all has no logarithm
                ax.loglog([trial.trainings], [error], marker, color="k", label=trial.method)
        ax.set(xlabel="trainings", ylabel=f"relative error against {self.reference.method}")
        ax.legend(fontsize="small")
        return ax


def compare(
    run: TrainingRun,
    hypers: Any,
    methods: Sequence[Method | str],
    *,
    exact: Method | None = None,
    callback: Listener = None,
) -> Comparison:
    """Hold methods against the exact hypergradient of a run.

    Parameters
    ----------
    run : TrainingRun
        The training loop.
    hypers : tree
        Where to compute the gradients; marked or not.
    methods : sequence of methods, or of their names
        What to compare.
    exact : Method, optional
        What to hold them against; ``mg.Stored()`` if left out.
    callback : callable or bar, optional
        Told a :class:`minigrad.hyper.Progress` after each method, whose `detail` is its `Trial`.

    Returns
    -------
    Comparison
        A method that refuses the run (`Implicit` before convergence, say) has its reason there. The
        error of :class:`minigrad.hyper.PersistentEvolution` includes that it is meant for the mean
        cost over windows.

    Raises
    ------
    ValueError, TypeError
        If the methods are not a sequence of methods; what the exact one raises.

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0 + h["lam"] * w),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     loss=lambda w, h: 0.5 * (w - 2.0) ** 2 + 0.5 * h["lam"] * w**2,
    ...     steps=50,
    ... )
    >>> hypers = {"eta": mg.positive(0.3), "lam": mg.positive(0.1)}
    >>> found = mg.compare(run, hypers, [mg.Truncated(last=10), mg.Implicit()])
    >>> found["Truncated"].label, round(found["Truncated"].error, 3)
    ('approximate', 0.018)
    >>> bool(found["Implicit"].error < 1e-6)
    True
    """
    if isinstance(methods, str) or not isinstance(methods, Sequence):
        raise TypeError(
            f"compare: methods= must be a list such as [mg.Truncated(last=10), mg.Evolution()], "
            f"got {methods!r:.60}"
        )
    if not methods:
        raise ValueError("compare: methods= is empty; give one or more, such as [mg.Evolution()]")
    wanted = [called(method) for method in methods]
    tell = listener(callback)
    known = called(Stored() if exact is None else exact).hypergradient(run, hypers)
    truth = flat(known.unconstrained)
    trials: list[Trial] = []
    for method in wanted:
        start = time.perf_counter()
        try:
            trial = held_against(truth, run, method.hypergradient(run, hypers))
        except (MinigradError, ValueError, OverflowError) as error:
            seconds = time.perf_counter() - start
            trial = Trial(shown(method), None, np.nan, np.nan, np.nan, seconds, str(error))
        trials.append(trial)
        tell(Progress(len(trials), len(wanted), f"{trial.method}: {trial.label}", trial))
    return Comparison(held_against(truth, run, known), trials, run.steps)


def held_against(truth: Any, run: TrainingRun, result: HyperGradient) -> Trial:
    """Return the error and the bill of a result."""
    g = flat(result.unconstrained)
    with np.errstate(all="ignore"):  # what has exploded has no error
        size, off = np.linalg.norm(truth), np.linalg.norm(g - truth)
        error = 0.0 if off == 0 else float(np.divide(off, size))
        lengths = size * np.linalg.norm(g)
        cosine = float(np.divide(g @ truth, lengths)) if lengths else float(off == 0)
    stats = result.stats
    trainings = stats.steps_run / max(run.steps, 1)
    return Trial(stats.method, result, error, cosine, trainings, stats.seconds)


def shown(method: Method) -> str:
    """Return a method as text, with those of its settings that were given."""
    if not is_dataclass(method):
        return f"{method!r:.60}"
    given = [(f.name, getattr(method, f.name)) for f in fields(method) if f.repr]
    defaults = {f.name: f.default for f in fields(method)}
    settings = ", ".join(f"{name}={x!r}" for name, x in given if x != defaults[name])
    return f"{type(method).__name__}({settings})"
