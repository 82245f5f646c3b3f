r"""Passes for the adjoint of a step: the same derivatives with less kept, up to rounding.

They reorder sums and products, as somebody would who derives an adjoint by hand, and so may change
the last bits. The step itself is left alone, to the bit: a pass is told which lines are `ahead`,
that is, computed by the step anyway, and rewrites only those behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.ops.elementwise import add, multiply
from minigrad.ops.products import matmul, matmul_tn
from minigrad.ops.reduce import sum_
from minigrad.ops.rows import inner, sum_rows
from minigrad.primitive import unbroadcast
from minigrad.program.lines import Argument, Constant, Line, Program, shape_of
from minigrad.program.passes import drop_dead, merge_equal
from minigrad.program.rewriting import Rewriting
from minigrad.program.store import PRICE, nbytes

__all__ = [
    "ADJOINT_PASSES",
    "inner_by_factors",
    "optimise_adjoint",
    "reuse_products",
    "scale_after_sums",
    "sum_by_products",
]


def reuse_products(program: Program, ahead: set[int]) -> Program:
    """Multiply out where a product is there already: ``(x + c e) s`` is ``x s + c d``, d = e s.

    Of `e` and `d` then only `d` is kept. So it is behind a tanh, whose slope s the step multiplies
    the cotangent e with, and whose second derivative multiplies both again.
    """
    new = Rewriting(program, ahead)
    products = {
        (frozenset(line.arguments), line.shape): number
        for number, line in program.lines.items()
        if number in ahead and line.primitive is multiply
    }
    for number in program.lines:
        line = new.behind(number, multiply)
        for total, s in (line.arguments, line.arguments[::-1]) if line else ():
            if multiply_out(new, products, number, total, s):
                break
    return new.result()


def multiply_out(
    new: Rewriting, products: dict[Any, int], number: int, total: Argument, s: Argument
) -> bool:
    """Rewrite line `number`, the product of a sum and `s`, if a term of the sum allows it."""
    line = new.lines[number]
    for node, term in terms(new, total, kind(line)):
        for place, e in factors(new, term, kind(line)):
            d = products.get((frozenset((e, s)), line.shape))
            if d is None or any(r != place and r not in new.ahead for r in new.readers[e]):
                continue  # there is no such product, or e is kept for somebody else
            left, right = new.lines[node].arguments
            rest = right if left == term else left
            whole = [isinstance(a, int) and kind(new.lines[a]) == kind(line) for a in (rest, d)]
            if not all(whole) or new.place[d] > new.place[place]:
                continue
            new.exchange(new.readers[node][0], node, rest)
            new.exchange(place, e, d)
            product = new.put_before(number, new.lines[number])
            new.lines[number] = replace(line, primitive=add, arguments=(product, term))
            return True
    return False


def terms(new: Rewriting, total: Argument, of_kind: Any) -> Iterator[tuple[int, Argument]]:
    """Yield the products that are terms of a sum, each with the line that adds it."""
    waiting = [total]
    while waiting:
        node = waiting.pop()
        line = new.own(node, add)
        if isinstance(node, int) and line is not None and kind(line) == of_kind:
            for term in line.arguments:
                if new.own(term, multiply) is not None:
                    yield node, term
            waiting.extend(line.arguments)


def factors(new: Rewriting, term: Argument, of_kind: Any) -> Iterator[tuple[int, int]]:
    """Yield the factors of a product of several, each with the line that multiplies by it."""
    waiting = [term]
    while waiting:
        node = waiting.pop()
        line = new.own(node, multiply)
        if isinstance(node, int) and line is not None and kind(line) == of_kind:
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
                    first = min(number, k, key=new.place.__getitem__)
                    plain = new.put_before(first, replace(image, arguments=(x, w_bar)))
                    new.lines[k] = replace(image, primitive=multiply, arguments=(plain, scale))
                    new.lines[number] = replace(line, arguments=(plain, d))
                    break
    return new.result()


def images(
    new: Rewriting, x: Argument, w: Argument, *, costly: bool
) -> Iterator[tuple[int, Argument]]:
    """Yield the lines that compute ``x @ (s w)`` behind the step, each with its number s.

    One whose ``s w`` is read elsewhere too takes a product more and is yielded only if `costly`.
    """
    for k in new.readers.get(x, ()) if isinstance(x, int) else ():
        image = new.behind(k, matmul)
        if k is not None and image is not None and image.arguments[0] == x:
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
            alike = kind(other) == kind(product) and product.dtype == line.dtype
            if shape_of(s, new.lines) == () and alike:
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
