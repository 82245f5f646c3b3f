"""Every NumPy function that is recorded, and every primitive, stands in a row of the tables."""

import inspect
from collections import Counter, defaultdict
from functools import cache
from importlib import import_module
from itertools import chain
from pkgutil import iter_modules

import numpy as np
import pytest
from awkward import AS_WRITTEN, FORMS, trials
from census import CASES, OPERATIONS, called_name, calls, leaders
from evidence import Recording, Truth
from test_laws import TOLERANCES

from minigrad.dispatch import FUNCTIONS, REDUCTIONS, UFUNCS
from minigrad.ops.support import ARRAYS
from minigrad.primitive import Primitive

HANDLERS = {**FUNCTIONS, **REDUCTIONS}

# What HIPS/autograd 1.9.1 has a VJP for: the NumPy names in `autograd.core.primitive_vjps`, and the
# functions that `autograd.numpy` composes of them; what MyGrad 2.5.0 exports as operations.
AUTOGRAD = """
    abs absolute acos acosh add amax amin angle append arccos arccosh arcsin arcsinh arctan arctan2
    arctanh array array_split asin asinh astype atan atan2 atanh atleast_1d atleast_2d atleast_3d
    broadcast_to clip column_stack concatenate conj conjugate cos cosh cross cumsum deg2rad degrees
    diag diagonal diff divide dot dsplit einsum exp exp2 expand_dims expm1 fabs fft.fft fft.fft2
    fft.fftn fft.fftshift fft.ifft fft.ifft2 fft.ifftn fft.ifftshift fft.irfft fft.irfft2
    fft.irfftn fft.rfft fft.rfft2 fft.rfftn fliplr flipud fmax fmin full gradient hsplit hstack
    hypot imag inner kron linalg.cholesky linalg.det linalg.eig linalg.eigh linalg.inv linalg.norm
    linalg.pinv linalg.slogdet linalg.solve linalg.svd linspace log log10 log1p log2 logaddexp
    logaddexp2 matmul max maximum mean min minimum mod moveaxis multiply nan_to_num negative outer
    pad partition permute_dims pow power prod rad2deg radians ravel real real_if_close reciprocal
    remainder repeat reshape roll rollaxis rot90 select sin sinc sinh sort split sqrt square
    squeeze stack std subtract sum swapaxes tan tanh tensordot tile trace transpose tril triu
    true_divide var vsplit vstack where
"""
MYGRAD = """
    abs absolute add amax amin arccos arccosh arcsin arcsinh arctan arctan2 arctanh array atleast_1d
    atleast_2d atleast_3d broadcast_to cbrt clip concatenate cos cosh cumprod cumsum divide einsum
    exp exp2 expand_dims expm1 linalg.norm log log10 log1p log2 logaddexp logaddexp2 matmul max
    maximum mean min minimum moveaxis multiply negative positive power prod ravel reciprocal repeat
    reshape roll sin sinc sinh sqrt square squeeze stack std subtract sum swapaxes tan tanh
    transpose true_divide var where
"""
# NumPy hands `array` and `full` over if asked with `like=`; without, an error teaches.


def test_every_recorded_function_stands_in_a_row():
    assert [operation for operation in OPERATIONS if operation not in leaders()] == []


def test_the_table_is_large():
    """Operations, precisions, and awkward forms of each, all of which are tried every day."""
    forms = {
        operation: {trial.form for trial in trials(case)} - {AS_WRITTEN}
        for operation, case in leaders().items()
    }
    assert len(forms) >= 250
    assert set(TOLERANCES) == {np.dtype(np.float64), np.dtype(np.float32)}
    assert {operation: tried for operation, tried in forms.items() if len(tried) < 12} == {}
    assert {AS_WRITTEN}.union(*forms.values()) == set(FORMS)


def primitives_of(*rooms):
    """The primitives that have rules, by where they are."""
    found = {}
    for room in map(import_module, rooms):
        for file in [room, *modules_in(room)]:
            found |= {f"{file.__name__}.{name}": prim for name, prim in vars(file).items()}
    return {
        where: prim for where, prim in found.items() if isinstance(prim, Primitive) and prim.vjps
    }


def modules_in(room):
    names = (module.name for module in iter_modules(room.__path__, f"{room.__name__}."))
    return map(import_module, names)


def test_every_primitive_with_rules_is_reached_from_a_row(monkeypatch):
    """Also what only rules call, in sweeps over sweeps."""
    called = set()
    call = Primitive.__call__

    def spy(prim, *args, **params):
        called.add(prim)
        return call(prim, *args, **params)

    monkeypatch.setattr(Primitive, "__call__", spy)
    with np.errstate(all="ignore"):
        for case in CASES:
            Recording(Truth(case.function, case.operands(), case.order, case.analytic))
    found = primitives_of("minigrad.ops", "minigrad.nn", "minigrad.optim")
    assert [where for where, prim in found.items() if prim not in called] == []


@cache
def arguments():
    """What each function was given for each of its arguments, in all rows."""
    given = defaultdict(lambda: defaultdict(list))
    for operation, args, kwargs in chain.from_iterable(calls().values()):
        if operation in HANDLERS:
            bound = inspect.signature(HANDLERS[operation]).bind(*args, **kwargs)
            for name, value in bound.arguments.items():
                given[operation][name].append(value)
    return given


def test_every_keyword_is_used_in_a_row():
    for operation, handler in HANDLERS.items():
        unused = set(inspect.signature(handler).parameters) - set(arguments()[operation])
        assert unused <= {*ARRAYS}, operation


def test_axes_are_counted_from_the_end_and_several_at_once():
    for operation, given in arguments().items():
        if "axis" in given:
            axes = given["axis"]
            assert any(isinstance(axis, int) and axis < 0 for axis in axes), operation
            if "keepdims" in given:
                assert any(isinstance(axis, tuple) for axis in axes), operation


def test_names_that_rows_say_they_cover_exist():
    names = {name for case in CASES for name in case.covers}
    assert {name for name in names if called_name(name) is None} == set()


def test_names_of_rows_are_unique():
    count = Counter(case.name for case in CASES)
    assert {name: n for name, n in count.items() if n > 1} == {}


@pytest.mark.parametrize("peer", ["AUTOGRAD", "MYGRAD"])
def test_what_peers_record_is_recorded(peer):
    names = globals()[peer].split()
    here = {*UFUNCS, *FUNCTIONS}
    assert [n for n in names if called_name(n) is not None and called_name(n) not in here] == []
