"""Which part of the grid is in view, and where in it everything is."""

from __future__ import annotations

from typing import NamedTuple

from meshtui.tui.order import Order
from meshtui.tui.widgets.layout import Layout

Place = tuple[int, int]
"""A row and a column, as they follow one another; not hosts by index."""


class Frame(NamedTuple):
    """A window onto the grid, the heading and the host list included."""

    layout: Layout
    order: Order
    x: int
    """How far it is scrolled, in terminal cells."""
    y: int
    """And in lines."""
    width: int
    height: int

    @property
    def shown(self) -> int:
        """How many whole columns are in view."""
        fit = (self.width - self.layout.left) // self.layout.cell
        return max(0, min(fit, len(self.order.columns)))

    @property
    def first(self) -> int:
        """The first column in view. Columns move whole, never by half a cell."""
        return min(-(-self.x // self.layout.cell), len(self.order.columns) - self.shown)

    @property
    def columns(self) -> tuple[int, ...]:
        """The hosts over the columns in view, by index."""
        first = self.first
        return self.order.columns[first : first + self.shown]

    def hosts(self, line: int) -> tuple[int, ...]:
        """The hosts of a line, by index; none in the heading, nor below the last."""
        fold = self.layout.fold
        place = (line - self.layout.heading + self.y) * fold
        return self.order.rows[place : place + fold] if place >= 0 else ()

    def at(self, x: int, y: int, place: Place) -> Place | None:
        """What is at a point; in the list or the heading the other half is as in `place`.

        None: nothing is there.
        """
        row, column = place
        if y >= self.layout.heading:
            hosts = self.hosts(y)
            if not hosts:
                return None
            # Where two hosts share a line, the one that the cursor is on already stays.
            begin = self.order.rows.index(hosts[0])
            row = row if begin <= row < begin + len(hosts) else begin
        if x >= self.layout.left:
            column = self.first + (x - self.layout.left) // self.layout.cell
            if column >= self.first + self.shown:
                return None
        return row, column

    def scrolled_to(self, place: Place) -> tuple[int, int]:
        """How far to scroll, x and y, that a place comes into view."""
        line, column = place[0] // self.layout.fold, place[1]
        lines, columns = max(1, self.height - self.layout.heading), max(1, self.shown)
        top, first = self.y, self.first
        if not top <= line < top + lines:
            top = line if line < top else line - lines + 1
        if not first <= column < first + columns:
            first = column if column < first else column - columns + 1
        return first * self.layout.cell, top

    @property
    def page(self) -> int:
        """How many rows a screen is, with one line left in view."""
        return max(1, self.height - self.layout.heading - 1) * self.layout.fold
