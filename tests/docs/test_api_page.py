"""The API page and the modules' ``__all__`` name the same things."""

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

API_PAGE = Path(__file__).parents[2] / "docs" / "api.rst"


def names_by_module() -> dict[str, set[str]]:
    """Read which names the page lists under which module."""
    names: dict[str, set[str]] = {}
    listing = False
    for line in API_PAGE.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"\.\. automodule:: (\S+)", line):
            module = found[1]
            names[module] = set()
        if line and not line.startswith(" "):
            listing = line.startswith(".. autosummary::")
        elif line == "   :members:":  # the page shows all that the module has
            del names[module]
        elif listing and (found := re.fullmatch(r"   (\w+)", line)):
            names[module].add(found[1])
    return names


PAGE = names_by_module()


@pytest.mark.parametrize("module", PAGE)
def test_the_page_lists_the_public_names_and_no_other(module):
    """What a module has from another one, or lends to it, may be left to that one's list."""
    room = importlib.import_module(module)
    elsewhere = {
        id(getattr(importlib.import_module(other), name))
        for other, names in PAGE.items()
        if other != module
        for name in names
    }
    public = {
        name
        for name in room.__all__
        if not name.startswith("__") and not isinstance(getattr(room, name), ModuleType)
    }
    left_out = {name for name in public - PAGE[module] if id(getattr(room, name)) not in elsewhere}
    assert not PAGE[module] - public
    assert not left_out
