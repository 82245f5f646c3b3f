"""minigrad."""

from minigrad import dispatch, display, ops
from minigrad.tape import Tape
from minigrad.transforms import *

__version__ = "0.1.0"
