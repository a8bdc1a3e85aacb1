"""The grid: every direction of the mesh in one look, drawn line by line.

It uses Textual's Line API, because a DataTable of 100 x 100 costs 50 times as
much (918 ms a refresh). A line is built again only when what it shows changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from meshtui.tui.actions import bindings
from meshtui.tui.view import MeshView
from meshtui.tui.widgets.cells import BLANK, MODES, WAITING, Face, Mode, face
from meshtui.tui.widgets.hosts import host_heading, host_line
from meshtui.tui.widgets.layout import Layout, lay_out
from meshtui.tui.words import pad

Key = tuple[object, ...]


class Window(NamedTuple):
    """The part of the grid in view."""

    first: int
    """Column."""
    shown: int
    """How many whole columns."""
    top: int
    """Row."""
    width: int
    height: int
    """Lines, the heading included."""


class Grid(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows are the hosts that look, columns the hosts looked at; the list stays in view."""

    BINDINGS = bindings("grid")
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "grid--heading",
        "grid--heading-marked",
        "grid--rule",
        "grid--name",
        "grid--strong",
        "grid--dim",
        "grid--cell",
        "grid--marked",
        "grid--cursor",
        "grid--error",
        "grid--up",
        "grid--idle",
        "grid--stale",
        "grid--never",
        "grid--missing",
        "grid--unknown",
    }

    class Moved(Message):
        """The cursor is on another cell."""

        def can_replace(self, message: Message) -> bool:
            """Only where the cursor ends up matters."""
            return isinstance(message, Grid.Moved)

    class LaidOut(Message):
        """The mode or the widths are others."""

    def __init__(self, view: MeshView) -> None:
        super().__init__()
        self.view = view
        self.mode: Mode = "age"
        self.row = 0
        self.column = min(1, max(0, len(view.rows) - 1))
        self._layout = self._lay_out(80)
        self._window = Window(0, 0, 0, 0, 0)
        self._lines: dict[int, tuple[Key, Strip]] = {}
        self._cells: dict[tuple[Face, bool, bool], tuple[Segment, ...]] = {}
        self._empty: Strip | None = None
        self._styles: dict[tuple[str, ...], Style] = {}
        self._faces: dict[int, tuple[Key, tuple[Face, ...]]] = {}

    # -- what the screen calls

    def rows_changed(self, indexes: Iterable[int]) -> None:
        """Draw those of the rows again that are in view and look different."""
        window = self._window = self._look()
        regions = []
        for index in indexes:
            line = index - window.top + 1
            if not 1 <= line < window.height:
                continue
            drawn = self._lines.get(index)
            if drawn is None or self._key(index) != drawn[0]:
                regions.append(Region(0, line, self.size.width, 1))
        if regions:
            self.refresh(*regions)

    @property
    def wide(self) -> bool:
        """Whether the cells show age, rx and tx at once."""
        return self._layout.wide

    def next_mode(self) -> None:
        """Show the next of age, rx and tx."""
        self.mode = MODES[(MODES.index(self.mode) + 1) % len(MODES)]
        self._relayout()

    def move(self, row: int, column: int) -> None:
        """Put the cursor on a cell, as near as there is one, and in view."""
        last = len(self.view.rows) - 1
        row, column = max(0, min(row, last)), max(0, min(column, last))
        if last < 0 or (row, column) == (self.row, self.column):
            return
        was, at = (self.row, self.column), self.scroll_offset
        self.row, self.column = row, column
        self._show_cursor()
        if column == was[1] and at == self.scroll_offset:
            self.rows_changed((was[0], row))
        else:
            # Another column is another mark on every line.
            self.refresh()
        self.post_message(self.Moved())

    # -- geometry

    def _look(self) -> Window:
        region, layout = self.scrollable_content_region, self._layout
        x, y = self.scroll_offset
        shown = max(0, min((region.width - layout.left) // layout.cell, len(self.view.rows)))
        # Columns move whole, never by half a cell.
        return Window(-(-x // layout.cell), shown, y, region.width, region.height)

    def _lay_out(self, width: int) -> Layout:
        rows = self.view.rows
        return lay_out(
            width,
            [row.name for row in rows],
            [row.addresses[0] if row.addresses else "" for row in rows],
            ages=self.mode == "age",
        )

    def _relayout(self) -> None:
        count = len(self.view.rows)
        # One column for the scrollbar, so that its coming does not change the layout.
        self._layout = self._lay_out(self.size.width - 1)
        self._cells.clear()
        self.virtual_size = Size(self._layout.left + count * self._layout.cell, count + 1)
        self._show_cursor()
        self.refresh()
        self.post_message(self.LaidOut())

    def _show_cursor(self) -> None:
        window = self._look()
        rows, columns = max(1, window.height - 1), max(1, window.shown)
        y, first = window.top, window.first
        if not y <= self.row < y + rows:
            y = self.row if self.row < y else self.row - rows + 1
        if not first <= self.column < first + columns:
            first = self.column if self.column < first else self.column - columns + 1
        self.scroll_to(first * self._layout.cell, y, animate=False, immediate=True)

    def on_resize(self) -> None:
        """Share the new width out."""
        self._relayout()

    # -- drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lines of what is in view; where that is, is worked out once for all of them."""
        self._window = self._look()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Line `y` of what is in view: the heading, or a host."""
        index = -1 if y == 0 else y - 1 + self._window.top
        if index >= len(self.view.rows):
            return self._blank(self._window.width)
        key = self._key(index)
        drawn = self._lines.get(index)
        if drawn is not None and drawn[0] == key:
            return drawn[1]
        segments = self._heading() if index < 0 else self._row(index)
        blank = self._style("heading" if index < 0 else "cell")
        width, used = self._window.width, self._used
        if used <= width and (index < 0 or not self.view.rows[index].silent):
            # The width is known: every piece is padded to its own.
            strip = Strip([*segments, Segment(" " * (width - used), blank)], width)
        else:
            strip = Strip(segments).adjust_cell_length(width, blank)
        self._lines[index] = (key, strip)
        return strip

    @property
    def _used(self) -> int:
        return self._layout.left + self._window.shown * self._layout.cell

    def _blank(self, width: int) -> Strip:
        if self._empty is None or self._empty.cell_length != width:
            self._empty = Strip.blank(width, self._style("cell"))
        return self._empty

    def notify_style_update(self) -> None:
        """Forget every line: its colours may be others now."""
        super().notify_style_update()
        self._lines.clear()
        self._styles.clear()
        self._cells.clear()
        self._empty = None

    def _key(self, index: int) -> Key:
        """All that line `index` depends on; the same key is the same line."""
        window = self._window
        place = (window.first, window.shown, window.width, self._layout, self.mode, self.column)
        if index < 0:
            return place
        row = self.view.rows[index]
        look = (row.state, row.error, row.addresses[:1], self._row_faces(index))
        return (*place, index == self.row, look)

    def _row_faces(self, index: int) -> tuple[Face, ...]:
        row, first, shown = self.view.rows[index], self._window.first, self._window.shown
        mode, wide = self.mode, self._layout.wide
        key = (row.version, first, shown, mode, wide)
        known = self._faces.get(index)
        if known is not None and known[0] == key:
            return known[1]
        empty = WAITING if row.state == "connecting" else BLANK
        faces = tuple(
            face(link, mode, wide=wide)
            if link is not None
            else (BLANK if column == index else empty)
            for column, link in enumerate(row.links[first : first + shown], first)
        )
        self._faces[index] = (key, faces)
        return faces

    def _style(self, *names: str) -> Style:
        """The component classes `grid--NAME` on top of one another."""
        style = self._styles.get(names)
        if style is None:
            style = Style.null()
            for name in names:
                style += self.get_component_rich_style(f"grid--{name}", partial=True)
            self._styles[names] = style
        return style

    def _heading(self) -> list[Segment]:
        layout = self._layout
        segments = host_heading(layout, self._style)
        window = self._window
        for column in range(window.first, window.first + window.shown):
            name = str(column + 1) if layout.number else self.view.rows[column].name
            text = pad(name, layout.cell - 1)
            marked = "heading-marked" if column == self.column else "heading"
            segments.append(Segment(text, self._style(marked)))
            segments.append(Segment(" ", self._style("heading")))
        return segments

    def _row(self, index: int) -> list[Segment]:
        row, marked = self.view.rows[index], index == self.row
        segments = host_line(row, index + 1, self._layout, self._style, marked=marked)
        if row.silent:
            return segments + self._error(row.error or "", index)
        known = self._cells
        for column, shown in enumerate(self._row_faces(index), self._window.first):
            crossed = column == self.column
            cell = known.get((shown, marked, crossed))
            if cell is None:
                cell = known[shown, marked, crossed] = self._cell(shown, marked, crossed)
            segments += cell
        return segments

    def _cell(self, shown: Face, marked: bool, crossed: bool) -> tuple[Segment, ...]:
        """A cell in the cursor's row, in its column, in both (the cursor), or in neither."""
        state, text = shown
        base, colour = "marked" if marked else "cell", state or "dim"
        # A healthy cell speaks softly: only its glyph is coloured.
        word = () if state == "up" else (colour,)
        glyph, rest, width = text[:1], text[1:], self._layout.cell
        if not crossed:
            return (
                Segment(glyph, self._style(base, colour)),
                Segment(rest.ljust(width - len(glyph)), self._style(base, *word)),
            )
        cursor = ("cursor",) if marked else ()
        return (
            Segment(glyph, self._style("marked", colour, *cursor)),
            Segment(rest.ljust(width - 1 - len(glyph)), self._style("marked", *word, *cursor)),
            Segment(" ", self._style(base)),
        )

    def _error(self, error: str, index: int) -> list[Segment]:
        """The reason in the place of cells that would all say `?`."""
        layout, marked = self._layout, index == self.row
        style = self._style("marked" if marked else "cell", "error")
        room = self._window.width - layout.left
        text = pad(error.split("\n")[0], room)
        if not marked:
            return [Segment(text, style)]
        start = (self.column - self._window.first) * layout.cell
        line = Strip([Segment(text, style)])
        before, here, after = line.divide([start, start + layout.cell - 1, room])
        return [*before, *here.apply_style(self._style("cursor")), *after]

    # -- keys and mouse

    def on_click(self, event: events.Click) -> None:
        """Select the cell, or the host, under the pointer."""
        window, layout = self._look(), self._layout
        row = self.row if event.y == 0 else event.y - 1 + window.top
        column = self.column
        if event.x >= layout.left:
            column = window.first + (event.x - layout.left) // layout.cell
        if row < len(self.view.rows) and column < window.first + window.shown:
            self.move(row, column)

    @property
    def _page(self) -> int:
        return max(1, self._look().height - 2)

    def action_left(self) -> None:
        """Move the cursor one host to the left."""
        self.move(self.row, self.column - 1)

    def action_right(self) -> None:
        """Move the cursor one host to the right."""
        self.move(self.row, self.column + 1)

    def action_up(self) -> None:
        """Move the cursor one host up."""
        self.move(self.row - 1, self.column)

    def action_down(self) -> None:
        """Move the cursor one host down."""
        self.move(self.row + 1, self.column)

    def action_top(self) -> None:
        """Move the cursor to the first row."""
        self.move(0, self.column)

    def action_bottom(self) -> None:
        """Move the cursor to the last row."""
        self.move(len(self.view.rows) - 1, self.column)

    def action_page_up(self) -> None:
        """Move the cursor a screen up."""
        self.move(self.row - self._page, self.column)

    def action_page_down(self) -> None:
        """Move the cursor a screen down."""
        self.move(self.row + self._page, self.column)

    def action_first(self) -> None:
        """Move the cursor to the first column."""
        self.move(self.row, 0)

    def action_last(self) -> None:
        """Move the cursor to the last column."""
        self.move(self.row, len(self.view.rows) - 1)
