"""Optimisers against their textbook formulas, and their hyperparameters' derivatives.

The plain algorithms below are written from the papers, know nothing of minigrad, and are what the
optimisers must equal to the last bit.
"""

from fractions import Fraction

import numpy as np
import pytest

import minigrad as mg
from minigrad import tree
from minigrad.optim import adam, adamw, momentum, nesterov, rmsprop, sgd
from minigrad.testing import complex_step, finite_difference

OPTIMISERS = {
    "sgd": sgd,
    "momentum": momentum,
    "nesterov": nesterov,
    "rmsprop": rmsprop,
    "adam": adam,
    "adamw": adamw,
}
RATES = {"eta": 0.05, "lam": 0.3}
HYPERS = {
    "sgd": RATES,
    "momentum": RATES | {"mu": 0.8},
    "nesterov": RATES | {"mu": 0.8},
    "rmsprop": RATES | {"beta2": 0.9, "eps": 1e-3},
    "adam": RATES | {"beta1": 0.8, "beta2": 0.95, "eps": 1e-3},
    "adamw": RATES | {"beta1": 0.8, "beta2": 0.95, "eps": 1e-3},
}
N = 10  # examples, as in lam / n
each = pytest.mark.parametrize("name", OPTIMISERS)
each_hyper = pytest.mark.parametrize(
    ("name", "hyper"), [(name, hyper) for name, hypers in HYPERS.items() for hyper in hypers]
)


# The textbooks. One array; `gradient` is a function of it and of the step.


def plain_sgd(w, gradient, steps, eta, lam):
    for t in range(steps):
        w = (1 - eta * (lam / N)) * w - eta * gradient(w, t)
    return w


def plain_momentum(w, gradient, steps, eta, lam, mu):
    v = np.zeros_like(w)
    for t in range(steps):
        v = mu * v + (gradient(w, t) + lam / N * w)
        w = w - eta * v
    return w


def plain_nesterov(w, gradient, steps, eta, lam, mu):
    v = np.zeros_like(w)
    for t in range(steps):
        g = gradient(w, t) + lam / N * w
        v = mu * v + g
        w = w - eta * (g + mu * v)
    return w


def plain_rmsprop(w, gradient, steps, eta, lam, beta2, eps):
    v = np.zeros_like(w)
    for t in range(steps):
        g = gradient(w, t) + lam / N * w
        v = beta2 * v + (1 - beta2) * g**2
        w = w - eta * g / (np.sqrt(v) + eps)
    return w


def plain_adam(w, gradient, steps, eta, lam, beta1, beta2, eps, decoupled=False):
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in range(steps):
        g = gradient(w, t)
        if decoupled:
            w = (1 - eta * (lam / N)) * w
        else:
            g = g + lam / N * w
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat = m / (1 - beta1 ** (t + 1))
        v_hat = v / (1 - beta2 ** (t + 1))
        w = w - eta * m_hat / (np.sqrt(v_hat) + eps)
    return w


def plain_adamw(*args, **hypers):
    return plain_adam(*args, **hypers, decoupled=True)


PLAIN = {
    "sgd": plain_sgd,
    "momentum": plain_momentum,
    "nesterov": plain_nesterov,
    "rmsprop": plain_rmsprop,
    "adam": plain_adam,
    "adamw": plain_adamw,
}


def train(name, params, gradient, steps, hypers):
    """Run an optimiser; `gradient(params, t)` returns a tree."""
    optimiser = OPTIMISERS[name]
    state = optimiser.init(params)
    for t in range(steps):
        params, state = optimiser.update(params, gradient(params, t), state, n=N, **hypers)
    return params


def slope(w, t):
    """Return a gradient that is not linear, nor constant in time, and runs anywhere."""
    return np.sin(w) + 0.5 * w * (t % 3)


def slopes(params, t):
    """Return such a gradient for each array of a tree."""
    return tree.map(lambda w: slope(w, t), params)


# Equal to the textbook, bit for bit


@each
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_equals_the_plain_algorithm_to_the_last_bit_plain_and_recorded(name, dtype):
    w = np.random.default_rng(3).normal(size=(4, 3)).astype(dtype)
    expected = PLAIN[name](w, slope, 12, **HYPERS[name])
    assert expected.dtype == dtype
    assert np.array_equal(train(name, w, slope, 12, HYPERS[name]), expected)
    with mg.Tape() as tape:
        hypers = tape.variable(HYPERS[name])
        result = train(name, tape.variable(w), slope, 12, hypers)
    assert result.dtype == dtype
    assert np.array_equal(result.value, expected)


@each
def test_equals_the_plain_algorithm_on_python_numbers(name):
    result = train(name, 0.7, slope, 5, HYPERS[name])
    assert result == PLAIN[name](np.float64(0.7), slope, 5, **HYPERS[name])


@each
def test_hyperparameters_may_be_numpy_numbers_of_any_dtype(name):
    """A float64 rate, as from a schedule, neither widens float32 weights nor changes a bit."""
    w = np.ones(3, np.float32)
    expected = train(name, w, slope, 5, HYPERS[name])
    for kind in (np.float64, np.array):
        result = train(name, w, slope, 5, {key: kind(x) for key, x in HYPERS[name].items()})
        assert result.dtype == np.float32
        assert np.array_equal(result, expected)


@each
def test_without_decay_nothing_is_decayed(name):
    """The default of lam is 0, which leaves even the bits alone."""
    hypers = HYPERS[name] | {"lam": 0.0}
    without = {key: value for key, value in hypers.items() if key != "lam"}
    w = np.array([0.3, -2.0])
    assert np.array_equal(train(name, w, slope, 6, without), PLAIN[name](w, slope, 6, **hypers))


# Exact in rationals: a quadratic needs nothing but + - * /


def quadratic(w, t):
    return w - 2


GOLDEN = {  # C0 = (w - 2)^2 / 2, lam = 1/10, eta = 3/10, w_0 = 1, five steps
    "sgd": {
        "w": Fraction(17077170367, 10**10),
        "eta": Fraction(181360089, 2 * 10**8),
        "lam": Fraction(-47296887, 4 * 10**7),
    },
    "momentum": {  # mu = 1/2
        "w": Fraction(19560835567, 10**10),
        "eta": Fraction(82405809, 2 * 10**8),
        "lam": Fraction(-14552883, 8 * 10**6),
        "mu": Fraction(19551051, 25 * 10**6),
    },
}


@pytest.mark.parametrize("name", GOLDEN)
def test_exact_hypergradients_of_a_quadratic(name):
    exact = {"eta": Fraction(3, 10), "lam": Fraction(N, 10), "mu": Fraction(1, 2)}
    with mg.Tape() as tape:
        hypers = {key: tape.variable(x) for key, x in exact.items() if key in HYPERS[name]}
        w = train(name, tape.variable(Fraction(1)), quadratic, 5, hypers)
    assert w.value == GOLDEN[name]["w"]
    for hyper, derivative in tape.gradient(w, hypers).items():
        scale = N if hyper == "lam" else 1  # the step uses lam / n
        assert derivative * scale == GOLDEN[name][hyper]
        one = {hyper: Fraction(1)}
        assert tape.tangent(w, {hyper: hypers[hyper]}, one) == derivative


def test_exact_hypergradients_of_a_schedule():
    """One rate for each step: w_4 and its four derivatives, in rationals."""
    with mg.Tape() as tape:
        etas = [tape.variable(Fraction(k, 10)) for k in (1, 2, 3, 4)]
        w = tape.variable(Fraction(1))
        for eta in etas:
            w, _ = sgd.update(w, w - 2, (), eta=eta, lam=Fraction(1, 10))
    assert w.value == Fraction(10031719, 6250000)
    assert tape.gradient(w, etas) == [
        Fraction(164619, 625000),
        Fraction(375669, 1250000),
        Fraction(218673, 625000),
        Fraction(2093013, 5000000),
    ]


def test_nesterov_is_his_two_sequences():
    """x_{t+1} = w - eta g(w), w = x_{t+1} + mu (x_{t+1} - x_t): the same w, in rationals."""
    eta, mu = Fraction(1, 3), Fraction(2, 5)
    w = x = Fraction(1)
    for _ in range(6):
        x, x_old = w - eta * (w**3 - 2), x
        w = x + mu * (x - x_old)
    assert train("nesterov", Fraction(1), lambda w, t: w**3 - 2, 6, {"eta": eta, "mu": mu}) == w


# Laws


@pytest.mark.parametrize("name", ["sgd", "momentum", "nesterov", "rmsprop", "adam"])
def test_decay_is_the_gradient_of_the_l2_penalty(name):
    """A lam in the step is a lam/2n sum w^2 in the cost; in SGD up to rounding."""
    w, hypers = np.array([0.3, -2.0]), HYPERS[name]

    def penalised(w, t):
        return slope(w, t) + hypers["lam"] / N * w

    inside = train(name, w, penalised, 9, hypers | {"lam": 0.0})
    assert np.allclose(train(name, w, slope, 9, hypers), inside, rtol=1e-14)


def test_adamw_decays_beside_adams_step():
    w, g = np.array([0.3, -2.0]), np.array([1.0, 5.0])
    beside, _ = adamw.update(w, g, adamw.init(w), eta=0.1, lam=0.2)
    step, _ = adam.update(w, g, adam.init(w), eta=0.1)
    assert np.allclose(beside, step - 0.1 * 0.2 * w, rtol=1e-14)


def test_adam_under_a_constant_gradient_has_a_closed_form():
    """Both averages are unbiased, so w_T = w_0 - T eta g / (|g| + eps), whatever the betas."""
    g, eta, eps, steps = -0.3, 0.01, 0.05, 20
    with mg.Tape() as tape:
        hypers = tape.variable({"eta": eta, "eps": eps, "beta1": 0.9, "beta2": 0.99})
        w = train("adam", 1.0, lambda w, t: g, steps, hypers)
    reach = g / (abs(g) + eps)
    assert np.isclose(w.value, 1.0 - steps * eta * reach, rtol=1e-13)
    slopes = tape.gradient(w, hypers)
    assert np.isclose(slopes["eta"], -steps * reach, rtol=1e-13)
    assert np.isclose(slopes["eps"], steps * eta * g / (abs(g) + eps) ** 2, rtol=1e-13)
    assert abs(slopes["beta1"]) < 1e-13
    assert abs(slopes["beta2"]) < 1e-13


@each
def test_nothing_that_is_handed_in_is_changed(name):
    optimiser = OPTIMISERS[name]
    params, grads = {"w": np.ones(2), "b": np.ones(1)}, {"w": np.ones(2), "b": np.ones(1)}
    state = optimiser.init(params)
    before = repr((params, grads, state))
    first = optimiser.update(params, grads, state, n=N, **HYPERS[name])
    assert repr((params, grads, state)) == before
    assert repr(optimiser.update(params, grads, state, n=N, **HYPERS[name])) == repr(first)


# The derivatives of a whole training loop


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parameters_in_a_file_are_trained_and_left_as_they_are(name, dtype, tmp_path):
    optimiser, start = OPTIMISERS[name], np.arange(6, dtype=dtype).reshape(2, 3)
    stored = np.memmap(tmp_path / "weights", dtype, "w+", shape=start.shape)
    stored[...] = start
    results = []
    for w in (stored, start):
        params, state = w, optimiser.init(w)
        for _ in range(3):
            params, state = optimiser.update(params, np.sin(params), state, **RATES)
        results.append(params)
    assert np.array_equal(*results)
    assert np.array_equal(stored, start)
    assert results[0].dtype == dtype


X = np.random.default_rng(5).normal(size=(N, 3))
Y = np.random.default_rng(6).normal(size=N)
W0, B0 = np.array([0.5, -0.4, 0.3]), np.array(0.2)
STEPS = 6


def cost(params):
    return 0.5 * np.sum((np.tanh(X @ params["w"] + params["b"]) - Y) ** 2) / N


def gradient_by_hand(params, t):
    """Return the gradient of the cost, by pencil and paper: it runs on complex numbers as well."""
    y = np.tanh(X @ params["w"] + params["b"])
    d = (y - Y) * (1 - y * y) / N
    return {"w": X.T @ d, "b": np.sum(d)}


def final_cost_by_hand(name, hypers, start=W0):
    return cost(train(name, {"w": start, "b": B0}, gradient_by_hand, STEPS, hypers))


def recorded(name):
    """Record a training loop, inner gradients by the tape; return tape, hypers, weights, cost."""
    with mg.Tape() as tape:
        hypers, w = tape.variable(HYPERS[name]), tape.variable(W0)
        params = {"w": w, "b": tape.variable(B0)}
        trained = train(name, params, lambda p, t: tape.gradient(cost(p), p), STEPS, hypers)
        final = cost(trained)
    return tape, hypers, w, final


@each_hyper
def test_hypergradient_against_complex_step_and_finite_difference(name, hyper):
    tape, hypers, _, final = recorded(name)
    found, value = tape.gradient(final, hypers[hyper]), HYPERS[name][hyper]

    def at(x):
        return final_cost_by_hand(name, HYPERS[name] | {hyper: x})

    assert np.isclose(final.value, at(value), rtol=1e-14)
    assert np.isclose(found, complex_step(at, value), rtol=1e-11)
    estimate = finite_difference(at, value, step=1e-4 * value)
    assert np.isclose(found, estimate.value, rtol=1e-5)
    assert np.isclose(found, tape.tangent(final, hypers[hyper], 1.0), rtol=1e-11)


@each
def test_gradient_in_the_initial_weights_against_the_complex_step(name):
    tape, _, w, final = recorded(name)
    expected = complex_step(lambda start: final_cost_by_hand(name, HYPERS[name], start), W0)
    assert np.allclose(tape.gradient(final, w), expected, rtol=1e-11)


@each
def test_second_derivatives_in_all_hyperparameters(name):
    """The Hessian by the tape, against differences of the exact gradient, and symmetric."""
    names = list(HYPERS[name])
    at = np.array(list(HYPERS[name].values()))

    def final(z):
        hypers = {key: z[k] for k, key in enumerate(names)}
        return final_cost_by_hand(name, hypers)

    hessian = mg.hessian(final)(at)
    assert np.allclose(hessian, hessian.T, rtol=1e-9, atol=1e-12)
    for k, value in enumerate(at):
        h = 1e-5 * value
        up, down = at.copy(), at.copy()
        up[k] += h
        down[k] -= h
        row = (mg.grad(final)(up) - mg.grad(final)(down)) / (2 * h)
        assert np.allclose(hessian[k], row, rtol=1e-5, atol=1e-7 * np.abs(hessian).max())


# No NaN where a gradient is zero


@pytest.mark.parametrize("name", ["rmsprop", "adam", "adamw"])
@pytest.mark.parametrize("first", [0.0, 1e-200, 1e-60])
@pytest.mark.parametrize("later", [0.0, 1.0])
def test_no_nan_from_a_second_moment_of_zero(name, first, later):
    """Three steps, the first gradient zero: every first and second derivative is finite.

    In the hyperparameters, which the gradient does not depend on, the plain algorithm is smooth,
    and its complex step is the oracle.
    """
    given = HYPERS[name] | {"lam": 0.0, "eps": 1e-8}
    w = np.array([1.0, 1.0])

    def fixed(w, t):
        return np.array([first if t == 0 else later * (t + 1.0), 0.0])

    def final(hypers):
        return np.sum(train(name, w, fixed, 3, hypers))

    with mg.Tape() as tape:
        hypers = tape.variable(given)
        gradient = tape.gradient(final(hypers), hypers)
    for key, slope_in_key in gradient.items():
        assert np.isfinite(list(tape.gradient(slope_in_key, hypers).values())).all()
        expected = complex_step(
            lambda x, key=key: np.sum(PLAIN[name](w, fixed, 3, **(given | {key: x}))), given[key]
        )
        assert np.isclose(slope_in_key.value, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["rmsprop", "adam", "adamw"])
def test_no_nan_in_the_weights_that_start_at_a_minimum(name):
    """Their gradient is 0 at every step, and 0 + 0 i is where the root has no slope."""

    def final(z):
        w = train(name, z[:2], lambda w, t: w * w * w, 3, {"eta": z[2], "lam": z[3]})
        return np.sum(w)

    at = np.array([0.0, 0.5, 0.1, 0.0])
    for derivative in (mg.grad(final)(at), mg.hessian(final)(at)):
        assert np.all(np.isfinite(derivative))


# Trees


@each
def test_a_tree_is_trained_leaf_by_leaf(name):
    """Weights and biases, in layers: each as if it were alone, and biases without decay."""
    params = [{"w": np.array([0.5, -0.5]), "b": np.array([1.0])}, {"w": np.array([[2.0]])}]
    together = train(name, params, slopes, 4, HYPERS[name])
    for path, w in tree.paths(together).items():
        hypers = HYPERS[name] | ({"lam": 0.0} if path.endswith("['b']") else {})
        assert np.array_equal(w, PLAIN[name](tree.paths(params)[path], slope, 4, **hypers))


@each_hyper
def test_hyperparameters_may_differ_by_layer_and_by_parameter(name, hyper):
    """A list for the layers, a tree for the parameters, an array for the elements."""
    value = HYPERS[name][hyper]
    of_elements, of_bias, of_layer = np.array([value, value / 2]), value / 3, value / 4
    params = [{"w": np.array([0.5, -0.5]), "b": np.array([1.0])}, {"w": np.array([[2.0]])}]
    given = HYPERS[name] | {hyper: [{"w": of_elements, "b": of_bias}, of_layer]}
    trained = train(name, params, slopes, 3, given)

    without = HYPERS[name] | {"lam": 0.0}  # the bias, unless its own lam is what is given
    for start, hypers, result in [
        (params[0]["w"], HYPERS[name] | {hyper: of_elements}, trained[0]["w"]),
        (params[0]["b"], without | {hyper: of_bias}, trained[0]["b"]),
        (params[1]["w"], HYPERS[name] | {hyper: of_layer}, trained[1]["w"]),
    ]:
        assert np.array_equal(result, PLAIN[name](start, slope, 3, **hypers))


def test_the_keys_of_a_gradient_may_be_in_another_order():
    params, grads = {"w": 1.0, "b": 2.0}, {"b": 20.0, "w": 10.0}
    assert sgd.update(params, grads, (), eta=0.1) == ({"w": 0.0, "b": 0.0}, ())


@pytest.mark.parametrize("grads", [1.0, {"w": 1.0}, {"w": 1.0, "b": 1.0, "c": 1.0}, [1.0, 1.0]])
def test_a_gradient_of_another_shape_of_tree_is_refused(grads):
    with pytest.raises(ValueError, match="grads"):
        sgd.update({"w": 1.0, "b": 2.0}, grads, (), eta=0.1)


def test_the_state_of_another_model_is_refused():
    with pytest.raises(ValueError, match="state"):
        adam.update({"w": 1.0}, {"w": 1.0}, adam.init([1.0, 2.0]), eta=0.1)


def test_a_hyperparameter_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match="eta does not fit"):
        sgd.update({"w": 1.0}, {"w": 1.0}, (), eta=[0.1, 0.2])
    with pytest.raises(ValueError, match="lam is for no weight"):
        sgd.update({"b": 1.0}, {"b": 1.0}, (), eta=0.1, lam=0.2)


@each
def test_an_empty_tree_is_no_trouble(name):
    assert train(name, {"w": []}, lambda p, t: p, 2, HYPERS[name]) == {"w": []}


@each
def test_a_state_is_made_of_real_numbers_and_a_step_is_differentiable_in_it(name):
    """The adjoint of one step: what a training that is replayed step by step needs."""
    optimiser = OPTIMISERS[name]
    w = np.array([0.5, -0.5])
    _, state = optimiser.update(w, slope(w, 1), optimiser.init(w), eta=0.1)
    with mg.Tape() as tape:
        start = tape.variable((w, state, HYPERS[name]))
        w, state, hypers = start
        end = optimiser.update(w, slope(w, 2), state, n=N, **hypers)

    seed = tree.map(lambda y: np.ones_like(y.value), end)
    move = tree.map(lambda x: 0.5 * np.ones_like(x.value), start)
    back = tape.gradient(end, start, cotangent=seed)
    forth = tape.tangent(end, start, move)
    assert np.isclose(dot(back, move), dot(seed, forth), rtol=1e-13)


def dot(a, b):
    """Return the inner product of two trees, less the numbers of steps, which do not move."""
    pairs = tree.paths(a).items()
    return sum(np.sum(x * tree.paths(b)[path]) for path, x in pairs if not path.endswith(".t"))
