"""The same hypergradient in other packages: a file for each, with two functions.

``prepare(problem)`` returns a function without arguments that trains a network, differentiates
and returns the cost and its derivatives in `problem.values`; ``prepare_scalar`` does so for the
run of two numbers. What can be done once (compiling, wrapping arrays) is done before.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

import minigrad as mg
from tests.benchmarks.timing import line, paired
from tests.benchmarks.workloads import NAMES, Problem, problem

PEERS = {
    "minigrad": "minigrad",
    "hips_autograd": "autograd",
    "mygrad_eager": "mygrad",
    "torch_eager": "torch",
    "jax_scan": "jax",
}


def measure_peers(names: Sequence[str]) -> None:
    """Measure other packages over plain training, on W1 or the workloads that are named."""
    # JAX's own threads would count as CPU time.
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    for name in names or NAMES[:1]:
        work = problem(name)
        ours = mg.hypergradient(work.run, work.hypers, mg.Stored())
        for peer, package in PEERS.items():
            measure_peer(name, work, ours, peer, package)


def prepared(work: Any, peer: str) -> Callable[[], Any]:
    """Return the hypergradient of a workload in a package, as a function without arguments."""
    if peer == "minigrad":
        return lambda: mg.hypergradient(work.run, work.hypers, mg.Stored())
    module = import_module(f"tests.benchmarks.peers.{peer}")
    prepare = module.prepare if isinstance(work, Problem) else module.prepare_scalar
    return prepare(work)  # type: ignore[no-any-return]


def measure_peer(name: str, work: Any, ours: mg.HyperGradient, peer: str, package: str) -> None:
    """Measure one package, if it is there and if its numbers are ours."""
    try:
        hypergradient = prepared(work, peer)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        print(f"{name} by {package}: not installed")
        return
    if peer != "minigrad":
        cost, bars = hypergradient()
        rtol = 1e-9 if np.asarray(ours.cost).dtype == np.float64 else 1e-3
        wanted = np.hstack([np.ravel(ours.gradient[hyper]) for hyper in work.hypers])
        found = np.hstack([np.ravel(bar) for bar in bars])
        np.testing.assert_allclose(float(cost), ours.cost, rtol=rtol, err_msg=package)
        np.testing.assert_allclose(found, wanted, rtol=rtol, err_msg=package)
    ratio = paired(hypergradient, work.train_plain)
    start = time.perf_counter()
    code = f"from tests.benchmarks.peers import *; prepared(problem({name!r}), {peer!r})()"
    subprocess.run([sys.executable, "-c", code], check=True)
    seconds = time.perf_counter() - start
    line(f"{name} by {package}, over training", str(ratio), f"from a cold start {seconds:.2f} s")
