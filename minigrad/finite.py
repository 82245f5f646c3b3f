"""Finding out where a NaN or an infinity first came up: ``with mg.Tape(check="finite")``.

A NaN spreads. What one sees is a cost that is NaN, or a hypergradient, thousands of instructions
behind the division by zero that began it. A tape that checks looks at each value as it is
recorded, and at each cotangent or tangent as it is passed on in a sweep, and stops at the first
that is not finite. So it also finds the places where only the derivative is infinite: ``sqrt`` at
0, ``arccos`` at 1.

Rules may compute infinities that they mask themselves; what counts is what they return.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.callers import written
from minigrad.errors import NonFiniteError
from minigrad.variable import value_of

if TYPE_CHECKING:
    from minigrad.tape import Tape

Witness = Callable[[int, int, Any], None]

__all__ = ["check_value", "is_finite", "known", "witness"]


def known(check: str | None) -> str | None:
    """Return what a tape is to check, if it is something that it can check."""
    if check not in (None, "finite"):
        raise ValueError(f"Tape: check={check!r}; expected 'finite', or None to check nothing")
    return check


def is_finite(value: Any) -> bool:
    """Whether all numbers of a value, of an array or a tuple of them, are finite."""
    if type(value) is tuple:
        return all(map(is_finite, value))
    value = np.asarray(value_of(value))
    if value.dtype.kind not in "fc":
        return True
    return bool(np.isfinite(value).all())


def check_value(tape: Tape, index: int) -> None:
    """Raise if the tape checks and what it has just recorded is not finite, but for rules."""
    _, _, operands, _, value = tape.code[index]
    if tape.check is None or tape.watch.checked is not None or is_finite(value):
        return
    was = [f"operand {k} {seen(x)}" for k, x in enumerate(operands) if not is_finite(x)]
    raise NonFiniteError(
        f"instruction {written(tape, index)} gave a value that {seen(value)}; "
        f"{shapes(operands)}{'; ' + ', '.join(was) if was else ', all finite'}. "
        f"It is the first on this tape: mend what goes into it, or keep it away with np.where on "
        f"the operand"
    )


def witness(tape: Tape, then: Witness | None = None) -> Witness | None:
    """Return the witness of a sweep that checks, if the tape does, and calls another."""
    if tape.check is None:
        return then

    def check(to: int, index: int, derivative: Any) -> None:
        if derivative is not None and not is_finite(derivative):
            what = "tangent" if to == index else f"cotangent it passes on to instruction {to}"
            raise NonFiniteError(
                f"the derivative of instruction {written(tape, index)} is not finite, though its "
                f"value is: the {what} {seen(derivative)}; {shapes(tape.code[index][2])}. Keep its "
                f"operands away from where the slope is infinite, with np.where before it or a "
                f"small number added"
            )
        if then is not None:
            then(to, index, derivative)

    return check


def seen(value: Any) -> str:
    """Say what is wrong with a value: ``is inf in 2 of 6 elements, first at (0, 1)``."""
    parts = value if type(value) is tuple else (value,)
    array = next(a for a in (np.asarray(value_of(part)) for part in parts) if not is_finite(a))
    wrong = np.argwhere(~np.isfinite(array))
    first = tuple(map(int, wrong[0]))
    if array.ndim == 0:
        return f"is {array[()]}"
    return f"is {array[first]} in {len(wrong)} of {array.size} elements, first at {list(first)}"


def shapes(operands: Any) -> str:
    """Say what shapes the operands have."""
    return f"its operands have the shapes {', '.join(str(np.shape(x)) for x in operands)}"
