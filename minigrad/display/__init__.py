"""How things look: tapes as tables, progress as a bar."""

from minigrad.display.progress import ProgressBar
from minigrad.display.text import rows, table

__all__ = ["ProgressBar", "rows", "table"]
