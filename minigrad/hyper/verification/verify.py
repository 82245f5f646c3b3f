"""One call that holds a hypergradient against independent answers."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.arguments import number
from minigrad.arguments import seed as whole_seed
from minigrad.errors import MissingRuleError
from minigrad.hyper.domains import markers
from minigrad.hyper.health import divergence
from minigrad.hyper.memory import available_bytes, in_words
from minigrad.hyper.methods import Recorded, hypergradient
from minigrad.hyper.progress import Listener, Progress, listener
from minigrad.hyper.run import TrainingRun, checked_run, lost
from minigrad.hyper.verification.case import Case
from minigrad.hyper.verification.judge import Evidence, judge
from minigrad.hyper.verification.purity import Course, watched
from minigrad.hyper.verification.report import Verification
from minigrad.hyper.verification.rounding import rounding
from minigrad.hyper.verification.suspects import suspects
from minigrad.hyper.verification.witnesses import (
    Answer,
    backward,
    complex_step,
    dot_product,
    finite_difference,
    forward,
)
from minigrad.variable import value_of

__all__ = ["verify"]


def verify(
    run: TrainingRun, hypers: Any, *, digits: float = 6, seed: int = 0, callback: Listener = None
) -> Verification:
    r"""Ask independent witnesses for the hypergradient of a run, and say whether to believe it.

    The same run is answered by

    * reverse mode, as :func:`minigrad.hypergradient` computes it, and as one tape of the whole run;
    * forward mode, which uses the JVP rules where reverse mode uses the VJP rules;
    * a complex step through the very same loop, :math:`\operatorname{Im} C(h + i\,10^{-30} v) /
      10^{-30}`, which uses no rule and needs an analytic run;
    * finite differences over a ladder of steps, extrapolated, with an error bar;
    * the dot-product test, :math:`\langle u, J v \rangle = \langle J^\top u, v \rangle`, of both
      modes on the last state.

    Up to 8 numbers are compared one by one. Of larger trees each leaf is moved in a random
    direction, every number by about its own size; if there are more than 8 leaves, all at once.
    Before that the run is asked twice, step by step, whether it is a function at all.

    Parameters
    ----------
    run : TrainingRun
        The training loop.
    hypers : tree
        Where to ask; marked or not.
    digits : float, default 6
        How many digits the exact methods must have in common. Of finite differences as many are
        asked for as their error bar lets through; of float32 no more than it has.
    seed : int, default 0
        Of the random directions.
    callback : callable or bar, optional
        Told a :class:`minigrad.hyper.Progress` after each witness.

    Returns
    -------
    Verification
        Print it for a table; ``ok`` is True, False, or None if nobody can say.

    Raises
    ------
    ValueError
        If the cost is not a finite number, or there are no hypers.
    MissingRuleError
        If an operation has no VJP; one without a JVP only leaves out the witnesses that need it.

    Notes
    -----
    What no witness sees: an inner gradient that is wrong. A training that follows it is another
    training, and its hypergradient is right for that one.

    References
    ----------
    .. [1] A. Griewank, A. Walther, "Evaluating Derivatives", 2nd edition, SIAM 2008,
       chapter 3.
    .. [2] W. Squire, G. Trapp, "Using Complex Variables to Estimate Derivatives of Real
       Functions", SIAM Review 40 (1998).

    Examples
    --------
    >>> import minigrad as mg
    >>> run = mg.TrainingRun(
    ...     init=lambda h: 1.0,
    ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0 + h["lam"] * w),
    ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
    ...     steps=5,
    ... )
    >>> report = mg.verify(run, {"eta": mg.positive(0.3), "lam": mg.positive(0.1)})
    >>> report.ok, report.verdict
    (True, 'agree')
    >>> bool(report.agreement["complex step"].min() > 13)
    True
    """
    checked_run(run)
    number("verify: digits=", digits, above=0)
    whole_seed("verify: seed=", seed)
    marked = markers(hypers)
    if not tree.leaves(marked):
        raise ValueError("verify: there are no hyperparameters in the tree, so nothing to verify")
    tell = Teller(callback)
    course = tell("the run, asked twice", lambda: watched(run, marked))
    if course.fault:
        return Verification("not a function", sentence(course.fault), np.nan, marked)
    cost = value_of(course.cost)
    ends = tree.leaves(course.last), tree.leaves(course.first)
    if np.ndim(cost) or not np.isfinite(cost) or any(lost(*ends)):
        values = tree.map(lambda hyper: hyper.value, marked)
        found = divergence(run, marked)
        what = f"the cost must be a finite number, got {cost!r:.60}"
        raise ValueError(
            f"verify: {what if found is None else found.words}, at {values!r:.80}; start from a "
            f"smaller learning rate"
        )
    with np.errstate(over="ignore", invalid="ignore"), warnings.catch_warnings():
        # What explodes is reported as chaos, and why steps are recorded among the warnings.
        warnings.filterwarnings("ignore", "steps are recorded one by one")
        return asked(run, marked, course, digits, seed, tell)


def asked(
    run: TrainingRun, marked: Any, course: Course, digits: float, seed: int, tell: Teller
) -> Verification:
    """Ask all witnesses and judge what they say."""
    rng = np.random.default_rng(seed)
    case = Case(run, marked, rng)
    count = len(case.directions)
    cost = float(course.cost)
    found = suspects(run, marked, course.first, course.last)
    errors = tell("rounding", lambda: rounding(case, course.last, course.cost))
    notes: list[str] = []

    def reverse() -> Any:
        result = backward(run, marked)
        if result.stats.why:
            notes.append(f"steps are recorded one by one, not replayed: {result.stats.why}")
        return result.cost, case.along(result.gradient)

    def recorded() -> Any:
        needed, room = found.tape_bytes * run.steps, available_bytes() // 2
        if needed > room:
            raise Silence(f"the tape would take {in_words(needed)}, of {in_words(room)}")
        result = hypergradient(run, marked, Recorded())
        return result.cost, case.along(result.gradient)

    def complexly() -> Any:
        if found.not_analytic:
            raise Silence(f"not applicable: {found.not_analytic[0]} is not analytic")
        try:
            return cost, complex_step(case)
        except Exception as error:
            raise Silence(f"not applicable: {type(error).__name__}: {error}") from error

    witnesses: dict[str, Callable[[], Any]] = {
        "reverse": reverse,
        "recorded": recorded,
        "forward": lambda: (cost, forward(case)),
        "complex step": complexly,
    }
    answers, costs = {}, {}
    for name, witness in witnesses.items():
        costs[name], answers[name] = tell(name, partial(testimony, witness, cost, count))
    start = time.perf_counter()
    slopes = tell("finite difference", lambda: finite_difference(case, errors))
    answers["finite difference"] = Answer(
        np.array([slope.value for slope in slopes]),
        np.array([slope.error for slope in slopes]),
        time.perf_counter() - start,
    )
    dot = tell("dot product", lambda: transposed(case, course.last))
    if course.drawn:
        notes.append(f"the run draws from {' and '.join(course.drawn)}, though nothing comes of it")
    other = {name: x for name, x in costs.items() if not errors.explain(x - cost)}
    evidence = Evidence(case, answers, slopes, errors, digits, dot, other, found, seed)
    verdict, words, doubts = judge(evidence)
    return Verification(
        verdict,
        words,
        cost,
        marked,
        [*notes, *doubts],
        [direction.name for direction in case.directions],
        answers,
        dot,
        evidence.floor,
        errors.growth,
        errors.amplification,
    )


class Silence(Exception):
    """Why a witness says nothing."""


def testimony(witness: Callable[[], Any], cost: float, count: int) -> tuple[float, Answer]:
    """Let a witness speak; why it does not is an answer too."""
    start = time.perf_counter()
    why, values = "", np.full(count, np.nan)
    try:
        cost, values = witness()
    except Silence as reason:
        why = str(reason)
    except MissingRuleError as error:
        why = f"not applicable: {error}"
    return float(value_of(cost)), Answer(values, np.zeros(count), time.perf_counter() - start, why)


def transposed(case: Case, last: Any) -> tuple[float, float]:
    """Return the two sides of the dot-product test; NaN if a mode has no rule."""
    try:
        return dot_product(case, last)
    except MissingRuleError:
        return np.nan, np.nan


def sentence(text: str) -> str:
    """Return a text that begins like a sentence and ends like one."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


class Teller:
    """Tells a listener how far it is."""

    total = 8

    def __init__(self, callback: Listener) -> None:
        self.listen, self.done = listener(callback), 0

    def __call__(self, what: str, work: Callable[[], Any]) -> Any:
        """Do a piece of work and tell that it is done."""
        result = work()
        self.done += 1
        self.listen(Progress(self.done, self.total, what, result))
        return result
