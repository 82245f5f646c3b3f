"""The exact method that suits the run: from what its first step shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from minigrad.errors import MissingRuleError
from minigrad.hyper.forecast import Costs, Forecast, Row, foretold, measured
from minigrad.hyper.health import examined
from minigrad.hyper.memory import NotEnoughMemoryError, available_bytes, in_bytes, in_words
from minigrad.hyper.methods.checkpointed import Checkpointed
from minigrad.hyper.methods.forward import Forward
from minigrad.hyper.methods.stored import Stored
from minigrad.hyper.result import HyperGradient
from minigrad.hyper.run import TrainingRun

__all__ = ["Automatic"]

FEW = 20  # steps; timing one would take as long as the run
LONG = 0.5  # seconds from which on it pays to compile tangents in order to time them
NEAR = 1.25  # times the fastest: clocks do not tell more exactly

# One tangent takes about as long as the step itself, and so does the way back.
COUNTED: Costs = {"step": 1.0, "forward": 1.0, "backward": 1.0, "linearise": 1.0, "push": 1.0}


@dataclass(frozen=True)
class Automatic:
    """Choose the exact method that suits the run, and say why.

    One of :class:`minigrad.Forward`, :class:`minigrad.Stored` and :class:`minigrad.Checkpointed`:
    the first of them, in this order, that fits into the memory and takes at most a quarter longer
    than the fastest that fits. All three are exact, so the choice changes no more than rounding.

    How long they take is foretold from the first step, which is timed; runs of less than 20 steps
    are counted instead, a tangent or an adjoint as a step. Tangents are timed if going back takes
    more than half a second: they have to be compiled for it.

    Parameters
    ----------
    memory : int or str, optional
        How much may be used, such as ``"2 GB"``. Half of what is free, if left out.

    Raises
    ------
    minigrad.hyper.NotEnoughMemoryError
        If none of the three fits into the memory.

    See Also
    --------
    minigrad.hyper.forecast : What the methods will take, as a table.

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     steps=5,
    ... )
    >>> method = mg.hyper.Automatic(memory="1 MB")
    >>> mg.hypergradient(run, {"eta": mg.positive(0.5)}, method).stats.why.split(" (")[0]
    'Forward, because it takes 2 trainings and 16 B of the 1 MB that may be used'
    """

    memory: int | str | None = None

    def __post_init__(self) -> None:
        if self.memory is not None:
            in_bytes(self.memory)

    @examined
    def hypergradient(self, run: TrainingRun, hypers: Any) -> HyperGradient:
        """Return the cost and its gradient; see :func:`minigrad.hypergradient`."""
        if run.steps == 0:
            return explained(
                Stored().hypergradient(run, hypers), "Stored, because there is no step"
            )
        told, how = self.forecast(run, hypers)
        name = choice(told)
        why = reason(told, name, how)
        try:
            return explained(method(told, name).hypergradient(run, hypers), why)
        except MissingRuleError as error:
            if name != "Forward":
                raise
            told.rows.pop(name)
            name = choice(told)
            why = f"{reason(told, name, how)}; not Forward: {error}"
            return explained(method(told, name).hypergradient(run, hypers), why)

    def forecast(self, run: TrainingRun, hypers: Any) -> tuple[Forecast, str]:
        """Return what the three will take, and how that is known."""
        memory = available_bytes() // 2 if self.memory is None else in_bytes(self.memory)
        if run.steps < FEW:
            costs = measured(run, hypers, ["sizes"])
            return foretold(run, hypers, memory, costs | COUNTED), COUNTED_WORDS
        costs = measured(run, hypers, ["sizes", "reverse"])
        if foretold(run, hypers, memory, costs).rows["Stored"].seconds > LONG:
            costs = measured(run, hypers, ["sizes", "reverse", "tangents"])
            return foretold(run, hypers, memory, costs), "timed on the first step"
        costs = costs | {"linearise": costs["forward"], "push": costs["step"]}
        how = "timed on the first step, a tangent counted as a step"
        return foretold(run, hypers, memory, costs), how


COUNTED_WORDS = "counted in trainings, as steps are few"


def choice(told: Forecast) -> str:
    """Return the method to take: the first that fits and is not much slower than another."""
    rows = {name: told.rows[name] for name in NAMES if name in told.rows}
    fit = {name: row for name, row in rows.items() if row.fits}
    if not fit:
        raise NotEnoughMemoryError(
            f"no exact method fits into {in_words(told.memory)}: the least is "
            f"{in_words(min(row.kept_bytes for row in rows.values()))}.\n{told}"
        )
    fastest = min(row.seconds for row in fit.values())
    return next(name for name, row in fit.items() if row.seconds <= NEAR * fastest)


NAMES = ("Forward", "Stored", "Checkpointed")


def method(told: Forecast, name: str) -> Forward | Stored | Checkpointed:
    """Return the method of that name."""
    if name == "Checkpointed":
        return Checkpointed(snapshots=told.plan.snapshots, stretch=told.plan.stretch)
    return Forward() if name == "Forward" else Stored()


def reason(told: Forecast, name: str, how: str) -> str:
    """Return in words why a method was chosen."""

    def takes(row: Row) -> str:
        if how == COUNTED_WORDS:
            long = f"{row.seconds / told.steps:.3g} trainings"
        else:
            long = f"{row.seconds:.2g} s"
        return f"{long} and {in_words(row.kept_bytes)}"

    others = "; ".join(
        f"{other} {takes(told.rows[other])}{'' if told.rows[other].fits else ', too much'}"
        for other in NAMES
        if other in told.rows and other != name
    )
    return (
        f"{name}, because it takes {takes(told.rows[name])} of the {in_words(told.memory)} that "
        f"may be used ({others}; {how})"
    )


def explained(result: HyperGradient, why: str) -> HyperGradient:
    """Return the result with why its method was chosen, before what it says itself."""
    said = result.stats.why
    return replace(
        result, stats=replace(result.stats, why=f"{why}{said and '; steps are recorded: ' + said}")
    )
