"""The fused steps: their formulas to the last bit, their rules, and the dtypes that they keep."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.optim import steps
from minigrad.testing import check_grads, check_primitive

ANY, POSITIVE, SHARE = (-2.0, 2.0), (0.1, 2.0), (0.1, 0.9)
FORMULAS = {
    steps.descend: (lambda w, eta, g: w - eta * g, [ANY, ANY, ANY]),
    steps.shrink: (lambda w, eta, lam: (1 - eta * lam) * w, [ANY, ANY, ANY]),
    steps.descend_decayed: (
        lambda w, eta, lam, g: (1 - eta * lam) * w - eta * g,
        [ANY, ANY, ANY, ANY],
    ),
    steps.add_scaled: (lambda g, a, x: g + a * x, [ANY, ANY, ANY]),
    steps.average: (lambda m, beta, g: beta * m + (1 - beta) * g, [ANY, SHARE, ANY]),
    steps.average_square: (lambda v, beta, g: beta * v + (1 - beta) * g**2, [ANY, SHARE, ANY]),
    steps.descend_adaptive: (
        lambda w, eta, m, v, eps: w - eta * m / (np.sqrt(v) + eps),
        [ANY, ANY, ANY, POSITIVE, SHARE],
    ),
}
# Which operands are hyperparameters; where nothing is said, the second.
HYPERS = {steps.shrink: (1, 2), steps.descend_decayed: (1, 2), steps.descend_adaptive: (1, 4)}


def shapes_of(prim, array, hyper):
    """Return the shapes of a step's operands, from that of its arrays and of its hypers."""
    hypers = HYPERS.get(prim, (1,))
    return tuple(hyper if k in hypers else array for k in range(len(FORMULAS[prim][1])))


each_step = pytest.mark.parametrize("prim", FORMULAS, ids=lambda prim: prim.name)


@each_step
def test_both_rules_to_second_order(prim):
    """Scalar and per-parameter hyperparameters, also of a shape that broadcasts."""
    shapes = [((3, 2), ()), ((3, 2), (3, 2)), ((3, 2), (2,)), ((), ()), ((0,), ())]
    check_primitive(
        prim, shapes=[shapes_of(prim, *pair) for pair in shapes], domain=FORMULAS[prim][1]
    )


@pytest.mark.parametrize("eta_shape", [(), (2,)])
@pytest.mark.parametrize("lam_shape", [(3, 2), (2,), ()])
def test_a_rate_for_all_beside_a_decay_for_each(eta_shape, lam_shape):
    shapes = ((3, 2), eta_shape, lam_shape, (3, 2))
    check_primitive(steps.descend_decayed, shapes=[shapes], domain=[ANY] * 4)


@pytest.mark.parametrize("t", [1.0, 2.0, 7.0])
def test_rules_of_debias(t):
    for beta in (0.9, np.array([0.5, 0.9])):
        check_grads(lambda m, beta: steps.debias(m, beta, t), (np.array([0.3, -2.0]), beta))


@each_step
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_value_is_that_of_the_formula_to_the_last_bit(prim, dtype):
    formula, domain = FORMULAS[prim]
    rng = np.random.default_rng(0)
    for _ in range(20):
        shapes = shapes_of(prim, (3, 4), ())
        args = [rng.uniform(*ends, shape) for ends, shape in zip(domain, shapes, strict=True)]
        args = [x.astype(dtype) if x.shape else float(x) for x in map(np.asarray, args)]
        assert np.array_equal(prim(*args), formula(*args))


@each_step
@pytest.mark.parametrize("hyper", [0.25, np.float64(0.25), np.array(0.25), np.full(2, 0.25)])
def test_float32_stays_float32_whatever_the_hyperparameters(prim, hyper):
    """0.25 is exact in either type, so the result does not depend on where it was cast."""
    hypers = HYPERS.get(prim, (1,))
    args = [
        hyper if k in hypers else np.array([0.5, 1.5], np.float32)
        for k in range(len(FORMULAS[prim][1]))
    ]
    result = prim(*args)
    assert result.dtype == np.float32
    assert np.array_equal(result, prim(*(0.25 if k in hypers else x for k, x in enumerate(args))))


@each_step
def test_a_python_number_stays_one(prim):
    args = [0.5] * len(FORMULAS[prim][1])
    assert type(prim(*args)) is float
    with mg.Tape() as tape:
        assert type(prim(*map(tape.variable, args)).value) is float


@each_step
def test_a_complex_step_passes(prim):
    """Each operand in turn takes an imaginary step of 1e-200, which float32 could not hold."""
    rng = np.random.default_rng(1)
    args = [rng.uniform(*ends, ()) for ends in FORMULAS[prim][1]]
    with mg.Tape() as tape:
        variables = [tape.variable(float(x)) for x in args]
        y = prim(*variables)
    for k, slope in enumerate(tape.gradient(y, variables)):
        moved = [x + 1e-200j if j == k else x for j, x in enumerate(args)]
        assert np.isclose(slope, prim(*moved).imag / 1e-200, rtol=1e-14)


def test_one_line_on_the_tape_for_each_step():
    with mg.Tape() as tape:
        w, eta = tape.variable(np.ones(3)), tape.variable(0.5)
        before = len(tape)
        steps.descend(w, eta, np.ones(3))
    assert len(tape) == before + 1


@pytest.mark.parametrize(
    ("w", "eta", "g"),
    [(np.ones(3), 0.1, np.ones((2, 3))), (1.0, np.ones(2), 1.0), (np.ones(3), np.ones((3, 1)), 1)],
)
def test_a_step_that_would_change_the_shape_is_refused(w, eta, g):
    with pytest.raises(ValueError, match="gradients have the shape of the parameters"):
        steps.descend(w, eta, g)


@pytest.mark.parametrize("v", [0.0, 5e-324, 1e-300, 1e-100, 1e-50])
@pytest.mark.parametrize("m", [0.0, 1e-30, 1.0])
def test_a_root_that_vanishes_beside_eps_has_no_slope_in_any_order(v, m):
    """There the step is ``w - eta m / eps`` to the last bit, and so are all its derivatives."""
    eta, eps = 0.5, 1e-8

    def adaptive(eta, m, v, eps):
        return steps.descend_adaptive(0.0, eta, m, v, eps)

    assert adaptive(eta, m, v, eps) == -eta * m / eps
    args = eta, m, v, eps
    slopes = mg.grad(adaptive, argnums=(0, 1, 2, 3))(*args)
    assert np.allclose(slopes, [-m / eps, -eta / eps, 0.0, eta * m / eps**2], rtol=1e-14)
    second = mg.hessian(lambda z: adaptive(z[0], z[1], z[2], z[3]))(np.array(args))
    expected = np.zeros((4, 4))
    expected[0, 1] = expected[1, 0] = -1 / eps
    expected[0, 3] = expected[3, 0] = m / eps**2
    expected[1, 3] = expected[3, 1] = eta / eps**2
    expected[3, 3] = -2 * eta * m / eps**3
    assert np.allclose(second, expected, rtol=1e-14)
