"""What the glyphs of the grid mean, on one line."""

from __future__ import annotations

from rich.text import Text

from meshtui.tui.theme import LINK_GLYPHS
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.cells import HERE_ONLY, MODE_NAMES, RAMP, STEPS, THERE_ONLY, Mode
from meshtui.tui.widgets.layout import Zoom
from meshtui.tui.words import bytes_short


class Legend(Calm):
    """Glyphs, the mode, and which way to read the grid."""

    def tell(self, mode: Mode, zoom: Zoom) -> None:
        """Show the legend for a mode and a zoom of the grid."""
        text = Text(" ", no_wrap=True, overflow="ellipsis")
        text.append(MODE_NAMES[mode], "bold")
        text.append("  ")
        for state, glyph in LINK_GLYPHS.items():
            text.append(glyph, self.colour(state))
            text.append(f" {state}  ", "dim")
        text.append(" ")
        self._ends(text, zoom)
        if zoom == "dots" and mode in STEPS:
            self._ramp(text, mode)
        text.append("  row → column", "dim")
        self.say(text)

    def _ends(self, text: Text, zoom: Zoom) -> None:
        if zoom == "dots":
            text.append(HERE_ONLY, self.colour("stale"))
            text.append(" this end only  ", "dim")
            text.append(THERE_ONLY, self.colour("stale"))
            text.append(" far end only", "dim")
        elif zoom == "map":
            text.append("· well  ⢠ stale  ⠘ unknown  ⢸ dead", "dim")
            text.append("  left: this end, right: far end; two hosts a line", "dim")
        else:
            text.append("●", self.colour("up"))
            text.append("◐", self.colour("stale"))
            text.append(" this end, far end", "dim")

    def _ramp(self, text: Text, mode: Mode) -> None:
        low, high = STEPS[mode][0], STEPS[mode][-1]
        least, most = (f"{low:g}", f"{high:g}") if mode == "rtt" else (_amount(low), _amount(high))
        text.append(f"  {RAMP[0]} <{least} … {RAMP[-1]} ≥{most}", "dim")


def _amount(count: float) -> str:
    return bytes_short(int(count))
