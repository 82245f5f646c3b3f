"""Errors that teach: no result leaves the tape without a word."""

import math
import operator

import numpy as np
import pytest

import minigrad as mg
from minigrad.errors import MinigradError, MissingRuleError, UntrackedError

PLAIN = np.zeros(3)


@pytest.fixture
def x():
    with mg.Tape() as tape:
        yield tape.variable(np.array([1.0, 2.0, 3.0]), name="x")


@pytest.fixture
def scalar(x):
    return x.tape.variable(0.5)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda x: np.roots(x), "np.roots"),
        (lambda x: np.polyfit(x, x, 1), "np.polyfit"),
        (lambda x: np.frompyfunc(abs, 1, 1)(x), "np.abs"),
        (lambda x: np.hypot.accumulate(x), "np.hypot.accumulate"),
        (lambda x: np.add.reduceat(x, [0]), "np.add.reduceat"),
        (lambda x: np.add.at(x, 0, 1.0), "np.add.at"),
    ],
)
def test_an_operation_without_a_rule_names_itself_and_how_to_add_one(x, call, name):
    with pytest.raises(MissingRuleError) as told:
        call(x)
    text = str(told.value)
    assert name in text
    for advice in ("minigrad.extend.primitive", "def_vjp", "def_jvp", "x.value"):
        assert advice in text
    assert isinstance(told.value, NotImplementedError)


def test_a_primitive_without_a_rule_says_which_and_how(x):
    from minigrad.extend import def_vjp, primitive

    @primitive
    def halved(x):
        return x / 2

    y = halved(x)
    with pytest.raises(MissingRuleError, match=r"'halved' has no VJP.*def_vjp\(halved"):
        x.tape.gradient(y, x, cotangent=np.ones(3))
    with pytest.raises(MissingRuleError, match=r"'halved' has no JVP.*def_jvp\(halved"):
        x.tape.tangent(y, x, np.ones(3))
    def_vjp(halved, lambda y_bar, y, x: y_bar / 2)
    assert np.array_equal(x.tape.gradient(y, x, cotangent=np.ones(3)).value, np.full(3, 0.5))


@pytest.mark.parametrize(
    ("call", "keyword"),
    [
        (lambda x: np.sin(x, out=PLAIN), "out="),
        (lambda x: np.add(x, 1.0, out=PLAIN), "out="),
        (lambda x: np.add(1.0, x, PLAIN), "out="),
        (lambda x: np.sin(x, where=PLAIN > 0), "where="),
        (lambda x: np.sin(x, dtype=np.float32), "dtype="),
        (lambda x: np.sum(x, out=PLAIN[0]), "out="),
        (lambda x: np.sum(x, where=PLAIN > 0), "where="),
        (lambda x: np.max(x, where=PLAIN > 0, initial=0.0), "where="),
        (lambda x: np.concatenate([x, x], out=PLAIN), "out="),
        (lambda x: x.sum(where=PLAIN > 0), "where="),
        (lambda x: x.cumsum(out=PLAIN), "out="),
        (lambda x: np.add.reduce(x, where=PLAIN > 0), "where="),
    ],
)
def test_what_is_not_supported_is_refused_by_name(x, call, keyword):
    with pytest.raises(TypeError, match=f"{keyword} is not supported on a Variable"):
        call(x)
    assert np.array_equal(PLAIN, np.zeros(3))


def test_an_array_is_not_written_to_by_plus_equals():
    """NumPy would write a Variable's values into the array; the name is bound anew instead."""
    with mg.Tape() as tape:
        x = tape.variable(np.ones(3))
        plain = np.zeros(3)
        total = plain
        total += x
    assert np.array_equal(plain, np.zeros(3))
    assert np.array_equal(tape.gradient(total, x, cotangent=np.ones(3)), np.ones(3))


def test_a_dtype_is_refused_with_what_to_do(x):
    for call in (lambda: np.sum(x, dtype=np.float32), lambda: np.sin(x, dtype=np.float32)):
        with pytest.raises(TypeError, match=r"dtype=.*x\.astype\(dtype\)"):
            call()


@pytest.mark.parametrize("shape", [(3,), (2, 3)])
def test_an_array_is_not_written_to_by_at_equals(shape):
    with mg.Tape() as tape:
        w = tape.variable(np.diag([1.0, 2.0, 3.0]))
        plain = np.ones(shape)
        product = plain
        product @= w
    assert np.array_equal(plain, np.ones(shape))
    assert np.array_equal(product.value, np.ones(shape) @ np.diag([1.0, 2.0, 3.0]))


def assign_into_plain(x, scalar):
    plain = np.zeros(3)
    plain[0] = scalar


def assign_into(x, scalar):
    x[0] = 1.0


CONVERSIONS = {
    "np.asarray(x)": lambda x, scalar: np.asarray(x),
    "np.array(x)": lambda x, scalar: np.array(x),
    "np.array([v, v])": lambda x, scalar: np.array([scalar, scalar]),
    "np.array([x, x])": lambda x, scalar: np.array([x, x]),
    "np.array([[v, 1], [1, v]])": lambda x, scalar: np.array([[scalar, 1.0], [1.0, scalar]]),
    "float(v)": lambda x, scalar: float(scalar),
    "int(v)": lambda x, scalar: int(scalar),
    "complex(v)": lambda x, scalar: complex(scalar),
    "bool(v)": lambda x, scalar: bool(scalar),
    "if v": lambda x, scalar: 1 if scalar else 0,
    "not x": lambda x, scalar: not x,
    "v and v": lambda x, scalar: scalar and scalar,
    "math.sin(v)": lambda x, scalar: math.sin(scalar),
    "math.exp(v)": lambda x, scalar: math.exp(scalar),
    "plain[0] = v": assign_into_plain,
    "x[0] = 1": assign_into,
    "list[v]": lambda x, scalar: [1, 2, 3][scalar],
    "plain[v]": lambda x, scalar: np.zeros(3)[scalar],
    "range(v)": lambda x, scalar: range(scalar),
    "operator.index": lambda x, scalar: operator.index(scalar),
    "round(v)": lambda x, scalar: round(scalar),
    "np.full": lambda x, scalar: np.full(3, scalar),
    "ndarray.fill": lambda x, scalar: np.zeros(3).fill(scalar),
    "np.float64(v)": lambda x, scalar: np.float64(scalar),
}


@pytest.mark.parametrize("convert", CONVERSIONS.values(), ids=CONVERSIONS)
def test_what_would_leave_the_tape_is_refused_with_what_to_do(x, scalar, convert):
    with pytest.raises((UntrackedError, ValueError)) as told:
        convert(x, scalar)
    # An element of a plain array: NumPy wraps every error in its own, and shows both.
    error = told.value if isinstance(told.value, UntrackedError) else told.value.__cause__
    assert isinstance(error, UntrackedError)
    for advice in ("x.value", "np.stack", "np.where", "np.concatenate"):
        assert advice in str(error)
    assert isinstance(error, TypeError)
    assert isinstance(error, MinigradError)
    assert len(x.tape) == 2
    assert np.array_equal(x.value, [1.0, 2.0, 3.0])


def test_a_number_can_be_read_on_purpose(scalar):
    assert float(scalar.value) == 0.5
    assert math.sin(scalar.value) == math.sin(0.5)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda x: np.sum(x, axis=1), np.exceptions.AxisError),
        (lambda x: np.sum(x, axis=(0, 0)), ValueError),
        (lambda x: np.reshape(x, (2, 2)), ValueError),
        (lambda x: x + np.ones(2), ValueError),
        (lambda x: x @ np.ones(2), ValueError),
        (lambda x: x[5], IndexError),
        (lambda x: x[0, 0], IndexError),
        (lambda x: np.concatenate([x, np.ones((2, 2))]), ValueError),
        (lambda x: np.transpose(x, (0, 1)), ValueError),
        (lambda x: np.linalg.inv(x), np.linalg.LinAlgError),
        (lambda x: np.linalg.solve(np.zeros((3, 3)), x), np.linalg.LinAlgError),
        (lambda x: np.einsum("ij->i", x), ValueError),
        (lambda x: np.max(x[:0]), ValueError),
    ],
)
def test_a_mistake_gives_numpys_own_error(x, call, error):
    with pytest.raises(error) as plain:
        call(x.value)
    with pytest.raises(error) as recorded:
        call(x)
    assert isinstance(recorded.value, type(plain.value))


def test_an_attribute_that_is_not_there_names_the_way_to_numpy(x):
    with pytest.raises(AttributeError, match=r"'grad'.*\.value.*np\.sum\(x\)"):
        x.grad  # noqa: B018


def test_a_scalar_is_not_iterated_over(scalar, x):
    with pytest.raises(TypeError, match="shape \\(\\)"):
        list(scalar)
    with pytest.raises(TypeError):
        len(scalar)
    assert [float(part.value) for part in x] == [1.0, 2.0, 3.0]
