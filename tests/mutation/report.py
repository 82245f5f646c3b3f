"""The score, and the survivors with the reason why no test can or need tell them apart."""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from tests.mutation.sites import Mutant
from tests.mutation.trials import ROOT, Verdict

__all__ = ["explained", "forgotten", "note_in", "score_table", "survivors_in", "tell"]

SURVIVORS = Path(__file__).with_name("survivors.toml")


def explained() -> dict[tuple[str, ...], str]:
    """Return the reason of each survivor that has one, by :attr:`Mutant.key`."""
    rows = tomllib.loads(SURVIVORS.read_text()).get("survivor", [])
    return {(r["file"], r["where"], r["before"], r["after"]): r["reason"] for r in rows}


def score_table(verdicts: Sequence[Verdict]) -> list[tuple[str, int, int, int]]:
    """Return file, mutants, killed and explained survivors, the sum of all files last."""
    reasons = explained()
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for v in verdicts:
        for name in (v.mutant.file, "all"):
            killed = v.killed_by is not None
            counts[name][0] += 1
            counts[name][1] += killed
            counts[name][2] += not killed and v.mutant.key in reasons
    return [(name, *counts[name]) for name in (*sorted(counts.keys() - {"all"}), "all")]


def tell(verdicts: Sequence[Verdict]) -> int:
    """Print the survivors that ``survivors.toml`` does not explain, and the score; count them."""
    reasons = explained()
    left = [v for v in verdicts if v.killed_by is None and v.mutant.key not in reasons]
    for v in left:
        m = v.mutant
        print(f"\n{m.file}:{m.lines[0]} in {m.where}: {m.operator}, survives {v.tests} tests")
        print(m.diff((ROOT / m.file).read_text()))
    print(f"\n{'file':36s} mutants  killed  explained  score")
    for name, mutants, killed, known in score_table(verdicts):
        print(f"{name:36s} {mutants:7d} {killed:7d} {known:10d} {killed / mutants:6.1%}")
    for v in verdicts:
        if v.killed_by is not None and v.mutant.key in reasons:
            print(f"explained, but killed by {v.killed_by}: {v.mutant.before}")
    return len(left)


def forgotten(mutants: Sequence[Mutant]) -> list[tuple[str, ...]]:
    """Return the keys of ``survivors.toml`` that no mutant has any more, of the files given."""
    keys, files = {m.key for m in mutants}, {m.file for m in mutants}
    return [key for key in explained() if key[0] in files and key not in keys]


def note_in(path: Path, verdict: Verdict) -> None:
    """Append a verdict to a file, as a line of JSON."""
    row = {
        "file": verdict.mutant.file,
        "where": verdict.mutant.where,
        "line": verdict.mutant.lines[0],
        "operator": verdict.mutant.operator,
        "before": verdict.mutant.before,
        "after": verdict.mutant.after,
        "killed_by": verdict.killed_by,
        "tests": verdict.tests,
    }
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")


def survivors_in(path: Path) -> set[tuple[str, ...]]:
    """Return the keys of what survived, from a file that :func:`note_in` wrote."""
    rows = map(json.loads, path.read_text().splitlines())
    return {
        (r["file"], r["where"], r["before"], r["after"]) for r in rows if r["killed_by"] is None
    }
