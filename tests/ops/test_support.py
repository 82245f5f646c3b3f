"""The table of what is differentiated, and the methods of Variable, say what is so."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import minigrad as mg
from minigrad.dispatch import FUNCTIONS, REDUCTIONS, UFUNCS, UNRECORDED
from minigrad.ops import support_table
from minigrad.ops.support import STEP


@pytest.fixture
def rows():
    return {row["function"]: row for row in support_table()}


def test_there_is_a_row_for_each_entry(rows):
    assert len(support_table()) == sum(map(len, (FUNCTIONS, UFUNCS, REDUCTIONS, UNRECORDED)))
    assert len(rows) == len(support_table())
    assert list(rows) == sorted(rows)


def test_what_is_recorded_has_both_modes(rows):
    without = {name for name, row in rows.items() if row["modes"] != ("reverse", "forward")}
    plain = {name for name, row in rows.items() if "computed from the values" in row["note"]}
    assert without == plain


def test_keywords_are_arguments_of_numpys_function(rows):
    assert rows["numpy.sum"]["keywords"] == ("axis", "keepdims", "initial")
    assert rows["numpy.linalg.norm"]["keywords"] == ("ord", "axis", "keepdims")
    assert rows["numpy.exp"]["keywords"] == ()


def test_steps_have_derivative_zero(rows):
    steps = {name for name, row in rows.items() if row["note"] == STEP and "(" not in name}
    x = np.array([-1.3, 0.4, 2.6])
    for name in steps:
        function = getattr(np, name.removeprefix("numpy."))
        operands = (x, x + 0.1) if getattr(function, "nin", 1) == 2 else (x,)
        _, pull = mg.vjp(function, *operands)
        for x_bar in pull(np.ones(3)):
            assert_array_equal(x_bar, np.zeros(3))
    assert {"numpy.ceil", "numpy.floor", "numpy.round", "numpy.floor_divide"} <= steps
    assert not {"numpy.abs", "numpy.exp", "numpy.copysign", "numpy.maximum"} & steps


METHODS = {
    "all": (), "any": (), "argmax": (), "argmin": (), "argsort": (), "clip": (0.2, 0.8),
    "compress": ([True, False], 0), "conj": (), "conjugate": (), "copy": (), "cumprod": (0,),
    "cumsum": (1,), "diagonal": (1,), "flatten": (), "max": (0,), "mean": (0,), "min": (0,),
    "nonzero": (), "prod": (1,), "ravel": (), "repeat": (2, 1), "reshape": (3, 2), "round": (1,),
    "squeeze": (), "std": (0,), "sum": (1,), "swapaxes": (0, 1), "take": ([0, 0], 1), "trace": (),
    "transpose": (1, 0), "var": (0,), "astype": (np.float32,),
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_numpys_method(name):
    x = np.random.default_rng(0).uniform(size=(2, 3))
    expected = getattr(x, name)(*METHODS[name])
    with mg.Tape() as tape:
        found = getattr(tape.variable(x), name)(*METHODS[name])
    value = found.value if isinstance(found, mg.Variable) else found
    assert_array_equal(value, expected)
    assert np.asarray(value).dtype == np.asarray(expected).dtype


@pytest.mark.parametrize("name", ["T", "mT", "real", "imag"])
def test_a_property_is_numpys_property(name):
    x = np.random.default_rng(0).uniform(size=(2, 3))
    with mg.Tape() as tape:
        assert_array_equal(getattr(tape.variable(x), name).value, getattr(x, name))


def test_a_row_says_how_often_and_how(rows):
    assert {tuple(row) for row in rows.values()} == {
        ("function", "keywords", "modes", "orders", "note")
    }
    for name, orders in {"numpy.exp": "any", "numpy.linalg.det": "any", "numpy.argmax": ()}.items():
        assert rows[name]["orders"] == orders
    assert rows["numpy.exp"]["note"] == ""
    assert {"numpy.fft.fft", "numpy.linalg.svd", "numpy.add.reduce()"} <= set(rows)


def test_the_names_that_an_inner_function_uses_are_those_of_the_outer_one():
    from minigrad.ops.support import names_in

    def outer():
        return lambda: lambda x: np.sin(x)

    assert {"np", "sin"} <= set(names_in(outer.__code__))


TRUE_OR_FALSE = [
    f for f in vars(np).values() if isinstance(f, np.ufunc) and {"d->?", "dd->?"} & set(f.types)
]


@pytest.mark.parametrize("ufunc", TRUE_OR_FALSE, ids=lambda ufunc: ufunc.__name__)
def test_what_is_true_or_false_is_plain(ufunc):
    assert ufunc in UNRECORDED
    assert len(TRUE_OR_FALSE) > 10
    x = np.array([-1.0, 0.0, 2.0])
    with mg.Tape() as tape:
        found = ufunc(*[tape.variable(x)] * ufunc.nin)
    assert_array_equal(found, ufunc(*[x] * ufunc.nin), strict=True)


def test_what_there_is_nothing_to_say_of_has_no_note(rows):
    assert rows["numpy.sin"]["note"] == rows["numpy.einsum"]["note"] == ""
