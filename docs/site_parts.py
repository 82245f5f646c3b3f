"""What the build computes: tables, the explorer, signatures, figures and their words."""

import html
import inspect
import re
import runpy
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from sphinx.application import Sphinx
from sphinx_gallery.scrapers import matplotlib_scraper

from minigrad.display import alt_text
from minigrad.extend import Primitive
from minigrad.learn import EXERCISES
from minigrad.ops import support_table

HERE = Path(__file__).parent
GREEK = {r"\eta": "η", r"\lambda": "λ", r"\infty": "∞"}
BACK = re.compile(r"(?P<up>(\.\./)+)(?P<document>generated/[\w.-]+)\.html#(?P<anchor>[\w.]+)")


def setup(app: Sphinx) -> dict[str, bool]:
    """Join the build."""
    app.connect("builder-inited", write_support_table)
    app.connect("builder-inited", write_exercises)
    app.connect("builder-inited", write_explorer)
    app.connect("autodoc-process-signature", signature_of_primitive)
    app.connect("autodoc-skip-member", skip_field_without_words)
    app.connect("source-read", leave_out_the_folder)
    app.connect("html-page-context", mend_links_from_sources)
    app.connect("html-page-context", mend_roles, priority=900)  # after the theme
    app.connect("html-page-context", mend_tooltips)
    return {"parallel_read_safe": True}


def write_support_table(app: Sphinx) -> None:
    """Write what ``support.rst`` includes: a table of what is recorded, and a list of the rest."""
    entries = support_table()
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 34 30 36", ""]
    for row in [("Function", "Keywords", "Note"), *(_cells(e) for e in entries if e["modes"])]:
        lines += [
            f"{bullet}{cell}".rstrip()
            for bullet, cell in zip(("   * - ", "     - ", "     - "), row, strict=True)
        ]
    _write("support_table.rst", "\n".join(lines))
    _write(
        "support_values.rst", ", ".join(_linked(e["function"]) for e in entries if not e["modes"])
    )


def write_exercises(app: Sphinx) -> None:
    """Write what ``exercises.rst`` includes: what there is to solve, and in which file."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 6 54 40", ""]
    rows = [(str(one.number), one.title, f"``{one.file_name}``") for one in EXERCISES]
    for number, title, name in [("N", "Exercise", "Your file"), *rows]:
        lines += [f"   * - {number}", f"     - {title}", f"     - {name}"]
    _write("exercises.rst", "\n".join(lines))


def write_explorer(app: Sphinx) -> None:
    """Write what ``explorer.rst`` embeds: the tape of the loop that it shows, to step through."""
    explored = runpy.run_path(str(HERE / "explored_loop.py"))
    _write("explorer.html", explored["explorer"].fragment)


def _write(name: str, text: str) -> None:
    target = HERE / "_generated" / name
    target.parent.mkdir(exist_ok=True)
    target.write_text(text + "\n", encoding="utf-8")


def _cells(entry: dict[str, Any]) -> tuple[str, str, str]:
    notes = [str(entry["note"] or "")]
    if tuple(entry["modes"]) != ("reverse", "forward"):
        notes.append(f"{', '.join(entry['modes'])} mode only")
    if entry["orders"] != "any":
        notes.append(f"orders: {entry['orders']}")
    keywords = ", ".join(f"``{keyword}``" for keyword in entry["keywords"])
    return _linked(entry["function"]), keywords, "; ".join(filter(None, notes))


def _linked(function: str) -> str:
    """Return a function's name, linked if it is one that NumPy's own pages have."""
    known = function.replace("_", "").replace(".", "").isalnum() and "." in function
    return f":obj:`{function}`" if known else f"``{function}``"


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


def mend_links_from_sources(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Lead each link from a shown source file to the anchor that its page has.

    `viewcode` takes all names of a file to be documented under one module. Ours are documented
    where users import them from, which may be two modules for one file.
    """
    objects = app.env.domains["py"].objects

    def mended(link: re.Match[str]) -> str:
        document, anchor = link["document"], link["anchor"]
        if anchor not in objects or objects[anchor].docname != document:
            anchor = document.removeprefix("generated/").removesuffix("-class")
        return f"{link['up']}{document}.html#{anchor}"

    if page.startswith("_modules/"):
        context["body"] = BACK.sub(mended, context["body"])


def mend_roles(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Give references, and captions in the side bar, roles that are whole and not deprecated."""
    for part, role, mended in (
        ("body", 'role="doc-biblioentry"', 'role="listitem"'),  # what a list of them asks for
        ("furo_navigation_tree", 'role="heading"', 'role="heading" aria-level="2"'),
    ):
        if part in context:
            context[part] = context[part].replace(role, mended)


def mend_tooltips(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: Any
) -> None:
    """Write a thumbnail's tooltip, in which mathematics is TeX, with letters."""

    def mended(tooltip: re.Match[str]) -> str:
        words = tooltip[0]
        for tex, letter in GREEK.items():
            words = words.replace(tex, letter)
        return words

    if "body" in context:
        context["body"] = re.sub(r'(?<= tooltip=")[^"]*', mended, context["body"])


def leave_out_the_folder(app: Sphinx, page: str, source: list[str]) -> None:
    """Show the paths that tutorials print from the root of the repository on."""
    if page.startswith("tutorials/"):
        source[0] = source[0].replace(f"{HERE.parent}/", "")


def figures_in_words(block: Any, block_vars: dict[str, Any], gallery_conf: Any) -> str:
    """Take the figures of a cell, each with its text alternative, and none with a clipped text."""
    figures = [plt.figure(number) for number in plt.get_fignums()]
    for figure in figures:
        refuse_clipped(figure)
    words = iter([html.escape(alt_text(figure)) for figure in figures])
    rst: str = matplotlib_scraper(block, block_vars, gallery_conf)
    return re.sub(r"(?<=:alt: ).*", lambda _: next(words), rst)


def refuse_clipped(figure: Any) -> None:
    """Raise if a text of a figure goes beyond its edge, and so would be cut off in the picture."""
    figure.canvas.draw()
    inside = figure.bbox.padded(1.0)
    texts = list(figure.texts)
    for ax in figure.axes:
        texts += [ax.title, *ax.texts]
        texts += [ax.xaxis.label, ax.yaxis.label] if ax.axison else []
        texts += ax.get_legend().get_texts() if ax.get_legend() else []
    for text in texts:
        box = text.get_window_extent()
        if box.width and not (inside.contains(*box.min) and inside.contains(*box.max)):
            raise ValueError(f"the text {text.get_text()!r} goes beyond the edge of its figure")


def use_docs_matplotlibrc(gallery_conf: dict[str, Any], tutorial: str) -> None:
    """Draw every tutorial's figures with ``docs/matplotlibrc``, whatever the last one had set."""
    mpl.rc_file(HERE / "matplotlibrc")
