"""What replayed programs cost: time over plain training, the start, and memory."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import minigrad as mg
from minigrad.hyper.unrolling.unroll import Unroll
from tests.benchmarks.timing import line, paired
from tests.benchmarks.workloads import NAMES, problem

# A workload, a method, and how many times the plain training it may take.
# fmt: off
PROGRAMS: list[tuple[str, Any, float]] = [
    ("W1", mg.Stored(), 2.7),
    ("W2", mg.Stored(), 2.8),
    ("W3", mg.Stored(), 3.0),
    ("W4", mg.Stored(), 2.6),
    ("W5", mg.Stored(), 2.8),
    ("W6", mg.Stored(), 2.8),
    ("W1", mg.Forward(), 2.5),
    ("W5", mg.Checkpointed(), 3.7),
]
# fmt: on


def measure_programs(names: Sequence[str]) -> None:
    """Measure the exact methods over plain training, on the workloads that are named or all."""
    for name in names or NAMES:
        work = problem(name)
        for method, bound in [(method, bound) for n, method, bound in PROGRAMS if n == name]:
            measure_one(name, work, method, bound)


def measure_one(name: str, work: Any, method: Any, bound: float) -> None:
    """Measure one method on one workload, if it comes to the same cost by replayed programs."""

    def hypergradient() -> mg.HyperGradient:
        return mg.hypergradient(work.run, work.hypers, method)

    plain, result = work.train_plain(), hypergradient()
    rtol = 1e-4 if np.asarray(result.cost).dtype == np.float32 else 1e-12
    assert np.isclose(result.cost, plain, rtol=rtol), f"{name}: {plain} and {result.cost}"
    assert not result.stats.why, f"{name}: {result.stats.why}"
    found = paired(hypergradient, work.train_plain)
    line(f"{name} by {result.stats.method}, over training", str(found), f"at most {bound}")
    kept = result.stats.kept_bytes / 1e6
    again = f", {result.stats.steps_rerun} steps again" if result.stats.steps_rerun else ""
    print(
        f"    plain training {found.reference * 1e3:.4g} ms, hypergradient {found.ours * 1e3:.4g} "
        f"ms, {kept:.3g} MB kept{again}"
    )


def measure_cold(names: Sequence[str]) -> None:
    """Measure a new process from its start to its first hypergradient, in wall time."""
    seconds = []
    for _ in range(9):
        start = time.perf_counter()
        in_new_process(FIRST.format(name="W1", method="mg.Stored()"))
        seconds.append(time.perf_counter() - start)
    line(
        "W1 from the start of the process to the hypergradient",
        f"{np.median(seconds):.2f} s",
        "at most 0.6 s",
    )


def measure_compile(names: Sequence[str]) -> None:
    """Measure what it takes to trace the step of W1, to optimise it and to compile it."""
    work = problem("W1")
    seconds = []
    for _ in range(15):
        unroll = Unroll(work.run, work.hypers)
        state = unroll.begin()
        start = time.process_time()
        unroll.compile(state, work.run.batch(0), 0)
        seconds.append(time.process_time() - start)
    line(
        "W1 traced, optimised and compiled", f"{np.median(seconds) * 1e3:.0f} ms", "at most 150 ms"
    )


def measure_flat(names: Sequence[str]) -> None:
    """Measure whether memory stays: over many runs, over many steps, and for one step."""
    if not Path("/proc/self/status").exists():
        print("flat: needs /proc, where Linux tells what memory a process has")
        return
    for what, code, bound in [
        ("1,000 hypergradients in a row, growth of memory", AGAIN, 5),
        ("100 runs traced and compiled anew, growth of memory", ANEW, 5),
    ]:
        before, after = map(float, in_new_process(code).split())
        line(what, f"{100 * (after / before - 1):.1f} %", f"at most {bound} %")
    code = FIRST.format(name="W5", method="mg.Checkpointed()")
    peak = float(in_new_process(code)) / 1e3
    line("W5 by Checkpointed(), peak memory of the process", f"{peak:.0f} MB", "at most 110 MB")
    work = problem("W1")
    kept = mg.hypergradient(work.run, work.hypers, mg.Stored()).stats.kept_bytes / work.run.steps
    line("W1 by Stored(), kept for each step", f"{kept / 1e3:.1f} kB", "at most 100 kB")


# Programs for new processes. Memory is in kB, as /proc has it; VmHWM is the peak of VmRSS.

MEMORY = """
def memory(field):
    with open("/proc/self/status") as status:
        return next(line.split()[1] for line in status if line.startswith(field))
"""

FIRST = (
    MEMORY
    + """
import minigrad as mg
from tests.benchmarks.workloads import problem
work = problem("{name}")
mg.hypergradient(work.run, work.hypers, {method})
print(memory("VmHWM"))
"""
)

SMALL_RUN = (
    MEMORY
    + """
import numpy as np
import minigrad as mg
target = np.linspace(-1.0, 1.0, 1000)
def make():
    return mg.TrainingRun(
        init=lambda h: np.zeros(1000),
        step=lambda w, h, b: w - h["eta"] * (np.tanh(w - target) + h["lam"] * w),
        cost=lambda w, h: np.sum((w - target) ** 2),
        steps=20,
    )
hypers = {"eta": mg.positive(0.1), "lam": mg.positive(0.01)}
"""
)

AGAIN = (
    SMALL_RUN
    + """
run = make()
for k in range(1020):
    mg.hypergradient(run, hypers, mg.Stored())
    if k == 19:
        print(memory("VmRSS"))
print(memory("VmRSS"))
"""
)

ANEW = (
    SMALL_RUN
    + """
for k in range(120):
    mg.hypergradient(make(), hypers, mg.Stored())
    if k == 19:
        print(memory("VmRSS"))
print(memory("VmRSS"))
"""
)


def in_new_process(code: str) -> str:
    """Run a program in a new process and return what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return done.stdout
