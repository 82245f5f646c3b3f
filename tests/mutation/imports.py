"""How a changed source gets into a running process.

Where the change is in the body of a function, the live function is given other code: no module is
imported anew, so that a process in which the tests are collected already can be forked and used.
That is what makes a mutant cost milliseconds. Where the change is in a table, a default or a class
body, or in a function that has run while the package was imported, the package is imported with it.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, FunctionType, ModuleType

__all__ = ["ChangedSource", "LiveCode", "changed_codes", "code_tree"]


class ChangedSource(MetaPathFinder):
    """Import the module of one file from another text; the file itself is not touched."""

    def __init__(self, path: str, source: str) -> None:
        self.path, self.source = path, source

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name.partition(".")[0] != "minigrad":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin == self.path:
            spec.loader = TextLoader(name, self.path, self.source)
        return spec


class TextLoader(SourceFileLoader):
    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self.source = source

    def get_code(self, name: str) -> CodeType:
        return compile(self.source, self.path, "exec", dont_inherit=True)


def code_tree(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and all that are defined in it."""
    yield code
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from code_tree(part)


def changed_codes(old: CodeType, new: CodeType) -> list[tuple[CodeType, CodeType]] | None:
    """Pair the code objects whose own instructions differ; None if the trees differ in shape."""
    inner = [[c for c in code.co_consts if isinstance(c, CodeType)] for code in (old, new)]
    if [c.co_name for c in inner[0]] != [c.co_name for c in inner[1]]:
        return None
    found = [] if own(old) == own(new) else [(old, new)]
    for pair in zip(*inner, strict=True):
        deeper = changed_codes(*pair)
        if deeper is None:
            return None
        found += deeper
    return found


def own(code: CodeType) -> tuple[object, ...]:
    """Return what a code object does, apart from lines and from the code objects in it."""
    constants = [repr(c) for c in code.co_consts if not isinstance(c, CodeType)]
    names = code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    return code.co_code, constants, *names, code.co_argcount, code.co_kwonlyargcount


Place = tuple[str, CodeType]  # equal code may stand in two files


class LiveCode:
    """The code of some modules as it was imported, and the functions that are alive with it."""

    def __init__(self, modules: Iterable[ModuleType]) -> None:
        self.roots = {m.__file__: m.__loader__.get_code(m.__name__) for m in modules}
        self.functions: dict[Place, list[FunctionType]] = {}
        for thing in gc.get_objects():
            if type(thing) is FunctionType and thing.__code__.co_filename in self.roots:
                place = thing.__code__.co_filename, thing.__code__
                self.functions.setdefault(place, []).append(thing)

    def replace(self, path: str, new: CodeType) -> None:
        """Give every function of a file that is alive its new code, from a tree of equal shape."""
        for old, other in zip(code_tree(self.roots[path]), code_tree(new), strict=True):
            for function in self.functions.get((path, old), ()):
                function.__code__ = other
