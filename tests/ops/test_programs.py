"""Random NumPy programs: backward, forward, second order and finite differences agree."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.testing import finite_difference
from minigrad.variable import value_of

SHAPES = [(), (3,), (2, 3), (3, 2), (1, 3), (2, 1)]


def fits(a, b):
    """Whether two arrays broadcast together."""
    pairs = zip(np.shape(a)[::-1], np.shape(b)[::-1], strict=False)
    return all(m == n or 1 in (m, n) for m, n in pairs)


def met(operation):
    """Make an operation of two arrays one of any two: the second is averaged if it does not fit."""
    return lambda a, b: operation(a, b if fits(a, b) else np.mean(b))


def along(axis, operation):
    """Make an operation along an axis one of any array."""
    return lambda a, b: operation(np.atleast_1d(a), axis)


def matrix(a):
    a = np.atleast_1d(a)
    return np.reshape(a, (-1, np.shape(a)[-1]))


def product(a, b):
    a, b = matrix(a), matrix(b)
    return a @ (b if np.shape(a)[1] == np.shape(b)[0] else np.transpose(a)) * 0.3


def solved(a, b):
    """The solution of a well-conditioned system made of `a`."""
    a = matrix(a)
    return np.linalg.solve(0.2 * a @ np.transpose(a) + 2.0 * np.eye(np.shape(a)[0]), a)


# Each statement makes a new array of two old ones; the second may be of no use.
STATEMENTS = {
    "add": met(np.add),
    "subtract": met(np.subtract),
    "multiply": met(np.multiply),
    "divide": met(lambda a, b: a / (1.5 + b * b)),
    "power": met(lambda a, b: (1.1 + a * a) ** np.tanh(b)),
    "arctan2": met(lambda a, b: np.arctan2(a, 1.5 + b * b)),
    "logaddexp": met(np.logaddexp),
    "maximum": met(np.maximum),
    "where": met(lambda a, b: np.where(value_of(a) > 0.1, a * 2.0, b)),
    "sin": lambda a, b: np.sin(a),
    "tanh": lambda a, b: np.tanh(a) - 0.5,
    "exp": lambda a, b: np.exp(np.sin(a)),
    "log": lambda a, b: np.log(1.3 + a * a),
    "sqrt": lambda a, b: np.sqrt(0.7 + a**2),
    "abs": lambda a, b: np.abs(a + 0.123),
    "operators": lambda a, b: (1.0 - a) * 0.5 + a / 3.0,
    "sum": along(-1, np.sum),
    "mean, keepdims": along(0, lambda a, axis: np.mean(a, axis=axis, keepdims=True)),
    "max": along(-1, np.max),
    "var": along(0, np.var),
    "prod": along(-1, np.prod),
    "cumsum": along(-1, np.cumsum),
    "sort": along(-1, np.sort),
    "flip": along(0, np.flip),
    "roll": along(-1, lambda a, axis: np.roll(a, 1, axis)),
    "repeat": along(0, lambda a, axis: np.repeat(a[:2], 2, axis=axis)),
    "transpose": lambda a, b: np.transpose(a),
    "ravel": lambda a, b: np.reshape(a, -1)[:4],
    "first": along(0, lambda a, axis: a[0]),
    "every second": lambda a, b: np.atleast_1d(a)[::-2],
    "rows twice": lambda a, b: np.atleast_1d(a)[[0, -1, 0]],
    "new axis": lambda a, b: np.reshape(a, -1)[:3, None],
    "concatenate": lambda a, b: np.concatenate([np.ravel(a)[:3], np.ravel(b)[:2]]),
    "stack": met(lambda a, b: np.stack([a, a * b if np.shape(a * b) == np.shape(a) else -a])),
    "outer": lambda a, b: np.outer(np.ravel(a)[:3], np.ravel(b)[:2]),
    "matmul": product,
    "einsum": lambda a, b: np.einsum("i,j->ji", np.ravel(a)[:2], np.ravel(b)[:3]),
    "solve": solved,
    "gradient": lambda a, b: mg.vjp(lambda z: np.sin(z) * np.mean(b), a)[1](np.cos(a))[0],
}

statement = st.tuples(st.sampled_from(list(STATEMENTS)), st.integers(0, 30), st.integers(0, 30))
programs = st.lists(statement, min_size=10, max_size=30)
inputs = st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3)


def run(program, *arrays):
    """Run the statements over a growing pool of arrays; return a number made of the last ones."""
    pool = list(arrays)
    for name, i, j in program:
        # The most recent are chosen most often, so that programs are deep and not wide.
        new = STATEMENTS[name](pool[-1 - i % len(pool)], pool[-1 - j % len(pool)])
        if np.ndim(new) > 3 or np.size(new) > 40:
            new = np.mean(new, axis=tuple(range(np.ndim(new) // 2 + 1)))
        if np.max(np.abs(value_of(new))) > 5.0:
            new = 2.0 * np.sin(new)
        pool.append(new)
    return sum(np.sum(x * np.cos(np.arange(float(x.size))).reshape(x.shape)) for x in pool[-4:])


@given(programs, inputs, st.integers(0, 10**6))
def test_programs(program, shapes, seed):
    rng = np.random.default_rng(seed)
    xs = [rng.normal(size=shape) for shape in shapes]
    vs = [rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape) for shape in shapes]

    with mg.Tape() as tape:
        variables = [tape.variable(x) for x in xs]
        y = run(program, *variables)
        x_bars = tape.gradient(y, variables)
        y_dot = tape.tangent(y, variables, vs)
    bars = [x_bar.value for x_bar in x_bars]
    assert_allclose(y.value if hasattr(y, "value") else y, run(program, *xs), rtol=1e-15)
    for x_bar, x in zip(bars, xs, strict=True):
        assert (np.shape(x_bar), x_bar.dtype) == (x.shape, x.dtype)

    backward = sum(np.sum(x_bar * v) for x_bar, v in zip(bars, vs, strict=True))
    scale = 1e-3 + sum(np.sum(np.abs(x_bar * v)) for x_bar, v in zip(bars, vs, strict=True))
    assert_allclose(y_dot.value, backward, rtol=1e-10, atol=1e-11 * scale)

    truth, error = finite_difference(lambda *zs: run(program, *zs), *xs, direction=vs)
    assume(error < 1e-7 * scale)  # no kink within the step
    assert_allclose(backward, truth, rtol=1e-6, atol=1e-6 * scale)

    reverse = tape.gradient(x_bars, variables, cotangent=vs)
    forward = tape.tangent(x_bars, variables, vs)
    mixed = tape.gradient(y_dot, variables)
    second = max(1e-3, *(np.max(np.abs(z)) for z in reverse))
    for one, other, third in zip(reverse, forward, mixed, strict=True):
        assert_allclose(one, other, rtol=1e-8, atol=1e-9 * second)
        assert_allclose(one, third, rtol=1e-8, atol=1e-9 * second)


@given(programs, inputs, st.integers(0, 10**6))
def test_programs_in_float32_stay_in_float32(program, shapes, seed):
    rng = np.random.default_rng(seed)
    xs = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    for x_bar, x in zip(mg.vjp(lambda *zs: run(program, *zs), *xs)[1](1.0), xs, strict=True):
        assert (np.shape(x_bar), x_bar.dtype) == (x.shape, x.dtype)
