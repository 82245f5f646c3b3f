"""Rows for indexing, fetching by number, diagonals, sorting and choosing."""

import numpy as np
from case import Case

# Functions with kinks: tested where none is near, and not by complex numbers.
KINKED = {"domain": "apart", "analytic": False}

MASK = np.array([[True, False, True], [False, False, True]])
PLACES = np.array([2, 0, 2, -1])


def indexed(name, shape, *indices):
    """A row for each index; written as in ``x[...]``."""
    return [Case(f"x[{name}] {k}", lambda x, i=i: x[i], shape) for k, i in enumerate(indices)]


CASES = [
    *indexed(
        "basic",
        (4, 3),
        1,
        -1,
        slice(1, 3),
        slice(None, None, -1),
        (2, 1),
        (slice(None), 1),
        (slice(3, 0, -2), slice(1, None)),
        (),
        (0, slice(0, 0)),
    ),
    *indexed("...", (2, 3, 4), ..., (..., 1), (0, ...), (0, ..., slice(1, 3)), (1, 2, ..., 3)),
    *indexed(
        "newaxis", (2, 3), None, (slice(None), None), (..., None), (None, 0, None, 1), (None, ...)
    ),
    *indexed("newaxis of a number", (), None, ..., (..., None), ()),
    *indexed(
        "integers",
        (4, 3),
        [0, 2],
        [1, 1, 1],
        PLACES,
        PLACES.reshape(2, 2),
        np.array(1),
        np.int64(2),
        np.uint8(3),
        [],
        (PLACES, 1),
        (slice(1, None), [2, 0, 0]),
        ([0, 1, 0], [2, 1, 2]),
        ([[0], [1]], [2, 0]),
        ([3, 3], slice(None, None, 2)),
    ),
    *indexed(
        "integers apart",
        (2, 3, 4),
        ([0, 1, 1], slice(None), [3, 0, 0]),
        (0, slice(None), [1, 1]),
        (slice(None), [0, 2, 2]),
        ([0, 1], [2, 1], ...),
        (..., [0, 0]),
        (None, [0, 0], slice(1, 3)),
        ([[1, 0]], None, [2]),
    ),
    *indexed(
        "booleans",
        (2, 3),
        MASK,
        ~MASK,
        (slice(None), MASK[0]),
        (MASK[:, 0], 1),
        np.zeros((2, 3), bool),
        True,
        (None, MASK),
        np.array([True, False]),
    ),
    *indexed(
        "booleans and integers",
        (2, 3, 4),
        (MASK, 0),
        (MASK, [1, 1, 0]),
        (0, MASK[0], slice(1, 3)),
        ([True, False], slice(None), [0, 1, 1]),
    ),
    Case("x[x > 0]", lambda x: x[x > 0] ** 2, (2, 3), domain="nonzero", analytic=False),
    Case("x[argmax]", lambda x: x[np.argmax(x)] * x[np.argsort(x)[0]], (4,), **KINKED),
    Case("x[i] used twice", lambda x: x[[0, 1, 1]] * x[[1, 2, 2]], (3,)),
    Case("x[i][j]", lambda x: x[[2, 0, 0]][:, [1, 1]][1], (3, 2)),
    Case("take", lambda x: np.take(x, [0, 5, 5]), (2, 3), covers=("take",)),
    Case("take along an axis", lambda x: np.take(x, [[0, 2], [2, 2]], axis=1), (2, 3)),
    Case("take of one", lambda x: np.take(x, 1, axis=-1), (2, 3)),
    Case("take, wrapping", lambda x: np.take(x, [4, -5, 0], axis=0, mode="wrap"), (3, 2)),
    Case("take, clipping", lambda x: np.take(x, [4, -5, 1], mode="clip"), (3,)),
    Case("x.take", lambda x: x.take([1, 1], axis=0), (3, 2)),
    Case(
        "take_along_axis",
        lambda x: np.take_along_axis(x, np.array([[0], [2]]), axis=1),
        (2, 3),
        covers=("take_along_axis",),
    ),
    Case(
        "take_along_axis with many",
        lambda x: np.take_along_axis(x, np.array([[1, 1, 0], [0, 0, 0]]), axis=0),
        (2, 3),
    ),
    Case(
        "take_along_axis of everything",
        lambda x: np.take_along_axis(x, np.array([4, 4, 0]), axis=None),
        (2, 3),
    ),
    Case(
        "take_along_axis, broadcast",
        lambda x: np.take_along_axis(x, np.array([[[1, 0]]]), axis=2),
        (2, 3, 2),
    ),
    Case(
        "take_along_axis by argsort",
        lambda x: np.take_along_axis(x, np.argsort(x, axis=0), axis=0),
        (3, 2),
        **KINKED,
    ),
    Case(
        "compress",
        lambda x: np.compress([True, False, True], x, axis=1),
        (2, 3),
        covers=("compress",),
    ),
    Case("compress of everything", lambda x: np.compress([False, True, True, False], x), (2, 3)),
    Case("x.compress", lambda x: x.compress([False, True], axis=0), (2, 3)),
    Case("extract", lambda x: np.extract(MASK, x), (2, 3), covers=("extract",)),
    Case(
        "choose",
        lambda x, y: np.choose([[0, 1, 1], [1, 0, 0]], [x, y]),
        (2, 3),
        (3,),
        covers=("choose",),
    ),
    Case("choose, wrapping", lambda x, y: np.choose([3, 0, -1], (x, y), mode="wrap"), (3,), ()),
    Case(
        "bincount with weights",
        lambda w: np.bincount([0, 3, 1, 3], weights=w, minlength=6),
        (4,),
        analytic=False,
        covers=("bincount",),
    ),
    Case("where", lambda x, y: np.where(MASK, x, y), (2, 3), (3,), covers=("where",)),
    Case(
        "where of a comparison",
        lambda x, y: np.where(x > 0, x * y, y),
        (2, 3),
        (2, 1),
        domain="nonzero",
        analytic=False,
    ),
    Case("where with one argument", lambda x: x[np.where(MASK)], (2, 3)),
    Case(
        "select",
        lambda x, y: np.select([MASK, MASK[0]], [x, y], default=2.0),
        (2, 3),
        (2, 3),
        covers=("select",),
    ),
    Case(
        "select with a default that varies",
        lambda x, y, z: np.select([MASK, ~MASK & MASK[1]], [x, y], z),
        (2, 3),
        (3,),
        (),
    ),
    Case(
        "piecewise",
        lambda x: np.piecewise(x, [x < -0.5, x > 0.5], [lambda z: z**2, 3.0, lambda z: -z]),
        (7,),
        analytic=False,
        covers=("piecewise",),
    ),
    Case(
        "piecewise, of a function that widens",
        lambda x: np.piecewise(x, [[True, False, True]], [lambda z: z**2 * np.float64(2.5), 1.0]),
        (3,),
        analytic=False,
    ),
    Case(
        "piecewise by rows",
        lambda x: np.piecewise(x, [[True, False, True]], [lambda z: z**2, 1.0]),
        (3, 2),
        analytic=False,
    ),
    Case(
        "piecewise with overlaps and arguments",
        lambda x: np.piecewise(x, [x < 0, x < -0.5], [lambda z, p: p * z, lambda z, p: z**p], 3),
        (7,),
        analytic=False,
    ),
    Case("clip", lambda x: np.clip(x, -0.21, 0.21), (3, 5), **KINKED, covers=("clip",)),
    Case("clip from below", lambda x: np.clip(x, 0.055, None), (5,), **KINKED),
    Case("clip from above", lambda x: np.clip(x, None, 0.055), (5,), **KINKED),
    Case(
        "clip by array bounds",
        lambda x: np.clip(x, [-0.05, 0.07, -9.0], np.array([[0.05], [0.17]])),
        (2, 3),
        **KINKED,
    ),
    Case(
        "clip by bounds that vary",
        lambda x, a, b: np.clip(x, a - 0.3, b + 0.3),
        (3, 4),
        (4,),
        (3, 1),
        **KINKED,
    ),
    Case("x.clip", lambda x: x.clip(-0.055, 0.155) + x.clip(max=0.255), (5,), **KINKED),
    Case("diag of a vector", lambda x: np.diag(x), (3,), covers=("diag",)),
    Case("diag of a vector off the middle", lambda x: np.diag(x, k=-2) + np.diag(x, 2), (2,)),
    Case("diag of a matrix", lambda x: np.diag(x), (3, 3)),
    Case("diag of a wide matrix", lambda x: np.diag(x, 1), (2, 4)),
    Case(
        "diag of a tall matrix", lambda x: (np.diag(x, -1), np.diag(x, -3), np.diag(x, 5)), (4, 2)
    ),
    Case("diagflat", lambda x: np.diagflat(x, 1), (2, 2), covers=("diagflat",)),
    Case("diagonal", lambda x: np.diagonal(x), (3, 2), covers=("diagonal",)),
    Case("diagonal of a stack", lambda x: np.diagonal(x, offset=-1, axis1=2, axis2=0), (3, 2, 4)),
    Case("x.diagonal", lambda x: x.diagonal(1, 1, 2), (2, 3, 3)),
    Case("trace", lambda x: np.trace(x), (3, 3), covers=("trace",)),
    Case("trace off the middle", lambda x: np.trace(x, 1), (2, 4)),
    Case("trace of a stack", lambda x: np.trace(x, offset=-1, axis1=-1, axis2=0), (3, 2, 4)),
    Case("x.trace", lambda x: x.trace(), (3, 2)),
    *[
        Case(
            f"{name} from {k} of {shape}",
            lambda x, name=name, k=k: getattr(np, name)(x, k),
            shape,
            covers=(name,),
        )
        for name in ("tril", "triu")
        for k, shape in (
            (0, (3, 3)),
            (1, (2, 4)),
            (-1, (4, 2)),
            (0, (2, 3, 3)),
            (-9, (2, 2)),
            (0, (3,)),
        )
    ],
    Case("sort", lambda x: np.sort(x), (5,), domain="apart", covers=("sort",)),
    Case("sort along an axis", lambda x: np.sort(x, axis=0), (3, 2), domain="apart"),
    Case("sort of everything", lambda x: np.sort(x, axis=None), (2, 3), domain="apart"),
    Case(
        "sort, stable",
        lambda x: np.sort(x, axis=-2, kind="stable") * np.sort(x, axis=0, stable=True),
        (3, 2),
        domain="apart",
    ),
    Case("partition", lambda x: np.partition(x, 2), (7,), **KINKED, covers=("partition",)),
    Case("partition along an axis", lambda x: np.partition(x, (1, 3), axis=0), (5, 2), **KINKED),
    Case("partition of everything", lambda x: np.partition(x, 2, axis=None), (2, 3), **KINKED),
    Case(
        "argsort, argmax and their like",
        lambda x: x * np.argsort(x) + np.argmax(x) * np.sum(x) + np.argmin(x) * x,
        (5,),
        **KINKED,
    ),
]

if hasattr(np, "unstack"):  # NumPy 2.1
    CASES += [
        Case("clip with min and max", lambda x: np.clip(x, min=-0.055, max=0.155), (5,), **KINKED)
    ]
