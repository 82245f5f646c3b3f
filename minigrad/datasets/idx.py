"""IDX, the format of MNIST: a magic number, the sizes, and the numbers, all big-endian.

The magic number's third byte is the type of the numbers and its fourth how many axes there are:
0x00000803 is unsigned bytes in three axes, which is images, 0x00000801 in one, which is labels.
Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits".
"""

from __future__ import annotations

import math
import os
import re
from typing import Any

import numpy as np

from minigrad.datasets.files import DataError, Source

__all__ = ["labels_beside", "looks_like_idx", "read_idx"]

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST_AXES = 8


def looks_like_idx(start: bytes) -> bool:
    """Whether a file that begins like this is IDX."""
    return len(start) >= 4 and start[:2] == b"\0\0" and start[2] in TYPES and start[3] > 0


def read_idx(source: Source) -> Any:
    """Return the array in an IDX file.

    Raises
    ------
    DataError
        If it is none, or has not the size that it announces; no room is taken before that is
        known to be possible.
    """
    path, stream = source.path, source.buffered
    if not looks_like_idx(source.start):
        raise DataError(f"{path}: not an IDX file: it begins with {source.start[:4].hex(' ')}")
    magic = stream.read(4)
    axes, dtype = magic[3], np.dtype(TYPES[magic[2]])
    sizes = stream.read(4 * axes)
    if len(sizes) < 4 * axes:
        raise DataError(f"{path}: cut off within the header of {axes} sizes")
    shape = tuple(int.from_bytes(sizes[k : k + 4], "big") for k in range(0, len(sizes), 4))
    if 0 in shape or axes > MOST_AXES:
        raise DataError(f"{path}: the header announces {axes} axes of sizes {shape!s:.60}")
    nbytes = math.prod(shape) * dtype.itemsize
    if nbytes > source.most or 8 * math.prod(shape) > source.limit:
        why = "than the file can hold" if nbytes > source.most else f"than {source.limit:,} allow"
        raise DataError(
            f"{path}: announces {' x '.join(map(str, shape))} numbers, which is more {why} "
            f"(max_bytes, for the numbers as float64)"
        )
    data = stream.read(nbytes)
    if len(data) < nbytes or stream.read(1):
        held = f"only {len(data):,}" if len(data) < nbytes else "more"
        raise DataError(f"{path}: announces {nbytes:,} bytes of {shape} numbers, but holds {held}")
    return np.frombuffer(data, dtype).reshape(shape)


def labels_beside(path: str) -> str:
    """Return the labels' file that lies beside one of images.

    Raises
    ------
    DataError
        If there is none; it says which were looked for.
    """
    folder, name = os.path.split(path)
    other = re.sub("idx3", "idx1", re.sub("images", "labels", name))
    plain = other.removesuffix(".gz")
    tried = [os.path.join(folder, each) for each in (other, plain, plain + ".gz")]
    for each in tried:
        if each != path and os.path.exists(each):
            return each
    raise DataError(
        f"{path}: images without labels: no file {' or '.join(dict.fromkeys(tried))}; give the "
        f"labels' file as target="
    )
