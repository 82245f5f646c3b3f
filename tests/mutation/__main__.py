"""``python -m tests.mutation``: how many small mistakes in engine and rules the tests notice.

A mutant is one small mistake at one place. It is killed if a test fails with it, or runs out of
time or memory, or if the package can't be imported; otherwise it survives. The score is the part of
all mutants that is killed.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"

from tests.mutation.report import forgotten, note_in, survivors_in, tell  # noqa: E402
from tests.mutation.sites import mutants_of  # noqa: E402
from tests.mutation.trials import ROOT, try_mutants  # noqa: E402

ENGINE_ROOMS = ("tape", "variable", "primitive", "sweep", "errors", "tree")
ENGINE = [f"minigrad/{room}.py" for room in ENGINE_ROOMS]
FOLDERS = ["tests/engine", "tests/ops", "tests/nn", "tests/testing"]


def rules() -> list[str]:
    return sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("minigrad/ops/*.py"))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument(
        "files", nargs="*", help="'engine', 'rules' or files of the package; all if left out"
    )
    parser.add_argument("--sample", type=int, metavar="N", help="draw N of the mutants")
    parser.add_argument("--seed", type=int, default=0, help="of the drawing; 0 if left out")
    parser.add_argument("--jobs", type=int, default=1, help="mutants at a time; 1 if left out")
    parser.add_argument(
        "--budget",
        type=float,
        default=20.0,
        metavar="S",
        help="seconds of tests after which a mutant counts as a survivor; 20 if left out",
    )
    parser.add_argument("--tests", nargs="+", default=FOLDERS, help=f"default: {FOLDERS}")
    parser.add_argument(
        "--json", metavar="FILE", type=Path, help="append the verdicts, a line each"
    )
    parser.add_argument(
        "--again",
        metavar="FILE",
        type=Path,
        help="try only what survived the run that wrote this file",
    )
    options = parser.parse_args(arguments)

    groups = {"engine": ENGINE, "rules": rules()}
    files = [f for name in options.files or groups for f in groups.get(name, [name])]
    everything = [m for f in files for m in mutants_of(f, (ROOT / f).read_text())]
    mutants = everything
    if options.again:
        survived = survivors_in(options.again)
        mutants = [mutant for mutant in everything if mutant.key in survived]
    if options.sample is not None:
        count = min(options.sample, len(mutants))
        print(f"{count} of {len(mutants)} mutants, drawn with seed {options.seed}")
        mutants = random.Random(options.seed).sample(mutants, count)

    start = time.perf_counter()
    note = partial(note_in, options.json) if options.json else lambda verdict: None
    verdicts = try_mutants(mutants, options.tests, options.budget, options.jobs, note)
    unexplained = tell(verdicts)
    print(
        f"{time.perf_counter() - start:.0f} s; budget {options.budget:g} s of tests for each mutant"
    )
    stale = forgotten(everything)
    for file, where, before, _ in stale:
        print(f"explained, but there is no such mutant any more: {file}, {where}: {before}")
    return 1 if unexplained or stale else 0


if __name__ == "__main__":
    sys.exit(main())
