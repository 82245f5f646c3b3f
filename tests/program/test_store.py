"""What is stored for the adjoint and what is computed again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from machines import ELEMENTWISE, SUMS, VIEWS, interpret, programs, record, same_bits

from minigrad.program.store import PRICE, compute_late, split, worth_recomputing

ROW = np.linspace(0.1, 2.0, PRICE // 8)  # as long as one call is worth


def names(program, lines):
    return sorted(program.lines[k].primitive.name for k in lines)


def of_step(function, *inputs):
    """Record a step of which the last input is the adjoint's own, and split it."""
    program = record(function, *inputs)
    ahead = program.needed(program.outputs[:1])
    return program, ahead, *split(program, ahead, program.inputs[:-1], program.outputs[1:])


def slope(x, y_bar):
    y = np.tanh(x)
    s = 1.0 - y * y
    return [y * s, y_bar * s * y]


def test_the_slope_of_a_tanh_is_made_again_of_the_tanh():
    long = np.concatenate([ROW, ROW])
    program, ahead, behind, saved = of_step(slope, long, long)
    assert names(program, saved) == ["tanh"]
    assert names(program, behind & ahead) == ["multiply", "subtract"]


def test_two_calls_are_too_many_for_a_short_array():
    program, ahead, behind, saved = of_step(slope, ROW, ROW)
    assert names(program, saved) == ["subtract", "tanh"]
    assert not behind & ahead


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x, b: (lambda y: [y, y * b])(-x), []),
        (lambda x, b: (lambda y: [y, y * b])(x + 1.0), []),
        (lambda x, b: (lambda y: [y, y * b])(np.exp(x)), ["exp"]),
        (lambda x, b: (lambda y: [y, y * b])(np.exp(x) + 1.0), ["add"]),
        (lambda x, b: (lambda y, z: [y * z, y * z * b * y])(np.exp(x), x * 2.0), ["exp"]),
        (lambda x, b: (lambda y: [y, y * b])(x[::-1]), []),
    ],
    ids=["cheap", "with a constant", "dear", "of what is dear", "of what is stored", "a view"],
)
def test_cheap_lines_of_what_is_at_hand_are_computed_again(function, expected):
    program, _, _, saved = of_step(function, ROW, ROW)
    assert names(program, saved) == expected


def test_what_is_at_hand_is_what_is_given_and_what_is_stored():
    program = record(lambda x: [x + 1.0], ROW)
    (total,) = program.outputs
    assert worth_recomputing(program, {total}, set(program.inputs), [total]) == {total}
    assert worth_recomputing(program, {total}, set(), [total]) == set()


@settings(max_examples=100)
@given(programs(VIEWS | ELEMENTWISE | SUMS), st.data())
def test_lines_come_late_but_before_they_are_read(made, data):
    program, inputs = made
    movable = sorted(program.needed(program.outputs) - {*program.inputs, *program.outputs})
    moved = set(data.draw(st.lists(st.sampled_from(movable)))) if movable else set()
    late = compute_late(program, moved)
    order = list(late.lines)
    assert set(order) == program.lines.keys()
    readers = late.readers()
    for place, number in enumerate(order):
        assert all(order.index(read) < place for read in late.lines[number].reads)
        if number in moved:
            following = order[place + 1]
            assert following in moved or following in readers[number]
    with np.errstate(all="ignore"):
        for a, b in zip(interpret(program, *inputs), interpret(late, *inputs), strict=True):
            assert same_bits(a, b)
