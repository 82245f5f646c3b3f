r"""Quadratic costs, where the trained weights and their derivatives are formulas.

In the eigenbasis of the curvature every weight is a problem of its own: the cost of a weight is
:math:`h (w - c)^2 / 2 + \lambda w^2 / 2`, with :math:`a = h + \lambda` and the minimum
:math:`w^* = h c / a`. Gradient descent gives :math:`w_T = w^* + m^T e_0` with
:math:`m = 1 - \eta a` and :math:`e_0 = w_0 - w^*`; momentum a sequence of Lucas's kind.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg

METHODS = {
    "recorded": mg.Recorded(),
    "stored": mg.Stored(),
    "checkpointed": mg.Checkpointed(snapshots=3),
    "forward": mg.Forward(),
}
each_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
C, W0, U = np.array([1.0, -2.0, 0.5]), np.array([0.3, 0.1, -0.4]), np.array([0.7, -1.1, 0.4])
numbers = st.floats(0.05, 0.6)
curvatures = st.lists(st.floats(0.1, 2.0), min_size=3, max_size=3).map(np.array)


def linear_cost(step, init, steps):
    """Return a run whose outer cost is a weighted sum, so that it has the weights' derivatives."""
    return mg.TrainingRun(init, step, lambda s, h: np.sum(U * s["w"]), steps)


def descent(h, steps):
    def step(state, hypers, batch):
        w = state["w"]
        return {"w": w - hypers["eta"] * (h * (w - C) + hypers["lam"] * w)}

    return linear_cost(step, lambda hypers: {"w": W0}, steps)


def heavy_ball(h, steps):
    def step(state, hypers, batch):
        w = state["w"]
        v = hypers["beta"] * state["v"] + h * (w - C) + hypers["lam"] * w
        return {"w": w - hypers["eta"] * v, "v": v}

    return linear_cost(step, lambda hypers: {"w": W0, "v": np.zeros(3)}, steps)


def check(result, cost, **gradient):
    np.testing.assert_allclose(result.cost, cost, 1e-11, 1e-13)
    for name, right in gradient.items():
        np.testing.assert_allclose(result.gradient[name], right, 1e-9, 1e-11, err_msg=name)


@each_method
@given(h=curvatures, eta=numbers, lam=numbers, steps=st.integers(0, 25))
def test_gradient_descent(method, h, eta, lam, steps):
    a = h + lam
    w_star = h * C / a
    e, m = W0 - w_star, 1 - eta * a
    power = m ** (steps - 1) if steps else 0 * m
    d_eta = -steps * a * power * e
    d_lam = -(1 - m**steps) * w_star / a - eta * steps * power * e
    result = mg.hypergradient(descent(h, steps), {"eta": eta, "lam": lam}, method)
    check(result, U @ (w_star + m**steps * e), eta=U @ d_eta, lam=U @ d_lam)


@each_method
@given(h=curvatures, rates=st.lists(numbers, min_size=1, max_size=8).map(np.array), lam=numbers)
def test_gradient_descent_with_a_rate_for_each_step(method, h, rates, lam):
    a = h + lam
    w_star = h * C / a
    factors = 1 - rates[:, None] * a
    others = np.array([np.prod(np.delete(factors, t, 0), 0) for t in range(len(rates))])
    e = W0 - w_star
    hypers = {"eta": mg.per_step(rates), "lam": lam}
    result = mg.hypergradient(descent(h, len(rates)), hypers, method)
    check(result, U @ (w_star + np.prod(factors, 0) * e), eta=-(a * others * e) @ U)


@each_method
@given(h=curvatures, eta=numbers, lam=numbers, beta=numbers, steps=st.integers(0, 25))
def test_heavy_ball(method, h, eta, lam, beta, steps):
    a = h + lam
    p = 1 + beta - eta * a
    s = [0 * a, 0 * a + 1]
    for _ in range(steps):
        s.append(p * s[-1] - beta * s[-2])

    def c(k):
        return sum((s[j] * s[k - j] for j in range(1, k)), 0 * a)

    big_k, big_d = s[steps + 1] - beta * s[steps], c(steps + 1) - beta * c(steps)
    w_star = h * C / a
    e = W0 - w_star
    d_beta = big_d - c(steps) + beta * c(steps - 1) - s[steps]
    d_lam = -w_star / a * (1 - big_k) - eta * big_d * e
    result = mg.hypergradient(heavy_ball(h, steps), {"eta": eta, "lam": lam, "beta": beta}, method)
    check(
        result,
        U @ (w_star + big_k * e),
        eta=U @ (-a * big_d * e),
        lam=U @ d_lam,
        beta=U @ (d_beta * e),
    )


def scalar(step, init, cost):
    return mg.TrainingRun(init, step, cost, 5)


def plain_step(w, h, batch):
    return w - h["eta"] * (w - 2.0 + h["lam"] * w)


def momentum_step(state, h, batch):
    w, v = state
    v = h["beta"] * v + w - 2.0 + h["lam"] * w
    return w - h["eta"] * v, v


@each_method
def test_golden_numbers(method):
    """Exact fractions: curvature 1, minimum 2, start 1, five steps of rate 3/10, decay 1/10."""
    hypers = {"eta": 0.3, "lam": 0.1}
    weight = mg.hypergradient(scalar(plain_step, lambda h: 1.0, lambda w, h: w), hypers, method)
    check(weight, 17077170367 / 10**10, eta=181360089 / (2 * 10**8), lam=-47296887 / (4 * 10**7))
    cost = mg.hypergradient(
        scalar(plain_step, lambda h: 1.0, lambda w, h: 0.5 * (w - 2) ** 2), hypers, method
    )
    check(cost, 0.042714665317714576, eta=-0.2650423211863587, lam=0.3456018571806312)
    full = mg.hypergradient(
        scalar(plain_step, lambda h: 1.0, lambda w, h: 0.5 * (w - 2) ** 2 + 0.5 * h["lam"] * w * w),
        hypers,
        method,
    )
    check(full, 0.18852953918948603, eta=-0.11018646430499454, lam=1.6018263466164089)
    momentum = mg.hypergradient(
        scalar(momentum_step, lambda h: (1.0, 0.0), lambda s, h: s[0]),
        hypers | {"beta": 0.5},
        method,
    )
    check(
        momentum,
        19560835567 / 10**10,
        eta=82405809 / (2 * 10**8),
        lam=-14552883 / (8 * 10**6),
        beta=19551051 / (25 * 10**6),
    )


@given(h=curvatures, eta=numbers, lam=numbers, last=st.integers(1, 8))
def test_truncation_leaves_out_the_terms_before(h, eta, lam, last):
    """On a quadratic the adjoint of step t is known, and the sum over the last steps with it."""
    steps = 12
    a = h + lam
    w_star = h * C / a
    m = 1 - eta * a
    w = [w_star + m**t * (W0 - w_star) for t in range(steps)]
    kept = range(steps - last, steps)
    d_lam = sum(-eta * w[t] * m ** (steps - 1 - t) for t in kept)
    result = mg.hypergradient(descent(h, steps), {"eta": eta, "lam": lam}, mg.Truncated(last))
    check(result, U @ (w_star + m**steps * (W0 - w_star)), lam=U @ d_lam)
    assert not result.stats.exact
