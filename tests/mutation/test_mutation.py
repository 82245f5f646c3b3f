"""The tool is held to what its score is worth: it makes the mistakes, and it sees them killed."""

import json
import subprocess
import sys

import pytest

from tests.mutation.report import ROOT, explained
from tests.mutation.sites import mutants_of

TABLE = """
def_vjp(scale, lambda y_bar, y, x, axis=0: -y_bar * np.sin(x))
PLAIN = ("left", 3)
"""


def changes_of(source):
    return {mutant.after for mutant in mutants_of("table.py", source)}


def test_lambdas_and_tables_of_a_module_are_changed():
    row = "def_vjp(scale, lambda y_bar, y, x, axis={}: {})".format
    made = changes_of(TABLE)
    assert row("0", "(y_bar) * np.sin(x)") in made
    assert row("0", "(-y_bar / np.sin(x))") in made
    assert row("0", "-y_bar * (np.cos)(x)") in made
    assert row("0", "(None)") in made
    assert row("(1)", "-y_bar * np.sin(x)") in made
    assert 'PLAIN = ("left", (4))' in made


@pytest.mark.parametrize(
    ("statement", "mistakes"),
    [
        ("return a + b", {"return (a - b)", "return (None)"}),
        ("if a < b: c()", {"if (a <= b): c()", "if (not a < b): c()", "if a < b: pass"}),
        ("if a is b and not c: d.e = 1", None),
        ("return np.sum(a, axis=(0, 1))", None),
        ("return np.conj(a)", {"return (a)", "return (None)"}),
        ("a[0] = 1.5", {"a[(1)] = 1.5", "a[0] = (2.5)", "pass"}),
        ("raise ValueError(f'{a + 1} is -1')", {"pass"}),
        ("return a.kind in 'fc'", None),
        ("return [x for x in a if x > 1]", None),
    ],
)
def test_mistakes_in_a_statement(statement, mistakes):
    made = changes_of(f"def f(a, b, c, d):\n    {statement}\n")
    assert made
    assert mistakes is None or made == mistakes


@pytest.mark.parametrize(
    "statement",
    [
        '"""Return 1 + 1."""',
        "x: tuple[1, 2]",
        "from a import b",
        "what = 'it has 1 axis'",
        "what = f'{1 + 1}'",
        "a = zip(b, c, strict=True)",
    ],
)
def test_what_only_a_reader_sees_is_left_alone(statement):
    assert changes_of(f"def f(a, b, c):\n    {statement}\n") <= {"pass"}


@pytest.mark.parametrize("file", ["tree.py", "sweep.py", "ops/sort.py", "ops/rules.py"])
def test_every_mutant_differs_and_compiles_and_has_one_name(file):
    source = (ROOT / "minigrad" / file).read_text()
    mutants = list(mutants_of(file, source))
    assert len({mutant.source for mutant in mutants} | {source}) == len(mutants) + 1
    for mutant in mutants:
        compile(mutant.source, file, "exec", dont_inherit=True)
        assert mutant.diff(source).count("\n+") == mutant.diff(source).count("\n-") or (
            mutant.lines[0] < mutant.lines[1]
        )


TRIALS = """
import dataclasses, json, sys
from tests.mutation.sites import mutants_of
from tests.mutation.trials import ROOT, try_mutants

file = "minigrad/tree.py"
source = (ROOT / file).read_text()
one = next(iter(mutants_of(file, source)))

def mutant(old, new):
    line = source[: source.index(old)].count("\\n") + 1
    return dataclasses.replace(one, operator=new, source=source.replace(old, new, 1),
                               lines=(line, line), statement=(line, line), where="")

changed = [
    mutant("if kind is dict:", "if dict is kind:"),
    mutant("if kind is dict:", "if kind is not dict:"),
    mutant("if kind is dict:", "while kind is dict:\\n        continue\\n    if kind is dict:"),
    mutant("LEAF_TYPES: set[type] = set()", "LEAF_TYPES: set[type] = {int}.union()"),
    mutant("LEAF_TYPES: set[type] = set()", "LEAF_TYPES: set[type] = {dict}"),
    mutant("LEAF_TYPES: set[type] = set()", "LEAF_TYPES: set[type] = dict"),
]
found = {v.mutant.operator: v.killed_by for v in
         try_mutants(changed, ["tests/engine/test_tree.py"], budget=30.0, jobs=1)}
print(json.dumps(found))
"""


def test_what_is_equal_survives_and_what_is_wrong_is_killed():
    """In code that is alive, in an endless loop, and in a table that is made at import."""
    done = subprocess.run(
        [sys.executable, "-c", TRIALS], capture_output=True, text=True, check=True, cwd=ROOT
    )
    same, wrong, endless, union, table, broken = json.loads(done.stdout.splitlines()[-1]).values()
    assert same is None
    assert union is None
    assert wrong.startswith("tests/engine/test_tree.py::")
    assert table.startswith("tests/engine/test_tree.py::")
    assert endless.startswith("a limit of time")
    assert broken is not None


BROKEN = """
from tests.mutation.trials import Workshop, pytest_with

FILES = ["tests/engine/test_tree.py", {name!r}]

print("it says:", pytest_with(Workshop(lambda workshop, items: None), FILES))
"""


def test_tests_that_can_not_be_collected_are_not_passed(tmp_path):
    """As with a mutant that breaks their import."""
    (tmp_path / "test_broken.py").write_text("1 / 0\n\ndef test(): pass\n")
    code = BROKEN.format(name=str(tmp_path / "test_broken.py"))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "it says: the tests can't be collected" in done.stdout


def test_each_survivor_is_explained_in_a_sentence():
    for key, reason in explained().items():
        assert (ROOT / key[0]).exists()
        assert len(reason.split()) >= 3, f"{key}: why can no test tell it apart?"
