"""Programs hold what they compute with, and nothing else: no tape, no source of a dead function."""

import gc
import linecache
import traceback
import weakref

import numpy as np
import pytest
from machines import record

import minigrad as mg
from minigrad.program import StepPrograms, emit, optimise, step
from minigrad.program.lines import of_tape
from minigrad.tape import Tape


def sources():
    """Return the files of emitted code that tracebacks can look up."""
    gc.collect()
    return {file for file in linecache.cache if file.startswith("<minigrad ")}


def test_a_program_holds_no_tape_and_no_value_of_it():
    with Tape() as tape:
        x = tape.variable(np.ones(3))
        y = np.exp(x) * np.arange(3.0)
        values = [weakref.ref(x.value), weakref.ref(y.value)]
    program = of_tape(tape, {"x": x}, [y])
    emitted, recording = emit(optimise(program)), weakref.ref(tape)
    del tape, x, y
    gc.collect()
    assert recording() is None
    assert [value() for value in values] == [None, None]
    assert len(emitted.function(np.ones(3))) == 1


def test_compiled_steps_hold_no_tape(monkeypatch):
    tapes = []

    class Watched(Tape):
        def __init__(self, **options):
            super().__init__(**options)
            tapes.append(weakref.ref(self))

    monkeypatch.setattr(step, "Tape", Watched)
    example = (np.ones(3), 0.1, np.arange(3.0))
    programs = StepPrograms.of(lambda w, h, b: w - h * np.sin(w * b), [example, example])
    gc.collect()
    assert len(tapes) == 2
    assert [tape() for tape in tapes] == [None, None]
    assert isinstance(programs, StepPrograms)


def test_a_run_of_a_program_keeps_nothing():
    function = emit(record(lambda x: np.exp(x) + 1.0, np.ones(3))).function
    x = np.ones(3)
    result = function(x)[0]
    alive = [weakref.ref(x), weakref.ref(result)]
    del x, result
    assert [array() for array in alive] == [None, None]


def test_the_source_can_be_looked_up_as_long_as_the_function_lives():
    before = sources()
    emitted = emit(record(lambda x: np.exp(x) / x, np.ones(3)), "quotient")
    (file,) = sources() - before
    assert "".join(linecache.getlines(file)) == emitted.source
    del emitted
    assert sources() == before


def test_tracebacks_quote_emitted_code():
    emitted = emit(record(lambda x: np.exp(x) + np.arange(3.0), np.ones(3)))
    with pytest.raises(ValueError, match="operands") as raised:
        emitted.function(np.ones(4))
    assert any("exp +=" in row for row in traceback.format_exception(raised.value))


def test_careful_code_is_dropped_with_its_program():
    """Code for numbers that become infinite is written when one does."""
    before = sources()
    emitted = emit(record(lambda s: 1.0 / s, 1.0))
    assert len(sources() - before) == 1
    with np.errstate(all="ignore"):
        assert [emitted.function(0.0)[0] for _ in range(3)] == [np.inf] * 3
    assert len(sources() - before) == 2
    del emitted
    assert sources() == before


def test_hypergradients_leave_nothing_behind():
    def once():
        run = mg.TrainingRun(
            init=lambda h: np.ones(2), step=lambda w, h, b: w - h * np.sin(w), steps=3,
            cost=lambda w, h: np.sum(w**2),
        )  # fmt: skip
        return mg.hypergradient(run, 0.1, method="stored").gradient

    once()
    before = sources()
    tapes = sum(isinstance(x, Tape) for x in gc.get_objects())
    for _ in range(3):
        once()
    assert sources() <= before
    assert sum(isinstance(x, Tape) for x in gc.get_objects()) <= tapes
