"""Derivatives of functions: each records the function and sweeps over what was recorded.

Inside an open tape a transform records on that tape, so its result is itself differentiable and
transforms nest to any order in any mix of directions. Each call differentiates with respect to
*new* variables that stand for its arguments, so nested derivatives can't be confused with one
another: in ``grad(lambda x: x * grad(lambda y: x + y)(x))`` the inner `y` is not the outer `x`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad import tree
from minigrad.arguments import function
from minigrad.primitive import Primitive, def_jvp, def_vjp
from minigrad.tape import Tape, current_tape
from minigrad.variable import Variable, value_of

__all__ = [
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]

Function = Callable[..., Any]
SINGLE = (int, np.integer)


def record(f: Function, args: Sequence[Any], chosen: Sequence[int], kwargs: Any) -> Any:
    """Call `f` with the chosen arguments made variables; return tape, variables and output.

    It is recorded on the tape that is open, or on a new one, which is closed at the end.
    """
    tape = current_tape()
    if tape is None:
        with Tape():
            return record(f, args, chosen, kwargs)
    given = list(args)
    for k in chosen:
        given[k] = tape.variable(args[k])
    y = f(*given, **kwargs)
    return tape, tuple([given[k] for k in chosen]), y


def positions(argnums: int | Sequence[int], args: Sequence[Any]) -> list[int]:
    """Return `argnums` as a list of positions that are there."""
    if type(argnums) is int and 0 <= argnums < len(args):
        return [argnums]  # as most are
    listed = hasattr(argnums, "__iter__") and not isinstance(argnums, str)
    wanted: list[Any] = [*argnums] if listed else [argnums]  # type: ignore[misc]
    for k in wanted:
        if not isinstance(k, SINGLE) or isinstance(k, bool):
            raise TypeError(
                f"argnums={argnums!r:.60}: expected the number of an argument, from 0, or a tuple"
            )
        if not -len(args) <= k < len(args):
            raise TypeError(
                f"argnums={argnums}: the function was called with {len(args)} arguments"
            )
    return [k % len(args) for k in wanted]


def as_asked(argnums: int | Sequence[int], results: Sequence[Any]) -> Any:
    """Return a single result for a single argument, a tuple of them for several."""
    return results[0] if isinstance(argnums, SINGLE) else tuple(results)


def on(tape: Tape, y: Any) -> Any:
    """Return an output as the caller should get it: plain, if the tape is closed by now."""
    return y if tape.is_open else tree.map(value_of, y)


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives ``(f(*args), gradient)`` for a scalar-valued `f`.

    Parameters
    ----------
    f : callable
        A function of arrays or trees of arrays that returns a real scalar.
    argnums : int or sequence of int, default 0
        The arguments to differentiate with respect to.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns its value and a tree of the shape of the argument, or
        a tuple of them for a sequence of `argnums`.

    Raises
    ------
    TargetError
        When `f` returns something else than a real scalar.
    SourceError
        When an argument is not made of real numbers; integers have no derivative.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> value, gradient = mg.value_and_grad(lambda w: np.sum(w**2))(np.array([1.0, 2.0]))
    >>> float(value), gradient
    (5.0, array([2., 4.]))
    """
    function("value_and_grad: f", f)

    def with_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        tape, y, gradient = swept(f, argnums, args, kwargs)
        return on(tape, y), gradient

    return with_gradient


def swept(f: Function, argnums: int | Sequence[int], args: Sequence[Any], kwargs: Any) -> Any:
    """Record `f` and sweep backward; return the tape, the output and the gradient."""
    tape, variables, y = record(f, args, positions(argnums, args), kwargs)
    seed = 1.0 if _numbers.are_complex and is_complex_number(y) else None
    return tape, y, as_asked(argnums, tape.gradient(y, variables, cotangent=seed))


class _Numbers(threading.local):
    """Whether a thread is just computing with complex numbers in place of real ones."""

    are_complex = False


_numbers = _Numbers()


@contextmanager
def holomorphic() -> Iterator[None]:
    r"""Let :func:`grad` differentiate complex scalars meanwhile, as holomorphic functions.

    Outside, a complex target is refused: it is more often a mistake, and its gradient a matter of
    convention. Inside, a complex step passes through a training step that asks for a gradient,
    because that of a holomorphic function has the rules of the real one.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad.transforms import holomorphic
    >>> with holomorphic():
    ...     complex(mg.grad(lambda z: z * z * z)(1.0 + 1.0j))
    6j
    """
    was, _numbers.are_complex = _numbers.are_complex, True
    try:
        yield
    finally:
        _numbers.are_complex = was


def is_complex_number(y: Any) -> bool:
    """Whether an output is a complex scalar."""
    return isinstance(y, Variable) and y.shape == () and y.dtype.kind == "c"


def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Return a function that gives the gradient of a scalar-valued `f` by a backward sweep.

    Parameters, results and errors are those of :func:`value_and_grad`.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.grad(lambda x: x**3)(2.0)
    12.0
    >>> mg.grad(mg.grad(lambda x: x**3))(2.0)
    12.0
    >>> mg.grad(lambda x, y: x * y, argnums=(0, 1))(2.0, 5.0)
    (5.0, 2.0)
    """
    function("grad: f", f)
    return lambda *args, **kwargs: swept(f, argnums, args, kwargs)[2]


def vjp(f: Function, *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    r"""Return ``f(*primals)`` and its pullback, which maps :math:`\bar y` to the :math:`\bar x`.

    Parameters
    ----------
    f : callable
        A function of arrays or trees; its output may be of any shape, or a tree.
    *primals : arrays or trees
        Where to linearise.

    Returns
    -------
    y : tree
        The output.
    pullback : callable
        ``pullback(y_bar)`` is the tuple of cotangents of the primals,
        :math:`\bar x = (\partial y / \partial x)^\top \bar y`; it can be called many times.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> y, pullback = mg.vjp(lambda x: x**2, np.array([1.0, 2.0]))
    >>> pullback(np.array([1.0, 0.0]))
    (array([2., 0.]),)
    """
    function("vjp: f", f)
    tape, variables, y = record(f, primals, range(len(primals)), {})
    return on(tape, y), lambda y_bar: tape.gradient(y, variables, cotangent=y_bar)


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    r"""Return ``f(*primals)`` and its derivative in the direction of the tangents.

    .. math:: \dot y = \frac{\partial y}{\partial x} \, \dot x

    Parameters
    ----------
    f : callable
        A function of arrays or trees.
    primals, tangents : sequences of arrays or trees
        One primal and one tangent of its shape for each argument.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.jvp(lambda x, y: x * y, (2.0, 5.0), (1.0, 0.0))
    (10.0, 5.0)
    """
    function("jvp: f", f)
    pairs(primals, tangents, "jvp")
    tape, variables, y = record(f, primals, range(len(primals)), {})
    return on(tape, y), tape.tangent(y, variables, tuple(tangents))


def pairs(primals: Any, tangents: Any, name: str) -> None:
    """Raise if the primals and tangents of a transform are no tuples."""
    if not isinstance(primals, tuple | list) or not isinstance(tangents, tuple | list):
        raise TypeError(
            f"{name}(f, primals, tangents): both are tuples with an item for each argument, got "
            f"{primals!r:.60} and {tangents!r:.60}"
        )


def hvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    r"""Return the Hessian of a scalar-valued `f` times a vector, forward over reverse.

    .. math:: \nabla^2 f(x) \, \dot x

    It costs a small multiple of `f` itself; no matrix is made.

    Parameters
    ----------
    f : callable
        A scalar-valued function.
    primals, tangents : sequences of arrays or trees
        One primal and one tangent of its shape for each argument.

    Returns
    -------
    tree
        Shaped like the primal, or a tuple of such trees if there are several primals.

    References
    ----------
    .. [1] B. A. Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6
       (1994).

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> mg.hvp(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))
    array([ 6., 12.])
    """
    function("hvp: f", f)
    pairs(primals, tangents, "hvp")
    argnums: int | range = 0 if len(primals) == 1 else range(len(primals))
    return jvp(grad(f, argnums), primals, tangents)[1]


def unit_like(x: Any, k: int) -> Any:
    """Return an array of zeros shaped like `x` with a one as its k-th element."""
    unit = np.zeros(np.shape(x), np.asarray(x).dtype)
    unit.flat[k] = 1
    return unit[()]


def jacobian(f: Function, argnums: int | Sequence[int] = 0, mode: str = "auto") -> Function:
    r"""Return a function that gives all partial derivatives of an array-valued `f`.

    .. math:: J_{ij} = \partial y_i / \partial x_j

    Parameters
    ----------
    f : callable
        A function of arrays or trees that returns an array or a tree.
    argnums : int or sequence of int, default 0
        The arguments to differentiate with respect to.
    mode : {"auto", "reverse", "forward"}
        One backward sweep for each output element or one forward sweep for each input element;
        "auto" takes whichever are fewer. `f` itself is recorded once. Between real and complex
        numbers it takes two sweeps for each element on the complex side.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns arrays of shape ``y.shape + x.shape``: for trees, a
        tree like the output whose leaves are trees like the argument. Of complex numbers of real
        ones they are complex. Of real numbers of complex ones ``x = a + ib`` they are
        :math:`\partial y / \partial a - i \, \partial y / \partial b`, as gradients are.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> mg.jacobian(lambda x: x[:2] * x[2])(np.array([1.0, 2.0, 3.0]))
    array([[3., 0., 1.],
           [0., 3., 2.]])
    """
    function("jacobian: f", f)
    if mode not in ("auto", "reverse", "forward"):
        raise ValueError(f"mode={mode!r}: expected 'auto', 'reverse' or 'forward'")

    def all_partials(*args: Any, **kwargs: Any) -> Any:
        tape, variables, y = record(f, args, positions(argnums, args), kwargs)
        xs, ys = tree.leaves(variables), tree.leaves(y)
        n_in, n_out = (sum(map(real_numbers, zs)) for zs in (xs, ys))
        by_columns = mode == "forward" or (mode == "auto" and n_in < n_out)
        block = columns if by_columns else rows
        blocks = [tree.unflatten(variables, block(tape, out, xs)) for out in ys]
        return tree.unflatten(y, [as_asked(argnums, parts) for parts in blocks])

    return all_partials


def real_numbers(x: Any) -> int:
    """Return how many real numbers an array is made of: a complex one counts as two."""
    return int(np.size(value_of(x))) * (2 if is_complex(x) else 1)


def is_complex(x: Any) -> bool:
    """Whether an array or Variable is of complex numbers."""
    return bool(np.iscomplexobj(value_of(x)))


def both_parts(whole: Any, turned: Any) -> Any:
    r"""Return a complex derivative from the real parts of itself and of itself times :math:`-i`."""
    return np.real(whole) + 1j * np.real(turned)


def rows(tape: Tape, y: Any, xs: list[Any]) -> list[Any]:
    """Return the Jacobian of one output by backward sweeps."""
    plain = value_of(y)
    halved = is_complex(y) and not all(map(is_complex, xs))  # a sweep ends with the real part
    found = []
    for k in range(np.size(plain)):
        unit = unit_like(plain, k)
        row = tape.gradient(y, xs, cotangent=unit)
        if halved:
            turned = tape.gradient(y, xs, cotangent=-1j * unit)
            row = [
                whole if is_complex(x) else both_parts(whole, part)
                for x, whole, part in zip(xs, row, turned, strict=True)
            ]
        found.append(row)
    return [assemble([row[j] for row in found], 0, plain, x) for j, x in enumerate(xs)]


def columns(tape: Tape, y: Any, xs: list[Any]) -> list[Any]:
    """Return the Jacobian of one output by forward sweeps."""
    found = []
    for x in xs:
        halved = is_complex(x) and not is_complex(y)
        units = [unit_like(x.value, k) for k in range(x.size)]
        parts = [tape.tangent(y, x, unit) for unit in units]
        if halved:
            turned = [tape.tangent(y, x, -1j * unit) for unit in units]
            parts = list(map(both_parts, parts, turned))
        found.append(assemble(parts, -1, value_of(y), x))
    return found


def assemble(parts: list[Any], axis: int, y: Any, x: Any) -> Any:
    """Stack rows or columns into an array of shape ``y.shape + x.shape``."""
    shape = np.shape(y) + x.shape
    return np.reshape(np.stack(parts, axis=axis), shape) if parts else np.zeros(shape, x.dtype)


def hessian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    r"""Return a function that gives the second derivatives of a scalar-valued `f`.

    .. math:: H_{ij} = \partial^2 f / \partial x_i \partial x_j

    Forward over reverse: `f` and its backward sweep are recorded once, then swept forward for
    each input element.

    Parameters
    ----------
    f : callable
        A scalar-valued function.
    argnums : int or sequence of int, default 0
        The arguments to differentiate with respect to.

    Returns
    -------
    callable
        Takes the arguments of `f`; returns an array of shape ``x.shape + x.shape``.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> mg.hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    function("hessian: f", f)
    return jacobian(grad(f, argnums), argnums, mode="forward")


def stop_gradient(x: Any) -> Any:
    """Return `x`, or a tree, as a constant: its value on the tape, its derivative zero.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.grad(lambda x: x * mg.stop_gradient(x))(3.0)
    3.0
    """
    return tree.map(detached, x)


detached = Primitive(lambda x: x, "stop_gradient")
def_vjp(detached, None)
def_jvp(detached, None)
