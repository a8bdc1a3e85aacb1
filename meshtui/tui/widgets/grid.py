"""The grid: every direction of the mesh in one look, drawn line by line.

It uses Textual's Line API, because a DataTable of 100 x 100 costs 50 times as
much (918 ms a refresh). A line is built again only when what it shows changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from meshtui.tui.actions import bindings
from meshtui.tui.order import SORTS, Order, Sort
from meshtui.tui.view import MeshView
from meshtui.tui.widgets.canvas import Canvas
from meshtui.tui.widgets.cells import MODES, ROOMY, STEPS, Mode
from meshtui.tui.widgets.cursor import Cursor
from meshtui.tui.widgets.frame import Frame, Place
from meshtui.tui.widgets.layout import ZOOMS, Layout, Zoom, lay_out
from meshtui.tui.widgets.paint import STYLES, Scene

if TYPE_CHECKING:
    from meshtui.tui.app import MeshApp

#: Seconds between two sortings by what changes all the time.
SORT_EVERY = 2.0
NOTHING, NO_PROBLEMS = "no host matches the filter", "no problems"


class Grid(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows are the hosts that look, columns the hosts looked at; the list stays in view."""

    BINDINGS = bindings("grid")
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"grid--{name}" for name in STYLES}

    class Moved(Message):
        """The cursor is on another cell."""

        def can_replace(self, message: Message) -> bool:
            """Only where the cursor ends up matters."""
            return isinstance(message, Grid.Moved)

    class LaidOut(Message):
        """The mode, the zoom, the widths, the filter or the order are others."""

        def can_replace(self, message: Message) -> bool:
            """Only how it ends up matters."""
            return isinstance(message, Grid.LaidOut)

    class Opened(Message):
        """Someone wants to see a cell in depth; on the diagonal, the host."""

        def __init__(self, row: int, column: int) -> None:
            super().__init__()
            self.row, self.column = row, column
            """Hosts, by index."""

    def __init__(self, view: MeshView) -> None:
        super().__init__()
        self.view = view
        self.mode: Mode = "age"
        self.zoom: Zoom | None = None
        """None: as near as the width allows."""
        self.sorted: Sort = "file"
        self.filtered = ""
        self.marked: set[str] = set()
        """Names of the hosts that someone picked."""
        self._cursor = Cursor(view)
        self._arranged_at = view.clock()
        self._canvas = Canvas(view, self._style)
        self._styles: dict[tuple[str, ...], Style] = {}
        self._layout = self._lay_out(80)

    # -- what the screen calls

    def rows_changed(self, indexes: Iterable[int]) -> None:
        """Draw those of the rows again that are in view and look different."""
        if self._rearranged():
            return
        # The age of what a silent host last said is in view too.
        changed = {*indexes, *self.view.kept}
        frame = self._look()
        self._redraw(
            line
            for line in range(self._layout.heading, frame.height)
            if not changed.isdisjoint(frame.hosts(line))
        )

    def look_at(self, view: MeshView) -> None:
        """Draw another view of the mesh, or the same with other hosts."""
        self.view = self._cursor.view = self._canvas.view = view
        self.hosts_changed()

    def hosts_changed(self) -> None:
        """The view shows another mesh: stay on the same hosts where they are still there."""
        self.marked &= self.view.index.keys()
        self._cursor.follow()
        self._canvas.forget()
        self._place()
        self._relayout()
        self.post_message(self.Moved())

    @property
    def zoomed(self) -> Zoom:
        """How near the cells are looked at."""
        return self._layout.zoom

    def show_mode(self, mode: Mode) -> None:
        """Show another thing in the cells."""
        self.mode = mode
        # Two hosts a line have room for their states only.
        if self.zoom == "map" and mode in STEPS:
            self.zoom = "dots"
        self._place()
        self._relayout()

    def next_mode(self) -> None:
        """Show the next of the modes."""
        self.show_mode(MODES[(MODES.index(self.mode) + 1) % len(MODES)])

    def filter(self, text: str) -> None:
        """Show only the hosts that match; see `order.arrange`. Empty: all."""
        self.filtered = text
        self._place()
        self._relayout()

    def sort(self, by: Sort) -> None:
        """Show the hosts in another order."""
        self.sorted = by
        self._place()
        self._relayout()

    def zoom_to(self, zoom: Zoom) -> None:
        """Show more in a cell, or more cells."""
        self.zoom = zoom
        if zoom == "map" and self.mode in STEPS:
            self.mode = "age"
        self._relayout()

    def select(self, row: int, column: int) -> None:
        """Put the cursor on two hosts, by index, if they are shown."""
        if row in self.order.rows and column in self.order.columns:
            self.move(self.order.rows.index(row), self.order.columns.index(column))

    def move(self, row: int, column: int) -> None:
        """Put the cursor on a cell, by place, as near as there is one, and in view."""
        was, at = self.place, self.scroll_offset
        if not self._cursor.put((row, column)):
            return
        self._show_cursor()
        if self.place[1] == was[1] and at == self.scroll_offset:
            frame = self._look()
            self._redraw([frame.line(was[0]), frame.line(self.place[0])])
        else:
            # Another column is another mark on every line.
            self.refresh()
        self.post_message(self.Moved())

    @property
    def row(self) -> int:
        """The host whose row the cursor is in, by index."""
        return self._cursor.row

    @property
    def column(self) -> int:
        """The host whose column the cursor is in, by index."""
        return self._cursor.column

    @property
    def place(self) -> Place:
        """Where the cursor is among the rows and columns shown."""
        return self._cursor.place

    @property
    def order(self) -> Order:
        """The hosts shown, as rows and as columns."""
        return self._cursor.order

    # -- order

    def _place(self) -> bool:
        """Work the order out; whether it is another."""
        self._arranged_at = self.view.clock()
        cursor = (self.row, self.column)
        problems = self.mode == "problems"
        changed = self._cursor.arrange(self.sorted, self.filtered, problems=problems)
        if cursor != (self.row, self.column):
            self.post_message(self.Moved())
        return changed

    def _rearranged(self) -> bool:
        """Whether what changed puts the hosts in another order; all is drawn again then."""
        if self.mode != "problems":
            settled = self.view.clock() - self._arranged_at < SORT_EVERY
            if settled or self.sorted in ("file", "name"):
                return False
        if not self._place():
            return False
        self._relayout()
        return True

    # -- geometry

    def _lay_out(self, width: int) -> Layout:
        rows = self.view.rows
        return lay_out(
            width,
            [row.name for row in rows],
            [row.addresses[0] if row.addresses else "" for row in rows],
            len(self.order.columns),
            zoom=self.zoom,
            roomy=self.mode in ROOMY,
            extra=max(
                (len(f"+{len(row.unknown_peers)}") for row in rows if row.unknown_peers), default=0
            ),
        )

    def _relayout(self) -> None:
        # One column for the scrollbar, so that its coming does not change the layout.
        layout = self._layout = self._lay_out(self.size.width - 1)
        lines = -(-len(self.order.rows) // layout.fold) + layout.heading
        columns = len(self.order.columns)
        self.virtual_size = Size(layout.left + columns * layout.cell, lines)
        self._show_cursor()
        self.refresh()
        self.post_message(self.LaidOut())

    @property
    def _frame(self) -> Frame:
        region, at = self.scrollable_content_region, self.scroll_offset
        return Frame(self._layout, self.order, *at, region.width, region.height)

    def _look(self) -> Frame:
        """Work out what is in view; the canvas draws that."""
        frame, canvas = self._frame, self._canvas
        columns, cursor = frame.columns, self.place[1] - frame.first
        at = cursor if 0 <= cursor < len(columns) else None
        canvas.scene = Scene(frame.layout, self.mode, columns, at, frame.width)
        canvas.cursor, canvas.marked = self.row, self.marked
        return frame

    def _show_cursor(self) -> None:
        x, y = self._frame.scrolled_to(self.place)
        self.scroll_to(x, y, animate=False, immediate=True)

    def on_resize(self) -> None:
        """Share the new width out."""
        self._relayout()

    # -- drawing

    def _redraw(self, lines: Iterable[int]) -> None:
        """Draw those of the lines again that look different."""
        frame, changed = self._frame, self._canvas.changed
        regions = [
            Region(0, line, self.size.width, 1)
            for line in lines
            if self._layout.heading <= line < frame.height and changed(frame.hosts(line))
        ]
        if regions:
            self.refresh(*regions)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lines of what is in view, without what Textual would put around them.

        The grid has no border, and its styles are filtered when they are made: 50 of them
        instead of 6,000 pieces a second.
        """
        frame, (x1, x2) = self._look(), crop.column_span
        lines = [self._line(frame, y).crop(x1, x2) for y in crop.line_range]
        if (privacy := cast("MeshApp", self.app).privacy) is None:
            return lines
        # It is about texts, not styles.
        return [line.apply_filter(privacy, self.background_colors[1]) for line in lines]

    def render_line(self, y: int) -> Strip:
        """Line `y` of what is in view: the heading, or a host."""
        return self._line(self._look(), y)

    def _line(self, frame: Frame, y: int) -> Strip:
        if y < self._layout.heading:
            return self._canvas.heading(y)
        hosts = frame.hosts(y)
        if hosts:
            return self._canvas.line(hosts)
        if y > self._layout.heading or self.order.rows or not self.view.rows:
            return self._canvas.blank()
        problems = self.mode == "problems" and not self.filtered
        return self._canvas.blank(f" {NO_PROBLEMS if problems else NOTHING}")

    def _style(self, *names: str) -> Style:
        """The component classes `grid--NAME` on top of one another."""
        style = self._styles.get(names)
        if style is None:
            style = Style.null()
            for name in names:
                style += self.get_component_rich_style(f"grid--{name}", partial=True)
            segments, background = [Segment(" ", style)], self.background_colors[1]
            for line_filter in self.get_line_filters():
                segments = line_filter.apply(segments, background)
            style = self._styles[names] = segments[0].style or Style.null()
        return style

    def notify_style_update(self) -> None:
        """Forget every line: its colours may be others now."""
        super().notify_style_update()
        self._canvas.forget()
        self._styles.clear()

    # -- keys and mouse

    def on_click(self, event: events.Click) -> None:
        """Select the cell, the host or the column under the pointer; the selected one opens."""
        found = self._frame.at(event.x, event.y, self.place)
        if found is None:
            return
        on_cell = event.x >= self._layout.left and event.y >= self._layout.heading
        if on_cell and found == self.place:
            self.action_open()
        self.move(*found)

    def _step(self, rows: int, columns: int) -> None:
        row, column = self.place
        self.move(row + rows, column + columns)

    def action_left(self) -> None:
        """Move the cursor one host to the left."""
        self._step(0, -1)

    def action_right(self) -> None:
        """Move the cursor one host to the right."""
        self._step(0, 1)

    def action_up(self) -> None:
        """Move the cursor one host up."""
        self._step(-1, 0)

    def action_down(self) -> None:
        """Move the cursor one host down."""
        self._step(1, 0)

    def action_top(self) -> None:
        """Move the cursor to the first row."""
        self.move(0, self.place[1])

    def action_bottom(self) -> None:
        """Move the cursor to the last row."""
        self.move(len(self.order.rows) - 1, self.place[1])

    def action_page_up(self) -> None:
        """Move the cursor a screen up."""
        self._step(-self._frame.page, 0)

    def action_page_down(self) -> None:
        """Move the cursor a screen down."""
        self._step(self._frame.page, 0)

    def action_first(self) -> None:
        """Move the cursor to the first column."""
        self.move(self.place[0], 0)

    def action_last(self) -> None:
        """Move the cursor to the last column."""
        self.move(self.place[0], len(self.order.columns) - 1)

    def action_open(self) -> None:
        """Ask for the cursor's cell in depth."""
        if self.order.rows and self.order.columns:
            self.post_message(self.Opened(self.row, self.column))

    def unmark(self) -> None:
        """No host is marked any more."""
        self.marked.clear()
        self.refresh()

    def action_next_mode(self) -> None:
        """Show the next of the modes."""
        self.next_mode()

    def action_mark(self) -> None:
        """Pick the cursor's host, or no longer."""
        if self.order.rows:
            self.marked ^= {self.view.names[self.row]}
            self._redraw([self._look().line(self.place[0])])

    def action_sort(self) -> None:
        """Sort by the next of the file's order, name, worst and rate."""
        self.sort(SORTS[(SORTS.index(self.sorted) + 1) % len(SORTS)])

    def action_zoom_in(self) -> None:
        """Show more in a cell."""
        self.zoom_to(ZOOMS[min(ZOOMS.index(self.zoomed) + 1, len(ZOOMS) - 1)])

    def action_zoom_out(self) -> None:
        """Show more cells."""
        self.zoom_to(ZOOMS[max(ZOOMS.index(self.zoomed) - 1, 0)])

    def action_age(self) -> None:
        """Show how old the handshakes are."""
        self.show_mode("age")

    def action_rx(self) -> None:
        """Show the bytes received."""
        self.show_mode("rx")

    def action_tx(self) -> None:
        """Show the bytes sent."""
        self.show_mode("tx")

    def action_rate(self) -> None:
        """Show the bytes per second."""
        self.show_mode("rate")

    def action_rtt(self) -> None:
        """Show the round trips."""
        self.show_mode("rtt")

    def action_problems(self) -> None:
        """Show only what is wrong."""
        self.show_mode("problems")
