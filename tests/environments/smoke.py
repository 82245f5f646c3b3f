"""The smallest of everything, with nothing but minigrad and NumPy: ``python smoke.py README.md``.

It needs no other file of the tests, so that it can be run beside an installed wheel.
"""

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

OWN = """
import numpy as np
import minigrad as mg
run = mg.TrainingRun(
    init=lambda h: np.ones(3), step=lambda w, h, x: w - h["eta"] * np.tanh(w),
    cost=lambda w, h: np.sum(w * w), steps=5,
)
hypers = {"eta": mg.positive(0.1)}
"""
RUN, SHORT = "own.py:run", ("--steps", "3", "--hidden", "4", "--batch", "8")
COMMANDS = [
    ("--version",), ("--help",), ("tune", "--help"),
    ("tune", *SHORT, "--outer-steps", "2"),
    ("tune", RUN, "--outer-steps", "2", "--checkpoint", "kept", "--html", "page.html"),
    ("tune", RUN, "--outer-steps", "3", "--checkpoint", "kept", "--json"),
    *((name, RUN) for name in ("gradient", "verify", "trust", "explain", "memory", "tape")),
    ("landscape", *SHORT, "--side", "2"),
    ("tape", "--steps", "1", "--hidden", "3", "--out", "tape.html"),
    ("claims", "1"), ("learn",), ("learn", "start"), ("learn", "hint", "1"),
    ("learn", "solution", "1", "--now"),
]  # fmt: skip


def command(*arguments, **rest):
    """Run a command of minigrad in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "minigrad", *arguments],
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **rest},
    )


def third_parties():
    """Return what ``import minigrad`` brings that is not of Python itself."""
    code = (
        "import sys; before = set(sys.modules); import minigrad\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(new - set(sys.stdlib_module_names)))"
    )
    found = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    return set(found.stdout.decode().split())


def example_prints(readme):
    """Return what the README's example prints, and what it is said to print."""
    (code,) = re.findall(r"^```python\n(.*?)^```", readme, re.M | re.S)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(code, "README.md", "exec"), {})
    return said.getvalue(), re.findall(r"^```text\n(.*?)^```", readme, re.M | re.S)[0]


def expect(holds, what):
    """End the run if something does not hold; an assertion would be silent under ``python -O``."""
    if not holds:
        raise SystemExit(f"smoke: {what}")


def main(readme, more):
    """Try everything."""
    found = third_parties()
    expect(found == {"minigrad", "numpy"}, f"import minigrad imports {found}")
    printed, said = example_prints(readme)
    expect(printed == said, f"the README's example prints {printed!r}, not {said!r}")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("own.py").write_text(OWN, encoding="utf-8")
        for arguments in [*COMMANDS, *more]:
            ended = command(*arguments)
            fine = ended.returncode == 0 and not ended.stderr
            expect(fine, f"{arguments}: {ended.returncode} {ended.stderr.decode()[-2000:]}")
            if os.name == "posix":
                reader_gone(arguments)
        os.chdir("/")
    print(f"{len(COMMANDS) + len(more)} commands and the README's example, on Python", end=" ")
    print(sys.version.split()[0], "with NumPy", sys.modules["numpy"].__version__)


def reader_gone(arguments):
    """Fail if a command complains of a reader who left, or begins where its output is closed."""
    if {"--help", "--version", "--out", "--html", "claims", "learn"} & {*arguments}:
        return
    read, write = os.pipe()
    os.close(read)
    ended = command(*arguments, stdout=write)
    os.close(write)
    expect(
        ended.returncode == 1 and not ended.stderr,
        f"{arguments} | nobody: {ended.returncode} {ended.stderr.decode()}",
    )
    ended = command(*arguments, preexec_fn=lambda: os.close(1))
    expect(
        ended.returncode == 2 and ended.stderr.count(b"\n") == 1,
        f"{arguments} with its output closed: {ended.returncode} {ended.stderr.decode()}",
    )


if __name__ == "__main__":
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    main(text, [tuple(each.split()) for each in sys.argv[2:]])
