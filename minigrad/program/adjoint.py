r"""Passes for the adjoint of a step: the same derivatives with less kept, up to rounding.

They reorder sums and products, as somebody would who derives an adjoint by hand, and so may change
the last bits. The step itself is left alone, to the bit: a pass is told which lines are `ahead`,
that is, computed by the step anyway, and rewrites only those behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.nn.hypers import inner
from minigrad.ops.elementwise import add, multiply
from minigrad.ops.products import matmul, matmul_tn
from minigrad.ops.reduce import sum_
from minigrad.ops.special import sum_rows
from minigrad.primitive import Primitive, unbroadcast
from minigrad.program.lines import Argument, Constant, Line, Program, shape_of
from minigrad.program.passes import drop_dead, merge_equal
from minigrad.program.store import PRICE, nbytes

__all__ = [
    "ADJOINT_PASSES",
    "inner_by_factors",
    "optimise_adjoint",
    "reuse_products",
    "scale_after_sums",
    "sum_by_products",
]


class Rewriting:
    """A program under change, with who reads what.

    Lines are replaced where they stand, or put before another.
    """

    def __init__(self, program: Program, ahead: Iterable[int]) -> None:
        self.program, self.lines, self.ahead = program, dict(program.lines), set(ahead)
        self.readers = program.readers()
        self.before: dict[int, list[int]] = {}
        self.fresh = max(program.lines, default=0)

    def put_before(self, number: int, line: Line) -> int:
        """Add a line before line `number`, and return its own number."""
        self.fresh += 1
        self.lines[self.fresh] = line
        self.before.setdefault(number, []).append(self.fresh)
        return self.fresh

    def exchange(self, number: int | None, old: int, other: Argument) -> None:
        """Let a line read another argument instead of an old one."""
        assert number is not None
        line = self.lines[number]
        arguments = tuple(other if a == old else a for a in line.arguments)
        self.lines[number] = replace(line, arguments=arguments)

    def result(self) -> Program:
        """Return the changed program."""
        order = [k for number in self.program.lines for k in (*self.before.get(number, ()), number)]
        lines = {k: self.lines[k] for k in order}
        return Program(lines, self.program.inputs, self.program.outputs)

    def behind(self, argument: Argument, *prims: Primitive) -> Line | None:
        """Return the line of an argument, if it is one of these and not the step's."""
        line = self.lines[argument] if isinstance(argument, int) else None
        found = line is not None and argument not in self.ahead and line.primitive in prims
        return line if found else None

    def own(self, argument: Argument, *prims: Primitive) -> Line | None:
        """Return the same, if besides only one line reads it."""
        line = self.behind(argument, *prims)
        return line if line and len(self.readers[argument]) == 1 else None  # type: ignore[index]


def reuse_products(program: Program, ahead: set[int]) -> Program:
    """Multiply out where a product is there already: ``(x + c e) s`` is ``x s + c d``, d = e s.

    Of `e` and `d` then only `d` is kept. So it is behind a tanh, whose slope s the step multiplies
    the cotangent e with, and whose second derivative multiplies both again.
    """
    for number in program.lines:
        new = Rewriting(program, ahead)
        if (line := new.behind(number, multiply)) is not None:
            for total, s in (line.arguments, line.arguments[::-1]):
                if multiply_out(new, number, total, s):
                    program = new.result()
                    break
    return program


def multiply_out(new: Rewriting, number: int, total: Argument, s: Argument) -> bool:
    """Rewrite line `number`, the product of a sum and `s`, if a term of the sum allows it."""
    line = new.lines[number]
    shape = line.shape
    products = {
        frozenset(other.arguments): k
        for k, other in new.lines.items()
        if k in new.ahead and other.primitive is multiply and other.shape == shape
    }
    for node, term in terms(new, total, shape):
        for place, e in factors(new, term, shape):
            d = products.get(frozenset((e, s)))
            if d is None or any(r != place and r not in new.ahead for r in new.readers[e]):
                continue  # there is no such product, or e is kept for somebody else
            left, right = new.lines[node].arguments
            new.exchange(new.readers[node][0], node, right if left == term else left)
            new.exchange(place, e, d)
            product = new.put_before(number, new.lines[number])
            new.lines[number] = replace(line, primitive=add, arguments=(product, term))
            return True
    return False


def terms(
    new: Rewriting, total: Argument, shape: tuple[int, ...]
) -> Iterator[tuple[int, Argument]]:
    """Yield the products that are terms of a sum, each with the line that adds it."""
    waiting = [total]
    while waiting:
        node = waiting.pop()
        line = new.own(node, add)
        if isinstance(node, int) and line is not None and line.shape == shape:
            for term in line.arguments:
                if new.own(term, multiply) is not None:
                    yield node, term
            waiting.extend(line.arguments)


def factors(new: Rewriting, term: Argument, shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Yield the factors of a product of several, each with the line that multiplies by it."""
    waiting = [term]
    while waiting:
        node = waiting.pop()
        line = new.own(node, multiply)
        if isinstance(node, int) and line is not None and line.shape == shape:
            yield from ((node, factor) for factor in line.reads)
            waiting.extend(line.arguments)


def inner_by_factors(program: Program, ahead: set[int]) -> Program:
    r"""Take an inner product with a gradient from the gradient's factors.

    :math:`\langle \bar w, x^T d \rangle = \langle x \bar w, d \rangle`, and the adjoint computes
    :math:`x \bar w`, or :math:`x (s \bar w)` with a number s, anyway. Then the gradient
    :math:`x^T d` need not be kept.
    """
    new = Rewriting(program, ahead)
    for number in program.lines:
        line = new.behind(number, inner)
        for w_bar, g in (line.arguments, line.arguments[::-1]) if line is not None else ():
            if line is None or not isinstance(g, int) or g not in new.ahead:
                continue
            gradient = new.lines[g]
            if gradient.primitive is not matmul_tn or len(gradient.shape) != 2:
                continue
            if any(r != number and r not in new.ahead for r in new.readers[g]):
                continue  # it is kept for somebody else
            x, d = gradient.arguments
            for k, scale in images(new, x, w_bar, costly=nbytes(gradient) > PRICE):
                image = new.lines[k]
                if image.dtype == gradient.dtype == line.dtype:
                    plain = new.put_before(number, replace(image, arguments=(x, w_bar)))
                    new.lines[k] = replace(image, primitive=multiply, arguments=(plain, scale))
                    new.lines[number] = replace(line, arguments=(plain, d))
                    return inner_by_factors(new.result(), ahead)
    return program


def images(
    new: Rewriting, x: Argument, w: Argument, *, costly: bool
) -> Iterator[tuple[int, Argument]]:
    """Yield the lines that compute ``x @ (s w)`` behind the step, each with its number s.

    One whose ``s w`` is read elsewhere too takes a product more and is yielded only if `costly`.
    """
    for k in new.program.lines:
        image = new.behind(k, matmul)
        if image is not None and image.arguments[0] == x:
            scaled = new.behind(image.arguments[1], multiply)
            if scaled is None or not (costly or new.own(image.arguments[1], multiply)):
                continue
            for a, s in (scaled.arguments, scaled.arguments[::-1]):
                if a == w and shape_of(s, new.lines) == ():
                    yield k, s


def scale_after_sums(program: Program, ahead: set[int]) -> Program:
    """Sum first and scale the sum, which has fewer elements: ``sum(x s)`` is ``sum(x) s``."""
    new = Rewriting(program, ahead)
    for number in program.lines:
        line = new.behind(number, sum_rows, unbroadcast, sum_)
        product = new.own(line.arguments[0], multiply) if line else None
        if line is None or product is None or "initial" in line.params:
            continue
        for x, s in (product.arguments, product.arguments[::-1]):
            other = new.lines[x] if isinstance(x, int) else product
            if shape_of(s, new.lines) == () and kind(other) == kind(product):
                total = new.put_before(number, replace(line, arguments=(x,)))
                scaled = replace(line, primitive=multiply, arguments=(total, s), params={})
                new.lines[number] = scaled
                break
    return new.result()


def sum_by_products(program: Program, ahead: set[int]) -> Program:
    """Add up the rows or the columns of a matrix by a product with ones: BLAS is quicker at it."""
    new = Rewriting(program, ahead)
    ones: dict[Any, Constant] = {}
    for number in program.lines:
        line = new.behind(number, unbroadcast, sum_)
        axis = summed_axis(line, shape_of(line.arguments[0], new.lines)) if line else None
        if line is None or axis is None or line.dtype not in (np.float32, np.float64):
            continue
        x = line.arguments[0]
        rows, columns = shape_of(x, new.lines)
        shape = (rows,) if axis == 0 else (columns, 1)
        one = ones.setdefault((shape, line.dtype), Constant(np.ones(shape, line.dtype)))
        arguments = (one, x) if axis == 0 else (x, one)
        new.lines[number] = replace(line, primitive=matmul, arguments=arguments, params={})
    return new.result()


def summed_axis(line: Line, shape: tuple[int, ...]) -> int | None:
    """Return 0 for a sum of the rows of a matrix, 1 for one of its columns as a column; or None."""
    if len(shape) != 2 or "initial" in line.params:
        return None
    if line.primitive is sum_:
        way = line.params.get("axis"), line.params.get("keepdims", False)
        return 0 if way == ((0,), False) else 1 if way == ((1,), True) else None
    if line.shape == shape[1:]:
        return 0
    return 1 if line.shape == (shape[0], 1) else None


def kind(line: Line) -> Any:
    """Return the shape and the dtype of a result."""
    return line.shape, line.dtype


ADJOINT_PASSES = (reuse_products, inner_by_factors, scale_after_sums, sum_by_products)


def optimise_adjoint(program: Program, ahead: set[int]) -> Program:
    """Apply all of these passes; what they leave without a reader is dropped."""
    for one in ADJOINT_PASSES:
        program = merge_equal(one(program, ahead))
        program = drop_dead(program)
    return program
