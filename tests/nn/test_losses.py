"""Costs against their formulas, and their derivatives against pencil and paper."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad import nn, tree
from minigrad.optim import sgd
from minigrad.testing import check_grads, complex_step

RNG = np.random.default_rng(11)
Z, T = RNG.normal(size=(5, 3)), RNG.uniform(size=(5, 3))
LABELS = np.array([2, 0, 1, 1, 0])


# The costs


@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 99))
def test_quadratic_cost_is_the_double_sum(n, k, seed):
    a, y = np.random.default_rng(seed).normal(size=(2, n, k))
    expected = sum((a[i, j] - y[i, j]) ** 2 for i in range(n) for j in range(k)) / (2 * n)
    assert np.isclose(nn.quadratic_cost(a, y), expected, rtol=1e-13)
    assert np.allclose(mg.grad(nn.quadratic_cost)(a, y), (a - y) / n, rtol=1e-13)


@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 99))
def test_binary_cross_entropy_is_nielsens(n, k, seed):
    rng = np.random.default_rng(seed)
    z, y = 2 * rng.normal(size=(n, k)), rng.uniform(size=(n, k))
    a = 1 / (1 + np.exp(-z))
    expected = -np.sum(y * np.log(a) + (1 - y) * np.log(1 - a)) / n
    assert np.isclose(nn.binary_cross_entropy(z, y), expected, rtol=1e-12)
    assert np.allclose(mg.grad(nn.binary_cross_entropy)(z, y), (a - y) / n, rtol=1e-12, atol=1e-15)


def test_binary_cross_entropy_of_sure_outputs():
    """Sure and right costs nothing, sure and wrong costs the logit: neither overflows."""
    z = np.array([1000.0, -1000.0])
    assert nn.binary_cross_entropy(z, np.array([1.0, 0.0])) == 0.0
    assert nn.binary_cross_entropy(z, np.array([0.0, 1.0])) == 1000.0
    assert np.array_equal(mg.grad(nn.binary_cross_entropy)(z, np.array([0.0, 1.0])), [0.5, -0.5])


def test_two_classes_are_one_logit():
    """The softmax of (0, z) is the sigmoid of z."""
    z, labels = Z[:, 0], np.array([0, 1, 1, 0, 1])
    two = np.stack([np.zeros(5), z], axis=1)
    assert np.isclose(nn.cross_entropy(two, labels), nn.binary_cross_entropy(z, labels))


def test_a_network_that_knows_nothing_is_surprised_by_the_logarithm_of_the_classes():
    assert np.isclose(nn.cross_entropy(np.zeros((7, 10)), np.arange(7)), math.log(10))
    assert np.isclose(nn.binary_cross_entropy(np.zeros((7, 10)), np.zeros((7, 10))), math.log(1024))


COSTS = {
    "cross_entropy": (nn.cross_entropy, Z, LABELS),
    "cross_entropy of rows": (nn.cross_entropy, Z, nn.one_hot(LABELS, 3)),
    "quadratic_cost": (nn.quadratic_cost, Z, T),
    "binary_cross_entropy": (nn.binary_cross_entropy, Z, T),
}
each_cost = pytest.mark.parametrize("name", COSTS)


@each_cost
def test_derivatives_to_second_order(name):
    cost, outputs, targets = COSTS[name]
    check_grads(lambda outputs: cost(outputs, targets), (outputs,))


@each_cost
def test_a_cost_runs_on_complex_numbers(name):
    cost, outputs, targets = COSTS[name]
    expected = complex_step(lambda outputs: cost(outputs, targets), outputs)
    assert np.allclose(mg.grad(cost)(outputs, targets), expected, rtol=1e-12, atol=1e-15)


@each_cost
def test_float32_costs_and_gradients(name):
    cost, outputs, targets = COSTS[name]
    outputs = outputs.astype(np.float32)
    targets = targets if targets.dtype.kind == "i" else targets.astype(np.float32)
    value, gradient = mg.value_and_grad(cost)(outputs, targets)
    assert np.asarray(value).dtype == gradient.dtype == np.float32


@pytest.mark.parametrize("cost", [nn.quadratic_cost, nn.binary_cross_entropy])
@pytest.mark.parametrize(
    ("outputs", "targets"),
    [(Z, LABELS), (Z, T[:, :1]), (Z[:0], T[:0]), (0.5, 1.0), (np.zeros((3, 3)), np.zeros(3))],
)
def test_targets_of_another_shape_are_refused(cost, outputs, targets):
    """Broadcasting class numbers against rows would give a number, and a wrong one."""
    with pytest.raises(ValueError, match=r"one_hot\(labels, classes\)|there are no examples"):
        cost(outputs, targets)


# The penalty

PARAMS = [
    {"w": RNG.normal(size=(3, 2)), "b": RNG.normal(size=2)},
    {"w": RNG.normal(size=(2, 1)), "b": RNG.normal(size=1)},
]
W0, W1 = (layer["w"] for layer in PARAMS)


def test_l2_sums_the_squares_of_weights_and_not_of_biases():
    assert np.isclose(nn.l2(PARAMS), np.sum(W0**2) + np.sum(W1**2), rtol=1e-14)
    gradient = mg.grad(nn.l2)(PARAMS)
    assert np.allclose(gradient[0]["w"], 2 * W0, rtol=1e-15)
    assert np.array_equal(gradient[0]["b"], np.zeros(2))


@pytest.mark.parametrize(
    ("lam", "expected"),
    [
        (0.3, 0.3 * (np.sum(W0**2) + np.sum(W1**2))),
        ([0.3, 0.7], 0.3 * np.sum(W0**2) + 0.7 * np.sum(W1**2)),
        ([{"w": W0**2, "b": 0.5}, 0.0], np.sum(W0**4) + 0.5 * np.sum(PARAMS[0]["b"] ** 2)),
        (0.0, 0.0),
    ],
    ids=["one", "layers", "parameters", "none"],
)
def test_regularised_cost_is_the_formula(lam, expected):
    assert np.isclose(nn.regularised_cost(2.5, PARAMS, lam, n=10), 2.5 + expected / 20, rtol=1e-14)


def test_its_derivative_in_lam_is_the_sum_of_squares_over_2n():
    slope = mg.grad(lambda lam: nn.regularised_cost(2.5, PARAMS, lam, n=10))
    assert np.isclose(slope(0.3), nn.l2(PARAMS) / 20, rtol=1e-14)
    assert np.allclose(slope([0.3, 0.7]), [np.sum(W0**2) / 20, np.sum(W1**2) / 20], rtol=1e-14)


def test_its_derivatives_to_second_order():
    lam = [np.float64(0.3), {"w": np.abs(W1), "b": np.float64(0.2)}]
    check_grads(lambda params, lam: nn.regularised_cost(1.0, params, lam, n=10), (PARAMS, lam))


@pytest.mark.parametrize("lam", [0.3, [0.3, 0.7], [{"w": 0.1, "b": 0.2}, np.array([[0.1], [0.2]])]])
def test_the_optimisers_descend_it(lam):
    """A step with lam is a plain step on the regularised cost: one fact, stated twice."""
    eta, n = 0.1, 10
    gradient = mg.grad(lambda params: nn.regularised_cost(0.0, params, lam, n))(PARAMS)
    on_the_cost, _ = sgd.update(PARAMS, gradient, (), eta=eta)
    zero = tree.map(np.zeros_like, PARAMS)
    with_decay, _ = sgd.update(PARAMS, zero, (), eta=eta, lam=lam, n=n)
    for a, b in zip(tree.leaves(on_the_cost), tree.leaves(with_decay), strict=True):
        assert np.allclose(a, b, rtol=1e-14)


# Accuracy and rows


@given(st.lists(st.integers(0, 3), min_size=1, max_size=9), st.integers(0, 99))
def test_accuracy_is_one_minus_the_share_of_mistakes(labels, mistakes):
    labels = np.array(labels)
    wrong = np.random.default_rng(mistakes).uniform(size=len(labels)) < 0.5
    logits = nn.one_hot((labels + wrong) % 4, 4) - 0.3
    assert nn.accuracy(logits, labels) == np.mean(~wrong)
    assert nn.accuracy(logits, nn.one_hot(labels, 4)) == np.mean(~wrong)


def test_accuracy_of_a_variable_is_a_plain_number():
    with mg.Tape() as tape:
        logits = tape.variable(Z)
        assert type(nn.accuracy(logits, LABELS)) is float
    assert len(tape) == 1


@pytest.mark.parametrize(
    ("logits", "labels"), [(Z, LABELS[:4]), (Z[:0], LABELS[:0]), (Z[0], LABELS), (Z, T[:, :2])]
)
def test_accuracy_refuses_what_does_not_fit(logits, labels):
    with pytest.raises(ValueError, match="expected"):
        nn.accuracy(logits, labels)


@given(st.lists(st.integers(0, 6), max_size=9))
def test_one_hot_and_argmax_undo_each_other(labels):
    rows = nn.one_hot(np.array(labels, dtype=int), 7, dtype=np.float32)
    assert rows.shape == (len(labels), 7)
    assert rows.dtype == np.float32
    assert rows.argmax(axis=1).tolist() == labels
    assert np.array_equal(rows.sum(axis=1), np.ones(len(labels)))


@pytest.mark.parametrize("labels", [[3], [-1], [0.5], [[1]], 2])
def test_one_hot_refuses_what_is_no_class(labels):
    with pytest.raises(ValueError, match="from 0 to 2"):
        nn.one_hot(labels, 3)
