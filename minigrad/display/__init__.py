"""How things look: tapes as text and HTML."""

from minigrad.display import text
from minigrad.display.text import rows, table

__all__ = ["rows", "table", "text"]
