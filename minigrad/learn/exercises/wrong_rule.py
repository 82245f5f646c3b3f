"""Find the wrong rule.

A wrong rule raises nothing. It returns a number, and the training learns a little worse. So every
rule is held against finite differences, by

    check_grads(f, args)

of `minigrad.testing`: silent if the derivatives of `f` at `args`, the second ones included, are
right; an AssertionError that says what is wrong if not.

``candidates()`` returns five primitives by name; one of them has a wrong rule. Write a function
that finds it, and would find others: ``find_wrong(primitives)`` returns a list of the names of
those whose derivatives are wrong. Run this file to see which one it is here. (The check tries your
function on other primitives too, right ones among them.)
"""

import numpy as np

from minigrad.extend import Primitive, def_jvp, def_vjp
from minigrad.learn.checks import Wrong, value_of
from minigrad.testing import check_grads


def elementwise(function, slope):
    """Make a primitive of one operand; one rule serves both directions."""
    made = Primitive(function, "made")

    def rule(d, y, x):
        return d * slope(y, x)

    def_vjp(made, rule)
    def_jvp(made, rule)
    return made


def candidates():
    """Return five primitives, by name."""
    return {
        "square": elementwise(lambda x: x**2, lambda y, x: 2 * x),
        "tanh": elementwise(np.tanh, lambda y, x: 1 - y**2),
        "reciprocal": elementwise(lambda x: 1 / x, lambda y, x: -(y**2)),
        "arctan": elementwise(np.arctan, lambda y, x: 1 / (1 - x**2)),
        "bell": elementwise(lambda x: np.exp(-(x**2)), lambda y, x: -2 * x * y),
    }


def find_wrong(primitives):
    """Return the names of the primitives whose derivatives are wrong at 0.6."""
    # solution
    wrong = []
    for name, one in primitives.items():
        try:
            check_grads(one, (0.6,))
        except AssertionError:
            wrong.append(name)
    return wrong
    # end


if __name__ == "__main__":
    print(find_wrong(candidates()))


HINTS = (
    "Go through primitives.items() and call check_grads(one, (0.6,)) for each.",
    "A wrong one raises AssertionError: catch it with try and except, and note the name.",
    "Leave `order` as it is: a rule may be right once and wrong when it is differentiated again.",
)


def check(module):
    """Try the function on the file's own primitives, then on some that break in other ways."""
    given = candidates()
    right = {name: one for name, one in given.items() if name != "arctan"}
    once = elementwise(np.sin, lambda y, x: np.cos(value_of(x)))
    nearly = elementwise(np.sin, lambda y, x: 1.0001 * np.cos(x))
    backward = Primitive(np.sin, "made")
    def_vjp(backward, lambda d, y, x: -d * np.cos(x))
    def_jvp(backward, lambda d, y, x: d * np.cos(x))
    for primitives, expected, why in (
        (right, [], "all of these are right"),
        (given, ["arctan"], ""),
        ({**right, "nearly": nearly}, ["nearly"], "its slope is off by one part in ten thousand"),
        ({"backward": backward}, ["backward"], "its VJP rule is wrong, its JVP rule is right"),
        ({"once": once, **right}, ["once"], "its second derivative is wrong, the first is right"),
    ):
        got = module.find_wrong(primitives)
        if isinstance(got, list) and sorted(map(str, got)) == expected:
            continue
        what = f"find_wrong of {', '.join(primitives)}:"
        if primitives is given:
            raise Wrong(f"{what} one of them is wrong, but the answer is {got!r:.80}")
        raise Wrong(f"{what} expected {expected}, got {got!r:.80}; {why}")
