"""Amounts of memory: as people write them, and how much there is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from minigrad.errors import MinigradError

__all__ = ["NotEnoughMemoryError", "available_bytes", "in_bytes", "in_words"]


class NotEnoughMemoryError(MinigradError, MemoryError):
    """A run would not fit into the memory; it was refused before it began."""


UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
UNITS |= {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def in_bytes(memory: int | str) -> int:
    """Return an amount of memory, such as ``"64 MB"``, in bytes."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*([kMGT]|[KMGT]i|)B?\s*", str(memory))
    if found is None:
        raise ValueError(
            f"expected a number of bytes, or a text such as '64 MB' or '2 GiB', got {memory!r}"
        )
    return int(float(found[1]) * UNITS[found[2]])


def in_words(size: float) -> str:
    """Return a number of bytes as a text that :func:`in_bytes` reads."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


def available_bytes() -> int:
    """Return how much memory this process may still take; 2 GB where nothing tells.

    The least of what the system has free, of what is left to the process under its own limits
    (``ulimit -v``, ``ulimit -d``), and of what is left to its control group (a container).
    """
    return max(0, min((free_in_system(), *left_to_process(), *left_to_group())))


def free_in_system() -> int:
    """Return how much memory nobody uses, or only as a cache."""
    if (kilobytes := field("/proc/meminfo", "MemAvailable:")) is not None:
        return kilobytes * 1024
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 2 * 10**9


def left_to_process() -> Iterator[int]:
    """Give what the limits of the process leave to it, one by one."""
    try:
        import resource
    except ImportError:  # not on Windows
        return
    limits = {resource.RLIMIT_AS: "VmSize:", resource.RLIMIT_DATA: "VmData:"}
    for limit, used in limits.items():
        most = resource.getrlimit(limit)[0]
        if most != resource.RLIM_INFINITY:
            yield most - (field("/proc/self/status", used) or 0) * 1024


def left_to_group() -> Iterator[int]:
    """Give what the control group leaves to its processes; version 2, then version 1."""
    root = Path("/sys/fs/cgroup")
    for most, used in (
        (root / "memory.max", root / "memory.current"),
        (root / "memory/memory.limit_in_bytes", root / "memory/memory.usage_in_bytes"),
    ):
        try:
            yield int(most.read_text("ascii")) - int(used.read_text("ascii"))
        except (OSError, ValueError):  # there is none, or it is "max"
            continue


def field(path: str, name: str) -> int | None:
    """Return a number from a file of lines such as ``MemAvailable: 1024 kB``."""
    try:
        with open(path, encoding="ascii") as facts:
            return next((int(line.split()[1]) for line in facts if line.startswith(name)), None)
    except OSError:
        return None
