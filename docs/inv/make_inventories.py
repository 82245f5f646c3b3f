"""Write the inventories that let our pages link to NumPy's and Python's without a network.

Run it again (``python docs/inv/make_inventories.py``) when a page needs a name that they lack.
The format is Sphinx's: four lines of header, then zlib-packed lines
``name domain:role priority address title``, where ``$`` stands for the name.
"""

import builtins
import zlib
from pathlib import Path

import numpy as np

NUMPY_MODULES = ("numpy", "numpy.fft", "numpy.linalg", "numpy.random", "numpy.testing")
NUMPY_TYPING = ("ArrayLike", "DTypeLike", "NDArray")
STDTYPES = ("bytearray", "bytes", "dict", "frozenset", "list", "memoryview", "range", "set")
STDTYPES += ("str", "tuple")
STDLIB = {  # name: (role, page)
    "collections.abc.Callable": ("class", "collections.abc"),
    "collections.abc.Iterable": ("class", "collections.abc"),
    "collections.abc.Iterator": ("class", "collections.abc"),
    "collections.abc.Mapping": ("class", "collections.abc"),
    "collections.abc.Sequence": ("class", "collections.abc"),
    "collections.namedtuple": ("function", "collections"),
    "concurrent.futures.Executor": ("class", "concurrent.futures"),
    "concurrent.futures.ProcessPoolExecutor": ("class", "concurrent.futures"),
    "concurrent.futures.ThreadPoolExecutor": ("class", "concurrent.futures"),
    "dataclasses.dataclass": ("function", "dataclasses"),
    "fractions.Fraction": ("class", "fractions"),
    "os.PathLike": ("class", "os"),
    "pathlib.Path": ("class", "pathlib"),
    "typing.Any": ("data", "typing"),
    "typing.NamedTuple": ("class", "typing"),
}


def numpy_entries():
    """Every public name of NumPy's modules, and the members of its array."""
    generated = "reference/generated/$.html#$"
    for name in NUMPY_MODULES:
        module = __import__(name, fromlist=["__all__"])
        yield name, "module", "reference/index.html"
        for member in module.__all__:
            value = getattr(module, member)
            role = "class" if isinstance(value, type) else "function"
            if isinstance(value, type) and issubclass(value, np.generic):
                yield f"{name}.{member}", role, "reference/arrays.scalars.html#$"
            elif callable(value):
                yield f"{name}.{member}", role, generated
            elif isinstance(value, float | type(None)):
                yield f"{name}.{member}", "data", "reference/constants.html#$"
    for member in dir(np.ndarray):
        if not member.startswith("_"):
            role = "method" if callable(getattr(np.ndarray, member)) else "attribute"
            yield f"numpy.ndarray.{member}", role, generated
    for member in NUMPY_TYPING:
        yield f"numpy.typing.{member}", "data", "reference/typing.html#$"


def python_entries():
    """Python's builtins, and the parts of its library that our pages name."""
    for name, value in vars(builtins).items():
        if name.startswith("_"):
            continue
        if isinstance(value, type) and issubclass(value, BaseException):
            yield name, "exception", "library/exceptions.html#$"
        elif name in STDTYPES:
            yield name, "class", "library/stdtypes.html#$"
        elif isinstance(value, type):
            yield name, "class", "library/functions.html#$"
        elif value in (None, True, False, ..., NotImplemented):
            yield name, "data", "library/constants.html#$"
        elif callable(value):
            yield name, "function", "library/functions.html#$"
    for name, (role, page) in STDLIB.items():
        yield name, role, f"library/{page}.html#$"


def write(path, project, entries):
    """Write one inventory, sorted so that it changes only when a name does."""
    head = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n"
    head += "# The remainder of this file is compressed using zlib.\n"
    body = "".join(f"{name} py:{role} 1 {place} -\n" for name, role, place in sorted(entries))
    path.write_bytes(head.encode() + zlib.compress(body.encode(), 9))


if __name__ == "__main__":
    here = Path(__file__).parent
    write(here / "numpy.inv", "NumPy", numpy_entries())
    write(here / "python.inv", "Python", python_entries())
