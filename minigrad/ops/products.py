"""Products of matrices, vectors and tensors.

Every product is linear in each operand, so its JVP is the product with the tangent in the
operand's place, and its VJP is another product. The three matrix products are each other's VJPs:

============  ================  ================
y             a_bar             b_bar
============  ================  ================
``a @ b``     ``y_bar @ b.mT``  ``a.mT @ y_bar``
``a @ b.mT``  ``y_bar @ b``     ``y_bar.mT @ a``
``a.mT @ b``  ``b @ y_bar.mT``  ``a @ y_bar``
============  ================  ================

As primitives they make one instruction for each product in every sweep over a sweep: no transpose
is recorded, and NumPy hands the transposed view to BLAS as it is. [1]_

Of the other products a row says which summation it is in Einstein's notation. The subscripts of
an operand and of the output, swapped, are the VJP.

.. [1] M. B. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
   differentiation", 2008, section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from operator import index
from string import ascii_lowercase, ascii_uppercase
from typing import Any

import numpy as np

from minigrad.dispatch import UFUNCS, implements
from minigrad.ops.axes import np_matrix_transpose
from minigrad.ops.einsum import einsum
from minigrad.ops.elementwise import conjugate
from minigrad.ops.rules import axes_of, axis_of, ndim_of, shape_of
from minigrad.ops.shape import reshape
from minigrad.primitive import Primitive, by_position, def_jvp, def_vjp
from minigrad.variable import OPERATORS, value_of

__all__ = ["conj", "matmul", "matmul_nt", "matmul_tn", "outer"]

Rule = Callable[..., Any]
Letters = tuple[str, str, str]  # the subscripts of a, of b and of the product


def product(function: Callable[..., Any], name: str, a_bar: Rule, b_bar: Rule) -> Primitive:
    """Make a product a primitive, with these VJP rules; it is linear in each operand."""
    prim = Primitive(function, name)
    def_vjp(prim, a_bar, b_bar)
    def_jvp(
        prim,
        lambda a_dot, y, a, b, **params: prim(a_dot, b, **params),
        lambda b_dot, y, a, b, **params: prim(a, b_dot, **params),
    )
    return prim


def swapped(letters: Callable[..., Letters]) -> tuple[Rule, Rule]:
    """Return the VJP rules of a product whose subscripts `letters` tells."""

    def a_bar(y_bar: Any, y: Any, a: Any, b: Any, **params: Any) -> Any:
        of_a, of_b, of_y = letters(ndim_of(a), ndim_of(b), **params)
        return contract(y_bar, b, f"{of_y},{of_b}->{of_a}")

    def b_bar(y_bar: Any, y: Any, a: Any, b: Any, **params: Any) -> Any:
        of_a, of_b, of_y = letters(ndim_of(a), ndim_of(b), **params)
        return contract(a, y_bar, f"{of_a},{of_y}->{of_b}")

    return a_bar, b_bar


def contract(a: Any, b: Any, subscripts: str) -> Any:
    """Return a summation over two operands, by BLAS where it is a product of matrices."""
    return einsum(a, b, subscripts=subscripts, optimize=has_matrices(subscripts))


@lru_cache(maxsize=512)
def has_matrices(subscripts: str) -> bool:
    """Whether both operands have two axes or more, and something is summed over."""
    inputs, output = subscripts.split("->")
    of_a, of_b = inputs.split(",")
    return len(of_a) > 1 and len(of_b) > 1 and not set(of_a + of_b) <= set(output)


def conj(x: Any) -> Any:
    """Return the complex conjugate; a real array as it is."""
    return conjugate(x) if np.iscomplexobj(value_of(x)) else x


# Which summation each product is.


def stacked(ndim: int, core: str) -> str:
    """Return subscripts for `ndim` axes of which the last are `core`, such as "YZij"."""
    return ascii_uppercase[26 - ndim + len(core) :] + core


def broadcast(a_ndim: int, b_ndim: int, of_a: str, of_b: str, of_y: str) -> Letters:
    """Return the subscripts of a product of stacks, given those of its core."""
    depth = max(a_ndim - len(of_a), b_ndim - len(of_b))
    return stacked(a_ndim, of_a), stacked(b_ndim, of_b), stacked(depth + len(of_y), of_y)


def of_matmul(a_ndim: int, b_ndim: int) -> Letters:
    """Return the subscripts of ``a @ b``: as for `of_dot`, but stacks are broadcast."""
    of_a, of_b = ("j" if a_ndim == 1 else "ij"), ("j" if b_ndim == 1 else "jk")
    return broadcast(a_ndim, b_ndim, of_a, of_b, (of_a + of_b).replace("j", ""))


def of_tensordot(a_ndim: int, b_ndim: int, axes: tuple[Any, Any]) -> Letters:
    """Return the subscripts of ``np.tensordot`` over a pair of tuples of axes."""
    of_a, of_b = ascii_uppercase[:a_ndim], list(ascii_lowercase[:b_ndim])
    for i, j in zip(*axes, strict=True):
        of_b[j] = of_a[i]
    return of_a, "".join(of_b), "".join(c for c in [*of_a, *of_b] if (c in of_a) != (c in of_b))


def of_dot(a_ndim: int, b_ndim: int) -> Letters:
    """Return the subscripts of ``np.dot``: the last axis of `a`, the last but one of `b`."""
    axes = ((-1,), (max(b_ndim - 2, 0),)) if a_ndim and b_ndim else ((), ())
    return of_tensordot(a_ndim, b_ndim, axes)


def of_inner(a_ndim: int, b_ndim: int) -> Letters:
    """Return the subscripts of ``np.inner``: the last axes."""
    return of_tensordot(a_ndim, b_ndim, ((-1,), (-1,)) if a_ndim and b_ndim else ((), ()))


def of_vecdot(a_ndim: int, b_ndim: int, axis: int) -> Letters:
    """Return the subscripts of ``np.vecdot``: one axis of each, stacks broadcast."""
    of_a, of_b, of_y = broadcast(a_ndim, b_ndim, "i", "i", "")
    return with_axis(of_a[:-1], "i", axis), with_axis(of_b[:-1], "i", axis), of_y


def with_axis(letters: str, letter: str, axis: int) -> str:
    """Return `letters` with one more, whose place is `axis`."""
    place = axis_of(axis, len(letters) + 1)
    return letters[:place] + letter + letters[place:]


# The matrix products. They take stacks of matrices; `matmul` takes vectors as well. Of two matrices
# the product is the method `dot`, which starts sooner than the ufunc.


def matmul_a_bar(y_bar: Any, y: Any, a: Any, b: Any) -> Any:
    """Return the cotangent of the first factor of ``a @ b``."""
    if a.ndim == 2 and b.ndim == 2:  # first, since it is what training loops are made of
        return matmul_nt(y_bar, b)
    match a.ndim, b.ndim:
        case 2, 1:
            return outer(y_bar, b)
        case 1, 2:
            return matmul(b, y_bar)
        case 1, 1:
            return y_bar * b
        case (1, _) | (_, 1):
            return swapped(of_matmul)[0](y_bar, y, a, b)
    return over_stack(matmul_nt, "ik jk ij", y_bar, b, a)


def matmul_b_bar(y_bar: Any, y: Any, a: Any, b: Any) -> Any:
    """Return the cotangent of the second factor of ``a @ b``."""
    if a.ndim == 2 and b.ndim == 2:
        return matmul_tn(a, y_bar)
    match a.ndim, b.ndim:
        case 2, 1:
            return matmul(y_bar, a)
        case 1, 2:
            return outer(a, y_bar)
        case 1, 1:
            return a * y_bar
        case (1, _) | (_, 1):
            return swapped(of_matmul)[1](y_bar, y, a, b)
    return over_stack(matmul_tn, "ij ik jk", a, y_bar, b)


def over_stack(prim: Primitive, cores: str, a: Any, b: Any, operand: Any) -> Any:
    """Return a matrix product as the cotangent of `operand`.

    A single matrix that met a stack was used once for each: its cotangent is a sum over the
    stack, which is one large product rather than many small ones and a sum.
    """
    if operand.ndim == 2 and a.ndim > 2:
        of_a, of_b, of_operand = cores.split()
        return contract(a, b, f"{stacked(a.ndim, of_a)},{stacked(b.ndim, of_b)}->{of_operand}")
    return prim(a, b)


# fmt: off
matmul: Primitive = product(np.matmul, "matmul", matmul_a_bar, matmul_b_bar)
matmul_nt: Primitive = product(
    lambda a, b: a.dot(b.T) if a.ndim == b.ndim == 2 else a @ b.mT, "matmul_nt",
    lambda y_bar, y, a, b: over_stack(matmul,    "ij jk ik", y_bar, b, a),
    lambda y_bar, y, a, b: over_stack(matmul_tn, "ij ik jk", y_bar, a, b))
matmul_tn: Primitive = product(
    lambda a, b: a.T.dot(b) if a.ndim == b.ndim == 2 else a.mT @ b, "matmul_tn",
    lambda y_bar, y, a, b: over_stack(matmul_nt, "ij kj ik", b, y_bar, a),
    lambda y_bar, y, a, b: over_stack(matmul,    "ij jk ik", a, y_bar, b))
outer: Primitive = product(  # of vectors
    lambda a, b: np.multiply(a[:, None], b), "outer",
    lambda y_bar, y, a, b: matmul(y_bar, b),
    lambda y_bar, y, a, b: matmul(a, y_bar))
# fmt: on


# The other products of two operands.


def small_or(matrices: Rule, general: Rule) -> Rule:
    """Return a rule that is the one of `matmul` for vectors and matrices, where they agree."""

    def bar(y_bar: Any, y: Any, a: Any, b: Any) -> Any:
        small = 0 < ndim_of(a) < 3 and 0 < ndim_of(b) < 3
        return (matrices if small else general)(y_bar, y, a, b)

    return bar


def conjugated(a_bar: Rule, b_bar: Rule) -> tuple[Rule, Rule]:
    """Return the rules for the product of ``conj(a)`` and `b`, given those for `a` and `b`."""
    return (
        lambda y_bar, y, a, b, **params: conj(a_bar(y_bar, y, a, b, **params)),
        lambda y_bar, y, a, b, **params: b_bar(y_bar, y, conj(a), b, **params),
    )


def shaped_like(x: Any, operand: Any) -> Any:
    """Return `x` in the shape of an operand that has as many elements."""
    shape = shape_of(operand)
    return x if shape_of(x) == shape else reshape(x, shape=shape)


MATMUL_BARS = matmul_a_bar, matmul_b_bar

# fmt: off
dot       = product(np.dot,            "dot",       *map(small_or, MATMUL_BARS, swapped(of_dot)))
inner     = product(np.inner,          "inner",     *swapped(of_inner))
tensordot = product(np.tensordot,      "tensordot", *swapped(of_tensordot))
vecdot    = product(np.linalg.vecdot, "vecdot",    *conjugated(*swapped(of_vecdot)))
vdot      = product(np.vdot,           "vdot",
                    lambda y_bar, y, a, b: shaped_like(conj(y_bar * b), a),
                    lambda y_bar, y, a, b: shaped_like(y_bar * conj(a), b))
# fmt: on

UFUNCS[np.matmul] = matmul
UFUNCS[np.vecdot] = lambda a, b: vecdot(a, b, axis=-1)
OPERATORS["matmul"] = matmul.__call__

if hasattr(np, "matvec"):  # NumPy 2.2
    UFUNCS[np.matvec] = product(
        np.matvec, "matvec", *swapped(lambda m, v: broadcast(m, v, "ij", "j", "i"))
    )
    UFUNCS[np.vecmat] = product(
        np.vecmat, "vecmat", *conjugated(*swapped(lambda v, m: broadcast(v, m, "i", "ij", "j")))
    )


@implements(np.dot, method=True)
def np_dot(a: Any, b: Any) -> Any:
    """The last axis of `a` with the last but one of `b`."""
    return dot(a, b)


@implements(np.inner)
def np_inner(a: Any, b: Any, /) -> Any:
    """The last axis of `a` with the last of `b`."""
    return inner(a, b)


@implements(np.vdot)
def np_vdot(a: Any, b: Any, /) -> Any:
    """All elements of `a`, conjugated, with all of `b`."""
    return vdot(a, b)


@implements(np.linalg.matmul)
def np_linalg_matmul(x1: Any, x2: Any, /) -> Any:
    """The operator ``@`` as a function."""
    return matmul(x1, x2)


@implements(np.linalg.vecdot)
def np_vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """One axis of `x1`, conjugated, with one of `x2`; the others are broadcast."""
    return vecdot(x1, x2, axis=index(axis))


@implements(np.tensordot)
def np_tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Some axes of `a` with as many of `b`: the last n with the first n, or as listed."""
    if np.iterable(axes):
        of_a, of_b = axes
    else:
        of_a, of_b = tuple(range(-axes, 0)), tuple(range(axes))
    pair = axes_of(of_a, ndim_of(a)), axes_of(of_b, ndim_of(b))
    return tensordot(a, b, axes=pair)


@implements(np.linalg.tensordot)
def np_linalg_tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    """``np.tensordot`` under its other name."""
    return np_tensordot(x1, x2, axes)


@implements(np.outer)
def np_outer(a: Any, b: Any) -> Any:
    """Each element of `a` times each of `b`."""
    return outer(*(x if ndim_of(x) == 1 else reshape(x, shape=(-1,)) for x in (a, b)))


@implements(np.linalg.outer)
def np_linalg_outer(x1: Any, x2: Any, /) -> Any:
    """Each element of a vector times each of another."""
    if ndim_of(x1) != 1 or ndim_of(x2) != 1:
        raise ValueError(
            f"np.linalg.outer: expected two vectors, got shapes {shape_of(x1)} and "
            f"{shape_of(x2)}; np.outer flattens its arguments"
        )
    return outer(x1, x2)


@implements(np.kron)
def np_kron(a: Any, b: Any) -> Any:
    """Blocks of `b`, each weighted with an element of `a`."""
    ndim = max(ndim_of(a), ndim_of(b))
    of_a, of_b = ((1,) * (ndim - ndim_of(x)) + shape_of(x) for x in (a, b))
    blocks = reshape(a, shape=interleaved(of_a, (1,) * ndim)) * reshape(
        b, shape=interleaved((1,) * ndim, of_b)
    )
    return reshape(blocks, shape=tuple(m * n for m, n in zip(of_a, of_b, strict=True)))


def interleaved(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Return ``(a[0], b[0], a[1], b[1], ...)``."""
    return tuple(n for pair in zip(a, b, strict=True) for n in pair)


# The cross product: y_k is the sum of e_ijk a_i b_j. A 2-vector lies in the plane of the first two
# axes, and of two such vectors only y_2 is left.

LEVI_CIVITA = np.zeros((3, 3, 3), np.int8)  # int8 widens no dtype
LEVI_CIVITA[[0, 1, 2], [1, 2, 0], [2, 0, 1]] = 1
LEVI_CIVITA[[1, 2, 0], [0, 1, 2], [2, 0, 1]] = -1


def cross_terms(a: Any, b: Any, axisa: int, axisb: int, axisc: int) -> tuple[Any, ...]:
    """Return the subscripts of a, b, e and y, and the part of e that is used."""
    a_shape, b_shape = shape_of(a), shape_of(b)
    e = LEVI_CIVITA[: a_shape[axisa], : b_shape[axisb]]
    of_a, of_b, stack = broadcast(len(a_shape), len(b_shape), "i", "j", "")
    of_a, of_b = with_axis(of_a[:-1], "i", axisa), with_axis(of_b[:-1], "j", axisb)
    if e.shape[:2] == (2, 2):
        return of_a, of_b, "ij", stack, e[..., 2]
    return of_a, of_b, "ijk", with_axis(stack, "k", axisc), e


def cross_as_einsum(a: Any, b: Any, **axes: int) -> Any:
    """Return the cross product by its definition."""
    of_a, of_b, of_e, of_y, e = cross_terms(a, b, **axes)
    return einsum(a, b, e, subscripts=f"{of_a},{of_b},{of_e}->{of_y}")


def cross_a_bar(y_bar: Any, y: Any, a: Any, b: Any, **axes: int) -> Any:
    """Return the cotangent of the first factor."""
    of_a, of_b, of_e, of_y, e = cross_terms(a, b, **axes)
    return einsum(y_bar, b, e, subscripts=f"{of_y},{of_b},{of_e}->{of_a}")


def cross_b_bar(y_bar: Any, y: Any, a: Any, b: Any, **axes: int) -> Any:
    """Return the cotangent of the second factor."""
    of_a, of_b, of_e, of_y, e = cross_terms(a, b, **axes)
    return einsum(a, y_bar, e, subscripts=f"{of_a},{of_y},{of_e}->{of_b}")


cross = Primitive(np.cross, "cross")
def_vjp(cross, cross_a_bar, cross_b_bar)
def_jvp(
    cross,
    lambda a_dot, y, a, b, **axes: cross_as_einsum(a_dot, b, **axes),
    lambda b_dot, y, a, b, **axes: cross_as_einsum(a, b_dot, **axes),
)


@implements(np.cross)
def np_cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """The vector at right angles to two vectors; of 2-vectors NumPy warns."""
    if axis is not None:
        axisa = axisb = axisc = axis
    return cross(a, b, axisa=axisa, axisb=axisb, axisc=axisc)


@implements(np.linalg.cross)
def np_linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    """The vector at right angles to two 3-vectors."""
    if any(shape_of(x)[axis_of(axis, ndim_of(x))] != 3 for x in (x1, x2)):
        raise ValueError(
            f"np.linalg.cross: expected 3-vectors along axis {axis}, got shapes "
            f"{shape_of(x1)} and {shape_of(x2)}"
        )
    return cross(x1, x2, axisa=axis, axisb=axis, axisc=axis)


# The product of many matrices, in the order that takes the fewest multiplications.

multi_dot = Primitive(lambda *arrays: np.linalg.multi_dot(arrays), "multi_dot")


@by_position
def multi_dot_vjp(position: int, y_bar: Any, y: Any, *arrays: Any) -> Any:
    """Return ``before.mT @ y_bar @ after.mT``, a product of as many matrices."""
    before, after = arrays[:position], arrays[position + 1 :]
    return multi_dot(
        *map(np_matrix_transpose, before[::-1]), y_bar, *map(np_matrix_transpose, after[::-1])
    )


@by_position
def multi_dot_jvp(position: int, x_dot: Any, y: Any, *arrays: Any) -> Any:
    """Return the product with the tangent in the place of the operand."""
    return multi_dot(*arrays[:position], x_dot, *arrays[position + 1 :])


def_vjp(multi_dot, multi_dot_vjp)
def_jvp(multi_dot, multi_dot_jvp)


@implements(np.linalg.multi_dot)
def np_multi_dot(arrays: Any) -> Any:
    """The product of two or more matrices; the first may be a row, the last a column."""
    arrays = list(arrays)
    if len(arrays) < 2:
        raise ValueError(f"multi_dot: expected at least two arrays, got {len(arrays)}")
    if len(arrays) == 2:
        return dot(*arrays)
    is_row, is_column = ndim_of(arrays[0]) == 1, ndim_of(arrays[-1]) == 1
    if is_row:
        arrays[0] = reshape(arrays[0], shape=(1, -1))
    if is_column:
        arrays[-1] = reshape(arrays[-1], shape=(-1, 1))
    y = multi_dot(*arrays)
    return reshape(y, shape=shape_of(y)[is_row : 2 - is_column]) if is_row or is_column else y
