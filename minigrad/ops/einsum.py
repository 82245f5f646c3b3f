"""Einstein's summation: its derivatives are Einstein summations too.

``einsum("ij,jk->ik", a, b)`` is linear in each operand, so the JVP puts the tangent in the
operand's place, and the VJP swaps operand and output::

    a_bar = einsum("ik,jk->ij", y_bar, b)

Two things can stand in the way of a swap. An index of the operand that occurs nowhere else (as
`j` in ``"ij->i"``) was summed away: a vector of ones brings it back. An index that occurs twice in
the operand (as in ``"ii->i"``) read a diagonal: an identity matrix puts the cotangent on it.

What a user writes is first brought to one form, ``"ij,jk->ik"``: explicit, without an ellipsis,
one letter for each axis. See NumPy's documentation of ``np.einsum`` for the notation.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import Any

import numpy as np

from minigrad.dispatch import implements, unrecorded
from minigrad.ops.elementwise import astype
from minigrad.primitive import Primitive, by_position, def_jvp, def_vjp
from minigrad.variable import value_of

LETTERS = ascii_uppercase + ascii_lowercase  # in the order in which implicit output is sorted

einsum = Primitive(
    lambda *operands, subscripts, optimize=False: np.einsum(
        subscripts, *operands, optimize=optimize
    ),
    "einsum",
)


@by_position
def einsum_vjp(
    position: int, y_bar: Any, y: Any, *operands: Any, subscripts: str, optimize: Any = False
) -> Any:
    """Return the cotangent of one operand: the summation with operand and output swapped."""
    inputs, output = subscripts.split("->")
    terms = inputs.split(",")
    wanted, shape = terms[position], np.shape(value_of(operands[position]))
    terms[position], factors = output, [*operands]
    factors[position] = y_bar
    sizes: dict[str, int] = {}
    for term, factor in zip(terms, factors, strict=True):
        for letter, n in zip(term, np.shape(value_of(factor)), strict=True):
            sizes[letter] = max(n, sizes.get(letter, n))
    target, unused = "", (letter for letter in LETTERS if letter not in subscripts)
    for letter, n in zip(wanted, shape, strict=True):
        if letter in target:  # a diagonal was read
            twin = next(unused)
            terms.append(letter + twin)
            factors.append(np.eye(n, dtype=np.int8))  # int8 widens no dtype
            target += twin
        else:
            target += letter
            size = sizes.get(letter)
            if size is None or size == 1 != n:  # it was summed, or the others broadcast to it
                terms.append(letter)
                factors.append(np.ones(n, np.int8))
    return einsum(*factors, subscripts=f"{','.join(terms)}->{target}", optimize=bool(optimize))


@by_position
def einsum_jvp(
    position: int, x_dot: Any, y: Any, *operands: Any, subscripts: str, optimize: Any = False
) -> Any:
    """Return the summation with the tangent in the place of the operand."""
    factors = (*operands[:position], x_dot, *operands[position + 1 :])
    return einsum(*factors, subscripts=subscripts, optimize=optimize)


def_vjp(einsum, einsum_vjp)
def_jvp(einsum, einsum_jvp)


@lru_cache(maxsize=512)
def explicit(subscripts: str, ndims: tuple[int, ...]) -> str:
    """Return subscripts with the output spelled out and letters in place of each ellipsis."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ndims):
        raise ValueError(
            f"einsum: {subscripts!r} has subscripts for {len(terms)} operands; {len(ndims)} given"
        )
    widths = []  # how many axes the ellipsis of each operand stands for
    for term, ndim in zip(terms, ndims, strict=True):
        widths.append(ndim - len(term.replace("...", "")))
        if widths[-1] < 0 or (widths[-1] > 0 and "..." not in term):
            raise ValueError(f"einsum: {term!r} in {subscripts!r} is for an operand of {ndim} axes")
    if not arrow:
        once = sorted(c for c in set(inputs) if c not in ",." and inputs.count(c) == 1)
        output = "..." + "".join(once)  # of no axes, if no operand has one
    widest = max(widths)
    if widest > 0 and "..." not in output:
        raise ValueError(f"einsum: the output in {subscripts!r} needs an ellipsis as well")
    unused = [letter for letter in LETTERS if letter not in subscripts]
    if widest > len(unused):
        raise ValueError(f"einsum: {subscripts!r} on operands of {ndims} axes needs > 52 letters")
    dots = "".join(unused[:widest])
    terms = [t.replace("...", dots[widest - w :]) for t, w in zip(terms, widths, strict=True)]
    return f"{','.join(terms)}->{output.replace('...', dots)}"


def subscripts_of(sublist: Sequence[Any]) -> str:
    """Return a list of numbers and Ellipsis, as in ``einsum(a, [0, 1], b, [1, 2])``, as letters."""
    for item in sublist:
        if item is not Ellipsis and not 0 <= item < len(LETTERS):
            raise ValueError(f"einsum: the subscript {item} is not among 0, ..., 51 and Ellipsis")
    return "".join("..." if item is Ellipsis else LETTERS[item] for item in sublist)


def without_integers(arrays: Sequence[Any]) -> list[Any]:
    """Return integers and booleans in the type of the result.

    On an optimized path two of them may meet first, and would stay in their small type; which two
    do so is another matter in the derivative.
    """
    kinds = [np.asarray(value_of(x)).dtype for x in arrays]
    whole = np.result_type(*kinds)
    return [
        astype(x, dtype=whole) if kind.kind in "biu" else x
        for x, kind in zip(arrays, kinds, strict=True)
    ]


@implements(np.einsum)
def np_einsum(*operands: Any, optimize: Any = False) -> Any:
    """Sums of products, as the subscripts say."""
    if isinstance(operands[0], str):
        subscripts, *arrays = operands
    else:
        arrays, lists = list(operands[0::2]), operands[1::2]
        output = ""
        if len(operands) % 2:  # the last list says what is the output
            output = "->" + subscripts_of(arrays.pop())
        subscripts = ",".join(map(subscripts_of, lists)) + output
    ndims = tuple(np.ndim(value_of(x)) for x in arrays)
    if optimize and len(arrays) > 2:
        arrays = without_integers(arrays)
    return einsum(*arrays, subscripts=explicit(subscripts, ndims), optimize=optimize)


unrecorded(np.einsum_path)
