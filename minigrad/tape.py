"""A tape is a program: the list of instructions that a computation went through.

Recording writes the computation down in the order in which it happens (a Wengert list)::

    with mg.Tape() as tape:
        eta = tape.variable(0.5, name="eta")
        w = tape.variable(w0, name="w")
        for x, y in batches:
            w_bar = tape.gradient(cost(w, x, y), w)   # this sweep is recorded as well
            w = w - eta * w_bar
        final = validation_cost(w)
    d_eta = tape.gradient(final, eta)                 # outside `with`: not recorded, plain

While the tape is open, whatever is computed from its Variables is recorded, the sweeps of
:mod:`minigrad.sweep` among them. Outside ``with`` it is closed: the same operations and sweeps
return plain arrays. There is one tape and one kind of instruction; the derivative of a training
loop is the derivative of a longer list.

The numbers of the list are fixed once written. Results are read-only, numbers that enter through
:meth:`Tape.variable` are copied, and of every other array that the program uses (a batch, say)
the tape keeps a fingerprint, which a sweep compares before it trusts the array.
"""

from __future__ import annotations

import sys
import threading
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minigrad import sweep, tree
from minigrad.errors import (
    ChangedArrayError,
    SourceError,
    TapeError,
    TapeMismatchError,
    TargetError,
)
from minigrad.primitive import Primitive, variable
from minigrad.variable import Variable, value_of

__all__ = ["Contribution", "Instruction", "Mark", "Tape", "current_tape"]

PACKAGE = str(Path(__file__).parent)


class Instruction(NamedTuple):
    """One line of the tape: ``value = primitive(*operands, **params)``.

    ``inputs`` has the index on the tape of each operand, -1 where the operand is a constant.
    """

    primitive: Primitive
    inputs: list[int]
    operands: list[Any]
    params: dict[str, Any]
    value: Any


class Mark(NamedTuple):
    """A named range of instructions, ``tape[mark.start:mark.stop]``."""

    name: str
    start: int
    stop: int


class Contribution(NamedTuple):
    """What one use of a source adds to its gradient.

    ``index`` is the instruction that uses the source, ``mark`` the innermost mark around it.
    """

    index: int
    mark: str | None
    value: Any


class _OpenTapes(threading.local):
    """The tapes that this thread has open, innermost last."""

    def __init__(self) -> None:
        self.stack: list[Tape] = []


_open_tapes = _OpenTapes()


def current_tape() -> Tape | None:
    """Return the innermost tape that is open in this thread, or None."""
    return _open_tapes.stack[-1] if _open_tapes.stack else None


class Tape:
    """A list of instructions that records while it is open, as a context manager.

    Parameters
    ----------
    lines : bool, default False
        Keep the user's file and line for each instruction (about 1 µs each).

    Attributes
    ----------
    code : list of tuple
        The instructions as plain tuples; ``tape[i]`` gives an :class:`Instruction`.
    names : dict
        The names given to variables, by index.
    marks : list of Mark
        The ranges named by :meth:`mark`.

    Examples
    --------
    >>> import minigrad as mg
    >>> with mg.Tape() as tape:
    ...     x = tape.variable(2.0, name="x")
    ...     slope = tape.gradient(x**3, x)  # recorded: 3 x^2 is on the tape
    >>> slope.value, tape.gradient(slope, x)
    (12.0, 12.0)
    """

    __slots__ = (
        "__weakref__",
        "_constants",
        "_sweeping",
        "code",
        "is_open",
        "lines",
        "marks",
        "names",
        "thread",
    )

    def __init__(self, *, lines: bool = False) -> None:
        self.is_open = False
        self.thread = 0
        self.code: list[Any] = []
        self.names: dict[int, str] = {}
        self.marks: list[Mark] = []
        self.lines: dict[int, str] | None = {} if lines else None
        self._constants: list[tuple[int, Any, int]] = []  # (instruction, array, fingerprint)
        self._sweeping = False

    def __enter__(self) -> Tape:
        if self.is_open:
            raise TapeError("this tape is open already; use one `with` for one tape")
        self.is_open, self.thread = True, threading.get_ident()
        _open_tapes.stack.append(self)
        return self

    def __exit__(self, *exception: object) -> None:
        self.is_open = False
        _open_tapes.stack.remove(self)

    # Recording

    def variable(self, value: Any, name: str | None = None) -> Any:
        """Put a number, an array or a tree of them on the tape, as variables.

        Parameters
        ----------
        value : number, array or tree
            Copied, so that changing the original later changes nothing here. A Python number
            stays weak: it takes on the dtype of the arrays that it meets. A Variable of this
            tape gives a new variable that depends on it.
        name : str, optional
            What the tape calls it; the leaves of a tree are called ``name['w']`` and so on.

        Returns
        -------
        Variable, or tree of Variables

        Raises
        ------
        TapeError
            If the tape is not open.
        SourceError
            If a leaf is not a number or an array of numbers.
        """
        if not self.is_open:
            raise TapeError("the tape is closed; call tape.variable(...) inside `with tape:`")
        return tree.unflatten(
            value, [self._enter(leaf, name, path) for path, leaf in tree.paths(value).items()]
        )

    def _enter(self, leaf: Any, name: str | None, path: str) -> Variable:
        if type(leaf) is Variable and leaf.tape is not self:
            if leaf.tape.is_open:
                raise TapeMismatchError("a Variable of another open tape; pass its `.value`")
            leaf = leaf.value
        if type(leaf) is Variable:
            new: Variable = variable(leaf)
        else:
            array = np.array(leaf)
            if array.dtype.kind not in "fciubO":
                raise SourceError(
                    f"tape.variable{path}: expected a number or an array of numbers, "
                    f"got {type(leaf).__name__} {leaf!r:.60}"
                )
            array.setflags(write=False)
            value = leaf if array.ndim == 0 and not isinstance(leaf, np.ndarray) else array[()]
            new = self.append(variable, [-1], [value], {}, value)
        if name:
            self.names[new.index] = name + path
        return new

    def append(
        self, prim: Primitive, inputs: list[int], operands: list[Any], params: Any, value: Any
    ) -> Variable:
        """Write one instruction and return its result as a Variable."""
        code = self.code
        index = len(code)
        if -1 in inputs and not self._sweeping:
            for operand, source in zip(operands, inputs, strict=True):
                if source < 0 and type(operand) is np.ndarray and can_change(operand):
                    self._constants.append((index, operand, fingerprint(operand)))
        code.append((prim, inputs, operands, params, value))
        if self.lines is not None:
            self.lines[index] = users_line()
        new = Variable()
        new.tape, new.index, new.value = self, index, value
        return new

    @contextmanager
    def mark(self, name: str) -> Iterator[None]:
        """Name the instructions recorded inside ``with tape.mark(name):``."""
        start = len(self.code)
        try:
            yield
        finally:
            self.marks.append(Mark(name, start, len(self.code)))

    # Derivatives

    def gradient(
        self, target: Any, sources: Any, *, cotangent: Any = None, contributions: bool = False
    ) -> Any:
        r"""Sweep backward: the gradient of `target` with respect to each source.

        .. math:: \bar x = \sum_{y \in \mathrm{uses}(x)}
                  \left(\frac{\partial y}{\partial x}\right)^{\!\top} \bar y

        Parameters
        ----------
        target : Variable
            A real scalar; with `cotangent`, anything, also a tree. Where it does not depend on a
            source, the gradient is exactly zero; a plain number depends on none.
        sources : Variable, or tree of Variables
            Any Variables of this tape, not only those made by :meth:`variable`.
        cotangent : tree shaped like `target`, optional
            :math:`\bar y`, of the shape of each target; 1 if left out.
        contributions : bool, default False
            Give back the terms of the sum instead, one for each use of a source.

        Returns
        -------
        tree shaped like `sources`
            Of each source's shape and dtype. Variables if the tape is open, new plain arrays if
            it is closed. With `contributions`, lists of :class:`Contribution` (on a closed tape).

        Raises
        ------
        SourceError, TargetError, TapeMismatchError
            If a source or the target is not a real Variable of this tape, or not a scalar.
        ChangedArrayError
            If an array that the tape uses was changed since.
        MissingRuleError
            If an instruction on the way has no VJP.
        """
        indices = self._indices(sources)
        if contributions and self.is_open:
            raise TapeError("contributions are read off a closed tape; ask after the `with` block")
        targets = self._seeds(target, cotangent)
        terms: dict[int, list[Contribution]] = {index: [] for index in indices}

        def witness(source: int, index: int, x_bar: Any) -> None:
            terms[source].append(Contribution(index, self._mark_around(index), plain(x_bar)))

        with self._trusted(indices, targets):
            found = sweep.backward(self, targets, indices, witness if contributions else None)
        if contributions:
            return tree.unflatten(sources, [terms[index][::-1] for index in indices])
        return tree.unflatten(sources, [self._hand_out(*pair) for pair in zip(found, indices)])

    def tangent(self, targets: Any, sources: Any, directions: Any) -> Any:
        r"""Sweep forward: the derivative of each target when the sources move as `directions`.

        .. math:: \dot y = \sum_x \frac{\partial y}{\partial x} \, \dot x

        Parameters
        ----------
        targets : Variable, or tree of Variables
            The tangents wanted. A plain array has tangent zero.
        sources : Variable, or tree of Variables
            What moves.
        directions : tree shaped like `sources`
            :math:`\dot x`: of each source's shape.

        Returns
        -------
        tree shaped like `targets`
            Of each target's shape and dtype. Variables if the tape is open, else plain arrays.

        Raises
        ------
        SourceError, TargetError, TapeMismatchError, ChangedArrayError, MissingRuleError
            As for :meth:`gradient`.
        """
        indices = self._indices(sources)
        moves: dict[int, Any] = {}
        for index, x_dot in zip(indices, tree.leaves(directions), strict=True):
            x_dot = self._checked(x_dot, self.code[index][4], "the direction")
            moves[index] = moves[index] + x_dot if index in moves else x_dot
        wanted = tree.leaves(targets)
        for target in wanted:
            if isinstance(target, Variable):
                self._check_owner(target, "a target")
        reached = [target.index if isinstance(target, Variable) else -1 for target in wanted]
        with self._trusted(indices, reached):
            found = sweep.forward(self, moves, reached)
        return tree.unflatten(
            targets,
            [
                self._hand_out(y_dot, index) if index >= 0 else sweep.zeros_of(np.asarray(target))
                for y_dot, index, target in zip(found, reached, wanted, strict=True)
            ],
        )

    def _indices(self, sources: Any) -> list[int]:
        """Return where the sources are, having checked that they can have a derivative."""
        for path, source in tree.paths(sources).items():
            if not isinstance(source, Variable):
                raise SourceError(
                    f"source{path} is a plain {type(source).__name__}, which is on no tape. Make "
                    f"it a variable with tape.variable(...) before it is used."
                )
            self._check_owner(source, f"source{path}")
            if source.dtype.kind not in "fcO":
                raise SourceError(
                    f"source{path} has dtype {source.dtype}; derivatives need a real or complex "
                    f"one. Make the variable from 2.0 rather than 2, or from x.astype(float)."
                )
        return [source.index for source in tree.leaves(sources)]

    def _check_owner(self, x: Variable, what: str) -> None:
        if x.tape is not self:
            raise TapeMismatchError(f"{what} is on another tape; ask that one: `x.tape`")

    def _seeds(self, target: Any, cotangent: Any) -> dict[int, Any]:
        """Return the cotangents that a backward sweep starts from, by instruction."""
        if cotangent is None:
            if (
                np.shape(value_of(target)) != ()
                or np.asarray(value_of(target)).dtype.kind not in "fiuO"
            ):
                raise TargetError(
                    f"a gradient needs one real scalar target; this is {target!r:.80}. Sum it, "
                    f"or give `cotangent=` the weights of its elements."
                )
            cotangent = tree.map(lambda y: ones_of(value_of(y)), target)
        seeds: dict[int, Any] = {}
        for y, y_bar in zip(tree.leaves(target), tree.leaves(cotangent), strict=True):
            if isinstance(y, Variable):
                self._check_owner(y, "the target")
                y_bar = self._checked(y_bar, y.value, "the cotangent")
                seeds[y.index] = seeds[y.index] + y_bar if y.index in seeds else y_bar
        return seeds

    def _checked(self, derivative: Any, primal: Any, what: str) -> Any:
        """Check that a derivative given by the user has the shape of its primal."""
        if isinstance(derivative, Variable):
            self._check_owner(derivative, what)
        else:
            derivative = np.array(derivative, dtype=getattr(primal, "dtype", None))[()]
        if np.shape(value_of(derivative)) != np.shape(primal):
            raise TargetError(
                f"{what} has shape {np.shape(value_of(derivative))}; expected {np.shape(primal)}, the shape of "
                f"what it belongs to"
            )
        return derivative

    def _hand_out(self, derivative: Any, index: int) -> Any:
        """Return a result of a sweep: a Variable while the tape is open, else a new array."""
        primal = self.code[index][4]
        if derivative is None:
            derivative = sweep.zeros_of(primal)
        if not self.is_open:
            return float(derivative) if type(primal) is float else plain(derivative)
        if isinstance(derivative, Variable):
            return derivative
        return self.append(variable, [-1], [derivative], {}, derivative)

    # Guarding the arrays that belong to the user

    @contextmanager
    def _trusted(self, sources: Any, targets: Any) -> Iterator[None]:
        """Check the constants that a sweep will read; until it ends, no user code can run."""
        first, last = min(sources, default=0), max(targets, default=-1)
        here = itemgetter(0)
        start = bisect_left(self._constants, first, key=here)
        stop = bisect_left(self._constants, last + 1, lo=start, key=here)
        now: dict[int, int] = {}
        for index, array, recorded in self._constants[start:stop]:
            if id(array) not in now:
                now[id(array)] = fingerprint(array)
            if now[id(array)] != recorded:
                raise ChangedArrayError(
                    f"instruction {index} ({self.code[index][0].name}) used an array of shape "
                    f"{array.shape} that was changed in place afterwards"
                    + (f" ({self.lines[index]})" if self.lines else "")
                    + ". Its derivative would be wrong. Give the program a copy (x.copy()), or "
                    "make a new array in place of changing this one."
                )
        was, self._sweeping = self._sweeping, True
        try:
            yield
        finally:
            self._sweeping = was

    # Reading

    def __len__(self) -> int:
        return len(self.code)

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [Instruction(*line) for line in self.code[index]]
        return Instruction(*self.code[index])

    def __iter__(self) -> Iterator[Instruction]:
        return (Instruction(*line) for line in self.code)

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays that the tape keeps alive, each counted once."""
        owners: dict[int, int] = {}
        for _, _, operands, _, value in self.code:
            for array in (*operands, *(value if type(value) is tuple else (value,))):
                while isinstance(getattr(array, "base", None), np.ndarray):
                    array = array.base
                owners[id(array)] = getattr(array, "nbytes", 0)
        return sum(owners.values())

    def _mark_around(self, index: int) -> str | None:
        around = (mark.name for mark in self.marks if mark.start <= index < mark.stop)
        return next(around, None)

    def rows(self, start: int = 0, stop: int | None = None) -> list[tuple[str, ...]]:
        """Return the instructions as rows of text: index, name, primitive, inputs, shape, line."""
        rows = []
        for index in range(*slice(start, stop).indices(len(self.code))):
            prim, inputs, operands, params, value = self.code[index]
            read = [f"%{j}" if j >= 0 else brief(x) for j, x in zip(inputs, operands, strict=True)]
            read += [f"{key}={brief(item)}" for key, item in params.items()]
            shape = ", ".join(map(shape_of, value)) if type(value) is tuple else shape_of(value)
            line = self.lines.get(index, "") if self.lines else ""
            rows.append(
                (f"%{index}", self.names.get(index, ""), prim.name, " ".join(read), shape, line)
            )
        return rows

    def __str__(self) -> str:
        n = len(self.code)
        rows = self.rows() if n <= 60 else [*self.rows(0, 30), *self.rows(n - 30)]
        widths = [max((len(row[k]) for row in rows), default=0) for k in range(6)]
        text = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        if n > 60:
            text.insert(30, f"... {n - 60} more, see tape.rows(start, stop) ...")
        return "\n".join([f"Tape of {n} instructions, {self.nbytes:,} bytes", *text])

    def __repr__(self) -> str:
        return f"<Tape of {len(self)} instructions, {'open' if self.is_open else 'closed'}>"

    def _repr_html_(self) -> str:
        return "<pre>" + str(self).replace("&", "&amp;").replace("<", "&lt;") + "</pre>"


def ones_of(value: Any) -> Any:
    """Return ones like a value; of objects such as Fractions, their own kind of one."""
    if getattr(value, "dtype", None) is None or value.dtype.hasobject:
        return value * 0 + 1
    return np.ones_like(value)[()]


def plain(derivative: Any) -> Any:
    """Return a new plain array, so that no two results share memory with each other or the tape."""
    return np.array(derivative)[()] if isinstance(derivative, np.ndarray) else derivative


def can_change(array: Any) -> bool:
    """Whether somebody can write to the memory of an array, through it or through its base."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return True
        array = array.base
    return array is not None and not isinstance(array, bytes)


BLOCK = 8192


def odd_weights() -> Any:
    """Return fixed odd pseudo-random words: a counter through the mixer of splitmix64."""
    x = np.arange(1, BLOCK + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return x ^ (x >> np.uint64(27)) | np.uint64(1)


WEIGHTS = odd_weights()


def fingerprint(array: Any) -> int:
    r"""Return :math:`\sum_i r_i x_i \bmod 2^{64}` over the words of an array, at memory speed.

    The weights :math:`r_i` are odd and look random, so a change of a single word always shows,
    and a change of several goes unnoticed about once in :math:`2^{63}`.
    """
    if array.dtype.hasobject:
        return hash(tuple(array.flat))
    flat = np.ascontiguousarray(array).reshape(-1)
    words = flat.view(np.uint64 if flat.nbytes % 8 == 0 else np.uint8)
    if words.size <= BLOCK:
        return int(words.dot(WEIGHTS[: words.size]))
    parts = [words[k : k + BLOCK] for k in range(0, words.size, BLOCK)]
    return hash(tuple(int(part.dot(WEIGHTS[: part.size])) for part in parts))


def users_line() -> str:
    """Return the file and line outside this package that the present call comes from."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def shape_of(value: Any) -> str:
    """Return the shape of a value as text."""
    return str(getattr(value, "shape", ()))


def brief(value: Any) -> str:
    """Return a constant as text: numbers as they are, arrays by their shape."""
    if isinstance(value, np.ndarray):
        return f"array{shape_of(value)}"
    return f"{value.item() if isinstance(value, np.generic) else value!r:.20}"
