r"""Square matrices: linear equations, inverses, determinants, powers; parts of matrices.

All of them take stacks of matrices. With :math:`C = A^{-1} B`, the rules rest on two facts [1]_:

.. math:: \dot C = A^{-1} (\dot B - \dot A C), \qquad
          \frac{d}{dt} \det A = \sum_{ij} \operatorname{cof}(A)_{ij} \, \dot A_{ij}

A singular matrix has no inverse, and NumPy's LinAlgError says so; the determinant has a gradient
all the same, since cofactors are polynomials. They are computed from singular values, without an
inverse. Their own derivative needs it: second order of `det` at a singular matrix is an error.

In the rules ``aᵀ`` is not conjugated, whether or not `a` is complex: functions that are analytic
have the same rules for both.

.. [1] M. B. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
   differentiation", 2008, section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import prod
from operator import index
from typing import Any

import numpy as np

from minigrad.dispatch import implements, unrecorded
from minigrad.ops.axes import np_matrix_transpose as transposed
from minigrad.ops.axes import np_transpose
from minigrad.ops.einsum import np_einsum
from minigrad.ops.elementwise import imag
from minigrad.ops.products import conj, matmul, matmul_nt, matmul_tn, over_stack
from minigrad.ops.rules import axis_of, ndim_of, shape_of
from minigrad.ops.shape import reshape
from minigrad.primitive import Primitive, def_jvp, def_vjp
from minigrad.variable import value_of

__all__ = ["check_square", "column", "conj_transposed", "inv", "named", "row", "solve", "solve_tn"]


def row(v: Any) -> Any:
    """Return a vector as a row: what belongs to the columns of a matrix."""
    shape = shape_of(v)
    return reshape(v, shape=(*shape[:-1], 1, shape[-1]))


def column(v: Any) -> Any:
    """Return a vector as a column: what belongs to the rows of a matrix."""
    return reshape(v, shape=(*shape_of(v), 1))


def conj_transposed(x: Any) -> Any:
    """Return the conjugate transpose."""
    return conj(transposed(x))


def paired(a: Any, b: Any) -> Any:
    """Return the sum of the products of the elements of two matrices."""
    return np_einsum("...ij,...ij->...", a, b)


def scaled(number: Any, a: Any) -> Any:
    """Return a matrix times a number, or each of a stack times one of as many numbers."""
    return np_einsum("...,...ij->...ij", number, a)


def check_square(name: str, a: Any) -> None:
    """Raise NumPy's error for a matrix that is not square."""
    shape = shape_of(a)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise np.linalg.LinAlgError(
            f"{name}: expected a square matrix or a stack of them, got shape {shape}"
        )


@cache
def type_of_result(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the namedtuple that a function of ``np.linalg`` returns."""
    return type(function(np.eye(1)))


def named(function: Callable[..., Any], parts: tuple[Any, ...]) -> Any:
    """Return the parts of a result as the namedtuple that NumPy's function returns."""
    return type_of_result(function)(*parts)


# Linear equations

solve = Primitive(np.linalg.solve, "solve")  # of a matrix on the right, or a stack
solve_tn = Primitive(lambda a, b: np.linalg.solve(a.mT, b), "solve_tn")  # aᵀ y = b


inv = Primitive(np.linalg.inv, "inv")


def through(x: Any, y: Any, a: Any) -> Any:
    """Return ``-x yᵀ``, the cotangent of the matrix of an equation."""
    return -over_stack(matmul_nt, "ij kj ik", x, y, a)


# fmt: off
def_vjp(solve,    lambda y_bar, y, a, b: through(solve_tn(a, y_bar), y, a),
                  lambda y_bar, y, a, b: solve_tn(a, y_bar))
def_vjp(solve_tn, lambda y_bar, y, a, b: through(y, solve(a, y_bar), a),
                  lambda y_bar, y, a, b: solve(a, y_bar))
def_jvp(solve,    lambda a_dot, y, a, b: -solve(a, matmul(a_dot, y)),
                  lambda b_dot, y, a, b: solve(a, b_dot))
def_jvp(solve_tn, lambda a_dot, y, a, b: -solve_tn(a, matmul_tn(a_dot, y)),
                  lambda b_dot, y, a, b: solve_tn(a, b_dot))
def_vjp(inv,      lambda y_bar, y, a: -matmul_nt(matmul_tn(y, y_bar), y))
def_jvp(inv,      lambda a_dot, y, a: -matmul(matmul(y, a_dot), y))
# fmt: on


@implements(np.linalg.solve)
def np_solve(a: Any, b: Any) -> Any:
    """The solution of ``a y = b``, for a vector (one axis) or a matrix `b`."""
    if ndim_of(b) != 1:
        return solve(a, b)
    y = solve(a, column(b))
    return reshape(y, shape=shape_of(y)[:-1])


@implements(np.linalg.inv)
def np_inv(a: Any) -> Any:
    """The inverse matrix."""
    return inv(a)


@implements(np.linalg.tensorsolve)
def np_tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """The solution of ``tensordot(a, y) = b``: `solve` with several axes taken as one."""
    ndim = ndim_of(a)
    if axes is not None:
        moved = [axis_of(k, ndim) for k in axes]
        a = np_transpose(a, [k for k in range(ndim) if k not in moved] + moved)
    shape = shape_of(a)[ndim_of(b) - ndim :]
    n = prod(shape)
    if prod(shape_of(a)) != n * n:
        raise np.linalg.LinAlgError(
            f"tensorsolve: a of shape {shape_of(a)} with b of shape {shape_of(b)} is not square: "
            f"expected prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim])"
        )
    return reshape(np_solve(reshape(a, shape=(n, n)), reshape(b, shape=(-1,))), shape=shape)


@implements(np.linalg.tensorinv)
def np_tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse for `tensordot` over `ind` axes: `inv` with several axes taken as one."""
    if ind <= 0:
        raise ValueError(f"tensorinv: ind={ind}; expected a positive number of axes")
    shape = shape_of(a)
    y = inv(reshape(a, shape=(prod(shape[ind:]), -1)))
    return reshape(y, shape=shape[ind:] + shape[:ind])


@implements(np.linalg.matrix_power)
def np_matrix_power(a: Any, n: int) -> Any:
    """The product of n equal matrices; of the inverse, if n is negative."""
    check_square("matrix_power", a)
    n = index(n)
    if n == 0:
        return np.linalg.matrix_power(value_of(a), 0)
    square = base = inv(a) if n < 0 else a
    if abs(n) == 3:
        return matmul(matmul(base, base), base)  # the order in which NumPy multiplies
    y = None
    for k, digit in enumerate(reversed(f"{abs(n):b}")):
        square = matmul(square, square) if k else base
        if digit == "1":
            y = square if y is None else matmul(y, square)
    return y


# Determinants


def _cofactors(a: Any) -> Any:
    u, s, vh = np.linalg.svd(a)
    n = s.shape[-1]
    others = np.repeat(s[..., None, :], n, axis=-2)
    others[..., range(n), range(n)] = 1.0
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return sign[..., None, None] * ((u * np.prod(others, axis=-1)[..., None, :]) @ vh).conj()


det = Primitive(np.linalg.det, "det")
cofactors = Primitive(_cofactors, "cofactors")
slogdet = Primitive(lambda a: tuple(np.linalg.slogdet(a)), "slogdet")


def cofactors_vjp(y_bar: Any, y: Any, a: Any) -> Any:
    """Return the transpose of :func:`cofactors_jvp`."""
    b = inv(a)
    return scaled(paired(y_bar, y), transposed(b)) - matmul_tn(matmul(y_bar, b), y)


def cofactors_jvp(a_dot: Any, y: Any, a: Any) -> Any:
    """Differentiate ``cof(a) = det(a) a⁻ᵀ``."""
    growth = matmul(inv(a), a_dot)
    return scaled(np_einsum("...ii->...", growth), y) - matmul_nt(y, growth)


def slogdet_vjp(y_bar: Any, y: Any, a: Any) -> Any:
    """Return ``log_bar a⁻ᵀ``; the sign of a complex determinant varies, too."""
    (sign_bar, log_bar), (sign, _) = y_bar, y
    if np.iscomplexobj(value_of(sign)):
        log_bar = log_bar + 1j * imag(sign_bar * sign)
    return np_einsum("...,...ji->...ij", log_bar, inv(a))


def slogdet_jvp(a_dot: Any, y: Any, a: Any) -> Any:
    """Differentiate the logarithm: its real part is the size, its imaginary part the phase."""
    sign, growth = y[0], np_einsum("...ji,...ij->...", inv(a), a_dot)
    if np.iscomplexobj(value_of(sign)):
        return 1j * imag(growth) * sign, growth  # fitted to the logarithm, which is real
    return None, growth


# fmt: off
def_vjp(det,       lambda y_bar, y, a: scaled(y_bar, cofactors(a)))
def_jvp(det,       lambda a_dot, y, a: paired(cofactors(a), a_dot))
def_vjp(cofactors, cofactors_vjp)
def_jvp(cofactors, cofactors_jvp)
def_vjp(slogdet,   slogdet_vjp)
def_jvp(slogdet,   slogdet_jvp)
# fmt: on


@implements(np.linalg.det)
def np_det(a: Any) -> Any:
    """The determinant; differentiable where it is zero."""
    return det(a)


@implements(np.linalg.slogdet)
def np_slogdet(a: Any) -> Any:
    """The sign and the logarithm of the size of the determinant."""
    return named(np.linalg.slogdet, slogdet(a))


# Parts of matrices, under the names of the array standard


@implements(np.linalg.matrix_transpose)
def np_linalg_matrix_transpose(x: Any, /) -> Any:
    """The last two axes exchanged."""
    return transposed(x)


@implements(np.linalg.diagonal)
def np_linalg_diagonal(x: Any, /, *, offset: int = 0) -> Any:
    """A diagonal of each matrix."""
    return np.diagonal(x, offset, -2, -1)


@implements(np.linalg.trace)
def np_linalg_trace(x: Any, /, *, offset: int = 0) -> Any:
    """The sum of a diagonal of each matrix."""
    return np.trace(x, offset, -2, -1)


unrecorded(np.linalg.matrix_rank)
