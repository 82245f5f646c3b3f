"""Each pass makes a program shorter, or as it says, and never changes a bit of what it means."""

import numpy as np
import pytest
from hypothesis import given, settings
from machines import ELEMENTWISE, SUMS, VIEWS, interpret, programs, record, same_bits

from minigrad.nn import cross_entropy
from minigrad.ops.elementwise import multiply, negative
from minigrad.ops.products import matmul_nt
from minigrad.ops.special import dense, dense_tanh, twice
from minigrad.optim import steps
from minigrad.primitive import broadcast_to, primitive
from minigrad.program import optimise
from minigrad.program.expand import EXPANSIONS, expand
from minigrad.program.layout import delay_broadcasts, elide_broadcasts, fuse_transposes
from minigrad.program.passes import (
    PASSES,
    drop_dead,
    drop_signs,
    fold_constants,
    merge_equal,
    move_signs,
    simplify,
)
from minigrad.tape import current_tape

V, M, ETA = np.array([1.5, -2.0]), np.array([[1.5, -2.0], [0.25, 3.0]]), 0.3


def names(program):
    """Return the names of a program's primitives, in order."""
    return [line.primitive.name for line in program.lines.values()]


def entered(value):
    """Return a constant as a line of the open tape, as the seeds of a sweep are."""
    return current_tape().variable(value)


# pass, function, inputs, the lines before, and after once what is dead is dropped
EXAMPLES = {
    "a constant": (
        fold_constants, lambda x: x * (entered(2.0) * 3.0), [V],
        ["input", "variable", "multiply", "multiply"], ["input", "multiply"],
    ),
    "times 1": (simplify, lambda x: 1.0 * x * 1.0, [V], ["input", *["multiply"] * 2], ["input"]),
    "by 1": (simplify, lambda x: x / 1.0, [V], ["input", "divide"], ["input"]),
    "to the 1": (simplify, lambda x: x**1.0, [V], ["input", "power"], ["input"]),
    "twice negative": (
        simplify, lambda x: np.negative(-x), [V], ["input", "negative", "negative"], ["input"],
    ),
    "a copy": (simplify, lambda x: np.reshape(x, (2,)), [V], ["input", "reshape"], ["input"]),
    "a broadcast to its own shape": (
        simplify, lambda x: broadcast_to(x, shape=(2,)), [V], ["input", "broadcast_to"], ["input"],
    ),
    "a 1 that broadcasts stays": (
        simplify, lambda x: x * np.ones((2, 1)), [V], ["input", "multiply"], ["input", "multiply"],
    ),
    "a 1 that widens stays": (
        simplify, lambda x: x * np.float64(1.0), [np.float32(V)],
        ["input", "multiply"], ["input", "multiply"],
    ),
    "a sign": (
        move_signs, lambda x, eta: -(x * eta), [V, ETA],
        ["input", "input", "multiply", "negative"], ["input", "input", "negative", "multiply"],
    ),
    "a sign between arrays stays": (
        move_signs, lambda x, y: -(x * y), [V, V],
        ["input", "input", "multiply", "negative"], ["input", "input", "multiply", "negative"],
    ),
    "a sign that bytes can't have stays": (
        move_signs, lambda x, k: -(x * k), [V, np.uint8(3)],
        ["input", "input", "multiply", "negative"], ["input", "input", "multiply", "negative"],
    ),
    "a factor of -1": (
        drop_signs, lambda x: -1.0 * x, [V], ["input", "multiply"], ["input", "negative"]
    ),
    "a term with a sign": (
        drop_signs, lambda x, y: -x + y, [V, V],
        ["input", "input", "negative", "add"], ["input", "input", "subtract"],
    ),
    "two signs": (
        drop_signs, lambda x, y: x - (-1.0 * y), [V, V],
        ["input", "input", "multiply", "subtract"], ["input", "input", "add"],
    ),
    "a term with a sign that is widened stays": (
        drop_signs, lambda x, y: -x + y, [np.float32(V), V],
        ["input", "input", "negative", "add"], ["input", "input", "negative", "add"],
    ),
    "a broadcast": (
        elide_broadcasts, lambda x, y: broadcast_to(x, shape=(2, 2)) * y, [V, M],
        ["input", "input", "broadcast_to", "multiply"], ["input", "input", "multiply"],
    ),
    "a broadcast that gives the shape stays": (
        elide_broadcasts, lambda x, y: broadcast_to(x, shape=(2, 2)) * y, [V, V],
        ["input", "input", "broadcast_to", "multiply"],
        ["input", "input", "broadcast_to", "multiply"],
    ),
    "a broadcast of a product": (
        delay_broadcasts, lambda x, y: broadcast_to(x, shape=(2, 2)) * 0.3 + y, [V, M],
        ["input", "input", "broadcast_to", "multiply", "add"],
        ["input", "input", "multiply", "broadcast_to", "add"],
    ),
    "a broadcast of a number": (
        delay_broadcasts, lambda s, y: broadcast_to(s, shape=(2, 2)) * 0.3 + y, [ETA, M],
        ["input", "input", "broadcast_to", "multiply", "add"],
        ["input", "input", "multiply", "broadcast_to", "add"],
    ),
    "a number that would be rounded otherwise stays": (
        delay_broadcasts, lambda s, y: np.exp(broadcast_to(s, shape=(2, 2))) + y, [ETA, M],
        ["input", "input", "broadcast_to", "exp", "add"],
        ["input", "input", "broadcast_to", "exp", "add"],
    ),
    "a broadcast before a product of matrices stays": (
        delay_broadcasts, lambda x, y: np.exp(broadcast_to(x, shape=(2, 2))) @ y, [V, M],
        ["input", "input", "broadcast_to", "exp", "matmul"],
        ["input", "input", "broadcast_to", "exp", "matmul"],
    ),
    "a second factor transposed": (
        fuse_transposes, lambda x, y: x @ y.T, [M, M],
        ["input", "input", "transpose", "matmul"], ["input", "input", "matmul_nt"],
    ),
    "a first factor transposed": (
        fuse_transposes, lambda x, y: x.T @ y, [M, M],
        ["input", "input", "transpose", "matmul"], ["input", "input", "matmul_tn"],
    ),
    "one of two": (
        fuse_transposes, lambda x, y: x.T @ y.T, [M, M],
        ["input", "input", "transpose", "transpose", "matmul"],
        ["input", "input", "transpose", "matmul_tn"],
    ),
    "transposed back": (
        fuse_transposes, lambda x, y: matmul_nt(x, y.T.T.T), [M, M],
        ["input", "input", *["transpose"] * 3, "matmul_nt"], ["input", "input", "matmul"],
    ),
    "what is computed twice": (
        merge_equal, lambda x: np.exp(x) * np.exp(x), [V],
        ["input", "exp", "exp", "multiply"], ["input", "exp", "multiply"],
    ),
    "a zero of the other sign is another": (
        merge_equal, lambda x: [x * 0.0, x * -0.0], [V],
        ["input", "multiply", "multiply"], ["input", "multiply", "multiply"],
    ),
    "what nobody reads": (
        drop_dead, lambda x: [x + 1.0, np.exp(x)][0], [V], ["input", "add", "exp"], ["input", "add"]
    ),
}  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_what_a_pass_does(example):
    one, function, inputs, before, after = example
    program = record(function, *inputs)
    assert names(program) == before
    passed = drop_dead(one(program))
    assert names(passed) == after
    for a, b in zip(interpret(program, *inputs), interpret(passed, *inputs), strict=True):
        assert same_bits(a, b)


def test_a_sign_moves_to_the_number():
    program = drop_dead(move_signs(record(lambda x, eta: -(x * eta), V, ETA)))
    *_, minus, product = program.lines.values()
    assert (minus.primitive, minus.shape) == (negative, ())
    assert (product.primitive, product.shape) == (multiply, (2,))


def test_long_arrays_among_the_parameters_are_compared_whole():
    """Their text leaves out the middle."""

    @primitive
    def shifted(x, by):
        return x + by[0]

    one, other = np.zeros(5000), np.zeros(5000)
    other[2500] = 1.0
    program = record(lambda x: [shifted(x, by=(one,)), shifted(x, by=(other,))], np.zeros(5000))
    assert len(merge_equal(program)) == 3


def test_a_primitive_is_known_by_more_than_its_name():
    """Rules are about NumPy's functions; somebody else's may have the same name."""

    @primitive
    def multiply(a, b):
        return a + 2.0 * b

    @primitive
    def reshape(a):
        return a + 1.0

    program = record(lambda x: [multiply(x, 1.0), reshape(x)], V)
    for a, b in zip(interpret(program, V), interpret(optimise(program), V), strict=True):
        assert same_bits(a, b)


FUSED = {
    dense: [M, M, V],
    dense_tanh: [M, M, V],
    twice: [ETA, M],
    steps.descend: [M, ETA, M],
    steps.add_scaled: [M, ETA, M],
    steps.descend_decayed: [M, ETA, 0.1, M],
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("prim", FUSED, ids=lambda prim: prim.name)
def test_a_fused_primitive_is_written_out(prim, dtype):
    inputs = [x if type(x) is float else x.astype(dtype) for x in FUSED[prim]]
    program = record(prim, *inputs)
    written_out = expand(program)
    assert prim.name not in names(written_out)
    assert same_bits(interpret(program, *inputs)[0], interpret(written_out, *inputs)[0])


def test_every_fused_primitive_of_a_training_step_is_written_out():
    def slopes(x, w, b):
        tape = current_tape()
        hidden = np.tanh(dense(x, w, b))
        return tape.gradient(cross_entropy(hidden, np.array([0, 1])), [w, b])

    program = record(slopes, M, M, V)
    fused = {prim.name for prim in EXPANSIONS}
    assert fused & set(names(program)) == {"dense", "residual", "tanh_slope"}
    assert not fused & set(names(expand(program)))
    for a, b in zip(interpret(program, M, M, V), interpret(expand(program), M, M, V), strict=True):
        assert same_bits(a, b)


def test_a_single_class_can_be_written_out():
    x = np.ones((3, 1))

    def slope(x):
        return current_tape().gradient(cross_entropy(x, np.zeros(3, int)), x)

    program = record(slope, x)
    assert same_bits(interpret(program, x)[0], interpret(expand(program), x)[0])


def test_mixed_precision_is_left_fused():
    """Written out, the product would be rounded at another place."""
    inputs = [M, np.array(0.1), np.float32(M)]
    program = record(steps.descend, *inputs)
    assert same_bits(interpret(program, *inputs)[0], interpret(expand(program), *inputs)[0])


@pytest.mark.parametrize("one", [expand, *PASSES, optimise], ids=lambda one: one.__name__)
@settings(max_examples=60)
@given(made=programs(VIEWS | ELEMENTWISE | SUMS, (3, 20)))
def test_a_pass_changes_no_bit(one, made):
    program, inputs = made
    with np.errstate(all="ignore"):
        passed = one(program)
        for a, b in zip(interpret(program, *inputs), interpret(passed, *inputs), strict=True):
            assert same_bits(a, b)
        for number, line in passed.lines.items():
            assert all(read < number or read in passed.lines for read in line.reads)
