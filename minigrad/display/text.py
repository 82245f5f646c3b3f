"""A tape as an aligned table of text.

``str(tape)`` shows the first and the last instructions of a long tape; `table` shows any range::

    %3         multiply  %0 %1             (64, 32)

reads: instruction 3 is the product of the results of instructions 0 and 1.
"""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from minigrad.tape import Tape
from minigrad.variable import OPERATORS, Variable

__all__ = ["rows", "table"]

HALF = 30  # a longer tape is shown by its first and last HALF instructions


def rows(tape: Tape, start: int = 0, stop: int | None = None) -> list[tuple[str, ...]]:
    """Return instructions as rows of text: index, name, primitive, operands, shape, line."""
    found: list[tuple[str, ...]] = []
    for index in range(*slice(start, stop).indices(len(tape))):
        prim, inputs, operands, params, value = tape[index]
        read = [f"%{j}" if j >= 0 else brief(x) for j, x in zip(inputs, operands, strict=True)]
        read += [f"{key}={brief(item)}" for key, item in params.items()]
        parts = value if type(value) is tuple else (value,)
        shape = " ".join(str(np.shape(part)) for part in parts)
        name, line = tape.names.get(index, ""), (tape.lines or {}).get(index, "")
        found.append((f"%{index}", name, prim.name, " ".join(read), shape, line))
    return found


def brief(value: Any) -> str:
    """Return a constant as text: a number as it is, an array by its shape."""
    if isinstance(value, np.ndarray):
        return f"array{value.shape}"
    return f"{value.item() if isinstance(value, np.generic) else value!r:.24}"


def table(tape: Tape, start: int | None = None, stop: int | None = None) -> str:
    """Return a tape, or a range of it, as an aligned table.

    Examples
    --------
    >>> import minigrad as mg
    >>> with mg.Tape() as tape:
    ...     x = tape.variable(3.0, name="x")
    ...     y = x * x + 1.0
    >>> print(tape)
    Tape of 3 instructions, 0 bytes of arrays
    %0  x  variable  3.0     ()
    %1     multiply  %0 %0   ()
    %2     add       %1 1.0  ()
    """
    n = len(tape)
    folded = start is None and stop is None and n > 2 * HALF
    shown = (
        [*rows(tape, 0, HALF), *rows(tape, n - HALF)] if folded else rows(tape, start or 0, stop)
    )
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in shown]
    if folded:
        lines.insert(
            HALF, f"... {n - 2 * HALF} more: minigrad.display.table(tape, start, stop) ..."
        )
    return "\n".join([f"Tape of {n} instructions, {tape.nbytes:,} bytes of arrays", *lines])


def html_table(tape: Tape) -> str:
    """Return the table as HTML, for notebooks."""
    return preformatted(table(tape))


def html_variable(x: Variable) -> str:
    """Return a Variable as HTML, for notebooks: what it is called, where it is, what it holds."""
    instruction = x.tape[x.index]
    facts = f"instruction {x.index}, {instruction.primitive.name}; shape {x.shape}, {x.dtype}"
    value = np.array2string(np.asarray(x.value), precision=6, threshold=60, edgeitems=3)
    return preformatted(f"{x.name or 'Variable'}: {facts}\n{value}")


def preformatted(text: str) -> str:
    """Return text as HTML, every sign as it is."""
    return f"<pre>{escape(text)}</pre>"


OPERATORS.update({"table": table, "html table": html_table})
OPERATORS["._repr_html_"] = lambda x: lambda: html_variable(x)
