"""Each wrong call says what was given, what was expected and the mend, and nothing internal."""

import importlib
import re
from itertools import groupby

import pytest

import minigrad as mg
from minigrad.errors import MinigradError
from tests.docs.test_api_page import PAGE
from tests.errors.cases import CASES

#: What a learner can do nothing with: the inside of NumPy, of Python or of this package.
INTERNAL = re.compile(
    r"has no attribute|UFunc|did not contain a loop|unsupported operand|not supported between|"
    r"is not subscriptable|is not callable|is not iterable|has no len|cannot be interpreted|"
    r"can't multiply sequence|zip\(\)|unhashable|bad operand|<locals>|could not be broadcast"
)

#: What a function returns: nobody calls these but the library.
RETURNED = {
    "Account", "Answer", "Batches", "Box", "Claim", "Comparison", "Constant", "Contribution",
    "Domain", "Emitted", "Estimate", "Explanation", "Explorer", "Fact", "Failure", "Fallback",
    "Forecast", "Hyper", "HyperGradient", "Instruction", "Landscape", "Line", "Mark", "Minimum",
    "MultistartResult", "OnlineResult", "OuterStep", "Program", "Progress", "Row", "SearchResult",
    "Sharpness", "Split", "Splits", "State", "Stats", "StepPrograms", "Table", "Trial", "Trust",
    "TuneResult", "Variable", "Verification",
}  # fmt: skip

#: What takes no argument, or anything at all.
TAKES_ANYTHING = {
    "Forward", "Recorded", "Reversible", "Stored",  # without settings; their runs are in the table
    "ProgressBar", "current_tape", "digits", "leaves", "load_late", "Method", "paths", "sgd.init",
    "stop_gradient", "support_table", "unrecorded", "value_of",
}  # fmt: skip

#: What is said by the engine, whose rooms are few lines long and check where a tape is touched.
ENGINE = {
    "Primitive", "at", "backward", "by_position", "def_jvp", "def_vjp", "dependents", "fit",
    "forward", "implements", "primitive", "unbroadcast",
}  # fmt: skip

#: Whose operands a test below is about.
OPERATIONS = {
    "gelu", "l2", "log_softmax", "logsumexp", "relu", "sigmoid", "softmax", "softplus",
    "sum_squares", "tanh",
}  # fmt: skip

#: What has tables of its own: tests/cli, the tree of strategies of Hypothesis, what prints a tape.
ELSEWHERE = {
    "arrays",
    "layouts",
    "main",
    "rows",
    "shapes",
    "shapes_that_broadcast",
    "table",
    "trees",
}

#: What has only one way to be wrong.
ONLY = {
    "alt_text": "type", "check_primitive": "type", "explore": "type", "is_weight": "type",
    "keywords_of": "type",
    "map": "value", "unflatten": "value", "emit": "type", "of_tape": "type", "optimise": "type",
    "spread": "value",  # it hands out whatever it is given
}  # fmt: skip


def title(case):
    return f"{case.name} {case.kind} {' '.join(case.words)[:40]}"


@pytest.mark.parametrize("case", CASES, ids=title)
def test_what_a_wrong_call_says(case):
    """A wrong type may be told as a wrong value, of an old setting; never as anything else."""
    with pytest.raises((TypeError, ValueError, OSError, MinigradError)) as told:
        case.call()
    text = str(told.value)
    for word in case.words:
        assert word in text
    assert not INTERNAL.search(text)
    assert type(told.value).__module__ in ("builtins", "minigrad.errors", "minigrad.datasets.files")


def public():
    """Give the public callables as the table calls them."""
    for module, names in PAGE.items():
        room = importlib.import_module(module)
        for name in names:
            thing = getattr(room, name)
            is_error = isinstance(thing, type) and issubclass(thing, BaseException)
            if is_error or not callable(thing):
                continue
            prefix = f"{module.rpartition('.')[2]}." if module.startswith("minigrad.optim.") else ""
            yield name if name in RETURNED else prefix + name


def test_every_public_callable_is_in_the_table():
    kinds = {
        name: {case.kind for case in cases}
        for name, cases in groupby(sorted(CASES, key=lambda c: c.name), key=lambda c: c.name)
    }
    kinds |= {name.removeprefix("tree.").removeprefix("program."): x for name, x in kinds.items()}
    left_out = RETURNED | TAKES_ANYTHING | ENGINE | OPERATIONS | ELSEWHERE
    missing = set()
    for name in public():
        wanted = {ONLY[name]} if name in ONLY else {"type", "value"}
        if name.endswith(".init"):
            wanted = {"type"}
        if name not in left_out and not wanted <= kinds.get(name, set()):
            missing.add((name, *sorted(wanted - kinds.get(name, set()))))
    assert not missing


def test_the_lists_of_those_left_out_are_of_public_names():
    known = set(public()) | {"State"}
    assert not (RETURNED | TAKES_ANYTHING | ENGINE | OPERATIONS | ELSEWHERE | set(ONLY)) - known


def test_errors_are_of_the_projects_classes_or_of_those_that_one_would_catch():
    for name in mg.errors.__all__:
        error = getattr(mg.errors, name)
        assert issubclass(error, MinigradError)
        builtin = (ArithmeticError, NotImplementedError, RuntimeError, TypeError, ValueError)
        assert error is MinigradError or issubclass(error, builtin)


@pytest.mark.parametrize("name", sorted(OPERATIONS - {"l2"}))
@pytest.mark.parametrize("bad", [None, "x"])
def test_an_operation_on_what_is_no_number_says_so(name, bad):
    with pytest.raises(TypeError) as told:
        getattr(mg.nn, name)(bad)
    assert repr(bad) in str(told.value)
    assert name in str(told.value)
    assert not INTERNAL.search(str(told.value))


def test_a_variables_value_can_not_be_replaced():
    with mg.Tape() as tape:
        x = tape.variable(2.0)
        with pytest.raises(AttributeError, match="value"):
            x.value = 10.0
