"""Closed forms of whole training runs: gradient descent, heavy ball, and a chaotic one.

On a quadratic loss everything is known. With curvature h and decay lam let a = h + lam; w* is
where the regularised loss is least and e_0 = w_0 - w*.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg

STEPS = [0, 1, 2, 7, 50, 200]


def descend(grad, w, rates, lam, beta=0.0):
    """Descent with decay and heavy-ball momentum, its gradients recorded with the rest."""
    v = 0.0
    for eta in rates:
        v = beta * v + (grad(w) + lam * w)
        w = w - eta * v
    return w


# A matrix of curvatures with eigenvalues between 0.2 and 1.7, and where the loss is least.

RNG = np.random.default_rng(7)
ROTATION, _ = np.linalg.qr(RNG.normal(size=(4, 4)))
H = ROTATION @ np.diag([0.2, 0.5, 1.1, 1.7]) @ ROTATION.T
TARGET, START, U = RNG.normal(size=(3, 4))
ETA, LAM, BETA = 0.3, 0.07, 0.6


def quadratic_slope(w):
    return mg.grad(lambda w: 0.5 * ((w - TARGET) @ H) @ (w - TARGET))(w)


def in_eigenbasis(function):
    """The matrix that has the eigenvectors of H and these functions of its eigenvalues."""
    values, vectors = np.linalg.eigh(H)
    return vectors @ np.diag([function(h) for h in values]) @ vectors.T


def close(found, expected):
    """Twelve digits; in a run that has converged, derivatives drown in the rounding of w."""
    assert_allclose(found, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("steps", STEPS)
def test_hypergradients_of_gradient_descent(steps):
    """The solution is w* + M^T e_0 with M = 1 - eta A, and so are all its derivatives.

    By eta: -T A M^(T-1) e_0. By lam: -(1 - M^T) A^-1 w* - eta T M^(T-1) e_0. By w_0: M^T.
    """
    with mg.Tape() as tape:
        eta, lam, w_0 = map(tape.variable, (ETA, LAM, START))
        w = descend(quadratic_slope, w_0, [eta] * steps, lam)
    d_eta, d_lam, d_start = tape.gradient(w, [eta, lam, w_0], cotangent=U)

    best = np.linalg.solve(H + LAM * np.eye(4), H @ TARGET)
    e_0 = START - best
    power = in_eigenbasis(lambda h: (1 - ETA * (h + LAM)) ** steps)
    slope = in_eigenbasis(lambda h: steps * (1 - ETA * (h + LAM)) ** max(steps - 1, 0))
    inverse = in_eigenbasis(lambda h: 1 / (h + LAM))
    by_eta = -(H + LAM * np.eye(4)) @ slope @ e_0
    by_lam = -(np.eye(4) - power) @ inverse @ best - ETA * slope @ e_0

    close(value(w), best + power @ e_0)
    close(d_eta, U @ by_eta)
    close(d_lam, U @ by_lam)
    close(d_start, power @ U)

    close(tape.tangent(w, [eta, lam, w_0], [1.0, 0.0, np.zeros(4)]), by_eta)
    close(tape.tangent(w, [eta, lam, w_0], [0.0, 1.0, np.zeros(4)]), by_lam)


def value(w):
    return getattr(w, "value", w)


@pytest.mark.parametrize("steps", [2, 7, 50])
def test_second_hypergradients_of_gradient_descent(steps):
    """d2 w_T / d eta^2 = T (T - 1) A^2 M^(T-2) e_0, by reverse over reverse and two others."""
    run = lambda eta: U @ descend(quadratic_slope, START, [eta] * steps, LAM)  # noqa: E731
    e_0 = START - np.linalg.solve(H + LAM * np.eye(4), H @ TARGET)
    second = in_eigenbasis(
        lambda h: steps * (steps - 1) * (h + LAM) ** 2 * (1 - ETA * (h + LAM)) ** (steps - 2)
    )
    expected = U @ second @ e_0
    along = lambda f: lambda x: mg.jvp(f, (x,), (1.0,))[1]  # noqa: E731
    for derivative in (mg.grad(mg.grad(run)), along(mg.grad(run)), mg.grad(along(run))):
        assert_allclose(derivative(ETA), expected, rtol=1e-11)


def test_each_rate_of_a_schedule():
    """w_T = w* + prod (1 - eta_t A) e_0; by eta_s: -A prod over t != s, in whatever order."""
    rates = np.linspace(0.05, 0.5, 12)
    with mg.Tape() as tape:
        variables = [tape.variable(rate) for rate in rates]
        w = descend(quadratic_slope, START, variables, LAM)
    found = tape.gradient(w, variables, cotangent=U)

    e_0 = START - np.linalg.solve(H + LAM * np.eye(4), H @ TARGET)
    for s, d_eta in enumerate(found):
        others = np.delete(rates, s)
        matrix = in_eigenbasis(lambda h, t=others: -(h + LAM) * np.prod(1 - t * (h + LAM)))
        assert_allclose(d_eta, U @ matrix @ e_0, rtol=1e-12)


@pytest.mark.parametrize("steps", STEPS)
def test_hypergradients_of_heavy_ball(steps):
    """By the sequence s_(k+1) = p s_k - beta s_(k-1), with p = 1 + beta - eta a.

    With c_k its derivative by p, K = s_(T+1) - beta s_T and D = c_(T+1) - beta c_T:
    e_T = K e_0; by eta: -a D e_0; by beta: (D - c_T + beta c_(T-1) - s_T) e_0; by lam:
    -(w*/a) (1 - K) - eta D e_0.
    """
    h, target, w_0 = 1.1, 2.0, -0.5
    a = h + LAM
    with mg.Tape() as tape:
        eta, lam, beta = map(tape.variable, (ETA, LAM, BETA))
        slope = mg.grad(lambda w: 0.5 * h * (w - target) ** 2)
        w = descend(slope, tape.variable(w_0), [eta] * steps, lam, beta)
    d_eta, d_lam, d_beta = tape.gradient(w, [eta, lam, beta])

    p = 1 + BETA - ETA * a
    s = [0.0, 1.0]
    c = [0.0, 0.0]  # by differentiating the recursion
    for _ in range(steps + 1):
        c.append(s[-1] + p * c[-1] - BETA * c[-2])
        s.append(p * s[-1] - BETA * s[-2])
    K = s[steps + 1] - BETA * s[steps]
    D = c[steps + 1] - BETA * c[steps]
    before = c[steps - 1] if steps else 0.0
    best = h * target / a
    e_0 = w_0 - best

    close(value(w), best + K * e_0)
    close(d_eta, -a * D * e_0)
    close(d_lam, -best / a * (1 - K) - ETA * D * e_0)
    close(d_beta, (D - c[steps] + BETA * before - s[steps]) * e_0 if steps else 0.0)


@pytest.mark.parametrize("steps", [0, 1, 5, 40])
def test_initial_scale_and_example_weights(steps):
    """Two more hyperparameters: w_0 = scale z, and the s_i in the loss sum s_i (w - x_i)^2 / 2.

    The curvature is S = sum s_i and the least loss at m = sum s_i x_i / S, so
    w_T = m + (1 - eta S)^T (scale z - m).
    """
    x, z = np.array([0.5, 2.0, -1.0]), 1.3
    with mg.Tape() as tape:
        weights, scale = tape.variable(np.array([0.2, 0.5, 0.9])), tape.variable(0.7)
        w = scale * z
        for _ in range(steps):
            w = w - ETA * mg.grad(lambda w: 0.5 * np.sum(weights * (w - x) ** 2))(w)
    d_weights, d_scale = tape.gradient(w, [weights, scale])

    total = np.sum(weights.value)
    mean = np.sum(weights.value * x) / total
    rate = 1 - ETA * total
    close(d_scale, rate**steps * z)
    by_mean = (1 - rate**steps) * (x - mean) / total
    by_total = -steps * ETA * rate ** max(steps - 1, 0) * (0.7 * z - mean)
    close(d_weights, by_mean + by_total)


# Descent on w^3/3 - w^2/2 is the logistic map: w <- w + eta w (1 - w), r = 1 + eta.


def logistic(steps, eta, w):
    for _ in range(steps):
        w = w - eta * mg.grad(lambda w: w**3 / 3.0 - 0.5 * w**2)(w)
    return w


@pytest.mark.parametrize("steps", [1, 3, 10, 25])
def test_a_chaotic_run_at_rate_3(steps):
    """w_T = 4/3 sin^2(2^T t) with t = arcsin sqrt(3 w_0 / 4); by w_0: 2^T sin(2^(T+1) t) / sin 2t.

    Rounding doubles with each step, as everything else does: 2^T is what the error is relative to.
    """
    w_0 = 0.3
    t = np.arcsin(np.sqrt(0.75 * w_0))
    w_T, slope = mg.value_and_grad(lambda w: logistic(steps, 3.0, w))(w_0)
    lost = 4e-16 * 2.0**steps
    assert_allclose(w_T, 4 / 3 * np.sin(2**steps * t) ** 2, atol=4 * lost)
    expected = 2**steps * np.sin(2 ** (steps + 1) * t) / np.sin(2 * t)
    assert_allclose(slope, expected, atol=2**steps * 8 * lost)


def test_a_chaotic_run_in_figures():
    """The same at T = 10, where twelve digits are left."""
    w_T, slope = mg.value_and_grad(lambda w: logistic(10, 3.0, w))(0.3)
    assert_allclose(w_T, 0.102405982782, rtol=1e-10)
    assert_allclose(slope, 652.9771521, rtol=1e-9)


@pytest.mark.parametrize("steps", [1, 2, 4])
def test_a_run_that_converges_faster_than_any_power(steps):
    """At rate 1: w_T = 1 - (1 - w_0)^(2^T)."""
    w_0 = 0.3
    w_T, slope = mg.value_and_grad(lambda w: logistic(steps, 1.0, w))(w_0)
    assert_allclose(w_T, 1 - (1 - w_0) ** 2**steps, rtol=1e-14)
    assert_allclose(slope, 2**steps * (1 - w_0) ** (2**steps - 1), rtol=1e-12)


@pytest.mark.parametrize(
    ("eta", "low", "high"), [(0.5, 0, 1e-14), (1.5, 0, 1e-14), (2.7, 1e14, 1e17), (3.0, 1e28, 1e31)]
)
def test_the_derivative_vanishes_or_explodes_with_the_rate(eta, low, high):
    """After 100 steps: |d w_T / d eta| is next to nothing below rate 2, and grows like e^(T l)."""
    _, slope = mg.jvp(lambda eta: logistic(100, eta, 0.3), (eta,), (1.0,))
    assert low <= abs(slope) <= high


@pytest.mark.parametrize("eta", [0.5, 1.5, 2.5])
@pytest.mark.parametrize("steps", [3, 20, 60])
def test_forward_and_reverse_agree_on_the_logistic_map(eta, steps):
    """Where no closed form is known the two ways still meet, and a recursion by hand with them.

    z' = (1 + eta (1 - 2 w)) z + w (1 - w).
    """
    w, z = 0.3, 0.0
    for _ in range(steps):
        w, z = w + eta * w * (1 - w), (1 + eta * (1 - 2 * w)) * z + w * (1 - w)
    run = lambda eta: logistic(steps, eta, 0.3)  # noqa: E731
    floor = 1e-13 * steps
    assert_allclose(mg.grad(run)(eta), z, rtol=1e-9, atol=floor)
    assert_allclose(mg.jvp(run, (eta,), (1.0,))[1], z, rtol=1e-9, atol=floor)
