"""Check a primitive over shapes, broadcasting, memory layouts, dtypes and orders."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from math import prod
from typing import Any

import numpy as np

from minigrad.primitive import Primitive
from minigrad.testing.check import MODES, check, pose
from minigrad.testing.numeric import precision

__all__ = ["check_primitive"]

Shape = tuple[int, ...]
Shapes = tuple[Shape, ...]

# Tried one after the other for all operands; those that the function refuses are left out.
ALIKE: list[Shape] = [(), (3,), (2, 3), (1,), (1, 3), (3, 1), (2, 1, 3), (3, 3), (0,), (0, 3)]
# For one operand, while the others have shape (2, 3).
SMALLER: list[Shape] = [(), (3,), (1,), (2, 1), (1, 3), (1, 1)]
# Two operands or three: both broadcast; a product of matrices, stacks and vectors; a layer.
UNLIKE: list[Shapes] = [
    ((2, 1), (1, 3)),
    ((2, 1, 3), (4, 1)),
    ((2, 3), (3, 4)),
    ((3,), (3, 4)),
    ((2, 3), (3,)),
    ((4, 2, 3), (3, 2)),
    ((2, 1), (1, 3), (4, 1, 1)),
    ((2, 3), (3, 4), (4,)),
]
# The first of these where the function is finite, or else all the others where it is.
DOMAINS = [(-2.0, 2.0), (0.1, 0.9), (1.1, 2.9)]


def check_primitive(
    prim: Primitive,
    *,
    shapes: Sequence[Any] | None = None,
    domain: Any = None,
    params: Mapping[str, Any] | Sequence[Mapping[str, Any]] = (),
    elementwise: bool | None = None,
    dtypes: Sequence[Any] = (np.float64, np.float32),
    order: int = 2,
    modes: Sequence[str] = MODES,
    rtol: float = 1e-6,
    seed: int = 0,
) -> None:
    """Check the rules of a primitive; silent if they are right.

    With no further arguments: finds the number of operands from the function's signature, tries
    scalars, vectors, matrices, empty arrays and axes of size 1, all operands alike and, if it
    broadcasts, unlike; and checks wherever the function itself gives finite numbers, as
    :func:`check_grads` does: both modes, orders 1 and 2 in float64, order 1 in float32. Fortran
    order, reversed, strided and read-only arrays must give the same answers, as variables and as
    constants; results must not be wider than their operands; a rule must not write to what it
    is given.

    Parameters
    ----------
    prim : Primitive
        What to check.
    shapes : sequence, optional
        The shapes to use in place of those above, each of which must then work: a tuple of a
        shape for each operand, or one shape for all of them.
    domain : pair, or sequence of a pair for each operand, optional
        Operands are drawn from ``low <= x <= high``. If left out, from (-2, 2), or where that
        gives no finite value from (0.1, 0.9) and (1.1, 2.9). Give it if the function has kinks or
        is finite elsewhere.
    params : mapping or sequence of mappings, optional
        Keyword parameters; with several mappings, the primitive is checked with each.
    elementwise : bool, optional
        True: it must accept every shape above but empty ones, and the result must have the shape
        of the operands broadcast together. False: broadcasting is not tried. None: whatever
        works is checked.
    dtypes : sequence of dtypes, default (float64, float32)
        The precisions. Leave out float32 if the function returns float64 by intention.
    order, modes, rtol, seed
        As for :func:`check_grads`.

    Raises
    ------
    AssertionError
        If something is wrong; the message names mode, operand, order, shapes, dtype and layout.
    MissingRuleError
        If the primitive has no rule for a mode.
    ValueError
        If the function accepts none of the shapes, or is finite on none of the domains.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.extend import def_jvp, def_vjp, primitive
    >>> from minigrad.testing import check_primitive
    >>> @primitive
    ... def scaled(x, factor):
    ...     return np.sin(x) * factor
    >>> by_x = lambda d, y, x, factor: d * np.cos(x) * factor
    >>> by_factor = lambda d, y, x, factor: d * np.sin(x)
    >>> def_vjp(scaled, by_x, by_factor)
    >>> def_jvp(scaled, by_x, by_factor)
    >>> check_primitive(scaled)
    """
    if not isinstance(prim, Primitive):
        raise TypeError(f"expected a Primitive, got {prim!r:.60}; for a function use check_grads")
    cases = usual_shapes(prim, elementwise) if shapes is None else given_shapes(prim, shapes)
    must = shapes is not None or elementwise is True
    for settings in [params] if isinstance(params, Mapping) else params or [{}]:
        trial = Trial(prim, dict(settings), domain, tuple(modes), rtol, seed)
        trial.run(cases, must, elementwise, [np.dtype(dtype) for dtype in dtypes], order)


class Trial:
    """A primitive with its parameters, and how it is to be tried."""

    def __init__(
        self,
        prim: Primitive,
        params: dict[str, Any],
        domain: Any,
        modes: tuple[str, ...],
        rtol: float,
        seed: int,
    ) -> None:
        self.name, self.domain, self.seed = prim.name, domain, seed
        self.call: Callable[..., Any] = partial(prim, **params)
        self.how: dict[str, Any] = {"modes": modes, "rtol": rtol, "seed": seed, "title": prim.name}

    def run(
        self,
        shapes: Sequence[Shapes],
        must: bool,
        elementwise: bool | None,
        dtypes: list[np.dtype[Any]],
        order: int,
    ) -> None:
        """Check all that there is to check, the simplest first."""
        works = [case for case in shapes if self.accepts(case, must)]
        if not works:
            raise ValueError(
                f"{self.name} accepts operands of none of the shapes {list(shapes)}; give "
                f"`shapes=`, and `params=` if it needs keyword parameters"
            )
        domains = self.domains(works)
        for dtype in dtypes:
            for case in works:
                for domain in domains:
                    operands = self.draw(case, domain, dtype)
                    self.check_value(operands, elementwise)
                    self.check(self.call, operands, order if dtype.itemsize >= 8 else 1)
        largest = max(works, key=lambda case: sum(map(prod, case)))
        for domain in domains:
            self.check_layouts(self.draw(largest, domain, np.dtype(float)))

    def accepts(self, case: Shapes, must: bool) -> bool:
        """Whether the function takes operands of these shapes; `must` lets its error through."""
        try:
            with silence():
                self.call(*self.draw(case, self.domain or DOMAINS[1], np.dtype(float)))
        except (ValueError, TypeError, IndexError, ArithmeticError):
            if must and all(map(prod, case)):
                raise
            return False
        return True

    def domains(self, works: list[Shapes]) -> list[Any]:
        """Return the domains to draw from: those on which the function is finite."""
        if self.domain is not None:
            return [self.domain]
        finite = [domain for domain in DOMAINS if self.is_finite(works, domain)]
        if not finite:
            raise ValueError(
                f"{self.name} is finite on none of {DOMAINS}; give `domain=(low, high)`"
            )
        return finite[:1] if finite[0] == DOMAINS[0] else finite

    def is_finite(self, works: list[Shapes], domain: Any) -> bool:
        """Whether all values of the function on a domain are finite."""
        draws = (self.draw(case, domain, np.dtype(float)) for case in works)
        with silence():
            return all(np.all(np.isfinite(y)) for xs in draws for y in parts(self.call(*xs)))

    def draw(self, case: Shapes, domain: Any, dtype: np.dtype[Any]) -> list[Any]:
        """Draw operands of these shapes."""
        rng = np.random.default_rng(self.seed)
        pairs = domain if isinstance(domain[0], tuple | list) else (domain,) * len(case)
        return [
            np.asarray(rng.uniform(low, high, shape)).astype(dtype)[()]
            for (low, high), shape in zip(pairs, case, strict=True)
        ]

    def check(self, f: Callable[..., Any], operands: list[Any], order: int, note: str = "") -> None:
        """Check derivatives; a message says what the operands were."""
        kinds = ", ".join(f"{np.asarray(x).dtype}{np.shape(x)}" for x in operands)
        check(pose(f, operands, note=f" (operands {kinds}{note})", **self.how), order)

    def check_value(self, operands: list[Any], elementwise: bool | None) -> None:
        """Check shape and precision of the result itself."""
        ys = parts(self.call(*operands))
        expected = np.broadcast_shapes(*map(np.shape, operands))
        if elementwise and any(np.shape(y) != expected for y in ys):
            raise AssertionError(
                f"value of {self.name}: expected shape {expected} of an elementwise function, "
                f"got {np.shape(ys[0])}"
            )
        if min(map(precision, ys)) < min(map(precision, operands)):
            raise AssertionError(
                f"value of {self.name}: {np.asarray(ys[0]).dtype} from operands of dtype "
                f"{np.asarray(operands[0]).dtype}. A constant that is an array or a NumPy scalar "
                f"widens a result, a Python number does not. If it is meant, give dtypes="
            )

    def check_layouts(self, operands: list[Any]) -> None:
        """Check that the place of operands in memory makes no difference, nor does company."""
        for note, laid in layouts(operands):
            self.check(self.call, laid, 1, note)
            for k in range(len(laid) if len(laid) > 1 else 0):
                others = laid[:k] + laid[k + 1 :]
                self.check(with_constant(self.call, k, laid[k]), others, 1, f"{note}, one constant")
        if np.shape(self.call(*operands)) == np.shape(operands[0]):
            # The cotangent of the sum is handed to both terms: a rule must not change it.
            self.check(lambda *xs: self.call(*xs) + xs[0], operands, 1, ", plus operand 0")


def with_constant(f: Callable[..., Any], k: int, constant: Any) -> Callable[..., Any]:
    """Return `f` with its k-th operand fixed."""
    return lambda *xs: f(*xs[:k], constant, *xs[k:])


def layouts(operands: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Yield the same operands laid out differently in memory."""
    doubled = [np.repeat(np.asarray(x), 2, axis=-1) if np.ndim(x) else x for x in operands]
    frozen = [np.array(x) for x in operands]
    for x in frozen:
        x.setflags(write=False)
    yield ", Fortran order", [np.asfortranarray(x) if np.ndim(x) else x for x in operands]
    yield ", reversed", [np.flip(np.flip(x).copy()) if np.ndim(x) else x for x in operands]
    yield ", strided", [x[..., ::2] if np.ndim(x) else x for x in doubled]
    yield ", read-only", frozen


def number_of_operands(prim: Primitive) -> int | None:
    """Count the positional arguments of the function that must be given; None if any number."""
    if isinstance(prim.function, np.ufunc):
        return prim.function.nin
    arguments = inspect.signature(prim.function).parameters.values()
    if any(argument.kind is argument.VAR_POSITIONAL for argument in arguments):
        return None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(a.kind in positional and a.default is a.empty for a in arguments)


def usual_shapes(prim: Primitive, elementwise: bool | None) -> list[Shapes]:
    """Return the shapes to try."""
    n = number_of_operands(prim)
    if n is None:
        raise ValueError(
            f"{prim.name} takes any number of operands; give `shapes=`, a tuple of a shape for "
            f"each operand, such as [((2, 3), (2, 3))]"
        )
    alike: list[Shapes] = [(shape,) * n for shape in ALIKE]
    if n < 2 or elementwise is False:
        return alike
    smaller = [
        ((2, 3),) * k + (small,) + ((2, 3),) * (n - k - 1) for k in range(n) for small in SMALLER
    ]
    unlike = [case for case in UNLIKE if len(case) == n]
    return alike + smaller + [case for case in unlike if not elementwise or can_broadcast(case)]


def given_shapes(prim: Primitive, shapes: Sequence[Any]) -> list[Shapes]:
    """Return the user's shapes with one shape for each operand."""
    n = number_of_operands(prim)
    cases = []
    for case in shapes:
        each = n is None or (bool(case) and isinstance(case[0], tuple | list))
        cases.append(tuple(map(tuple, case)) if each else (tuple(case),) * (n or 1))
        if n not in (None, len(cases[-1])):
            raise ValueError(f"shapes={case!r}: expected one for each of {n} operands")
    return cases


def can_broadcast(case: Shapes) -> bool:
    """Whether arrays of these shapes broadcast together."""
    try:
        np.broadcast_shapes(*case)
    except ValueError:
        return False
    return True


def parts(y: Any) -> list[Any]:
    """Return the outputs of a primitive as a list."""
    return list(y) if type(y) is tuple else [y]


@contextmanager
def silence() -> Iterator[None]:
    """Let a function be tried outside its domain without a warning."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
