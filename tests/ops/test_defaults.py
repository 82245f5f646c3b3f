"""What is left out in a call means on a Variable what it means in NumPy."""

import inspect

import numpy as np
import pytest

from minigrad.dispatch import FUNCTIONS, name_of
from minigrad.ops import load_late

load_late()

# NumPy's default says "not given", or is a flag whose value makes no difference to the result.
OWN_WORDS = {"initial", "where", "dtype", "copy", "out", "subok", "optimize"}


def signature(function):
    try:
        return inspect.signature(function).parameters
    except ValueError:  # NumPy does not tell
        return {}


@pytest.mark.parametrize("function", FUNCTIONS, ids=name_of)
def test_defaults_are_numpys(function):
    numpys = signature(function)
    for name, parameter in inspect.signature(FUNCTIONS[function]).parameters.items():
        if name in numpys and name not in OWN_WORDS:
            default, wanted = parameter.default, numpys[name].default
            if wanted is not np._NoValue and wanted is not inspect.Parameter.empty:
                assert default == wanted, f"{name}={default!r}, in NumPy {wanted!r}"
                assert type(default) is type(wanted) or default == 0
