"""A primitive is a NumPy function with its two derivative rules; calling one records it.

**The recording rule.** A primitive looks at its operands. If one of them is a Variable of a tape
that is open, the result is a Variable of that tape, and the tape is one instruction longer. If
none is, the result is a plain array, and nothing happens besides NumPy.

**The rules are written in recorded operations.** A VJP rule takes the cotangent of the output to
the cotangent of one input, a JVP rule the tangent of one input to the tangent of the output.
Both are ordinary code made of primitives::

    def_vjp(multiply, lambda y_bar, y, a, b: y_bar * b, lambda y_bar, y, a, b: y_bar * a)
    def_jvp(multiply, lambda a_dot, y, a, b: a_dot * b, lambda b_dot, y, a, b: b_dot * a)

On an open tape `a` and `b` are Variables, so a sweep that applies these rules is itself recorded
and can be swept again: second order, and the gradient of a training loop, need nothing more. On
a closed tape the same rules receive plain arrays and run at NumPy's speed. The arguments of a
rule come in one order: incoming derivative, output, inputs. A rule is never told about
broadcasting or dtypes: :func:`fit` undoes both wherever a derivative leaves a rule.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.constants import PLAIN, constant, parameters
from minigrad.errors import MissingRuleError, TapeMismatchError
from minigrad.variable import OPERATORS, Variable, value_of

if TYPE_CHECKING:
    from minigrad.tape import Tape

__all__ = ["Primitive", "by_position", "def_jvp", "def_vjp", "fit", "primitive", "unbroadcast"]

Rule = Callable[..., Any]
OBJECT = np.dtype(object)
NOT_PLAIN = frozenset((Variable, list, tuple))
NO_PARAMS: dict[str, Any] = {}
ONE_TAPE = "operands on two open tapes, or another thread's: use one of this thread, or `x.value`"


class Primitive:
    """A function of arrays that is recorded as one instruction and has derivative rules.

    Made by :func:`minigrad.extend.primitive`. Positional arguments are operands: arrays or
    numbers, any of which may be a Variable. Keyword arguments are parameters: fixed things such
    as an axis. A function that returns a tuple of arrays makes a primitive of several outputs.

    Attributes
    ----------
    name : str
        What the tape and the error messages call it.
    function : callable
        The NumPy function underneath, of plain arrays.
    vjps, jvps : sequence of rules, or None
        ``vjps[position]`` is the rule for that operand; a rule None says that the output does
        not depend on that operand smoothly (as on the condition of ``where``). A callable `vjps`
        is one rule for all operands, see :meth:`def_vjp`.
    """

    def __init__(self, function: Callable[..., Any], name: str | None = None) -> None:
        self.function = function
        self.name: str = name or function.__name__
        self.__doc__ = function.__doc__
        self.vjps: Any = None
        self.jvps: Any = None
        self.steps = False  # whether some rule is None

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    def __call__(self, *args: Any, **params: Any) -> Any:
        """Compute the result; record it if an operand is a Variable of an open tape."""
        for arg in args:  # a closed sweep calls with plain values alone
            if type(arg) in NOT_PLAIN:
                break
        else:
            return self.function(*args, **params) if params else self.function(*args)
        tape: Tape | None = None
        inputs: list[int] = []  # where each operand is on the tape; -1 for a constant
        operands: list[Any] = []
        for arg in args:
            index = -1
            if (kind := type(arg)) is Variable:
                if (owner := arg.tape) is tape:
                    index = arg.index
                elif owner.is_open:
                    if tape is not None or owner.thread != get_ident():
                        raise TapeMismatchError(f"{self.name}: {ONE_TAPE}")
                    tape, index = owner, arg.index
                arg = arg._value
            elif kind not in PLAIN:
                arg = constant(arg)
            inputs.append(index)
            operands.append(arg)
        if params:
            params = parameters(self.name, params)
            value = self.function(*operands, **params)
        else:
            value = self.function(*operands)
        if tape is None:
            return value
        if type(value) is np.ndarray:
            # Read-only. By keyword it would take twice as long, as `flags.writeable` many times.
            value.setflags(False)  # type: ignore[call-arg]
        elif type(value) is tuple:
            whole = tape.append(self, inputs, operands, params, value)
            return tuple(select(whole, position=k) for k in range(len(value)))
        elif type(value) is np.float64 and all(type(x) in (float, int) for x in operands):
            value = float(value)  # made of Python numbers alone: stays weak, widens no float32
        return tape.append(self, tuple(inputs), tuple(operands), params or NO_PARAMS, value)

    def def_vjp(self, rule: Rule) -> Rule:
        """Set one rule for all operands: ``rule(y_bar, y, *inputs, **params) -> x_bars``.

        `x_bars` is a tuple with a cotangent, or None, for each operand. A sweep calls it once, so
        that operands whose cotangents have a part in common share the work. In place of a
        cotangent may stand a function of no arguments, called if this one is wanted.
        """
        self.vjps, self.steps = rule, False
        return rule

    def def_jvp(self, rule: Rule) -> Rule:
        """Set one rule for all operands: ``rule(*x_dots, y, *inputs, **params) -> y_dot``.

        There is a tangent for each operand, zero for those that do not vary.
        """

        def push_one(position: int, x_dot: Any, y: Any, *inputs: Any, **params: Any) -> Any:
            dots = [filled_like(value_of(x), 0) for x in inputs]
            dots[position] = x_dot
            return rule(*dots, y, *inputs, **params)

        self.jvps = by_position(push_one)
        return rule

    def missing(self, mode: str) -> MissingRuleError:
        """Build the error for a rule that nobody has written."""
        return MissingRuleError(
            f"primitive {self.name!r} has no {mode} rule. Add one with "
            f"minigrad.extend.def_{mode.lower()}({self.name}, rule for each operand), or wrap its "
            f"input in stop_gradient if no derivative is meant."
        )


def primitive(function: Callable[..., Any]) -> Primitive:
    """Make a function of plain arrays a :class:`Primitive` (decorator).

    The function must not change its arguments and must return an array, a number, or a tuple of
    arrays. Give it its two rules with :func:`def_vjp` and :func:`def_jvp`, or with the methods
    of the same names; :func:`minigrad.testing.check_primitive` tests them.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> from minigrad.extend import def_jvp, def_vjp, primitive
    >>> @primitive
    ... def cube(x):
    ...     return x**3
    >>> rule = lambda d, y, x: d * 3.0 * x**2  # elementwise: the same in both directions
    >>> def_vjp(cube, rule)
    >>> def_jvp(cube, rule)
    >>> mg.grad(cube)(2.0), mg.grad(mg.grad(cube))(2.0)
    (12.0, 12.0)
    """
    return Primitive(function)


def def_vjp(prim: Primitive, *rules: Rule | by_position | None) -> None:
    """Set the VJP rules of `prim`, one for each operand: ``rule(y_bar, y, *inputs) -> x_bar``.

    Parameters
    ----------
    prim : Primitive
        The primitive; its keyword parameters reach each rule as keywords.
    *rules : callable or None
        In the order of the operands. None where the output does not depend smoothly on the
        operand. A single rule made by :func:`by_position` serves any number of operands.
    """
    prim.vjps = rules[0] if rules and isinstance(rules[0], by_position) else rules
    prim.steps = None in rules


def def_jvp(prim: Primitive, *rules: Rule | by_position | None) -> None:
    """Set the JVP rules of `prim`, one for each operand: ``rule(x_dot, y, *inputs) -> y_dot``.

    The tangent of the output is the sum over the operands that vary.

    Parameters
    ----------
    prim : Primitive
        The primitive; its keyword parameters reach each rule as keywords.
    *rules : callable or None
        As for :func:`def_vjp`.
    """
    prim.jvps = rules[0] if rules and isinstance(rules[0], by_position) else rules


class by_position:
    """Make one rule serve every operand of a primitive that takes any number of them.

    The rule's first argument is the position of the operand:
    ``rule(position, y_bar, y, *inputs, **params) -> x_bar``.
    """

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def __getitem__(self, position: int) -> Rule:
        return lambda *args, **params: self.rule(position, *args, **params)


# What the sweeps themselves need: to start, to pick one output of several, to add, to fit.

variable = Primitive(lambda x: x, "variable")
select = Primitive(lambda parts, position: parts[position], "select")
broadcast_to = Primitive(lambda x, shape: np.broadcast_to(x, shape), "broadcast_to")
add = Primitive(np.add)


@primitive
def unbroadcast(x_bar: Any, shape: tuple[int, ...]) -> Any:
    """Sum `x_bar` down to `shape`: the transpose of broadcasting from `shape` to ``x_bar.shape``.

    Parameters
    ----------
    x_bar : array or Variable
        What has the broadcast shape.
    shape : tuple of int
        The shape before broadcasting.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.extend import unbroadcast
    >>> unbroadcast(np.ones((2, 3)), shape=(3,))
    array([2., 2., 2.])
    """
    x_bar = np.asarray(x_bar)
    added = x_bar.ndim - len(shape)
    axes = (*range(added), *(i + added for i, n in enumerate(shape) if n == 1))
    return np.reshape(np.add.reduce(x_bar, axis=axes), shape)[()]


def_jvp(variable, lambda x_dot, y, x: x_dot)
def_vjp(add, lambda y_bar, y, a, b: y_bar, lambda y_bar, y, a, b: y_bar)
def_jvp(add, lambda a_dot, y, a, b: a_dot, lambda b_dot, y, a, b: b_dot)
def_vjp(broadcast_to, lambda y_bar, y, x, shape: y_bar)  # `fit` does the rest
def_jvp(broadcast_to, lambda x_dot, y, x, shape: broadcast_to(x_dot, shape=shape))
def_vjp(unbroadcast, lambda y_bar, y, x, shape: broadcast_to(y_bar, shape=np.shape(value_of(x))))
def_jvp(unbroadcast, lambda x_dot, y, x, shape: unbroadcast(x_dot, shape=shape))


def fit(derivative: Any, primal: Any, resize: Primitive) -> Any:
    """Give a derivative the shape and dtype of its primal value.

    `resize` is `unbroadcast` for a cotangent, whose rule saw the broadcast shape, and
    `broadcast_to` for a tangent. A complex derivative of a real primal keeps its real part. A
    Python number has no dtype of its own (it is weak, as in NumPy): its derivative keeps the one
    that it has.
    """
    value = derivative._value if type(derivative) is Variable else derivative
    if type(value) is np.ndarray is type(primal):
        if value.shape == primal.shape and value.dtype is primal.dtype:
            return derivative
    elif type(value) is np.float64 and type(primal) is float:
        return derivative
    shape, dtype = getattr(primal, "shape", ()), getattr(primal, "dtype", None)
    if getattr(value, "shape", ()) != shape:
        derivative = resize(derivative, shape=shape)
    if np.iscomplexobj(value) and not np.iscomplexobj(primal):
        derivative = OPERATORS["real"](derivative)
    if dtype is not None and getattr(value_of(derivative), "dtype", OBJECT) != dtype:
        derivative = OPERATORS["astype"](derivative, dtype=dtype)
    return derivative


def filled_like(value: Any, number: int) -> Any:
    """Return `number` in the shape and dtype of a value; of a Fraction, as a Fraction."""
    if getattr(value, "dtype", OBJECT) is OBJECT and not isinstance(value, float):
        return value * 0 + number
    if isinstance(value, np.ndarray):
        return np.full_like(value, number)
    return type(value)(number)
