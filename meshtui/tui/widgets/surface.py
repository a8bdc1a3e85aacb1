"""What the grid is drawn on: a part of it in view, line by line.

It uses Textual's Line API, because a DataTable of 100 x 100 costs 50 times as
much (918 ms a refresh). A line is built again only when what it shows changed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.filter import ANSIToTruecolor, DimFilter, Monochrome, NoColor
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from meshtui.tui.order import Order
from meshtui.tui.view import MeshView
from meshtui.tui.widgets.canvas import Canvas
from meshtui.tui.widgets.cells import ROOMY, Mode
from meshtui.tui.widgets.cursor import Cursor
from meshtui.tui.widgets.frame import Frame, Place
from meshtui.tui.widgets.layout import Layout, Zoom, lay_out
from meshtui.tui.widgets.paint import STYLES, Scene

_OF_STYLES = (ANSIToTruecolor, DimFilter, Monochrome, NoColor)
NOTHING, NO_PROBLEMS = "no host matches the filter", "no problems"


class Surface(ScrollView, inherit_bindings=False):
    """Draws a view of the mesh around a cursor; the heading and the host list stay in view."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"grid--{name}" for name in STYLES}

    class LaidOut(Message):
        """The mode, the zoom, the widths, the filter or the order are others."""

        def can_replace(self, message: Message) -> bool:
            """Only how it ends up matters."""
            return isinstance(message, Surface.LaidOut)

    def __init__(self, view: MeshView) -> None:
        super().__init__()
        self.view = view
        self.mode: Mode = "age"
        self.zoom: Zoom | None = None
        """None: as near as the width allows."""
        self.filtered = ""
        self.marked: set[str] = set()
        """Names of the hosts that someone picked."""
        self._cursor = Cursor(view)
        self._canvas = Canvas(view, self._style)
        self._styles: dict[tuple[str, ...], Style] = {}
        self._layout = self._lay_out(80)

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

    @property
    def zoomed(self) -> Zoom:
        """How near the cells are looked at."""
        return self._layout.zoom

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
            extra=self._extra,
        )

    @property
    def _extra(self) -> int:
        """The width of the marks of drift and what is owed, and the count of unknown peers."""
        most = max((len(row.unknown_peers) for row in self.view.rows), default=0)
        drift = any(map(self.view.drifts, range(len(self.view.rows))))
        return drift + bool(self.view.owed) + (len(f"+{most}") if most else 0)

    def _relayout(self) -> None:
        self._canvas.rearranged()
        # One column for the scrollbar, so that its coming does not change the layout.
        layout = self._layout = self._lay_out(self.size.width - 1)
        lines = -(-len(self.order.rows) // layout.fold) + layout.heading
        columns = len(self.order.columns)
        self.virtual_size = Size(layout.left + columns * layout.cell, lines)
        width, height = self.container_size
        if width:
            # Now, and not when the screen is laid out: it would be laid out once more.
            tall = lines > height
            wide = self.virtual_size.width > width - tall
            self.show_vertical_scrollbar = tall or lines > height - wide
            self.show_horizontal_scrollbar = wide
        self._show_cursor()
        # A scrollbar that comes with this may take the cursor's line.
        self.call_after_refresh(self._show_cursor)
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
        # Forced: a scrollbar that is needed now comes only with the next layout.
        self.scroll_to(x, y, animate=False, immediate=True, force=True)

    def on_resize(self) -> None:
        """Share the new width out."""
        self._relayout()

    # -- drawing

    def _redraw(self, changed: Collection[int]) -> None:
        """Draw the lines of hosts again that are in view and look different."""
        frame, hosts = self._look(), frozenset(changed)
        self._canvas.changed |= hosts
        regions = [
            Region(0, line, self.size.width, 1)
            for line in range(self._layout.heading, frame.height)
            if not hosts.isdisjoint(on_line := frame.hosts(line)) and self._canvas.ask(on_line)
        ]
        if regions:
            self.refresh(*regions)

    def _remark(self, columns: Collection[int]) -> None:
        """Draw these columns again, by place: one was marked, or is. And the lines that changed."""
        frame, layout = self._look(), self._layout
        regions = [
            Region(layout.left + (column - frame.first) * layout.cell, 0, layout.cell, frame.height)
            for column in columns
            if 0 <= column - frame.first < frame.shown
        ]
        for line in range(layout.heading, frame.height):
            hosts = frame.hosts(line)
            if hosts and not self._canvas.only_remarked(hosts):
                regions.append(Region(0, line, self.size.width, 1))
        self.refresh(*regions)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Lines of what is in view, without what Textual would put around them.

        The grid has no border. Textual's own filters are about styles, and were asked when
        those were made: 50 times instead of 6,000 a second. Others are about texts.
        """
        frame, (x1, x2) = self._look(), crop.column_span
        lines = [self._line(frame, y).crop(x1, x2) for y in crop.line_range]
        for line_filter in self.get_line_filters():
            if not isinstance(line_filter, _OF_STYLES):
                ground = self.background_colors[1]
                lines = [line.apply_filter(line_filter, ground) for line in lines]
        return lines

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
