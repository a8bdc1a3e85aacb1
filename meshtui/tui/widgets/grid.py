"""The grid: every direction of the mesh in one look, and what moves it."""

from __future__ import annotations

from collections.abc import Collection

from textual import events
from textual.message import Message

from meshtui.tui.actions import bindings
from meshtui.tui.order import SORTS, Sort
from meshtui.tui.view import MeshView
from meshtui.tui.widgets.cells import MODES, STEPS, Mode
from meshtui.tui.widgets.layout import ZOOMS, Zoom
from meshtui.tui.widgets.surface import Surface

#: Seconds between two sortings by what changes all the time.
SORT_EVERY = 2.0


class Grid(Surface, can_focus=True, inherit_bindings=False):
    """Rows are the hosts that look, columns the hosts looked at; the list stays in view."""

    BINDINGS = bindings("grid")

    class Moved(Message):
        """The cursor is on another cell."""

        def can_replace(self, message: Message) -> bool:
            """Only where the cursor ends up matters."""
            return isinstance(message, Grid.Moved)

    class Opened(Message):
        """Someone wants to see a cell in depth; on the diagonal, the host."""

        def __init__(self, row: int, column: int) -> None:
            super().__init__()
            self.row, self.column = row, column
            """Hosts, by index."""

    def __init__(self, view: MeshView) -> None:
        super().__init__(view)
        self.sorted: Sort = "file"
        self._arranged_at = view.clock()

    # -- what the screen calls

    def rows_changed(self, indexes: Collection[int]) -> None:
        """Draw those of the rows again that are in view and look different."""
        self._canvas.changed.update(indexes)
        if self._rearranged():
            return
        if self._extra != self._layout.extra and self._layout.zoom != "map":
            self._relayout()
            return
        # The age of what a silent host last said is in view too.
        self._redraw({*indexes, *self.view.kept})

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
        was, host, at = self.place, self.row, self.scroll_offset
        if not self._cursor.put((row, column)):
            return
        self._show_cursor()
        if at != self.scroll_offset:
            self.refresh()
        elif self.place[1] == was[1]:
            self._redraw((host, self.row))
        else:
            # Another column is another mark on every line.
            self._remark((was[1], self.place[1]))
        self.post_message(self.Moved())

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
            self._redraw((self.row,))

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
