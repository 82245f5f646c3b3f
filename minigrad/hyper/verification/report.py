"""The report of :func:`minigrad.verify`: who said what, how far they agree, what to think of it."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.plain import plain, preformatted
from minigrad.hyper.verification.witnesses import Answer

__all__ = ["VERDICTS", "Verification", "agreeing_digits"]

#: What a verdict can be, and whether the derivative may be relied on; None where nobody can say.
VERDICTS: dict[str, bool | None] = {
    "agree": True,
    "noise": None,
    "disagree": False,
    "not smooth": False,
    "chaos": False,
    "not a function": False,
}
WIDTH = 60
ALL_DIGITS = 16.0
SHORT = {"recorded": "recd", "forward": "forw", "complex step": "cplx"}


@dataclass(frozen=True)
class Verification:
    r"""What independent witnesses say of a hypergradient.

    Attributes
    ----------
    verdict : str
        ``"agree"``; ``"disagree"``: a rule is wrong, or a part of the run is hidden from the tape;
        ``"not smooth"``: at a kink or a jump there is no derivative; ``"chaos"``: rounding errors
        grow until no digit of the cost is left; ``"not a function"``: the run gives something else
        when it is asked again; ``"noise"``: the derivative is below what rounding lets anybody see,
        so it is neither confirmed nor refuted.
    words : str
        The verdict in plain words.
    ok : bool or None
        True for ``"agree"``, None for ``"noise"``, False for the others.
    warnings : list of str
        What does not change the verdict but is worth knowing.
    cost : float
        The outer cost.
    hypers : tree
        The marked hyperparameters.
    directions : list of str
        What moves in each direction: a single number, or many at random.
    answers : dict of str to Answer
        By witness: ``"reverse"``, ``"recorded"``, ``"forward"``, ``"complex step"``,
        ``"finite difference"``. Empty if the run is no function.
    agreement : dict of str to numpy.ndarray
        The digits that each of the others has in common with ``"reverse"``, by direction.
    dot_product : tuple of float
        :math:`\langle u, J v \rangle` by forward mode and :math:`\langle J^\top u, v \rangle` by
        reverse mode, for the Jacobian of the last state and random `u` and `v`.
    floor : numpy.ndarray
        For each direction, about what rounding makes of a derivative that is zero.
    growth : float
        By which factor a rounding error grows at each step, until it is part of the cost.
    amplification : float
        By which factor the rounding errors of the run are larger in the cost than those of its
        last step.
    """

    verdict: str
    words: str
    cost: float
    hypers: Any
    warnings: list[str] = field(default_factory=list)
    directions: list[str] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    dot_product: tuple[float, float] = (math.nan, math.nan)
    floor: Any = field(default_factory=lambda: np.zeros(0))
    growth: float = math.nan
    amplification: float = math.nan

    @property
    def ok(self) -> bool | None:
        """Whether the hypergradient may be relied on; None if nobody can say."""
        return VERDICTS[self.verdict]

    @property
    def agreement(self) -> dict[str, Any]:
        """The digits that each witness has in common with ``"reverse"``, by direction."""
        if not self.answers:
            return {}
        known = self.answers["reverse"].values
        others = {name: answer for name, answer in self.answers.items() if name != "reverse"}
        return {name: agreeing_digits(known, answer.values) for name, answer in others.items()}

    def __str__(self) -> str:
        lines = [f"verify: {self.verdict}", *textwrap.wrap(self.words, WIDTH)]
        if self.answers:
            lines += ["", *self.rows(), ""]
            pushed, pulled = self.dot_product
            if np.isfinite([pushed, pulled]).all():
                digits = agreeing_digits(pushed, pulled)
                lines.append(f"<u, J v> = {pushed:.10g}, <J'u, v>: {digits:.1f} digits")
            for name, answer in self.answers.items():
                said = f"{name}: {answer.why or f'{answer.seconds:.2g} s'}"
                lines += textwrap.wrap(said, WIDTH, subsequent_indent="  ")
        for warning in self.warnings:
            lines += textwrap.wrap(f"warning: {warning}", WIDTH, subsequent_indent="  ")
        return "\n".join(lines)

    def rows(self) -> list[str]:
        """Return the table: a line for each direction, with the digits that agree with reverse."""
        agreement = self.agreement
        names = [name for name in SHORT if name in agreement]
        heads = "".join(f"{SHORT[name]:>6}" for name in names)
        lines = [f"{'digits in common':16}{'reverse':>13}{heads}{'diff':>5} (± bar)"]
        slopes = self.answers["finite difference"]
        for k, direction in enumerate(self.directions):
            digits = "".join(f"{shown(agreement[name][k]):>6}" for name in names)
            bar = f"({slopes.errors[k]:.0e})"
            differ = shown(agreement["finite difference"][k])
            value = f"{self.answers['reverse'].values[k]:.6g}"
            lines.append(f"{direction[-16:]:16}{value:>13}{digits}{differ:>5} {bar}")
        return lines

    def _repr_html_(self) -> str:
        return preformatted(self)

    def to_json(self) -> dict[str, Any]:
        """Return the report as a dict that strict JSON can hold; what is not finite is None.

        Examples
        --------
        >>> import json
        >>> import minigrad as mg
        >>> run = mg.TrainingRun(
        ...     init=lambda h: 1.0,
        ...     step=lambda w, h, batch: w - h["eta"] * (w - 2.0),
        ...     cost=lambda w, h: 0.5 * (w - 2.0) ** 2,
        ...     steps=5,
        ... )
        >>> report = mg.verify(run, {"eta": 0.3}).to_json()
        >>> json.loads(json.dumps(report, allow_nan=False))["verdict"]
        'agree'
        """
        report = {
            "verdict": self.verdict,
            "words": self.words,
            "ok": self.ok,
            "warnings": self.warnings,
            "cost": self.cost,
            "hypers": {
                path or "hyper": np.asarray(hyper.value).tolist()
                for path, hyper in tree.paths(self.hypers).items()
            },
            "directions": self.directions,
            "answers": {
                name: {
                    "values": answer.values.tolist(),
                    "errors": answer.errors.tolist(),
                    "seconds": answer.seconds,
                    "why": answer.why,
                }
                for name, answer in self.answers.items()
            },
            "agreement": {name: digits.tolist() for name, digits in self.agreement.items()},
            "dot_product": list(self.dot_product),
            "floor": np.asarray(self.floor).tolist(),
            "growth": self.growth,
            "amplification": self.amplification,
        }
        found: dict[str, Any] = plain(report)
        return found


def agreeing_digits(one: Any, other: Any) -> Any:
    """Return how many decimal digits two numbers have in common: 16 if they are equal.

    Examples
    --------
    >>> from minigrad.hyper.verification.report import agreeing_digits
    >>> float(agreeing_digits(1.0, 1.001).round(3))
    3.0
    """
    one, other = np.asarray(one, float), np.asarray(other, float)
    with np.errstate(all="ignore"):  # NaN stays NaN; infinities have nothing in common
        off = np.abs(one - other) / np.maximum(np.abs(one), np.abs(other))
        return np.where(one == other, ALL_DIGITS, np.clip(-np.log10(off), 0.0, ALL_DIGITS) + 0.0)


def shown(digits: float) -> str:
    """Return a number of digits as text; a dash for a witness that said nothing."""
    return "-" if math.isnan(digits) else f"{digits:.1f}"
