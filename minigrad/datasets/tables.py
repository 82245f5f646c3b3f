"""CSV: a table of numbers, with a column to be told from the others."""

from __future__ import annotations

import csv
import io
import math
from array import array
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NoReturn

import numpy as np

from minigrad.datasets.files import DataError, Source

__all__ = ["read_table"]

TARGETS = ("label", "labels", "target", "class", "y")  # what a target column tends to be called
DELIMITERS = (",", ";", "\t")


def read_table(source: Source, target: Any) -> tuple[Any, list[str], tuple[str, ...]]:
    """Return the numbers, the cells of the target column, and the names of the other columns.

    Raises
    ------
    DataError
        If a row has another length than the first, or a cell is no finite number; it names the
        line, the column and the cell.
    """
    path, rows = source.path, lines_of(source)
    line_1, first = next(rows, (0, []))
    if not first:
        raise DataError(f"{path}: an empty table")
    first = [cell.strip() for cell in first]
    column, has_header = target_column(path, first, target)
    names = first if has_header else [str(k) for k in range(len(first))]
    others = [*names[:column], *names[column + 1 :]]
    numbers, targets = array("d"), []
    for line, cells in rows if has_header else chain([(line_1, first)], rows):
        if len(cells) != len(names):
            raise DataError(
                f"{path}, line {line}: {len(cells)} cells, but the first row has {len(names)}"
            )
        targets.append(cells.pop(column).strip())
        if not targets[-1] or is_number(targets[0]) != is_number(targets[-1], finite=True):
            kind = "a finite number" if is_number(targets[0]) else "a word"
            raise DataError(
                f"{path}, line {line}, column {names[column]!r}: expected {kind}, as in the rows "
                f"before, got {targets[-1]!r:.60}"
            )
        numbers.extend(finite_numbers(path, line, others, cells))
        if 8 * len(numbers) > source.limit:
            raise DataError(
                f"{path}, line {line}: more numbers than max_bytes={source.limit:,} allow"
            )
    if not targets:
        raise DataError(f"{path}: a header, but no rows under it")
    x = np.frombuffer(numbers).reshape(len(targets), -1)
    return x, targets, tuple(others) if has_header else ()


def lines_of(source: Source) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the number of its (last) line; blank lines are passed over."""
    begin = source.buffered.peek(1 << 16).split(b"\n")[0]
    delimiter = max(DELIMITERS, key=lambda each: begin.count(each.encode()))
    text = io.TextIOWrapper(source.buffered, encoding="utf-8-sig", newline="")
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except UnicodeDecodeError as error:
        raise DataError(f"{source.path}: not IDX, NPZ, nor text in UTF-8: {error}") from error
    except csv.Error as error:
        raise DataError(f"{source.path}, line {reader.line_num}: {error}") from error


def target_column(path: str, first: Sequence[str], target: Any) -> tuple[int, bool]:
    """Return which column is the target, and whether the first row is a header."""
    words = [k for k, cell in enumerate(first) if not is_number(cell)]
    found = f"{path}: {len(first)} columns, the first row {', '.join(map(repr, first)):.200}"
    if len(first) < 2:
        raise DataError(f"{found}; expected a target and at least one other")
    if target is None:
        named = [k for k in words if first[k].lower() in TARGETS]
        if len(named) != 1:
            raise DataError(f"{found}; say which has the labels: target=NAME or its number")
        return named[0], True
    if words and first.count(target) == 1:
        return first.index(target), True
    try:
        column = range(len(first))[int(target)]
    except (TypeError, ValueError, IndexError):
        raise DataError(f"{found}; target={target!r} is the name or number of none") from None
    return column, any(k != column for k in words)


def finite_numbers(
    path: str, line: int, names: Sequence[str], cells: Sequence[str]
) -> Sequence[float]:
    """Return the cells as numbers."""
    try:
        numbers = list(map(float, cells))
    except ValueError:
        refuse(path, line, names, cells)
    # One sum is quicker than a look at each; it overflows for numbers that are finite, if large.
    if not math.isfinite(sum(numbers)) and not all(map(math.isfinite, numbers)):
        refuse(path, line, names, cells)
    return numbers


def refuse(path: str, line: int, names: Sequence[str], cells: Sequence[str]) -> NoReturn:
    """Raise an error about the first cell that is no finite number."""
    k = next(k for k, cell in enumerate(cells) if not is_number(cell, finite=True))
    raise DataError(
        f"{path}, line {line}, column {names[k]!r}: expected a finite number, got {cells[k]!r:.60}"
    )


def is_number(cell: str, finite: bool = False) -> bool:
    """Whether a cell is a number."""
    try:
        return math.isfinite(float(cell)) or not finite
    except ValueError:
        return False
