"""Rows for the elementwise functions: every ufunc on every shape, operators, where and its like."""

import numpy as np
from case import Case

SHAPES = [(), (3,), (2, 3)]
PAIRS = [
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((), (2, 3)),
    ((2, 1), (1, 3)),
    ((1, 3), (4, 1, 1)),
    ((), ()),
    ((0, 3), (3,)),
]

# fmt: off
# name          domain      analytic
UNARY = [
    ("negative",  "real",     True),
    ("positive",  "real",     True),
    ("absolute",  "nonzero",  False),
    ("fabs",      "nonzero",  False),
    ("reciprocal","nonzero",  True),
    ("square",    "real",     True),
    ("sqrt",      "positive", True),
    ("cbrt",      "nonzero",  False),
    ("exp",       "real",     True),
    ("exp2",      "real",     True),
    ("expm1",     "real",     True),
    ("log",       "positive", True),
    ("log2",      "positive", True),
    ("log10",     "positive", True),
    ("log1p",     "unit",     True),
    ("sin",       "real",     True),
    ("cos",       "real",     True),
    ("tan",       "unit",     True),
    ("arcsin",    "unit",     True),
    ("arccos",    "unit",     True),
    ("arctan",    "real",     True),
    ("sinh",      "real",     True),
    ("cosh",      "real",     True),
    ("tanh",      "real",     True),
    ("arcsinh",   "real",     True),
    ("arctanh",   "unit",     True),
    ("deg2rad",   "real",     False),
    ("radians",   "real",     False),
    ("rad2deg",   "real",     False),
    ("degrees",   "real",     False),
    ("conjugate", "real",     False),
    ("sign",      "nonzero",  False),
    ("floor",     "real",     False),
    ("ceil",      "real",     False),
    ("rint",      "real",     False),
    ("trunc",     "real",     False),
]
BINARY = [
    ("add",         "real",     True),
    ("subtract",    "real",     True),
    ("multiply",    "real",     True),
    ("divide",      "nonzero",  True),
    ("power",       "positive", True),
    ("float_power", "positive", True),
    ("remainder",   "positive", False),
    ("fmod",        "positive", False),
    ("floor_divide","positive", False),
    ("maximum",     "apart",    False),
    ("minimum",     "apart",    False),
    ("fmax",        "apart",    False),
    ("fmin",        "apart",    False),
    ("arctan2",     "nonzero",  False),
    ("hypot",       "nonzero",  False),
    ("logaddexp",   "real",     False),
    ("logaddexp2",  "real",     False),
    ("copysign",    "nonzero",  False),
]
# fmt: on

CASES = [
    Case(f"{name} of {shape}", getattr(np, name), shape, domain=d, analytic=a, covers=(name,))
    for name, d, a in UNARY
    for shape in SHAPES
] + [
    Case(f"{name} of {pair}", getattr(np, name), *pair, domain=d, analytic=a, covers=(name,))
    for name, d, a in BINARY
    for pair in PAIRS
]
# Of every element of one operand with every one of the other.
CASES += [
    Case(f"{name}.outer", getattr(np, name).outer, (2, 2), (3,), domain=d, analytic=a)
    for name, d, a in BINARY
]


def beyond_one(rng, shape):
    return rng.uniform(1.2, 3.0, shape)


def away_from_steps(rng, shape):
    """Numbers whose distance from the nearest half and whole is at least 0.1."""
    return rng.integers(-3, 3, shape) + rng.uniform(0.1, 0.4, shape)


SMALL = np.array([17, 100, 251], np.uint8)
MASK = np.array([[True, False, True], [False, False, True]])

CASES += [
    Case("arccosh", np.arccosh, (2, 3), domain=beyond_one, covers=("arccosh",)),
    Case("arccosh of a scalar", np.arccosh, (), domain=beyond_one),
    Case("an empty array", np.exp, (0,)),
    Case("an empty matrix", np.tanh, (2, 0)),
    Case("many axes", np.sin, (1, 2, 1, 3, 1)),
    # Python's operators, with a Variable on either side and plain numbers on the other.
    Case("x + 1, 1 + x", lambda x: (x + 1) * (1 + x), (2, 3)),
    Case("x - 1, 1 - x", lambda x: (x - 1) * (1 - x), (2, 3)),
    Case("x * 3, 3 * x", lambda x: x * 3 + 3 * x * x, (2, 3)),
    Case("x / 3, 3 / x", lambda x: x / 3 + 3 / x, (2, 3), domain="nonzero"),
    Case("+x, -x", lambda x: +x * -x, (2, 3)),
    Case("abs(x)", abs, (2, 3), domain="nonzero", analytic=False),
    Case("x % 3", lambda x: x % 0.7, (2, 3), domain=away_from_steps, analytic=False),
    Case("3 % x", lambda x: 3.1 % x, (2, 3), domain="positive", analytic=False),
    Case("x // 3", lambda x: x // 0.7, (2, 3), domain=away_from_steps, analytic=False),
    Case("an array on the left", lambda x: np.arange(1.0, 4.0) * x, (2, 3)),
    Case("an array on the right", lambda x: x - np.arange(1.0, 4.0), (2, 3)),
    Case("a NumPy scalar on the left", lambda x: np.float32(2.0) * x, (2, 3)),
    Case("an integer array", lambda x: x * np.arange(3), (2, 3)),
    Case("a boolean array", lambda x: x * MASK, (2, 3)),
    Case("a list", lambda x: np.multiply(x, [1.0, 2.0, 3.0]), (2, 3)),
    # Constants that have no room for their own squares.
    Case("arctan2 over small integers", lambda x: np.arctan2(x, SMALL), (2, 3), analytic=False),
    Case("arctan2 of small integers", lambda x: np.arctan2(SMALL, x), (2, 3), analytic=False),
    Case("hypot with small integers", lambda x: np.hypot(x, SMALL), (2, 3), analytic=False),
    Case("small integers to a power", lambda x: SMALL**x, (2, 3)),
    # Real operands of complex functions, and complex ones of those that are not analytic.
    Case(
        "the sign of a complex number",
        lambda a, b: np.sign(a + 1j * b),
        (2, 3),
        (3,),
        domain=("nonzero", "real"),
        analytic=False,
    ),
    Case(
        "a negative number to a complex power",
        lambda p: (-2.0) ** (p * (1 + 1j)) + np.array([-1, 2, -3]) ** (0j + p),
        (2, 3),
        analytic=False,
    ),
    # Powers with a plain exponent have rules of their own.
    Case("x**0", lambda x: x**0 * x, (2, 3)),
    Case("x**1", lambda x: x**1, (2, 3)),
    Case("x**2", lambda x: x**2, (2, 3)),
    Case("x**3", lambda x: x**3, (2, 3)),
    Case("x**3.0 below zero", lambda x: x**3.0, (2, 3), domain="nonzero"),
    Case("x**-2", lambda x: x**-2, (2, 3), domain="nonzero"),
    Case("x**0.5", lambda x: x**0.5, (2, 3), domain="positive"),
    Case("x**array", lambda x: x ** np.array([0.0, 1.0, 2.0]), (2, 3)),
    Case("x**0-d array", lambda x: x ** np.float64(3.0), (2, 3)),
    Case("2**x", lambda x: 2.0**x, (2, 3)),
    Case("array**x", lambda x: np.array([0.5, 1.0, 2.0]) ** x, (2, 3)),
    # The same variable twice in one call.
    Case("x * x", lambda x: np.multiply(x, x), (2, 3)),
    Case("x / x", lambda x: np.divide(x, x), (2, 3), domain="nonzero"),
    Case("x**x", lambda x: np.power(x, x), (2, 3), domain="positive"),
    Case("hypot(x, x)", lambda x: np.hypot(x, x), (2, 3), domain="nonzero", analytic=False),
    # where, by a mask that is a constant and by one that depends on the value.
    Case("where by a mask", lambda a, b: np.where(MASK, a, b), (2, 3), (2, 3), covers=("where",)),
    Case("where, branches broadcast", lambda a, b: np.where(MASK, a, b), (3,), (2, 1)),
    Case("where, mask broadcasts", lambda a, b: np.where(MASK[:, :1], a, b), (2, 3), (3,)),
    Case("where, scalar branch", lambda a: np.where(MASK, a, 0.0), (2, 3)),
    Case("where, scalar condition", lambda a, b: np.where(True, a, b), (3,), (2, 1)),
    Case(
        "where by value",
        lambda x: np.where(x > 0, np.sin(x), x**2),
        (2, 3),
        domain="nonzero",
        analytic=False,
    ),
    Case(
        "clip on both sides",
        lambda x: np.clip(x, -0.51, 0.52),
        (3, 4),
        analytic=False,
        covers=("clip",),
    ),
    Case("clip below", lambda x: np.clip(x, 0.01, None), (3, 4), analytic=False),
    Case("clip above", lambda x: np.clip(x, None, 0.01), (3, 4), analytic=False),
    Case(
        "clip by operands",
        lambda x, low, high: np.clip(x, low, high),
        (3, 4),
        (4,),
        (),
        domain=("real", lambda rng, shape: rng.uniform(-1, 0, shape), "positive"),
        analytic=False,
    ),
    Case("sinc", np.sinc, (2, 3), covers=("sinc",)),
    Case("sinc near 0", lambda x: np.sinc(0.01 * x), (2, 3)),
    Case("nan_to_num", np.nan_to_num, (2, 3), analytic=False, covers=("nan_to_num",)),
    Case("real", np.real, (2, 3), analytic=False, covers=("real",)),
    Case("imag", np.imag, (2, 3), analytic=False, covers=("imag",)),
    Case("real_if_close", np.real_if_close, (2, 3), analytic=False, covers=("real_if_close",)),
    Case("conj of a real number", np.conj, (2, 3), analytic=False, covers=("conj",)),
    # Complex numbers in between: real operands in, real results out.
    Case("real of a product", lambda x: np.real((x + 2j) * (1 - 1j * x)), (2, 3), analytic=False),
    Case("imag of an exponential", lambda x: np.imag(np.exp(1j * x) * x), (2, 3), analytic=False),
    Case("abs of a complex number", lambda x: np.abs(x + 1j * x**2 + 0.5), (2, 3), analytic=False),
    Case("angle", lambda x: np.angle(x + 2j), (2, 3), analytic=False, covers=("angle",)),
    Case("conj", lambda x: np.real(np.conj(x + 2j) * (x * 1j)), (2, 3), analytic=False),
    Case("complex quotient", lambda x: np.real((1 + x) / (x - 2j)), (2, 3), analytic=False),
    Case("complex output", lambda x: x * np.exp(1j * x), (2, 3), analytic=False),
    # Steps.
    Case("fix", np.fix, (2, 3), domain=away_from_steps, analytic=False, covers=("fix",)),
    Case("round", lambda x: np.round(x, 1), (2, 3), analytic=False, covers=("round",)),
    Case(
        "heaviside",
        lambda x: np.heaviside(x, 0.5),
        (2, 3),
        domain="nonzero",
        analytic=False,
        covers=("heaviside",),
    ),
    Case("around", lambda x: np.around(x), (2, 3), domain=away_from_steps, analytic=False),
    Case("spacing", np.spacing, (2, 3), analytic=False, covers=("spacing",)),
    Case("nextafter", lambda x: np.nextafter(x, 5.0), (2, 3), analytic=False),
    Case("ldexp", lambda x: np.ldexp(x, np.array([-1, 0, 3])), (2, 3), analytic=False),
    Case("modf", np.modf, (2, 3), domain=away_from_steps, analytic=False),
    Case(
        "the fraction of modf",
        lambda x: np.modf(x)[0] ** 2,
        (2, 3),
        domain=away_from_steps,
        analytic=False,
    ),
    Case("frexp", lambda x: np.frexp(x)[0] ** 2, (2, 3), domain=away_from_steps, analytic=False),
    Case("heaviside.outer", np.heaviside.outer, (3,), (2,), domain="nonzero", analytic=False),
    Case("nextafter.outer", np.nextafter.outer, (2,), (3,), analytic=False),
    Case("ldexp.outer", lambda x: np.ldexp.outer(x, [-1, 0, 3]), (2,), analytic=False),
    Case("divmod.outer", np.divmod.outer, (2,), (3,), domain="positive", analytic=False),
    Case("divmod", np.divmod, (2, 3), (3,), domain="positive", analytic=False),
    Case(
        "unwrap", lambda x: np.unwrap(3.0 * x, axis=0), (4, 3), analytic=False, covers=("unwrap",)
    ),
    Case(
        "unwrap of another period", lambda x: np.unwrap(3.0 * x, period=4.0), (5,), analytic=False
    ),
    Case("i0", np.i0, (2, 3), domain="nonzero", analytic=False, covers=("i0",)),
]

if hasattr(np, "astype"):  # since NumPy 2.1
    CASES += [Case("astype", lambda x: np.astype(x, np.float64) * x, (2, 3), analytic=False)]
