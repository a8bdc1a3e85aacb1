"""What the glyphs of the grid mean, on one line."""

from __future__ import annotations

from rich.text import Text

from meshtui.tui.theme import LINK_GLYPHS, MET, WAY
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.cells import HERE_ONLY, MODE_NAMES, RAMP, STEPS, THERE_ONLY, Mode
from meshtui.tui.widgets.layout import Zoom
from meshtui.tui.words import bytes_short

#: Below this width, a glyph and its word stand close.
ROOMY = 116
#: And wider by this for each kind of pair that only some meshes have.
_MORE = 13


class Legend(Calm):
    """Glyphs, the mode, and which way to read the grid."""

    def tell(self, mode: Mode, zoom: Zoom, *, met: bool = False, ways: bool = False) -> None:
        """Show the legend for a mode and a zoom of the grid.

        `met`: some are linked through NAT; `ways`: some only reach each other through others.
        """
        roomy = self.app.size.width >= ROOMY + _MORE * (met + ways)
        self._space, self._gap = (" ", "  ") if roomy else ("", " ")
        text = Text(" ", no_wrap=True, overflow="ellipsis")
        text.append(MODE_NAMES[mode], "bold")
        text.append(self._gap)
        if zoom == "map":
            for glyph, word in (("·", "well"), ("⢠", "stale"), ("⠘", "unknown"), ("⢸", "dead")):
                self._entry(text, glyph, word)
            self._entry(text, " ", "left: this end, right: far end")
        else:
            for state, glyph in LINK_GLYPHS.items():
                self._entry(text, glyph, state, state)
            if met:
                self._entry(text, MET, "punched", "up")
            if ways:
                self._entry(text, WAY, "via others" if roomy else "via", "up")
            self._ends(text, zoom)
        if zoom == "dots" and mode in STEPS:
            self._ramp(text, mode)
        self._entry(text, "", "row → column")
        self.say(text)

    def _entry(self, text: Text, glyph: str, word: str, state: str = "") -> None:
        text.append(glyph, self.colour(state) if state else "")
        text.append(f"{self._space}{word}{self._gap}", "dim")

    def _ends(self, text: Text, zoom: Zoom) -> None:
        if zoom == "dots":
            self._entry(text, HERE_ONLY, "this end only", "stale")
            self._entry(text, THERE_ONLY, "far end only", "stale")
        else:
            text.append("●", self.colour("up"))
            self._entry(text, "◐", "far end differs", "stale")

    def _ramp(self, text: Text, mode: Mode) -> None:
        low, high = STEPS[mode][0], STEPS[mode][-1]
        least, most = (f"{low:g}", f"{high:g}") if mode == "rtt" else (_amount(low), _amount(high))
        self._entry(text, RAMP[0], f"<{least}", "up")
        self._entry(text, RAMP[-1], f"≥{most}", "up")


def _amount(count: float) -> str:
    return bytes_short(int(count))
