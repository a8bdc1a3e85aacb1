"""The host list: the columns at the left of every row of the grid."""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style

from meshtui.tui.theme import HOST_COLOURS, HOST_GLYPHS
from meshtui.tui.view import Row
from meshtui.tui.widgets.layout import Layout
from meshtui.tui.words import pad

StyleOf = Callable[..., Style]
"""Names of the grid's component classes -> their styles on top of one another."""


def host_heading(layout: Layout, style_of: StyleOf) -> list[Segment]:
    """The line above the host list."""
    number = " " * (layout.number + 1) if layout.number else ""
    text = f" {number}{pad('HOST', layout.name)} "
    if layout.address:
        text += f"{pad('ADDRESS', layout.address)} "
    if layout.word:
        text += "STATE"
    text = pad(text, layout.left - 2)
    return [Segment(text, style_of("heading")), Segment("│ ", style_of("heading", "rule"))]


def host_line(
    row: Row, number: int, layout: Layout, style_of: StyleOf, *, marked: bool
) -> list[Segment]:
    """One host: number, name, address, state as glyph and word. `marked`: the cursor's row."""
    base = "marked" if marked else "cell"
    state = HOST_COLOURS[row.state]
    segments = [Segment("▸" if marked else " ", style_of(base, "name"))]
    if layout.number:
        segments.append(Segment(f"{number:>{layout.number}} ", style_of(base, "dim")))
    name = style_of(base, "name", "strong") if marked else style_of(base, "name")
    segments.append(Segment(pad(row.name, layout.name) + " ", name))
    if layout.address:
        first = row.addresses[0] if row.addresses else ""
        segments.append(Segment(pad(first, layout.address) + " ", style_of(base, "dim")))
    segments.append(Segment(HOST_GLYPHS[row.state], style_of(base, state)))
    if layout.word:
        quiet = row.state in ("up", "connecting")
        word = f" {pad(row.state, layout.word)}"
        segments.append(Segment(word, style_of(base, "dim" if quiet else state)))
    segments.append(Segment("│ ", style_of(base, "rule")))
    return segments
