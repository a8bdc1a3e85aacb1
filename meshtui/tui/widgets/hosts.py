"""The host list: the columns at the left of every row of the grid."""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style

from meshtui.tui.theme import HOST_COLOURS, HOST_GLYPHS
from meshtui.tui.view import Row
from meshtui.tui.widgets.layout import Layout
from meshtui.tui.words import pad

StyleOf = Callable[[str], Style]
"""A component class of the grid -> its style."""


def host_heading(layout: Layout, style_of: StyleOf) -> list[Segment]:
    """The line above the host list."""
    number = " " * (layout.number + 1) if layout.number else ""
    text = f" {number}{pad('HOST', layout.name)} "
    if layout.address:
        text += f"{pad('ADDRESS', layout.address)} "
    if layout.word:
        text += "STATE"
    text = pad(text, layout.left - 2)
    return [
        Segment(text, style_of("grid--heading")),
        Segment("│ ", style_of("grid--rule") + style_of("grid--heading")),
    ]


def host_line(
    row: Row, number: int, layout: Layout, style_of: StyleOf, *, marked: bool
) -> list[Segment]:
    """One host: number, name, address, state as glyph and word. `marked`: the cursor's row."""
    colour = style_of(f"grid--{HOST_COLOURS[row.state]}")
    base = style_of("grid--marked") if marked else style_of("grid--cell")
    plain, dim = style_of("grid--name"), style_of("grid--dim")
    troubled = row.state not in ("up", "connecting")
    segments = [Segment("▸" if marked else " ", base + plain)]
    if layout.number:
        segments.append(Segment(f"{number:>{layout.number}} ", base + dim))
    bold = Style(bold=True) if marked else Style.null()
    segments.append(Segment(pad(row.name, layout.name) + " ", base + plain + bold))
    if layout.address:
        first = row.addresses[0] if row.addresses else ""
        segments.append(Segment(pad(first, layout.address) + " ", base + dim))
    segments.append(Segment(HOST_GLYPHS[row.state], base + colour))
    if layout.word:
        word = pad(row.state, layout.word)
        segments.append(Segment(f" {word}", base + (colour if troubled else dim)))
    segments.append(Segment("│ ", style_of("grid--rule") + base))
    return segments
