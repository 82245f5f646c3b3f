"""Check derivatives of any order against finite differences, and both modes against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np

from minigrad import tree
from minigrad.arguments import function, whole
from minigrad.errors import MinigradError
from minigrad.testing.numeric import Estimate, finite_difference, largest, precision
from minigrad.transforms import jvp, vjp
from minigrad.variable import value_of

__all__ = ["check_grads"]

T = TypeVar("T")
MODES = ("vjp", "jvp")


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    order: int = 2,
    modes: Sequence[str] = MODES,
    *,
    rtol: float = 1e-6,
    seed: int = 0,
) -> None:
    r"""Check the derivatives of a function; silent if they are right.

    At `args`, for random :math:`\bar y` and :math:`\dot x`:

    .. math:: \langle J^\top \bar y, \dot x \rangle, \quad J \dot x \quad
              \text{against finite differences;} \qquad
              \langle J^\top \bar y, \dot x \rangle = \langle \bar y, J \dot x \rangle

    operand by operand; then the same for the functions :math:`x \mapsto J(x)^\top \bar y` and
    :math:`x \mapsto J(x) \dot x`, and so on up to `order`. Shapes and dtypes of the derivatives
    must be those of what they belong to, and the arguments must come out as they went in.

    Parameters
    ----------
    f : callable or Primitive
        Any function of arrays or trees of arrays. It may return an array or a tree.
    args : sequence of arrays or trees
        Where to check: a point at which `f` is smooth, not at a kink or a tie. Leaves that are
        not floating-point (an index, a label) are held constant.
    order : int, default 2
        The highest derivative.
    modes : sequence of {"vjp", "jvp"}, default both
        The modes to check; with both, order 2 checks all four combinations.
    rtol : float, default 1e-6
        Relative error allowed. Float32 is compared with finite differences in float64, and
        1.2e-4 is allowed at least.
    seed : int, default 0
        Of the random directions.

    Raises
    ------
    AssertionError
        If something is wrong: which mode, operand and order, what was expected and what came.
        Also if finite differences are too inaccurate at `args` to tell.
    MissingRuleError
        If an operation has no rule for a mode.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.extend import def_vjp, primitive
    >>> from minigrad.testing import check_grads
    >>> check_grads(lambda x, y: np.tanh(x @ y), (np.eye(2), np.array([0.3, 0.5])))
    >>> @primitive
    ... def cube(x):
    ...     return x**3
    >>> def_vjp(cube, lambda y_bar, y, x: y_bar * 2.997 * x**2)
    >>> check_grads(cube, (2.0,), modes=["vjp"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    AssertionError: VJP of cube, operand 0, order 1: expected ..., got ... (relative error 1.0e-03)
    """
    function("check_grads: f", f)
    if not isinstance(args, tuple | list):
        raise TypeError(f"args={args!r:.60}: expected a tuple with an item for each argument of f")
    if not set(modes) <= set(MODES) or isinstance(modes, str):
        raise ValueError(f"modes={modes!r}: expected a selection of {MODES}")
    whole("check_grads: order=", order, least=1)
    check(pose(f, args, modes=tuple(modes), rtol=rtol, seed=seed), order)


@dataclass(frozen=True)
class Problem:
    """A function of a flat list of arrays, and how its derivatives are to be checked."""

    function: Callable[..., list[Any]]
    xs: list[Any]
    places: list[str]  # what each of the arrays is called in a message
    title: str
    modes: tuple[str, ...]
    rtol: float
    rng: np.random.Generator
    order: int = 1
    note: str = ""

    def at(self, what: str, k: int | None = None) -> str:
        """Return the beginning of a message, about one operand or all of them."""
        place = "" if k is None else f", {self.places[k]}"
        return f"{what} of {self.title}{place}, order {self.order}{self.note}"


def pose(
    f: Callable[..., Any],
    args: Sequence[Any],
    *,
    modes: tuple[str, ...] = MODES,
    rtol: float = 1e-6,
    seed: int = 0,
    title: str = "",
    note: str = "",
) -> Problem:
    """Make a problem of a function of trees: flat, and of its floating-point leaves alone."""
    leaves = tree.leaves(tuple(args))
    named = [f"operand {k}{path}" for k, arg in enumerate(args) for path in tree.paths(arg)]
    chosen = [k for k, leaf in enumerate(leaves) if is_floating(leaf)]
    if not chosen:
        raise TypeError("there is nothing to check: no argument holds floating-point numbers")

    def function(*xs: Any) -> list[Any]:
        given = list(leaves)
        for k, x in zip(chosen, xs, strict=True):
            given[k] = x
        return [y for y in tree.leaves(f(*tree.unflatten(tuple(args), given))) if is_floating(y)]

    name = title or getattr(f, "name", None) or getattr(f, "__name__", None) or repr(f)
    xs, places = ([part[k] for k in chosen] for part in (leaves, named))
    return Problem(function, xs, places, name, modes, rtol, np.random.default_rng(seed), note=note)


def check(problem: Problem, order: int) -> None:
    """Check the first derivatives of a problem, then those of its derivatives."""
    f, xs = problem.function, problem.xs
    # The tape copies what enters it, in the order of memory; by another order NumPy may round
    # otherwise. So what is recorded is compared with the function of such copies.
    before, copies = ([np.array(x) for x in xs] for _ in range(2))
    ys = f(*copies)
    for x, was, place in zip(copies, before, problem.places, strict=True):
        if not np.array_equal(x, was):
            raise AssertionError(f"{problem.title} changes {place} in place")
    if not ys or not all(np.all(np.isfinite(y)) for y in ys):
        raise AssertionError(f"{problem.at('value')}: nothing finite to differentiate: {ys}")
    y_bars = [random_like(y, problem.rng) for y in ys]
    x_dots = [random_like(x, problem.rng) for x in xs]

    if "vjp" in problem.modes:
        x_bars = check_vjp(problem, ys, y_bars, x_dots)
    if "jvp" in problem.modes:
        y_dots = check_jvp(problem, ys, x_dots)
    if len(set(problem.modes)) == 2:
        pulled, pushed = inner(x_bars, x_dots), inner(y_bars, y_dots)
        scale = size(x_bars, x_dots) + size(y_bars, y_dots)
        if not abs(pulled - pushed) <= tolerance(1e-10, xs, ys) * scale:
            raise AssertionError(
                f"{problem.at('VJP and JVP')}: not transposes of one another, "
                f"<J^T y_bar, x_dot> = {pulled} but <y_bar, J x_dot> = {pushed}"
            )
    if order > 1:
        for mode in problem.modes:
            check(derivative(problem, mode, y_bars, x_dots), order - 1)


def derivative(problem: Problem, mode: str, y_bars: list[Any], x_dots: list[Any]) -> Problem:
    """Return the problem whose function is the derivative of the given one in one mode."""
    f = problem.function
    if mode == "vjp":
        function = lambda *xs: list(vjp(f, *xs)[1](y_bars))  # noqa: E731
    else:
        function = lambda *xs: jvp(f, xs, x_dots)[1]  # noqa: E731
    title = f"{mode.upper()} of {problem.title}"
    return replace(problem, function=function, title=title, order=problem.order + 1)


def check_vjp(problem: Problem, ys: list[Any], y_bars: list[Any], x_dots: list[Any]) -> list[Any]:
    """Compare the cotangent of each operand, along its direction, with finite differences."""
    f, xs = problem.function, problem.xs
    recorded, pullback = attempt(problem.at("VJP"), lambda: vjp(f, *xs))
    for y, again in zip(ys, recorded, strict=True):
        if not np.array_equal(y, again):
            raise AssertionError(
                f"{problem.at('value')}: {again} when recorded, {y} when not; the same call must "
                f"give the same numbers"
            )
    x_bars = list(attempt(problem.at("VJP"), lambda: pullback(y_bars)))
    for k, (x, x_bar, x_dot) in enumerate(zip(xs, x_bars, x_dots, strict=True)):
        what = problem.at("VJP", k)
        check_form(what, x_bar, x)
        truth = finite_difference(
            lambda *z: inner(y_bars, f(*z)), *map(wide, xs), direction=alone(k, x_dots)
        )
        scale = size([x_bar], [x_dot])
        rtol = tolerance(problem.rtol, xs, ys)
        compare(what, inner([x_bar], [x_dot]), truth, rtol * scale, size(y_bars, ys) + scale)
    return x_bars


def check_jvp(problem: Problem, ys: list[Any], x_dots: list[Any]) -> list[Any]:
    """Compare the tangents of the outputs, operand by operand, with finite differences."""
    f, xs = problem.function, problem.xs
    rtol = tolerance(problem.rtol, xs, ys)
    for k in range(len(xs)):
        what, direction = problem.at("JVP", k), alone(k, x_dots)
        y_dots = attempt(what, partial(jvp, f, xs, direction))[1]
        truths = finite_difference(f, *map(wide, xs), direction=direction)
        for y, y_dot, *truth in zip(ys, y_dots, *truths, strict=True):
            check_form(what, y_dot, y)
            allowed = rtol * (np.abs(y_dot) + 1e-2 * largest(y_dot))
            compare(what, y_dot, Estimate(*truth), allowed, largest(y) + largest(y_dot))
    tangents: list[Any] = attempt(problem.at("JVP"), lambda: jvp(f, xs, x_dots)[1])
    return tangents


def attempt(what: str, call: Callable[[], T]) -> T:
    """Call; an exception out of a rule becomes a failed check that says where it was."""
    try:
        return call()
    except MinigradError:
        raise
    except Exception as error:
        raise AssertionError(f"{what}: raised {type(error).__name__}: {error}") from error


def check_form(what: str, given: Any, primal: Any) -> None:
    """Check that a derivative has the shape and dtype of its primal; Python numbers have none."""
    dtype = getattr(primal, "dtype", None)
    if np.shape(given) != np.shape(primal) or dtype not in (None, np.asarray(given).dtype):
        raise AssertionError(
            f"{what}: expected shape {np.shape(primal)} and dtype {dtype}, "
            f"got {np.shape(given)} and {np.asarray(given).dtype}"
        )


def compare(what: str, got: Any, truth: Estimate, allowed: Any, scale: float) -> None:
    """Compare elements with finite differences, and say so if those can't tell."""
    value, error = truth
    off = np.abs(got - value)
    right = off <= allowed  # not a number is never right
    unsure = ~right & ~(4 * error <= 1e-5 * scale) & np.isfinite(got)
    if np.any(unsure):
        raise AssertionError(
            f"{what}: finite differences can't tell here, their own error is about "
            f"{largest(error):.1e}; check at a point where the function is smoother"
        )
    wrong = ~(right | (off <= allowed + 4 * error))
    if np.any(wrong):
        place = tuple(int(i[0]) for i in np.nonzero(np.atleast_1d(wrong)))
        element = f" (element {place if len(place) > 1 else place[0]})" if np.ndim(got) else ""
        expected, found = (np.atleast_1d(z)[place] for z in (value, got))
        relative = abs(found - expected) / max(abs(expected), abs(found))
        raise AssertionError(
            f"{what}: expected {expected:.10g}, got {found:.10g}{element} "
            f"(relative error {relative:.1e})"
        )


def is_floating(x: Any) -> bool:
    """Whether a leaf, plain or recorded, has a derivative."""
    return bool(np.asarray(value_of(x)).dtype.kind in "fc")


def random_like(x: Any, rng: np.random.Generator) -> Any:
    """Return a random direction in the shape of `x`: no element small, exact in its precision."""
    dtype = np.asarray(x).dtype
    parts = [rng.uniform(0.5, 1.5, np.shape(x)) * rng.choice([-1, 1], np.shape(x)) for _ in "ri"]
    direction = parts[0] + 1j * parts[1] if dtype.kind == "c" else parts[0]
    return wide(np.asarray(direction).astype(dtype))


def wide(x: Any) -> Any:
    """Return a plain value in double precision."""
    x = np.asarray(x)
    return x.astype(np.result_type(x, np.float64), copy=False)[()]


def alone(k: int, x_dots: list[Any]) -> list[Any]:
    """Return the direction in which only the k-th operand moves."""
    return [x_dot if j == k else x_dot * 0.0 for j, x_dot in enumerate(x_dots)]


def inner(bars: Iterable[Any], dots: Iterable[Any]) -> Any:
    """Pair cotangents with tangents: the real part of the sum of products, in double precision."""
    terms = zip(bars, dots, strict=True)
    return sum(float(np.sum(np.real(wide(a) * wide(b)))) for a, b in terms)


def size(bars: Iterable[Any], dots: Iterable[Any]) -> float:
    """Return the size of the terms in a pairing, which its rounding is relative to."""
    terms = zip(bars, dots, strict=True)
    return sum(float(np.sum(np.abs(wide(a) * wide(b)))) for a, b in terms)


def tolerance(rtol: float, xs: list[Any], ys: list[Any]) -> float:
    """Return `rtol`, or what the least precise of the arrays permits."""
    return max(rtol, 1e3 * max(map(precision, (*xs, *ys))))
