"""Trees come apart and together again."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad import tree
from minigrad.testing.strategies import trees


class Pair(NamedTuple):
    first: Any
    second: Any


@dataclass
class Layer:
    weight: Any
    bias: Any = 0.0


numbers = trees(st.integers())


@given(numbers)
def test_leaves_put_back_give_the_tree(t):
    assert tree.unflatten(t, tree.leaves(t)) == t


@given(numbers)
def test_containers_keep_their_types(t):
    def types(node):
        if isinstance(node, dict):
            return dict, [(key, types(part)) for key, part in node.items()]
        if isinstance(node, list | tuple):
            return type(node), [types(part) for part in node]
        if hasattr(node, "__dataclass_fields__"):
            return type(node), [(key, types(part)) for key, part in vars(node).items()]
        return type(node)

    assert types(tree.map(lambda x: x + 1, t)) == types(t)


@given(numbers)
def test_map_follows_composition(t):
    f, g = lambda x: x + 3, lambda x: 2 * x
    assert tree.map(lambda x: g(f(x)), t) == tree.map(g, tree.map(f, t))
    assert tree.map(lambda x: x, t) == t


@given(numbers)
def test_leaves_paths_and_map_agree_on_the_order(t):
    leaves = tree.leaves(t)
    assert list(tree.paths(t).values()) == leaves
    seen = []
    tree.map(seen.append, t)
    assert seen == leaves


@given(numbers)
def test_a_path_is_the_python_that_leads_to_the_leaf(t):
    for path, leaf in tree.paths(t).items():
        assert eval("t" + path, {"t": t}) is leaf


@given(numbers)
def test_map_of_several_trees_meets_the_leaves_in_the_same_place(t):
    doubled = tree.map(lambda x: 2 * x, t)
    assert tree.map(lambda x, y, z: x + y - z, t, doubled, t) == doubled


@given(numbers, numbers)
def test_trees_of_different_shapes_are_refused(one, other):
    same = tree.map(lambda x: 0, one) == tree.map(lambda x: 0, other)
    if same:
        assert tree.map(lambda x, y: x, one, other) == one
    else:
        with pytest.raises(ValueError, match="different shapes"):
            tree.map(lambda x, y: x, one, other)


def test_dicts_are_matched_by_key_whatever_their_order():
    assert tree.map(lambda x, y: (x, y), {"a": 1, "b": 2}, {"b": 20, "a": 10}) == {
        "a": (1, 10),
        "b": (2, 20),
    }


def test_an_array_is_a_leaf_and_so_is_what_is_not_a_container_of_ours():
    leaves = [np.ones((2, 2)), OrderedDict(a=1), {1, 2}, "text", range(3)]
    assert tree.leaves(leaves) == leaves
    assert tree.leaves(np.ones(2)).__len__() == 1


def test_none_has_no_leaves():
    assert tree.leaves([None, {"a": None}]) == []
    assert tree.map(lambda x: 1 / 0, {"a": None, "b": []}) == {"a": None, "b": []}


def test_each_container():
    t = {"w": [1, (2, 3)], "pair": Pair(4, Layer(5, bias=None)), 7: 6}
    assert tree.leaves(t) == [1, 2, 3, 4, 5, 6]
    assert list(tree.paths(t)) == [
        "['w'][0]",
        "['w'][1][0]",
        "['w'][1][1]",
        "['pair'].first",
        "['pair'].second.weight",
        "[7]",
    ]
    assert tree.paths(3) == {"": 3}


@dataclass
class Square:
    side: Any
    area: Any = field(init=False)

    def __post_init__(self):
        self.area = self.side**2


def test_what_a_dataclass_works_out_by_itself_is_no_leaf():
    assert tree.leaves(Square(3.0)) == [3.0]
    assert tree.map(lambda x: 2 * x, Square(3.0)) == Square(6.0)


def test_a_class_of_trees_is_no_tree():
    assert tree.leaves([Layer, Pair]) == [Layer, Pair]


@pytest.mark.parametrize("new", [[], [1.0], [1.0, 2.0, 3.0]])
def test_another_number_of_leaves_is_refused(new):
    with pytest.raises(ValueError, match="leaves"):
        tree.unflatten({"a": 1, "b": [2]}, new)
