"""Every solution passes its check; every stub, and every wrong answer here, is refused in words."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

from minigrad.learn import EXERCISES, judge, solved, stub
from minigrad.learn.stub import regions

ALL = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.name)
BY_NAME = {exercise.name: exercise for exercise in EXERCISES}

# A line of the solution, what a reader might have written in its place, and what is said then.
WRONG = [
    ("derivative", "2 * x * np.sin(x) + x**2 * np.cos(x)", "2 * x * np.cos(x)", "expected:"),
    ("derivative", "2 * x * np.sin(x) + x**2 * np.cos(x)", "'2 x sin x'", "should be numbers"),
    ("derivative", "return 2 * x * np.sin(x) + x**2 * np.cos(x)", "x", "`return` missing"),
    ("derivative", "2 * x * np.sin(x) + x**2 * np.cos(x)", "np.nan", "is wrong"),
    ("product", "y_bar * b, y_bar * a", "y_bar * a, y_bar * b", "a_bar of product_vjp"),
    ("product", "y_bar * b, y_bar * a", "b, a", "a_bar of product_vjp"),
    ("product", "y_bar * b, y_bar * a", "y_bar * b", "tuple of 2"),
    ("product", "y_bar * b, y_bar * a", "y_bar * b, np.sum(y_bar * a)", "wrong shape"),
    ("softplus", "1.0 + np.exp(-x)", "1.0 + np.exp(x)", "the derivative of softplus at 0.7"),
    ("softplus", "y_bar / (1.0 + np.exp(-x))", "y_bar / (1 + np.exp(-x.item()))", "x.item"),
    ("softplus", "y_bar / (1.0", "1.0 / (1.0", "y_bar"),
    ("broadcasting", "axis=stretched", "axis=()", "shape=(1, 3)"),
    ("broadcasting", "keepdims=True", "keepdims=False", "wrong shape"),
    ("broadcasting", "if n == 1", "if n == 1 and False", "wrong shape"),
    ("broadcasting", "np.sum(y_bar, axis=tuple", "np.mean(y_bar, axis=tuple", "is wrong"),
    ("matmul", "a_dot @ b + a @ b_dot", "a_dot @ b", "a_dot = 0"),
    ("matmul", "a_dot @ b + a @ b_dot", "a_dot @ b + b_dot @ a", "ValueError"),
    ("matmul", "a_dot @ b + a @ b_dot", "a_dot @ b_dot", "b_dot = 0"),
    ("wrong_rule", "check_grads(one, (0.6,))", "check_grads(one, (0.6,), 1)", "second derivative"),
    ("wrong_rule", "(0.6,))", "(0.6,), modes=['jvp'])", "its VJP rule"),
    ("wrong_rule", "(0.6,))", "(0.6,), rtol=1e-2)", "one part in ten thousand"),
    ("wrong_rule", "return wrong", "return ['arctan']", "all of these are right"),
    ("wrong_rule", "return wrong", "return []", "one of them is wrong"),
    ("weight_decay", "lam / n", "lam / m", "w of step"),
    ("weight_decay", "lam / n", "lam", "w of step"),
    ("weight_decay", "eta / m * np.sum(w_bars", "eta * np.sum(w_bars", "w of step"),
    ("weight_decay", "b = b -", "b = (1 - eta * lam / n) * b -", "b of step"),
    ("weight_decay", "b = b - eta", "b -= eta", "changes its argument"),
    ("weight_decay", "w = (1 - eta * lam / n) * w -", "w = (1 + eta * lam / n) * w -", "w of step"),
    ("weight_decay", "w = (1 - eta", "eta = getattr(eta, 'value', eta); w = (1 - eta", "in eta"),
    ("momentum", "return w - eta * v, v", "return w - eta * w_bar, v", "w after one step"),
    ("momentum", "v = mu * v + w_bar", "v *= mu\n    v += w_bar", "changes its argument"),
    ("momentum", "v = mu * v + w_bar", "v = mu * v + (1 - mu) * w_bar", "v after one step"),
    ("momentum", "return np.zeros_like(w)", "return np.ones_like(w)", "init"),
    (
        "momentum",
        "v = mu * v + w_bar",
        "v = update.v = mu * getattr(update, 'v', v) + w_bar",
        "remembered between the calls",
    ),
    ("linear_tape", "tape.gradient(cost, w)", "tape.gradient(cost, w).value", "dw/dlam"),
    ("linear_tape", "tape.gradient(cost, w)", "tape.gradient(cost, [w, eta])[0]", "grows faster"),
    ("linear_tape", "slope = tape", "w = w.value; slope = tape", "not on the tape"),
    ("linear_tape", "slope = tape.gradient(cost, w)", "slope = 1.3 * w", "w after 1 steps"),
    ("learning_rate", "w = w - rate", "w = w - eta", "dC/deta"),
    ("learning_rate", "w = w - rate * tape.gradient(cost(w), w)",
     "w = w - rate * tape.gradient(cost(w), w).value", "lost its history"),
    ("learning_rate", "range(steps)", "range(steps - 1)", "the cost for"),
    ("learning_rate", "return final.value, tape", "return tape", "tuple of 2"),
    ("schedule", "steps=steps", "steps=3", "has 3 steps"),
    ("schedule", "return mg.TrainingRun(", "return dict(", "should be a TrainingRun"),
    ("schedule", "w - hypers", "w + hypers", "the final cost"),
    ("schedule", "mg.per_step(etas)", "etas[0]", "wrong shape"),
    ("schedule", '.gradient["eta"]', "", "should be numbers"),
    ("schedule", '.gradient["eta"]', '.gradient["eta"][::-1]', "per_step_slopes"),
    ("example_weights", "gradient(validation", "gradient(cost", "blame of 8"),
    ("example_weights", "1 / len(y))", "1.0)", "blame of 8 examples after 1 steps"),
    ("example_weights", "return tape", "return -tape", "blame of 8"),
    ("own_primitive", "@primitive\n", "", "is there @primitive?"),
    ("own_primitive", "x**2 + width**2)", "x**2 + width)", "smooth_abs(3.0, 4.0)"),
    ("own_primitive", "d * x / y", "d * x", "VJP of smooth_abs, operand 0, order 1"),
    ("own_primitive", "d * width / y", "d * x / y", "VJP of smooth_abs, operand 1, order 1"),
    ("own_primitive", "d * x / y", "d * getattr(x, 'value', x) / y", "order 2"),
    ("own_primitive", "def_jvp(smooth_abs, by_x, by_width)\n", "", "has no JVP rule"),
    ("own_primitive", "def_vjp(smooth_abs, by_x, by_width)\n", "", "has no VJP rule"),
    ("own_primitive", "np.sqrt(x**2", "np.float64(1.0) * np.sqrt(x**2", "from operands of dtype"),
]  # fmt: skip


def judged(exercise, text, folder):
    path = folder / exercise.file_name
    path.write_text(text, encoding="utf-8")
    return judge(exercise, path)


@ALL
def test_the_solution_passes(exercise, tmp_path):
    outcome = judged(exercise, solved(exercise.source), tmp_path)
    assert outcome, outcome


@ALL
def test_the_stub_is_refused_in_words(exercise, tmp_path):
    outcome = judged(exercise, stub(exercise.source), tmp_path)
    assert outcome.state in {"to do", "wrong"}
    assert outcome.message
    assert "Traceback" not in outcome.message


@ALL
def test_the_stub_parses_and_gives_nothing_away(exercise):
    text = stub(exercise.source)
    ast.parse(text)
    shown = set(map(str.strip, text.splitlines()))
    hidden = [line.strip() for region in regions(exercise.source) for line in region.splitlines()]
    assert hidden
    assert not {line for line in hidden if line} & shown
    for private in ("HINTS", "def check", "minigrad.learn", "# solution", "# start", "# end"):
        assert private not in text


@ALL
def test_the_solution_is_the_stub_but_for_the_marked_regions(exercise):
    """Both have the task, and nothing that is for the checker."""
    text = solved(exercise.source)
    ast.parse(text)
    assert ast.get_docstring(ast.parse(text)) == ast.get_docstring(ast.parse(stub(exercise.source)))
    for private in ("HINTS", "def check", "minigrad.learn", "# solution", "# start", "# end"):
        assert private not in text


@ALL
def test_there_are_hints_and_a_task(exercise):
    assert 2 <= len(exercise.hints) <= 3
    assert len(exercise.module.__doc__.split()) > 40


def test_the_exercises_are_the_files_of_the_folder():
    folder = importlib.util.find_spec("minigrad.learn.exercises").submodule_search_locations[0]
    files = {path.stem for path in Path(folder).glob("[!_]*.py")}
    assert files == set(BY_NAME)


@pytest.mark.parametrize(("name", "right", "wrong", "said"), WRONG)
def test_a_wrong_answer_is_refused_with_what_is_wrong(name, right, wrong, said, tmp_path):
    text = solved(BY_NAME[name].source)
    assert right in text
    outcome = judged(BY_NAME[name], text.replace(right, wrong), tmp_path)
    assert not outcome
    assert said in outcome.message


def test_every_exercise_has_wrong_answers_here():
    assert {name for name, *_ in WRONG} == set(BY_NAME)


@pytest.mark.parametrize(
    ("body", "message", "line"),
    [
        ("    return x.sloppy", "return x.sloppy\nAttributeError: ", 3),
        ("    return (x", "SyntaxError: ", 3),
        ("    raise SystemExit(3)", "raise SystemExit(3)\nSystemExit: 3", 3),
        ("    assert x < 0, 'no'", "assert x < 0, 'no'\nAssertionError: no", 3),
        (
            "    y = x\n    return helper(y)\ndef helper(y):\n    return 1 / 0",
            "return 1 / 0\nZeroDivision",
            6,
        ),
        ("    return np.linalg.inv(x)", "return np.linalg.inv(x)\nLinAlgError", 3),
        ("    return x\nslope.a.b", "slope.a.b\nAttributeError", 4),
    ],
)
def test_an_exception_is_told_with_the_readers_line(body, message, line, tmp_path):
    text = f"import numpy as np\ndef slope(x):\n{body}\n"
    outcome = judged(BY_NAME["derivative"], text, tmp_path)
    assert outcome.state == "failed"
    assert outcome.message.startswith(message)
    assert outcome.line == line


def test_a_line_is_told_although_a_checker_stood_between(tmp_path):
    text = solved(BY_NAME["own_primitive"].source).replace("return d * x / y", "return d * x / z")
    outcome = judged(BY_NAME["own_primitive"], text, tmp_path)
    assert re.fullmatch(r"return d \* x / z\nNameError: .*", outcome.message)
    assert text.splitlines()[outcome.line - 1] == "    return d * x / z"


def test_what_is_not_defined_any_more_is_named(tmp_path):
    outcome = judged(BY_NAME["derivative"], "def slop(x): return x\n", tmp_path)
    assert outcome.state == "wrong"
    assert "'slope'" in outcome.message


def test_a_file_saved_twice_in_a_second_is_read_twice(tmp_path):
    """A cache of bytecode, which goes by time and size, would not see the second version."""
    right = solved(BY_NAME["derivative"].source)
    wrong = right.replace("2 * x", "3 * x")
    assert len(right) == len(wrong)
    for text, expected in ((right, True), (wrong, False)) * 3:
        assert bool(judged(BY_NAME["derivative"], text, tmp_path)) is expected
    assert [path.name for path in tmp_path.iterdir()] == [BY_NAME["derivative"].file_name]
