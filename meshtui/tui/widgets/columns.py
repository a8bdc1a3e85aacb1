"""How a table shares its width out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from meshtui.tui.words import fit

Cell = tuple[tuple[str, str], ...]
"""Pieces of text, each with the name of a style; `""` is none."""


class Column(NamedTuple):
    """One column. The earlier it stands in a table's list, the left-er it is shown."""

    id: str
    title: str
    width: int
    """Cells that it needs to say all."""
    least: int
    """Cells that still make sense."""
    rank: int = 0
    """The higher, the earlier it is cut, and then left out."""
    right: bool = False
    """Whether its text stands at the right."""
    most: bool = False
    """Whether the most of it is what one looks for: it is sorted from there down."""


class Placed(NamedTuple):
    """A column that is shown."""

    column: Column
    start: int
    width: int


#: Between two columns.
GAP = 1


def place(columns: Sequence[Column], room: int, left: int = 0) -> tuple[Placed, ...]:
    """The columns that fit into `room` cells after `left`, each with its place and width."""
    kept = list(columns)
    while kept and _total([column.least for column in kept]) + left > room:
        kept.remove(max(kept, key=lambda column: column.rank))
    widths = {column.id: column.least for column in kept}
    spare = room - left - _total(list(widths.values()))
    for column in sorted(kept, key=lambda column: column.rank):
        more = min(spare, column.width - column.least)
        widths[column.id] += more
        spare -= more
    placed, start = [], left
    for column in kept:
        placed.append(Placed(column, start, widths[column.id]))
        start += widths[column.id] + GAP
    return tuple(placed)


def fitted(cell: Cell, width: int, *, right: bool) -> Cell:
    """`cell` in exactly `width` cells."""
    used = sum(cell_len(text) for text, _ in cell)
    if used <= width:
        blank = (" " * (width - used), "")
        return (blank, *cell) if right else (*cell, blank)
    pieces, room = [], width
    for text, style in cell:
        # Two cells are for a glyph: there is no room to say that more would follow.
        shown = fit(text, room) if room > 2 else set_cell_size(text, min(room, cell_len(text)))
        pieces.append((shown, style))
        room -= cell_len(shown)
        if room <= 0:
            break
    return tuple(pieces)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * max(0, len(widths) - 1)
