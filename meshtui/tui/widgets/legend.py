"""What the glyphs of the grid mean, on one line."""

from __future__ import annotations

from rich.text import Text

from meshtui.tui.theme import LINK_GLYPHS
from meshtui.tui.widgets.calm import Calm
from meshtui.tui.widgets.cells import MODE_NAMES, Mode


class Legend(Calm):
    """Glyphs, the mode, and which way to read the grid."""

    def tell(self, mode: Mode, *, wide: bool) -> None:
        """Show the legend for a mode of the grid."""
        text = Text(" ", no_wrap=True, overflow="ellipsis")
        for state, glyph in LINK_GLYPHS.items():
            text.append(glyph, self.colour(state))
            text.append(f" {state}  ", "dim")
        what = "age, rx, tx" if wide else MODE_NAMES[mode]
        text.append(what, "bold")
        text.append("  row → col", "dim")
        self.say(text)
