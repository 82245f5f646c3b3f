"""The checkers refuse wrong rules, each kind of wrong by itself, and accept right ones."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.dispatch import UFUNCS
from minigrad.errors import MissingRuleError
from minigrad.extend import Primitive, def_jvp, def_vjp, primitive
from minigrad.testing import check_grads, check_primitive
from minigrad.variable import value_of

BOTH_CHECKERS = pytest.mark.parametrize(
    "checked",
    [lambda f, **how: check_grads(f, (0.7,), **how), check_primitive],
    ids=["check_grads", "check_primitive"],
)


def right(d, y, x):
    return d * np.cos(x)


def sine(vjp=right, jvp=right):
    """``sin`` as a primitive of its own, with the rules given."""
    prim = Primitive(np.sin)
    def_vjp(prim, vjp)
    def_jvp(prim, jvp)
    return prim


def sine_with(mode, rule):
    return sine(**{mode: rule})


@BOTH_CHECKERS
def test_right_rules_are_accepted(checked):
    checked(sine())


@BOTH_CHECKERS
@pytest.mark.parametrize("mode", ["vjp", "jvp"])
@pytest.mark.parametrize(
    "modes", [["vjp"], ["jvp"], ["vjp", "jvp"]], ids=["only VJP", "only JVP", "both"]
)
def test_a_rule_that_is_one_part_in_a_thousand_off_is_rejected(checked, mode, modes):
    wrong = sine_with(mode, lambda d, y, x: 1.001 * d * np.cos(x))
    if mode in modes:
        with pytest.raises(AssertionError, match=rf"{mode.upper()} of sin, operand 0, order 1"):
            checked(wrong, modes=modes)
    else:
        checked(wrong, modes=modes)  # the other rule is not used: nothing to find


@BOTH_CHECKERS
def test_the_same_mistake_in_both_rules_is_rejected(checked):
    """Then VJP and JVP agree with each other; finite differences know better."""
    with pytest.raises(AssertionError, match="VJP of sin"):
        checked(sine(*2 * [lambda d, y, x: 1.001 * d * np.cos(x)]))


@BOTH_CHECKERS
@pytest.mark.parametrize("mode", ["vjp", "jvp"])
def test_a_rule_that_leaves_the_tape_is_wrong_in_second_order_only(checked, mode):
    constant = sine_with(mode, lambda d, y, x: d * np.cos(value_of(x)))
    checked(constant, order=1)
    with pytest.raises(AssertionError, match=rf"{mode.upper()} of sin, operand 0, order 2"):
        checked(constant, order=2)


def test_a_wrong_second_operand_is_named():
    prim = Primitive(np.multiply)
    def_vjp(prim, lambda d, y, a, b: d * b, lambda d, y, a, b: d * a * 1.001)
    def_jvp(prim, lambda d, y, a, b: d * b, lambda d, y, a, b: d * a)
    with pytest.raises(AssertionError, match="VJP of multiply, operand 1, order 1"):
        check_grads(prim, (2.0, 3.0))
    with pytest.raises(AssertionError, match="VJP of multiply, operand 1, order 1"):
        check_primitive(prim)


def test_a_leaf_of_a_tree_is_named():
    wrong = sine(vjp=lambda d, y, x: 1.001 * d * np.cos(x))
    with pytest.raises(AssertionError, match=r"VJP of <lambda>, operand 1\['w'\]\[1\], order 1"):
        check_grads(lambda x, t: x * t["w"][0] * wrong(t["w"][1]), (2.0, {"w": [0.5, 0.7]}))


def test_a_rule_that_is_right_on_equal_shapes_alone_is_rejected():
    """The rule takes a mean where broadcasting asks for a sum; equal shapes can't tell."""

    def by_b(d, y, a, b):
        if np.shape(value_of(d)) == np.shape(value_of(b)):
            return d * a
        return d * a * (np.size(value_of(b)) / np.size(value_of(d)))

    prim = Primitive(np.multiply)
    def_vjp(prim, lambda d, y, a, b: d * b, by_b)
    def_jvp(prim, lambda d, y, a, b: d * b, lambda d, y, a, b: d * a)
    check_primitive(prim, shapes=[(), (3,), (2, 3)])
    with pytest.raises(AssertionError, match="VJP of multiply, operand 1, order 1"):
        check_primitive(prim)


def test_a_rule_that_fails_on_an_axis_of_size_1_is_rejected():
    def squeezed(d, y, x):
        return np.squeeze(value_of(d)).sum() * np.cos(x) if np.size(value_of(x)) == 1 else 0.0 * d

    with pytest.raises(AssertionError, match="VJP of sin"):
        check_primitive(sine(vjp=squeezed))


def test_a_rule_of_a_wrong_shape_is_reported_as_the_rule_of_its_operand():
    def three_too_many(d, y, x):
        return d * np.ones((3, *np.shape(value_of(x)), 2))

    with pytest.raises(AssertionError, match="VJP of sin, order 1: raised ValueError"):
        check_grads(sine(vjp=three_too_many), (np.array([0.1, 0.2, 0.3, 0.4]),))


def test_a_result_wider_than_its_operands_is_rejected():
    prim = Primitive(lambda x: x * np.float64(2.0), "double")
    def_vjp(prim, lambda d, y, x: 2.0 * d)
    def_jvp(prim, lambda d, y, x: 2.0 * d)
    with pytest.raises(AssertionError, match=r"value of double: float64 .* float32"):
        check_primitive(prim)
    check_primitive(prim, dtypes=[np.float64])


def test_a_rule_that_is_too_coarse_for_float64_is_rejected():
    def coarse(d, y, x):
        return d * np.cos(x).astype(np.float16) if isinstance(x, np.ndarray) else d * np.cos(x)

    with pytest.raises(AssertionError, match="VJP of sin"):
        check_primitive(sine(vjp=coarse), order=1)


def test_a_rule_that_writes_to_the_cotangent_is_rejected():
    """Alone it gives the right numbers; whoever shares the cotangent gets wrong ones."""

    def in_place(d, y, x):
        if not isinstance(d, np.ndarray):
            return d * np.cos(x)
        d *= np.cos(x)
        return d

    prim = sine(vjp=in_place)
    check_grads(prim, (np.array([0.1, 0.2]),), order=1)
    with pytest.raises(AssertionError, match="VJP of sin"):
        check_primitive(prim, order=1)


def test_a_function_that_changes_its_operand_is_rejected():
    def overwrite(x):
        x += 1.0
        return x

    with pytest.raises(AssertionError, match="operand 0"):
        check_grads(overwrite, (np.array([0.1, 0.2]),))


def test_a_function_that_forgets_what_it_gave_is_rejected():
    noise = np.random.default_rng(0)
    with pytest.raises(AssertionError, match="the same call must give the same numbers"):
        check_grads(lambda x: x * noise.normal(), (1.0,))


def test_a_rule_right_on_its_domain_is_accepted_there_and_rejected_beyond():
    wrong_below_zero = sine(*2 * [lambda d, y, x: d * np.cos(np.abs(x)) * np.sign(x)])
    check_primitive(wrong_below_zero, domain=(0.1, 2.0))
    with pytest.raises(AssertionError, match="VJP of sin"):
        check_primitive(wrong_below_zero)


def test_params_are_passed_on_and_each_set_is_checked():
    @primitive
    def scaled(x, *, by):
        return x * by

    rule = lambda d, y, x, by: d * by if by < 5.0 else d  # noqa: E731
    def_vjp(scaled, rule)
    def_jvp(scaled, rule)
    check_primitive(scaled, params={"by": 2.0})
    check_primitive(scaled, params=[{"by": 2.0}, {"by": 3.0}])
    with pytest.raises(AssertionError, match="VJP of scaled"):
        check_primitive(scaled, params=[{"by": 2.0}, {"by": 5.0}])


def test_elementwise_holds_the_shape_of_the_result_to_the_operands():
    @primitive
    def total(x):
        return np.add.reduce(x, axis=None)

    def_vjp(total, lambda d, y, x: d * np.ones(np.shape(value_of(x))))
    def_jvp(total, lambda d, y, x: total(d))
    check_primitive(total, dtypes=[np.float64])
    with pytest.raises(AssertionError, match=r"value of total: expected shape \(3,\)"):
        check_primitive(total, elementwise=True, dtypes=[np.float64])


def test_elementwise_false_leaves_broadcasting_out():
    prim = Primitive(lambda a, b: a * b, "product")  # the rule of b knows no broadcasting
    mistaken = lambda d, y, a, b: (  # noqa: E731
        d * a if np.shape(value_of(a)) == np.shape(value_of(b)) else 2.0 * d * a
    )
    def_vjp(prim, lambda d, y, a, b: d * b, mistaken)
    def_jvp(prim, lambda d, y, a, b: d * b, mistaken)
    check_primitive(prim, elementwise=False)
    with pytest.raises(AssertionError, match="VJP of product, operand 1"):
        check_primitive(prim)


def test_a_primitive_of_several_outputs_is_checked_in_each():
    def polar_with(factor):
        prim = Primitive(lambda r, t: (r * np.cos(t), r * np.sin(t)), "polar")

        def vjp(bars, y, r, t):
            x_bar, y_bar = bars
            return (
                x_bar * np.cos(t) + y_bar * np.sin(t),
                factor * r * (y_bar * np.cos(t) - x_bar * np.sin(t)),
            )

        def jvp(r_dot, t_dot, y, r, t):
            return (
                r_dot * np.cos(t) - t_dot * r * np.sin(t),
                r_dot * np.sin(t) + t_dot * r * np.cos(t),
            )

        prim.def_vjp(vjp)
        prim.def_jvp(jvp)
        return prim

    check_primitive(polar_with(1.0))
    with pytest.raises(AssertionError, match="VJP of polar, operand 1, order 1"):
        check_primitive(polar_with(1.001))


def test_a_missing_rule_is_named_with_what_to_add():
    prim = Primitive(np.sin)
    def_vjp(prim, right)
    check_primitive(prim, modes=["vjp"])
    with pytest.raises(MissingRuleError, match=r"'sin' has no JVP rule.*def_jvp"):
        check_primitive(prim)


def test_third_order_is_checked_on_request():
    """Wrong from the third derivative on: the rule of the rule's cosine leaves the tape."""
    stale = Primitive(np.cos)
    for define in (def_vjp, def_jvp):
        define(stale, lambda d, y, x: -d * np.sin(value_of(x)))
    prim = sine(*2 * [lambda d, y, x: d * stale(x)])
    check_grads(prim, (0.7,), order=2)
    with pytest.raises(AssertionError, match="order 3"):
        check_grads(prim, (0.7,), order=3)


@pytest.mark.parametrize("name", ["multiply", "power", "logaddexp", "sqrt", "arccosh", "trunc"])
def test_the_domain_is_found_and_right_rules_pass_on_it(name):
    check_primitive(UFUNCS[getattr(np, name)], elementwise=True)


def test_constant_leaves_are_left_out():
    rows = np.array([2, 0, 0])
    check_grads(lambda x, index: np.exp(x)[index], (np.array([0.1, 0.2, 0.3]), rows))


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: check_grads(np.sin, 0.7), TypeError, "expected a tuple"),
        (lambda: check_grads(np.sin, (1,)), TypeError, "no argument holds floating-point"),
        (lambda: check_grads(np.sin, (0.7,), modes=["fwd"]), ValueError, "modes"),
        (lambda: check_grads(np.sin, (0.7,), modes="vjp"), ValueError, "modes"),
        (lambda: check_grads(np.sin, (0.7,), order=0), ValueError, "order= must be"),
        (lambda: check_primitive(np.sin), TypeError, "check_grads"),
        (lambda: check_primitive(sine(), shapes=[((2,), (2,))]), ValueError, "1 operands"),
        (lambda: check_primitive(Primitive(lambda *xs: xs[0])), ValueError, "shapes="),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(call, error, said):
    with pytest.raises(error, match=said):
        call()


def test_where_the_function_is_not_finite_it_is_said():
    with np.errstate(all="ignore"), pytest.raises(AssertionError, match="nothing finite"):
        check_grads(np.log, (-1.0,))
    with pytest.raises(ValueError, match="domain="):
        check_primitive(Primitive(lambda x: x * np.nan, "nothing"))


def test_where_finite_differences_can_not_tell_it_is_said():
    """So close to the end of the domain that the differences step over it."""
    with np.errstate(all="ignore"), pytest.raises(AssertionError, match="can't tell"):
        check_grads(np.sqrt, (1e-9,))


def test_nothing_is_said_when_all_is_right(capsys):
    check_grads(lambda x: mg.grad(np.sin)(x), (0.7,))
    assert capsys.readouterr() == ("", "")
