"""Where a source is changed, and where it is left as it is.

A mutant is one change at one place, written into the text of the source, so that it can be shown,
compiled and named. Functions, lambdas, tables of a module and bodies of classes are all changed.

Left as they are, since no law of numbers can tell the difference:

* docstrings, annotations, imports, ``__all__``, ``__slots__``, and what is for type checkers alone;
* what is told: f-strings, strings with a space in them, what is handed to the exception of a
  ``raise`` (the ``raise`` itself is left out in its turn), and methods such as ``__repr__``;
* the strings of a module and of a class outside functions, which are names;
* the keywords `name` and `doc`, and ``strict=`` of ``zip``, an assertion;
* a length -1 in what is reshaped, since NumPy infers any negative length.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.operators import UNTOUCHED_KEYWORDS, changes

__all__ = ["Mutant", "mutants_of"]

DISPLAY = {"__repr__", "__str__", "__format__", "_repr_html_"}
NAME_LISTS = {"__all__", "__slots__"}


@dataclass(frozen=True)
class Mutant:
    """One change at one place of a file.

    `lines` are the first and last line that are changed, `statement` those of the statement
    around them, and `where` the function or the row of a table that they belong to.
    """

    file: str
    where: str
    operator: str
    lines: tuple[int, int]
    statement: tuple[int, int]
    before: str
    after: str
    source: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What names this mutant for as long as its line reads as it does, wherever it stands."""
        return self.file, self.where, self.before, self.after

    def diff(self, original: str) -> str:
        """Return the change as a unified diff without context."""
        old, new = original.splitlines(), self.source.splitlines()
        return "\n".join(list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:])


def mutants_of(file: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of a source, each once."""
    text = source.encode()  # the columns of a syntax tree count bytes
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    seen = {source}
    for node, statement, where in places(ast.parse(source)):
        for operator, old, new in changes(node):
            written = ast.unparse(ast.fix_missing_locations(new))
            if isinstance(new, ast.expr):
                written = f"({written})"
            start = starts[old.lineno - 1] + old.col_offset
            stop = starts[old.end_lineno - 1] + old.end_col_offset
            first, last = starts[old.lineno - 1], starts[old.end_lineno]
            before = text[first:last].decode()
            after = (text[first:start] + written.encode() + text[stop:last]).decode()
            changed = text[:first].decode() + after + text[last:].decode()
            if before.strip() in ("continue", "break"):  # told apart by the line before
                led_by = text[starts[max(old.lineno - 2, 0)] : first].decode()
                before, after = led_by + before, led_by + after
            if changed not in seen:
                seen.add(changed)
                yield Mutant(
                    file,
                    where,
                    operator,
                    (old.lineno, old.end_lineno),
                    (statement.lineno, head(statement)),
                    " ".join(before.split()),
                    " ".join(after.split()),
                    changed,
                )


def places(tree: ast.Module) -> Iterator[tuple[ast.AST, ast.stmt, str]]:
    """Yield each node that may be changed, with the statement and the name of what is around it."""

    def descend(node: ast.AST, statement: ast.stmt, where: tuple[str, ...], inside: bool):
        if left_alone(node, inside):
            return
        if isinstance(node, ast.stmt):
            statement = node
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            where = (*where, node.name)
        elif not where and isinstance(node, ast.stmt):
            where = (title(node),)
        yield node, statement, ".".join(where)
        function = isinstance(node, ast.FunctionDef | ast.Lambda)
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "exc", "cause", "type_params"):
                continue
            within = inside or (function and field == "body")
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not inferred_length(child, node, field):
                    yield from descend(child, statement, where, within)

    for node in tree.body:
        yield from descend(node, node, (), inside=False)


def left_alone(node: ast.AST, inside: bool) -> bool:
    """Say whether `node` is never changed, nor anything in it; `inside` a function or not."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.JoinedStr():
            return True
        case ast.Expr(value=ast.Constant(value=str() | ast.Ellipsis)):
            return True  # a docstring
        case ast.Constant(value=str(text)):
            return not inside or " " in text
        case ast.FunctionDef(name=name):
            return name in DISPLAY
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name in NAME_LISTS
        case ast.Assign(targets=[ast.Attribute(attr="__doc__")]):
            return True
        case ast.keyword(arg=name) if name in UNTOUCHED_KEYWORDS:
            return True
    return False


def inferred_length(node: ast.AST, parent: ast.AST, field: str) -> bool:
    """Say whether `node` is the 1 of a -1 among the lengths of a shape."""
    match parent, node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)), ast.Constant():
            return getattr(parent, "in_shape", False)
        case ast.keyword(arg="shape"), _:
            mark_shape(node)
        case ast.Call(func=ast.Attribute(attr="reshape")), _ if field == "args":
            mark_shape(node)
    return False


def mark_shape(shape: ast.AST) -> None:
    """Mark the negative lengths of a shape that is written out."""
    for part in ast.walk(shape):
        if isinstance(part, ast.Subscript):
            return
        if isinstance(part, ast.UnaryOp):
            part.in_shape = True


def title(statement: ast.stmt) -> str:
    """Return what a statement of a module is known by: its target, or the call and its subject."""
    match statement:
        case ast.Assign(targets=[target, *_]) | ast.AnnAssign(target=target):
            return ast.unparse(target)
        case ast.Expr(value=ast.Call(func=function, args=[first, *_])):
            return f"{ast.unparse(function)}({ast.unparse(first):.40})"
    return type(statement).__name__


def head(statement: ast.stmt) -> int:
    """Return the last line of a statement, without the block in it."""
    body = getattr(statement, "body", None)
    return max(statement.lineno, body[0].lineno - 1) if body else statement.end_lineno


def read(path: Path, root: Path) -> Iterator[Mutant]:
    """Yield the mutants of a file, whose name is told from `root` on."""
    yield from mutants_of(path.relative_to(root).as_posix(), path.read_text())
