"""Emitted code: readable straight-line Python that computes what its program says, and no more."""

import ast
import math

import numpy as np
import pytest
from hypothesis import given, settings
from machines import ELEMENTWISE, SUMS, VIEWS, interpret, programs, record, same_bits
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg
from minigrad.ops.elementwise import power
from minigrad.ops.products import matmul_nt, matmul_tn
from minigrad.ops.special import twice
from minigrad.primitive import Primitive, primitive
from minigrad.program import emit, optimise
from minigrad.program.emit import MATH

V, M = np.array([1.5, -2.0]), np.array([[1.5, -2.0], [0.25, 3.0]])


def frozen(inputs):
    """Return copies that nobody can write to."""
    copies = [np.array(x)[()] if isinstance(x, np.ndarray) else x for x in inputs]
    for x in copies:
        if isinstance(x, np.ndarray):
            x.flags.writeable = False
    return copies


def run(program, inputs):
    """Return what the emitted code gives, checked to leave its inputs alone."""
    given = frozen(inputs)
    with np.errstate(all="ignore"):
        outputs = emit(program).function(*given)
    for x, before in zip(given, inputs, strict=True):
        assert same_bits(x, before)
    return outputs


def check(program, inputs):
    """Check that emitted code gives the numbers of the program, as it is and optimised."""
    with np.errstate(all="ignore"):
        expected = interpret(program, *inputs)
        for one in (program, optimise(program)):
            for a, b in zip(run(one, inputs), expected, strict=True):
                assert same_bits(a, b), str(emit(one))


# What it looks like


@given(programs(VIEWS | ELEMENTWISE | SUMS, (3, 12)))
def test_it_is_one_straight_line_function(made):
    program, _ = made
    with np.errstate(all="ignore"):
        emitted = emit(optimise(program), "step")
    (function,) = ast.parse(emitted.source).body
    assert isinstance(function, ast.FunctionDef)
    assert function.name == "step"
    assert len(function.args.args) == len(program.inputs)
    *body, end = function.body
    assert isinstance(end, ast.Return)
    for row in body:
        assert isinstance(row, ast.Assign | ast.AugAssign | ast.Expr)
        assert not isinstance(row, ast.Expr) or isinstance(row.value, ast.Call)
    assert str(emitted) == emitted.source


def test_arithmetic_is_written_as_arithmetic_and_in_place():
    program = record(lambda x, eta: np.exp(x * eta) + 1.0, V, 0.5, names=["x", "eta"])
    rows = [row.split("  #")[0].strip() for row in emit(program).source.splitlines()]
    assert rows == [
        "def program(x, eta):",
        "scaled = x * eta",
        "np.exp(scaled, out=scaled)",
        "scaled += 1.0",
        "return scaled,",
    ]


NAMES = ["lambda", "np", "math", "float", "exp", "program", "constant_0", "1x", "", "é b", "twice"]


@pytest.mark.parametrize("name", NAMES)
def test_names_do_not_clash(name):
    """Neither with Python, nor with NumPy, nor with primitives and constants."""
    c = np.array([0.25, -1.0])

    def function(x, s):
        return [twice(np.sum(np.exp(x)), x * c) + np.inf, np.exp(s) + np.sum(x), np.tanh(s)]

    for names in ([name, "s"], ["x", name], [name, f"{name}_2"]):
        program = record(function, V, 0.5, names=names)
        for a, b in zip(run(program, [V, 0.5]), interpret(program, V, 0.5), strict=True):
            assert_allclose(a, b, rtol=1e-15)


PRIMITIVES = {
    "<lambda>": Primitive(lambda x: x * 3.0),
    "np": Primitive(lambda x: x * 5.0, "np"),
    "float": Primitive(lambda x: x * 7.0, "float"),
    "exp": Primitive(lambda x: x * 11.0, "exp"),
    "square": Primitive(lambda x: x * 13.0, "square"),
    "negative": Primitive(lambda x: x * 17.0, "negative"),
    "class": Primitive(lambda x: x * 19.0, "class"),
    "sum_rows": Primitive(lambda x: x * 23.0, "sum_rows"),
    "constant_0": Primitive(lambda x: x * 29.0, "constant_0"),
}


@pytest.mark.parametrize("name", PRIMITIVES)
def test_a_primitive_may_have_any_name(name):
    prim = PRIMITIVES[name]
    program = record(lambda x, s: [prim(x) + np.inf * x, prim(s), np.exp(x), -s, x**2], V, 2.0)
    check(program, [V, 2.0])


def test_two_primitives_of_one_name():
    one, other = Primitive(lambda x: x + 1.0, "same"), Primitive(lambda x: x + 2.0, "same")
    check(record(lambda x: [one(x), other(x)], V), [V])


# Constants and numbers

CONSTANTS = [0.0, -0.0, -1.5, 2, -2, 10**20, True, math.inf, -math.inf, math.nan, 1e-320, 2.0**60]
CONSTANTS += [
    np.float64(-0.0),
    np.float32(0.1),
    np.int64(-3),
    np.array(-2.0),
    V,
    M,
    V[:1],
    0.5 - 2j,
]


@pytest.mark.parametrize("c", CONSTANTS, ids=repr)
def test_awkward_constants(c):
    def function(x, s):
        return [x + c, c - x, c * x, x / (c + x), np.maximum(x * s, abs(c)), s * c - s, s - c]

    for dtype in (np.float64, np.float32):
        check(record(function, V.astype(dtype), 0.3), [V.astype(dtype), 0.3])


@pytest.mark.parametrize("c", [0.0, -0.0, -1.5, 2, -2, np.array(-2.0), V], ids=repr)
def test_constants_in_powers(c):
    program = record(lambda x, s: [c**x, x**c, c**s, s**c, -(x**c)], V * V, 2.0)
    check(program, [V * V, 2.0])


def test_constants_that_are_given_back():
    (out,) = run(record(lambda x: [M], V), [V])
    assert_array_equal(out, M)


@pytest.mark.parametrize("prim", MATH, ids=lambda prim: prim.name)
def test_numbers_are_computed_by_math(prim):
    function = prim if prim is not power else lambda s: 1.3**s
    program = record(lambda s: [function(s), np.square(s)], 0.5)
    for s in (0.7, 1e-9, 0.999, 1.7):
        (value, square), emitted = interpret(program, s), emit(program)
        assert "math." in emitted.source
        assert type(emitted.function(s)[0]) is float
        assert_allclose(emitted.function(s), [value, square], rtol=1e-15)


EDGES = {
    "exp": (np.exp, 1e4), "expm1": (np.expm1, 1e4), "sinh": (np.sinh, 1e4), "cosh": (np.cosh, 1e4),
    "log": (np.log, 0.0), "log of -1": (np.log, -1.0), "log1p": (np.log1p, -1.0),
    "sqrt": (np.sqrt, -1.0), "sin": (np.sin, np.inf), "tan": (np.tan, -np.inf),
    "divide": (lambda s: 1.0 / s, 0.0), "minus": (lambda s: -1.0 / s, -0.0),
    "no number": (lambda s: s / s, 0.0), "power": (lambda s: s**3.0, 1e200),
    "pole": (lambda s: s**-1.0, 0.0), "root": (lambda s: s**0.5, -2.0),
    "square": (np.square, 1e200), "infinite": (lambda s: s - s, np.inf),
}  # fmt: skip


@pytest.mark.parametrize(("function", "edge"), EDGES.values(), ids=EDGES)
def test_numbers_overflow_as_arrays_do(function, edge):
    """To inf and nan, where Python's own would raise or turn complex."""
    program = record(lambda s, x: [function(s), function(s) * x], 0.5, V)
    check(program, [edge, V])
    with np.errstate(all="ignore"):
        assert type(run(program, [edge, V])[0]) is float


def test_numbers_of_other_types_stay_what_they_are():
    def function(s, single, whole, x):
        return [single * 0.1, s * single, whole + 1, whole / 3, single**2, x * single, s * whole]

    single, whole = np.float32(0.1), np.int64(7)
    for x in (V, V.astype(np.float32)):
        check(record(function, 0.3, single, whole, x), [0.3, single, whole, x])


def test_a_double_widens_single_precision_as_numpy_says():
    """A Python number does not, an element of a schedule in float64 does."""
    x = V.astype(np.float32)
    for eta in (0.1, np.float64(0.1)):
        program = record(lambda x, eta: [x * eta, x - np.sum(x) * eta, x + eta], x, eta)
        for a, b in zip(run(program, [x, float(eta)]), interpret(program, x, eta), strict=True):
            assert same_bits(a, b)


def test_sums_that_start_somewhere():
    check(record(lambda x: [np.sum(x, axis=0, initial=2.0), np.sum(x, axis=0)], M), [M])


def test_complex_numbers():
    z = 0.5 - 2j
    check(record(lambda z, x: [abs(z), z * x, np.exp(x) * z, abs(z) ** 2], z, V), [z, V])


LIE = {
    "by rows": lambda x: x,
    "by columns": np.transpose,
    "with gaps": lambda x: x[:, ::2],
    "backwards": lambda x: x[::-1],
    "one row again and again": lambda x: np.broadcast_to(x[:1], np.shape(x)),
}


@pytest.mark.parametrize("dtype", "fdFDgil")
@pytest.mark.parametrize("how", LIE)
def test_products_to_the_last_bit_however_the_factors_lie(how, dtype):
    """By a method of the array where BLAS computes it either way."""

    def function(x):
        a = LIE[how](x)
        return [matmul_nt(a, a), matmul_tn(a, a), a @ a[0], a[:, 0] @ a]

    x = (8.0 * np.random.default_rng(0).normal(size=(6, 6))).astype(dtype)
    program = record(function, x)
    check(program, [x])
    # A row of what lies by rows has no gaps, and a column of what lies by columns.
    by_blas = 3 if dtype in "fdFD" and how in ("by rows", "by columns") else 0
    assert emit(program).source.count(".dot(") == by_blas


def test_a_product_takes_an_input_with_gaps():
    """The tape had a copy without any, so only the sums may be of another order."""
    x = np.random.default_rng(0).normal(size=(6, 6))[:, ::2]
    program = record(lambda x: x @ np.transpose(x), x)
    (found,), (expected,) = run(program, [x]), interpret(program, x)
    assert_allclose(found, expected, rtol=1e-14, atol=1e-14)


# Arrays that are written over. A view keeps what it looks at alive.


def with_view(view, use):
    """Make a program that uses a new array and a view of it."""

    def function(x):
        a = np.exp(x)
        return use(a, view(a))

    return function


OVERWRITTEN = {
    "a view read later": with_view(np.ravel, lambda a, v: [a + 1.0, v * 2.0]),
    "a view of a view": with_view(lambda a: np.transpose(a)[0], lambda a, v: [a * 2.0, v + 1.0]),
    "a view given back": with_view(lambda a: a[::-1], lambda a, v: [a - 1.0, v]),
    "a view as the other operand": with_view(np.transpose, lambda a, v: [a + v, v]),
    "a copy that is none": with_view(mg.stop_gradient, lambda a, v: [a * 3.0, v * 5.0]),
    "a broadcast": with_view(
        lambda a: np.broadcast_to(a, (2, 2, 2)), lambda a, v: [a + 1.0, v * 2.0]
    ),
    "one of many": with_view(lambda a: np.split(a, 2)[0], lambda a, v: [a * 2.0, v + 1.0]),
    "a diagonal": with_view(np.diagonal, lambda a, v: [a * 2.0, v + 1.0]),
    "twice the same": with_view(lambda a: a, lambda a, v: [a * v]),
}


@pytest.mark.parametrize("function", OVERWRITTEN.values(), ids=OVERWRITTEN)
def test_nothing_alive_is_written_over(function):
    check(record(function, M), [M])


def test_a_primitive_of_somebody_elses_may_give_back_a_view():
    @primitive
    def corner(x):
        return x[:1]

    def function(x):
        a = np.exp(x)
        v = corner(a)
        return [a + 1.0, v * 2.0]

    check(record(function, M), [M])


@settings(max_examples=400)
@given(programs(VIEWS | ELEMENTWISE))
def test_random_programs_to_the_last_bit(made):
    check(*made)


@settings(max_examples=400)
@given(programs(VIEWS | ELEMENTWISE | SUMS))
def test_random_programs_with_sums(made):
    """An array in place may lie in memory in another order, and is added up in that order."""
    program, inputs = made
    with np.errstate(all="ignore"):
        expected = interpret(program, *inputs)
        for one in (program, optimise(program)):
            for a, b in zip(run(one, inputs), expected, strict=True):
                assert (np.shape(a), np.asarray(a).dtype) == (np.shape(b), np.asarray(b).dtype)
                single = np.asarray(b).dtype == np.float32
                assert_allclose(a, b, rtol=1e-4 if single else 1e-9, atol=1e-9, err_msg=one)


@settings(max_examples=200)
@given(programs(VIEWS | ELEMENTWISE | SUMS))
def test_results_are_the_callers_own(made):
    """Two calls give the same numbers, in memory that neither the inputs nor the other call use."""
    program, inputs = made
    with np.errstate(all="ignore"):
        function = emit(optimise(program)).function
        given = frozen(inputs)
        first, second = function(*given), function(*given)
        kept = [np.array(x) for x in first]
    for a, b in zip(first, second, strict=True):
        assert same_bits(a, b)
    for result in second:
        for other in (*given, *first):
            assert not np.shares_memory(result, other)
        if isinstance(result, np.ndarray) and result.flags.writeable:
            result[...] = 0.0
    for a, b in zip(first, kept, strict=True):
        assert same_bits(a, b)


def test_outputs_that_are_inputs_or_constants_or_twice_the_same():
    program = record(lambda x, s: (lambda y: [x, y, y, s, np.transpose(x), M])(x + s), M, 2.0)
    for one in (program, optimise(program)):
        function, given = emit(one).function, frozen([M, 2.0])
        first, second = function(*given), function(*given)
        for a, b in zip(first, [M, M + 2.0, M + 2.0, 2.0, M.T, M], strict=True):
            assert same_bits(a, b)
        for a in second:
            assert not any(np.shares_memory(a, b) for b in (*first, *given, M))
