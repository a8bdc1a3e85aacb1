"""Colours and glyphs. Neutral greys, and the palette of Okabe and Ito on top.

Every state has a glyph and a colour of its own, so that neither a colour-blind
reader nor NO_COLOR loses anything.
"""

from __future__ import annotations

from typing import Literal

from textual.theme import Theme

from meshtui.errors import HostState
from meshtui.wg.health import LinkState

SeenState = HostState | Literal["connecting"]
"""A host's state, or that it has not answered yet."""

NAME = "meshtui-dark"

#: Okabe & Ito (2008), "Color Universal Design". The blues and greens stay apart
#: for all three kinds of colour blindness.
_ORANGE = "#E69F00"
_SKY = "#56B4E9"
_GREEN = "#009E73"
_VERMILLION = "#D55E00"
_PURPLE = "#CC79A7"
_GREY = "#8A8A8A"

#: CSS variables, `$state-up` and so on: one per kind of state.
VARIABLES = {
    "state-up": _GREEN,
    "state-idle": _SKY,
    "state-stale": _ORANGE,
    "state-never": _VERMILLION,
    "state-missing": _PURPLE,
    "state-unknown": _GREY,
}

THEME = Theme(
    name=NAME,
    primary="#9E9E9E",
    secondary="#767676",
    accent=_SKY,
    warning=_ORANGE,
    error=_VERMILLION,
    success=_GREEN,
    foreground="#D0D0D0",
    background="#121212",
    surface="#1C1C1C",
    panel="#262626",
    dark=True,
    variables={
        **VARIABLES,
        "block-cursor-text-style": "bold",
        "scrollbar": "#4E4E4E",
        "scrollbar-hover": "#6C6C6C",
        "scrollbar-active": "#8A8A8A",
        "scrollbar-background": "#1C1C1C",
        "scrollbar-background-hover": "#1C1C1C",
        "scrollbar-background-active": "#1C1C1C",
        "scrollbar-corner-color": "#1C1C1C",
    },
)

LINK_GLYPHS: dict[LinkState, str] = {
    "up": "●",
    "idle": "○",
    "stale": "◐",
    "never": "×",
    "missing": "∅",
    "unknown": "?",
}

#: What each means, for the help screen.
LINK_MEANINGS: dict[LinkState, str] = {
    "up": "a handshake within the last 210 s",
    "idle": "nothing to say yet: no keepalive and no traffic",
    "stale": "it sends, and nothing comes back",
    "never": "it sends, and there was never a handshake",
    "missing": "the interface has no such peer",
    "unknown": "that host cannot be asked",
}

HOST_GLYPHS: dict[SeenState, str] = {
    "up": "●",
    "connecting": "·",
    "no-interface": "○",
    "not-installed": "∅",
    "refused": "!",
    "unreachable": "×",
}

#: Which colour (`state-…`) a host's state has.
HOST_COLOURS: dict[SeenState, LinkState] = {
    "up": "up",
    "connecting": "unknown",
    "no-interface": "idle",
    "not-installed": "missing",
    "refused": "stale",
    "unreachable": "never",
}
