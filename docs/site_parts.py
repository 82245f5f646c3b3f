"""What the build computes: the support table, the signatures of primitives, the look of figures."""

import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from sphinx.application import Sphinx

from minigrad.extend import Primitive
from minigrad.ops import support_table

HERE = Path(__file__).parent
COLUMNS = ("function", "keywords", "modes", "orders", "note")


def setup(app: Sphinx) -> dict[str, bool]:
    """Join the build."""
    app.connect("builder-inited", write_support_table)
    app.connect("autodoc-process-signature", signature_of_primitive)
    app.connect("autodoc-skip-member", skip_field_without_words)
    return {"parallel_read_safe": True}


def write_support_table(app: Sphinx) -> None:
    """Write the table that ``support.rst`` includes, one row for each entry of the engine's own."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: auto", ""]
    for row in [{name: name.capitalize() for name in COLUMNS}, *map(_cells, support_table())]:
        bullets = ("   * - ", *["     - "] * (len(COLUMNS) - 1))
        lines += [
            (bullet + row[name]).rstrip() for bullet, name in zip(bullets, COLUMNS, strict=True)
        ]
    target = HERE / "_generated" / "support_table.rst"
    target.parent.mkdir(exist_ok=True)
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _cells(entry: dict[str, Any]) -> dict[str, str]:
    function = entry["function"]
    linked = function.replace("_", "").replace(".", "").isalnum() and "." in function
    return {
        "function": f":obj:`{function}`" if linked else f"``{function}``",
        "keywords": _listed(entry["keywords"], "``{}``"),
        "modes": _listed(entry["modes"], "{}"),
        "orders": _listed(entry["orders"], "{}"),
        "note": str(entry["note"] or ""),
    }


def _listed(value: object, form: str) -> str:
    if not value:
        return ""
    many = value if isinstance(value, Iterable) and not isinstance(value, str) else [value]
    return ", ".join(form.format(one) for one in many)


def signature_of_primitive(
    app: Sphinx, what: str, name: str, documented: Any, *_: Any
) -> tuple[str, None] | None:
    """Give a primitive the signature of the function underneath, without its annotations."""
    if what != "function" or not isinstance(documented, Primitive):
        return None
    parameters = inspect.signature(documented.function).parameters.values()
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in parameters]
    return str(inspect.Signature(bare)), None


def skip_field_without_words(
    app: Sphinx, what: str, name: str, documented: Any, *_: Any
) -> bool | None:
    """Leave out a named tuple's fields as Python documents them: their class says what they are."""
    return True if str(documented.__doc__).startswith("Alias for field number") else None


def use_docs_matplotlibrc(gallery_conf: dict[str, Any], tutorial: str) -> None:
    """Draw every tutorial's figures with ``docs/matplotlibrc``, whatever the last one had set."""
    mpl.rc_file(HERE / "matplotlibrc")
