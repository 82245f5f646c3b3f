"""A Variable is a value and its place on a tape.

It is what a traced program computes with: an array (or a plain number) that remembers which
instruction made it. A Variable computes nothing itself; each Python operator hands its operands
to the primitive of the same name, and :mod:`minigrad.primitive` does the recording.

The arithmetic lives in :mod:`minigrad.ops`, which the engine does not import. `OPERATORS` is the
one place where the two meet: the rules put their primitives there, the operators look them up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from minigrad.errors import UntrackedError

if TYPE_CHECKING:
    from minigrad.tape import Tape

__all__ = ["OPERATORS", "Variable", "at", "value_of"]

#: What the engine needs and does not import, by name; `minigrad.ops` and others fill it.
OPERATORS: dict[str, Callable[..., Any]] = {}


def value_of(x: Any) -> Any:
    """Return the plain value of `x`, which may be a Variable or plain already."""
    return x._value if type(x) is Variable else x


def binary(name: str) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """Return the methods for ``x + other`` and ``other + x``, whatever the operator."""
    return (
        lambda self, other: OPERATORS[name](self, other),
        lambda self, other: OPERATORS[name](other, self),
    )


def unary(name: str) -> Callable[[Any], Any]:
    """Return the method for an operator of one operand."""
    return lambda self: OPERATORS[name](self)


def refusal(what: str) -> Callable[..., Any]:
    """Return a method that refuses to turn a Variable into something plain."""

    def refuse(self: Variable, *args: Any, **kwargs: Any) -> NoReturn:
        raise UntrackedError(
            f"{what} of a Variable (instruction {self.index}, shape {self.shape}) would drop it "
            f"from the tape, and its derivative with it. Use `x.value` if that is meant; use "
            f"np.stack([...]) to build an array of Variables, NumPy's functions in place of "
            f"math's, and np.where or np.concatenate in place of assigning into an array."
        )

    return refuse


class Variable:
    """A value recorded on a tape.

    Made by :meth:`minigrad.Tape.variable` and by operations on other Variables, never by hand.
    Python's operators, indexing and NumPy's functions work on it and are recorded while the tape
    is open; on a closed tape they return plain arrays.

    Attributes
    ----------
    value : numpy.ndarray or number
        The primal, read-only. Reading it leaves the tape: what is computed from it is a constant.
    tape : Tape
        The tape that holds it.
    index : int
        The instruction that made it: ``tape[index].value is value``.

    Examples
    --------
    >>> import minigrad as mg
    >>> with mg.Tape() as tape:
    ...     x = tape.variable(3.0, name="x")
    ...     y = x * x + 1.0
    >>> y
    Variable(10.0, index=2)
    >>> tape.gradient(y, x)
    6.0
    """

    __slots__ = ("__weakref__", "_value", "index", "tape")

    # No __init__: a Variable is made for each operation, and calling one would double its cost.
    tape: Tape
    index: int
    _value: Any

    value: Any = property(attrgetter("_value"), doc="The primal, read-only, as the tape has it.")

    # Facts about the value; none of them is recorded.
    # fmt: off
    shape = property(lambda self: np.shape(self.value),           doc="Shape; () for a number.")
    ndim  = property(lambda self: np.ndim(self.value),            doc="Number of axes.")
    size  = property(lambda self: int(np.size(self.value)),       doc="Number of elements.")
    dtype = property(lambda self: np.asarray(self.value).dtype,   doc="Type of the elements.")
    name  = property(lambda self: self.tape.names.get(self.index), doc="The name given, or None.")
    # fmt: on

    def __len__(self) -> int:
        return len(self.value)

    def __repr__(self) -> str:
        name = f", name={self.name!r}" if self.name else ""
        return f"Variable({self.value}, index={self.index}{name})"

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)

    # Recorded: each operator is the primitive of that name.
    # fmt: off
    __add__,      __radd__      = binary("add")
    __sub__,      __rsub__      = binary("subtract")
    __mul__,      __rmul__      = binary("multiply")
    __truediv__,  __rtruediv__  = binary("divide")
    __floordiv__, __rfloordiv__ = binary("floor_divide")
    __mod__,      __rmod__      = binary("remainder")
    __pow__,      __rpow__      = binary("power")
    __matmul__,   __rmatmul__   = binary("matmul")
    __neg__, __pos__, __abs__   = unary("negative"), unary("positive"), unary("absolute")
    __getitem__                 = binary("getitem")[0]

    # Not recorded: comparisons look at the values and have no derivative.
    __lt__, __le__ = binary("less")[0], binary("less_equal")[0]
    __gt__, __ge__ = binary("greater")[0], binary("greater_equal")[0]
    __eq__, __ne__ = binary("equal")[0], binary("not_equal")[0]
    __hash__       = object.__hash__
    # fmt: on

    def __iter__(self) -> Iterator[Any]:
        if self.ndim == 0:
            raise TypeError(f"a Variable of shape () cannot be iterated over: {self!r}")
        return (self[i] for i in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        # Array methods (x.sum(), x.T, x.reshape(...)) are the NumPy functions of the same name.
        method = OPERATORS.get("." + name)
        if method is None:
            raise AttributeError(f"a Variable has no {name!r}: try x.value, or NumPy, np.sum(x)")
        return method(self)

    # NumPy calls these when it is given a Variable.

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return OPERATORS["ufunc"](ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return OPERATORS["function"](function, args, kwargs)

    # Conversions would drop the value from the tape without a word, so they say it aloud.

    __array__ = refusal("turning into a plain array")
    __float__, __int__ = refusal("float()"), refusal("int()")
    __index__, __complex__ = refusal("use as an index"), refusal("complex()")
    __bool__, __round__ = refusal("the truth value"), refusal("round()")
    __setitem__ = refusal("assignment into the value")


def at(tape: Tape, index: int, value: Any) -> Any:
    """Return the Variable for an instruction that is on the tape already; a constant as it is."""
    if index < 0:
        return value
    x = Variable()
    x.tape, x.index, x._value = tape, index, value
    return x
