"""Make the digits that are bundled with minigrad; run once, kept so that anyone can check it.

Run: ``python docs/make_digits.py`` (needs scikit-learn, whose `load_digits` is the UCI test set as
it is). The examples are shuffled here, once and for all, so that which of them are for training,
validation and test depends on no random generator of the future.
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

SHUFFLE = 1998  # the seed; the year of the data set
TARGET = Path(__file__).parents[1] / "minigrad" / "datasets" / "data" / "digits.npz"


def main() -> None:
    """Write the shuffled images, 0 to 16 in each of 64 pixels, and their labels."""
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(SHUFFLE).permutation(len(y))
    np.savez_compressed(TARGET, x=x[order].astype(np.uint8), y=y[order].astype(np.uint8))
    print(f"{TARGET}: {len(y)} digits, {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
