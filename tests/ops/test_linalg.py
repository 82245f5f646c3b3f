"""What holds of ``np.linalg`` beyond the table: closed forms, conventions at edges, refusals."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import minigrad as mg
from minigrad.testing import finite_difference

RNG = np.random.default_rng(0)
A = RNG.normal(size=(3, 3)) + 3 * np.eye(3)
S = A @ A.T
TALL = RNG.normal(size=(4, 2))


# Closed forms


def test_the_determinant_has_the_cofactors_for_a_gradient():
    assert_allclose(mg.grad(np.linalg.det)(A), np.linalg.det(A) * np.linalg.inv(A).T)
    singular = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    cofactors = np.array([[-3.0, 6.0, -3.0], [6.0, -12.0, 6.0], [-3.0, 6.0, -3.0]])
    assert_allclose(mg.grad(np.linalg.det)(singular), cofactors, atol=1e-13)
    assert_array_equal(mg.grad(np.linalg.det)(np.zeros((3, 3))), np.zeros((3, 3)))
    assert_array_equal(mg.grad(np.linalg.det)(np.zeros((1, 1))), np.ones((1, 1)))


def test_the_second_derivative_of_a_determinant():
    """Of a 2 x 2 determinant it is constant; at a singular matrix it is refused."""
    hessian = mg.hessian(np.linalg.det)(np.array([[1.0, 2.0], [3.0, 5.0]]))
    expected = np.zeros((2, 2, 2, 2))
    expected[0, 0, 1, 1] = expected[1, 1, 0, 0] = 1.0
    expected[0, 1, 1, 0] = expected[1, 0, 0, 1] = -1.0
    assert_allclose(hessian, expected, atol=1e-12)
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        mg.hessian(np.linalg.det)(np.zeros((2, 2)))


def test_the_logarithm_of_the_determinant():
    """The gradient is a⁻ᵀ and the second derivative -a⁻¹ v a⁻¹, transposed."""

    def logdet(a):
        return np.linalg.slogdet(a).logabsdet

    inverse, v = np.linalg.inv(A), RNG.normal(size=(3, 3))
    assert_allclose(mg.grad(logdet)(A), inverse.T)
    assert_allclose(mg.hvp(logdet, (A,), (v,)), -(inverse @ v @ inverse).T)


def test_implicit_differentiation_by_solve():
    """For a x = b: the tangent solves the same equation, the cotangent the transposed one."""
    b, v, y_bar = RNG.normal(size=(3, 3))
    x, x_dot = mg.jvp(np.linalg.solve, (A, b), (np.outer(v, v), v))
    assert_allclose(x_dot, np.linalg.solve(A, v - np.outer(v, v) @ x))
    a_bar, b_bar = mg.vjp(np.linalg.solve, A, b)[1](y_bar)
    assert_allclose(b_bar, np.linalg.solve(A.T, y_bar))
    assert_allclose(a_bar, -np.outer(b_bar, x))


def test_gradients_of_matrix_norms():
    u, s, vh = np.linalg.svd(A)
    slopes = {
        2: np.outer(u[:, 0], vh[0]),
        -2: np.outer(u[:, -1], vh[-1]),
        "nuc": u @ vh,
        "fro": A / np.sqrt(np.sum(s**2)),
    }
    for order, slope in slopes.items():
        assert_allclose(mg.grad(lambda a, p=order: np.linalg.norm(a, p))(A), slope)


def test_the_trace_is_the_sum_of_the_eigenvalues_also_of_equal_ones():
    for a in (S, np.eye(3)):
        assert_allclose(mg.grad(lambda a: np.sum(np.linalg.eigvalsh(a)))(a), np.eye(3), atol=1e-14)
        assert_allclose(
            mg.grad(lambda a: np.sum(np.real(np.linalg.eigvals(a))))(a), np.eye(3), atol=1e-12
        )


def test_functions_of_matrices_by_eigenvectors():
    """The derivative of a matrix's square, taken through its eigenvalues, is that of a @ a."""

    def square(a):
        w, v = np.linalg.eigh(a)
        return (v * w**2) @ np.swapaxes(v, -1, -2)

    turn = RNG.normal(size=(3, 3))
    turn = turn + turn.T
    assert_allclose(mg.jvp(square, (S,), (turn,))[1], S @ turn + turn @ S)


def test_least_squares_has_the_normal_equations():
    b, v = RNG.normal(size=(2, 4))
    _, y_dot = mg.jvp(lambda b: np.linalg.lstsq(TALL, b)[0], (b,), (v,))
    assert_allclose(y_dot, np.linalg.solve(TALL.T @ TALL, TALL.T @ v))
    residual = b - TALL @ np.linalg.lstsq(TALL, b)[0]
    slope = mg.grad(lambda b: np.sum(np.linalg.lstsq(TALL, b)[1]))(b)
    assert_allclose(slope, 2 * residual)


@pytest.mark.parametrize(("rcond", "kept"), [(None, False), (-1, True), (1e-14, True)])
def test_least_squares_leave_out_in_the_derivative_what_numpy_leaves_out(rcond, kept):
    """A singular value between the machine's precision and 100 times that, of 100 rows."""
    rng = np.random.default_rng(0)
    u, v = np.linalg.qr(rng.normal(size=(100, 2)))[0], np.linalg.qr(rng.normal(size=(2, 2)))[0]
    a = u * [1.0, 1.5e-14] @ v
    assert np.linalg.lstsq(a, u[:, 0], rcond)[2] == 1 + kept
    b_bar = mg.grad(lambda b: np.sum(np.linalg.lstsq(a, b, rcond)[0]))(u[:, 0])
    assert (np.max(np.abs(b_bar)) > 1e10) == kept


@pytest.mark.parametrize("rcond", [-1, 0.0, 1.0, 2.5])
@pytest.mark.parametrize(("s", "rank"), [(1.5e-16, 2), (1e-17, 1)])
def test_a_cutoff_that_is_no_fraction_is_the_precision_of_the_machine(rcond, s, rank):
    """LAPACK's, which is half of NumPy's eps."""
    a = np.diag([1.0, s])
    assert np.linalg.lstsq(a, np.ones(2), rcond)[2] == rank
    b_bar = mg.grad(lambda b: np.sum(np.linalg.lstsq(a, b, rcond)[0]))(np.ones(2))
    assert_allclose(b_bar, [1.0, 1.0 / s if rank == 2 else 0.0])


def test_powers_agree_with_products():
    for n in range(-4, 6):
        base = np.linalg.inv if n < 0 else lambda a: a * 1.0

        def power(a, n=n, base=base):
            y = np.eye(3)
            for _ in range(abs(n)):
                y = y @ base(a)
            return np.sum(np.tanh(0.1 * y)) + 0.0 * np.sum(a)

        found = mg.grad(lambda a, n=n: np.sum(np.tanh(0.1 * np.linalg.matrix_power(a, n))))
        assert_allclose(found(A) if n else 0.0 * A, mg.grad(power)(A), rtol=1e-9, atol=1e-12)


# Conventions


@pytest.mark.parametrize(
    ("function", "a"),
    [
        (np.linalg.eigh, S),
        (np.linalg.eig, A),
        (np.linalg.svd, A),
        (np.linalg.slogdet, A),
        (np.linalg.qr, TALL),
    ],
)
def test_results_are_numpys_namedtuples(function, a):
    with mg.Tape() as tape:
        found = function(tape.variable(a))
    plain = function(a)
    assert type(found) is type(plain)
    assert all(np.array_equal(x.value, y) for x, y in zip(found, plain, strict=True))


def test_the_rank_of_least_squares_is_a_plain_number():
    with mg.Tape() as tape:
        *_, rank, _ = np.linalg.lstsq(tape.variable(TALL), np.ones(4))
    assert rank == 2
    assert not isinstance(rank, mg.Variable)


@pytest.mark.parametrize(
    "function",
    [
        lambda a, lower: np.linalg.cholesky(a, upper=not lower),
        lambda a, lower: np.linalg.eigvalsh(a, UPLO="L" if lower else "U"),
        lambda a, lower: np.linalg.eigh(a, UPLO="L" if lower else "U").eigenvectors ** 2,
    ],
)
@pytest.mark.parametrize("lower", [True, False])
def test_only_the_triangle_that_numpy_reads_has_a_gradient(function, lower):
    spoilt = np.where(np.tri(3) if lower else np.tri(3).T, S, np.nan)
    a_bar = mg.grad(lambda a: np.sum(function(a, lower) ** 2))(spoilt)
    assert np.all(np.isfinite(a_bar))
    assert_array_equal(np.triu(a_bar, 1) if lower else np.tril(a_bar, -1), np.zeros((3, 3)))


@pytest.mark.parametrize(
    ("vectors", "a"),
    [
        (lambda a: np.linalg.eigh(a).eigenvectors, np.eye(3)),
        (lambda a: np.linalg.eigh(a).eigenvectors, np.diag([1.0, 1.0 + 1e-16, 2.0])),
        (lambda a: np.real(np.linalg.eig(a).eigenvectors), np.eye(2)),
        (lambda a: np.linalg.svd(a).U, np.eye(2)),
        (lambda a: np.linalg.svd(a).Vh, np.diag([1.0, 0.0])),
        (lambda a: np.linalg.svd(a, full_matrices=False).U, np.ones((3, 2))),
    ],
)
def test_vectors_of_equal_values_have_no_derivative(vectors, a):
    with pytest.raises(np.linalg.LinAlgError, match="no derivative"):
        mg.grad(lambda a: np.sum(vectors(a) ** 3))(a)
    with pytest.raises(np.linalg.LinAlgError, match="no derivative"):
        mg.jvp(vectors, (a,), (np.ones(np.shape(a)),))


def test_singular_values_that_stand_still():
    """A rotation turns the vectors alone: a zero tangent of the values is not a zero value."""
    a, turn = np.diag([2.0, 3.5]), np.array([[0.0, 1.0], [-1.0, 0.0]])

    def cost(a):
        u, s, vh = np.linalg.svd(a)
        return np.sum(np.array([[1.0, 2.0], [3.0, 5.0]]) * u**2) + np.sum(s * vh**2)

    for direction in (turn, turn @ a, np.zeros((2, 2))):
        found = mg.hvp(cost, (a,), (direction,))
        truth, error = finite_difference(mg.grad(cost), a, direction=(direction,))
        assert_allclose(found, truth, atol=10 * np.max(error) + 1e-9)


def test_equal_values_do_no_harm_to_functions_of_the_values_alone():
    """Not even if the vectors were computed with them."""
    assert_allclose(mg.grad(lambda a: np.sum(np.linalg.eigh(a).eigenvalues))(np.eye(3)), np.eye(3))
    slope = mg.grad(lambda a: np.sum(np.linalg.svd(a).S))(np.eye(3))
    assert_allclose(slope, np.eye(3), atol=1e-15)


def test_a_singular_value_that_is_zero_has_slope_0():
    a = np.diag([2.0, 0.0])
    assert_allclose(mg.grad(lambda a: np.sum(np.linalg.svdvals(a)))(a), np.diag([1.0, 0.0]))
    for order in ("nuc", 2, "fro", 1, np.inf):
        slope = mg.grad(lambda a, p=order: np.linalg.norm(a, p))(np.zeros((2, 3)))
        assert_array_equal(slope, np.zeros((2, 3)))


@pytest.mark.parametrize("order", [None, 0.5, 1, 1.5, 2, 3])
def test_elements_that_are_zero_have_slope_0_in_a_norm(order):
    def norm(x):
        return np.linalg.norm(x, order)

    assert_array_equal(mg.grad(norm)(np.zeros(3)), np.zeros(3))
    assert mg.grad(norm)(np.array([0.0, 1.0]))[0] == 0.0
    assert_array_equal(mg.hessian(norm)(np.zeros(2)), np.zeros((2, 2)))


@pytest.mark.parametrize("order", [-1, -2.5])
def test_a_norm_of_negative_order_has_slope_0_where_an_element_makes_it_0(order):
    with np.errstate(divide="ignore"):
        assert_array_equal(mg.grad(lambda x: np.linalg.norm(x, order))(np.array([0.0, 3.0])), 0.0)


def test_vectors_as_large_as_each_other_share_the_slope():
    x = np.array([3.0, -3.0, 1.0])
    assert_array_equal(mg.grad(lambda x: np.linalg.norm(x, np.inf))(x), [0.5, -0.5, 0.0])


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
def test_norms_of_nothing(shape):
    slope = mg.grad(lambda x: np.sum(np.linalg.vector_norm(x, axis=-1)))(np.ones(shape))
    assert slope.shape == shape


@pytest.mark.parametrize("function", [np.linalg.inv, np.linalg.det, np.linalg.cholesky])
def test_matrices_of_no_rows(function):
    a = np.zeros((2, 0, 0))
    assert mg.grad(lambda a: np.sum(function(a)))(a).shape == (2, 0, 0)


def test_float32_values_are_equal_to_their_own_rounding():
    a = np.diag(np.array([1.0, 1.0 + 1e-7, 2.0], dtype=np.float32))
    with pytest.raises(np.linalg.LinAlgError, match="equal to rounding"):
        mg.grad(lambda a: np.sum(np.linalg.eigh(a).eigenvectors ** 3))(a)
    apart = np.diag([1.0, 1.0 + 1e-7, 2.0])
    slope = mg.grad(lambda a: np.sum(np.linalg.eigh(a).eigenvectors ** 2))(apart)
    assert np.all(np.isfinite(slope))


# Refusals


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda a: np.linalg.svd(a), ValueError, "full_matrices=False"),
        (lambda a: np.linalg.qr(a, mode="complete"), ValueError, "mode='reduced'"),
        (lambda a: np.linalg.qr(a, mode="raw"), ValueError, "mode='raw'"),
        (lambda a: np.linalg.eigh(a), np.linalg.LinAlgError, "square"),
        (lambda a: np.linalg.cholesky(a), np.linalg.LinAlgError, "square"),
        (lambda a: np.linalg.matrix_power(a, 2), np.linalg.LinAlgError, "square"),
        (lambda a: np.linalg.inv(a), np.linalg.LinAlgError, "square"),
        (lambda a: np.linalg.det(a), np.linalg.LinAlgError, "square"),
        (lambda a: np.linalg.eigh(a.T @ a, UPLO="X"), ValueError, "'L' or 'U'"),
        (lambda a: np.linalg.matrix_power(a.T @ a, 0.5), TypeError, None),
        (lambda a: np.linalg.norm(a, "x"), ValueError, "'x'"),
        (lambda a: np.linalg.norm(a[0], "fro"), ValueError, "'fro'"),
        (lambda a: np.linalg.norm(a, 3), ValueError, "3"),
        (lambda a: np.linalg.norm(a, axis=(0, 1, 2)), ValueError, None),
        (lambda a: np.linalg.norm(a[None], 2), ValueError, "one axis or two"),
        (lambda a: np.linalg.norm(a, axis=5), ValueError, "axis 5"),
        (lambda a: np.linalg.tensorsolve(a, a[0]), np.linalg.LinAlgError, "not square"),
        (lambda a: np.linalg.tensorinv(a, 0), ValueError, "ind=0"),
        (lambda a: np.linalg.lstsq(a, a[0]), np.linalg.LinAlgError, "rows"),
        (lambda a: np.linalg.lstsq(a[0], a), np.linalg.LinAlgError, "matrix"),
        (lambda a: np.linalg.trace(a, dtype=np.float32), TypeError, "dtype="),
    ],
)
def test_what_is_refused_says_what_to_do(call, error, words):
    with mg.Tape() as tape:
        a = tape.variable(TALL)
        with pytest.raises(error, match=words):
            call(a)


def test_a_rank_is_no_variable():
    with mg.Tape() as tape:
        assert np.linalg.matrix_rank(tape.variable(TALL)) == 2
