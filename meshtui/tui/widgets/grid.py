"""The grid: every direction of the mesh in one look, drawn line by line.

It uses Textual's Line API, because a DataTable of 100 x 100 costs 50 times as
much (918 ms a refresh). A line is built again only when what it shows changed.
"""

from __future__ import annotations

from typing import ClassVar

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


class Grid(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows are the hosts that look, columns the hosts looked at; the list stays in view."""

    BINDINGS = bindings("grid")
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "grid--heading",
        "grid--heading-marked",
        "grid--rule",
        "grid--name",
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
        self._lines: dict[int, tuple[Key, Strip]] = {}
        self._faces: dict[int, tuple[Key, tuple[Face, ...]]] = {}

    # -- what the screen calls

    def row_changed(self, index: int) -> None:
        """Draw row `index` again, if it is in view and looks different."""
        line = index - self._top + 1
        if not 1 <= line < self._height:
            return
        self.refresh(Region(0, line, self.size.width, 1))

    def rows_changed(self, indexes: set[int]) -> None:
        """Draw again those of the rows that look different from what is on screen."""
        for index in indexes:
            drawn = self._lines.get(index)
            if drawn is None or self._key(index) != drawn[0]:
                self.row_changed(index)

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
            self.row_changed(was[0])
            self.row_changed(row)
        else:
            # Another column is another mark on every line.
            self.refresh()
        self.post_message(self.Moved())

    # -- geometry

    @property
    def _height(self) -> int:
        return self.scrollable_content_region.height

    @property
    def _top(self) -> int:
        return self.scroll_offset.y

    @property
    def _first(self) -> int:
        """The first column in view. Columns move whole, never by half a cell."""
        return -(-self.scroll_offset.x // self._layout.cell)

    @property
    def _shown(self) -> int:
        """How many whole columns fit."""
        room = self.scrollable_content_region.width - self._layout.left
        return max(0, min(room // self._layout.cell, len(self.view.rows)))

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
        self.virtual_size = Size(self._layout.left + count * self._layout.cell, count + 1)
        self._show_cursor()
        self.refresh()
        self.post_message(self.LaidOut())

    def _show_cursor(self) -> None:
        rows, columns = max(1, self._height - 1), max(1, self._shown)
        y, first = self._top, self._first
        if not y <= self.row < y + rows:
            y = self.row if self.row < y else self.row - rows + 1
        if not first <= self.column < first + columns:
            first = self.column if self.column < first else self.column - columns + 1
        self.scroll_to(first * self._layout.cell, y, animate=False, immediate=True)

    def on_resize(self) -> None:
        """Share the new width out."""
        self._relayout()

    # -- drawing

    def render_line(self, y: int) -> Strip:
        """Line `y` of what is in view: the heading, or a host."""
        width = self.scrollable_content_region.width
        index = -1 if y == 0 else y - 1 + self._top
        if index >= len(self.view.rows):
            return Strip.blank(width, self.rich_style)
        key = self._key(index)
        drawn = self._lines.get(index)
        if drawn is not None and drawn[0] == key:
            return drawn[1]
        segments = self._heading() if index < 0 else self._row(index)
        blank = self._style("grid--heading") if index < 0 else self.rich_style
        strip = Strip(segments).adjust_cell_length(width, blank)
        self._lines[index] = (key, strip)
        return strip

    def notify_style_update(self) -> None:
        """Forget every line: its colours may be others now."""
        super().notify_style_update()
        self._lines.clear()

    def _key(self, index: int) -> Key:
        """All that line `index` depends on; the same key is the same line."""
        place = (self._first, self._shown, self._layout, self.size.width, self.mode)
        if index < 0:
            return (*place, self.column)
        row = self.view.rows[index]
        cursor = self.column if index == self.row else -1
        look = (row.state, row.error, row.addresses[:1], self._row_faces(index))
        return (*place, self.column, cursor, look)

    def _row_faces(self, index: int) -> tuple[Face, ...]:
        row = self.view.rows[index]
        key = (row.version, self._first, self._shown, self.mode, self._layout.wide)
        known = self._faces.get(index)
        if known is not None and known[0] == key:
            return known[1]
        mode, wide, first = self.mode, self._layout.wide, self._first
        faces = tuple(
            face(link, mode, wide=wide)
            if link is not None
            else (BLANK if column == index or row.state != "connecting" else WAITING)
            for column, link in enumerate(row.links[first : first + self._shown], first)
        )
        self._faces[index] = (key, faces)
        return faces

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)

    def _heading(self) -> list[Segment]:
        layout = self._layout
        segments = host_heading(layout, self._style)
        for column in range(self._first, self._first + self._shown):
            name = str(column + 1) if layout.number else self.view.rows[column].name
            text = pad(name, layout.cell - 1)
            marked = "-marked" if column == self.column else ""
            segments.append(Segment(text, self._style(f"grid--heading{marked}")))
            segments.append(Segment(" ", self._style("grid--heading")))
        return segments

    def _row(self, index: int) -> list[Segment]:
        row, marked = self.view.rows[index], index == self.row
        segments = host_line(row, index + 1, self._layout, self._style, marked=marked)
        if row.silent:
            return segments + self._error(row.error or "", index)
        base = self._style("grid--marked" if marked else "grid--cell")
        crossed, cursor = self._style("grid--marked"), self._style("grid--cursor")
        width = self._layout.cell
        quiet = self._style("grid--dim")
        for column, (state, text) in enumerate(self._row_faces(index), self._first):
            style = crossed if column == self.column else base
            colour = self._style(f"grid--{state}") if state else quiet
            here = style + colour + cursor if marked and column == self.column else style
            if state == "up" and here is style:
                # A healthy cell speaks softly: only its glyph is coloured.
                segments.append(Segment(text[:1], style + colour))
                segments.append(Segment(text[1:].ljust(width - 2), style))
            else:
                if here is style:
                    here = style + colour
                segments.append(Segment(text.ljust(width - 1), here))
            segments.append(Segment(" ", base))
        return segments

    def _error(self, error: str, index: int) -> list[Segment]:
        """The reason in the place of cells that would all say `?`."""
        layout, marked = self._layout, index == self.row
        base = self._style("grid--marked" if marked else "grid--cell")
        style = base + self._style("grid--error")
        room = self.scrollable_content_region.width - layout.left
        text = pad(error.split("\n")[0], room)
        if not marked:
            return [Segment(text, style)]
        start = (self.column - self._first) * layout.cell
        line = Strip([Segment(text, style)])
        before, here, after = line.divide([start, start + layout.cell - 1, room])
        return [*before, *here.apply_style(self._style("grid--cursor")), *after]

    # -- keys and mouse

    def on_click(self, event: events.Click) -> None:
        """Select the cell, or the host, under the pointer."""
        row = event.y - 1 + self._top
        if event.y == 0:
            row = self.row
        elif row >= len(self.view.rows):
            return
        column = self.column
        if event.x >= self._layout.left:
            column = self._first + (event.x - self._layout.left) // self._layout.cell
            if column >= self._first + self._shown:
                return
        self.move(row, column)

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
        self.move(self.row - max(1, self._height - 2), self.column)

    def action_page_down(self) -> None:
        """Move the cursor a screen down."""
        self.move(self.row + max(1, self._height - 2), self.column)

    def action_first(self) -> None:
        """Move the cursor to the first column."""
        self.move(self.row, 0)

    def action_last(self) -> None:
        """Move the cursor to the last column."""
        self.move(self.row, len(self.view.rows) - 1)
