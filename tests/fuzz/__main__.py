"""``python -m tests.fuzz``: random NumPy programs, differentiated in independent ways.

Each has 30 to 80 statements and is held against finite differences, against minigrad's own other
modes, and against HIPS/autograd and JAX. One that fails is shrunk and printed as a program that
runs by itself. The same seed and number draw the same program.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections import Counter

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")  # before NumPy is imported: the arrays are small

from tests.fuzz.checks import Failure, examine  # noqa: E402
from tests.fuzz.draw import draw_program  # noqa: E402
from tests.fuzz.engines import PEERS, absent  # noqa: E402
from tests.fuzz.program import Program  # noqa: E402
from tests.fuzz.shrink import script, shrink  # noqa: E402

DECIDED = 0.95  # the least share of the programs on which finite differences must be sharp


def main(arguments: list[str] | None = None) -> int:
    """Run the programs that are asked for; return 0 if all are clean."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="how many programs (1000)")
    parser.add_argument("--seed", type=int, default=0, help="of which seed (0)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first (0)")
    parser.add_argument(
        "--engines",
        default=",".join(PEERS),
        help=f"peers to hold it against: {','.join(PEERS)}, or none",
    )
    parser.add_argument(
        "--jax-second",
        type=int,
        default=10,
        metavar="N",
        help="ask JAX, which compiles for seconds, for second order on one program in N (10)",
    )
    given = parser.parse_args(arguments)
    peers = [] if given.engines == "none" else given.engines.split(",")
    if unknown := [name for name in peers if name not in PEERS]:
        parser.error(f"--engines: no engine {unknown[0]!r}; choose from {', '.join(PEERS)}, none")
    if missing := absent(peers):
        parser.error(
            f"{' and '.join(missing)} not installed: pip install -e '.[fuzz]', "
            "or leave them out with --engines"
        )
    if given.count < 1 or given.first < 0 or given.seed < 0 or given.jax_second < 1:
        parser.error("--count and --jax-second must be at least 1, --seed and --first at least 0")

    start, said = time.perf_counter(), Counter[str]()
    statements = decided = failed = 0
    ran = Counter[str]()
    for number in range(given.first, given.first + given.count):
        program = draw_program(given.seed, number)
        curved = PEERS if number % given.jax_second == 0 else ["autograd"]
        verdict = examine(program, peers, list(curved))
        statements += len(program.statements)
        decided += verdict.decided
        said.update(re.findall(r"np\.[a-z_.0-9]*[a-z_0-9]", program.source))
        ran.update(name for name in peers if name in program.engines)
        if verdict.failures:
            failed += 1
            report(program, verdict.failures[0], peers, f"Program {number} of seed {given.seed}")
        elif sys.stderr.isatty():
            print(f"\r{number + 1 - given.first} programs", end="", file=sys.stderr)
    against = [f"{ran[name]} held against {name}" for name in peers]
    print(
        f"{given.count} programs of seed {given.seed}, {statements} statements with {len(said)} "
        f"NumPy functions, in {time.perf_counter() - start:.0f} s: {failed} failed"
    )
    print("; ".join([*against, f"finite differences decided {decided}"]))
    if decided < DECIDED * given.count:
        print(f"finite differences were blurred on more than {1 - DECIDED:.0%} of the programs")
    return int(failed > 0 or decided < DECIDED * given.count)


def report(program: Program, failure: Failure, peers: list[str], origin: str) -> None:
    """Shrink a program that failed a check, and print it."""
    asked = [name for name in peers if name in failure.check]

    def fails(smaller: Program) -> bool:
        return failure.check in [found.check for found in examine(smaller, asked).failures]

    smaller = shrink(program, fails)
    last = next(f for f in (*examine(smaller, asked).failures, failure) if f.check == failure.check)
    headline = f"{origin}. {last.check}: {last.detail}"
    print(script(smaller, headline, *asked), flush=True)


if __name__ == "__main__":
    sys.exit(main())
