"""How a piece of a program can be wrong: what each node of its syntax tree is changed into.

The operators are the usual ones (the sufficient set and a few of the classical ones), and, since
rules are made of NumPy's names, swaps of names that are easily confused.

References
----------
.. [1] A. J. Offutt, A. Lee, G. Rothermel, R. H. Untch, C. Zapf, "An Experimental Determination of
   Sufficient Mutant Operators", ACM Transactions on Software Engineering and Methodology 5, 1996.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

__all__ = ["changes"]

Change = tuple[str, ast.AST, ast.AST]

ARITHMETIC: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
COMPARISON: dict[type, type] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPPOSITES = (ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn)  # swapped is negated

_CONFUSED = """
    sin cos, sinh cosh, tan tanh, arcsin arccos, arcsinh arccosh, arctan arctanh, exp expm1,
    log log1p, log2 log10, sqrt square, add subtract, multiply divide, minimum maximum, fmin fmax,
    min max, nanmin nanmax, argmin argmax, sum prod, nansum nanprod, cumsum cumprod, any all,
    zeros ones, zeros_like ones_like, floor ceil, real imag, tril triu, greater less,
    greater_equal less_equal, hstack vstack, fft ifft, rfft irfft, fft2 ifft2, fftn ifftn,
    matmul_nt matmul_tn, broadcast_to unbroadcast, atleast_1d atleast_2d
"""
CONFUSED = dict(pair.split() for pair in _CONFUSED.split(","))
CONFUSED |= {b: a for a, b in CONFUSED.items()}

# Functions whose call may be forgotten: the program runs on with the argument itself.
FORGOTTEN = {"conj", "conjugate", "real", "abs", "sorted", "reversed", "copy", "asarray", "sign"}


def changes(node: ast.AST) -> Iterator[Change]:
    """Yield ``(operator, old, new)``: a node within `node`, and what is put in its place."""
    match node:
        case ast.BinOp(op=op) | ast.AugAssign(op=op):
            yield "arithmetic", node, altered(node, op=ARITHMETIC[type(op)]())
        case ast.Compare(ops=[op]):
            yield "comparison", node, altered(node, ops=[COMPARISON[type(op)]()])
        case ast.BoolOp(op=op):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield "connective", node, altered(node, op=other)
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert()):
            yield "sign dropped", node, node.operand
        case ast.Constant(value=bool(value)):
            yield "constant", node, ast.Constant(not value)
        case ast.Constant(value=int() | float() | complex() as value):
            yield "constant", node, ast.Constant(value + 1)
        case ast.Constant(value=str(value)):
            yield "constant", node, ast.Constant("" if value else "other")
        case ast.Name(id=name, ctx=ast.Load()) if name in CONFUSED:
            yield "name", node, altered(node, id=CONFUSED[name])
        case ast.Attribute(attr=name, ctx=ast.Load()) if name in CONFUSED:
            yield "name", node, altered(node, attr=CONFUSED[name])
        case ast.Call():
            yield from changed_calls(node)
        case ast.Lambda(body=body) if not is_none(body):
            yield "return value", body, ast.Constant(None)
        case ast.Return(value=ast.expr() as value) if not is_none(value):
            yield "return value", value, ast.Constant(None)
        case ast.ClassDef(bases=bases):
            yield from (("base class", base, NEUTRAL_BASE) for base in bases)
    match node:
        case ast.If() | ast.While() | ast.IfExp():
            yield from negated([node.test])
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            yield from negated([test for part in node.generators for test in part.ifs])
        case ast.Expr() | ast.Raise() | ast.Continue() | ast.Break() | ast.AugAssign():
            yield "statement", node, ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "statement", node, ast.Pass()


def negated(tests: list[ast.expr]) -> Iterator[Change]:
    """Yield the opposite of each condition, where no other operator makes it."""
    for test in tests:
        swapped = isinstance(test, ast.Compare) and isinstance(test.ops[0], OPPOSITES)
        if not swapped and not isinstance(test, ast.UnaryOp):
            yield "condition", test, ast.UnaryOp(ast.Not(), test)


def changed_calls(node: ast.Call) -> Iterator[Change]:
    """Yield the call with one keyword less each time, and its argument if it may be forgotten."""
    for keyword in node.keywords:
        if keyword.arg not in UNTOUCHED_KEYWORDS:
            rest = [other for other in node.keywords if other is not keyword]
            yield "keyword", node, altered(node, keywords=rest)
    name = getattr(node.func, "attr", getattr(node.func, "id", None))
    if name in FORGOTTEN and node.args:
        yield "call", node, node.args[0]


#: ``zip(strict=True)`` is an assertion that never speaks; the others are names for the reader.
UNTOUCHED_KEYWORDS = {"strict", "name", "doc"}

NEUTRAL_BASE = ast.parse("type('Base', (), {})", mode="eval").body


def altered(node: ast.AST, **fields: object) -> ast.AST:
    """Return a copy of `node` with other fields."""
    return type(node)(**{**dict(ast.iter_fields(node)), **fields})


def is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
