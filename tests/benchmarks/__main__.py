"""``python -m tests.benchmarks``: what minigrad costs, measured here and now.

Each line has a bound that the project holds itself to. The machine may be noisy: ratios are
medians of paired runs on one BLAS thread, in CPU time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Sequence
from tempfile import TemporaryDirectory

import numpy as np

import minigrad as mg
from tests.benchmarks.lines import measure_lines
from tests.benchmarks.peers import measure_peers
from tests.benchmarks.programs import (
    measure_cold,
    measure_compile,
    measure_flat,
    measure_programs,
)
from tests.benchmarks.timing import line, paired
from tests.benchmarks.workbench import measure_tune
from tests.benchmarks.workloads import NAMES, SMALL, Problem

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def measure_import(names: Sequence[str]) -> None:
    """Measure what ``import minigrad`` costs over ``import numpy``, in new processes.

    With the bytecode of both written beforehand, as an installer does.
    """
    code = "import time; s = time.perf_counter(); import {}; print(time.perf_counter() - s)"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    def seconds(module: str) -> float:
        command = [sys.executable, "-c", code.format(module)]
        done = subprocess.run(command, capture_output=True, check=True, env=environment)
        return float(done.stdout)

    with TemporaryDirectory() as cache:
        environment["PYTHONPYCACHEPREFIX"] = cache
        seconds("minigrad")
        pairs = [(seconds("minigrad"), seconds("numpy")) for _ in range(15)]
    over = np.median([ours - numpy for ours, numpy in pairs])
    line("import minigrad, over import numpy", f"{over * 1e3:.0f} ms", "at most 60 ms")


def measure_overhead(names: Sequence[str], count: int = 300, rounds: int = 100) -> None:
    """Measure what recording one 64 x 32 addition and sweeping over it costs beyond NumPy's call.

    NumPy's results are kept, as the tape keeps its own, so that both pay for fresh memory. The
    quickest round of each is taken: the rest is the machine's noise.
    """
    a = np.random.default_rng(0).normal(size=(64, 32))
    times = np.empty((rounds, 3))
    for row in times:
        kept = []
        start = time.perf_counter()
        for _ in range(count):
            kept.append(np.add(a, a))
        row[0] = time.perf_counter() - start
        del kept
        with mg.Tape() as tape:
            x, y = tape.variable(a), tape.variable(a)
            start = time.perf_counter()
            for _ in range(count):
                x + y
            row[1] = time.perf_counter() - start
        with mg.Tape() as tape:
            z = x = tape.variable(a)
            y = tape.variable(a)
            for _ in range(count):
                z = z + y
        start = time.perf_counter()
        tape.gradient(z, x, cotangent=a)
        row[2] = time.perf_counter() - start
        del tape, x, y, z
    numpy, recorded, swept = times.min(axis=0) / count * 1e6
    line(
        "recording a 64 x 32 addition, over NumPy's own",
        f"{recorded - numpy:.2f} us",
        "at most 1.5 us",
    )
    line("its share of a backward sweep", f"{swept:.2f} us", "at most 3 us")


def measure_recorded(names: Sequence[str]) -> None:
    """Measure a hypergradient by `Recorded` against plain training."""
    problem = Problem(SMALL)
    run = problem.run
    cost = mg.hypergradient(run, problem.hypers, "recorded").cost
    assert np.isclose(cost, problem.train_plain(), rtol=1e-12), "the contenders disagree"
    found = paired(lambda: mg.hypergradient(run, problem.hypers, "recorded"), problem.train_plain)
    line("Recorded(), 64-32-10, 200 steps, over plain training", str(found), "at most 5 (aim: 4)")
    plain, ours = found.reference * 1e3, found.ours * 1e3
    print(f"    plain training {plain:.1f} ms, hypergradient {ours:.1f} ms")


def measure_finite(names: Sequence[str]) -> None:
    """Measure what a tape costs that checks for NaN and infinity, against one that does not."""
    problem = Problem(SMALL)
    checked = mg.Recorded(check="finite")
    found = paired(
        lambda: mg.hypergradient(problem.run, problem.hypers, checked),
        lambda: mg.hypergradient(problem.run, problem.hypers, "recorded"),
    )
    line('Recorded(check="finite") over Recorded()', str(found), "")


def measure_memory(names: Sequence[str]) -> None:
    """Measure the peak memory of that hypergradient against the values on its tape."""
    problem = Problem(SMALL)
    run = problem.run
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    stats = mg.hypergradient(run, problem.hypers, "recorded").stats
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    line(
        f"peak memory over the {stats.tape_bytes / 1e6:.0f} MB of values on the tape",
        f"{peak / stats.tape_bytes:.2f}",
        "at most 1.5",
    )


MEASURES = {
    "import": measure_import,
    "overhead": measure_overhead,
    "recorded": measure_recorded,
    "finite": measure_finite,
    "memory": measure_memory,
    "programs": measure_programs,
    "cold": measure_cold,
    "compile": measure_compile,
    "flat": measure_flat,
    "tune": measure_tune,
    "lines": measure_lines,
    "peers": measure_peers,
}


def main() -> None:
    """Run the measurements that were named, or all that are figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join((*MEASURES, *NAMES)))
    given = parser.parse_args().names
    measures = [name for name in given if name in MEASURES] or [
        name for name in MEASURES if name != "lines"
    ]
    workloads = [name for name in given if name in NAMES]
    if unknown := set(given) - {*measures, *workloads}:
        choices = ", ".join((*MEASURES, *NAMES))
        parser.error(f"unknown: {', '.join(sorted(unknown))}; choose from {choices}")
    if any(os.environ.get(name) != "1" for name in ONE_THREAD):  # read when NumPy is imported
        again = [sys.executable, "-m", "tests.benchmarks", *given]
        os.execve(sys.executable, again, {**os.environ, **ONE_THREAD})
    for name in measures:
        MEASURES[name](workloads)


if __name__ == "__main__":
    main()
