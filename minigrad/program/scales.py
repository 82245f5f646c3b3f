"""A pass for tangents: what is scaled at every end is scaled once, where it begins.

A step of descent multiplies the tangent of every gradient by the learning rate, the last thing
before it is added. All of these tangents come from few, which are multiplied by something that
does not move: that can be scaled instead, and is smaller, and one for all directions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from minigrad.ops.elementwise import add, multiply, subtract
from minigrad.ops.products import matmul, matmul_nt, matmul_tn
from minigrad.ops.reduce import sum_
from minigrad.ops.rows import sum_rows
from minigrad.program.linear import beside, dtype_of, moving_lines, shape_of
from minigrad.program.lines import Argument, Line, Program

__all__ = ["pull_scales"]

PRODUCTS = (multiply, matmul, matmul_nt, matmul_tn)  # of what moves and what does not
THROUGH = (*PRODUCTS, add, subtract, sum_rows, sum_)


def pull_scales(program: Program, dots: Iterable[int]) -> Program:
    r"""Scale the factors of tangents rather than what comes of them: ``(x a) s = x (a s)``."""
    dots = set(dots)
    moving, old = moving_lines(program, dots), program.lines
    scales = scaled_later(program, moving, dots)
    ends = {k for k in old if k not in scales and scale_by(old[k], scales) is not None}
    begins = {k for k in scales if scales.keys().isdisjoint(old[k].reads)}
    # A product of elements has the scale gathered with its other factors, which costs nothing.
    if sum(old[k].primitive is not multiply for k in begins) >= len(ends):
        return program
    lines = {k: line for k, line in old.items() if k not in moving}  # first, the scales among them
    becomes: dict[Argument, Argument] = {}
    fresh = max(old)
    for number in old:
        if number not in moving:
            continue
        line = old[number]
        line = replace(line, arguments=tuple(becomes.get(a, a) for a in line.arguments))
        if number in ends:
            becomes[number] = next(a for a in line.arguments if a in scales)
            continue
        if number in begins:
            fresh += 1
            if line.primitive is multiply:
                lines[fresh] = line
                line = replace(line, arguments=(fresh, scales[number]))
            else:
                k = 1 if line.arguments[0] in moving else 0
                factors: tuple[Argument, ...] = (line.arguments[k], scales[number])
                shape, dtype = shape_of(factors[0], old), dtype_of(factors, old)
                lines[fresh] = Line(multiply, factors, {}, shape, dtype, "", line.where)
                arguments = [fresh if j == k else a for j, a in enumerate(line.arguments)]
                line = replace(line, arguments=tuple(arguments))
        lines[number] = line
    return Program(lines, program.inputs, [becomes.get(o, o) for o in program.outputs])


def scaled_later(program: Program, moving: set[int], dots: set[int]) -> dict[int, int]:
    """Return the tangents that are scaled wherever they are read, each with the number by which."""
    lines = program.lines
    readers: dict[int, list[Line]] = {k: [] for k in lines}
    numbers: dict[int, int] = {}  # which line a Line is
    for number, line in lines.items():
        numbers[id(line)] = number
        for a in line.reads:
            readers[a].append(line)
    scales: dict[int, int] = {}

    def wanted(number: int) -> int | None:
        """Return the one number by which all readers of a tangent scale it."""
        line, found = lines[number], set[int | None]()
        if number in dots or number in program.outputs or line.primitive not in THROUGH:
            return None
        for reader in readers[number] if line.shape else ():
            factor = beside(reader, number) if reader.primitive is multiply else None
            single = isinstance(factor, int) and factor not in moving and not lines[factor].shape
            ends = single and reader.dtype == line.dtype
            found.add(
                factor if ends and isinstance(factor, int) else scales.get(numbers[id(reader)])
            )
        return found.pop() if len(found) == 1 else None

    def holds(number: int) -> bool:
        """Whether a tangent can be scaled: by way of all that moves in it, or of its factor."""
        reads = [a for a in lines[number].reads if a in moving]
        passed = [a for a in reads if scales.get(a) == scales[number]]
        factor = lines[number].primitive in PRODUCTS and len(reads) == 1 and reads[0] not in scales
        return wanted(number) == scales[number] and (passed == reads or factor)

    for number in reversed(lines):
        if number in moving and (scale := wanted(number)) is not None:
            scales[number] = scale
    while wrong := [number for number in scales if not holds(number)]:
        for number in wrong:
            del scales[number]
    return scales


def scale_by(line: Line, scales: dict[int, int]) -> int | None:
    """Return the number by which a line scales a tangent that is scaled before, if it does."""
    for a in line.reads:
        if line.primitive is multiply and a in scales and beside(line, a) == scales[a]:
            return scales[a]
    return None
