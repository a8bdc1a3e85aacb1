"""The host list: the columns at the left of every row of the grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style

from meshtui.tui.theme import DISABLED, DRIFT, HOST_COLOURS, HOST_GLYPHS, OWED
from meshtui.tui.view import MeshView
from meshtui.tui.widgets.cells import again
from meshtui.tui.widgets.layout import Layout
from meshtui.tui.words import pad

StyleOf = Callable[..., Style]
"""Names of the grid's component classes -> their styles on top of one another."""

CURSOR, MARK = "▸", "✓"
#: Which of the two hosts of a line the cursor is on.
UPPER, LOWER = "▀", "▄"


def host_heading(layout: Layout, style_of: StyleOf) -> list[Segment]:
    """The line above the host list."""
    number = " " * (layout.number + 1) if layout.number else ""
    text = f" {number}"
    if layout.name:
        text += f"{pad('HOST', layout.name)} "
    if layout.address:
        text += f"{pad('ADDRESS', layout.address)} "
    if layout.word:
        text += "STATE"
    text = pad(text, layout.left - 2)
    return [Segment(text, style_of("heading")), Segment("│ ", style_of("heading", "rule"))]


def host_line(
    view: MeshView, index: int, layout: Layout, style_of: StyleOf, *, cursor: bool, marked: bool
) -> list[Segment]:
    """One host: number, name, address, state as glyph and word.

    `cursor`: it is the cursor's row; `marked`: someone picked it.
    """
    row = view.rows[index]
    base = "marked" if cursor else "cell"
    state = HOST_COLOURS[row.state]
    marker = MARK if marked else CURSOR if cursor else " "
    segments = [Segment(marker, style_of(base, "name"))]
    if layout.number:
        segments.append(Segment(f"{index + 1:>{layout.number}} ", style_of(base, "dim")))
    name = style_of(base, "name", "strong") if cursor else style_of(base, "name")
    segments.append(Segment(pad(row.name, layout.name) + " ", name))
    if layout.address:
        first = row.addresses[0] if row.addresses else ""
        text = pad(first, layout.address)
        segments.append(Segment(text + " ", style_of(base, "dim")))
    segments.append(_glyph(view, index, base, style_of))
    if layout.extra:
        text = DRIFT if view.drifts(index) else ""
        text += OWED if view.names[index] in view.owed else ""
        text += f"+{len(row.unknown_peers)}" if row.unknown_peers else ""
        segments.append(Segment(pad(text, layout.extra), style_of(base, "stale")))
    if layout.word:
        word, quiet = _word(view, index)
        style = style_of(base, "dim" if quiet else "stale" if row.state == "up" else state)
        segments.append(Segment(f" {pad(word, layout.word)}", style))
    segments.append(Segment("│ ", style_of(base, "rule")))
    return segments


def _glyph(view: MeshView, index: int, base: str, style_of: StyleOf) -> Segment:
    """How a host is, in a character."""
    if view.is_disabled(index):
        return Segment(DISABLED, style_of(base, "dim"))
    state = view.rows[index].state
    return Segment(HOST_GLYPHS[state], style_of(base, HOST_COLOURS[state]))


def _word(view: MeshView, index: int) -> tuple[str, bool]:
    """How a host is, in words, and whether nobody need care."""
    row, name = view.rows[index], view.names[index]
    if view.is_disabled(index):
        return "disabled", True
    if row.state == "up" and name in view.owed:
        return "up, owed", False
    word = f"{row.state} {again(view, index)}" if row.kept else row.state
    return word, row.state in ("up", "connecting", "seen", "away")


def pair_line(
    view: MeshView,
    indexes: Sequence[int],
    layout: Layout,
    style_of: StyleOf,
    *,
    cursor: int | None,
    marked: Sequence[bool],
) -> list[Segment]:
    """Two hosts on one line. `cursor`: which of them it is on; None: on neither."""
    base = "cell" if cursor is None else "marked"
    marker = MARK if any(marked) else " " if cursor is None else (UPPER, LOWER)[cursor]
    number = f"{indexes[0] + 1:>{layout.number}} "
    segments = [
        Segment(marker, style_of(base, "name")),
        Segment(number, style_of(base, "dim")),
    ]
    if layout.name:
        width = layout.name // 2
        for place in range(2):
            name = view.rows[indexes[place]].name if place < len(indexes) else ""
            strong = ("strong",) if place == cursor else ()
            segments.append(Segment(pad(name, width) + " ", style_of(base, "name", *strong)))
    for place in range(2):
        if place < len(indexes):
            segments.append(_glyph(view, indexes[place], base, style_of))
        else:
            segments.append(Segment(" ", style_of(base)))
    segments.append(Segment("│ ", style_of(base, "rule")))
    return segments
