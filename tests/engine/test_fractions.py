"""Training in exact rational numbers: every derivative equal to the last digit of infinitely many.

The training loss is ``(w - 2)^2 / 2`` with decay 1/10, the rate 3/10, the start 1; five steps. The
numbers expected follow from the closed form of the recursion, in rational arithmetic by hand.
"""

from fractions import Fraction as Q

import numpy as np
import pytest

import minigrad as mg

ETA, LAM, BETA, A, W_0 = Q(3, 10), Q(1, 10), Q(1, 2), Q(2), Q(1)


def loss(w):
    return Q(1, 2) * (w - A) * (w - A)


def train(rates, lam, beta, w):
    """Heavy-ball descent, ``v <- beta v + g`` and ``w <- w - eta v``, the gradients recorded."""
    v = 0
    for eta in rates:
        w_bar = mg.grad(lambda w: loss(w) + Q(1, 2) * lam * w * w)(w)
        v = beta * v + w_bar
        w = w - eta * v
    return w


def five_steps(eta, lam, beta):
    return train([eta] * 5, lam, beta, W_0)


def by_reverse(f, *args):
    return mg.grad(f, range(len(args)))(*args)


def by_forward(f, *args):
    units = [tuple(Q(int(j == k)) for j in range(len(args))) for k in range(len(args))]
    return tuple(mg.jvp(f, args, unit)[1] for unit in units)


both_ways = pytest.mark.parametrize("derivatives", [by_reverse, by_forward])


@both_ways
@pytest.mark.parametrize(
    ("beta", "w_5", "d_eta", "d_lam", "d_beta"),
    [
        (
            Q(0),
            Q(17077170367, 10**10),
            Q(181360089, 2 * 10**8),
            Q(-47296887, 4 * 10**7),
            Q(32482404, 10**8),
        ),
        (
            Q(1, 2),
            Q(19560835567, 10**10),
            Q(82405809, 2 * 10**8),
            Q(-14552883, 8 * 10**6),
            Q(19551051, 25 * 10**6),
        ),
    ],
    ids=["gradient descent", "heavy ball"],
)
def test_the_final_weight_and_its_hypergradients(derivatives, beta, w_5, d_eta, d_lam, d_beta):
    assert five_steps(ETA, LAM, beta) == w_5
    found = derivatives(five_steps, ETA, LAM, beta)
    assert found == (d_eta, d_lam, d_beta)
    assert all(type(d) is Q for d in found)


@both_ways
def test_the_outer_costs(derivatives):
    """Unregularised, and with the decay's own term, which adds its direct derivative w^2 / 2."""
    w_5 = five_steps(ETA, LAM, Q(0))
    d_w = Q(181360089, 2 * 10**8), Q(-47296887, 4 * 10**7)

    plain = derivatives(lambda eta, lam: loss(five_steps(eta, lam, Q(0))), ETA, LAM)
    assert plain == tuple((w_5 - A) * d for d in d_w)
    assert [float(d) for d in plain] == [-0.2650423211863587, 0.3456018571806312]

    def full_cost(eta, lam):
        w = five_steps(eta, lam, Q(0))
        return loss(w) + Q(1, 2) * lam * w * w

    full = derivatives(full_cost, ETA, LAM)
    slope = w_5 - A + LAM * w_5
    assert full == (slope * d_w[0], slope * d_w[1] + w_5 * w_5 / 2)
    assert [float(d) for d in full] == [-0.11018646430499454, 1.6018263466164089]


@both_ways
def test_a_schedule(derivatives):
    rates = [Q(k, 10) for k in (1, 2, 3, 4)]
    run = lambda *rates: train(rates, LAM, Q(0), W_0)  # noqa: E731
    assert run(*rates) == Q(10031719, 6250000)
    assert derivatives(run, *rates) == (
        Q(164619, 625000),
        Q(375669, 1250000),
        Q(218673, 625000),
        Q(2093013, 5000000),
    )


def test_second_derivatives_are_exact_and_symmetric():
    """Of w_T = w* + M^T e_0 with M = 1 - eta a: T (T - 1) a^2 M^(T - 2) e_0."""
    a = 1 + LAM
    e_0 = W_0 - A / a
    second = mg.grad(mg.grad(lambda eta: five_steps(eta, LAM, Q(0))))(ETA)
    assert second == 20 * a**2 * (1 - ETA * a) ** 3 * e_0
    by_eta = mg.grad(five_steps, 0)
    by_lam = mg.grad(five_steps, 1)
    assert mg.grad(by_eta, 1)(ETA, LAM, BETA) == mg.grad(by_lam, 0)(ETA, LAM, BETA)


def test_contributions_of_the_steps_add_up_exactly():
    with mg.Tape() as tape:
        eta = tape.variable(ETA)
        w = train([eta] * 5, LAM, BETA, W_0)
    terms = [term.value for term in tape.gradient(w, eta, contributions=True)]
    assert len(terms) == 5
    assert sum(terms) == Q(82405809, 2 * 10**8)


def fractions(*numbers):
    return np.array([Q(number) for number in numbers], dtype=object)


def test_object_arrays_of_fractions_stay_exact():
    """Descent in two dimensions with a matrix of curvatures: w - eta (H w - b), three times."""
    h = np.array([[Q(2), Q(1, 3)], [Q(1, 3), Q(1)]], dtype=object)
    b = fractions(1, "1/7")

    def run(eta, w):
        for _ in range(3):
            w = w - eta * (h @ w - b)
        return w

    eta, w_0 = Q(1, 5), fractions("1/2", 3)
    u = fractions(1, "-2/3")
    _, pullback = mg.vjp(run, eta, w_0)
    d_eta, d_w = pullback(u)

    # By hand: e_T = M^T e_0 with M = 1 - eta H, and d/d eta = -T H M^(T-1) e_0.
    one = np.array([[Q(1), Q(0)], [Q(0), Q(1)]], dtype=object)
    m = one - eta * h
    determinant = h[0, 0] * h[1, 1] - h[0, 1] * h[1, 0]
    inverse = np.array([[h[1, 1], -h[0, 1]], [-h[1, 0], h[0, 0]]], dtype=object) / determinant
    e_0 = w_0 - inverse @ b
    assert np.array_equal(run(eta, w_0), inverse @ b + m @ m @ m @ e_0)
    assert d_eta == u @ (-3 * h @ m @ m @ e_0)
    assert np.array_equal(d_w, m.T @ m.T @ m.T @ u)
    assert all(type(z) is Q for z in (d_eta, *d_w))

    w_dot = fractions("1/11", 2)
    _, tangent = mg.jvp(run, (eta, w_0), (Q(0), w_dot))
    assert np.array_equal(tangent, m @ m @ m @ w_dot)


def test_sums_shapes_and_indices_of_fractions_stay_exact():
    def f(x):
        square = np.reshape(x, (2, 2))
        return np.sum(square[0] * square[:, 1]) / x[3] - np.sum(x)

    x = fractions(2, 3, 5, 7)  # (2 * 3 + 3 * 7) / 7 - 17
    value, gradient = mg.value_and_grad(f)(x)
    assert value == Q(27, 7) - 17
    expected = [Q(3, 7) - 1, Q(9, 7) - 1, Q(-1), Q(3, 7) - Q(27, 49) - 1]
    assert gradient.tolist() == expected


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_a_jacobian_and_a_hessian_are_exact(mode):
    assert repr(mg.jacobian(lambda x: x * x, mode=mode)(Q(1, 3)).tolist()) == repr(Q(2, 3))
    assert repr(mg.hessian(lambda x: x * x * x)(Q(1, 3)).tolist()) == repr(Q(2))
    v = np.array([Q(1, 3), Q(2)])
    found = mg.jacobian(lambda x: x * x, mode=mode)(v)
    assert repr(found.tolist()) == repr([[Q(2, 3), Q(0)], [Q(0), Q(4)]])


def test_the_larger_and_the_smaller_of_two_fractions():
    larger, smaller = (mg.grad(lambda x, f=f: f(x, Q(1, 7))) for f in (np.maximum, np.minimum))
    assert (larger(Q(1, 3)), larger(Q(1, 9)), larger(Q(1, 7))) == (1, 0, Q(1, 2))
    assert (smaller(Q(1, 3)), smaller(Q(1, 9)), smaller(Q(1, 7))) == (0, 1, Q(1, 2))
