"""Puts the stand-in fleet's looks within reach."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tui"))
