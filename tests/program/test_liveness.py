"""Memory of emitted code: what is written over, what goes into scratch arrays, whose they are."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from machines import ELEMENTWISE, SUMS, VIEWS, interpret, programs, record, same_bits
from numpy.testing import assert_allclose

from minigrad.program import emit, liveness, optimise
from minigrad.program.liveness import Scratch, overwrites, scratch_plan
from minigrad.program.stacks import add_to_rows, subtract_from_rows

A, B = np.array([[1.5, -2.0], [0.25, 3.0]]), np.array([[0.5, 1.0], [-1.0, 0.125]])


@pytest.fixture
def everything_is_large(monkeypatch):
    monkeypatch.setattr(liveness, "LARGE", 0)


def rows(program):
    """Return the statements of the emitted code, without comments."""
    return [row.split("  #")[0].strip() for row in emit(program).source.splitlines()[1:]]


def test_a_large_result_goes_into_an_array_that_stays():
    big = np.ones((200, 200))
    program = record(lambda x, y: (x @ y) @ y, big, big, names=["x", "y"])
    assert rows(program) == [
        "scratch_0, = scratch.arrays",
        "product = np.matmul(x, y, out=scratch_0)",
        "product_2 = product.dot(y)",
        "return product_2,",
    ]
    small = record(lambda x, y: (x @ y) @ y, A, B, names=["x", "y"])
    assert "scratch" not in emit(small).source


@pytest.mark.usefixtures("everything_is_large")
def test_two_results_share_an_array_if_one_is_dead_before_the_other_is_made():
    chain = record(lambda x, y: (((x @ y) @ y) @ y) @ y, A, B)
    plan = scratch_plan(chain, overwrites(chain))
    assert list(plan.lines.values()) == [0, 1, 0]
    both = record(lambda x, y: (x @ y) @ (y @ x), A, B)
    plan = scratch_plan(both, overwrites(both))
    assert list(plan.lines.values()) == [0, 1]


@pytest.mark.usefixtures("everything_is_large")
def test_a_result_written_over_stays_in_its_array_as_long_as_what_it_became():
    def function(x, y):
        a = np.exp(x @ y)
        return a @ (y @ x)

    program = record(function, A, B)
    plan = scratch_plan(program, overwrites(program))
    assert list(plan.lines.values()) == [0, 1]
    assert same_bits(emit(program).function(A, B)[0], interpret(program, A, B)[0])


@pytest.mark.parametrize("on_rows", [add_to_rows, subtract_from_rows])
@pytest.mark.parametrize(
    ("function", "copies"),
    [
        (lambda f, x, y: f(x @ y, y[0], start=1, count=None), 0),
        (lambda f, x, y: f(f(np.exp(x), y[0], start=1, count=None), y, start=0, count=2), 0),
        (lambda f, x, y: (lambda a: f(a, y, start=0, count=2) * a)(x @ y), 1),
        (lambda f, x, y: (lambda a: f(a, y[0], start=0, count=None) - a[1])(x @ y), 1),
        (lambda f, x, y: (lambda a: [f(a, y[0], start=0, count=None), a])(np.exp(x)), 1),
        (lambda f, x, y: f(y, x @ y, start=0, count=2), 1),
        (lambda f, x, y: f(np.transpose(y), x[0], start=0, count=None), 1),
    ],
    ids=["a product", "twice", "read again", "seen again", "given back", "an input", "a view"],
)  # fmt: skip
def test_rows_are_changed_in_a_copy_if_the_stack_is_anybody_elses(on_rows, function, copies):
    program = record(lambda x, y: function(on_rows, x, y), A, B)
    x, y = A.copy(), B.copy()
    found = emit(program)
    assert found.source.count(".copy()") == copies
    for a, b in zip(found.function(x, y), interpret(program, A, B), strict=True):
        assert same_bits(a, b)
    assert same_bits(x, A)
    assert same_bits(y, B)


@pytest.mark.usefixtures("everything_is_large")
def test_what_is_given_back_or_looked_at_by_it_is_no_scratch():
    for function in (lambda x, y: x @ y, lambda x, y: np.exp(x @ y), lambda x, y: (x @ y).T):
        program = record(function, A, B)
        assert not scratch_plan(program, overwrites(program)).lines


@pytest.mark.usefixtures("everything_is_large")
def test_a_result_that_may_lie_by_columns_is_scratch_only_if_nobody_can_tell():
    """A sum adds up in the order of memory."""
    summed = record(lambda x: np.sum(np.exp(x)), A)
    assert not scratch_plan(summed, {}).lines
    assert scratch_plan(summed, {}, by_rows=summed.inputs).lines
    added = record(lambda x, y: x @ y + np.exp(x), A, B)
    assert len(scratch_plan(added, overwrites(added)).lines) == 1


def test_each_thread_has_arrays_of_its_own():
    scratch, found = Scratch([((3,), np.dtype(float))]), []
    mine = scratch.arrays
    other = threading.Thread(target=lambda: found.append(scratch.arrays))
    other.start()
    other.join()
    assert scratch.arrays is mine
    assert not np.shares_memory(mine[0], found[0][0])


def test_threads_do_not_disturb_each_other():
    """NumPy lets other threads run in the middle of a step."""
    x = np.random.default_rng(0).normal(size=(150, 150))
    function = emit(record(lambda x, s: np.tanh(x @ x) @ x * s + x @ x, x, 0.5)).function
    expected = [function(x, s)[0] for s in (0.25, 2.0)]
    wrong = []

    def work(k, s):
        for _ in range(30):
            if not np.array_equal(function(x, s)[0], expected[k]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate((0.25, 2.0))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.usefixtures("everything_is_large")
class TestRandomPrograms:
    """With every result in a scratch array that can be."""

    @settings(max_examples=200)
    @given(programs(VIEWS | ELEMENTWISE))
    def test_to_the_last_bit(self, made):
        program, inputs = made
        with np.errstate(all="ignore"):
            expected = interpret(program, *inputs)
            for one in (program, optimise(program)):
                for by_rows in ((), one.inputs):
                    outputs = emit(one, by_rows=by_rows).function(*inputs)
                    for a, b in zip(outputs, expected, strict=True):
                        assert same_bits(a, b)

    @settings(max_examples=200)
    @given(programs(VIEWS | ELEMENTWISE | SUMS))
    def test_with_sums_twice_in_a_row(self, made):
        program, inputs = made
        with np.errstate(all="ignore"):
            expected = interpret(program, *inputs)
            function = emit(optimise(program), by_rows=program.inputs).function
            first, second = function(*inputs), function(*inputs)
        for a, b, c in zip(first, second, expected, strict=True):
            assert not np.shares_memory(a, b)
            assert same_bits(a, b)
            single = np.asarray(c).dtype == np.float32
            assert_allclose(a, c, rtol=1e-4 if single else 1e-9, atol=1e-9)
