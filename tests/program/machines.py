"""Random programs, and a machine that runs a program line by line: what emitted code must match."""

import numpy as np
from hypothesis import strategies as st

import minigrad as mg
from minigrad.ops.products import matmul_nt, matmul_tn
from minigrad.ops.rows import spread_rows, sum_rows
from minigrad.ops.special import twice
from minigrad.primitive import broadcast_to
from minigrad.program import Constant, of_tape
from minigrad.program.lines import INPUT
from minigrad.tape import Tape
from minigrad.variable import value_of


def interpret(program, *inputs):
    """Return the outputs of a program, each line computed by its primitive's own function."""
    values = dict(zip(program.inputs, inputs, strict=True))

    def read(argument):
        return argument.value if isinstance(argument, Constant) else values[argument]

    for number, line in program.lines.items():
        if line.primitive is not INPUT:
            value = line.primitive.function(*map(read, line.arguments), **line.params)
            weak = line.dtype is None and isinstance(value, np.float64)
            values[number] = float(value) if weak else value
    return [read(output) for output in program.outputs]


def same_bits(a, b):
    """Whether two values have the same shape and type and are equal to the last bit."""
    a, b = np.asarray(a), np.asarray(b)
    if (a.shape, a.dtype) != (b.shape, b.dtype):
        return False
    if a.dtype.kind not in "fc":
        return np.array_equal(a, b)
    real = ~np.isnan(a)
    signs = np.signbit(a.real[real]) == np.signbit(b.real[real])
    return np.array_equal(a, b, equal_nan=True) and bool(np.all(signs))


def record(function, *inputs, names=None):
    """Return the program of a function of numbers and arrays."""
    with np.errstate(all="ignore"), Tape() as tape:
        variables = [tape.variable(x) for x in inputs]
        outputs = function(*variables)
    names = names or [f"x{k}" for k in range(len(inputs))]
    outputs = outputs if isinstance(outputs, list) else [outputs]
    return of_tape(tape, dict(zip(names, variables, strict=True)), outputs)


# Random programs: each statement makes a new value of two old ones. Arrays stay small, and numbers
# are computed by arithmetic alone, whose last bit is the same in every library.


def fitting(operation):
    """Make an operation of two values of one shape one of any two values."""

    def operate(a, b):
        try:
            fits = np.broadcast_shapes(np.shape(a), np.shape(b)) is not None
        except ValueError:
            fits = False
        return operation(a, b if fits else np.sum(b) * 0.125)

    return operate


def of_arrays(operation):
    """Make an operation of one array one of two values; numbers are halved."""
    return lambda a, b: operation(a) if np.ndim(a) else a * 0.5


def square(a):
    """Return a matrix with as many rows as columns made of the elements of any value."""
    return (
        np.reshape(broadcast_to(np.ravel(a)[:1], shape=(4,)), (2, 2))
        if np.size(a) < 4
        else (np.reshape(np.ravel(a)[:4], (2, 2)))
    )


def products(prim):
    """Make a product of matrices one of any two values; its factors are views."""
    return lambda a, b: prim(square(a), np.transpose(square(b)))


VIEWS = {
    "reshape": of_arrays(lambda a: np.reshape(a, -1)),
    "transpose": of_arrays(np.transpose),
    "backwards": of_arrays(lambda a: a[::-1]),
    "row": of_arrays(lambda a: a[0]),
    "rows": of_arrays(lambda a: a[:2]),
    "new axis": of_arrays(lambda a: np.reshape(a, (*np.shape(a), 1))),
    "swap": of_arrays(lambda a: np.swapaxes(a, 0, -1)),
    "broadcast": lambda a, b: broadcast_to(a, shape=(2, *np.shape(a))),
    "spread": of_arrays(lambda a: spread_rows(a, rows=2)),
    "squeeze": of_arrays(np.squeeze),
    "stopped": lambda a, b: mg.stop_gradient(a),
    "positive": lambda a, b: +a,
    "same type": lambda a, b: a.astype(a.dtype),
}
ELEMENTWISE = {
    "add": fitting(lambda a, b: a + b),
    "subtract": fitting(lambda a, b: a - b),
    "multiply": fitting(lambda a, b: a * b),
    "divide": fitting(lambda a, b: a / b),
    "maximum": fitting(np.maximum),
    "arctan2": fitting(lambda a, b: np.arctan2(a, b) if np.ndim(a) else a - b),
    "where": fitting(lambda a, b: np.where(np.isfinite(value_of(a)), a, b)),
    "negative": lambda a, b: -a,
    "twice negative": lambda a, b: np.negative(-a),
    "of a product": fitting(lambda a, b: -(a * b)),
    "doubled": lambda a, b: a + a,
    "itself": lambda a, b: a * a,
    "less itself": lambda a, b: a - a,
    "once": lambda a, b: 1.0 * a / 1.0,
    "power": lambda a, b: a**2,
    "awkward": lambda a, b: a * np.inf - 0.25,
    "lost": lambda a, b: a * -0.0 + np.nan * 0.0 * np.sum(a),
    "constant": fitting(lambda a, b: a * np.array([1.0, -2.0]) if np.shape(a)[-1:] == (2,) else a),
    "weak": lambda a, b: 3 - a * 0.1,
    "twice": of_arrays(lambda a: twice(0.3, a)),
    "exp": of_arrays(np.exp),
    "sin": of_arrays(np.sin),
    "tanh": of_arrays(np.tanh),
}
SUMS = {
    "sum": lambda a, b: np.sum(a),
    "sum rows": of_arrays(sum_rows),
    "sum last": of_arrays(lambda a: np.sum(a, axis=-1, keepdims=True)),
    "from": of_arrays(lambda a: np.sum(a, axis=0, initial=2.5)),
    "mean": of_arrays(lambda a: np.mean(a, axis=0)),
    "max": of_arrays(lambda a: np.max(a, axis=-1)),
    "cumsum": of_arrays(lambda a: np.cumsum(a, axis=0)),
    "matmul": products(lambda a, b: a @ b),
    "matmul_nt": products(matmul_nt),
    "matmul_tn": products(matmul_tn),
}


def tamed(x):
    """Return a value that is no larger than the machine can bear, made of a new one."""
    if np.size(value_of(x)) > 24:
        x = x[(0,) * (np.ndim(x) - 1)] if np.ndim(x) > 1 else x[:4]
    return x


def programs(statements, lengths=(5, 40)):
    """Random programs as recorded, with their inputs."""
    statement = st.tuples(st.sampled_from(sorted(statements)), st.integers(0, 6), st.integers(0, 6))
    shapes = st.sampled_from([(), (2,), (2, 2), (3, 2), (1, 2)])
    return st.builds(
        build,
        st.just(statements),
        st.lists(statement, min_size=lengths[0], max_size=lengths[1]),
        st.lists(shapes, min_size=1, max_size=3),
        st.lists(st.integers(0, 50), min_size=1, max_size=5),
        st.sampled_from([np.float64, np.float64, np.float32]),
        st.integers(0, 10**6),
    )


def build(statements, body, shapes, wanted, dtype, seed):
    """Record the statements over a growing pool of values; give back some of the pool."""
    rng = np.random.default_rng(seed)
    inputs = [rng.normal(size=shape).astype(dtype) if shape else rng.normal() for shape in shapes]

    def function(*variables):
        pool = list(variables)
        for name, i, j in body:
            # The most recent are chosen most often, so that a value's last reader is soon reached.
            pool.append(tamed(statements[name](pool[-1 - i % len(pool)], pool[-1 - j % len(pool)])))
        return [pool[-1 - k % len(pool)] for k in wanted]

    return record(function, *inputs), inputs
