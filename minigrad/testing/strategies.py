"""Hypothesis strategies: arrays of awkward shapes and layouts, and trees.

The only module here that needs Hypothesis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import make_dataclass
from typing import Any, NamedTuple

import numpy as np

try:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as hnp
except ImportError as error:
    raise ImportError(
        "minigrad.testing.strategies draws its examples with Hypothesis, which is not installed: "
        'pip install "minigrad-tape[test]", or pip install hypothesis. The rest of '
        "minigrad.testing works without it."
    ) from error

__all__ = ["arrays", "layouts", "shapes", "shapes_that_broadcast", "trees"]

Strategy = st.SearchStrategy[Any]


def shapes(max_dims: int = 3, max_side: int = 4, min_side: int = 0) -> Strategy:
    """Draw a shape: 0-d, empty, with axes of size 1.

    Parameters
    ----------
    max_dims : int, default 3
        The largest number of axes.
    max_side, min_side : int, default 4 and 0
        The longest and the shortest axis.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> from minigrad.testing.strategies import shapes
    >>> @settings(max_examples=10, database=None)
    ... @given(shapes(max_dims=2, min_side=1))
    ... def has_elements(shape):
    ...     assert len(shape) <= 2 and 0 not in shape
    >>> has_elements()
    """
    return hnp.array_shapes(min_dims=0, max_dims=max_dims, min_side=min_side, max_side=max_side)


def shapes_that_broadcast(n: int = 2, max_dims: int = 3, max_side: int = 4) -> Strategy:
    """Draw a tuple of n shapes that broadcast together.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given, settings
    >>> from minigrad.testing.strategies import shapes_that_broadcast
    >>> @settings(max_examples=10, database=None)
    ... @given(shapes_that_broadcast(3))
    ... def broadcast(shapes):
    ...     np.broadcast_shapes(*shapes)
    >>> broadcast()
    """
    drawn = hnp.mutually_broadcastable_shapes(
        num_shapes=n, max_dims=max_dims, min_side=1, max_side=max_side
    )
    return drawn.map(lambda result: tuple(result.input_shapes))


# Each gives the same numbers in another place in memory.
LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "C order": lambda x: x,
    "Fortran order": np.asfortranarray,
    "reversed": lambda x: np.flip(np.flip(x).copy()),
    "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "transposed twice": lambda x: np.ascontiguousarray(x.T).T,
    "read-only": lambda x: np.frombuffer(x.tobytes(), x.dtype).reshape(x.shape),
}


def layouts(array: Any) -> Strategy:
    """Draw an array equal to the given one but laid out differently in memory.

    Fortran order, negative strides, every second element of a larger array, or read-only.
    """
    names = list(LAYOUTS) if np.ndim(array) and np.size(array) else ["C order"]
    return st.sampled_from(names).map(lambda name: LAYOUTS[name](np.asarray(array)))


def arrays(
    shape: Any = None,
    low: float = -2.0,
    high: float = 2.0,
    dtype: Any = np.float64,
) -> Strategy:
    """Draw an array of numbers in an awkward shape and layout.

    Parameters
    ----------
    shape : tuple of int or strategy, optional
        Any of :func:`shapes` if left out.
    low, high : float, default -2 and 2
        The range of the elements.
    dtype : dtype, default float64
        The floating-point type.

    Examples
    --------
    >>> import numpy as np
    >>> from hypothesis import given, settings
    >>> import minigrad as mg
    >>> from minigrad.testing.strategies import arrays
    >>> @settings(max_examples=10, database=None)
    ... @given(arrays())
    ... def sine(x):
    ...     assert np.array_equal(mg.vjp(np.sin, x)[1](np.ones(x.shape))[0], np.cos(x))
    >>> sine()
    """
    shape = shapes() if shape is None else shape
    ends = (float(np.array(end, dtype)) for end in (low, high))  # numbers of that precision
    width = np.dtype(dtype).itemsize * 8
    elements = st.floats(*ends, width=width, allow_subnormal=False)
    return hnp.arrays(dtype, shape, elements=elements).flatmap(layouts)


class Pair(NamedTuple):
    """A namedtuple for :func:`trees`."""

    first: Any
    second: Any


Layer = make_dataclass("Layer", ["weights", "bias"])


def trees(leaves: Strategy | None = None, max_leaves: int = 8) -> Strategy:
    """Draw a tree: dicts, lists, tuples, namedtuples, dataclasses and None, nested.

    Parameters
    ----------
    leaves : strategy, optional
        What the leaves are; arrays if left out.
    max_leaves : int, default 8
        About how many leaves at most.

    Examples
    --------
    >>> from hypothesis import given, settings, strategies as st
    >>> from minigrad import tree
    >>> from minigrad.testing.strategies import trees
    >>> @settings(max_examples=10, database=None)
    ... @given(trees(st.integers()))
    ... def same_again(t):
    ...     assert tree.unflatten(t, tree.leaves(t)) == t
    >>> same_again()
    """

    def containers(parts: Strategy) -> Strategy:
        return st.one_of(
            st.dictionaries(st.text("abc", max_size=2) | st.integers(0, 3), parts, max_size=3),
            st.lists(parts, max_size=3),
            st.lists(parts, max_size=3).map(tuple),
            st.builds(Pair, parts, parts),
            st.builds(Layer, parts, parts),
            st.none(),
        )

    return st.recursive(arrays() if leaves is None else leaves, containers, max_leaves=max_leaves)
