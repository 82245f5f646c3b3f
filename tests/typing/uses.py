"""What a type checker says of programs that use minigrad: never run, checked by ``mypy``.

Right uses have the types that are asserted. Each wrong use has a ``type: ignore`` with the mistake
that mypy must find: one that it would let pass is an ignore without a use, which is an error too.
"""

from collections.abc import Callable
from typing import Any, assert_type

import numpy as np

import minigrad as mg
from minigrad.hyper import CheckpointError, OuterStep, Stats, TuneResult
from minigrad.hyper.insight.explanation import Explanation
from minigrad.hyper.insight.trust_report import Trust

Array = np.ndarray[Any, Any]


def step(w: Any, h: Any, batch: Any) -> Any:
    return w - h * mg.grad(lambda w: 0.5 * w * w)(w)


def training() -> mg.TrainingRun:
    return mg.TrainingRun(init=lambda h: 1.0, step=step, cost=lambda w, h: w, steps=3)


def tapes() -> None:
    with mg.Tape() as tape:
        assert_type(tape, mg.Tape)
        x = tape.variable(0.5, name="x")
        with tape.mark("square"):
            y = x * x
    assert_type(len(tape), int)
    assert_type(tape.nbytes, int)
    assert_type(tape.marks, list[mg.Mark])
    assert_type(str(tape), str)
    tape.gradient(y, {"x": x}, cotangent=1.0)


def transforms() -> None:
    assert_type(mg.grad(np.sin), Callable[..., Any])
    value, slope = mg.value_and_grad(np.sin)(0.5)
    value, pullback = mg.vjp(np.sin, 0.5)
    assert_type(pullback, Callable[[Any], tuple[Any, ...]])
    assert_type(mg.jvp(np.sin, (0.5,), (1.0,)), tuple[Any, Any])


def runs() -> None:
    run = training()
    found = mg.hypergradient(run, mg.positive(0.1), mg.Stored())
    assert_type(found, mg.HyperGradient)
    assert_type(found.cost, float)
    assert_type(found.stats, Stats)
    assert_type(found.stats.seconds, float)
    tuned = mg.tune(run, {"eta": mg.positive(0.1)}, outer_steps=3, method="stored")
    assert_type(tuned, TuneResult)
    assert_type(tuned.stopped, str)
    assert_type(tuned.history, list[OuterStep])
    assert_type(mg.verify(run, 0.1), mg.Verification)
    assert_type(mg.trust(run, 0.1), Trust)
    assert_type(mg.explain(run, 0.1), Explanation)


def data() -> None:
    train, validation, test = mg.datasets.digits()
    assert_type(train.x, Array)
    batches = mg.datasets.batches(*train, size=32, steps=10)
    assert_type(batches[0], tuple[Array, Array])
    mg.TrainingRun(init=lambda h: 1.0, step=step, cost=lambda w, h: w, steps=3, batches=batches)


def wrong() -> None:
    run = training()
    mg.gradd  # type: ignore[attr-defined]
    mg.hyper.Checkpoint  # type: ignore[attr-defined]
    mg.Tape(line=True)  # type: ignore[call-arg]
    mg.Tape().gradient(1.0)  # type: ignore[call-arg]
    mg.Tape().variable(1.0, name=3)  # type: ignore[arg-type]
    mg.grad(3)  # type: ignore[arg-type]
    mg.grad(np.sin, argnums="x")  # type: ignore[arg-type]
    mg.TrainingRun(init=1.0, step=step, cost=step, steps=3)  # type: ignore[arg-type]
    mg.TrainingRun(init=lambda h: 1.0, step=step, cost=lambda w, h: w, steps="3")  # type: ignore[arg-type]
    mg.hypergradient(step, 0.1)  # type: ignore[arg-type]
    mg.hypergradient(run, 0.1, method=3)  # type: ignore[arg-type]
    mg.hypergradient(run, 0.1).grad  # type: ignore[attr-defined]
    mg.tune(run, 0.1, outer_step=3)  # type: ignore[call-arg]
    mg.tune(run, 0.1, optimiser=3)  # type: ignore[arg-type]
    mg.verify(run)  # type: ignore[call-arg]
    mg.datasets.digits().training  # type: ignore[attr-defined]
    mg.datasets.batches(1, 2, size="3", steps=4)  # type: ignore[arg-type]
    CheckpointError.path  # type: ignore[attr-defined]
