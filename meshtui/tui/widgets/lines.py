"""A long text that scrolls, drawn line by line: what is not in view costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from meshtui.tui.actions import bindings

Line = tuple[tuple[str, str], ...]
"""Pieces of text, each with a style: `""`, or one of STYLES."""

STYLES = ("strong", "dim", "good", "bad", "warn", "added", "removed", "hunk", "missing")


def width_of(line: Line) -> int:
    """How many cells a line takes."""
    return sum(cell_len(text) for text, _ in line)


class Lines(ScrollView, can_focus=True, inherit_bindings=False):
    """Shows lines."""

    DEFAULT_CSS = """
    Lines {
        background: $background;
        color: $foreground;
        padding: 0 1;
        scrollbar-size-vertical: 1;
        scrollbar-size-horizontal: 1;

        & > .lines--strong { text-style: bold; }
        & > .lines--dim { color: $dim; text-style: $dim-style; }
        & > .lines--good { color: $state-up; text-style: bold; }
        & > .lines--bad { color: $state-never; text-style: bold; }
        & > .lines--warn { color: $state-stale; }
        & > .lines--added { color: $state-up; }
        & > .lines--removed { color: $state-never; }
        & > .lines--hunk { color: $state-idle; }
        & > .lines--missing { color: $state-missing; text-style: bold; }
    }
    """
    BINDINGS = bindings("scroll")
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"lines--{style}" for style in STYLES}

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.lines: Sequence[Line] = ()
        self._styles: dict[str, Style] = {}

    def show(self, lines: Sequence[Line], width: int | None = None) -> None:
        """Show `lines` in place of what was there. `width`: none is wider; None: see for it."""
        self.lines = lines
        if width is None:
            width = max(map(width_of, lines), default=0)
        self.virtual_size = Size(width, len(lines))
        self.refresh()

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self.lines)

    def line(self, index: int) -> Line:
        """Line `index` of all."""
        return self.lines[index]

    @property
    def plain(self) -> str:
        """All of it as plain text."""
        lines = (self.line(index) for index in range(self.count))
        return "\n".join("".join(text for text, _ in line) for line in lines)

    def render_line(self, y: int) -> Strip:
        """Line `y` of what is in view."""
        width = self.scrollable_content_region.width
        x, index = self.scroll_offset.x, y + self.scroll_offset.y
        if index >= self.count:
            return Strip.blank(width, self.style_of(""))
        return self.strip(index).crop_extend(x, x + width, self.style_of(""))

    def strip(self, index: int) -> Strip:
        """Line `index` of all, drawn."""
        return Strip([Segment(text, self.style_of(style)) for text, style in self.line(index)])

    def style_of(self, name: str) -> Style:
        """The style called `name`, on this ground."""
        style = self._styles.get(name)
        if style is None:
            style = self.rich_style
            if name:
                style += self.get_component_rich_style(f"lines--{name}", partial=True)
            self._styles[name] = style
        return style

    def notify_style_update(self) -> None:
        """Another theme, or the focus came or went."""
        super().notify_style_update()
        self._styles.clear()

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
