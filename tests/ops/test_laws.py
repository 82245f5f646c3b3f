"""The laws of differentiation, held over every row of every table ``cases_*.py``.

Write J for the Jacobian of a row's function at its operands, `u` for a cotangent and `v` for a
direction, both random. A derivative of a function of many numbers is never compared element by
element where a projection on a random vector finds the same mistakes.
"""

import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import tree
from minigrad.testing import complex_step, finite_difference
from minigrad.variable import Variable, value_of

TABLES = sorted(path.stem for path in Path(__file__).parent.glob("cases_*.py"))
CASES = [case for table in TABLES for case in import_module(table).CASES]
every_case = pytest.mark.parametrize("case", CASES, ids=repr)


def floating(y):
    """The outputs that have a derivative, as a flat list; of a recorded call or a plain one."""
    return [leaf for leaf in tree.leaves(y) if np.asarray(value_of(leaf)).dtype.kind in "fc"]


def directions(arrays, seed):
    """Random directions, no element of them small, in the shapes and dtypes of the arrays."""
    rng = np.random.default_rng(seed)
    drawn = []
    for x in map(np.asarray, arrays):
        parts = rng.uniform(0.5, 1.5, (2, *x.shape)) * rng.choice([-1.0, 1.0], (2, *x.shape))
        whole = parts[0] + 1j * parts[1] if x.dtype.kind == "c" else parts[0]
        drawn.append(whole.astype(x.dtype)[()])
    return drawn


def inner(us, vs):
    """The pairing of cotangents with tangents: Re sum u v, complex ones without conjugation."""
    return sum(np.sum(np.real(u * v)) for u, v in zip(us, vs, strict=True))


def size(us, vs):
    """The size of the terms in a pairing, which its rounding is relative to."""
    return sum(np.sum(np.abs(u * v)) for u, v in zip(us, vs, strict=True))


def as_rows_see_them(case, xs):
    """The outputs of the plain function."""
    return floating(case.function(*xs))


class Linearised:
    """All derivatives of a function at a point that the laws are about, from one recording."""

    def __init__(self, function, xs, order):
        self.xs = xs
        with mg.Tape() as tape:
            variables = [tape.variable(x) for x in xs]
            outputs = floating(function(*variables))
            self.ys = [value_of(y) for y in outputs]
            self.u, self.v = directions(self.ys, 1), directions(xs, 2)
            pulled = tape.gradient(outputs, variables, cotangent=self.u)
            pushed = tape.tangent(outputs, variables, self.v)
        self.x_bars = [x_bar.value for x_bar in pulled]
        self.y_dots = [y_dot.value for y_dot in pushed]
        if order > 1:
            # The gradient of <J^T u, v> = <u, J v> in the operands, in three ways.
            self.reverse_over_reverse = tape.gradient(pulled, variables, cotangent=self.v)
            self.forward_over_reverse = tape.tangent(pulled, variables, self.v)
            self.reverse_over_forward = tape.gradient(pushed, variables, cotangent=self.u)


@every_case
def test_derivatives(case):
    """Value, VJP, JVP, their pairing, second order: in float64, against independent answers."""
    xs = case.operands()
    found = Linearised(case.function, xs, case.order)

    for y, plain in zip(found.ys, as_rows_see_them(case, xs), strict=True):
        assert y.dtype == plain.dtype
        assert np.array_equal(y, plain, equal_nan=True)  # to the last bit
    check_first_order(case, xs, found)
    if case.order > 1:
        check_second_order(case, xs, found)


def check_first_order(case, xs, found):
    u, v = found.u, found.v
    check_forms(found.x_bars, xs)
    check_forms(found.y_dots, found.ys)

    # <u, J v> = <J^T u, v>; the last term is for derivatives that cancel, as those of x / x.
    scale = size(found.x_bars, v) + size(u, found.y_dots) + 1e-2 * size(u, found.ys)
    paired = inner(found.x_bars, v)
    assert abs(paired - inner(u, found.y_dots)) <= 1e-12 * scale

    # J v against differences of the plain function; with the pairing, so is J^T u ...
    truth = finite_difference(lambda *zs: as_rows_see_them(case, zs), *xs, direction=v)
    for y, y_dot, value, error in zip(found.ys, found.y_dots, *truth, strict=True):
        reach = np.max(np.abs(y), initial=0.0) + np.max(np.abs(y_dot), initial=0.0)
        assert np.all(error <= 1e-6 * (1 + reach)), "finite differences can't tell here"
        largest = np.max(np.abs(y_dot), initial=0.0)
        assert np.all(np.abs(y_dot - value) <= case.tol * largest + 4 * error)

    # ... as a whole; and operand by operand.
    for k, x_bar in enumerate(found.x_bars):
        alone = [v_j if j == k else 0.0 * v_j for j, v_j in enumerate(v)]
        value, error = finite_difference(
            lambda *zs: inner(u, as_rows_see_them(case, zs)), *xs, direction=alone
        )
        own = size([x_bar], [v[k]])
        assert abs(inner([x_bar], [v[k]]) - value) <= case.tol * own + 4 * error

    if case.analytic and not any(np.iscomplexobj(y) for y in found.ys):
        exact = complex_step(lambda *zs: as_rows_see_them(case, zs), *xs, direction=v)
        assert abs(inner(u, exact) - paired) <= 1e-12 * scale


def check_second_order(case, xs, found):
    v = found.v
    ways = (found.reverse_over_reverse, found.forward_over_reverse, found.reverse_over_forward)
    scale = max(size(way, v) for way in ways) + 1e-2 * size(found.x_bars, v)
    for way in ways:
        check_forms(way, xs)
        for one, other in zip(way, found.reverse_over_reverse, strict=True):
            assert_allclose(one, other, rtol=1e-10, atol=1e-10 * scale)

    def gradient(*zs):
        return list(mg.vjp(lambda *ws: floating(case.function(*ws)), *zs)[1](found.u))

    values, errors = finite_difference(gradient, *xs, direction=v)
    for way, value, error in zip(found.reverse_over_reverse, values, errors, strict=True):
        largest = np.max(np.abs(way), initial=0.0)
        assert np.all(np.abs(way - value) <= case.tol * (largest + scale) + 4 * error)


def check_forms(derivatives, primals):
    for derivative, primal in zip(derivatives, primals, strict=True):
        assert np.shape(derivative) == np.shape(primal)
        assert np.asarray(derivative).dtype == np.asarray(primal).dtype


@every_case
def test_float32_stays_float32(case):
    """Cotangents and tangents have their primal's dtype, and about its precision."""
    wide = case.operands()
    narrow = [x.astype(np.float32) for x in wide]
    plain = as_rows_see_them(case, narrow)
    found = Linearised(case.function, narrow, order=1)
    check_forms(found.x_bars, narrow)
    check_forms(found.y_dots, found.ys)
    for y, expected in zip(found.ys, plain, strict=True):
        assert y.dtype == expected.dtype
        assert np.array_equal(y, expected, equal_nan=True)

    exact = Linearised(case.function, [x.astype(np.float64) for x in narrow], order=1)
    for way in ("x_bars", "y_dots"):
        for rough, fine in zip(getattr(found, way), getattr(exact, way), strict=True):
            largest = np.max(np.abs(fine), initial=0.0)
            assert np.all(np.abs(rough - fine) <= 1e-3 * largest + 1e-6), way


def read_only(x):
    x = x.copy()
    x.setflags(write=False)
    return x


LAYOUTS = {
    "Fortran order": np.asfortranarray,
    "negative strides": lambda x: np.flip(np.flip(x).copy()),
    "every second element": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "read-only": read_only,
}


@every_case
def test_memory_layout_makes_no_difference(case):
    """Same numbers elsewhere in memory: same answers; and nobody's memory is written or shared."""
    xs = case.operands()
    reference = Linearised(case.function, xs, order=1)
    for layout in LAYOUTS.values():
        laid = [layout(x) if x.ndim else x for x in xs]
        with mg.Tape() as tape:
            variables = [tape.variable(x) for x in laid]
            outputs = floating(case.function(*variables))
        plain = as_rows_see_them(case, [x.value for x in variables])
        for y, expected in zip(outputs, plain, strict=True):
            assert np.array_equal(value_of(y), expected, equal_nan=True)
        for y, expected in zip(outputs, as_rows_see_them(case, laid), strict=True):
            assert_allclose(value_of(y), expected, rtol=1e-13, atol=1e-13)
        if not all(map(np.allclose, plain, reference.ys)):
            continue  # a function that reads the layout, as reshape does with order="A"

        u, v = ([layout(d) if d.ndim else d for d in ds] for ds in (reference.u, reference.v))
        x_bars = tape.gradient(outputs, variables, cotangent=u)
        y_dots = tape.tangent(outputs, variables, v)
        for got, expected in zip(
            [*x_bars, *y_dots], [*reference.x_bars, *reference.y_dots], strict=True
        ):
            assert_allclose(got, expected, rtol=1e-12, atol=1e-12 * largest_of(reference))

        for given, was in zip([*laid, *u, *v], [*xs, *reference.u, *reference.v], strict=True):
            assert np.array_equal(given, was)
        owned = [z for z in (*laid, *u, *v, *(x.value for x in variables)) if np.ndim(z)]
        results = [z for z in (*x_bars, *y_dots) if np.ndim(z)]
        for k, result in enumerate(results):
            assert result.flags.writeable
            for other in (*owned, *results[:k]):
                assert not np.shares_memory(result, other)


def largest_of(found):
    return max((np.max(np.abs(d), initial=0.0) for d in (*found.x_bars, *found.y_dots)), default=0)


SEVERAL = [case for case in CASES if len(case.shapes) > 1]


@pytest.mark.parametrize("case", SEVERAL, ids=repr)
def test_each_operand_may_be_a_constant(case):
    """A plain array in place of a Variable changes no derivative in the others."""
    xs = case.operands()
    reference = Linearised(case.function, xs, order=1)
    for k in range(len(xs)):
        for layout in LAYOUTS.values():
            constant = layout(xs[k]) if xs[k].ndim else xs[k]
            with mg.Tape() as tape:
                given = [constant if j == k else tape.variable(x) for j, x in enumerate(xs)]
                outputs = floating(case.function(*given))
            others = [x for x in given if isinstance(x, Variable)]
            x_bars = tape.gradient(outputs, others, cotangent=reference.u)
            expected = [x_bar for j, x_bar in enumerate(reference.x_bars) if j != k]
            for got, want in zip(x_bars, expected, strict=True):
                assert_allclose(got, want, rtol=1e-12, atol=1e-12 * largest_of(reference))


def emptied(shape, lengths):
    """The shape with 0 in place of these lengths; what is square stays square."""
    return tuple(0 if n in lengths else n for n in shape)


# Shapes that are easily forgotten, made of those of a row.
AWKWARD = {
    "no axis": lambda shape: (),
    "nothing along axes as long as the first": lambda shape: emptied(shape, shape[:1]),
    "nothing along axes as long as the last": lambda shape: emptied(shape, shape[-1:]),
    "a first axis of size 1": lambda shape: (1, *shape),
    "a last axis of size 1": lambda shape: (*shape, 1),
    "a middle axis of size 1": lambda shape: (*shape[:-1], 1, *shape[-1:]),
}


def accepts(case, shapes):
    """Whether NumPy's own function takes operands of these shapes without a complaint."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            ys = as_rows_see_them(case, [x[()] for x in case.operands(shapes)])
        return bool(ys) and all(np.all(np.isfinite(y)) for y in ys)
    except (ValueError, TypeError, IndexError, RuntimeWarning, AttributeError, ZeroDivisionError):
        return False


def numpy_errs(case, shapes):
    """Where NumPy's own answer is none: memory that nobody filled, or a shape that is wrong."""
    nothing = any(0 in shape for shape in shapes)
    inverse = ("fft.irfft", "fft.hfft")
    return nothing and case.name.startswith((*inverse, "nanpercentile"))


@every_case
def test_awkward_shapes(case):
    """Wherever NumPy's function takes the operands in such shapes, so do the derivatives."""
    seen = {case.shapes}
    for awkward in AWKWARD.values():
        shapes = tuple(map(awkward, case.shapes))
        if shapes in seen or not accepts(case, shapes) or numpy_errs(case, shapes):
            continue
        seen.add(shapes)
        xs = case.operands(shapes)
        found = Linearised(case.function, xs, case.order)
        for y, plain in zip(found.ys, as_rows_see_them(case, xs), strict=True):
            assert y.dtype == plain.dtype, shapes
            assert np.array_equal(y, plain, equal_nan=True), shapes
        check_first_order(case, xs, found)
        if case.order > 1:
            check_second_order(case, xs, found)
        narrow = [x.astype(np.float32) for x in xs]
        single = Linearised(case.function, narrow, order=1)
        check_forms(single.x_bars, narrow)
        check_forms(single.y_dots, as_rows_see_them(case, narrow))


ALIKE = [case for case in SEVERAL if len(set(case.shapes)) == len(set(case.domains)) == 1]


@pytest.mark.parametrize("case", ALIKE, ids=repr)
def test_the_same_operand_in_every_place(case):
    """f(x, x): the contributions of the places add up."""
    x, n = case.operands()[0], len(case.shapes)

    def repeated(x):
        return case.function(*[x] * n)

    ys = floating(repeated(x))
    u, (v,) = directions(ys, 1), directions([x], 2)
    with mg.Tape() as tape:
        variable = tape.variable(x)
        outputs = floating(repeated(variable))
    x_bar = tape.gradient(outputs, variable, cotangent=u)
    value, error = finite_difference(lambda z: inner(u, floating(repeated(z))), x, direction=(v,))
    scale = size([x_bar], [v]) + size(u, ys)
    assert abs(np.sum(x_bar * v) - value) <= case.tol * scale + 4 * error
