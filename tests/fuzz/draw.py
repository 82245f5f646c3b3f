"""Draw programs: statement after statement, each computed at once, so that every number stays sane.

A statement is refused, and another drawn, if its value is not finite, has many elements or none,
or stands at a kink. Values beyond `LARGEST` are scaled down by a constant.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.fuzz.grammar import ROWS, Row
from tests.fuzz.program import Program, Statement, names_in
from tests.fuzz.words import EXPRESSIONS, OPERANDS, SETTINGS

__all__ = ["draw_program"]

STATEMENTS = (30, 80)
ENGINES = (("autograd", "jax"), ("jax",), ("autograd", "jax"), ("autograd",), ())
LARGEST = 3.0  # of the numbers in a value
KINK = 0.02  # how far a value stays from where a derivative jumps
ELEMENTS, DIMENSIONS = 40, 4
SHAPES = [(), (1,), (2,), (4,), (2, 3), (3, 2), (1, 3), (3, 1), (2, 1, 3), (2, 3, 2), (3, 3, 2)]
WORD = re.compile(r"\{([a-z ]+)\}")


class Unfit(Exception):
    """A row that the values at hand can't fill, or whose value is not welcome."""


def draw_program(seed: int, number: int) -> Program:
    """Draw a program; the same for the same seed and number.

    The number says whose words are spoken: those that all engines know, or one of them, or none.
    """
    engines = ENGINES[number % len(ENGINES)]
    rng = np.random.default_rng([seed, number])
    shapes = [(3,), (n := int(rng.integers(2, 4)), n), *rng.choice(np.array(SHAPES, object), 3)]
    inputs = {f"x{k}": rng.normal(size=shape)[()] for k, shape in enumerate(shapes)}
    directions = {
        name: (rng.uniform(0.5, 1.5, x.shape) * rng.choice([-1.0, 1.0], x.shape))[()]
        for name, x in inputs.items()
    }
    known = ([row for row in rows if not {*row.without} & {*engines}] for rows in ROWS.values())
    themes = [rows for rows in known if rows]
    draft = Draft(rng, inputs)
    statements: list[Statement] = []
    length = int(rng.integers(STATEMENTS[0], STATEMENTS[1] + 1))
    while len(statements) < length:
        rows = themes[rng.integers(len(themes))]
        try:
            statement = draft.statement(rows[rng.integers(len(rows))])
        except Unfit:
            continue
        statements.append(statement)
        draft.values[statement.name] = statement.value
        draft.used.update(names_in(statement.text))
    outputs = tuple(name for name in draft.values if name not in draft.used)
    return Program(inputs, directions, tuple(statements), outputs, engines)


def kind_of(word: str) -> str:
    """Return the kind of a word: two axes of one row are {axis} and {another axis}."""
    return word.removeprefix("another ")


class Draft:
    """A program while it is drawn; fills the words of one row after another.

    Attributes
    ----------
    values : dict of str to array
        What a statement may use: inputs and what was computed before.
    used : set of str
        The names that some statement has used.
    operands : list of array
        Those of the row that is being filled; the settings fit the first, `x`.
    places : tuple of int
        The shape of the positions that were drawn last in this row.
    """

    def __init__(self, rng: np.random.Generator, inputs: dict[str, Any]) -> None:
        self.rng = rng
        self.values = dict(inputs)
        self.used: set[str] = set()
        self.operands: list[Any] = []
        self.places: tuple[int, ...] = ()

    def statement(self, row: Row) -> Statement:
        """Fill a row; raise Unfit if its value is not welcome."""
        self.operands = []
        words = dict.fromkeys(WORD.findall(row.text), "")
        # Settings fit the first operand, wherever in the row it stands.
        for word in sorted(words, key=lambda word: kind_of(word) in SETTINGS):
            words[word] = self.fill(kind_of(word))

        def filled(text: str) -> str:
            return WORD.sub(lambda match: words[match[1]], text)

        text = filled(row.text)
        if row.kinks:
            distance = self.computed(filled(row.kinks))
            if np.min(np.abs(distance), initial=np.inf) < KINK:
                raise Unfit
        value = self.computed(text)
        if not (0 < np.size(value) <= ELEMENTS and np.ndim(value) <= DIMENSIONS):
            raise Unfit
        if (most := np.max(np.abs(value))) > LARGEST:
            text = f"{LARGEST / most:.1g} * ({text})"
            value = self.computed(text)
        return Statement(f"x{len(self.values)}", text, value)

    def computed(self, text: str) -> Any:
        """Compute an expression with NumPy; raise Unfit if it is not made of finite numbers."""
        try:
            with np.errstate(all="ignore"):
                value = eval(text, {"np": np}, self.values)
        except (ValueError, IndexError):  # what NumPy says of shapes that do not fit
            raise Unfit from None
        if np.asarray(value).dtype != np.float64 or not np.all(np.isfinite(value)):
            raise Unfit
        return value

    def fill(self, kind: str) -> str:
        """Return what stands for a word of this kind."""
        if kind in OPERANDS:
            return self.operand(OPERANDS[kind])
        return (EXPRESSIONS.get(kind) or SETTINGS[kind])(self)

    def operand(self, fits: Callable[[Any, list[Any]], bool]) -> str:
        """Choose a value that fits; one that no statement has used is likelier."""
        names = [name for name, x in self.values.items() if fits(x, self.operands)]
        if not names:
            raise Unfit
        weights = np.array([1.0 if name in self.used else 4.0 for name in names])
        name = str(self.rng.choice(names, p=weights / weights.sum()))
        self.operands.append(self.values[name])
        return name

    @property
    def x(self) -> Any:
        """The first operand of the row."""
        return self.operands[0]

    def axis(self) -> int:
        """Draw an axis of the first operand, counted from the front or from the end."""
        return self.between(-np.ndim(self.x), np.ndim(self.x) - 1)

    def between(self, low: int, high: int) -> int:
        """Draw an integer, both ends included."""
        return int(self.rng.integers(low, high + 1))

    def one_of(self, *choices: str) -> str:
        """Draw one of some texts."""
        return choices[self.rng.integers(len(choices))]
