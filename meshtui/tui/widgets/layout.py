"""How the width of the mesh screen is shared between host list and grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from rich.cells import cell_len

Zoom = Literal["map", "dots", "values", "full"]
#: From far away to near: two hosts a line, a character a cell, a value, all of them.
ZOOMS: tuple[Zoom, ...] = ("map", "dots", "values", "full")

#: two glyphs, four characters, and the gap to the next cell.
CELL = 7
#: age, rx and tx side by side.
WIDE_CELL = 19
#: The longest word for a host's state (`unreachable ↻99h`).
WORD = 16
NAME_MOST = 24
NAME_LEAST = 8


class Layout(NamedTuple):
    """Widths in terminal cells; 0: not shown."""

    zoom: Zoom
    number: int
    """Of the hosts' numbers, shown where names do not fit over the columns."""
    name: int
    address: int
    extra: int
    """Of the marks of drift and of what is owed, and the count of unknown peers: where any."""
    word: int
    """Of the state in words; the glyph is always there."""
    cell: int
    """Of one column of the grid, gap included."""

    @property
    def fold(self) -> int:
        """How many hosts share a line."""
        return 2 if self.zoom == "map" else 1

    @property
    def heading(self) -> int:
        """How many lines it takes: numbers stand upright over single characters."""
        return self.number if self.cell == 1 else 1

    @property
    def left(self) -> int:
        """The width of everything left of the grid, separator included."""
        marker, glyph, separator = 1, self.fold, 2
        states = glyph + self.extra + (1 + self.word) * (self.word > 0)
        shown = [width for width in (self.number, self.name, self.address, states) if width]
        return marker + sum(shown) + len(shown) - 1 + separator


def lay_out(
    width: int,
    names: Sequence[str],
    addresses: Sequence[str],
    columns: int,
    *,
    zoom: Zoom | None = None,
    roomy: bool = True,
    extra: int = 0,
) -> Layout:
    """The roomiest layout in which all `columns` fit in `width`, else the tightest.

    `zoom`: only of this kind; None: of any, though never the map. `roomy`: whether the mode has
    more than one value to show. Names over the columns go before addresses and state words.
    """
    longest = max((cell_len(name) for name in names), default=0)
    name = min(longest, NAME_MOST)
    address = max((cell_len(text) for text in addresses), default=0)
    number = len(str(len(names)))
    wide, named = max(WIDE_CELL, name + 1), max(CELL, name + 1)

    full = [Layout("full", 0, name, address, extra, WORD, wide)]
    full += [Layout("full", 0, name, 0, extra, word, wide) for word in (WORD, 0)]
    lists = ((address, WORD), (0, WORD), (0, 0))
    values = [Layout("values", 0, name, at, extra, word, named) for at, word in lists]
    if named > CELL:
        values += [Layout("values", number, name, at, extra, word, CELL) for at, word in lists]
    dots = [Layout("dots", number, name, at, extra, word, 1) for at, word in lists]
    maps = [Layout("map", number, 2 * name + 1, 0, 0, 0, 1), Layout("map", number, 0, 0, 0, 0, 1)]
    kinds = {"map": maps, "dots": dots, "values": values, "full": full}
    if zoom is not None:
        choices = kinds[zoom]
    else:
        # Less than half of it in view is no view: better a small picture of all.
        tightest = values[-1]
        seen = (width - tightest.left) // tightest.cell
        choices = [*(full if roomy and named <= WIDE_CELL else []), *values]
        if 2 * seen < columns:
            choices = dots
    for choice in choices:
        if choice.left + columns * choice.cell <= width:
            return choice
    # It has to scroll: give the list what leaves most of the width to the grid.
    for choice in choices[-3:]:
        if choice.left <= width // 3:
            return choice
    last = choices[-1]
    short = min(last.name, max(NAME_LEAST, width // 3 - number - 6))
    return Layout(last.zoom, last.number, short, 0, last.extra, 0, last.cell)
