"""Rows for ``np.linalg``: ``linalg.py``, ``decompositions.py``, ``least_squares.py``, ``norms.py``.

Vectors of decompositions are determined but for their sign, or phase: rows are about functions of
them that are the same for all signs.
"""

import numpy as np
from case import DOMAINS, Case, apart, nonzero, real


def of_squares(domain):
    """The same domain, for square matrices only."""

    def make(rng, shape):
        if shape[-1] != shape[-2]:
            raise ValueError(f"not square: {shape}")
        return domain(rng, shape)

    return make


square, spd = of_squares(DOMAINS["square"]), of_squares(DOMAINS["spd"])


@of_squares
def turning(rng, shape):
    """Matrices with complex eigenvalues that differ."""
    z = 0.2 * rng.uniform(-1.0, 1.0, shape)
    every = np.arange(shape[-1])
    first = 2 * np.arange(shape[-1] // 2)
    z[..., every, every] += 1.0 + 0.7 * (every // 2)
    z[..., first, first + 1] += 2.0 + first
    z[..., first + 1, first] -= 0.7 + first
    return z


@of_squares
def singular(rng, shape):
    """Matrices whose last row is the sum of the others."""
    z = DOMAINS["square"](rng, shape)
    z[..., -1, :] = np.sum(z[..., :-1, :], axis=-2)
    return z


@of_squares
def identity(rng, shape):
    """Matrices whose eigenvalues are all equal."""
    return np.broadcast_to(np.eye(shape[-1]), shape).copy()


def tall(rng, shape):
    """Matrices of full rank with singular values that differ, of any shape."""
    z = 0.3 * rng.uniform(-1.0, 1.0, shape)
    k = np.arange(min(shape[-2:]))
    z[..., k, k] += 2.0 + k
    return z


def wide(rng, shape):
    """Matrices of full rank that have no more rows than columns."""
    if shape[-2] > shape[-1]:
        raise ValueError(f"not wide: {shape}")
    return tall(rng, shape)


def six_by_six(rng, shape):
    """Square matrices in the shape of tensors."""
    return square(rng, (6, 6)).reshape(shape)


def spread(rng, shape):
    """Matrices of which no two absolute row or column sums are near each other."""
    return (
        nonzero(rng, shape)
        * (1.0 + 3.0 * np.arange(shape[-1]))
        * (1.0 + 7.0 * np.arange(shape[-2])[:, None])
    )


def rows(name, function, *shapes, domain=square, covers=None, **keywords):
    """A row for single matrices and one for stacks of them."""
    covers = (f"linalg.{name.split()[0].rstrip(',')}",) if covers is None else covers
    stacks = [(2, *shape) for shape in shapes]
    return [
        Case(f"linalg.{name}", function, *shapes, domain=domain, covers=covers, **keywords),
        Case(f"linalg.{name}, stacked", function, *stacks, domain=domain, **keywords),
    ]


def t(x):
    return np.swapaxes(x, -1, -2)


def squared(z):
    """The squared size of complex numbers; ``np.abs`` rounds as they lie in memory."""
    return np.real(z) ** 2 + np.imag(z) ** 2


def through_eigh(a, **keywords):
    w, v = np.linalg.eigh(a, **keywords)
    return (v * np.tanh(w)[..., None, :]) @ t(v), v**2, w


def through_complex_eigh(a, b):
    w, v = np.linalg.eigh(a + 1j * b)
    return (v * np.tanh(w)[..., None, :]) @ t(np.conj(v)), squared(v), w


def but_for_sign(a):
    """NumPy's own phases, a real largest component, leave a sign open, which may jump."""
    w, v = np.linalg.eig(a)
    return w, np.real(v) ** 2, np.imag(v) ** 2, np.real(v) * np.imag(v)


def through_eig(a):
    w, v = np.linalg.eig(a)
    size = squared(v)
    return np.real(w), np.imag(w) ** 2, size, np.real(v * np.conj(v)[..., ::-1, :])


def through_svd(a, **keywords):
    u, s, vh = np.linalg.svd(a, full_matrices=False, **keywords)
    return (u * np.tanh(s)[..., None, :]) @ vh, u**2, s, vh**2


def through_complex_svd(a, b):
    u, s, vh = np.linalg.svd(a + 1j * b, full_matrices=False)
    return (u * np.tanh(s)[..., None, :]) @ vh, squared(u), s, squared(vh)


def of_rank_two(function):
    """A function of a 4 x 3 matrix of rank 2, made from its two factors."""
    return lambda x, y: function(x @ y)


def norm(*shape, domain="nonzero", **keywords):
    how = ", ".join(f"{key}={value}" for key, value in keywords.items())
    return Case(
        f"linalg.norm of {shape}, {how}",
        lambda x: np.linalg.norm(x, **keywords),
        shape,
        domain=domain,
        analytic=False,
        covers=("linalg.norm",),
    )


CASES = [
    # Equations.
    *rows("inv", np.linalg.inv, (3, 3)),
    *rows("inv of a number", np.linalg.inv, (1, 1), domain="nonzero"),
    *rows(
        "inv of a complex matrix",
        lambda a, b: np.linalg.inv(a + 1j * b),
        (3, 3),
        (3, 3),
        domain=(square, "unit"),
        analytic=False,
    ),
    *rows("solve", np.linalg.solve, (3, 3), (3, 2), domain=(square, "real")),
    *rows(
        "solve of a complex equation",
        lambda a, b: np.linalg.solve(a + 1j * a @ a, b - 2j),
        (3, 3),
        (3, 2),
        domain=(square, "real"),
        analytic=False,
    ),
    Case("linalg.solve for a vector", np.linalg.solve, (3, 3), (3,), domain=(square, "real")),
    Case(
        "linalg.solve, a stack for one vector",
        np.linalg.solve,
        (2, 3, 3),
        (3,),
        domain=(square, "real"),
    ),
    Case(
        "linalg.solve, a stack for one matrix",
        np.linalg.solve,
        (2, 3, 3),
        (3, 2),
        domain=(square, "real"),
    ),
    Case(
        "linalg.solve, one matrix for a stack",
        np.linalg.solve,
        (3, 3),
        (2, 3, 2),
        domain=(square, "real"),
    ),
    Case(
        "linalg.solve, stacks broadcast",
        np.linalg.solve,
        (2, 1, 2, 2),
        (3, 2, 2),
        domain=(square, "real"),
    ),
    Case("linalg.solve, size 1", np.linalg.solve, (1, 1), (1,), domain=("positive", "real")),
    Case("linalg.solve with itself", lambda a: np.linalg.solve(a, a @ a), (3, 3), domain=square),
    Case(
        "linalg.solve, nonlinear",
        lambda a, b: np.tanh(np.linalg.solve(a, b)),
        (3, 3),
        (3,),
        domain=(square, "real"),
    ),
    Case(
        "linalg.tensorinv",
        lambda a: np.linalg.tensorinv(a, ind=2),
        (2, 3, 6),
        domain=six_by_six,
        covers=("linalg.tensorinv",),
    ),
    Case(
        "linalg.tensorinv, ind=1",
        lambda a: np.linalg.tensorinv(a, ind=1),
        (6, 3, 2),
        domain=six_by_six,
    ),
    Case(
        "linalg.tensorsolve",
        np.linalg.tensorsolve,
        (2, 3, 6),
        (2, 3),
        domain=(six_by_six, "real"),
        covers=("linalg.tensorsolve",),
    ),
    Case(
        "linalg.tensorsolve, axes",
        lambda a, b: np.linalg.tensorsolve(a, b, axes=(1,)),
        (2, 6, 3),
        (2, 3),
        domain=(lambda rng, shape: square(rng, (6, 6)).reshape(2, 3, 6).swapaxes(1, 2), "real"),
    ),
    *rows("matrix_power 0", lambda a: np.linalg.matrix_power(a, 0) * a, (3, 3)),
    *rows("matrix_power 1", lambda a: np.linalg.matrix_power(a, 1), (3, 3)),
    *rows("matrix_power 2", lambda a: np.linalg.matrix_power(a, 2), (3, 3)),
    *rows("matrix_power 3", lambda a: np.linalg.matrix_power(a, 3), (3, 3)),
    *rows("matrix_power 6", lambda a: np.linalg.matrix_power(a, 6), (2, 2)),
    *rows("matrix_power -1", lambda a: np.linalg.matrix_power(a, -1), (3, 3)),
    *rows("matrix_power -3", lambda a: np.linalg.matrix_power(a, -3), (2, 2)),
    *rows("matrix_power -5", lambda a: np.linalg.matrix_power(a, -5), (2, 2)),
    # Determinants.
    *rows("det", np.linalg.det, (3, 3)),
    *rows("det of a number", np.linalg.det, (1, 1), domain="nonzero"),
    *rows("det of a negative one", lambda a: np.linalg.det(a[..., ::-1]), (3, 3)),
    *rows(
        "det of a complex matrix",
        lambda a, b: np.linalg.det(a + 1j * b),
        (3, 3),
        (3, 3),
        domain=(square, "unit"),
        analytic=False,
    ),
    *rows("det of a singular matrix", np.linalg.det, (3, 3), domain=singular, order=1),
    *rows("slogdet", np.linalg.slogdet, (3, 3), analytic=False),
    *rows(
        "slogdet of a negative one",
        lambda a: np.linalg.slogdet(a[..., ::-1]),
        (3, 3),
        analytic=False,
    ),
    *rows(
        "slogdet of a complex matrix",
        lambda a, b: np.linalg.slogdet(a + 1j * b),
        (3, 3),
        (3, 3),
        domain=(square, "unit"),
        analytic=False,
    ),
    # Decompositions.
    *rows("cholesky", np.linalg.cholesky, (3, 3), domain=spd, analytic=False),
    *rows("cholesky of a number", np.linalg.cholesky, (1, 1), domain="positive", analytic=False),
    *rows(
        "cholesky, upper",
        lambda a: np.linalg.cholesky(a, upper=True),
        (3, 3),
        domain=spd,
        analytic=False,
    ),
    *rows(
        "cholesky of a complex matrix",
        lambda a, b: np.linalg.cholesky(a + 0.3j * b),
        (3, 3),
        (3, 3),
        domain=(spd, "unit"),
        analytic=False,
    ),
    *rows(
        "cholesky of a complex matrix, upper",
        lambda a, b: np.linalg.cholesky(a + 0.3j * b, upper=True),
        (3, 3),
        (3, 3),
        domain=(spd, "unit"),
        analytic=False,
    ),
    *rows("cholesky of a product", lambda a: np.linalg.cholesky(a @ t(a)), (3, 3), analytic=False),
    *rows("eigh", through_eigh, (3, 3), domain=spd, analytic=False),
    *rows("eigh of a number", through_eigh, (1, 1), domain=spd, analytic=False),
    *rows(
        "eigh of the upper triangle", lambda a: through_eigh(a, UPLO="U"), (3, 3), analytic=False
    ),
    *rows(
        "eigh of the lower triangle", lambda a: through_eigh(a, UPLO="l"), (3, 3), analytic=False
    ),
    *rows(
        "eigh, values alone",
        lambda a: np.linalg.eigh(a).eigenvalues,
        (3, 3),
        domain=spd,
        analytic=False,
    ),
    *rows(
        "eigh of a complex matrix",
        through_complex_eigh,
        (3, 3),
        (3, 3),
        domain=(spd, "unit"),
        analytic=False,
    ),
    *rows("eigvalsh", np.linalg.eigvalsh, (3, 3), domain=spd, analytic=False),
    *rows(
        "eigvalsh of the upper triangle",
        lambda a: np.linalg.eigvalsh(a, UPLO="U"),
        (3, 3),
        analytic=False,
    ),
    *rows(
        "eigvalsh of a complex matrix",
        lambda a, b: np.linalg.eigvalsh(a + 1j * b),
        (3, 3),
        (3, 3),
        domain=(spd, "unit"),
        analytic=False,
    ),
    Case(
        "linalg.eigvalsh, a sum over equal ones",
        lambda a: np.sum(np.linalg.eigvalsh(a)),
        (3, 3),
        domain=identity,
        order=1,
        analytic=False,
    ),
    *rows("eig", but_for_sign, (3, 3), analytic=False),
    *rows("eig of a turning matrix", but_for_sign, (4, 4), domain=turning, analytic=False),
    *rows("eig, whatever the phase", through_eig, (4, 4), domain=turning, analytic=False),
    *rows(
        "eig of a turning matrix of odd size", through_eig, (3, 3), domain=turning, analytic=False
    ),
    *rows(
        "eig of a complex matrix",
        lambda a, b: through_eig(a + 1j * b),
        (3, 3),
        (3, 3),
        domain=(square, "unit"),
        analytic=False,
    ),
    *rows("eigvals", np.linalg.eigvals, (3, 3), analytic=False),
    *rows("eigvals of a turning matrix", np.linalg.eigvals, (4, 4), domain=turning, analytic=False),
    *rows(
        "eigvals of a complex matrix",
        lambda a, b: np.linalg.eigvals(a + 1j * b),
        (3, 3),
        (3, 3),
        domain=(square, "unit"),
        analytic=False,
    ),
    *rows("svd of a square matrix", through_svd, (3, 3), domain=tall, analytic=False),
    *rows("svd of a tall matrix", through_svd, (4, 2), domain=tall, analytic=False),
    *rows("svd of a wide matrix", through_svd, (2, 4), domain=tall, analytic=False),
    *rows("svd of a column", through_svd, (3, 1), domain=tall, analytic=False),
    *rows(
        "svd with full_matrices", lambda a: [x**2 for x in np.linalg.svd(a)], (3, 3), analytic=False
    ),
    *rows(
        "svd, values alone",
        lambda a: np.linalg.svd(a, compute_uv=False),
        (4, 3),
        domain=tall,
        analytic=False,
    ),
    *rows(
        "svd, only its values used",
        lambda a: np.linalg.svd(a, full_matrices=False).S,
        (3, 4),
        domain=tall,
        analytic=False,
    ),
    *rows(
        "svd of a Hermitian matrix",
        lambda a: through_svd(a, hermitian=True),
        (3, 3),
        domain=spd,
        analytic=False,
    ),
    *rows(
        "svd of an indefinite matrix",
        lambda a: through_svd(a - 2.6 * np.eye(3, dtype=np.int8), hermitian=True),
        (3, 3),
        domain=spd,
        analytic=False,
    ),
    *rows(
        "svd, values of a Hermitian matrix",
        lambda a: np.linalg.svd(a, compute_uv=False, hermitian=True),
        (3, 3),
        domain=spd,
        analytic=False,
    ),
    *rows(
        "svd of a complex square matrix",
        through_complex_svd,
        (3, 3),
        (3, 3),
        domain=(tall, "unit"),
        analytic=False,
    ),
    *rows(
        "svd of a complex tall matrix",
        through_complex_svd,
        (4, 2),
        (4, 2),
        domain=(tall, "unit"),
        analytic=False,
    ),
    *rows(
        "svd of a complex wide matrix",
        through_complex_svd,
        (2, 4),
        (2, 4),
        domain=(tall, "unit"),
        analytic=False,
    ),
    *rows("svdvals", np.linalg.svdvals, (3, 4), domain=tall, analytic=False),
    *rows("qr of a square matrix", np.linalg.qr, (3, 3), analytic=False),
    *rows("qr of a tall matrix", np.linalg.qr, (4, 2), domain=tall, analytic=False),
    *rows("qr of a wide matrix", np.linalg.qr, (2, 4), domain=tall, analytic=False),
    *rows(
        "qr, complete where it is reduced",
        lambda a: np.linalg.qr(a, mode="complete"),
        (2, 3),
        domain=wide,
        analytic=False,
    ),
    *rows("qr, only r", lambda a: np.linalg.qr(a, mode="r"), (4, 3), domain=tall, analytic=False),
    *rows("qr, only q used", lambda a: np.linalg.qr(a).Q, (4, 3), domain=tall, analytic=False),
    *rows(
        "qr of a complex tall matrix",
        lambda a, b: np.linalg.qr(a + 1j * b),
        (4, 2),
        (4, 2),
        domain=(tall, "unit"),
        analytic=False,
    ),
    *rows(
        "qr of a complex wide matrix",
        lambda a, b: np.linalg.qr(a + 1j * b),
        (2, 3),
        (2, 3),
        domain=(tall, "unit"),
        analytic=False,
    ),
    # Least squares.
    *rows("pinv", np.linalg.pinv, (3, 3), analytic=False),
    *rows("pinv of a tall matrix", np.linalg.pinv, (4, 2), domain=tall, analytic=False),
    *rows(
        "pinv of a wide matrix",
        lambda a: np.linalg.pinv(a, rcond=1e-10),
        (2, 4),
        domain=tall,
        analytic=False,
    ),
    *rows(
        "pinv with rtol",
        lambda a: np.linalg.pinv(a, rtol=1e-10),
        (4, 3),
        domain=tall,
        analytic=False,
    ),
    *rows(
        "pinv at rank 2",
        of_rank_two(lambda a: np.linalg.pinv(a, rcond=1e-5)),
        (4, 2),
        (2, 3),
        domain=tall,
        analytic=False,
    ),
    *rows(
        "pinv of a Hermitian matrix",
        lambda a: np.linalg.pinv(a, hermitian=True),
        (3, 3),
        domain=spd,
        analytic=False,
    ),
    *rows(
        "pinv of a complex matrix",
        lambda a, b: np.linalg.pinv(a + 1j * b),
        (4, 2),
        (4, 2),
        domain=(tall, "unit"),
        analytic=False,
    ),
    Case(
        "linalg.lstsq",
        np.linalg.lstsq,
        (4, 2),
        (4, 3),
        domain=(tall, "real"),
        analytic=False,
        covers=("linalg.lstsq",),
    ),
    Case(
        "linalg.lstsq for a vector",
        np.linalg.lstsq,
        (4, 2),
        (4,),
        domain=(tall, "real"),
        analytic=False,
    ),
    Case(
        "linalg.lstsq of a square matrix",
        np.linalg.lstsq,
        (3, 3),
        (3,),
        domain=(tall, "real"),
        analytic=False,
    ),
    Case(
        "linalg.lstsq of a wide matrix",
        lambda a, b: np.linalg.lstsq(a, b, rcond=-1),
        (2, 4),
        (2, 1),
        domain=(tall, "real"),
        analytic=False,
    ),
    Case(
        "linalg.lstsq at rank 2",
        lambda x, y, b: np.linalg.lstsq(x @ y, b, rcond=1e-5)[0],
        (4, 2),
        (2, 3),
        (4, 2),
        domain=(tall, tall, "real"),
        analytic=False,
    ),
    Case(
        "linalg.lstsq of complex numbers",
        lambda a, b: np.linalg.lstsq(a - 1j * a * a, b + 1j * b * b)[:2],
        (4, 2),
        (4,),
        domain=(tall, "real"),
        analytic=False,
    ),
    # Norms.
    norm(4),
    norm(2, 3),
    norm(2, 2, 3),
    norm(2, 3, keepdims=True),
    norm(),
    *(norm(4, ord=p) for p in (None, 2, 1, 3, 2.5, 0.5, 0, -1, -2, -3)),
    *(norm(4, ord=p, domain=apart) for p in (np.inf, -np.inf)),
    *(norm(2, 3, ord=p, axis=1) for p in (None, 1, 2, 3)),
    norm(2, 3, axis=0, keepdims=True),
    norm(2, 3, axis=-1, ord=1, keepdims=True),
    norm(2, 3, 2, ord=3, axis=1),
    norm(2, 3, ord=np.inf, axis=0, keepdims=True, domain=apart),
    norm(2, 3, ord=-np.inf, axis=(1,), domain=apart),
    norm(2, 3, ord="fro"),
    norm(2, 3, ord="f", keepdims=True),
    norm(2, 3, axis=(0, 1)),
    norm(2, 3, ord="fro", axis=(1, 0)),
    norm(2, 3, 2, axis=(0, 2)),
    norm(2, 3, 2, axis=(-1, 0), keepdims=True),
    *(norm(3, 4, ord=p, domain=spread) for p in (1, -1, np.inf, -np.inf)),
    *(norm(3, 4, ord=p, axis=(1, 0), domain=spread) for p in (1, np.inf)),
    *(norm(2, 3, 4, ord=p, axis=(-1, 1), keepdims=True, domain=spread) for p in (1, -np.inf)),
    *(norm(3, 4, ord=p, domain=tall) for p in (2, -2, "nuc")),
    *(norm(2, 3, 3, ord=p, axis=(1, 2), keepdims=True, domain=tall) for p in (2, -2, "nuc")),
    *(norm(3, 2, 3, ord=p, axis=(2, 0), domain=real) for p in (2, "nuc")),
    Case(
        "linalg.norm of a complex vector",
        lambda x: np.linalg.norm(x + 1j * x * x),
        (4,),
        domain="nonzero",
        analytic=False,
    ),
    Case(
        "linalg.norm of a complex vector, ord=1",
        lambda x: np.linalg.norm(x + 1j * x * x, ord=1),
        (4,),
        domain="nonzero",
        analytic=False,
    ),
    Case(
        "linalg.norm of a complex vector, ord=3",
        lambda x: np.linalg.norm(x + 1j * x * x, ord=3),
        (4,),
        domain="nonzero",
        analytic=False,
    ),
    Case(
        "linalg.norm of a complex matrix, nuclear",
        lambda x: np.linalg.norm(x + 1j * x * x, ord="nuc"),
        (2, 3),
        domain="nonzero",
        analytic=False,
    ),
    Case(
        "linalg.vector_norm",
        np.linalg.vector_norm,
        (2, 3),
        domain="nonzero",
        analytic=False,
        covers=("linalg.vector_norm",),
    ),
    Case(
        "linalg.vector_norm over an axis",
        lambda x: np.linalg.vector_norm(x, axis=1, keepdims=True),
        (2, 3),
        domain="nonzero",
        analytic=False,
    ),
    Case(
        "linalg.vector_norm over two axes",
        lambda x: np.linalg.vector_norm(x, axis=(0, 2), ord=3),
        (2, 3, 2),
        domain="nonzero",
        analytic=False,
    ),
    Case(
        "linalg.vector_norm, the largest",
        lambda x: np.linalg.vector_norm(x, axis=(0, 2), ord=np.inf),
        (2, 3, 2),
        domain="apart",
        analytic=False,
    ),
    Case(
        "linalg.vector_norm, the number of nonzeros",
        lambda x: x * np.linalg.vector_norm(x, ord=0),
        (2, 3),
        domain="nonzero",
        analytic=False,
    ),
    Case(
        "linalg.vector_norm, ord=1",
        lambda x: np.linalg.vector_norm(x, ord=1, keepdims=True),
        (2, 3),
        domain="nonzero",
        analytic=False,
    ),
    *rows("matrix_norm", np.linalg.matrix_norm, (2, 3), domain="nonzero", analytic=False),
    *rows(
        "matrix_norm, nuclear",
        lambda x: np.linalg.matrix_norm(x, ord="nuc", keepdims=True),
        (3, 3),
        domain=tall,
        analytic=False,
    ),
    *(
        case
        for p in (None, 2, -2, "fro", 1, -1, np.inf, -np.inf, "nuc")
        for case in rows(f"cond {p}", lambda x, p=p: np.linalg.cond(x, p), (3, 3), analytic=False)
    ),
    # Parts.
    *rows("matrix_transpose", np.linalg.matrix_transpose, (2, 3), domain="real"),
    *rows("diagonal", np.linalg.diagonal, (2, 3), domain="real"),
    *rows("diagonal 1", lambda a: np.linalg.diagonal(a, offset=1), (3, 3), domain="real"),
    *rows("trace", np.linalg.trace, (3, 3), domain="real"),
    *rows("trace -1", lambda a: np.linalg.trace(a, offset=-1), (3, 2), domain="real"),
]
