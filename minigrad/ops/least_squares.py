r"""The pseudo-inverse and least squares.

While the rank of `a` stays as it is, ``p = pinv(a)`` is smooth [1]_:

.. math:: \dot P = -P \dot A P + P P^H \dot A^H (1 - A P) + (1 - P A) \dot A^H P^H P

Where the rank changes, the pseudo-inverse jumps to infinity. The least-squares solution is ``p b``
and has its derivative from here.

.. [1] G. H. Golub and V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least
   squares problems whose variables separate", SIAM Journal on Numerical Analysis 10 (1973).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dispatch import implements
from minigrad.ops.axes import np_matrix_transpose as transposed
from minigrad.ops.decompositions import from_triangle, svdvals_jvp, svdvals_vjp, unused
from minigrad.ops.einsum import np_einsum
from minigrad.ops.linalg import column, conj_transposed, row
from minigrad.ops.products import conj, matmul, matmul_nt, matmul_tn
from minigrad.ops.rules import ndim_of, shape_of
from minigrad.ops.shape import reshape
from minigrad.primitive import Primitive, def_jvp, def_vjp
from minigrad.variable import value_of


def check_rank(p: Any, a: Any) -> None:
    """Raise if singular values that are not zero were left out: `p` is then not smooth in `a`.

    The trace of ``p a`` is the rank that was kept.
    """
    p, a = value_of(p), value_of(a)
    s = np.linalg.svd(a, compute_uv=False)
    kept = np.rint(np.real(np.einsum("...ij,...ji->...", p, a)))[..., np.newaxis]
    left_out = np.where(np.arange(s.shape[-1]) < kept, 0.0, s)
    if np.any(left_out > np.sqrt(np.finfo(s.dtype).eps) * s[..., :1]):
        raise np.linalg.LinAlgError(
            f"the pseudo-inverse leaves out singular values up to {left_out.max():.3g} of at most "
            f"{s.max():.3g}, which are not zero, and its derivative is known where none is: give "
            f"a smaller rtol (rcond), or write it with np.linalg.svd"
        )


def pinv_vjp(p_bar: Any, p: Any, a: Any, **cutoff: Any) -> Any:
    """Return the transpose of :func:`pinv_jvp`."""
    check_rank(p, a)
    g = transposed(p_bar)
    inside = matmul_nt(matmul_tn(p, p_bar), p)
    rows = matmul(g - matmul(a, matmul(p, g)), matmul_nt(p, conj(p)))
    columns = matmul(matmul_tn(conj(p), p), g - matmul(matmul(g, p), a))
    return conj(rows + columns) - inside


def pinv_jvp(a_dot: Any, p: Any, a: Any, **cutoff: Any) -> Any:
    """Differentiate at constant rank."""
    check_rank(p, a)
    h = conj_transposed(a_dot)
    inside = matmul(matmul(p, a_dot), p)
    rows = matmul(matmul_nt(p, conj(p)), h - matmul(matmul(h, a), p))
    columns = matmul(h - matmul(p, matmul(a, h)), matmul_tn(conj(p), p))
    return rows + columns - inside


pinv = Primitive(lambda a, **cutoff: np.linalg.pinv(a, **cutoff), "pinv")
def_vjp(pinv, pinv_vjp)
def_jvp(pinv, pinv_jvp)

NOT_GIVEN = object()


@implements(np.linalg.pinv)
def np_pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = NOT_GIVEN) -> Any:
    """The pseudo-inverse; singular values below a fraction of the largest count as zero."""
    if hermitian:
        a = from_triangle("pinv", a)
    cutoff = {"rcond": value_of(rcond), "hermitian": hermitian}
    if rtol is not NOT_GIVEN:
        cutoff["rtol"] = value_of(rtol)
    return pinv(a, **cutoff)


# Least squares: the solution y = p b, the sums of the squared residuals b - a y (if there are any),
# the rank, the singular values of a. The primitive has one operand, a and b side by side.


def _lstsq(ab: Any, n: int, rcond: Any) -> tuple[Any, ...]:
    return tuple(np.linalg.lstsq(ab[:, :n], ab[:, n:], rcond))


def cutoff_of(a: Any, rcond: Any) -> float:
    """Return the fraction below which `lstsq` takes a singular value for zero."""
    eps = np.finfo(np.result_type(value_of(a), np.float32)).eps
    if rcond is None:
        return float(eps * max(shape_of(a)))
    return float(rcond if 0 < rcond < 1 else eps / 2)  # as LAPACK reads it


def lstsq_vjp(y_bar: Any, y: Any, ab: Any, n: int, rcond: Any) -> Any:
    """Return what reaches a and b through the solution, the residuals, the singular values."""
    (y_bar, squares_bar, _, s_bar), (y, squares, _, s) = y_bar, y
    a, b = ab[:, :n], ab[:, n:]
    p = pinv(a, rcond=cutoff_of(a, rcond))
    b_bar = matmul_tn(p, y_bar)
    a_bar = pinv_vjp(matmul_nt(y_bar, b), p, a)
    if not unused(s_bar):
        a_bar = a_bar + svdvals_vjp(s_bar, s, a, hermitian=False)
    if shape_of(squares) != (0,):
        residual_bar = conj(b - matmul(a, y)) * (2 * row(squares_bar))
        a_bar, b_bar = a_bar - matmul_nt(residual_bar, y), b_bar + residual_bar
    return np.concatenate([a_bar, b_bar], axis=1)


def lstsq_jvp(ab_dot: Any, y: Any, ab: Any, n: int, rcond: Any) -> tuple[Any, ...]:
    """Return the tangents; residuals are at right angles to a, so that y_dot changes none."""
    y, squares, _, s = y
    a, b, a_dot, b_dot = ab[:, :n], ab[:, n:], ab_dot[:, :n], ab_dot[:, n:]
    p = pinv(a, rcond=cutoff_of(a, rcond))
    y_dot = matmul(pinv_jvp(a_dot, p, a), b) + matmul(p, b_dot)
    squares_dot = None
    if shape_of(squares) != (0,):
        change = b_dot - matmul(a_dot, y)
        squares_dot = 2 * np_einsum("ij,ij->j", conj(b - matmul(a, y)), change)
    return y_dot, squares_dot, None, svdvals_jvp(a_dot, s, a, hermitian=False)


lstsq = Primitive(_lstsq, "lstsq")
def_vjp(lstsq, lstsq_vjp)
def_jvp(lstsq, lstsq_jvp)


@implements(np.linalg.lstsq)
def np_lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, int, Any]:
    """The solution of least squares, the squared residuals, the rank and the singular values."""
    if ndim_of(a) != 2 or ndim_of(b) not in (1, 2):
        raise np.linalg.LinAlgError(
            f"lstsq: expected a matrix a and a vector or matrix b, got shapes {shape_of(a)} and "
            f"{shape_of(b)}"
        )
    columns = column(b) if ndim_of(b) == 1 else b
    if shape_of(a)[0] != shape_of(b)[0]:
        raise np.linalg.LinAlgError(
            f"lstsq: a of shape {shape_of(a)} and b of shape {shape_of(b)} differ in rows"
        )
    ab = np.concatenate([a, columns], axis=1)
    y, squares, rank, s = lstsq(ab, n=shape_of(a)[1], rcond=value_of(rcond))
    if ndim_of(b) == 1:
        y = reshape(y, shape=shape_of(y)[:-1])
    return y, squares, value_of(rank), s
