"""References are text: for reStructuredText, a line by itself that begins with ``J.`` is a list."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIST = re.compile(r"^ *\.\. \[\d+\] [A-Z]\. [^\n]*\n(?!    *[^\s.\"])", re.MULTILINE)
FILES = sorted([*ROOT.glob("minigrad/**/*.py"), *ROOT.glob("docs/**/*.rst")])


def lists(text):
    return LIST.findall(text)


def test_no_reference_is_a_list():
    found = {str(path.relative_to(ROOT)): lists(path.read_text("utf-8")) for path in FILES}
    assert not {path: lines for path, lines in found.items() if lines}


def test_one_that_is_would_be_seen():
    assert lists('    .. [1] J. Domke, "Methods".\n    """\n')
    assert lists('.. [1] J. Domke, "Methods".\n.. [2] D. Maclaurin,\n   2015.\n')
    assert not lists('    .. [1] J. Domke, "Methods",\n       2012.\n')
