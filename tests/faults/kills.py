"""``minigrad tune``, ended by a signal at a random moment and taken up again."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

OWN = """
import numpy as np
import minigrad as mg

data = np.random.default_rng(0).normal(size=(30, 8))
run = mg.TrainingRun(
    init=lambda h: np.ones(8),
    step=lambda w, h, x: w - h["eta"] * (np.tanh(w - x) + h["lam"] * w),
    cost=lambda w, h: np.sum((w - 0.5) ** 2),
    steps=30,
    batches=data,
)
hypers = {"eta": mg.per_step(mg.positive(np.full(30, 0.3))), "lam": mg.positive(0.1)}
"""
SIGNALS = ("SIGINT", "SIGTERM", "SIGKILL")
ROOT = Path(__file__).parents[2]


class Kill(NamedTuple):
    """One interruption: what it was, when, and how many outer steps were kept then."""

    signal: str
    moment: float
    steps: int | None
    identical: bool


def started(folder: Path, outer_steps: int) -> subprocess.Popen[str]:
    """Start a descent whose checkpoint is in a folder; what auto takes depends on the clock."""
    (folder / "own.py").write_text(OWN, encoding="utf-8")
    given = ["--method", "stored", "--outer-steps", str(outer_steps), "--checkpoint", "kept"]
    return subprocess.Popen(
        [sys.executable, "-m", "minigrad", "tune", "own.py:run", *given, "--json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        },
    )


def numbers_of(text: str) -> tuple[str, int]:
    """Return a report without what the clock says, and how many outer steps were found done."""
    report = json.loads(text)
    resumed = report.pop("resumed")
    del report["seconds"]
    for event in report["history"]:
        event.pop("seconds", None)
        event.get("stats", {}).pop("seconds", None)
    return json.dumps(report), resumed


def whole(folder: Path, outer_steps: int) -> tuple[str, float]:
    """Return the report of a descent that nothing interrupts, and its seconds."""
    start = time.monotonic()
    out, err = started(folder, outer_steps).communicate()
    assert err == ""
    return numbers_of(out)[0], time.monotonic() - start


def kill(folder: Path, outer_steps: int, name: str, moment: float, expected: str) -> Kill:
    """Send a signal after so many seconds, go on afterwards, and hold the end against another."""
    with started(folder, outer_steps) as process:
        time.sleep(moment)
        process.send_signal(getattr(signal, name))
        process.communicate()
    assert process.returncode in (0, 130, -getattr(signal, name)), process.returncode
    out, err = started(folder, outer_steps).communicate()
    assert err == "", err
    report, resumed = numbers_of(out)
    left = {path.name for path in folder.iterdir()}
    assert left == {"own.py", "kept", "kept.previous"}, left
    return Kill(name, moment, resumed, report == expected)


def kills(folder: Path, count: int, seed: int, outer_steps: int = 60) -> list[Kill]:
    """Interrupt as many descents as that, each at a moment of its own, by each signal in turn."""
    draw = random.Random(seed)
    (folder / "whole").mkdir()
    expected, seconds = whole(folder / "whole", outer_steps)
    found = []
    for n in range(count):
        here = folder / str(n)
        here.mkdir()
        name = SIGNALS[n % len(SIGNALS)]
        found.append(kill(here, outer_steps, name, draw.uniform(0, seconds), expected))
    return found
