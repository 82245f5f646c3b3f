r"""Cholesky, eigenvalues, singular values, QR: rules for stacks of real or complex matrices.

Each JVP differentiates the equation that defines the factors, and each VJP is its transpose under
the pairing :math:`\operatorname{Re} \sum \bar y \, \dot y` of this package. In a rule, ``aᵀ`` is
never conjugated and ``aᴴ`` is.

What is not determined by the matrix has no derivative, and asking for it is an error:

- Of equal eigenvalues (to rounding) the eigenvectors are any basis of a space. Use `eigvalsh`,
  `eigvals` or `svdvals` for functions of the values alone; those that treat all alike, such as a
  sum, are differentiable at equal values, too.
- The same holds of equal singular values, and of one that is zero, where its sign would change.
- The columns that complete a basis (``full_matrices=True``, ``mode="complete"``) of a matrix that
  is not square.

Vectors whose phase LAPACK leaves open are differentiated at a fixed phase, :math:`v^H \dot v = 0`:
what does not depend on their phase or sign comes out right. Those of `eig` have the phase that
LAPACK gives them, a real largest component; only their sign may jump. NumPy reads one triangle of
a matrix that is meant to be Hermitian, so only that triangle has a gradient.

A rule costs some matrix products; those of values alone compute the vectors as well.

.. [1] I. Murray, "Differentiation of the Cholesky decomposition",
   2016.
.. [2] M. B. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic
   differentiation", 2008, section 3 (eigenvalues, singular values).
.. [3] J. Townsend, "Differentiating the singular value decomposition",
   2016.
.. [4] S. F. Walter and L. Lehmann, "Algorithmic differentiation of linear algebra functions with
   application in optimum experimental design", 2012; for wide matrices D. Roberts and
   L. Roberts, "QR and LQ decomposition matrix backpropagation algorithms", 2020.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dispatch import implements
from minigrad.ops.axes import np_matrix_transpose as transposed
from minigrad.ops.einsum import np_einsum
from minigrad.ops.elementwise import imag, real, where
from minigrad.ops.linalg import check_square, column, conj_transposed, named, row, solve, solve_tn
from minigrad.ops.products import conj, matmul, matmul_nt, matmul_tn
from minigrad.ops.rules import linear, shape_of, unvarying
from minigrad.primitive import Primitive, def_jvp, def_vjp
from minigrad.variable import Variable, value_of

__all__ = ["eigh", "from_triangle", "svd", "svdvals"]


def diagonal(x: Any) -> Any:
    """Return the diagonal of a square matrix."""
    return np_einsum("...ii->...i", x)


def _lower(x: Any) -> Any:
    y = np.tril(x)
    k = range(y.shape[-1])
    y[..., k, k] *= 0.5
    return y


lower: Primitive = linear(_lower, lambda y_bar, x: lower(y_bar), "lower")
lower.__doc__ = "Return the lower triangle of a square matrix, with half of the diagonal."


def from_triangle(name: str, a: Any, upper: bool = False) -> Any:
    """Return the Hermitian matrix of which `a` has one triangle; the other is not read."""
    check_square(name, a)
    half = lower(conj_transposed(a) if upper else a)
    return half + conj_transposed(half)


def unused(x_bar: Any) -> bool:
    """Whether the cotangent of an output is plain zeros, as when nothing was made of it."""
    return type(x_bar) is not Variable and not np.any(x_bar)


def is_complex(x: Any) -> bool:
    """Whether the elements are complex numbers."""
    return np.iscomplexobj(value_of(x))


# Cholesky: a = l lᴴ. [1]


def cholesky_vjp(y_bar: Any, y: Any, a: Any, upper: bool) -> Any:
    """Return ``l⁻ᵀ lower(lᵀ l_bar) conj(l)⁻¹``."""
    root, root_bar = (conj_transposed(y), conj_transposed(y_bar)) if upper else (y, y_bar)
    left = solve_tn(root, lower(matmul_tn(root, root_bar)))
    return transposed(solve_tn(conj(root), transposed(left)))


def cholesky_jvp(a_dot: Any, y: Any, a: Any, upper: bool) -> Any:
    """Return ``l lower(l⁻¹ a_dot l⁻ᴴ)``."""
    root = conj_transposed(y) if upper else y
    root_dot = matmul(root, lower(solve(root, conj_transposed(solve(root, a_dot)))))
    return conj_transposed(root_dot) if upper else root_dot


cholesky = Primitive(lambda a, upper: np.linalg.cholesky(a, upper=upper), "cholesky")
def_vjp(cholesky, cholesky_vjp)
def_jvp(cholesky, cholesky_jvp)


@implements(np.linalg.cholesky)
def np_cholesky(a: Any, /, *, upper: bool = False) -> Any:
    """The triangular root of a positive definite matrix."""
    return cholesky(from_triangle("cholesky", a, upper), upper=upper)


# Values must differ for their vectors to have derivatives. The check is part of two primitives, so
# that it is made again whenever a tape is replayed.


def check_apart(w: Any, gaps: Any, what: str) -> None:
    """Raise an error if one of the gaps, from the values `w` to others, is zero to rounding."""
    largest = np.max(np.abs(w), axis=-1, initial=0.0)
    rounding = w.shape[-1] * np.finfo(w.dtype).eps * largest
    if np.any(np.abs(gaps) <= rounding.reshape(largest.shape + (1,) * (gaps.ndim - largest.ndim))):
        raise np.linalg.LinAlgError(
            f"some of these values are {what}: {w}. Their vectors have no derivative. Use "
            f"eigvalsh, eigvals or svdvals if only values are needed."
        )


def _inverse_gaps(w: Any) -> Any:
    gaps = w[..., None, :] - w[..., :, None]
    k = range(w.shape[-1])
    gaps[..., k, k] = np.inf
    check_apart(w, gaps, "equal to rounding")
    return 1 / gaps


def _apart_from_zero(s: Any) -> Any:
    check_apart(s, s, "zero to rounding")
    return s


def inverse_gaps_vjp(y_bar: Any, y: Any, w: Any) -> Any:
    """Return column sums less row sums of what reaches the gaps."""
    gaps_bar = -(y * y) * y_bar
    return np_einsum("...ij->...j", gaps_bar) - np_einsum("...ij->...i", gaps_bar)


inverse_gaps = Primitive(_inverse_gaps, "inverse_gaps")  # 1 / (w_j - w_i), and 0 for i = j
def_vjp(inverse_gaps, inverse_gaps_vjp)
def_jvp(inverse_gaps, lambda w_dot, y, w: -(y * y) * (row(w_dot) - column(w_dot)))
# The identity, but not `linear`: it is the values that must not be zero, their tangents may be.
apart_from_zero = Primitive(_apart_from_zero, "apart_from_zero")
def_vjp(apart_from_zero, lambda y_bar, y, s: y_bar)
def_jvp(apart_from_zero, lambda s_dot, y, s: s_dot)


# Eigenvalues of Hermitian matrices: a v = v diag(w), vᴴ v = 1. [2]


def eigh_vjp(y_bar: Any, y: Any, a: Any, UPLO: str) -> Any:
    """Return ``conj(v) (diag(w_bar) + f * (vᵀ v_bar)) vᵀ`` with the inverse gaps f."""
    (w_bar, v_bar), (w, v) = y_bar, y
    left = conj(v) * row(w_bar)
    if not unused(v_bar):
        left = left + matmul(conj(v), inverse_gaps(w) * matmul_tn(v, v_bar))
    return matmul_nt(left, v)


def eigh_jvp(a_dot: Any, y: Any, a: Any, UPLO: str) -> Any:
    """Return the diagonal of ``p = vᴴ a_dot v``, and ``v (f * p)``."""
    w, v = y
    p = matmul_tn(conj(v), matmul(a_dot, v))
    return diagonal(p), matmul(v, inverse_gaps(w) * p)


def eigvalsh_vjp(y_bar: Any, y: Any, a: Any, UPLO: str) -> Any:
    """Return ``conj(v) diag(w_bar) vᵀ``."""
    _, v = eigh(a, UPLO=UPLO)
    return matmul_nt(conj(v) * row(y_bar), v)


def eigvalsh_jvp(a_dot: Any, y: Any, a: Any, UPLO: str) -> Any:
    """Return the diagonal of ``vᴴ a_dot v``."""
    _, v = eigh(a, UPLO=UPLO)
    return np_einsum("...ij,...ij->...j", conj(v), matmul(a_dot, v))


eigh = Primitive(lambda a, UPLO: tuple(np.linalg.eigh(a, UPLO)), "eigh")
eigvalsh = Primitive(lambda a, UPLO: np.linalg.eigvalsh(a, UPLO), "eigvalsh")
def_vjp(eigh, eigh_vjp)
def_jvp(eigh, eigh_jvp)
def_vjp(eigvalsh, eigvalsh_vjp)
def_jvp(eigvalsh, eigvalsh_jvp)


def triangle(UPLO: str) -> str:
    """Return "L" or "U"."""
    if UPLO.upper() not in ("L", "U"):
        raise ValueError(f"UPLO={UPLO!r}: expected 'L' or 'U', the triangle that is read")
    return UPLO.upper()


@implements(np.linalg.eigh)
def np_eigh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues, ascending, and eigenvectors of a Hermitian matrix."""
    UPLO = triangle(UPLO)
    return named(np.linalg.eigh, eigh(from_triangle("eigh", a, UPLO == "U"), UPLO=UPLO))


@implements(np.linalg.eigvalsh)
def np_eigvalsh(a: Any, UPLO: str = "L") -> Any:
    """Eigenvalues of a Hermitian matrix, ascending."""
    UPLO = triangle(UPLO)
    return eigvalsh(from_triangle("eigvalsh", a, UPLO == "U"), UPLO=UPLO)


# Eigenvalues of other matrices: a v = v diag(w). Each v has norm 1 and a real largest component;
# that fixes what p, the derivative in terms of v itself, leaves open.


def _largest(v: Any) -> Any:
    size = np.abs(v)
    return size == np.max(size, axis=-2, keepdims=True, initial=0.0)


largest = unvarying(_largest, "largest")


def one_over_largest(v: Any) -> Any:
    """Return the inverse of the largest component of each vector, in its place, among zeros."""
    here = largest(v)
    return where(here, 1.0 / where(here, v, 1.0), 0.0)


def eig_vjp(y_bar: Any, y: Any, a: Any) -> Any:
    """Return ``v⁻ᵀ (diag(w_bar) + f * (vᵀ u_bar)) vᵀ``, with `u` from :func:`eig_jvp`."""
    (w_bar, v_bar), (w, v) = y_bar, y
    p_bar = row(w_bar) * np.eye(shape_of(v)[-1], dtype=np.int8)
    if not unused(v_bar):
        along_bar = np_einsum("...ij,...ij->...j", v, v_bar)
        u_bar = v_bar - conj(v) * row(real(along_bar))
        if is_complex(v):
            u_bar = u_bar - 1j * one_over_largest(v) * row(imag(along_bar))
        p_bar = p_bar + inverse_gaps(w) * matmul_tn(v, u_bar)
    return matmul_nt(solve_tn(v, p_bar), v)


def eig_jvp(a_dot: Any, y: Any, a: Any) -> Any:
    """Return the diagonal of ``p = v⁻¹ a_dot v``, and ``u = v (f * p)`` less its part along `v`."""
    w, v = y
    p = solve(v, matmul(a_dot, v))
    u = matmul(v, inverse_gaps(w) * p)
    along = real(np_einsum("...ij,...ij->...j", conj(v), u))
    if is_complex(v):
        along = along + 1j * imag(np_einsum("...ij,...ij->...j", one_over_largest(v), u))
    return diagonal(p), u - v * row(along)


def eigvals_vjp(y_bar: Any, y: Any, a: Any) -> Any:
    """Return ``v⁻ᵀ diag(w_bar) vᵀ``."""
    _, v = eig(a)
    return matmul_nt(solve_tn(v, row(y_bar) * np.eye(shape_of(v)[-1], dtype=np.int8)), v)


def eigvals_jvp(a_dot: Any, y: Any, a: Any) -> Any:
    """Return the diagonal of ``v⁻¹ a_dot v``."""
    _, v = eig(a)
    return diagonal(solve(v, matmul(a_dot, v)))


eig = Primitive(lambda a: tuple(np.linalg.eig(a)), "eig")
eigvals = Primitive(lambda a: np.linalg.eig(a)[0], "eigvals")  # surely in the order of `eig`
def_vjp(eig, eig_vjp)
def_jvp(eig, eig_jvp)
def_vjp(eigvals, eigvals_vjp)
def_jvp(eigvals, eigvals_jvp)


@implements(np.linalg.eig)
def np_eig(a: Any) -> Any:
    """Eigenvalues and eigenvectors; real if all of them are."""
    return named(np.linalg.eig, eig(a))


@implements(np.linalg.eigvals)
def np_eigvals(a: Any) -> Any:
    """Eigenvalues; real if all of them are."""
    return eigvals(a)


# Singular values: a = u diag(s) vᴴ, uᴴ u = 1, vᴴ v = 1. [3]


def svd_vjp(y_bar: Any, y: Any, a: Any, **how: bool) -> Any:
    """Return ``conj(u) (diag(s_bar) + p_bar) vᵀ`` and what lies outside the spaces of u and v."""
    (u_bar, s_bar, vh_bar), (u, s, vh) = y_bar, y
    left = conj(u) * row(s_bar)
    if unused(u_bar) and unused(vh_bar):
        return matmul(left, conj(vh))
    s = apart_from_zero(s)
    f = inverse_gaps(s) / (row(s) + column(s))
    of_u, of_v = matmul_tn(u, u_bar), conj(matmul_nt(vh, vh_bar))
    turn_u, turn_v = f * of_u, f * of_v
    p_bar = (turn_u + conj_transposed(turn_u)) * row(s)
    p_bar = p_bar + (turn_v + conj_transposed(turn_v)) * column(s)
    if is_complex(u):
        phase = 1j * imag(diagonal(of_u)) / s
        p_bar = p_bar + row(phase) * np.eye(shape_of(u)[-1], dtype=np.int8)
    left = left + matmul(conj(u), p_bar)
    m, k = shape_of(u)[-2:]
    if m > k:
        left = left + (u_bar - matmul(conj(u), of_u)) / row(s)
    a_bar = matmul(left, conj(vh))
    if shape_of(vh)[-1] > k:
        outside = vh_bar - matmul(conj_transposed(of_v), conj(vh))
        a_bar = a_bar + matmul(conj(u), outside / column(s))
    return a_bar


def svd_jvp(a_dot: Any, y: Any, a: Any, **how: bool) -> Any:
    """Return the diagonal of ``p = uᴴ a_dot v``, and how u and v turn."""
    u, s, vh = y
    s = apart_from_zero(s)
    f = inverse_gaps(s) / (row(s) + column(s))
    from_left, from_right = matmul_tn(conj(u), a_dot), matmul_nt(a_dot, conj(vh))
    p = matmul_nt(from_left, conj(vh))
    ps, sp = p * row(s), p * column(s)
    u_dot = matmul(u, f * (ps + conj_transposed(ps)))
    vh_dot = -matmul(f * (sp + conj_transposed(sp)), vh)
    if is_complex(u):
        u_dot = u_dot + u * row(1j * imag(diagonal(p)) / s)
    m, k = shape_of(u)[-2:]
    if m > k:
        u_dot = u_dot + (from_right - matmul(u, p)) / row(s)
    if shape_of(vh)[-1] > k:
        vh_dot = vh_dot + (from_left - matmul(p, vh)) / column(s)
    return u_dot, diagonal(p), vh_dot


is_positive = unvarying(lambda s: s > 0, "is_positive")


def svdvals_vjp(y_bar: Any, y: Any, a: Any, hermitian: bool) -> Any:
    """Return ``conj(u) diag(s_bar) vᵀ``; like that of `abs`, the slope at 0 is 0."""
    u, _, vh = svd(a, full_matrices=False, hermitian=hermitian)
    return matmul(conj(u) * row(where(is_positive(y), y_bar, 0.0)), conj(vh))


def svdvals_jvp(a_dot: Any, y: Any, a: Any, hermitian: bool) -> Any:
    """Return the diagonal of ``uᴴ a_dot v``."""
    u, _, vh = svd(a, full_matrices=False, hermitian=hermitian)
    s_dot = np_einsum("...ij,...ij->...j", conj(u), matmul_nt(a_dot, conj(vh)))
    return where(is_positive(y), s_dot, 0.0)


svd = Primitive(lambda a, **how: tuple(np.linalg.svd(a, **how)), "svd")
svdvals = Primitive(
    lambda a, hermitian=False: np.linalg.svd(a, compute_uv=False, hermitian=hermitian), "svdvals"
)
def_vjp(svd, svd_vjp)
def_jvp(svd, svd_jvp)
def_vjp(svdvals, svdvals_vjp)
def_jvp(svdvals, svdvals_jvp)


@implements(np.linalg.svd)
def np_svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    """Singular values, descending, and vectors; of matrices that are not square the thin ones."""
    if hermitian:
        a = from_triangle("svd", a)
    if not compute_uv:
        return svdvals(a, hermitian=hermitian)
    shape = shape_of(a)
    if full_matrices and len(shape) > 1 and shape[-1] != shape[-2]:
        raise ValueError(
            f"svd of shape {shape}: the vectors that full_matrices=True adds are any basis of the "
            f"rest of the space and have no derivative; use full_matrices=False"
        )
    return named(np.linalg.svd, svd(a, full_matrices=full_matrices, hermitian=hermitian))


@implements(np.linalg.svdvals)
def np_svdvals(x: Any, /) -> Any:
    """Singular values, descending."""
    return svdvals(x, hermitian=False)


# QR: a = q r, qᴴ q = 1, r upper triangular with a real diagonal. Of a wide matrix a = [x, z] the
# square part x = q r_x decides on q, and r = [r_x, qᴴ z]. [4]


def qr_vjp(y_bar: Any, y: Any, a: Any) -> Any:
    """Return the cotangent; that of a wide matrix is the one of its square part, and the rest."""
    (q_bar, r_bar), (q, r) = y_bar, y
    m, n = shape_of(a)[-2:]
    if m < n:
        z, r_bar, rest_bar = a[..., m:], r_bar[..., :m], r_bar[..., m:]
        q_bar, r = q_bar + conj(matmul_nt(z, rest_bar)), r[..., :m]
    t_bar = matmul_nt(r_bar, r) - matmul_tn(q, q_bar)
    c_bar = lower(conj_transposed(t_bar))
    b_bar = q_bar + matmul(conj(q), c_bar + conj_transposed(c_bar))
    a_bar = transposed(solve(r, transposed(b_bar)))
    return a_bar if m >= n else np.concatenate([a_bar, matmul(conj(q), rest_bar)], axis=-1)


def qr_jvp(a_dot: Any, y: Any, a: Any) -> Any:
    """Return the tangents: with ``c = qᴴ a_dot r⁻¹``, ``r_dot r⁻¹`` is the upper part of c + cᴴ."""
    q, r = y
    m, n = shape_of(a)[-2:]
    if m < n:
        z, z_dot, a_dot, r = a[..., m:], a_dot[..., m:], a_dot[..., :m], r[..., :m]
    b = transposed(solve_tn(r, transposed(a_dot)))
    c = matmul_tn(conj(q), b)
    t = conj_transposed(lower(c + conj_transposed(c)))
    q_dot, r_dot = b - matmul(q, t), matmul(t, r)
    if m < n:
        rest_dot = matmul_tn(conj(q_dot), z) + matmul_tn(conj(q), z_dot)
        r_dot = np.concatenate([r_dot, rest_dot], axis=-1)
    return q_dot, r_dot


qr = Primitive(lambda a: tuple(np.linalg.qr(a)), "qr")
def_vjp(qr, qr_vjp)
def_jvp(qr, qr_jvp)


@implements(np.linalg.qr)
def np_qr(a: Any, mode: str = "reduced") -> Any:
    """Orthonormal columns and a triangular matrix, or that matrix alone with ``mode="r"``."""
    shape = shape_of(a)
    if mode == "r":
        return qr(a)[1]
    if mode == "complete" and len(shape) > 1 and shape[-2] > shape[-1]:
        raise ValueError(
            f"qr of shape {shape}: the columns that mode='complete' adds are any basis of the "
            f"rest of the space and have no derivative; use mode='reduced'"
        )
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode={mode!r}; expected 'reduced', 'complete' or 'r'")
    return named(np.linalg.qr, qr(a))
