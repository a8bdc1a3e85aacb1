"""What one cell of the grid says."""

from __future__ import annotations

from typing import Literal

from meshtui.fleet.events import LinkStatus
from meshtui.tui.theme import LINK_GLYPHS
from meshtui.tui.words import age_short, bytes_short
from meshtui.wg.health import LinkState

Mode = Literal["age", "rx", "tx"]
MODES: tuple[Mode, ...] = ("age", "rx", "tx")
MODE_NAMES: dict[Mode, str] = {"age": "handshake age", "rx": "bytes rx", "tx": "bytes tx"}

Face = tuple[LinkState | None, str]
"""What a cell looks like: its state (None: no link here) and its text, glyph first."""

BLANK: Face = (None, "")
WAITING: Face = (None, "·")
"""Nothing heard yet."""


def face(link: LinkStatus, mode: Mode, *, wide: bool) -> Face:
    """The face of one direction. Two equal faces look the same."""
    state = link.state
    glyph = LINK_GLYPHS[state]
    if state in ("unknown", "missing"):
        return state, glyph
    if mode == "rx":
        return state, f"{glyph} {bytes_short(link.transfer_rx)}"
    if mode == "tx":
        return state, f"{glyph} {bytes_short(link.transfer_tx)}"
    age = age_short(link.latest_handshake_age)
    if not wide:
        return state, f"{glyph} {age}"
    rx, tx = bytes_short(link.transfer_rx), bytes_short(link.transfer_tx)
    return state, f"{glyph} {age:<3} ↓{rx:<4} ↑{tx}"
