"""The laws of differentiation, held over every row of every table ``cases_*.py``.

Each row is tried in two precisions and in every awkward form that it has, see ``awkward.py``. What
is compared with what is in ``evidence.py``.
"""

from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import pytest
from awkward import trials
from cases_fused import CASES as FUSED
from census import CASES, leaders
from evidence import Recording, Truth, inner, largest, size
from hypothesis import settings


class Tolerance(NamedTuple):
    """How far off, relative to the size of what is compared, and to that of its terms."""

    differences: float
    complex_step: float
    pairing: float
    second_order: float


TOLERANCES = {
    np.dtype(np.float64): Tolerance(1e-6, 1e-12, 1e-12, 1e-10),
    np.dtype(np.float32): Tolerance(1e-3, 1e-5, 1e-5, 1e-3),
}
#: What counts as nothing beside operands of about 1, for derivatives that are 0 but for rounding.
NOTHING = 1e-3


def value_is_numpys(found, truth):
    """To the last bit, of the copies that the tape holds; and of what it was given.

    Where a copy has no axes, of it as a number or as an array: NumPy may round them differently.
    """
    copies = [x.value for x in found.variables]
    ways = truth.plain(*copies), truth.plain(*map(np.asarray, copies))
    for y, *again in zip(found.ys, *ways, strict=True):
        assert y.dtype == again[0].dtype == again[1].dtype
        assert any(np.array_equal(y, plain, equal_nan=True) for plain in again)
    eps = 500 * np.finfo(found.dtype).eps
    for y, plain in zip(found.ys, truth.plain(*found.xs), strict=True):
        assert np.all(np.abs(y - plain) <= eps * (1 + np.abs(plain)))


def derivatives_have_the_form_of_their_primal(found, truth):
    for derivatives in (found.x_bars, *found.second_order):
        check_forms(derivatives, found.xs)
    check_forms(found.y_dots, found.ys)


def check_forms(derivatives, primals):
    for derivative, primal in zip(derivatives, primals, strict=True):
        assert np.shape(derivative) == np.shape(primal)
        assert np.asarray(derivative).dtype == np.asarray(primal).dtype


def tangents_are_those_of_differences(found, truth):
    tolerance = TOLERANCES[found.dtype].differences
    together = zip(found.ys, found.y_dots, truth.y_dots, truth.y_dot_errors, strict=True)
    for y, y_dot, value, error in together:
        around = largest(value) + 1e-2 * largest(y) + NOTHING
        assert np.all(np.abs(y_dot - value) <= tolerance * around + 4 * error)


def cotangents_are_those_of_differences(found, truth):
    """Operand by operand."""
    tolerance = TOLERANCES[found.dtype].differences
    for x_bar, v, (value, error) in zip(found.x_bars, found.v, truth.shares, strict=True):
        around = size([x_bar], [v]) + 1e-2 * size(found.u, found.ys) + NOTHING
        assert abs(inner([x_bar], [v]) - value) <= tolerance * around + 4 * error


def scale(found):
    """The last term is for derivatives that cancel, as those of x / x do."""
    u = found.u
    first = size(found.x_bars, found.v) + size(u, found.y_dots)
    return first + 1e-2 * size(u, found.ys) + NOTHING


def cotangents_and_tangents_are_transposes(found, truth):
    """<u, J v> = <J^T u, v>."""
    off = abs(inner(found.x_bars, found.v) - inner(found.u, found.y_dots))
    assert off <= TOLERANCES[found.dtype].pairing * scale(found)


def cotangents_are_those_of_the_complex_step(found, truth):
    if truth.analytic:
        off = abs(inner(found.x_bars, found.v) - truth.complex_step)
        assert off <= TOLERANCES[found.dtype].complex_step * scale(found)


def curving(found):
    """The size of the terms in <the derivative of J^T u, v>."""
    ways = max((size(way, found.v) for way in found.second_order), default=0.0)
    return ways + 1e-2 * scale(found)


def second_order_is_one_number_by_all_ways(found, truth):
    tolerance, around = TOLERANCES[found.dtype].second_order, curving(found)
    for way in found.second_order:
        for one, other in zip(way, found.second_order[0], strict=True):
            assert np.all(np.abs(one - other) <= tolerance * (np.abs(other) + around))


def second_order_is_that_of_differences(found, truth):
    tolerance, around = TOLERANCES[found.dtype].differences, curving(found)
    for way in found.second_order[:1]:
        for x_bar, value, error in zip(way, *truth.curvature, strict=True):
            allowed = tolerance * (largest(x_bar) + around) + 4 * error
            assert np.all(np.abs(x_bar - value) <= allowed)


def a_second_sweep_gives_the_same_bytes(found, truth):
    for one, other in zip(found.swept, found.sweep(), strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()


def nothing_is_written_to_and_no_memory_is_shared(found, truth):
    results = [z for z in found.swept if np.ndim(z)]
    given = [*found.xs, *found.u, *found.v]
    before = [*truth.xs, *truth.u, *truth.v]
    for z, was in zip(given, before, strict=True):
        assert np.array_equal(z, was)
    owned = [z for z in (*given, *(x.value for x in found.variables)) if np.ndim(z)]
    for k, result in enumerate(results):
        assert result.flags.writeable
        for other in (*owned, *results[:k]):
            assert not np.shares_memory(result, other)


LAWS = [
    value_is_numpys,
    derivatives_have_the_form_of_their_primal,
    tangents_are_those_of_differences,
    cotangents_are_those_of_differences,
    cotangents_and_tangents_are_transposes,
    cotangents_are_those_of_the_complex_step,
    second_order_is_one_number_by_all_ways,
    second_order_is_that_of_differences,
    a_second_sweep_gives_the_same_bytes,
    nothing_is_written_to_and_no_memory_is_shared,
]


def chosen(case):
    """The forms to try today: all for one row of each operation and for all that is fused.

    Of the other rows the form in which they are written, and every eighth of the awkward ones, but
    all of these, too, if thoroughly.
    """
    thoroughly = settings.default.max_examples >= 1000
    whole = thoroughly or case in FUSED or case in leaders().values()
    for k, trial in enumerate(trials(case)):
        if whole or k == 0 or (k + len(case.name)) % 8 == 0:
            yield trial


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_laws(case):
    for trial in chosen(case):
        with told(trial.form):
            if trial.layout is None:  # else it is that of the row as it is written
                truth = Truth(trial.function, trial.xs, case.order, case.analytic)
            for dtype in TOLERANCES:
                found = Recording(truth, dtype, trial.layout)
                if trial.layout and reads_the_layout(found, truth):
                    continue  # as np.reshape does with order="A": another function
                for law in LAWS:
                    with told(dtype, law.__name__):
                        law(found, truth)


def reads_the_layout(found, truth):
    """Whether NumPy's own function has other numbers where the same ones lie otherwise."""
    there = truth.plain(*(x.value for x in found.variables))
    return not all(np.allclose(y, z, 1e-3, 1e-3) for y, z in zip(there, truth.ys, strict=True))


@contextmanager
def told(*where):
    """Add to a failure where it was."""
    try:
        yield
    except Exception as error:
        error.add_note(", ".join(map(str, where)))
        raise
