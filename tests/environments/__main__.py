"""``python -m tests.environments [NAME...]``: the same small things wherever minigrad may run.

First this interpreter under awkward conditions, then the wheel by itself, in a fresh environment,
on each Python that is found here with the oldest NumPy and the newest. In each, ``smoke.py`` and
the tests of the engine.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
SMOKE = Path(__file__).with_name("smoke.py")

#: Conditions by the variables that Python takes them from.
CONDITIONS = {
    "optimised": {"PYTHONOPTIMIZE": "1"},
    "warnings": {"PYTHONWARNINGS": "error", "PYTHONWARNDEFAULTENCODING": "1"},
    "c-locale": {
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONIOENCODING": "ascii",
    },
    "development": {"PYTHONDEVMODE": "1", "PYTHONHASHSEED": "1"},
}
#: The Pythons and, of those that have one, the oldest NumPy for them.
PYTHONS = {"3.11": "2.0", "3.12": "2.0", "3.13": "2.1"}


def python(version: str) -> str | None:
    """Return where a Python is, on the path or among those of pyenv."""
    folder = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    kept = sorted(folder.glob(f"{version}.*/bin/python"))
    on_path = shutil.which(f"python{version}")
    return str(kept[-1]) if kept else on_path


def run(*command: object, folder: Path, **variables: str) -> None:
    """Run a command; end with it if it fails."""
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    subprocess.run(
        list(map(str, command)), cwd=folder, check=True, env={**os.environ, **threads, **variables}
    )


def try_all(interpreter: object, folder: Path, smoke: tuple[str, ...] = (), **rest: str) -> None:
    """Run the script and the tests of the engine, a copy of which lies in `folder`."""
    run(interpreter, SMOKE, ROOT / "README.md", *smoke, folder=folder, **rest)
    quietly = ["-p", "no:cacheprovider", "-W", "ignore::pytest.PytestConfigWarning"]
    run(interpreter, "-m", "pytest", "-q", *quietly, "tests/engine", folder=folder, **rest)


def under(name: str, folder: Path) -> None:
    """Try this interpreter, with the packages that it has, under a condition."""
    try_all(sys.executable, folder, PYTHONPATH=str(ROOT), **CONDITIONS[name])


def alone(name: str, folder: Path) -> None:
    """Try the wheel on another Python, first with NumPy alone, then with what tests need."""
    version, numpy = name.removeprefix("python").split("-numpy")
    wheels = folder / "wheels"
    if not wheels.exists():
        run(
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "-w",
            wheels,
            ROOT,
            folder=folder,
        )
    (wheel,) = wheels.glob("*.whl")
    run(python(version), "-m", "venv", folder / name, folder=folder)
    there = folder / name / "bin" / "python"
    pinned = "numpy" if numpy == "newest" else f"numpy=={numpy}.*"
    run(there, "-m", "pip", "install", "-q", wheel, pinned, folder=folder)
    run(there, SMOKE, ROOT / "README.md", "claims", folder=folder, PYTHONWARNINGS="error")
    run(there, "-m", "pip", "install", "-q", f"{wheel}[test]", pinned, folder=folder)
    doctests = ["-m", "pytest", "-q", "-W", "error", "--pyargs", "--doctest-modules", "minigrad"]
    run(there, *doctests, folder=wheels)
    run(there, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/engine", folder=folder)


def main() -> None:
    """Try each environment that is asked for; the first that fails ends it."""
    found = [
        f"python{v}-numpy{n}" for v, old in PYTHONS.items() for n in (old, "newest") if python(v)
    ]
    every = {**dict.fromkeys(CONDITIONS, under), **dict.fromkeys(found, alone)}
    parser = argparse.ArgumentParser(prog="python -m tests.environments", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(every)} (all)")
    names = parser.parse_args().names or list(every)
    if unknown := set(names) - every.keys():
        parser.error(f"{', '.join(unknown)}: not among {', '.join(every)}")
    missing = ", ".join(version for version in PYTHONS if not python(version))
    if missing:
        print(f"not found here, so not tried: Python {missing}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "tests", folder / "tests")
        shutil.copy(ROOT / "pyproject.toml", folder)
        for each in names:
            start = time.monotonic()
            print(f"--- {each}", flush=True)
            every[each](each, folder)
            print(f"--- {each}: {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
