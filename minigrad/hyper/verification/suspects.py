"""What stands on the tape of a run that may explain why its witnesses differ."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.hyper.run import TrainingRun
from minigrad.primitive import Primitive
from minigrad.program.step import floating
from minigrad.sweep import dependents
from minigrad.tape import Instruction, Tape
from minigrad.testing.check import check, pose

__all__ = ["Suspects", "suspects"]

#: Primitives that a complex step can't pass, or where it may take another branch.
NOT_ANALYTIC = {
    "absolute", "fabs", "maximum", "minimum", "fmax", "fmin", "max", "min", "nanmax", "nanmin",
    "sign", "copysign", "sort", "partition", "median", "nanmedian", "quantile", "percentile",
    "norm", "vector_norm", "hypot", "real", "imag", "angle", "conjugate", "arctan2", "std", "var",
    "nanstd", "nanvar", "vdot", "vecdot", "floor", "ceil", "rint", "trunc", "round", "remainder",
    "fmod", "interp", "nan_to_num", "svd", "svdvals", "eigh", "eigvalsh", "qr", "cholesky",
    "cbrt", "logaddexp", "logaddexp2", "heaviside",
}  # fmt: skip

STAIRS = {"floor", "ceil", "rint", "trunc", "fix", "round", "floor_divide"}


@dataclass(frozen=True)
class Suspects:
    """What was found on the first step and on the outer cost, in words with lines.

    Attributes
    ----------
    not_analytic : list of str
        Operations that a complex step does not pass.
    kinks : list of str
        Operations that are at a kink or a tie.
    stairs : list of str
        Operations that go up in steps, whose derivative is 0.
    stopped : list of str
        Where a derivative is stopped on purpose.
    foreign : list of Instruction
        Operations whose rules are not this package's own.
    tape_bytes : int
        What one recorded step takes.
    """

    not_analytic: list[str]
    kinks: list[str]
    stairs: list[str]
    stopped: list[str]
    foreign: list[Instruction]
    tape_bytes: int

    def wrong_rules(self, seed: int) -> list[str]:
        """Return which rules of foreign operations do not stand a check where they are used."""
        found = []
        for line in self.foreign:
            operation = partial(line.primitive, **line.params)
            try:
                problem = pose(operation, line.operands, title=line.primitive.name, seed=seed)
                check(problem, 1)
            except AssertionError as error:
                found.append(str(error))
            except TypeError:  # it has no floating operand
                continue
        return found


def suspects(run: TrainingRun, marked: Any, first: Any, last: Any) -> Suspects:
    """Record the first step and the outer cost, and look over what depends on the hypers.

    Parameters
    ----------
    run : TrainingRun
        The run.
    marked : tree
        The hypers, marked.
    first, last : tree
        Its first and its last state.
    """
    values = tree.map(lambda hyper: hyper.value, marked)
    tapes = []
    if run.steps:
        hypers = run.slicer(marked, values)(0)
        tapes.append(on_tape(lambda state, h: run.step(state, h, run.batch(0)), first, hypers))
    step_bytes = tapes[0][0].nbytes if tapes else 0
    tapes.append(on_tape(run.cost, last, values))
    not_analytic: dict[str, None] = {}  # in order, each once
    kinks: dict[str, None] = {}
    stairs: dict[str, None] = {}
    stopped: dict[str, None] = {}
    foreign: dict[Primitive, Instruction] = {}
    for tape, sources in tapes:
        active = dependents(tape, sources, len(tape) - 1)
        for index, line in enumerate(tape[:]):
            if active.isdisjoint(line.inputs):
                continue
            name = line.primitive.name
            where = f"{name} on {os.path.basename((tape.lines or {}).get(index, '?'))}"
            if name in STAIRS:
                stairs[where] = None
            if name == "stop_gradient":
                stopped[where] = None
            if name in NOT_ANALYTIC:
                not_analytic[where] = None
            if at_kink(line):
                kinks[where] = None
            if is_foreign(line):
                foreign.setdefault(line.primitive, line)
    found = [*not_analytic], [*kinks], [*stairs], [*stopped]
    return Suspects(*found, [*foreign.values()], step_bytes)


def on_tape(function: Any, state: Any, hypers: Any) -> tuple[Tape, list[int]]:
    """Record a function of a state and hypers; return the tape and where its inputs are."""
    with Tape(lines=True) as tape:
        given = tape.variable(state), tape.variable(hypers)
        function(*given)
    return tape, [x.index for part in given for x in floating(tree.leaves(part))]


def is_foreign(line: Instruction) -> bool:
    """Whether an operation comes from outside, and has a rule for all that varies in it."""
    module = getattr(line.primitive.function, "__module__", None) or ""
    ours = module.split(".")[0] in ("minigrad", "numpy") or isinstance(
        line.primitive.function, np.ufunc
    )
    rules = line.primitive.vjps or ()
    if callable(rules):  # one for all operands
        rules = [rules] * len(line.operands)
    varying = [np.asarray(x).dtype.kind == "f" for x in line.operands]
    return not ours and all(
        rule is not None or not v for rule, v in zip(rules, varying, strict=False)
    )


def at_kink(line: Instruction) -> bool:
    """Whether an operation is just where its slope jumps."""
    name, x = line.primitive.name, line.operands
    if name in ("absolute", "fabs", "relu"):
        return bool(np.any(np.asarray(x[0]) == 0))
    if name in ("maximum", "minimum", "fmax", "fmin"):
        return bool(np.any(np.equal(x[0], x[1])))
    if name in ("max", "min"):
        axis = line.params.get("axis")
        best = np.max if name == "max" else np.min
        level = best(x[0], axis=axis, keepdims=True)
        return bool(np.any(np.sum(np.equal(x[0], level), axis=axis) > 1))
    return False
