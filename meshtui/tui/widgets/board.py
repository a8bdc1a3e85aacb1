"""Lines that change while they are looked at: only those that read differently are drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.geometry import Region, Size
from textual.message import Message

from meshtui.tui.widgets.lines import Line, Lines
from meshtui.tui.words import fit

#: Styles of a line, beyond those of Lines: the states, the series of a plot, the cursor.
BOARD_STYLES = (
    *("up", "idle", "stale", "never", "missing", "unknown"),
    *("rx", "tx", "age", "axis", "mark", "label", "differs"),
)


class Board(Lines):
    """Lines with the states' colours, for a picture that moves."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"lines--{style}" for style in BOARD_STYLES}

    class Picked(Message):
        """A line was clicked."""

        def __init__(self, line: int, x: int) -> None:
            super().__init__()
            self.line, self.x = line, x

    def on_click(self, event: events.Click) -> None:
        """Say which line it was, and where on it."""
        at = event.get_content_offset(self)
        if at is not None:
            self.post_message(self.Picked(at.y + self.scroll_offset.y, at.x))

    def show(self, lines: Sequence[Line], width: int | None = None) -> None:
        """Show `lines` in place of what was there, and stay where one has scrolled to."""
        before, self.lines = self.lines, lines
        if width is None:
            width = max((line_width(line) for line in lines), default=0)
        size = Size(width, len(lines))
        if size != self.virtual_size:
            self.virtual_size = size
            self.refresh()
            return
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        changed = [
            Region(0, y, self.scrollable_content_region.width, 1)
            for y, index in enumerate(range(top, min(len(lines), top + height)))
            if lines[index] != before[index]
        ]
        if changed:
            self.refresh(*changed)

    def reveal(self, index: int) -> None:
        """Scroll as little as brings line `index` into view."""
        top, height = self.scroll_offset.y, max(1, self.scrollable_content_region.height)
        if not top <= index < top + height:
            self.scroll_to(
                y=index if index < top else index - height + 1, animate=False, force=True
            )


def line_width(line: Line) -> int:
    """In cells."""
    return sum(cell_len(text) for text, _ in line)


def padded(line: Line, width: int) -> Line:
    """`line` in exactly `width` cells: cut with `…`, or filled with blanks."""
    room, pieces = width, []
    for text, style in line:
        if room <= 0:
            break
        shown = fit(text, room)
        pieces.append((shown, style))
        room -= cell_len(shown)
    return (*pieces, (" " * room, "")) if room > 0 else tuple(pieces)


def beside(left: Sequence[Line], right: Sequence[Line], width: int, gap: str = " ") -> list[Line]:
    """Two blocks of lines as one, each in half of `width`."""
    half = (width - cell_len(gap)) // 2
    return [
        (*padded(left[i] if i < len(left) else (), half), (gap, "axis"), *row)
        for i in range(max(len(left), len(right)))
        for row in [padded(right[i] if i < len(right) else (), width - half - cell_len(gap))]
    ]
