"""From what the witnesses of a hypergradient say to a verdict, and to words for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from minigrad.hyper.verification.case import Case
from minigrad.hyper.verification.ladder import Slope
from minigrad.hyper.verification.rounding import Rounding
from minigrad.hyper.verification.suspects import Suspects
from minigrad.hyper.verification.witnesses import Answer

__all__ = ["Evidence", "judge"]

EXACT = ("reverse", "recorded", "forward", "complex step")
TRUST = 4.0  # how many error bars finite differences may be off
ABOVE = 10.0  # how far above the floor of rounding a derivative must be to be seen


@dataclass(frozen=True)
class Evidence:
    """All that is known when it comes to a verdict.

    Attributes
    ----------
    costs : dict
        The costs that differ from that of the plain training, by witness.
    """

    case: Case
    answers: dict[str, Answer]
    slopes: list[Slope]
    rounding: Rounding
    digits: float
    dot: tuple[float, float]
    costs: dict[str, float]
    found: Suspects
    seed: int

    @property
    def tolerance(self) -> float:
        """The relative difference allowed: as asked for, or 3/5 of the digits that there are."""
        return float(max(10.0**-self.digits, self.rounding.eps**0.6))

    @property
    def floor(self) -> Any:
        """For each direction, about what rounding makes of a derivative that is zero."""
        return self.rounding.floor([direction.size for direction in self.case.directions])

    def spoken(self, k: int) -> dict[str, float]:
        """Return what the exact witnesses say of a direction, those who say something."""
        values = {name: float(self.answers[name].values[k]) for name in EXACT}
        return {name: x for name, x in values.items() if not self.answers[name].why}

    def apart(self, one: float, other: float, k: int, bar: float = 0.0) -> bool:
        """Whether two answers are further apart than rounding and the bar allow."""
        allowed = self.tolerance * max(abs(one), abs(other)) + ABOVE * self.floor[k] + TRUST * bar
        return not abs(one - other) <= allowed


def judge(evidence: Evidence) -> tuple[str, str, list[str]]:
    """Return the verdict, the same in words, and the doubts that remain."""
    if evidence.rounding.chaotic:
        return "chaos", words_of_chaos(evidence.rounding), []
    if evidence.costs:
        return "not a function", words_of_costs(evidence), []
    names = [direction.name for direction in evidence.case.directions]
    findings = [finding(evidence, k) for k in range(len(names))]
    kinds = [found.kind for found in findings]
    doubts = [f"{names[k]}: {text}" for k, found in enumerate(findings) for text in found.doubts]
    for verdict in ("not smooth", "disagree"):
        if verdict in kinds:
            k = kinds.index(verdict)
            also = ", ".join(names[j] for j in range(k + 1, len(names)) if kinds[j] == verdict)
            words = [f"Along {names[k]}, {findings[k].words}"]
            words += [f"The same holds along {also}."] if also else []
            return verdict, " ".join(words + explained(evidence, verdict)), doubts
    if words_of_transposes := transposes(evidence):
        words = [words_of_transposes, *explained(evidence, "disagree")]
        return "disagree", " ".join(words), doubts
    if "noise" in kinds and "agree" not in kinds:
        return "noise", words_of_noise(evidence), doubts
    doubts += [f"{names[k]}: {BELOW}" for k, kind in enumerate(kinds) if kind == "noise"]
    return "agree", words_of_agreement(evidence), doubts


BELOW = "its derivative is below what rounding lets anybody see, so it is not confirmed"


class Finding(NamedTuple):
    """What is to be said of one direction: a verdict, or ``"zero"``; words for it; doubts."""

    kind: str
    words: str = ""
    doubts: tuple[str, ...] = ()


def finding(evidence: Evidence, k: int) -> Finding:
    """Judge one direction."""
    said, slope, floor = evidence.spoken(k), evidence.slopes[k], ABOVE * evidence.floor[k]
    if slope.kink:
        sides = f"{slope.behind:.6g} to one side and {slope.ahead:.6g} to the other"
        return Finding(
            "not smooth", f"the slope is {sides}: a kink, at which there is no derivative."
        )
    small = all(abs(x) <= floor for x in said.values())
    if small and abs(slope.value) <= floor + TRUST * slope.error:
        return Finding("noise" if any(said.values()) else "zero")
    against = evidence.apart(said["reverse"], slope.value, k, slope.error)
    different = [name for name, x in said.items() if evidence.apart(said["reverse"], x, k)]
    if different == ["complex step"] and not against and tells(evidence, said, slope):
        return Finding("agree", doubts=(NOT_ANALYTIC,))
    if different or against:
        return Finding("disagree", words_of_disagreement(evidence, k, said, slope))
    return unopposed(evidence, said, slope)


NOT_ANALYTIC = (
    "the complex step differs while all others agree: the run does something that is not "
    "analytic, and its complex step does not count"
)


def unopposed(evidence: Evidence, said: dict[str, float], slope: Slope) -> Finding:
    """Judge a direction in which nobody disagrees: by what finite differences are worth there."""
    found = f"{slope.value:.4g} ± {slope.error:.1g}"
    if "complex step" in said:
        unsure = not tells(evidence, said, slope)
        return Finding("agree", doubts=(f"finite differences find only {found}",) if unsure else ())
    if not tells(evidence, said, slope) and slope.error > 30 * slope.rounding:
        return Finding(
            "not smooth",
            f"finite differences find no slope at any step, {found}, though rounding would let "
            f"them: the cost jumps or bends.",
        )
    unsure = slope.error > evidence.tolerance * abs(slope.value)
    return Finding("agree", doubts=(f"{ALONE} {found}",) if unsure else ())


ALONE = "both modes could share a mistake; of those without rules finite differences are alone:"


def tells(evidence: Evidence, said: dict[str, float], slope: Slope) -> bool:
    """Whether finite differences are good for half the digits that are asked for."""
    size = max(abs(slope.value), abs(said["reverse"]))
    return bool(slope.error <= np.sqrt(evidence.tolerance) * size)


def transposes(evidence: Evidence) -> str:
    """Return what is wrong if the two modes are not transposes of one another; empty if not."""
    pushed, pulled = evidence.dot
    if np.isnan(pushed) or np.isnan(pulled):
        return ""
    allowed = evidence.tolerance * max(abs(pushed), abs(pulled))
    sized = evidence.rounding.eps * (len(evidence.rounding.nudges) + 1) * 1e4
    if abs(pushed - pulled) <= max(allowed, sized):
        return ""
    return (
        f"Forward and reverse mode are not transposes of one another: <u, J v> = {pushed:.10g}, "
        f"but <J'u, v> = {pulled:.10g}."
    )


# Words


def words_of_chaos(rounding: Rounding) -> str:
    return (
        f"A rounding error grows {rounding.growth:.3g}-fold per step, to "
        f"{rounding.amplification:.1e} times its size over the run; the numbers have "
        f"{-np.log10(rounding.eps):.0f} digits. So the cost itself is not known, and what the "
        f"witnesses agree on is the derivative of one rounded run, not of the training. Use a "
        f"smaller learning rate, fewer steps or a smoothed gradient."
    )


def words_of_costs(evidence: Evidence) -> str:
    costs = ", ".join(f"{name} {cost:.12g}" for name, cost in evidence.costs.items())
    plain = evidence.rounding.cost
    return (
        f"The training costs {plain:.12g} on plain numbers, but {costs}: the run does something "
        f"else when it is recorded or replayed. Do not ask whether a value is a "
        f"Variable, and keep nothing between calls."
    )


def words_of_noise(evidence: Evidence) -> str:
    values = evidence.answers["reverse"].values
    k = int(np.argmax(np.abs(values)))
    name, value = evidence.case.directions[k].name, values[k]
    return (
        f"The training has converged: it no longer depends on the hypers in any digit. Along "
        f"{name} the derivative is {value:.1e} by reverse mode, and rounding alone makes "
        f"{evidence.floor[k]:.1e} of zero. What the witnesses return is noise, so this neither "
        f"confirms the hypergradient nor refutes it. Ask after fewer steps."
    )


def words_of_agreement(evidence: Evidence) -> str:
    names = [n for n in (*EXACT, "finite difference") if not evidence.answers[n].why]
    listed = ", ".join(names[:-1]) + " and " + names[-1]
    within = f"{evidence.tolerance:.0e} or their error bars"
    return f"{listed[0].upper()}{listed[1:]} agree within {within}."


def words_of_disagreement(evidence: Evidence, k: int, said: dict[str, float], slope: Slope) -> str:
    """Return who stands with finite differences, who does not, and what that says."""
    if not tells(evidence, said, slope):
        listed = ", ".join(f"{name} {x:.10g}" for name, x in said.items())
        return f"the exact methods differ: {listed}."
    wrong = {n: x for n, x in said.items() if evidence.apart(x, slope.value, k, slope.error)}
    right = [name for name in said if name not in wrong]
    off = max(abs(x - slope.value) for x in wrong.values()) if wrong else 0.0
    relative = off / max(abs(slope.value), 1e-300)
    who, against = " and ".join(wrong), " and ".join(["finite difference", *right])
    verb = "differs" if len(wrong) == 1 else "differ"
    return f"{who} {verb} from {against} by {relative:.1e}. {cause(wrong)}"


def cause(wrong: dict[str, float]) -> str:
    """Return what it means that just these are wrong."""
    backward, forward = {"reverse", "recorded"} & wrong.keys(), "forward" in wrong
    if len(backward) == 2 and not forward:
        return "A VJP rule is wrong."
    if forward and not backward:
        return "A JVP rule is wrong."
    if len(backward) == 1 and not forward:
        return "Replayed steps differ from recorded ones."
    if "complex step" in wrong:
        return "The plain run at shifted hypers is another run than the one at complex ones."
    return (
        "The rules of both modes share a mistake; or a VJP that the outer cost uses is wrong, "
        "which forward mode ends with too; or a part of the run is hidden from the tape."
    )


def explained(evidence: Evidence, verdict: str) -> list[str]:
    """Return what on the tape may be the reason."""
    if verdict == "not smooth":
        return [f"Just there: {evidence.found.kinks[0]}."] if evidence.found.kinks else []
    reasons = [f"{text}." for text in evidence.found.wrong_rules(evidence.seed)[:2]]
    if evidence.found.stairs:
        reasons.append(f"{evidence.found.stairs[0]} goes up in steps, of slope 0.")
    if evidence.found.stopped:
        reasons.append(f"A derivative is stopped: {evidence.found.stopped[0]}.")
    return reasons
