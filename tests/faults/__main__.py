"""The long forms of the tests that inject faults: ``python -m tests.faults [WHAT...]``.

The daily tests take a few cases of each; this takes them all, or as many as are asked for.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults import damage, depth, kills, moments


def interruptions(folder: Path, count: int, seed: int) -> str:
    """Kill ``minigrad tune`` at random moments; fail unless each ends as if nothing had been."""
    found = kills.kills(folder, count, seed)
    sent = Counter(one.signal for one in found)
    amid = sum(one.steps > 0 for one in found)
    identical = sum(one.identical for one in found)
    told = ", ".join(f"{n} {name}" for name, n in sent.items())
    assert identical == count, [one for one in found if not one.identical]
    return f"{identical} of {count} bit-identical ({told}; {amid} with outer steps kept)"


def every_moment(folder: Path, count: int, seed: int) -> str:
    """Cut a descent short at every moment of the code that writes its checkpoint."""
    told = []
    for act in (moments.interrupt, moments.kill):
        (folder / act.__name__).mkdir()
        told.append(f"{moments.check(folder / act.__name__, act)} by {act.__name__}")
    return f"{' and '.join(told)}, all bit-identical"


def damaged(folder: Path, count: int, seed: int) -> str:
    """Cut a real checkpoint at every length and flip every bit of it."""
    path = damage.checkpoint(folder)
    size = path.stat().st_size
    damage.refused(path, damage.cuts(size), damage.flips(size))
    return f"{size:,} lengths and {8 * size:,} bits, all refused"


def deep(folder: Path, count: int, seed: int) -> str:
    """Go through loops of 100,000 steps by each method, and a thousand gradients in a row."""
    return depth.report()


PARTS = {"kills": interruptions, "moments": every_moment, "damage": damaged, "depth": deep}


def main() -> None:
    """Run what is asked for; the first that fails ends it."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("what", nargs="*", metavar="WHAT", help=f"{', '.join(PARTS)} (all)")
    parser.add_argument("--count", type=int, default=50, help="how many kills (50)")
    parser.add_argument("--seed", type=int, default=0, help="of their moments (0)")
    options = parser.parse_args()
    if unknown := set(options.what) - PARTS.keys():
        parser.error(f"{', '.join(unknown)}: expected {', '.join(PARTS)}")
    for name in options.what or PARTS:
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            told = PARTS[name](Path(folder), options.count, options.seed)
        print(f"{name}: {told}, in {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
