"""Columns look as rich's own table would, where that need not fold anything."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from meshtui.cli.columns import _folded, print_columns

HEADINGS = ("host", "state", "links", "endpoint")
ROWS = [
    ("fra-1", Text("● up", style="green").append(", disabled", "dim"), "6/6", "192.0.2.1:51820"),
    ("東京-1", Text("× unreachable", style="red"), "12/100", ""),
]


def _printed(width: int, *, terminal: bool = False) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, force_terminal=terminal)
    print_columns(console, HEADINGS, ROWS, ("links",))
    return out.getvalue()


@pytest.mark.parametrize("width", [80, 30])
def test_as_rich_has_them(width: int) -> None:
    out = io.StringIO()
    cells = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in ROWS]
    Console(file=out, width=width, highlight=False).print(_folded(HEADINGS, cells, ("links",)))
    assert _printed(width) == out.getvalue()
    assert max(map(len, out.getvalue().splitlines())) <= width


def test_colours_are_those_of_the_cells() -> None:
    said = _printed(80, terminal=True)
    assert "\x1b[1mhost\x1b[0m" in said
    assert "\x1b[32m● up\x1b[0m" in said


def test_no_rows_are_headings_alone() -> None:
    out = io.StringIO()
    print_columns(Console(file=out, width=80), HEADINGS, [])
    assert out.getvalue().split() == list(HEADINGS)
