"""Initialisers, layers, and a whole training on digits differentiated in all that it is made of."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad import nn, tree
from minigrad.datasets import batches, digits
from minigrad.nn.init import stretch
from minigrad.ops.rows import sum_rows
from minigrad.ops.special import dense_tanh
from minigrad.optim import schedules, sgd
from minigrad.testing import check_grads, check_primitive, complex_step

INITIALISERS = {
    "normal": (nn.normal, lambda n, k: 1.0),
    "lecun": (nn.lecun, lambda n, k: 1 / n),
    "he": (nn.he, lambda n, k: 2 / n),
    "glorot": (nn.glorot, lambda n, k: 2 / (n + k)),
}
each_initialiser = pytest.mark.parametrize("name", INITIALISERS)


@each_initialiser
@pytest.mark.parametrize(
    ("shape", "fans"), [((40, 250), (40, 250)), ((3, 40, 80), (40, 80)), ((10000,), (10000, 1))]
)
def test_the_variance_is_that_of_the_paper(name, shape, fans):
    """Mean and variance of about 10,000 normal numbers, within six standard errors."""
    initialise, variance = INITIALISERS[name]
    w = initialise(np.random.default_rng(0), shape, scale=3.0)
    expected, size = 9.0 * variance(*fans), np.prod(shape)
    assert abs(np.mean(w)) < 6 * np.sqrt(expected / size)
    assert abs(np.var(w) / expected - 1) < 6 * np.sqrt(2 / size)


@each_initialiser
def test_a_seed_gives_the_same_numbers_and_a_generator_goes_on(name):
    initialise, _ = INITIALISERS[name]
    assert np.array_equal(initialise(5, (2, 3)), initialise(np.random.default_rng(5), (2, 3)))
    rng = np.random.default_rng(5)
    assert not np.array_equal(initialise(rng, (2, 3)), initialise(rng, (2, 3)))


@each_initialiser
def test_the_dtype_is_the_one_asked_for_and_rounds_the_same_numbers(name):
    initialise, _ = INITIALISERS[name]
    exact = initialise(5, (2, 3), 0.5)
    for scale in (0.5, np.float64(0.5), np.array(0.5)):
        rounded = initialise(5, (2, 3), scale, dtype=np.float32)
        assert rounded.dtype == np.float32
        assert np.array_equal(rounded, exact.astype(np.float32))


@each_initialiser
def test_the_result_is_linear_in_the_scale(name):
    """So the derivative is what a scale of 1 gives; a scale for each column works as well."""
    initialise, _ = INITIALISERS[name]
    one = initialise(5, (2, 3))
    assert np.allclose(mg.jacobian(lambda s: initialise(5, (2, 3), s))(0.7), one, rtol=1e-15)
    assert np.array_equal(initialise(5, (2, 3), np.array([1.0, 2.0, 4.0])), one * [1, 2, 4])
    moved = complex_step(lambda s: np.sum(initialise(5, (2, 3), s)), 0.7)
    assert np.isclose(moved, np.sum(one))


def test_rules_of_the_scale():
    check_primitive(stretch, shapes=[((3, 2), ()), ((3, 2), (2,)), ((), ())])


@pytest.mark.parametrize("shape", [(), (0, 3), (3, 0), 0])
def test_weights_of_nothing_are_refused(shape):
    with pytest.raises(ValueError, match="expected"):
        nn.glorot(0, shape)


def test_zeros_stand_in_the_place_of_the_others():
    params = nn.init_mlp(0, (3, 2), scale=5.0, dtype=np.float32, initialiser=nn.zeros)
    assert np.array_equal(params[0]["w"], np.zeros((3, 2)))
    assert params[0]["w"].dtype == np.float32


def test_init_mlp_draws_layer_by_layer_from_one_generator():
    params = nn.init_mlp(7, (6, 5, 4), scale=[0.5, 2.0])
    rng = np.random.default_rng(7)
    assert np.array_equal(params[0]["w"], nn.lecun(rng, (6, 5), 0.5))
    assert np.array_equal(params[1]["w"], nn.lecun(rng, (5, 4), 2.0))
    assert [layer["b"].tolist() for layer in params] == [[0.0] * 5, [0.0] * 4]


@pytest.mark.parametrize(("sizes", "scale"), [((3,), 1.0), ((), 1.0), ((3, 2), [1.0, 2.0])])
def test_init_mlp_refuses_what_makes_no_network(sizes, scale):
    with pytest.raises(ValueError, match="two sizes or more"):
        nn.init_mlp(0, sizes, scale)


# Layers


def test_an_mlp_is_the_formula_written_out():
    params = nn.init_mlp(0, (4, 3, 5, 2))
    params = tree.map(lambda a: a + 0.1, params)
    x = np.random.default_rng(1).normal(size=(6, 4))
    for activation in (nn.tanh, nn.sigmoid, nn.softplus, nn.gelu):
        h = x
        for k, layer in enumerate(params):
            h = h @ layer["w"] + layer["b"]
            h = h if k == 2 else activation(h)
        assert np.allclose(nn.mlp(params, x, activation), h, rtol=1e-14)


def test_a_layer_and_its_tanh_in_one():
    rng = np.random.default_rng(1)
    check_grads(dense_tanh, tuple(rng.normal(size=shape) for shape in [(3, 2), (2, 4), 4]))
    x, w, b = np.array([[1, 2]]), np.array([[1], [-1]]), np.array([3])  # of whole numbers as well
    assert np.array_equal(dense_tanh(x, w, b), np.tanh(x @ w + b))


@pytest.mark.parametrize("activation", [nn.tanh, nn.sigmoid, nn.relu, nn.softplus, nn.gelu])
def test_derivatives_of_an_mlp_to_second_order(activation):
    params = tree.map(lambda a: a + 0.3, nn.init_mlp(0, (4, 3, 2)))
    x = np.random.default_rng(1).normal(size=(3, 4))
    check_grads(lambda params, x: nn.mlp(params, x, activation), (params, x))


@pytest.mark.parametrize("activation", [nn.tanh, nn.sigmoid, nn.relu, nn.softplus, nn.gelu])
def test_float32_goes_through_a_network(activation):
    params = nn.init_mlp(0, (4, 3, 2), dtype=np.float32)
    x = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
    assert nn.mlp(params, x, activation).dtype == np.float32
    for gradient in tree.leaves(mg.grad(lambda p: np.sum(nn.mlp(p, x, activation)))(params)):
        assert gradient.dtype == np.float32


@pytest.mark.parametrize("shape", [(1, 2), (5, 1), (5, 2)])
@pytest.mark.parametrize("depth", [1, 2])
def test_a_bias_for_each_example_is_refused(shape, depth):
    """It would broadcast, and the sum over the examples that is its derivative would be wrong."""
    square = {"w": np.eye(2), "b": np.zeros(shape)}
    params = [square, {"w": np.eye(2), "b": np.zeros(2)}][-depth:]
    for b in (np.zeros(shape), np.zeros(shape, np.float32)):
        params[0] = square | {"b": b}
        with pytest.raises(ValueError, match=r"expected .*\(outputs,\)"):
            nn.mlp(params, np.ones((5, 2)))
    with pytest.raises(ValueError, match=r"dense: x has shape .* expected .*\(outputs,\)"):
        nn.dense(square, np.ones((5, 2)))


def test_a_network_without_layers_is_refused():
    with pytest.raises(ValueError, match="no layers"):
        nn.mlp([], np.ones((1, 2)))


# A training on real digits: its cost is a function of the rate, the decay and the initial scale

TRAIN, VALIDATION, _ = digits()
N, STEPS = len(TRAIN.y), 4
DRAWN = batches(*TRAIN, size=20, steps=STEPS, seed=3)


def outcome(hypers, gradient):
    """Train a network and return its cost on the validation set; `gradient(params, x, y)`."""
    params = nn.init_mlp(0, (64, 8, 10), scale=hypers["scale"])
    rates = schedules.exponential(STEPS, hypers["eta"], hypers["rate"])
    for t, (x, y) in enumerate(DRAWN):
        grads = gradient(params, x, y)
        params, _ = sgd.update(params, grads, (), eta=rates[t], lam=hypers["lam"], n=N)
    return nn.cross_entropy(nn.mlp(params, VALIDATION.x), VALIDATION.y)


def gradient_by_hand(params, x, y):
    """Return the gradient of the cross-entropy of a tanh network, by pencil and paper."""
    first, second = params
    h = np.tanh(x @ first["w"] + first["b"])
    z = h @ second["w"] + second["b"]
    p = np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)
    z_bar = (p - nn.one_hot(y, 10)) / len(y)
    a_bar = (z_bar @ second["w"].T) * (1 - h * h)
    return [
        {"w": x.T @ a_bar, "b": np.sum(a_bar, axis=0)},
        {"w": h.T @ z_bar, "b": np.sum(z_bar, axis=0)},
    ]


def test_the_hypergradient_of_a_training_on_digits():
    """By the tape, inner gradients and all, against the complex step through pencil and paper."""
    given = {"scale": 1.3, "eta": 0.5, "rate": 0.9, "lam": 20.0}
    with mg.Tape() as tape:
        hypers = tape.variable(given)

        def gradient_by_tape(params, x, y):
            params = tape.variable(params)  # the biases of the first step are plain zeros
            return tape.gradient(nn.cross_entropy(nn.mlp(params, x), y), params)

        cost = outcome(hypers, gradient_by_tape)
    assert np.isclose(cost.value, outcome(given, gradient_by_hand), rtol=1e-13)
    for key, found in tape.gradient(cost, hypers).items():
        expected = complex_step(
            lambda x, key=key: outcome(given | {key: x}, gradient_by_hand), given[key]
        )
        assert np.isclose(found, expected, rtol=1e-11)


def test_nielsens_network_learns_the_digits():
    """Sigmoid units, cross-entropy, weight decay, mini-batches of 10: his chapter 3, shortened."""
    params = nn.init_mlp(1, (64, 30, 10))
    slope = mg.grad(lambda params, x, y: nn.binary_cross_entropy(nn.mlp(params, x, nn.sigmoid), y))
    for x, y in batches(*TRAIN, size=10, steps=600, epochs=True):
        grads = slope(params, x, nn.one_hot(y, 10))
        params, _ = sgd.update(params, grads, (), eta=0.5, lam=0.1, n=N)
    logits = nn.mlp(params, VALIDATION.x, nn.sigmoid)
    assert nn.accuracy(logits, VALIDATION.y) > 0.9


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64, complex])
@pytest.mark.parametrize("shape", [(3,), (0, 2), (3, 2), (1, 4), (5, 2, 3)])
def test_rows_are_added_up(shape, dtype):
    x = (8.0 * np.random.default_rng(0).normal(size=shape)).astype(dtype)
    for one in (x, x[::-1], np.asfortranarray(x)):
        total = sum_rows.function(one)
        assert (np.shape(total), np.asarray(total).dtype) == (shape[1:], np.sum(x, axis=0).dtype)
        eps = float(np.finfo(dtype).eps) if x.dtype.kind in "fc" else 0.0
        assert_allclose(total, np.sum(x, axis=0), rtol=8 * eps, atol=64 * eps)
