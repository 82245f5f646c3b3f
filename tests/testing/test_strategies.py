"""The strategies draw what they promise, and only they need Hypothesis."""

import subprocess
import sys

import numpy as np
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from minigrad import tree
from minigrad.testing.strategies import arrays, layouts, shapes, shapes_that_broadcast, trees

seek = settings(max_examples=2000, derandomize=True, database=None, phases=[Phase.generate])


def found(strategy, condition):
    """Search for an example; raise if the strategy never draws one."""
    return find(strategy, condition, settings=seek)


def test_shapes_are_awkward():
    found(shapes(), lambda shape: shape == ())
    found(shapes(), lambda shape: 0 in shape)
    found(shapes(), lambda shape: 1 in shape and max(shape) > 1)
    found(shapes(), lambda shape: len(shape) == 3)


@given(shapes(max_dims=2, max_side=3, min_side=1))
def test_shapes_keep_their_limits(shape):
    assert len(shape) <= 2
    assert set(shape) <= {1, 2, 3}


@given(st.integers(1, 4).flatmap(shapes_that_broadcast))
def test_shapes_that_broadcast_do(drawn):
    np.broadcast_shapes(*drawn)


def test_memory_layouts_are_awkward():
    found(arrays(), lambda x: x.ndim > 1 and not x.flags.c_contiguous and x.flags.f_contiguous)
    found(arrays(), lambda x: any(stride < 0 for stride in x.strides))
    found(arrays(), lambda x: not x.flags.c_contiguous and not x.flags.f_contiguous)
    found(arrays(), lambda x: not x.flags.writeable)


@given(st.data(), arrays(shapes(max_side=3)))
def test_a_layout_changes_no_number(data, x):
    laid = data.draw(layouts(x))
    assert np.array_equal(laid, x)
    assert (laid.shape, laid.dtype) == (x.shape, x.dtype)


@given(st.sampled_from([np.float64, np.float32]).flatmap(lambda d: arrays((3,), 0.5, 1.5, d)))
def test_elements_keep_their_range(x):
    assert x.dtype in (np.float64, np.float32)
    assert np.all((x >= 0.5) & (x <= 1.5))


def test_trees_are_of_every_kind():
    kinds = [dict, list, tuple]
    for kind in kinds:
        found(trees(st.integers()), lambda t, kind=kind: type(t) is kind and len(t) > 1)
    found(trees(st.integers()), lambda t: hasattr(t, "_fields"))
    found(trees(st.integers()), lambda t: hasattr(t, "__dataclass_fields__"))
    found(trees(st.integers()), lambda t: isinstance(t, list) and None in t)
    found(trees(st.integers()), lambda t: any("][" in path for path in tree.paths(t)))


def test_only_the_strategies_need_hypothesis():
    """In a Python that has none, the rest is imported and works, and the strategies say why not."""
    program = """
import sys
sys.modules["hypothesis"] = None
import numpy as np
from minigrad.testing import check_grads, check_primitive, complex_step, finite_difference
check_grads(np.sin, (0.7,))
try:
    import minigrad.testing.strategies
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "pip install hypothesis" in done.stdout
