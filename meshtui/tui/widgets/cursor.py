"""The two hosts that the cursor of the grid is on, and the hosts shown around it."""

from __future__ import annotations

from meshtui.tui.order import Order, Sort, arrange
from meshtui.tui.view import MeshView
from meshtui.tui.widgets.frame import Place


class Cursor:
    """It stays on its hosts while the order around it changes."""

    def __init__(self, view: MeshView) -> None:
        self.view = view
        self.row = 0
        self.column = min(1, max(0, len(view.rows) - 1))
        """Hosts by index. With no host shown they are as they last were."""
        self.order = Order((), ())
        self._names = view.names
        self.arrange("file", "", problems=False)

    @property
    def place(self) -> Place:
        """Where it is among the rows and columns shown."""
        rows, columns = self.order
        return (
            rows.index(self.row) if self.row in rows else 0,
            columns.index(self.column) if self.column in columns else 0,
        )

    def put(self, place: Place) -> bool:
        """Move to a place, or as near as there is one; whether that is another."""
        rows, columns = self.order
        if not rows or not columns:
            return False
        row = rows[max(0, min(place[0], len(rows) - 1))]
        column = columns[max(0, min(place[1], len(columns) - 1))]
        moved = (row, column) != (self.row, self.column)
        self.row, self.column = row, column
        return moved

    def arrange(self, sort: Sort, text: str, *, problems: bool) -> bool:
        """Work the order out; whether it is another. A host that is not shown is left."""
        before, place = self.order, self.place
        self.order = rows, columns = arrange(self.view, sort, text, problems=problems)
        if rows and self.row not in rows:
            self.row = rows[min(place[0], len(rows) - 1)]
        if columns and self.column not in columns:
            self.column = columns[min(place[1], len(columns) - 1)]
        return self.order != before

    def follow(self) -> None:
        """The view shows another mesh: stay on the same hosts where they are still there."""
        index, names, self._names = self.view.index, self._names, self.view.names
        last = max(0, len(index) - 1)
        self.row, self.column = (
            index.get(names[host], min(host, last)) if names else 0
            for host in (self.row, self.column)
        )
        self.order = Order((), ())
