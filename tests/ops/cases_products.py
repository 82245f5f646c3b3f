"""Rows for ``minigrad/ops/products.py`` and ``minigrad/ops/einsum.py``."""

import warnings

import numpy as np
from case import Case

SMALL = np.array([100, 200, 250], np.uint8)


def matmul(*shapes):
    return Case(f"matmul of {' and '.join(map(str, shapes))}", np.matmul, *shapes)


def einsum(subscripts, *shapes, **keywords):
    return Case(
        f"einsum {subscripts!r} of {shapes} {keywords or ''}",
        lambda *xs: np.einsum(subscripts, *xs, **keywords),
        *shapes,
        covers=("einsum",),
    )


def tensordot(axes, *shapes):
    return Case(
        f"tensordot over {axes} of {shapes}",
        lambda a, b: np.tensordot(a, b, axes=axes),
        *shapes,
        covers=("tensordot",),
    )


def two_vectors(function):
    """NumPy warns of 2-vectors, from whichever call it is that computes the product."""

    def quietly(*xs):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return function(*xs)

    return quietly


A, B = np.arange(6.0).reshape(2, 3) - 2.5, np.arange(12.0).reshape(3, 4) / 7

# Until NumPy 2.5, which takes them no longer.
PLANAR = [
    Case("cross of 2-vectors", two_vectors(np.cross), (2,), (2,)),
    Case(
        "cross of stacks of 2-vectors",
        two_vectors(lambda a, b: np.cross(a, b, axisa=0)),
        (2, 4),
        (4, 2),
    ),
    Case("cross of a 2-vector and a 3-vector", two_vectors(np.cross), (2,), (3,)),
    Case("cross of a 3-vector and 2-vectors", two_vectors(np.cross), (3,), (4, 2)),
]

CASES = [
    Case("matmul", lambda a, b: a @ b, (2, 3), (3, 4), covers=("matmul",)),
    matmul((3,), (3,)),
    matmul((2, 3), (3,)),
    matmul((3,), (3, 4)),
    matmul((5, 2, 3), (3,)),
    matmul((3,), (5, 3, 2)),
    matmul((5, 2, 3), (3, 4)),
    matmul((2, 3), (5, 3, 4)),
    matmul((5, 2, 3), (5, 3, 4)),
    matmul((2, 1, 2, 3), (4, 3, 2)),
    matmul((1, 2, 3), (4, 3, 2)),
    matmul((4, 1, 1, 3), (1, 2, 3, 1)),
    matmul((2, 4, 2, 3), (3,)),
    matmul((1, 1), (1, 1)),
    matmul((2, 0), (0, 3)),
    matmul((0, 3), (3, 2)),
    matmul((0, 2, 3), (3, 2)),
    Case("matmul of a matrix with itself", lambda a: a @ a, (3, 3)),
    Case("matmul of a vector with itself", lambda a: a @ a, (3,)),
    Case("matmul of an array and a Variable", lambda b: A @ b, (3, 2)),
    Case("matmul of a Variable and an array", lambda a: a @ B, (2, 3)),
    Case("matmul of a chain", lambda a, b, x: a @ (b @ x), (2, 3), (3, 4), (4,)),
    Case("matmul with a transpose", lambda a, b: (a @ b.T) @ b, (2, 3), (4, 3)),
    Case("matmul inside a nonlinear function", lambda a, b: np.tanh(a @ b), (2, 3), (3, 4)),
    Case(
        "matmul, the matrix shared by a stack, nonlinear",
        lambda a, b: np.tanh(a @ b) @ b.T,
        (4, 2, 3),
        (3, 2),
    ),
    Case(
        "matmul, the stack second, nonlinear", lambda a, b: a.T @ np.tanh(a @ b), (2, 3), (4, 3, 2)
    ),
    Case("linalg.matmul", np.linalg.matmul, (2, 3), (3, 4), covers=("linalg.matmul",)),
    Case("dot of matrices", np.dot, (2, 3), (3, 4), covers=("dot",)),
    Case("dot of vectors", np.dot, (3,), (3,)),
    Case("dot of a matrix and a vector", np.dot, (2, 3), (3,)),
    Case("dot of a vector and a matrix", np.dot, (3,), (3, 2)),
    Case("dot of numbers", np.dot, (), ()),
    Case("dot of a number and a matrix", np.dot, (), (2, 3)),
    Case("dot of a vector and a number", np.dot, (3,), ()),
    Case("dot of stacks", np.dot, (2, 3, 4), (5, 4, 2)),
    Case("dot of a stack and a vector", np.dot, (2, 3, 4), (4,)),
    Case("dot of a vector and a stack", np.dot, (4,), (2, 4, 3)),
    Case("dot of nothing", np.dot, (2, 0), (0, 3)),
    Case("dot as a method", lambda a: a.dot(B), (2, 3)),
    Case("inner of vectors", np.inner, (3,), (3,), covers=("inner",)),
    Case("inner of matrices", np.inner, (2, 3), (4, 3)),
    Case("inner of stacks", np.inner, (2, 2, 3), (4, 3)),
    Case("inner of a number and a vector", np.inner, (), (3,)),
    Case("inner of numbers", np.inner, (), ()),
    Case("vdot", np.vdot, (4,), (4,), analytic=False, covers=("vdot",)),
    Case("vdot of matrices", np.vdot, (2, 3), (2, 3), analytic=False),
    Case("vdot of different shapes", np.vdot, (2, 3), (3, 2), analytic=False),
    Case("vdot of numbers", np.vdot, (), (), analytic=False),
    Case(
        "vdot of complex vectors",
        lambda a, b: np.vdot(a + 1j * b, b * b + 2j * a),
        (3,),
        (3,),
        analytic=False,
    ),
    Case("vecdot", np.vecdot, (2, 3), (2, 3), analytic=False, covers=("vecdot",)),
    Case("vecdot of a stack and a vector", np.vecdot, (4, 2, 3), (3,), analytic=False),
    Case("vecdot of broadcast stacks", np.vecdot, (4, 1, 3), (2, 3), analytic=False),
    Case(
        "vecdot of complex vectors",
        lambda a, b: np.vecdot(a + 1j * b, b * b + 2j * a),
        (2, 3),
        (2, 3),
        analytic=False,
    ),
    Case(
        "linalg.vecdot", np.linalg.vecdot, (2, 3), (2, 3), analytic=False, covers=("linalg.vecdot",)
    ),
    Case(
        "linalg.vecdot along the first axis",
        lambda a, b: np.linalg.vecdot(a, b, axis=0),
        (3, 2),
        (3, 2),
        analytic=False,
    ),
    Case(
        "linalg.vecdot along the last axis but one",
        lambda a, b: np.linalg.vecdot(a, b, axis=-2),
        (3, 2),
        (4, 3, 1),
        analytic=False,
    ),
    Case("outer", np.outer, (2,), (3,), covers=("outer",)),
    Case("outer of matrices", np.outer, (2, 2), (3, 1)),
    Case("outer of numbers", np.outer, (), ()),
    Case("outer of a vector with itself", lambda a: np.outer(a, a), (3,)),
    Case("linalg.outer", np.linalg.outer, (2,), (3,), covers=("linalg.outer",)),
    tensordot(2, (2, 3, 4), (3, 4, 2)),
    tensordot(1, (2, 3), (3, 4)),
    tensordot(0, (2, 3), (2,)),
    tensordot(2, (2, 3), (2, 3)),
    tensordot((0, 1), (3, 2), (4, 3)),
    tensordot((-1, 0), (2, 3), (3, 2, 2)),
    tensordot(([0, 2], [1, 0]), (2, 3, 4), (4, 2, 3)),
    tensordot(((-1, 0), (-2, 1)), (2, 3, 4), (3, 2, 4, 2)),
    tensordot(([], []), (2,), (3,)),
    tensordot(1, (2, 0), (0, 3)),
    Case(
        "linalg.tensordot",
        lambda a, b: np.linalg.tensordot(a, b, axes=1),
        (2, 3),
        (3, 2),
        covers=("linalg.tensordot",),
    ),
    Case("kron", np.kron, (2, 3), (3, 2), covers=("kron",)),
    Case("kron of vectors", np.kron, (2,), (3,)),
    Case("kron of a vector and a matrix", np.kron, (2,), (2, 3)),
    Case("kron of stacks", np.kron, (2, 1, 2), (2, 2)),
    Case("kron of a number and a matrix", np.kron, (), (2, 3)),
    Case("kron of a matrix with itself", lambda a: np.kron(a, a), (2, 2)),
    Case("cross", np.cross, (3,), (3,), covers=("cross",)),
    Case("cross of stacks", np.cross, (4, 3), (4, 3)),
    Case("cross of broadcast stacks", np.cross, (2, 1, 3), (4, 3)),
    Case("cross along axis=0", lambda a, b: np.cross(a, b, axis=0), (3, 2), (3, 2)),
    Case(
        "cross with axisa, axisb, axisc",
        lambda a, b: np.cross(a, b, axisa=0, axisb=1, axisc=0),
        (3, 2, 4),
        (2, 3, 4),
    ),
    Case(
        "cross with axisc=1", lambda a, b: np.cross(a, b, axisa=-2, axisc=1), (2, 3, 4), (2, 4, 3)
    ),
    Case("cross twice", lambda a, b: np.cross(a, np.cross(a, b)), (3,), (3,)),
    Case("linalg.cross", np.linalg.cross, (2, 3), (2, 3), covers=("linalg.cross",)),
    Case("linalg.cross along axis=0", lambda a, b: np.linalg.cross(a, b, axis=0), (3, 2), (3, 2)),
    Case(
        "linalg.multi_dot",
        lambda *xs: np.linalg.multi_dot(xs),
        (2, 3),
        (3, 4),
        (4, 2),
        covers=("linalg.multi_dot",),
    ),
    Case("linalg.multi_dot of two", lambda *xs: np.linalg.multi_dot(xs), (2, 3), (3, 4)),
    Case(
        "linalg.multi_dot of five",
        lambda *xs: np.linalg.multi_dot(xs),
        (2, 5),
        (5, 1),
        (1, 4),
        (4, 3),
        (3, 2),
    ),
    Case(
        "linalg.multi_dot between vectors", lambda *xs: np.linalg.multi_dot(xs), (3,), (3, 2), (2,)
    ),
    Case(
        "linalg.multi_dot from a vector", lambda *xs: np.linalg.multi_dot(xs), (3,), (3, 2), (2, 4)
    ),
    Case(
        "linalg.multi_dot onto a vector", lambda *xs: np.linalg.multi_dot(xs), (4, 3), (3, 2), (2,)
    ),
    Case("linalg.multi_dot with constants", lambda x: np.linalg.multi_dot([A, x, B.T, B]), (3, 4)),
    Case("linalg.multi_dot of one matrix thrice", lambda x: np.linalg.multi_dot([x, x, x]), (3, 3)),
    einsum("ij,jk->ik", (2, 3), (3, 4)),
    Case(
        "einsum of small integers, optimized",
        lambda x: np.einsum("j,k,k->kj", x, SMALL, SMALL[::-1], optimize=True),
        (3,),
    ),
    einsum("ij,jk", (2, 3), (3, 4)),
    einsum("ba,b", (2, 3), (2,)),
    einsum("ij,ij", (2, 3), (2, 3)),
    einsum("ij,ij->", (2, 3), (2, 3)),
    einsum("ij,ij->ij", (2, 3), (2, 3)),
    einsum("i,j->ij", (2,), (3,)),
    einsum("i,i", (3,), (3,)),
    einsum("i->", (3,)),
    einsum("ij->i", (2, 3)),
    einsum("ij->ji", (2, 3)),
    einsum("ji", (2, 3)),
    einsum("ii->i", (3, 3)),
    einsum("ii->", (3, 3)),
    einsum("ii", (3, 3)),
    einsum("iij->ji", (3, 3, 2)),
    einsum("iii->i", (2, 2, 2)),
    einsum("ijij->ji", (2, 3, 2, 3)),
    einsum("ii,i->i", (3, 3), (3,)),
    einsum("ii,ij->j", (3, 3), (3, 2)),
    einsum("ij,k->k", (2, 3), (4,)),
    einsum("...ij,...jk->...ik", (5, 2, 3), (5, 3, 4)),
    einsum("...ij,...jk", (5, 2, 3), (3, 4)),
    einsum("...i,...i->...", (3,), (4, 2, 3)),
    einsum("i...,i...", (3, 4), (3, 2, 4)),
    einsum("...ii->...i", (2, 3, 3)),
    einsum("i...->...", (2, 3, 4)),
    einsum("...", (2, 3)),
    einsum("ij...,jk...->ik...", (2, 3), (3, 4)),
    einsum("ij,ij->ij", (1, 3), (2, 3)),
    einsum("ij,ij->j", (2, 1), (2, 3)),
    einsum("ij,ij->", (1, 3), (2, 1)),
    einsum("ii,i->i", (1, 1), (3,)),
    einsum(",ij", (), (2, 3)),
    einsum(",->", (), ()),
    einsum("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    einsum("ij,jk,kl->il", (2, 3), (3, 4), (4, 2), optimize=True),
    einsum("ij,jk,kl,l->i", (2, 3), (3, 4), (4, 2), (2,), optimize="greedy"),
    einsum("ij,jk,kl->il", (2, 3), (3, 4), (4, 2), optimize=["einsum_path", (1, 2), (0, 1)]),
    einsum("abc,acd,b->d", (2, 3, 4), (2, 4, 2), (3,), optimize="optimal"),
    einsum(" i j , j -> i ", (2, 3), (3,)),
    einsum("iJ,Ji->iJ", (2, 3), (3, 2)),
    einsum("ij,jk->ik", (2, 0), (0, 3)),
    einsum("ij->j", (0, 3)),
    Case("einsum of an operand used twice", lambda a: np.einsum("ij,kj->ik", a, a), (2, 3)),
    Case("einsum with a constant", lambda a: np.einsum("ij,jk->ik", A, a), (3, 2)),
    Case(
        "einsum with lists, explicit",
        lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]),
        (2, 3),
        (3, 4),
    ),
    Case(
        "einsum with lists, implicit", lambda a, b: np.einsum(a, [30, 1], b, [1, 2]), (2, 3), (3, 4)
    ),
    Case(
        "einsum with lists and Ellipsis",
        lambda a, b: np.einsum(a, [Ellipsis, 1], b, [1, 2], [Ellipsis, 2]),
        (5, 2, 3),
        (3, 4),
    ),
    Case("einsum with a list, a diagonal", lambda a: np.einsum(a, [0, 0]), (3, 3)),
]

if hasattr(np, "matvec"):
    CASES += [
        Case("matvec", np.matvec, (2, 3), (3,), covers=("matvec",)),
        Case("matvec of stacks", np.matvec, (4, 1, 2, 3), (5, 3)),
        Case("vecmat", np.vecmat, (2,), (2, 3), analytic=False, covers=("vecmat",)),
        Case("vecmat of stacks", np.vecmat, (4, 1, 2), (5, 2, 3), analytic=False),
        Case(
            "vecmat of complex vectors",
            lambda v, m: np.vecmat(v + 1j * v * v, m + 2j),
            (2,),
            (2, 3),
            analytic=False,
        ),
    ]
if np.lib.NumpyVersion(np.__version__) < "2.5.0":
    CASES += PLANAR
