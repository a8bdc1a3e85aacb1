"""A table of what lives: sorted, with a cursor that stays on its row, drawn line by line.

Only rows in view are built, and only those that read differently drawn again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from meshtui.tui.actions import bindings
from meshtui.tui.widgets.columns import Cell, Column, Placed, fitted, place

Cells = tuple[Cell, ...]
"""A row: one cell for each column, in the columns' order."""

STYLES = ("dim", "strong", "up", "idle", "stale", "never", "missing", "unknown")
#: In front of a row: the cursor's mark.
_LEFT = 2


class Table(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows are known by a key. What they hold is asked for when it is drawn."""

    BINDINGS = bindings("table")
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"table--{name}" for name in ("heading", "sorted", "row", "marked", *STYLES)
    }

    class Opened(Message):
        """Someone wants to see more of a row."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(
        self,
        columns: Sequence[Column],
        cells: Callable[[str], Cells],
        order: Callable[[str, str], Any],
        *,
        id: str | None = None,  # noqa: A002 - Textual's name
    ) -> None:
        """`cells`: key -> its row. `order`: key, column's id -> what to sort it by."""
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.sorted_by = self.columns[0].id
        self.reverse = False
        self._cells, self._order = cells, order
        self._keys: list[str] = []
        self._cursor: str | None = None
        self._placed: tuple[Placed, ...] = ()
        self._drawn: dict[int, tuple[tuple[object, ...], Strip]] = {}
        self._styles: dict[tuple[str, ...], Style] = {}
        self._width = 0

    # -- what the screen calls

    def show(self, keys: Sequence[str]) -> None:
        """Show these rows, sorted; draws only what is another than before."""
        self._keys = sorted(keys, key=self._sort_key, reverse=self.reverse)
        if self._cursor not in self._keys:
            self._cursor = self._keys[0] if self._keys else None
        size = Size(self._width, len(self._keys) + 1)
        if size != self.virtual_size:
            self.virtual_size = size
            self.refresh()
            return
        height = self.scrollable_content_region.height
        changed = [
            Region(0, y, self._width, 1)
            for y in range(1, height)
            if (at := self._drawn.get(y)) is None or at[0] != self._look(y)
        ]
        if changed:
            self.refresh(*changed)

    def use_columns(self, columns: Sequence[Column]) -> None:
        """Other widths, or other columns."""
        if tuple(columns) != self.columns:
            self.columns = tuple(columns)
            self._lay_out()

    @property
    def cursor(self) -> str | None:
        """The key of the row that the cursor is on."""
        return self._cursor

    @property
    def keys(self) -> Sequence[str]:
        """As they stand, from top to bottom."""
        return self._keys

    def sort_by(self, column: str, *, reverse: bool = False) -> None:
        """Sort anew; the cursor stays on its row."""
        self.sorted_by, self.reverse = column, reverse
        self._sorted_anew()

    def sort_next(self) -> None:
        """Sort by the next of the columns that are shown."""
        shown = [placed.column.id for placed in self._placed] or [self.sorted_by]
        at = shown.index(self.sorted_by) if self.sorted_by in shown else -1
        column = self._placed[(at + 1) % len(shown)].column if self._placed else self.columns[0]
        self.sort_by(column.id, reverse=column.most)

    def turn(self) -> None:
        """Sort the other way round."""
        self.sort_by(self.sorted_by, reverse=not self.reverse)

    def _sorted_anew(self) -> None:
        self.show(self._keys)
        self._reveal()
        self.refresh()

    def _sort_key(self, key: str) -> tuple[bool, Any]:
        value = self._order(key, self.sorted_by)
        # What is not known stands at the end, whichever way round.
        return ((value is None) is not self.reverse, 0 if value is None else value)

    # -- geometry

    def on_resize(self) -> None:
        """Share the new width out."""
        self._lay_out()

    def _lay_out(self) -> None:
        self._width = self.scrollable_content_region.width
        # One cell for the scrollbar, so that its coming does not change the layout.
        self._placed = place(self.columns, self.size.width - 1, _LEFT)
        self.virtual_size = Size(self._width, len(self._keys) + 1)
        self._drawn.clear()
        self._reveal()
        self.refresh()

    def _reveal(self) -> None:
        if self._cursor is None:
            return
        index, top = self._keys.index(self._cursor), self.scroll_offset.y
        rows = max(1, self.scrollable_content_region.height - 1)
        if not top <= index < top + rows:
            self.scroll_to(y=index if index < top else index - rows + 1, animate=False, force=True)

    # -- drawing

    def notify_style_update(self) -> None:
        """Forget every line: its colours may be others now."""
        super().notify_style_update()
        self._drawn.clear()
        self._styles.clear()

    def _look(self, y: int) -> tuple[object, ...]:
        """All that line `y` of the view depends on."""
        index = y - 1 + self.scroll_offset.y
        if y == 0:
            return (self.sorted_by, self.reverse, self._width)
        if index >= len(self._keys):
            return (self._width,)
        key = self._keys[index]
        return (self._cells(key), key == self._cursor, self.has_focus, self._width)

    def render_line(self, y: int) -> Strip:
        """Line `y` of what is in view: the headings, or a row."""
        look, known = self._look(y), self._drawn.get(y)
        if known is not None and known[0] == look:
            return known[1]
        if y == 0:
            segments = self._heading()
            base: tuple[str, ...] = ("heading",)
        elif len(look) == 1:
            segments, base = [], ("row",)
        else:
            cells, marked = look[0], bool(look[1])
            base = ("marked",) if marked else ("row",)
            segments = self._row(cells, base, marked=marked)  # type: ignore[arg-type]
        strip = Strip(segments).adjust_cell_length(self._width, self._style(*base))
        self._drawn[y] = (look, strip)
        return strip

    def _heading(self) -> list[Segment]:
        style = self._style("heading")
        segments = [Segment(" " * _LEFT, style)]
        for column, _, width in self._placed:
            title, styled = column.title, style
            if column.id == self.sorted_by:
                title += "▼" if self.reverse else "▲"
                styled = self._style("heading", "sorted")
            cell = fitted(((title, ""),), width, right=column.right)
            segments += [Segment(text, styled) for text, _ in cell]
            segments.append(Segment(" ", style))
        return segments

    def _row(self, cells: Cells, base: tuple[str, ...], *, marked: bool) -> list[Segment]:
        by_id = dict(zip((column.id for column in self.columns), cells, strict=True))
        # Without the focus the cursor is where it was, but keys do not go there.
        mark = ("▸ " if self.has_focus else "▹ ") if marked else "  "
        segments = [Segment(mark, self._style(*base))]
        for column, _, width in self._placed:
            for text, style in fitted(by_id[column.id], width, right=column.right):
                names = (*base, style) if style else base
                segments.append(Segment(text, self._style(*names)))
            segments.append(Segment(" ", self._style(*base)))
        return segments

    def _style(self, *names: str) -> Style:
        style = self._styles.get(names)
        if style is None:
            style = Style.null()
            for name in names:
                style += self.get_component_rich_style(f"table--{name}", partial=True)
            self._styles[names] = style
        return style

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Every line is another one."""
        super().watch_scroll_y(old_value, new_value)
        self.refresh()

    # -- keys and mouse

    def move(self, index: int) -> None:
        """Put the cursor on a row, as near as there is one, and in view."""
        if self._keys:
            self._cursor = self._keys[max(0, min(index, len(self._keys) - 1))]
            self._reveal()
            self.show(self._keys)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a row; twice opens it. On a heading: sort by it, or turn round."""
        if event.y == 0:
            for column, start, width in self._placed:
                if start <= event.x <= start + width:
                    same = column.id == self.sorted_by
                    self.sort_by(column.id, reverse=not self.reverse if same else column.most)
            return
        index = event.y - 1 + self.scroll_offset.y
        if index < len(self._keys):
            self.move(index)
            if event.chain == 2:
                self.action_open()

    @property
    def _at(self) -> int:
        return self._keys.index(self._cursor) if self._cursor is not None else 0

    @property
    def _page(self) -> int:
        return max(1, self.scrollable_content_region.height - 2)

    def action_open(self) -> None:
        """Ask to see more of the row."""
        if self._cursor is not None:
            self.post_message(self.Opened(self._cursor))

    def action_down(self) -> None:
        """Move the cursor a row down."""
        self.move(self._at + 1)

    def action_up(self) -> None:
        """Move the cursor a row up."""
        self.move(self._at - 1)

    def action_page_down(self) -> None:
        """Move the cursor a screen down."""
        self.move(self._at + self._page)

    def action_page_up(self) -> None:
        """Move the cursor a screen up."""
        self.move(self._at - self._page)

    def action_top(self) -> None:
        """Move the cursor to the first row."""
        self.move(0)

    def action_bottom(self) -> None:
        """Move the cursor to the last row."""
        self.move(len(self._keys) - 1)
