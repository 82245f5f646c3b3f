"""Check a built site: ``python docs/check_links.py docs/_build/html``.

Three laws, for each page of HTML and each style sheet:

* a link into the site leads to a file that is there, and to an anchor in it;
* whatever the browser loads by itself (scripts, styles, fonts, pictures) is in the site;
* a picture says in words what it shows (``alt``), unless it is a thumbnail beside its title.

Links to other sites are for the reader to follow, and are left alone.
"""

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

ADDRESSES = {"href", "xlink:href", "src", "data", "poster"}  # the attributes that hold one
FOLLOWED = {"a", "area"}  # only a click loads what these tags name; any other tag loads at once
RELATED = {"canonical", "next", "prev", "search", "index", "author", "license"}  # <link rel=...>
THUMBNAIL = "sphx-glr-thumbcontainer"  # the class of what holds one, with its title beside it
WORDS = 4  # a text alternative with fewer says nothing
IN_CSS = re.compile(r"""(?:url\(|@import\s)\s*["']?([^"')\s;]+)""")


class Reference(NamedTuple):
    """An address that a file mentions, and whether the browser loads it without being asked."""

    address: str
    loaded: bool


class Page(HTMLParser):
    """The anchors of one page, and what it refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors = {"", "top"}
        self.references: list[Reference] = []
        self.wordless: list[str] = []  # pictures without a text alternative
        self.beside_title = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what one tag names and refers to."""
        values = {name: value or "" for name, value in attrs}
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        loaded = tag not in FOLLOWED and not RELATED & set(values.get("rel", "").split())
        self.references += [Reference(values[n], loaded) for n in ADDRESSES & values.keys()]
        for candidate in values.get("srcset", "").split(", "):
            self.references += [Reference(address, True) for address in candidate.split()[:1]]
        self.references += loaded_by_css(values.get("style", ""))
        if tag == "div":
            self.beside_title = THUMBNAIL in values.get("class", "").split()
        if tag == "img":
            decorates = self.beside_title and values.get("alt") == ""
            if not decorates and len(values.get("alt", "").split()) < WORDS:
                self.wordless.append(values.get("src", ""))

    def handle_data(self, data: str) -> None:
        """Note what a style sheet inside the page refers to."""
        if self.lasttag == "style":
            self.references += loaded_by_css(data)


def loaded_by_css(text: str) -> list[Reference]:
    """Everything that a style sheet makes the browser load."""
    return [Reference(address, True) for address in IN_CSS.findall(text)]


def references(site: Path, pages: dict[Path, Page]) -> Iterator[tuple[Path, Reference]]:
    """Every reference of the site, with the file that makes it."""
    for path, page in pages.items():
        yield from ((path, reference) for reference in page.references)
    for path in sorted(site.rglob("*.css")):
        text = path.read_text(encoding="utf-8")
        yield from ((path, reference) for reference in loaded_by_css(text))


def fault(path: Path, reference: Reference, pages: dict[Path, Page]) -> str | None:
    """What is wrong with one reference, if anything is."""
    parts = urlsplit(reference.address)
    if parts.scheme == "data":
        return None
    if parts.scheme or parts.netloc:
        return "loaded from another site" if reference.loaded else None
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return "no such file"
    if target in pages and unquote(parts.fragment) not in pages[target].anchors:
        return "no such anchor"
    return None


def main(site: Path) -> int:
    """Print each fault and a closing line; return the exit code."""
    site = site.resolve()
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    if not pages:
        print(f"{site} holds no page: build the site first, with python -m sphinx docs {site}")
        return 1
    found = [(path, ref, fault(path, ref, pages)) for path, ref in references(site, pages)]
    faults = [(path, ref.address, what) for path, ref, what in found if what]
    faults += [(path, src, "no alt text") for path, page in pages.items() for src in page.wordless]
    for path, address, what in faults:
        print(f"{path.relative_to(site)}: {address}: {what}")
    print(f"{len(pages)} pages, {len(found)} links and assets, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/check_links.py SITE, where SITE is the folder of a built site")
    sys.exit(main(Path(sys.argv[1])))
