"""How things look: tapes as tables and as pages to step through, progress, plots in words."""

from minigrad.display.explorer import Explorer, explore
from minigrad.display.plots import alt_text
from minigrad.display.progress import ProgressBar
from minigrad.display.text import rows, table

__all__ = ["Explorer", "ProgressBar", "alt_text", "explore", "rows", "table"]
