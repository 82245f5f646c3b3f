"""Which leaves are weights, and which hyperparameter reaches which leaf."""

from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigrad import nn, tree

Layer = namedtuple("Layer", ["w", "b"])
LAYERS = [{"w": 1.0, "b": 2.0}, {"w": 3.0, "b": 4.0}]


@pytest.mark.parametrize(
    "name", ["w", "W", "w1", "W12", "weight", "weights", "Weight", "w_out", "weights_2"]
)
def test_names_of_weights(name):
    assert nn.is_weight(f"['{name}']")
    assert nn.is_weight(f"['b'].{name}")


@pytest.mark.parametrize("name", ["b", "bias", "b1", "width", "wb", "scale", "new_w", "_w"])
def test_names_of_other_things(name):
    assert not nn.is_weight(f"['{name}']")
    assert not nn.is_weight(f"['w'].{name}")


@pytest.mark.parametrize("name", ["w-1", "w out", "W.in", "weights/2", "w'", 'w"', "w'\"]", "wé"])
def test_a_word_behind_a_weight_begins_with_no_letter(name):
    (path,) = tree.paths({name: 1.0})
    assert nn.is_weight(path) == (name != "wé")
    assert nn.decay(0.5, {name: 1.0, "w": 2.0}) == [0.5 if nn.is_weight(path) else 0.0, 0.5]


@pytest.mark.parametrize(
    "name", ["fc1-bias", "fc1.w", "layer 1 bias", "fc1/b", "b'", 'b"', "b']['w", "", "'", "\\"]
)
def test_a_key_is_a_name_as_a_whole(name):
    for params in ({name: 1.0}, {"w": {name: [1.0]}}):
        (path,) = tree.paths(params)
        assert not nn.is_weight(path)


@pytest.mark.parametrize("path", ["", "[0]", "[0][1]", "['w'][3]"])
def test_a_position_is_no_name(path):
    assert nn.is_weight(path)


@pytest.mark.parametrize(
    ("hyper", "expected"),
    [
        (7, [7, 7, 7, 7]),
        ([5, 6], [5, 5, 6, 6]),
        ([{"w": 5, "b": 6}, 7], [5, 6, 7, 7]),
        ([{"b": 6, "w": 5}, {"w": 7, "b": 8}], [5, 6, 7, 8]),
        ((5, 6), [5, 5, 6, 6]),
    ],
)
def test_a_hyperparameter_is_for_all_that_is_below_its_place(hyper, expected):
    assert nn.spread(hyper, LAYERS) == expected


@pytest.mark.parametrize(
    ("hyper", "place"),
    [
        ([5], r"\[1\]\['w'\]"),
        ([5, 6, 7], r"\[2\]"),
        ({"w": 5, "b": 6}, r"\[0\]\['w'\]"),
        ([5, {"w": 6}], r"\[1\]\['b'\]"),
        ([5, {"w": [6], "b": 7}], r"\[1\]\['w'\]"),
        ([None, 6], r"\[0\]\['w'\]"),
    ],
)
def test_a_hyperparameter_that_does_not_fit_names_the_place(hyper, place):
    with pytest.raises(ValueError, match=f"does not fit the parameters at {place}"):
        nn.spread(hyper, LAYERS)


def test_a_longer_name_is_not_below_a_shorter_one():
    """The path ['w1'] begins like ['w' but is not below it; nor is [10] below [1]."""
    params = {"w": 1.0, "w1": 2.0, "layers": [0.0] * 11}
    hyper = {"w": 5, "w1": 6, "layers": list(range(11))}
    assert nn.spread(hyper, params) == [5, 6, *range(11)]


trees = st.recursive(
    st.just(0.0),
    lambda node: (
        st.lists(node, max_size=3)
        | st.dictionaries(st.sampled_from(["w", "b", "w1", "layer"]), node, max_size=3)
        | st.builds(Layer, node, node)
    ),
    max_leaves=8,
)


@given(trees)
def test_a_tree_like_the_parameters_is_handed_out_as_it_is(params):
    numbers = list(range(len(tree.leaves(params))))
    assert nn.spread(tree.unflatten(params, numbers), params) == numbers
    assert nn.spread("one", params) == ["one"] * len(numbers)
    own = [number + 1.0 for number in numbers]
    assert nn.decay(tree.unflatten(params, own), params) == own


@given(trees)
def test_a_decay_for_all_reaches_the_weights_and_nothing_else(params):
    paths = list(tree.paths(params))
    if paths and not any(map(nn.is_weight, paths)):
        with pytest.raises(ValueError, match="is for no weight"):
            nn.decay(0.5, params)
        assert nn.decay(0.0, params) == [0.0] * len(paths)
    else:
        assert nn.decay(0.5, params) == [0.5 * nn.is_weight(path) for path in paths]


def test_decay_is_divided_by_the_number_of_examples():
    assert nn.decay([1.0, 2.0], LAYERS, n=4) == [0.25, 0.0, 0.5, 0.0]


def test_what_is_given_for_a_leaf_is_for_that_leaf_whatever_its_name():
    assert nn.decay([0.5, {"w": 1.0, "b": 2.0}], LAYERS) == [0.5, 0.0, 1.0, 2.0]
    assert nn.decay({"b": 0.5}, {"b": 1.0}) == [0.5]
    assert nn.decay(0.5, np.ones(3)) == [0.5]


def test_a_decay_without_effect_is_refused():
    with pytest.raises(ValueError, match=r"lam\[1\] is for no weight"):
        nn.decay([0.5, 0.5], [{"w": 1.0}, {"b": 1.0}])
    assert nn.decay([0.5, 0.0], [{"w": 1.0}, {"b": 1.0}]) == [0.5, 0.0]
