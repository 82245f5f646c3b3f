"""What is compiled computes what was recorded, for every row of the tables, wherever arrays lie.

A program is recorded of operands that lie row by row, with all its derivatives, and then given the
same numbers in other layouts, as the batches of a run may come.
"""

import numpy as np
import pytest
from awkward import LAYOUTS, floating
from cases_fused import CASES as FUSED
from census import CASES, leaders
from evidence import directions
from hypothesis import settings
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.program import emit, of_tape, optimise
from minigrad.program.adjoint import optimise_adjoint
from minigrad.variable import Variable, value_of
from tests.program.machines import interpret

#: One row for each operation, all that is fused and all of numbers alone; all rows, if thoroughly.
DAILY = {*leaders().values(), *FUSED, *(case for case in CASES if not any(case.shapes))}
ROWS = [case for case in CASES if case in DAILY or settings.default.max_examples >= 1000]
TOLERANCES = {np.float64: 1e-11, np.float32: 1e-3}


def derivatives_of(case, dtype):
    """The program of a row and of its derivatives, what it was recorded of, and how many ys."""
    xs = [x.astype(dtype) for x in case.operands()]
    with mg.Tape() as tape:
        variables = [tape.variable(x) for x in xs]
        ys = [y for y in floating(case.function(*variables)) if isinstance(y, Variable)]
        u = [tape.variable(x) for x in directions([value_of(y) for y in ys], 1)]
        v = [tape.variable(x) for x in directions(xs, 2)]
        x_bars = tape.gradient(ys, variables, cotangent=u)
        y_dots = tape.tangent(ys, variables, v)
        second = tape.gradient(x_bars, variables, cotangent=v) if case.order > 1 else []
    inputs = [*variables, *u, *v]
    names = {f"x{k}": x for k, x in enumerate(inputs)}
    program = of_tape(tape, names, [*ys, *x_bars, *y_dots, *second])
    return program, [x.value for x in inputs], len(ys)


def laid(x, layout):
    """The same numbers in another layout, read-only as all that is on a tape."""
    if np.ndim(x) == 0:
        return x
    x = layout(np.array(x))
    x.setflags(write=False)
    return x


@pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional vectors:DeprecationWarning")
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("case", ROWS, ids=repr)
def test_compiled_derivatives_are_those_recorded(case, dtype):
    program, inputs, n = derivatives_of(case, dtype)
    step = optimise(program)
    adjoint = optimise_adjoint(step, step.needed(step.outputs[:n]))
    compiled = [emit(one).function for one in (program, step, adjoint)]
    tol = TOLERANCES[dtype]
    for layout in (np.ascontiguousarray, *LAYOUTS.values()):
        given = [laid(x, layout) for x in inputs]
        wanted = interpret(program, *given)
        for function in compiled:
            for found, value in zip(function(*given), wanted, strict=True):
                assert np.asarray(found).dtype == np.asarray(value).dtype
                assert_allclose(found, value, rtol=tol, atol=tol)
