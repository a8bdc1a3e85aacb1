"""How the width of the mesh screen is shared between host list and grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

#: glyph, space, four characters, and the gap to the next cell.
CELL = 7
#: glyph, age, rx and tx side by side.
WIDE_CELL = 19
#: The longest word for a host's state (`not-installed`).
WORD = 13
NAME_MOST = 24
NAME_LEAST = 8


@dataclass(frozen=True, slots=True)
class Layout:
    """Widths in terminal cells; 0: not shown."""

    number: int
    """Of the hosts' numbers, shown where names do not fit over the columns."""
    name: int
    address: int
    word: int
    """Of the state in words; the glyph is always there."""
    cell: int
    """Of one column of the grid, gap included."""
    wide: bool
    """Whether a cell has room for age, rx and tx at once."""

    @property
    def left(self) -> int:
        """The width of everything left of the grid, separator included."""
        marker, glyph, separator = 1, 1, 2
        columns = [self.number, self.name, self.address, glyph + (1 + self.word) * (self.word > 0)]
        shown = [width for width in columns if width]
        return marker + sum(shown) + len(shown) - 1 + separator


def lay_out(width: int, names: Sequence[str], addresses: Sequence[str], *, ages: bool) -> Layout:
    """The roomiest layout in which all columns fit in `width`, else the tightest.

    `ages`: the mode in which wide cells show everything. Names over the columns
    go before addresses and state words.
    """
    count = len(names)
    longest = max((cell_len(name) for name in names), default=0)
    name = min(longest, NAME_MOST)
    address = max((cell_len(text) for text in addresses), default=0)
    number = len(str(count))
    named = max(CELL, name + 1)

    choices = [
        Layout(0, name, address, WORD, WIDE_CELL, wide=True),
        Layout(0, name, address, WORD, named, wide=False),
        Layout(0, name, 0, WORD, named, wide=False),
        Layout(0, name, 0, 0, named, wide=False),
        Layout(number, name, address, WORD, CELL, wide=False),
        Layout(number, name, 0, WORD, CELL, wide=False),
        Layout(number, name, 0, 0, CELL, wide=False),
    ]
    if not ages or named > WIDE_CELL:
        del choices[0]
    for choice in choices:
        if choice.left + count * choice.cell <= width:
            return choice
    # It has to scroll: give the list what leaves most of the width to the grid.
    for choice in choices[-3:]:
        if choice.left <= width // 3:
            return choice
    short = max(NAME_LEAST, min(name, width // 3 - number - 6))
    return Layout(number, min(name, short), 0, 0, CELL, wide=False)
