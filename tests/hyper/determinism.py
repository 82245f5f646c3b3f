"""What runs and methods give, as digests, and whether they give it again in fresh processes.

``python tests/hyper/determinism.py`` prints a digest for each run and method;
``python tests/hyper/determinism.py 100`` asks a hundred processes, each of which hashes strings
in its own way, whether they find the same ones.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from training_runs import CURVATURE, RUNS, START, TARGET, outer_cost, slope

import minigrad as mg
from minigrad import tree

__all__ = ["METHODS", "OF_THEIR_OWN", "digest", "digests", "digests_of_processes"]

#: By what they promise: methods of one group agree with one another to the last bit.
METHODS = {
    "recorded": {"recorded": mg.hyper.Recorded()},
    "stored": {
        "stored": mg.Stored(),
        "checkpointed": mg.Checkpointed(),
        "one snapshot": mg.Checkpointed(snapshots=1),
        "two snapshots of stretches": mg.Checkpointed(snapshots=2, stretch=2),
        "on disk": mg.Checkpointed(snapshots=3, disk=True),
        "in little memory": mg.Checkpointed(memory="1 MB"),
    },
    "forward": {"forward": mg.Forward()},
    # These runs have fewer than 20 steps; for longer ones it chooses by a stopwatch.
    "automatic": {"automatic": mg.hyper.Automatic()},
    "truncated": {"truncated": mg.Truncated(last=2)},
    "differences": {"differences": mg.FiniteDifference()},
    "evolution": {
        "evolution": mg.Evolution(pairs=3, seed=5),
        "evolution of one window": mg.hyper.PersistentEvolution(window=9, pairs=3, seed=5),
    },
}


def bowl(w, h):
    return np.sum(np.log(np.cosh(CURVATURE @ (w - TARGET)))) + 0.5 * h["lam"] * np.sum(w * w)


#: Methods that want a run of their own kind: with momentum in whole numbers, one that converges.
OF_THEIR_OWN = {
    "reversible": (
        mg.hyper.MomentumRun(
            init=lambda h: START * h["scale"],
            gradient=lambda w, h, batch: slope(w, h["lam"]) * batch,
            cost=outer_cost,
            steps=9,
            batches=np.linspace(0.5, 1.5, 9),
        ),
        {"eta": mg.positive(0.2), "beta": mg.unit_interval(0.7), "lam": 0.3, "scale": 1.0},
        mg.hyper.Reversible(),
    ),
    "implicit": (
        mg.TrainingRun(
            init=lambda h: START,
            step=lambda w, h, batch: w - 0.5 * mg.grad(bowl)(w, h),
            cost=outer_cost,
            steps=200,
            loss=bowl,
        ),
        {"lam": mg.positive(0.3)},
        mg.Implicit(),
    ),
}


def digest(result):
    """The digest of a hypergradient's cost and of every byte of its gradient."""
    found = hashlib.sha256()
    for leaf in (result.cost, *tree.leaves(result.gradient)):
        found.update(f"{np.result_type(leaf)} {np.shape(leaf)}".encode())
        found.update(np.ascontiguousarray(leaf).tobytes())
    return found.hexdigest()[:16]


def digests():
    """The digest of each run by each method."""
    found = {
        f"{name}, {method}": digest(mg.hypergradient(*RUNS[name](), methods[method]))
        for name in RUNS
        for methods in METHODS.values()
        for method in methods
    }
    return found | {name: digest(mg.hypergradient(*own)) for name, own in OF_THEIR_OWN.items()}


def digests_of_processes(number):
    """Yield the digests that fresh processes find; string hashes differ between them."""
    package = Path(mg.__file__).parents[1]
    for seed in range(number):
        environment = os.environ | {"PYTHONHASHSEED": str(seed), "PYTHONPATH": str(package)}
        command = [sys.executable, __file__]
        found = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
        yield json.loads(found.stdout)


def main(number):
    """Count the processes that find what this one finds."""
    here = digests()
    same = [found == here for found in digests_of_processes(number)]
    print(f"{sum(same)} of {number} processes: the same bytes for {len(here)} hypergradients")
    return 0 if all(same) else 1


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(main(int(sys.argv[1])))
    print(json.dumps(digests(), indent=1))
