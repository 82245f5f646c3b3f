"""Passes for the adjoint: the same up to rounding, less kept, and the step itself left alone."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import ELEMENTWISE, SUMS, VIEWS, interpret, programs, record, same_bits
from numpy.testing import assert_allclose

from minigrad import nn, tree
from minigrad.ops.products import matmul_tn
from minigrad.ops.rows import inner, sum_rows
from minigrad.optim import sgd
from minigrad.primitive import unbroadcast
from minigrad.program import StepPrograms
from minigrad.program.adjoint import (
    ADJOINT_PASSES,
    inner_by_factors,
    optimise_adjoint,
    reuse_products,
    scale_after_sums,
    sum_by_products,
)
from minigrad.program.passes import drop_dead
from minigrad.program.store import PRICE
from minigrad.transforms import grad

V = np.array([1.5, -2.0, 0.5])
M, N = np.random.default_rng(0).normal(size=(2, 3, 3))
LONG = np.random.default_rng(1).normal(size=(3, PRICE // 8))


def second_order(x, c, e, s):
    """Return what a step computes, ``e s``, and behind it what reads e again."""
    e = np.exp(e)
    return [e * s, (x + c * 3.0 * e) * s]


def second_order_with_e(x, c, e, s):
    e = np.exp(e)
    return [e * s, (x + c * 3.0 * e) * s - e]


def weights_bar(x, d, w_bar, s):
    """Return a gradient and, behind it, what the cotangent of a descent is made into."""
    g = matmul_tn(x, np.exp(d))
    return [g * 2.0, inner(w_bar, g), x @ (w_bar * s)]


def weights_bar_read_twice(x, d, w_bar, s):
    g, scaled = matmul_tn(x, np.exp(d)), w_bar * s
    return [g * 2.0, inner(g, w_bar), x @ scaled, scaled]


def weights_bar_the_other_way_round(x, d, w_bar, s):
    g, image = matmul_tn(x, np.exp(d)), x @ (w_bar * s)
    return [g * 2.0, image, inner(w_bar, g)]


def untouched(program):
    """Return how the lines read each other, for programs that are to be the same."""
    return [(line.primitive, line.arguments) for line in program.lines.values()]


# pass, function, inputs, and what the step and the adjoint read of the step before and after
EXAMPLES = {
    "a product that is there": (reuse_products, second_order, [M, N, M, N], "exp", "multiply"),
    "a gradient": (inner_by_factors, weights_bar, [M, N, M, 0.3], "matmul_tn", "exp"),
    "a gradient, late": (
        inner_by_factors, weights_bar_the_other_way_round, [M, N, M, 0.3], "matmul_tn", "exp",
    ),
    "a long gradient": (
        inner_by_factors, weights_bar_read_twice, [LONG, M, LONG.T @ N, 0.3], "matmul_tn", "exp",
    ),
}  # fmt: skip


def kept(program, ahead):
    """Return the names of the step's lines that lines behind it read."""
    read = {r for k, line in program.lines.items() if k not in ahead for r in line.reads}
    return {program.lines[k].primitive.name for k in read & ahead if k not in program.inputs}


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_what_is_kept_for_the_adjoint(example):
    one, function, inputs, before, after = example
    program = record(function, *inputs)
    ahead = program.needed(program.outputs[:1])
    assert kept(program, ahead) == {before}
    passed = drop_dead(one(program, ahead))
    assert kept(passed, ahead) == {after}
    check(program, passed, inputs)


STAY = {
    "what else is added is a row": (reuse_products, second_order, [V, N, M, N]),
    "what else is added is single": (reuse_products, second_order, [np.float32(M), N, M, N]),
    "e is kept for another": (reuse_products, second_order_with_e, [M, N, M, N]),
    "the scaled cotangent is read elsewhere and the gradient small": (
        inner_by_factors, weights_bar_read_twice, [M, N, M, 0.3],
    ),
    "a factor for each row": (
        scale_after_sums, lambda x, s: [x, sum_rows(x * s)], [M, V],
    ),
    "what else is read": (
        scale_after_sums, lambda x, s: (lambda y: [x, sum_rows(y), y])(x * s), [M, 0.3],
    ),
    "a sum of all": (sum_by_products, lambda x: [x, np.sum(x)], [M]),
    "a sum of the columns as a row": (sum_by_products, lambda x: [x, np.sum(x, axis=1)], [M]),
    "a sum from somewhere": (
        sum_by_products, lambda x: [x, np.sum(x, axis=0, initial=2.0)], [M],
    ),
    "whole numbers": (sum_by_products, lambda x: [x, np.sum(x, axis=0)], [np.eye(3, dtype=int)]),
}  # fmt: skip


@pytest.mark.parametrize(("one", "function", "inputs"), STAY.values(), ids=STAY)
def test_what_stays(one, function, inputs):
    program = record(function, *inputs)
    ahead = program.needed(program.outputs[:1])
    assert untouched(one(program, ahead)) == untouched(program)


SUMMED = {
    "rows": lambda x: np.sum(x, axis=0),
    "columns": lambda x: np.sum(x, axis=1, keepdims=True),
    "a bias": lambda x: unbroadcast(x, shape=(3,)),
    "a column": lambda x: unbroadcast(x, shape=(3, 1)),
}


@pytest.mark.parametrize("function", SUMMED.values(), ids=SUMMED)
def test_sums_become_products(function):
    program = record(lambda x: [x, function(x)], M)
    passed = sum_by_products(program, set())
    assert [line.primitive.name for line in passed.lines.values()] == ["input", "matmul"]
    check(program, passed, [M])


def test_a_scale_waits_for_the_sum():
    program = record(lambda x, s: [x, sum_rows(x * s)], M, 0.3)
    passed = drop_dead(scale_after_sums(program, set()))
    *_, total, scaled = passed.lines.values()
    assert (total.primitive, total.shape, scaled.shape) == (sum_rows, (3,), (3,))
    check(program, passed, [M, 0.3])


def check(program, passed, inputs, digits=1e-12):
    """Check that two programs give the same, the first output to the last bit."""
    before, after = interpret(program, *inputs), interpret(passed, *inputs)
    assert same_bits(before[0], after[0])
    for a, b in zip(after, before, strict=True):
        assert (np.shape(a), np.asarray(a).dtype) == (np.shape(b), np.asarray(b).dtype)
        assert_allclose(a, b, rtol=digits, atol=digits)


@pytest.mark.parametrize("one", [*ADJOINT_PASSES, optimise_adjoint], ids=lambda one: one.__name__)
@settings(max_examples=60)
@given(made=programs(VIEWS | ELEMENTWISE | SUMS, (3, 20)))
def test_random_programs_mean_the_same(one, made):
    program, inputs = made
    with np.errstate(all="ignore"):
        passed = one(program, program.needed(program.outputs[:1]))
        if all(np.all(np.isfinite(x)) for x in interpret(program, *inputs)):
            single = any(line.dtype == np.float32 for line in program.lines.values())
            check(program, passed, inputs, 1e-3 if single else 1e-9)


@settings(max_examples=20)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=4), st.integers(1, 6), st.integers(0, 999))
def test_a_tanh_layer_keeps_what_it_gave_and_the_slope_of_its_input(sizes, rows, seed):
    """Two matrices for each layer, and for the last its probabilities and residual."""
    rng = np.random.default_rng(seed)
    sizes = [64 * size + k for k, size in enumerate(sizes)]  # wide enough to compute slopes again
    params = [
        {"w": rng.normal(size=(n, m)) / np.sqrt(n), "b": rng.normal(size=m)}
        for n, m in itertools.pairwise(sizes)
    ]
    rows = 16 * rows

    def step(params, h, batch):
        grads = grad(lambda p: nn.cross_entropy(nn.mlp(p, batch[0]), batch[1]))(params)
        return sgd.update(params, grads, (), eta=h)[0]

    batches = [(rng.normal(size=(rows, sizes[0])), rng.integers(0, sizes[-1], rows)) for _ in "ab"]
    programs = StepPrograms.of(step, [(params, 0.1, batch) for batch in batches])
    leaves = tree.leaves(params)
    _, (kept,) = programs.forward(leaves, [], [(0.1, *batches[0])])
    saved = [x for x in kept if not any(x is leaf for leaf in leaves)]
    shapes = [np.shape(x) for x in saved if np.ndim(x) == 2]
    assert sorted(shapes) == sorted([(rows, n) for n in sizes[1:]] * 2)
