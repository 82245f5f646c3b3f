"""A sweep carries derivatives along a tape: cotangents backward, tangents forward.

The tape is in the order of execution, so every instruction comes after those it reads. Going
backward over the list, all uses of a value have been met before the value itself: its cotangent
is complete by then. Nothing has to be sorted and nothing recurses.

**What a sweep visits.** Only the instructions between the oldest source and the target that
depend on a source. So the backward pass of training step 100, whose source is the weights of
step 100, costs what that of step 1 did, though both are on one tape; and the tape of T steps
grows linearly with T.

If the tape is open, the rules receive Variables, and whatever they compute is recorded further
along on the same tape. If it is closed, they receive plain arrays. The code is the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any

from minigrad.primitive import broadcast_to, filled_like, fit, select, unbroadcast, variable
from minigrad.variable import at

if TYPE_CHECKING:
    from minigrad.tape import Tape

__all__ = ["backward", "dependents", "forward"]

Witness = Callable[[int, int, Any], None]


def dependents(tape: Tape, sources: Iterable[int], last: int) -> set[int]:
    """Return the sources and all instructions up to `last` that depend on one of them."""
    active = set(sources)
    start = min(active, default=last) + 1
    for index, (prim, inputs, _, _, _) in enumerate(tape.code[start : last + 1], start):
        if prim.steps:  # some operands matter to the value, but not to any derivative
            inputs = [j for j, rule in zip(inputs, prim.vjps, strict=True) if rule is not None]
        if not active.isdisjoint(inputs):
            active.add(index)
    return active


def as_variables(tape: Tape, index: int) -> tuple[Any, Sequence[Any]]:
    """Return output and operands of an instruction as Variables, for rules to be recorded."""
    _, inputs, operands, _, value = tape.code[index]
    args = [*map(at, repeat(tape), inputs, operands)]
    if type(value) is tuple:  # its parts were selected by the instructions that follow it
        return tuple(at(tape, index + 1 + k, part) for k, part in enumerate(value)), args
    return at(tape, index, value), args


def backward(
    tape: Tape, targets: dict[int, Any], sources: Sequence[int], witness: Witness | None = None
) -> list[Any]:
    """Sweep from the cotangents of the targets back to the sources.

    Parameters
    ----------
    tape : Tape
        The tape to sweep.
    targets : dict
        ``{index: y_bar}``.
    sources : sequence of int
        The instructions whose cotangents are wanted.
    witness : callable, optional
        Called as ``witness(operand, index, x_bar)`` with what the instruction `index` contributes
        to the cotangent of an operand, the instruction `operand`.

    Returns
    -------
    list
        The cotangent of each source; None where no target depends on it.
    """
    code, recorded = tape.code, tape.is_open
    first, last = min(sources, default=0), max(targets, default=-1)
    active, wanted = dependents(tape, sources, last), set(sources)
    found: dict[int, Any] = {}
    cotangents = {index: y_bar for index, y_bar in targets.items() if index in active}
    for index in range(last, first - 1, -1):
        y_bar = cotangents.pop(index, None)  # complete now, and freed once it is passed on
        if y_bar is None:
            continue
        prim, inputs, operands, params, value = code[index]
        if index in wanted:
            found[index] = y_bar
            if active.isdisjoint(inputs):
                continue
        if prim is select:
            cotangents.setdefault(inputs[0], {})[params["position"]] = y_bar
            continue
        if type(value) is tuple:
            y_bar = tuple(y_bar.get(k, filled_like(part, 0)) for k, part in enumerate(value))
        if prim is variable:  # another name for its operand
            x_bars = rules = (y_bar,)
        else:
            y, args = as_variables(tape, index) if recorded else (value, operands)
            if (rules := prim.vjps) is None:
                raise prim.missing("VJP")
            # One rule for all operands gives the cotangents, or functions that compute them.
            x_bars = rules(y_bar, y, *args, **params) if callable(rules) else rules
        for position, source in enumerate(inputs):
            x_bar = x_bars[position] if source in active else None
            if callable(x_bar):
                x_bar = x_bar(y_bar, y, *args, **params) if x_bars is rules else x_bar()
            if x_bar is None:
                continue
            x_bar = y_bar if prim is variable else fit(x_bar, operands[position], unbroadcast)
            if witness is not None:
                witness(source, index, x_bar)
            held = cotangents.get(source)
            cotangents[source] = x_bar if held is None else held + x_bar
    return [found.get(source) for source in sources]


def forward(
    tape: Tape, sources: dict[int, Any], targets: Sequence[int], witness: Witness | None = None
) -> list[Any]:
    """Sweep from the tangents of the sources forward to the targets.

    Parameters
    ----------
    tape : Tape
        The tape to sweep.
    sources : dict
        ``{index: x_dot}``.
    targets : sequence of int
        The instructions whose tangents are wanted.
    witness : callable, optional
        Called as ``witness(index, index, y_dot)`` with the tangent of each instruction.

    Returns
    -------
    list
        The tangent of each target; None where it depends on no source.
    """
    code, recorded = tape.code, tape.is_open
    tangents: dict[int, Any] = {}
    for index in sorted(dependents(tape, sources, max(targets, default=-1))):
        prim, inputs, operands, params, value = code[index]
        y_dot = sources.get(index)
        if prim is select:
            part = tangents.get(inputs[0], {params["position"]: None})[params["position"]]
            y_dot = part if y_dot is None else y_dot if part is None else y_dot + part
        elif not tangents.keys().isdisjoint(inputs):
            y, args = as_variables(tape, index) if recorded else (value, operands)
            if prim.jvps is None:
                raise prim.missing("JVP")
            for position, source in enumerate(inputs):
                rule = prim.jvps[position] if source in tangents else None
                part = rule and rule(tangents[source], y, *args, **params)
                if part is not None:
                    part = fit_each(part, value)
                    y_dot = part if y_dot is None else plus(y_dot, part)
        if witness is not None:
            witness(index, index, y_dot)
        if y_dot is not None:
            tangents[index] = y_dot
    return [tangents.get(target) for target in targets]


def fit_each(y_dot: Any, value: Any) -> Any:
    """Fit the tangent of an output, or of each of several outputs, to its value."""
    if type(value) is not tuple:
        return fit(y_dot, value, broadcast_to)
    return tuple(d if d is None else fit_each(d, v) for d, v in zip(y_dot, value, strict=True))


def plus(a: Any, b: Any) -> Any:
    """Add two tangents; of several outputs, part by part, where None counts as zero."""
    if type(a) is not tuple:
        return a + b
    return tuple(y if x is None else x if y is None else x + y for x, y in zip(a, b, strict=True))
