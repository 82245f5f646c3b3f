"""The passes for tangents: what each does to an example, and that the sum stays what it was."""

import numpy as np
import pytest
from machines import interpret, record
from test_passes import names

from minigrad.program.linear import gather_factors, subtract_terms, weigh_sums
from minigrad.program.passes import drop_dead, shorten
from minigrad.program.scales import pull_scales
from minigrad.program.stacks import add_to_rows, rows_text

DOT, A, B = np.array([[0.5, -1.0], [2.0, 0.3]]), np.array([[1.0, 2.0], [3.0, -4.0]]), np.eye(2) + 1
ETA = 0.3

# pass, function of a tangent and of what does not move, the lines after
EXAMPLES = {
    "factors": (
        gather_factors, lambda d, a, b, eta: d * a * b,
        ["multiply", "multiply"],  # a b, and the tangent times it
    ),
    "numbers first": (
        gather_factors, lambda d, a, b, eta: -(d * a * eta / 7.0),
        ["divide", "negative", "multiply", "multiply"],
    ),
    "a sign": (gather_factors, lambda d, a, b, eta: -(d * a), ["negative", "multiply"]),
    "a quotient": (
        gather_factors, lambda d, a, b, eta: d / a / b, ["divide", "divide", "multiply"],
    ),
    "a factor that is read between stays": (
        gather_factors, lambda d, a, b, eta: (lambda y: y * b + y)(d * a),
        ["multiply", "multiply", "add"],
    ),
    "what is divided by a tangent stays": (
        gather_factors, lambda d, a, b, eta: a / (d * b), ["multiply", "divide"],
    ),
    "a sum of products": (
        weigh_sums, lambda d, a, b, eta: np.sum(d * a, axis=1), ["weighted_sum"],
    ),
    "a sum that keeps its axis": (
        weigh_sums, lambda d, a, b, eta: np.sum(d * a, axis=1, keepdims=True),
        ["weighted_sum", "column"],
    ),
    "a sum over another axis stays": (
        weigh_sums, lambda d, a, b, eta: np.sum(d * a, axis=0), ["multiply", "sum"],
    ),
    "a sum of what does not move stays": (
        weigh_sums, lambda d, a, b, eta: d + np.sum(a * b, axis=1), ["multiply", "sum", "add"],
    ),
    "a sum of a row at a time stays": (
        weigh_sums, lambda d, a, b, eta: np.sum(d * a[0], axis=1), ["getitem", "multiply", "sum"],
    ),
}  # fmt: skip

EXAMPLES |= {
    "a scale of two sums": (
        pull_scales, lambda d, a, b, eta: (lambda y: [y @ b * eta, np.sum(y, axis=0) * eta])(d * a),
        ["multiply", "multiply", "matmul", "sum"],
    ),
    "a scale of two products": (
        pull_scales, lambda d, a, b, eta: (
            lambda y: [(y @ b) * eta, (b @ y - y) * eta, (y + y) * eta]
        )(a @ d),
        ["multiply", "matmul", "matmul", "matmul", "subtract", "add"],
    ),
    "a scale in one of two places stays": (
        pull_scales, lambda d, a, b, eta: (lambda y: [y * eta, y @ b])(d * a),
        ["multiply", "multiply", "matmul"],
    ),
    "a scale of a sum with what is not scaled stays": (
        pull_scales, lambda d, a, b, eta: (lambda y: [(y + d) * eta, y * eta])(d * a),
        ["multiply", "add", "multiply", "multiply"],
    ),
    "other scales stay": (
        pull_scales, lambda d, a, b, eta: (lambda y: [(y @ b) * eta, (b @ y) * (2 * eta)])(d * a),
        ["multiply", "matmul", "multiply", "matmul", "multiply", "multiply"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_what_a_pass_does(example):
    one, function, after = example
    program = record(function, DOT, A, B, ETA)
    passed = drop_dead(one(program, program.inputs[:1]))
    assert [name.rstrip("_") for name in names(passed)[4:]] == after
    for a, b in zip(
        interpret(program, DOT, A, B, ETA), interpret(passed, DOT, A, B, ETA), strict=True
    ):
        np.testing.assert_allclose(a, b, 1e-15)


def test_a_term_is_subtracted_from_its_rows():
    def function(stack, term):
        return add_to_rows(stack, -term, start=1, count=None)

    program = record(function, DOT, A[0])
    passed = shorten(subtract_terms(program))
    assert names(passed) == ["input", "input", "subtract_from_rows"]
    (one,), (other,) = interpret(program, DOT, A[0]), interpret(passed, DOT, A[0])
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(one, [DOT[0], DOT[1] - A[0]])


@pytest.mark.parametrize(
    ("start", "count", "at", "text"),
    [
        (0, None, "", "0"), (2, None, "", "2"), (0, 3, "", "0:3"), (2, 3, "", "2:5"),
        (0, None, "row", "row"), (2, None, "row", "row + 2"), (0, 3, "row", "row:row + 3"),
        (2, 3, "row", "row + 2:row + 5"),
    ],
)  # fmt: skip
def test_rows_as_text(start, count, at, text):
    assert rows_text(start, count, at) == text
