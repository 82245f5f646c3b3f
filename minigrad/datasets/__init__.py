"""Data to train on: digits that come with the package, your own files, and mini-batches."""

from minigrad.datasets.files import DataError
from minigrad.datasets.load import load
from minigrad.datasets.minibatches import Batches, batches
from minigrad.datasets.splits import Split, Splits, Table, split
from minigrad.datasets.uci_digits import digits

__all__ = [
    "Batches",
    "DataError",
    "Split",
    "Splits",
    "Table",
    "batches",
    "digits",
    "load",
    "split",
]
