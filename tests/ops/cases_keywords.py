"""Rows for keywords and kinds of axes that no other row happens to use.

`test_coverage.py` names those that none uses.
"""

import numpy as np
from case import Case
from cases_reduce import KINKED, called, forms
from numpy.lib.stride_tricks import sliding_window_view

TUPLE = ((2, 3, 4), {"axis": (0, -1), "keepdims": True})
NEGATIVE = ((2, 3, 4), {"axis": -2})


def reduced(name, *forms, **row):
    """Rows for the reduction by a ufunc."""
    return [
        Case(
            f"{name}.reduce of {shape} with {keywords}",
            lambda x, keywords=keywords: getattr(np, name).reduce(x, **keywords),
            shape,
            **row,
        )
        for shape, keywords in forms
    ]


def accumulated(name):
    return Case(
        f"{name}.accumulate with axis=-2", lambda x: getattr(np, name).accumulate(x, -2), (3, 2)
    )


def at_an_axis(name, function, *shapes, **row):
    return Case(f"{name}, a negative axis", function, *shapes, **row)


ORDER = np.array([[2, 0], [1, 1]])

CASES = [
    *(
        case
        for name in ("amax", "amin")
        for case in forms(name, [TUPLE, NEGATIVE, ((4, 2), {"initial": 0.005})], **KINKED)
    ),
    *forms("nanprod", [((3, 4), {"axis": -1, "initial": 2.5})]),
    *forms("nanmin", [((3, 4), {"axis": -2, "initial": 0.005})], **KINKED),
    *forms("nanvar", [((3, 4), {"axis": -1, "correction": 0.5})], analytic=False),
    *forms("nanstd", [((3, 4), {"axis": -1, "ddof": 0.5})], analytic=False),
    *(
        Case(
            f"{name} with {keywords}",
            called(name, **keywords, q=35.0 if "percent" in name else 0.35),
            (3, 3, 4),
            **KINKED,
        )
        for name in ("quantile", "percentile", "nanquantile", "nanpercentile")
        for keywords in (
            {"axis": -2, "method": "linear"},
            {"axis": (0, -1), "keepdims": True},
        )
    ),
    *reduced("add", NEGATIVE, ((2, 3), {"initial": 1.5})),
    *reduced("multiply", TUPLE, NEGATIVE, ((2, 3), {"initial": 1.5})),
    *reduced("maximum", TUPLE, NEGATIVE, ((4, 2), {"initial": 0.005}), **KINKED),
    *reduced("minimum", TUPLE, NEGATIVE, ((4, 2), {"initial": 0.005}), **KINKED),
    accumulated("add"),
    accumulated("multiply"),
    *forms("nancumsum", [((3, 4), {"axis": -2})]),
    *forms("nancumprod", [((3, 4), {"axis": -2})]),
    *forms("diff", [((3, 4), {"axis": -2})]),
    *forms("flip", [((2, 3), {"axis": -1})]),
    *forms("expand_dims", [((2, 3), {"axis": -2})]),
    *forms("rollaxis", [((2, 3, 4), {"axis": -1})]),
    *forms("split", [((2, 4), {"axis": -1, "indices_or_sections": 2})]),
    *forms("delete", [((2, 4), {"axis": -1, "obj": 1})]),
    *forms("partition", [((2, 4), {"axis": -2, "kth": 1})], **KINKED),
    *forms("unwrap", [((4, 3), {"axis": -2, "discont": 2.0})], analytic=False),
    *forms("angle", [((2, 3), {"deg": True})], domain="nonzero", analytic=False),
    *forms("real_if_close", [((2, 3), {"tol": 50})], analytic=False),
    *forms("around", [((2, 3), {"decimals": 1})], analytic=False),
    *forms(
        "nan_to_num",
        [((2, 3), {"copy": True, "nan": 1.0, "posinf": 2.0, "neginf": 3.0})],
        analytic=False,
    ),
    at_an_axis("take_along_axis", lambda x: np.take_along_axis(x, ORDER, axis=-2), (3, 2)),
    at_an_axis("compress", lambda x: np.compress([1, 0, 1], x, axis=-1), (2, 3)),
    at_an_axis("append", lambda x, y: np.append(x, y, axis=-1), (2, 3), (2, 1)),
    at_an_axis(
        "geomspace",
        lambda a, b: np.geomspace(a, b, 4, axis=-1),
        (2,),
        (),
        domain="positive",
        analytic=False,
    ),
    at_an_axis("cross", lambda a, b: np.cross(a, b, axis=-2), (3, 2), (3, 2)),
    at_an_axis("linalg.cross", lambda a, b: np.linalg.cross(a, b, axis=-2), (3, 2), (3, 2)),
    at_an_axis("sliding_window_view", lambda x: sliding_window_view(x, 2, axis=-2), (3, 4)),
    at_an_axis(
        "linalg.vector_norm",
        lambda x: np.linalg.vector_norm(x, axis=-2),
        (2, 3),
        domain="nonzero",
        analytic=False,
    ),
    *(
        Case(f"{name}, a dtype", function, (2, 3), analytic=False)
        for name, function in (
            ("full_like", lambda x: np.full_like(x, x[0, 0], dtype=float)),
            ("array", lambda x: np.array([x[0, 0], 1], dtype=float, like=x)),
            ("asarray", lambda x: np.asarray([x[0, 0], 1], dtype=float, like=x)),
        )
    ),
]

if hasattr(np, "unstack"):  # NumPy 2.1
    CASES += [
        *forms("unstack", [((2, 3), {"axis": -1})]),
        *forms("cumulative_sum", [((2, 3), {"axis": -2})]),
    ]
