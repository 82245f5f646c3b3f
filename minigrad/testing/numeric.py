"""Derivatives that know nothing of the tape: finite differences and the complex step.

A check that compares two parts of minigrad with one another passes when both share a mistake.
These two call the plain function at shifted arguments, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minigrad import tree
from minigrad.arguments import function, number

__all__ = ["Estimate", "complex_step", "finite_difference"]

Function = Callable[..., Any]


class Estimate(NamedTuple):
    """A derivative found by finite differences.

    Attributes
    ----------
    value : array or tree
        The derivative.
    error : array or tree
        About how far it is from the truth, of the same shape: truncation and rounding.
    """

    value: Any
    error: Any


def finite_difference(
    f: Function, *args: Any, direction: Sequence[Any] | None = None, step: float | None = None
) -> Estimate:
    r"""Estimate a derivative by central differences, with the size of the error.

    .. math:: D(h) = \frac{f(x + h v) - f(x - h v)}{2 h}, \qquad
              f'(x) v \approx \frac{4 D(h) - D(2h)}{3}

    Parameters
    ----------
    f : callable
        A function of arrays or trees of arrays that returns an array or, if `direction` is
        given, a tree.
    *args : arrays or trees
        Where to differentiate. Float32 arguments give float32 differences, which are worth few
        digits: pass float64 ones to check a float32 computation.
    direction : sequence of arrays or trees, optional
        :math:`v`: one item for each argument, of its shape. Without it, all partial derivatives
        are estimated one by one.
    step : float, optional
        :math:`h` for a direction whose largest element is 1, in units of ``max(1, |x|)``;
        :math:`\varepsilon^{1/3}` if left out, which is 6e-6 in float64.

    Returns
    -------
    Estimate
        ``value`` and ``error``. With `direction`, shaped like the output of `f`. Without it, of
        shape ``y.shape + x.shape`` as from :func:`minigrad.jacobian`: a tree shaped like the
        argument, or a tuple of them for several arguments.

    Notes
    -----
    Why this step: a central difference of step `h` is off by :math:`h^2 f'''/6` because it
    cuts the Taylor series and by :math:`\varepsilon f / h` because it subtracts two rounded
    numbers. The sum is least near :math:`h = \varepsilon^{1/3}`, in units of the scale on which
    `f` varies, where both are about :math:`\varepsilon^{2/3}`: ten digits in float64. A smaller
    step is worse, not better. The second difference, over 2h, costs two more calls and gives
    both the next order (Richardson's extrapolation) and the size of the term that it removed,
    which is reported as the error, together with the rounding.

    A function that turns :math:`T` steps of a training loop varies on a scale that shrinks with
    :math:`T`; give it a smaller `step`.

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.testing import finite_difference
    >>> value, error = finite_difference(np.exp, 1.0)
    >>> bool(abs(value - np.exp(1.0)) < error < 1e-9)
    True
    >>> finite_difference(lambda x, y: x @ y, np.ones(2), np.ones(2)).value[0].round(9)
    array([1., 1.])
    """
    function("finite_difference: f", f)
    if step is not None:
        number("finite_difference: step=", step, above=0)
    if direction is not None:
        return central(f, args, tuple(direction), step)
    estimates = [[central(f, args, unit, step) for unit in units] for units in unit_vectors(args)]
    value, error = (
        assemble(args, [[e[k] for e in column] for column in estimates], f) for k in (0, 1)
    )
    return Estimate(value, error)


def complex_step(f: Function, *args: Any, direction: Sequence[Any] | None = None) -> Any:
    r"""Return the derivative of an analytic function to the last digits, by a complex step.

    .. math:: f'(x) v = \operatorname{Im} f(x + i h v) / h + O(h^2), \qquad h = 10^{-30}

    Nothing is subtracted, so nothing cancels, and `h` can be so small that the error of the
    series is below rounding.

    Parameters
    ----------
    f : callable
        A function of arrays or trees of arrays, real for real arguments. It must accept complex
        ones and be analytic: no ``abs``, comparison, ``max``, ``conj``, no sorting.
    *args : arrays or trees
        Where to differentiate; computed in complex128 whatever their dtype.
    direction : sequence of arrays or trees, optional
        :math:`v`: one item for each argument, of its shape. Without it, all partial derivatives
        are computed one by one.

    Returns
    -------
    array or tree
        As the ``value`` of :func:`finite_difference`, without an error to speak of.

    Raises
    ------
    ValueError
        If `f` returns real numbers for complex arguments: it is not analytic, or casts.

    References
    ----------
    .. [1] W. Squire, G. Trapp, "Using Complex Variables to Estimate Derivatives of Real
       Functions", SIAM Review 40 (1998).

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.testing import complex_step
    >>> float(complex_step(lambda x: x**3, 2.0))
    12.0
    >>> complex_step(np.sin, np.zeros(2), direction=(np.ones(2),))
    array([1., 1.])
    """
    function("complex_step: f", f)
    if direction is not None:
        return imaginary(f, args, tuple(direction))
    columns = [[imaginary(f, args, unit) for unit in units] for units in unit_vectors(args)]
    return assemble(args, columns, f)


def central(f: Function, args: Any, direction: Any, step: float | None) -> Estimate:
    """Estimate the derivative in one direction from five values of `f`."""
    xs, vs = leaves_of(args, direction)
    y = f(*args)
    eps = max(precision(z) for z in (*xs, *tree.leaves(y)))
    fastest = max((largest(v) for v in vs), default=0.0) or 1.0
    scale = max([1.0, *(largest(x[v != 0]) for x, v in zip(xs, vs, strict=True))])
    h = (eps ** (1 / 3) if step is None else step) * scale / fastest

    def difference(h: float) -> Any:
        ahead, behind = (
            f(*tree.unflatten(args, [shifted(x, s * v) for x, v in zip(xs, vs, strict=True)]))
            for s in (h, -h)
        )
        return tree.map(lambda a, b: (np.asarray(a) - b) / (2 * h), ahead, behind)

    near, far = difference(h), difference(2 * h)
    noise = tree.map(lambda y, d: eps * (largest(y) / h + largest(d) * scale), y, near)
    value = tree.map(lambda d, e: ((4 * d - e) / 3)[()], near, far)
    return Estimate(value, tree.map(lambda d, e, n: np.abs(d - e) / 3 + n, near, far, noise))


def imaginary(f: Function, args: Any, direction: Any) -> Any:
    """Return the derivative in one direction by a complex step."""
    h = 1e-30
    xs, vs = leaves_of(args, direction)

    def part(y: Any) -> Any:
        if not np.iscomplexobj(y):
            raise ValueError(
                "the function returned real numbers for complex arguments, so the complex step "
                "can't see a derivative: it is not analytic (abs, max, a comparison) or casts to "
                "float. Use finite_difference."
            )
        return (np.imag(y) / h)[()]

    return tree.map(
        part, f(*tree.unflatten(args, [x + 1j * h * v for x, v in zip(xs, vs, strict=True)]))
    )


def leaves_of(args: Any, direction: Any) -> tuple[list[Any], list[Any]]:
    """Return the leaves of the arguments and of the direction as arrays of the same shapes."""
    tree.map(lambda x, v: None, args, direction)  # names the place where they differ
    xs, vs = ([np.asarray(leaf) for leaf in tree.leaves(part)] for part in (args, direction))
    for x, v in zip(xs, vs, strict=True):
        if x.dtype.kind not in "biufc" or v.dtype.kind not in "biufc":
            raise TypeError(
                f"expected arguments and directions of numbers, got {x!r:.60}, {v!r:.60}"
            )
        if x.shape != v.shape:
            raise ValueError(f"direction of shape {v.shape} for an argument of shape {x.shape}")
    return xs, vs


def shifted(x: Any, by: Any) -> Any:
    """Return ``x + by`` in the dtype of `x`; of integers, as float64."""
    return (x + by).astype(x.dtype if x.dtype.kind in "fc" else float)[()]


def precision(x: Any) -> float:
    """Return the distance from 1 to the next number of a dtype; float64's for exact ones."""
    dtype = np.asarray(x).dtype
    return float(np.finfo(dtype).eps) if dtype.kind in "fc" else 2.0**-52


def largest(x: Any) -> float:
    """Return the largest absolute value in an array, 0 if it is empty."""
    return float(np.max(np.abs(x), initial=0.0))


def unit_vectors(args: Any) -> list[list[Any]]:
    """Return for each leaf of the arguments the directions that move one of its elements."""
    leaves = [np.asarray(leaf) for leaf in tree.leaves(args)]
    columns = []
    for chosen, leaf in enumerate(leaves):
        column = []
        for k in range(leaf.size):
            moves = [np.zeros(other.shape) for other in leaves]
            moves[chosen].flat[k] = 1.0
            column.append(tree.unflatten(args, moves))
        columns.append(column)
    return columns


def assemble(args: Any, columns: list[list[Any]], f: Function) -> Any:
    """Stack partial derivatives to arrays of shape ``y.shape + x.shape``, in the args' tree."""
    blocks = []
    for leaf, column in zip(tree.leaves(args), columns, strict=True):
        shape = np.shape(column[0] if column else f(*args)) + np.shape(leaf)
        block = np.stack(column, axis=-1) if column else np.zeros(shape)
        blocks.append(block.reshape(shape)[()])
    whole = tree.unflatten(args, blocks)
    return whole[0] if len(args) == 1 else whole
