"""How things look: tapes as tables and as pages to step through, progress as a bar."""

from minigrad.display.explorer import Explorer, explore
from minigrad.display.progress import ProgressBar
from minigrad.display.text import rows, table

__all__ = ["Explorer", "ProgressBar", "explore", "rows", "table"]
