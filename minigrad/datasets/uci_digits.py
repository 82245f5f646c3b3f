"""The bundled digits: small enough to train on in seconds, real enough to overfit."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from minigrad.datasets.splits import Split, Splits, frozen

__all__ = ["digits"]

FILE = os.path.join(os.path.dirname(__file__), "data", "digits.npz")
TRAIN, VALIDATION = 1000, 397  # the other 400 are for the test


def digits(dtype: Any = np.float64) -> Splits:
    """Return 1,797 handwritten digits of 8 x 8 pixels, split once and for all.

    The split is part of the package: it is the same on every machine and with every NumPy. The
    examples were shuffled before they were split, so one writer's digits are in all three parts.

    Parameters
    ----------
    dtype : dtype, default float64
        Of the images: a real floating type. Pixels are sixteenths, so float32 and float16 hold
        them exactly.

    Returns
    -------
    Splits
        ``(train, validation, test)``: 1,000, 397 and 400 examples, each a ``Split(x, y)``. Every
        array is new, owns its memory and is read-only: a tape need not watch it for changes.

    Raises
    ------
    TypeError
        If `dtype` is not a real floating type.

    Notes
    -----
    Licensed under CC BY 4.0 (see ``data/LICENSE`` beside this module) by the authors of [1]_.
    These are the 1,797 images of its test set, from 13 writers who are not in its training set.

    References
    ----------
    .. [1] E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine
       Learning Repository, 1998. https://doi.org/10.24432/C50P49

    Examples
    --------
    >>> import numpy as np
    >>> from minigrad.datasets import digits
    >>> train, validation, test = digits()
    >>> train.x.shape, validation.x.shape, test.x.shape
    ((1000, 64), (397, 64), (400, 64))
    >>> for row in train.x[0].reshape(8, 8):
    ...     print("".join(" .:-=+*#%"[int(8 * ink)] for ink in row).rstrip())
      +**%.
     :#-::
     :+
     :%%%=
     .+..*
        .*
      : =+
      %%*
    >>> int(train.y[0])
    5
    """
    kind = np.dtype(dtype)
    if kind.kind != "f":
        raise TypeError(
            f"digits(dtype={dtype!r}): images are numbers from 0 to 1; expected a real floating "
            f"type such as np.float32"
        )
    with np.load(FILE, allow_pickle=False) as stored:
        pixels, labels = stored["x"], stored["y"]
    x = np.split(pixels.astype(kind) / 16, [TRAIN, TRAIN + VALIDATION])
    y = np.split(labels.astype(np.int64), [TRAIN, TRAIN + VALIDATION])
    return Splits(*(Split(frozen(a), frozen(b)) for a, b in zip(x, y, strict=True)))
