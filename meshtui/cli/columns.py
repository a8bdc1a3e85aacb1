"""A table of as many rows as there are: rich's own measures and wraps every cell anew."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

_GAP = 2


def print_columns(
    console: Console,
    headings: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    right: Collection[str] = (),
) -> None:
    """Print `rows` under `headings`; columns in `right` are numbers. Too wide a row is folded."""
    cells = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
    heads = [Text(heading, style="bold") for heading in headings]
    lengths = [[cell.cell_len for cell in row] for row in (heads, *cells)]
    widths = [max(column) for column in zip(*lengths, strict=True)]
    if sum(widths) + _GAP * (len(widths) - 1) > console.width:
        console.print(_folded(headings, cells, right))
        return
    lines = Text()
    for row, long in zip((heads, *cells), lengths, strict=True):
        for at, cell in enumerate(row):
            room = " " * (widths[at] - long[at])
            lines.append(" " * _GAP * bool(at) + room * (headings[at] in right))
            lines.append_text(cell)
            lines.append(room * (headings[at] not in right))
        lines.append("\n")
    console.print(lines, soft_wrap=True, end="")


def _folded(
    headings: Sequence[str], rows: Sequence[Sequence[Text]], right: Collection[str]
) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        if heading in right:
            table.add_column(heading, justify="right", no_wrap=True)
        else:
            table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
