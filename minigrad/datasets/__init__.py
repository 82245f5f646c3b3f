"""Data to train on: digits that come with the package, and mini-batches of any arrays."""

from minigrad.datasets.minibatches import Batches, batches
from minigrad.datasets.uci_digits import Digits, Split, digits

__all__ = ["Batches", "Digits", "Split", "batches", "digits"]
