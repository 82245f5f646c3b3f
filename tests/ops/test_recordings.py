"""What is recorded depends on shapes and types, never on the numbers.

Masks, orders and places that a rule looks up in the values are instructions themselves. So the tape
of one training step is the tape of every other, and can be replayed with other numbers.
"""

import pytest
from awkward import floating
from case import Case
from census import CASES
from evidence import directions
from numpy.testing import assert_array_equal

import minigrad as mg
from minigrad.variable import value_of

# Rows whose own code looks at the values: it compares, or sorts, or takes the largest.
LOOKING = {
    "where by value",
    "where of a comparison",
    "x[x > 0]",
    "x[argmax]",
    "take_along_axis by argsort",
    "argsort, argmax and their like",
    "piecewise",
    "piecewise with overlaps and arguments",
}


def recorded(function, xs):
    """The tape of a function and of both its derivatives."""
    with mg.Tape() as tape:
        variables = [tape.variable(x) for x in xs]
        outputs = floating(function(*variables))
        ys = [value_of(y) for y in outputs]
        tape.gradient(outputs, variables, cotangent=directions(ys, 1))
        tape.tangent(outputs, variables, directions(xs, 2))
    return tape


def constants(instruction):
    return [x for j, x in zip(instruction.inputs, instruction.operands, strict=True) if j < 0]


def compare(case):
    """Record a row twice, with different numbers, and compare all but the numbers."""
    other = Case(f"{case.name}, other numbers", case.function, *case.shapes, domain=case.domain)
    one, two = recorded(case.function, case.operands()), recorded(case.function, other.operands())
    assert len(one) == len(two)
    for a, b in zip(one, two, strict=True):
        assert a.primitive is b.primitive
        assert list(a.inputs) == list(b.inputs)
        assert repr(a.params) == repr(b.params)
        if a.primitive.name != "variable":
            for x, y in zip(constants(a), constants(b), strict=True):
                assert_array_equal(x, y)


BLIND = [case for case in CASES if case.name not in LOOKING]


@pytest.mark.parametrize("case", BLIND, ids=[case.name for case in BLIND])
def test_other_numbers_make_the_same_instructions(case):
    compare(case)


@pytest.mark.parametrize("name", sorted(LOOKING))
def test_a_row_that_looks_at_the_values_is_found_out(name):
    (case,) = [case for case in CASES if case.name == name]
    with pytest.raises(AssertionError):
        compare(case)
