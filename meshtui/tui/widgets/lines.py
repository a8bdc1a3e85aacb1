"""A long text that scrolls, drawn line by line: a plan of 200 hosts has 100,000 lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from meshtui.tui.actions import bindings

Line = tuple[tuple[str, str], ...]
"""Pieces of text, each with a style: `""`, `dim`, `bold`, or one of STYLES."""

STYLES = ("strong", "dim", "good", "bad", "warn", "added", "removed", "hunk")


class Lines(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows lines; what is not in view costs nothing."""

    BINDINGS = bindings("scroll")
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"lines--{style}" for style in STYLES}

    def __init__(self) -> None:
        super().__init__()
        self.lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Show `lines` in place of what was there."""
        self.lines = lines
        width = max((sum(cell_len(text) for text, _ in line) for line in lines), default=0)
        self.virtual_size = Size(width, len(lines))
        self.refresh()

    @property
    def plain(self) -> str:
        """All of it as plain text."""
        return "\n".join("".join(text for text, _ in line) for line in self.lines)

    def render_line(self, y: int) -> Strip:
        """Line `y` of what is in view."""
        width = self.scrollable_content_region.width
        x, index = self.scroll_offset.x, y + self.scroll_offset.y
        if index >= len(self.lines):
            return Strip.blank(width, self.rich_style)
        base = self.rich_style
        segments = [
            Segment(
                text,
                base + self.get_component_rich_style(f"lines--{style}", partial=True)
                if style
                else base,
            )
            for text, style in self.lines[index]
        ]
        return Strip(segments).crop_extend(x, x + width, base)

    def _page(self) -> int:
        return max(1, self.scrollable_content_region.height - 1)

    def action_line_up(self) -> None:
        """Scroll a line up."""
        self.scroll_relative(y=-1, animate=False)

    def action_line_down(self) -> None:
        """Scroll a line down."""
        self.scroll_relative(y=1, animate=False)

    def action_side_left(self) -> None:
        """Scroll to the left."""
        self.scroll_relative(x=-8, animate=False)

    def action_side_right(self) -> None:
        """Scroll to the right."""
        self.scroll_relative(x=8, animate=False)

    def action_screen_up(self) -> None:
        """Scroll a screen up."""
        self.scroll_relative(y=-self._page(), animate=False)

    def action_screen_down(self) -> None:
        """Scroll a screen down."""
        self.scroll_relative(y=self._page(), animate=False)

    def action_to_top(self) -> None:
        """Scroll to the beginning."""
        self.scroll_to(y=0, animate=False)

    def action_to_bottom(self) -> None:
        """Scroll to the end."""
        self.scroll_to(y=self.max_scroll_y, animate=False)
