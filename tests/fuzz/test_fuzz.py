"""Some random programs each day, and proof that the fuzzer sees a wrong rule. See `__main__.py`."""

import ast
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import minigrad as mg
from minigrad.dispatch import UFUNCS
from minigrad.testing import finite_difference
from minigrad.variable import value_of
from tests.fuzz import engines
from tests.fuzz.__main__ import main
from tests.fuzz.checks import examine
from tests.fuzz.draw import ENGINES, draw_program
from tests.fuzz.grammar import ROWS
from tests.fuzz.program import names_in
from tests.fuzz.shrink import script, shrink

REPOSITORY = Path(__file__).parents[2]
TANH = UFUNCS[np.tanh]
FUNCTION = re.compile(r"np\.[a-z_.0-9]*[a-z_0-9]")


@pytest.mark.parametrize("number", range(25))
def test_programs(number):
    verdict = examine(draw_program(1, number))
    assert verdict.failures == []
    assert verdict.decided


@pytest.mark.parametrize("engine", engines.PEERS)
def test_programs_against(engine):
    if engines.absent([engine]):
        pytest.skip(f"{engine} is not installed: it is in the extra `fuzz`")
    state = np.random.get_state()  # noqa: NPY002 - which JAX draws from
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a peer's own
        for number in [n for n in range(5) if engine in ENGINES[n]]:
            assert examine(draw_program(1, number), [engine], ["autograd"]).failures == []
    np.random.set_state(state)  # noqa: NPY002


@pytest.mark.parametrize("number", range(3))
def test_programs_in_float32_stay_in_float32(number):
    program = draw_program(1, number)
    xs = [np.asarray(x, np.float32)[()] for x in program.inputs.values()]
    for bar, x in zip(mg.vjp(program.function(), *xs)[1](1.0), xs, strict=True):
        assert (np.shape(bar), bar.dtype) == (x.shape, np.float32)


@pytest.mark.parametrize("number", range(3))
def test_gradients_in_a_program_are_differentiated_to_third_order(number):
    program = draw_program(1, number)
    f, xs, vs = program.function(), [*program.inputs.values()], tuple(program.directions.values())

    def bend(*xs):
        """The second derivative along the direction, by reverse over reverse."""
        slopes = mg.vjp(lambda *zs: mg.vjp(f, *zs)[1](1.0), *xs)[1](vs)
        return sum(np.sum(slope * v) for slope, v in zip(slopes, vs, strict=True))

    reverse = sum(np.sum(x * v) for x, v in zip(mg.vjp(bend, *xs)[1](1.0), vs, strict=True))
    truth, error = finite_difference(bend, *xs, direction=vs)
    scale = 1.0 + abs(reverse) + abs(bend(*xs))
    assert error < 1e-4 * scale
    assert_allclose(mg.jvp(bend, xs, vs)[1], reverse, rtol=1e-9, atol=1e-9 * scale)
    assert_allclose(reverse, truth, rtol=1e-5, atol=10 * error)


def test_a_program_is_readable_numpy_and_the_same_each_time():
    program = draw_program(3, 4)
    assert program.source == draw_program(3, 4).source != draw_program(3, 9).source
    assert 30 <= len(program.statements) <= 80
    ast.parse(program.source)
    # What no statement uses is an output, so that nothing is drawn in vain.
    used = {name for s in program.statements for name in names_in(s.text)}
    assert {*program.values} == used | {*program.outputs}
    assert program.needed() == program


def test_nearly_every_row_is_drawn():
    """A row that never fits would be a test that is not made."""
    said = set()
    for number in range(100):
        said.update(FUNCTION.findall(draw_program(2, number).source))
    functions = {
        name for rows in ROWS.values() for row in rows for name in FUNCTION.findall(row.text)
    }
    assert len(functions) >= 150
    assert len(functions - said) <= 5


def scaled(rules):
    return tuple(lambda d, *rest, rule=rule: 1.001 * rule(d, *rest) for rule in rules)


def unrecorded(y_bar, y, x):
    return y_bar * (1.0 - value_of(y) ** 2)


# What is put in the place of a rule, and the check that sees it.
FAULTS = {
    "one rule is off by 1.001": (
        {"vjps": scaled(TANH.vjps)},
        "tangent: as the gradient",
    ),
    "both are, so that they agree": (
        {"vjps": scaled(TANH.vjps), "jvps": scaled(TANH.jvps)},
        "tangent: finite differences",
    ),
    "a rule is not recorded": (
        {"vjps": (unrecorded,)},
        "second: finite differences",
    ),
}


def plant(monkeypatch, fault):
    for rules, wrong in FAULTS[fault][0].items():
        monkeypatch.setattr(TANH, rules, wrong)


def checks_failed(program):
    return [failure.check for failure in examine(program).failures]


@pytest.fixture
def program_with_tanh():
    """A clean program in which a tanh matters."""
    program = draw_program(1, 0)
    assert "np.tanh" in program.source
    assert checks_failed(program) == []
    return program


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_rule_is_seen_and_the_program_shrunk_to_it(program_with_tanh, fault, monkeypatch):
    plant(monkeypatch, fault)
    check = FAULTS[fault][1]
    assert check in checks_failed(program_with_tanh)
    smaller = shrink(program_with_tanh, lambda program: check in checks_failed(program))
    assert check in checks_failed(smaller)
    (statement,) = smaller.statements
    assert "np.tanh" in statement.text
    assert len(smaller.inputs) <= 2


def test_shrinking_keeps_what_two_statements_do_together():
    program = draw_program(1, 0)

    def fails(smaller):
        return {"x8", "x30"} <= smaller.needed().values.keys()

    smaller = shrink(program, fails)
    assert fails(smaller)
    assert len(smaller.needed().values) < len(program.values) / 3


def test_the_script_of_a_program_runs_by_itself(program_with_tanh, tmp_path):
    (tmp_path / "shown.py").write_text(script(program_with_tanh, "Program 0 of seed 1, clean"))
    done = subprocess.run(
        [sys.executable, "shown.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    value = program_with_tanh.function()(*program_with_tanh.inputs.values())
    assert float(re.search(r"^value (\S+)$", done.stdout, re.MULTILINE)[1]) == value


def test_the_command(capsys, monkeypatch):
    assert main(["--count", "2", "--seed", "1", "--engines", "none"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("2 programs of seed 1")
    assert said.endswith(": 0 failed\nfinite differences decided 2\n")

    plant(monkeypatch, "one rule is off by 1.001")
    assert main(["--count", "1", "--seed", "1", "--engines", "none"]) == 1
    said = capsys.readouterr().out
    assert "# Program 0 of seed 1. tangent: as the gradient" in said
    assert "np.tanh" in said
    assert "1 failed" in said


def test_the_command_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setattr(engines, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as left:
        main(["--count", "1"])
    assert left.value.code == 2
    assert "autograd and jax not installed: pip install -e '.[fuzz]'" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--engines", "torch"])
    assert "no engine 'torch'; choose from autograd, jax, none" in capsys.readouterr().err
