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

The numbers of the list are fixed once written. Results are read-only; what enters through
:meth:`minigrad.Tape.variable` is copied; and of every other array that the program uses (a batch,
say) the tape keeps a fingerprint, which a sweep compares before it trusts the array.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Number
from typing import Any, NamedTuple

import numpy as np

from minigrad import errors, finite, sweep, tree
from minigrad.callers import users_line
from minigrad.constants import constant, settled
from minigrad.fingerprint import Watch
from minigrad.memory import bytes_kept
from minigrad.primitive import NO_PARAMS, Primitive, filled_like, variable
from minigrad.variable import OPERATORS, Variable, value_of

__all__ = ["Contribution", "Instruction", "Mark", "Tape", "current_tape"]


class Instruction(NamedTuple):
    """One line of the tape: ``value = primitive(*operands, **params)``.

    ``inputs`` has the index on the tape of each operand, -1 where the operand is a constant.
    """

    primitive: Primitive
    inputs: tuple[int, ...]
    operands: tuple[Any, ...]
    params: dict[str, Any]
    value: Any


class Mark(NamedTuple):
    """A named range of instructions, ``tape[mark.start:mark.stop]``."""

    name: str
    start: int
    stop: int


class Contribution(NamedTuple):
    """What one use of a source adds to its gradient.

    ``instruction`` is the one that uses the source, ``mark`` the innermost mark around it.
    """

    instruction: int
    mark: str | None
    value: Any


_local = threading.local()  # each thread has its own open tapes


def open_tapes() -> list[Tape]:
    """Return the tapes that this thread has open, innermost last."""
    return _local.__dict__.setdefault("tapes", [])  # type: ignore[no-any-return]


def current_tape() -> Tape | None:
    """Return the innermost tape that is open in this thread, or None."""
    return open_tapes()[-1] if open_tapes() else None


class Tape:
    """A list of instructions that records while it is open, as a context manager.

    Parameters
    ----------
    lines : bool, default False
        Keep the user's file and line for each instruction (about 1 µs each).
    check : {None, "finite"}, default None
        With "finite", the first NaN or infinity is an error that names the instruction and the
        user's line, whether it comes up in a value or only in a derivative. Keeps the lines.

    Attributes
    ----------
    code : list of tuple
        The instructions as plain tuples; ``tape[i]`` gives an :class:`Instruction`.
    names : dict
        The names given to variables, by index.
    marks : list of Mark
        The ranges named by :meth:`mark`.
    lines : dict or None
        The user's file and line, by index, if asked for.

    Examples
    --------
    >>> import minigrad as mg
    >>> with mg.Tape() as tape:
    ...     x = tape.variable(2.0, name="x")
    ...     slope = tape.gradient(x**3, x)  # recorded: 3 x^2 is on the tape
    >>> slope.value, tape.gradient(slope, x)
    (12.0, 12.0)
    """

    def __init__(self, *, lines: bool = False, check: str | None = None) -> None:
        self.is_open = False
        self.thread = 0
        self.code: list[Any] = []
        self.names: dict[int, str] = {}
        self.marks: list[Mark] = []
        self.check = finite.known(check)
        self.lines: dict[int, str] | None = {} if lines or check else None
        self.watch = Watch()

    def __enter__(self) -> Tape:
        if self.is_open:
            raise errors.TapeError("this tape is open already: use one `with` for one tape")
        self.is_open, self.thread = True, threading.get_ident()
        open_tapes().append(self)
        return self

    def __exit__(self, *exception: object) -> None:
        self.is_open = False
        open_tapes().remove(self)

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
            If the tape is not open in this thread.
        SourceError
            If a leaf is not a number or an array of numbers.
        """
        if not self.is_open or self.thread != threading.get_ident():
            raise errors.TapeError("the tape is closed, or another thread's: use `with tape:` here")
        entered = tree.map(self._enter, value)
        if name is not None:
            self.names.update((x.index, name + path) for path, x in tree.paths(entered).items())
        return entered

    def _enter(self, leaf: Any) -> Variable:
        if type(leaf) is Variable and leaf.tape.is_open:
            self._check_owner(leaf, "the value")
            return self.append(variable, (leaf.index,), (leaf.value,), NO_PARAMS, leaf.value)
        array = np.array(constant(value_of(leaf)))
        if array.dtype.kind not in "fciub" and not all(isinstance(x, Number) for x in array.flat):
            what = f"{type(leaf).__name__} {leaf!r:.60}"
            raise errors.SourceError(f"expected a number or an array of numbers, got {what}")
        array.setflags(write=False)
        leaf = leaf if isinstance(leaf, float | int) else array[()]
        return self.append(variable, (-1,), (leaf,), {}, leaf)

    def append(
        self, prim: Primitive, inputs: Any, operands: Any, params: dict[str, Any], value: Any
    ) -> Variable:
        """Write one instruction and return its result as a Variable."""
        index = len(self.code)
        if -1 in inputs:
            self.watch.see(index, inputs, operands)
        self.code.append((prim, inputs, operands, params, value))
        if self.lines is not None:
            self.lines[index] = users_line()
            finite.check_value(self, index)
        new = Variable()
        new.tape, new.index, new._value = self, index, value
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
        NonFiniteError
            If the tape checks, and a derivative is infinite or NaN.
        """
        if contributions and self.is_open:
            raise errors.TapeError("contributions are read off a closed tape: ask after `with`")
        indices, targets = self._indices(sources), self._seeds(target, cotangent)
        if not contributions:
            found = self._sweep(sweep.backward, indices, targets, targets, indices)
            return tree.unflatten(sources, map(self._hand_out, found, indices))
        terms: dict[int, list[Contribution]] = {index: [] for index in indices}

        def note(source: int, use: int, x_bar: Any) -> None:
            if source in terms:
                around = (mark.name for mark in self.marks if mark.start <= use < mark.stop)
                value = plain(x_bar, self.code[source][4])
                terms[source].insert(0, Contribution(use, next(around, None), value))

        self._sweep(sweep.backward, indices, targets, targets, indices, note=note)
        return tree.unflatten(sources, [terms[index] for index in indices])

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
        for index, x_dot in zip(indices, tree.walk(directions, sources, []), strict=True):
            x_dot = self._checked(x_dot, self.code[index][4], "the direction")
            moves[index] = moves[index] + x_dot if index in moves else x_dot
        wanted = [self._check_owner(y, "a target") for y in tree.leaves(targets)]
        reached = [y.index if isinstance(y, Variable) else -1 for y in wanted]
        found = self._sweep(sweep.forward, indices, reached, moves, reached)
        return tree.unflatten(targets, map(self._hand_out, found, reached, wanted))

    def _indices(self, sources: Any) -> list[int]:
        """Return where the sources are, having checked that they can have a derivative."""
        leaves = tree.leaves(sources)
        for k, x in enumerate(leaves):
            if type(x) is Variable and x.tape is self and np.asarray(x._value).dtype.kind in "fcO":
                continue  # it varies smoothly: floating, complex or exact
            what = f"source{list(tree.paths(sources))[k]}"
            self._check_owner(x, what)
            mend = "is not on the tape: make it a variable with tape.variable before it is used"
            if isinstance(x, Variable):
                mend = f"has dtype {x.dtype}, which has no derivative: start from 2.0 rather than 2"
            raise errors.SourceError(f"{what}, {x!r:.60}, {mend}")
        return [x.index for x in leaves]

    def _seeds(self, target: Any, cotangent: Any) -> dict[int, Any]:
        """Return the cotangents that a backward sweep starts from, by instruction."""
        if cotangent is None:
            value = value_of(target)
            is_float = isinstance(value, float)
            single = is_float or (tree.children(target) is None and not np.ndim(value))
            if not single or not (is_float or np.asarray(value).dtype.kind in "fiuO"):
                raise errors.TargetError(
                    f"a gradient needs one real scalar target, this is {target!r:.60}: sum it, "
                    f"or give `cotangent=` the weights of its elements"
                )
            self._check_owner(target, "the target")
            # A Python float is NumPy's on a closed tape, see `_checked`.
            seed = np.float64(1.0) if is_float and not self.is_open else filled_like(value, 1)
            return {target.index: seed} if isinstance(target, Variable) else {}
        seeds: dict[int, Any] = {}
        for y, y_bar in zip(tree.leaves(target), tree.walk(cotangent, target, []), strict=True):
            self._check_owner(y, "the target")
            if isinstance(y, Variable):
                y_bar = self._checked(y_bar, y.value, "the cotangent")
                seeds[y.index] = seeds[y.index] + y_bar if y.index in seeds else y_bar
        return seeds

    def _check_owner(self, x: Any, what: str) -> Any:
        if isinstance(x, Variable) and x.tape is not self:
            raise errors.TapeMismatchError(f"{what} is on another tape: ask that, `x.tape`")
        return x

    def _checked(self, derivative: Any, primal: Any, what: str) -> Any:
        """Check that a derivative given by the user has the shape of its primal."""
        self._check_owner(derivative, what)
        given, wanted = np.shape(value_of(derivative)), np.shape(primal)
        if given != wanted:
            raise errors.TargetError(f"{what} has shape {given}, but its primal has {wanted}")
        if type(derivative) is float and not self.is_open:
            return np.float64(derivative)  # at a pole: NumPy's infinity, not Python's exception
        return settled(derivative, primal)

    def _hand_out(self, derivative: Any, index: int, of: Any = None) -> Any:
        """Return a result of a sweep: a Variable while the tape is open, else a new array."""
        if type(derivative) is Variable:
            return derivative
        primal = self.code[index][4] if index >= 0 else of
        if derivative is None:
            derivative = filled_like(primal, 0)
        if not self.is_open:
            return plain(derivative, primal)
        return self.append(variable, (-1,), (derivative,), {}, derivative)

    def _sweep(self, way: Any, sources: Any, targets: Any, *ends: Any, note: Any = None) -> Any:
        """Run a sweep, having checked the constants that it will read."""
        if self.is_open and self.thread != threading.get_ident():
            raise errors.TapeError("another thread has this tape open: a sweep would record on it")
        self.watch.begin_sweep(self, min(sources, default=0), max(targets, default=-1))
        try:
            return way(self, *ends, finite.witness(self, note))
        finally:
            self.watch.end_sweep()

    # Reading

    def __len__(self) -> int:
        return len(self.code)

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [Instruction(*line) for line in self.code[index]]
        return Instruction(*self.code[index])

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays that the tape keeps alive, each counted once."""
        return bytes_kept(self.code)

    def __str__(self) -> str:
        return str(OPERATORS["table"](self))

    def explore(self, target: Any, sources: Any, path: Any = None) -> Any:
        """Make a page on which to step through the tape and through the sweep back over it.

        It shows each instruction with its value and its cotangent, a sentence for each step, and
        what each use of a source contributes to the gradient. A notebook displays it.

        Parameters
        ----------
        target : Variable
            A real scalar.
        sources : Variable, or tree of Variables
            What the gradient is taken with respect to.
        path : str or path, optional
            A file to write the page to: one piece of HTML, which loads nothing.

        Returns
        -------
        minigrad.display.Explorer
            Made by :func:`minigrad.display.explore`, which tells more.

        Raises
        ------
        TapeError, TargetError, SourceError, TapeMismatchError, ChangedArrayError, MissingRuleError
            As for :meth:`gradient`, with contributions.
        """
        return OPERATORS["explore"](self, target, sources, path)

    def __repr__(self) -> str:
        return f"<Tape of {len(self)} instructions, {'open' if self.is_open else 'closed'}>"

    def _repr_html_(self) -> str:
        return str(OPERATORS["html table"](self))


def plain(derivative: Any, primal: Any) -> Any:
    """Return a new plain array: no two results share memory with each other or the tape."""
    if isinstance(derivative, np.ndarray):
        return np.array(derivative)[()]
    return float(derivative) if type(primal) is float else derivative
