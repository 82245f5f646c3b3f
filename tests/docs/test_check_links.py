"""The checker of the built site finds each kind of fault, and no other."""

import subprocess
import sys
from pathlib import Path

import pytest

CHECKER = Path(__file__).parents[2] / "docs" / "check_links.py"


def check(site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, CHECKER, site], capture_output=True, text=True)


def site_with(folder: Path, body: str) -> Path:
    (folder / "sub").mkdir()
    (folder / "index.html").write_text(f'<html><body id="start">{body}</body></html>')
    (folder / "sub" / "page.html").write_text('<h1 id="a-b">Title</h1><a href="../#start">up</a>')
    (folder / "style.css").write_text("body { background: url(data:image/png;base64,AAAA) }")
    (folder / "a picture.png").write_bytes(b"")
    return folder


ALT = 'alt="cost against learning rate"'
SOUND = [
    '<a href="sub/page.html#a-b">in</a>',
    '<a href="#start">here</a>',
    '<a href="#">top</a>',
    '<a href="https://example.org/paper">a link that the reader follows</a>',
    '<a href="mailto:someone@example.org">a letter</a>',
    '<link rel="canonical" href="https://example.org/">',
    '<link rel="stylesheet" href="style.css?v=1">',
    f'<img src="a%20picture.png" srcset="a%20picture.png, a%20picture.png 2.00x" {ALT}>',
    '<div class="sphx-glr-thumbcontainer"><img src="a%20picture.png" alt=""></div>',
]
FAULTY = [
    ('<a href="sub/none.html">', "no such file"),
    ('<a href="sub/page.html#none">', "no such anchor"),
    ('<a href="#none">', "no such anchor"),
    (f'<img src="none.png" {ALT}>', "no such file"),
    (f'<img src="a%20picture.png" srcset="none.png 2x" {ALT}>', "no such file"),
    ('<img src="a%20picture.png">', "no alt text"),
    ('<img src="a%20picture.png" alt="">', "no alt text"),
    ('<img src="a%20picture.png" alt="plot 1">', "no alt text"),
    (
        '<div class="sphx-glr-thumbcontainer"></div><div><img src="a%20picture.png" alt=""></div>',
        "no alt text",
    ),
    ('<div class="sphx-glr-thumbcontainer"><img src="a%20picture.png"></div>', "no alt text"),
    ('<script src="https://cdn.example.org/x.js"></script>', "loaded from another site"),
    ('<script src="//cdn.example.org/x.js"></script>', "loaded from another site"),
    ('<link rel="stylesheet" href="https://cdn.example.org/x.css">', "loaded from another site"),
    ('<link rel="preconnect" href="https://fonts.example.org">', "loaded from another site"),
    ('<iframe src="https://example.org"></iframe>', "loaded from another site"),
    ('<p style="background: url(https://example.org/x.png)">', "loaded from another site"),
    ('<style>@import "https://example.org/x.css";</style>', "loaded from another site"),
    ("<style>@font-face { src: url('none.woff2') }</style>", "no such file"),
]


def test_a_sound_site_passes(tmp_path):
    done = check(site_with(tmp_path, "".join(SOUND)))
    assert done.stdout == "2 pages, 13 links and assets, 0 faults\n"
    assert done.returncode == 0


@pytest.mark.parametrize(("body", "said"), FAULTY, ids=[body for body, _ in FAULTY])
def test_each_fault_is_named_with_its_page(tmp_path, body, said):
    done = check(site_with(tmp_path, body))
    assert done.returncode == 1
    line, closing = done.stdout.splitlines()
    assert line.startswith("index.html: ")
    assert line.endswith(f": {said}")
    assert closing.endswith(", 1 faults")


def test_a_style_sheet_may_not_load_from_another_site(tmp_path):
    site = site_with(tmp_path, "")
    (site / "fonts.css").write_text("@font-face { src: url(https://fonts.example.org/x.woff2) }")
    done = check(site)
    assert done.returncode == 1
    assert "fonts.css: https://fonts.example.org/x.woff2: loaded from another site" in done.stdout


def test_a_folder_without_pages_is_not_a_site(tmp_path):
    done = check(tmp_path)
    assert done.returncode == 1
    assert "build the site first" in done.stdout
