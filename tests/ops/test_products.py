"""What holds of products beyond the table: homogeneity, exactness, errors, their cost."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg

SIZES = dict(zip("ijkl", (2, 3, 1, 4), strict=True))


@st.composite
def summations(draw):
    """Subscripts of one to three operands, any index repeated, summed or left anywhere."""
    terms = draw(st.lists(st.text("ijkl", max_size=4), min_size=1, max_size=3))
    there = sorted(set("".join(terms)))
    output = "".join(draw(st.permutations(there))[: draw(st.integers(0, len(there)))])
    shapes = [tuple(SIZES[letter] for letter in term) for term in terms]
    dots = draw(st.sampled_from([(), (2,), (2, 3)]))
    which = draw(st.lists(st.booleans(), min_size=len(terms), max_size=len(terms)))
    terms = [term + "..." * dotted for term, dotted in zip(terms, which, strict=True)]
    shapes = [shape + dots * dotted for shape, dotted in zip(shapes, which, strict=True)]
    return f"{','.join(terms)}->{output}" + "..." * any(which), shapes


@given(summations(), st.sampled_from([False, True]), st.integers(0, 99))
def test_a_summation_is_homogeneous_in_each_operand(summation, optimize, seed):
    """Of y linear in x, <x_bar, x> = <y_bar, y>; and x_bar is the same linear function of y_bar."""
    subscripts, shapes = summation
    rng = np.random.default_rng(seed)
    xs = [rng.normal(size=shape) for shape in shapes]
    y, pull = mg.vjp(lambda *xs: np.einsum(subscripts, *xs, optimize=optimize), *xs)
    y_bar = rng.normal(size=np.shape(y))
    assert_allclose(y, np.einsum(subscripts, *xs), rtol=1e-12, atol=1e-12)
    for k, (x, x_bar) in enumerate(zip(xs, pull(y_bar), strict=True)):
        assert_allclose(np.sum(x_bar * x), np.sum(y_bar * y), rtol=1e-9, atol=1e-9)
        unit = np.zeros(np.shape(x))
        at = tuple(rng.integers(0, n) for n in np.shape(x))
        unit[at] = 1.0
        moved = np.einsum(subscripts, *xs[:k], unit, *xs[k + 1 :])
        assert_allclose(x_bar[at], np.sum(y_bar * moved), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk->ik", [(2, 3)]),
        ("ij->ik", [(2, 3)]),
        ("ij->ii", [(2, 3)]),
        ("ijk->i", [(2, 3)]),
        ("i->i", [(2, 3)]),
        ("ii->i", [(2, 3)]),
        ("ij,jk->ik", [(2, 3), (2, 3)]),
        ("...i->i", [(2, 3)]),
        ("i$->i", [(2, 3)]),
        ("i..j->ij", [(2, 3)]),
    ],
)
def test_wrong_subscripts_raise_numpys_error(subscripts, shapes):
    xs = [np.ones(shape) for shape in shapes]
    with pytest.raises(ValueError):  # noqa: PT011 - NumPy's sentences differ between versions
        np.einsum(subscripts, *xs)
    with pytest.raises(ValueError):  # noqa: PT011
        mg.vjp(lambda *xs: np.einsum(subscripts, *xs), *xs)


def test_a_subscript_number_out_of_range_is_named():
    with pytest.raises(ValueError, match="52"):
        mg.grad(lambda x: np.einsum(x, [52], [52]))(np.ones(2))


@pytest.mark.parametrize(
    ("product", "shapes"),
    [
        (np.matmul, ((2, 3), (3, 2))),
        (np.matmul, ((2, 2, 3), (3, 2))),
        (np.matmul, ((2, 2, 3), (3,))),
        (np.dot, ((2, 3), (3,))),
        (np.inner, ((2, 3), (4, 3))),
        (np.vdot, ((3,), (3,))),
        (np.outer, ((2,), (3,))),
        (np.kron, ((2, 1), (1, 2))),
        (np.cross, ((3,), (3,))),
        (lambda a, b: np.tensordot(a, b, 1), ((2, 3), (3, 2))),
        (lambda a, b: np.einsum("ii,j->ij", a, b), ((2, 2), (3,))),
    ],
)
def test_fractions_stay_exact(product, shapes):
    sizes = [int(np.prod(shape)) for shape in shapes]
    xs = [
        np.array([Fraction(k + 1, 7) for k in range(n)]).reshape(shape)
        for n, shape in zip(sizes, shapes, strict=True)
    ]
    with mg.Tape() as tape:
        a, b = (tape.variable(x) for x in xs)
        cost = np.sum(product(a, b) ** 2)
        a_bar = tape.gradient(cost, a)
    assert np.sum(a_bar.value * xs[0]) == 2 * cost.value  # exactly: the cost is quadratic in a
    again = tape.gradient(a_bar, b, cotangent=xs[0])
    assert np.sum(again * xs[1]) == 4 * cost.value


@pytest.mark.parametrize("shapes", [((4, 3), (3, 2)), ((5, 4, 3), (5, 3, 2)), ((3,), (3, 2))])
def test_a_derivative_of_a_product_is_one_instruction(shapes):
    """No transpose is recorded, in the backward sweep or in the backward sweep over that."""
    a, b = (np.ones(shape) for shape in shapes)
    with mg.Tape() as tape:
        a, b = tape.variable(a), tape.variable(b)
        y = a @ b
        for order in range(1, 3):
            start = len(tape)
            a_bar = tape.gradient(y, a, cotangent=y * 1.0)
            names = [line.primitive.name for line in tape[start:]]
            products = [name for name in names if name.startswith(("matmul", "outer"))]
            assert len(products) == 2 * order - 1
            assert "transpose" not in names
            y = a_bar @ b


@pytest.mark.parametrize("shapes", [((3, 4, 5), (5, 2)), ((4, 5), (3, 5, 2))])
def test_a_matrix_that_meets_a_stack_gets_the_sum_over_the_stack(shapes):
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=shape) for shape in shapes)
    y, pull = mg.vjp(np.matmul, a, b)
    y_bar = rng.normal(size=y.shape)
    a_bar, b_bar = pull(y_bar)
    a_terms = [y_bar_k @ np.broadcast_to(b, (3, 5, 2))[k].T for k, y_bar_k in enumerate(y_bar)]
    b_terms = [np.broadcast_to(a, (3, 4, 5))[k].T @ y_bar_k for k, y_bar_k in enumerate(y_bar)]
    assert_allclose(a_bar, a_terms if a.ndim == 3 else np.sum(a_terms, axis=0))
    assert_allclose(b_bar, b_terms if b.ndim == 3 else np.sum(b_terms, axis=0))


def test_cross_products_of_unit_vectors():
    """Of e_i x e_j = e_k, the k-th component has slope e_i in e_i, and e_j in e_j."""
    x, y, z = np.eye(3)
    for a, b, c in ((x, y, z), (y, z, x), (z, x, y)):
        _, pull = mg.vjp(np.cross, a, b)
        assert_array_equal(pull(c), (a, b))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: np.linalg.outer(x, x), ValueError, "np.outer"),
        (lambda x: np.linalg.cross(x, x), ValueError, "3-vectors"),
        (lambda x: np.linalg.multi_dot([x]), ValueError, "two arrays"),
        (lambda x: np.tensordot(x, x, axes=([0, 1], [0])), ValueError, None),
        (lambda x: np.tensordot(x, x, axes=([5], [0])), ValueError, "axis 5"),
        (lambda x: x @ x, ValueError, None),
        (lambda x: np.dot(x, x, out=np.zeros((2, 2))), TypeError, "out="),
        (lambda x: np.einsum("ij->i", x, dtype=np.float32), TypeError, "dtype="),
    ],
)
def test_wrong_operands_are_refused(call, error, words):
    with mg.Tape() as tape:
        x = tape.variable(np.ones((2, 4)))
        with pytest.raises(error, match=words):
            call(x)


@pytest.mark.parametrize("constant", [np.full(3, 100, np.uint8), np.array([True, False, True])])
def test_an_optimized_einsum_computes_with_integers_as_the_plain_one(constant):
    """Where NumPy's, by its path, would let two of them meet in their own type."""
    x = np.array([1.0, 2.0])
    f = lambda x, optimize: np.sum(  # noqa: E731
        np.einsum("i,j,j->i", x, constant, constant, optimize=optimize)
    )
    for derive in (
        mg.value_and_grad,
        lambda f: lambda x, how: mg.jvp(lambda x: f(x, how), [x], [x]),
    ):
        for found, wanted in zip(derive(f)(x, True), derive(f)(x, False), strict=True):
            assert_allclose(found, wanted)
