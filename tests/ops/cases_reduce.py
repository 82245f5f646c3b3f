"""Rows for reductions, running sums and products, differences, statistics, interpolation."""

import numpy as np
from case import Case

# Functions with kinks: tested where none is near, and not by complex numbers.
KINKED = {"domain": "apart", "analytic": False}


def with_zeros(count):
    """Make a domain of numbers apart from 0 with this many zeros in the last row."""

    def draw(rng, shape):
        x = rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)
        x[..., :count] = 0.0
        return x

    return draw


def holes(x):
    """Zeros, with NaN among them, but nowhere along an axis NaN alone."""
    places = np.indices(np.shape(x)).sum(axis=0) % 3 == 1
    return np.where(places, np.nan, 0.0).astype(x.dtype)


def ascending(rng, shape):
    return np.cumsum(rng.uniform(0.5, 1.5, shape), axis=-1)


SMALL = np.array([5, 3, 200, 0], np.uint8)  # whose differences are not in range


def between(rng, shape):
    """Points between the places of `ascending`, none close to one."""
    return rng.uniform(0.55, 0.95, shape) + rng.integers(0, 3, shape)


# The forms that every reduction along axes has.

FORMS = [
    ((), {}),
    ((3,), {}),
    ((2, 3), {}),
    ((2, 3), {"axis": 0}),
    ((2, 3), {"axis": -1}),
    ((2, 3), {"axis": 1, "keepdims": True}),
    ((2, 3), {"keepdims": True}),
    ((2, 3, 4), {"axis": (0, 2)}),
    ((2, 3, 4), {"axis": (-1, 0), "keepdims": True}),
    ((2, 3, 4), {"axis": 1}),
    ((2, 3), {"axis": ()}),
    ((2, 1, 3), {"axis": 1}),
    ((1,), {"axis": 0}),
]


def called(name, **keywords):
    """The function; if it is one that leaves NaN out, then of an array in which there are some."""
    if name.startswith("nan"):
        return lambda x: getattr(np, name)(x + holes(x), **keywords)
    return lambda x: getattr(np, name)(x, **keywords)


def forms(name, forms=FORMS, shown="", **row):
    return [
        Case(
            f"{name}{shown} of {shape} with {keywords}",
            called(name, **keywords),
            shape,
            covers=(name,),
            **row,
        )
        for shape, keywords in forms
    ]


MANY = [(shape, keywords) for shape, keywords in FORMS if keywords.get("axis") != ()]
SPREAD = [(shape, keywords) for shape, keywords in MANY if shape not in ((), (1,), (2, 1, 3))]

NO_ZERO_D = [(shape, keywords) for shape, keywords in FORMS if shape]
TWO_D = [((2, 3), {"axis": 0}), ((2, 3), {"axis": -1}), ((2, 3), {})]

CASES = [
    *forms("sum"),
    *forms("mean"),
    *forms("prod"),
    *forms("prod", NO_ZERO_D, domain=with_zeros(1), shown=" with a zero", analytic=False),
    *forms(
        "prod",
        domain=with_zeros(2),
        shown=" with two zeros",
        forms=[((3,), {}), ((2, 3), {"axis": 1}), ((2, 3, 4), {"axis": (0, 2)})],
        analytic=False,
    ),
    *forms("max", **KINKED),
    *forms("amax", **KINKED, forms=TWO_D),
    *forms("min", **KINKED),
    *forms("amin", **KINKED, forms=TWO_D),
    *forms("var", MANY, analytic=False),
    *forms("std", SPREAD, analytic=False),
    *forms("ptp", MANY, **KINKED),
    *forms("median", MANY, **KINKED),
    *forms("nansum", SPREAD),
    *forms("nanmean", SPREAD),
    *forms("nanprod", SPREAD),
    *forms("nanmax", SPREAD, **KINKED),
    *forms("nanmin", SPREAD, **KINKED),
    *forms("nanmedian", SPREAD, **KINKED),
    *forms("nanvar", SPREAD, analytic=False),
    *forms("nanstd", SPREAD, analytic=False),
    Case(
        "nansum, nanmean, nanprod without NaN",
        lambda x: (np.nansum(x, 0), np.nanmean(x, 1), np.nanprod(x)),
        (2, 3),
    ),
    Case(
        "nanvar and nanstd without NaN",
        lambda x: (np.nanvar(x, 0), np.nanstd(x, 1)),
        (2, 3),
        analytic=False,
    ),
    Case("sum from a start", lambda x: np.sum(x, axis=1, initial=2.5), (2, 3)),
    Case("sum of nothing", lambda x: np.sum(x, axis=0), (0, 3)),
    Case("sum of nothing from a start", lambda x: np.sum(x, initial=1.5), (0,)),
    Case("prod from a start", lambda x: np.prod(x, axis=0, initial=2.5), (2, 3)),
    Case("prod of nothing", lambda x: np.prod(x, axis=0), (0, 3)),
    Case("max from a start", lambda x: np.max(x, axis=1, initial=0.005), (4, 2), **KINKED),
    Case("min from a start", lambda x: np.min(x, axis=0, initial=0.005), (4, 2), **KINKED),
    Case("nansum from a start", called("nansum", axis=0, initial=2.5), (2, 3)),
    Case("nanmax from a start", called("nanmax", axis=1, initial=0.005), (4, 2), **KINKED),
    Case("sum twice", lambda x: np.sum(np.sum(x, axis=0) ** 2), (2, 3)),
    Case("var with ddof", lambda x: np.var(x, axis=1, ddof=1), (2, 3), analytic=False),
    Case(
        "var with correction",
        lambda x: np.var(x, axis=0, correction=0.5, keepdims=True),
        (3, 2),
        analytic=False,
    ),
    Case("std with ddof", lambda x: np.std(x, ddof=1), (2, 3), analytic=False),
    Case(
        "std with correction",
        lambda x: np.std(x, axis=(0, 1), correction=1.5),
        (2, 3, 2),
        analytic=False,
    ),
    Case("nanvar with ddof", called("nanvar", axis=1, ddof=1), (2, 4), analytic=False),
    Case(
        "nanstd with correction", called("nanstd", axis=0, correction=0.5), (4, 2), analytic=False
    ),
    Case("quantile", lambda x: np.quantile(x, 0.3), (5,), **KINKED, covers=("quantile",)),
    Case(
        "quantile at the ends", lambda x: (np.quantile(x, 0.0), np.quantile(x, 1.0)), (5,), **KINKED
    ),
    Case(
        "quantile along an axis",
        lambda x: np.quantile(x, 0.6, axis=0, keepdims=True),
        (4, 3),
        **KINKED,
    ),
    Case("quantiles", lambda x: np.quantile(x, [0.1, 0.5, 0.9], axis=-1), (2, 4), **KINKED),
    Case(
        "a table of quantiles",
        lambda x: np.quantile(x, np.array([[0.1, 0.5], [0.25, 0.7]]), axis=(0, 2)),
        (2, 3, 4),
        **KINKED,
    ),
    Case(
        "percentile",
        lambda x: np.percentile(x, 35, axis=1),
        (2, 5),
        **KINKED,
        covers=("percentile",),
    ),
    Case("percentiles", lambda x: np.percentile(x, (10.0, 80.0), axis=1), (2, 5), **KINKED),
    Case(
        "nanquantile",
        called("nanquantile", q=0.4, axis=1),
        (3, 4),
        **KINKED,
        covers=("nanquantile",),
    ),
    Case(
        "nanpercentile",
        called("nanpercentile", q=[20, 70], axis=0),
        (4, 3),
        **KINKED,
        covers=("nanpercentile",),
    ),
    Case("median of an even number", lambda x: np.median(x), (4,), **KINKED),
    Case("median of an odd number", lambda x: np.median(x), (5,), **KINKED),
    Case("average", lambda x: np.average(x), (2, 3), covers=("average",)),
    Case("average along an axis", lambda x: np.average(x, axis=1, keepdims=True), (2, 3)),
    Case(
        "average with weights",
        lambda x, w: np.average(x, weights=w),
        (2, 3),
        (2, 3),
        domain=("real", "positive"),
    ),
    Case(
        "average with weights along an axis",
        lambda x, w: np.average(x, axis=0, weights=w),
        (2, 3),
        (2, 3),
        domain=("real", "positive"),
    ),
    Case(
        "average with one weight for each row",
        lambda x, w: np.average(x, axis=-2, weights=w),
        (2, 3),
        (2,),
        domain=("real", "positive"),
    ),
    Case(
        "average with weights on two axes",
        lambda x, w: np.average(x, axis=(2, 0), weights=w, keepdims=True),
        (2, 3, 4),
        (4, 2),
        domain=("real", "positive"),
    ),
    Case(
        "average and the sum of the weights",
        lambda x, w: np.average(x, axis=1, weights=w, returned=True),
        (2, 3),
        (3,),
        domain=("real", "positive"),
    ),
    Case("add.reduce", lambda x: np.add.reduce(x), (2, 3), covers=("add.reduce",)),
    Case(
        "add.reduce over two axes",
        lambda x: np.add.reduce(x, axis=(0, 2), keepdims=True),
        (2, 3, 4),
    ),
    Case("add.reduce over all", lambda x: np.add.reduce(x, axis=None), (2, 3)),
    Case(
        "multiply.reduce",
        lambda x: np.multiply.reduce(x, axis=1),
        (2, 3),
        covers=("multiply.reduce",),
    ),
    Case(
        "maximum.reduce",
        lambda x: np.maximum.reduce(x),
        (3, 2),
        **KINKED,
        covers=("maximum.reduce",),
    ),
    Case(
        "minimum.reduce",
        lambda x: np.minimum.reduce(x, axis=1),
        (3, 2),
        **KINKED,
        covers=("minimum.reduce",),
    ),
    Case(
        "add.accumulate", lambda x: np.add.accumulate(x, axis=1), (2, 3), covers=("add.accumulate",)
    ),
    Case(
        "multiply.accumulate",
        lambda x: np.multiply.accumulate(x),
        (3, 2),
        covers=("multiply.accumulate",),
    ),
    *forms(
        "cumsum",
        [
            ((3,), {}),
            ((2, 3), {}),
            ((2, 3), {"axis": 0}),
            ((2, 3, 2), {"axis": -2}),
            ((0, 2), {"axis": 0}),
            ((1,), {}),
            ((), {}),
        ],
    ),
    *forms(
        "cumprod",
        [
            ((3,), {}),
            ((2, 3), {}),
            ((2, 3), {"axis": 0}),
            ((2, 3, 2), {"axis": -2}),
            ((0, 2), {"axis": 0}),
            ((1,), {}),
            ((), {}),
        ],
    ),
    *forms(
        "cumprod",
        [((4,), {}), ((2, 3), {}), ((2, 4), {"axis": -1})],
        domain=with_zeros(1),
        shown=" with a zero",
    ),
    *forms(
        "cumprod",
        [((4,), {}), ((2, 4), {"axis": 1})],
        domain=with_zeros(2),
        shown=" with two zeros",
    ),
    *forms("nancumsum", [((4,), {}), ((2, 3), {"axis": 1})]),
    *forms("nancumprod", [((4,), {}), ((2, 3), {"axis": 1})]),
    *forms(
        "diff",
        [
            ((4,), {}),
            ((3, 4), {}),
            ((3, 4), {"axis": 0}),
            ((2, 4), {"n": 2}),
            ((4,), {"n": 0}),
            ((3,), {"n": 3}),
            ((3, 2), {"prepend": 1.5}),
            ((3, 2), {"axis": 0, "append": 0.5}),
        ],
    ),
    Case(
        "diff with ends that vary",
        lambda x, a, b: np.diff(x, axis=1, prepend=a, append=b),
        (2, 3),
        (2, 2),
        (2, 1),
    ),
    Case(
        "diff with a number at the end that varies",
        lambda x, a: np.diff(x, n=2, axis=0, append=a),
        (3, 2),
        (),
    ),
    *forms("ediff1d", [((4,), {}), ((2, 3), {}), ((3,), {"to_begin": 1.0, "to_end": [2.0, 3.0]})]),
    Case(
        "ediff1d with ends that vary",
        lambda x, a, b: np.ediff1d(x, to_end=a, to_begin=b),
        (4,),
        (2,),
        (),
    ),
    *forms(
        "trapezoid",
        [
            ((4,), {}),
            ((2, 4), {"dx": 0.5}),
            ((4, 2), {"axis": 0}),
            ((2, 3, 2), {"axis": -2, "dx": 2.0}),
        ],
    ),
    Case(
        "trapezoid at places",
        lambda y, x: np.trapezoid(y, x),
        (4,),
        (4,),
        domain=("real", ascending),
    ),
    Case(
        "trapezoid at places along an axis",
        lambda y, x: np.trapezoid(y, x, axis=0),
        (4, 2),
        (4,),
        domain=("real", ascending),
    ),
    Case(
        "trapezoid at places for each row",
        lambda y, x: np.trapezoid(y, x=x),
        (2, 4),
        (2, 4),
        domain=("real", ascending),
    ),
    Case(
        "trapezoid of one row at the places of several",
        lambda y, x: np.trapezoid(y, x),
        (4,),
        (2, 4),
        domain=("real", ascending),
    ),
    Case(
        "trapezoid of one row at the places of several, axis=0",
        lambda y, x: np.trapezoid(y, x, axis=0),
        (4,),
        (4, 3),
        domain=("real", lambda rng, shape: ascending(rng, shape[::-1]).T),
    ),
    Case("trapezoid with a step for each area", lambda y, h: np.trapezoid(y, dx=h), (4,), (2, 3)),
    Case("trapezoid with a step that varies", lambda y, h: np.trapezoid(y, dx=h), (2, 4), ()),
    *forms(
        "gradient",
        [
            ((4,), {}),
            ((3, 4), {}),
            ((3, 4), {"axis": 0}),
            ((3, 4), {"axis": (1, 0)}),
            ((2, 4), {"axis": -1, "edge_order": 2}),
            ((3, 3), {"edge_order": 2}),
            ((2,), {}),
        ],
    ),
    Case("gradient with a spacing", lambda x: np.gradient(x, 0.5), (4, 3)),
    Case("gradient with two spacings", lambda x: np.gradient(x, 0.5, 2.0), (4, 3)),
    Case("gradient with even places", lambda x: np.gradient(x, [0.0, 0.5, 1.0, 1.5]), (4,)),
    Case("gradient with places", lambda x: np.gradient(x, np.array([0.0, 0.5, 1.5, 1.7])), (4,)),
    Case(
        "gradient with places and a spacing",
        lambda x: np.gradient(x, [0.0, 0.5, 1.5, 1.7], 0.3),
        (4, 3),
    ),
    Case(
        "gradient with places to second order at the edges",
        lambda x: np.gradient(x, [0.0, 0.5, 1.5, 1.7], axis=1, edge_order=2),
        (3, 4),
    ),
    Case(
        "gradient with a spacing that varies",
        lambda x, h: np.gradient(x, h),
        (4, 3),
        (),
        domain=("real", "positive"),
    ),
    Case(
        "gradient of small integers",
        lambda h, p: (np.gradient(SMALL, h), np.gradient(SMALL, p, edge_order=2)),
        (),
        (4,),
        domain=("positive", ascending),
        analytic=False,
    ),
    Case(
        "gradient with places that vary",
        lambda x, p: np.gradient(x, p, axis=1),
        (2, 4),
        (4,),
        domain=("real", ascending),
    ),
    Case(
        "gradient with places that vary to second order at the edges",
        lambda x, p: np.gradient(x, p, edge_order=2),
        (4,),
        (4,),
        domain=("real", ascending),
    ),
    *[
        Case(
            f"{name} of {n} and {m}, {mode}",
            lambda a, v, name=name, mode=mode: getattr(np, name)(a, v, mode),
            (n,),
            (m,),
            covers=(name,),
            analytic=name == "convolve",
        )
        for name in ("convolve", "correlate")
        for mode in ("full", "same", "valid")
        for n, m in ((5, 3), (4, 4), (5, 2), (2, 5), (3, 4), (1, 3), (1, 1))
    ],
    Case(
        "convolve and correlate by default",
        lambda a, v: (np.convolve(a, v), np.correlate(a, v)),
        (4,),
        (2,),
        analytic=False,
    ),
    Case(
        "interp",
        lambda x, f: np.interp(x, np.arange(4.0), f),
        (5,),
        (4,),
        domain=(between, "real"),
        analytic=False,
        covers=("interp",),
    ),
    Case(
        "interp of a table of points",
        lambda x, f: np.interp(x, [0.0, 1.0, 1.9, 3.0], f),
        (2, 3),
        (4,),
        domain=(between, "real"),
        analytic=False,
    ),
    Case(
        "interp of a number",
        lambda x, f: np.interp(x, np.arange(4.0), f),
        (),
        (4,),
        domain=(between, "real"),
        analytic=False,
    ),
    Case(
        "interp in the places",
        lambda x, p, f: np.interp(x, p, f),
        (5,),
        (4,),
        (4,),
        domain=(
            lambda rng, shape: 1.3 * np.arange(1.0, shape[0] + 1.0),
            lambda rng, shape: np.arange(shape[0]) * 1.7 + 1.0,
            "real",
        ),
        analytic=False,
    ),
    Case("trapezoid over booleans", lambda y: np.trapezoid(y, [False, True, True]), (3,)),
    Case(
        "interp of a table of small integers",
        lambda x: np.interp(x, np.arange(4, dtype=np.int8), SMALL),
        (5,),
        domain=between,
        analytic=False,
    ),
    Case(
        "interp between places that are whole numbers",
        lambda x, f: np.interp(x, [0, 1, 2, 3], f) * np.interp(1, [0, 1, 2, 3], f),
        (5,),
        (4,),
        domain=(between, "real"),
        analytic=False,
    ),
    Case(
        "interp of a table of booleans around a period",
        lambda x: np.interp(x, [0, 1, 2], [False, True, True], period=4),
        (5,),
        domain=between,
        analytic=False,
    ),
    Case(
        "interp outside",
        lambda x, f: np.interp(x - 2.0, np.arange(4.0), f),
        (5,),
        (4,),
        domain=(between, "real"),
        analytic=False,
    ),
    Case(
        "interp outside with ends",
        lambda x, f: np.interp(4.0 * x - 4.0, np.arange(4.0), f, left=-1.5, right=2.5),
        (5,),
        (4,),
        domain=(between, "real"),
        analytic=False,
    ),
    Case(
        "interp of a table of one place",
        lambda x, f: np.interp(x, [1.0], f),
        (3,),
        (1,),
        domain=(between, "real"),
        analytic=False,
    ),
    Case(
        "interp around a period",
        lambda x, f: np.interp(x + 4.0, [2.0, 0.0, 5.0, 3.0], f, period=4.0),
        (5,),
        (4,),
        domain=(between, "real"),
        analytic=False,
    ),
]

if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    CASES += [
        *forms(
            "cumulative_sum",
            [
                ((3,), {}),
                ((2, 3), {"axis": 1}),
                ((2, 3), {"axis": 0, "include_initial": True}),
                ((3,), {"include_initial": True}),
            ],
        ),
        *forms("cumulative_prod", [((3,), {}), ((2, 3), {"axis": -1, "include_initial": True})]),
    ]
