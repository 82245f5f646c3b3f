"""The same hypergradient in other packages: a file for each, with one function, ``prepare``.

``prepare(problem)`` returns a function without arguments that trains, differentiates and returns
the cost and its derivatives in the learning rate, the decay and, if there is one, the momentum.
What can be done once (compiling, wrapping arrays) is done before.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from importlib import import_module

import numpy as np

import minigrad as mg
from tests.benchmarks.timing import line, paired
from tests.benchmarks.workloads import NETWORKS, Problem

PEERS = {
    "hips_autograd": "autograd",
    "mygrad_eager": "mygrad",
    "torch_eager": "torch",
    "jax_scan": "jax",
}


def measure_peers(names: Sequence[str]) -> None:
    """Measure other packages over plain training, on W1 or the workloads that are named."""
    # JAX's own threads would count as CPU time.
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    for name in names or ("W1",):
        if name not in NETWORKS or np.ndim(NETWORKS[name].eta) or NETWORKS[name].steps > 1000:
            print(f"peers: {name} is not for them; choose from W1, W2, W3")
            continue
        work = Problem(NETWORKS[name])
        ours = mg.hypergradient(work.run, work.hypers, mg.Stored())
        found = paired(
            lambda w=work: mg.hypergradient(w.run, w.hypers, mg.Stored()), work.train_plain
        )
        line(f"{name} by minigrad, over training", str(found), "")
        for peer, package in PEERS.items():
            measure_peer(name, work, ours, peer, package)


def measure_peer(name: str, work: Problem, ours: mg.HyperGradient, peer: str, package: str) -> None:
    """Measure one package, if it is there and if its numbers are ours."""
    try:
        module = import_module(f"tests.benchmarks.peers.{peer}")
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        print(f"{name} by {package}: not installed")
        return
    hypergradient = module.prepare(work)
    start = time.perf_counter()
    cost, bars = hypergradient()
    first = time.perf_counter() - start
    rtol = 1e-9 if work.workload.dtype == np.float64 else 1e-3
    wanted = [ours.gradient[hyper] for hyper in work.hypers]
    np.testing.assert_allclose(float(cost), ours.cost, rtol=rtol, err_msg=package)
    np.testing.assert_allclose([float(bar) for bar in bars], wanted, rtol=rtol, err_msg=package)
    found = paired(hypergradient, work.train_plain)
    line(f"{name} by {package}, over training", str(found), f"first call {first:.1f} s")
