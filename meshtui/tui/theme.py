"""Themes and glyphs. Neutral greys, and colours that stay apart on top.

Every state has a glyph and a colour of its own, so that neither a colour-blind
reader nor NO_COLOR loses anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from rich.console import Console
from textual.theme import Theme

from meshtui.errors import HostState
from meshtui.wg.health import LinkState

SeenState = HostState | Literal["connecting", "seen", "away"]
"""A host's state, or that it has not answered yet. Of a device: whether a host sees it now."""

#: The default.
NAME = "dark"


def _theme(
    name: str,
    states: Mapping[str, str],
    *,
    ground: tuple[str, str, str, str],
    text: str,
    quiet: tuple[str, str, str],
    dark: bool,
    mark_style: str = "none",
) -> Theme:
    """A theme in full colour.

    `ground`: background, surface, panel and the marked line, each further from the
    background. `quiet`: secondary text, frames and rules, each nearer to it.
    """
    background, surface, panel, mark = ground
    dim, frame, rule = quiet
    return Theme(
        name=name,
        primary=dim,
        secondary=frame,
        accent=states["idle"],
        warning=states["stale"],
        error=states["never"],
        success=states["up"],
        foreground=text,
        background=background,
        surface=surface,
        panel=panel,
        dark=dark,
        variables={
            **{f"state-{state}": colour for state, colour in states.items()},
            "dim": dim,
            "dim-style": "none",
            "dimmed": dim,
            "frame": frame,
            "rule": rule,
            "mark": mark,
            "mark-style": mark_style,
            "block-cursor-text-style": "bold",
            "scrollbar": rule,
            "scrollbar-hover": frame,
            "scrollbar-active": dim,
            "scrollbar-background": surface,
            "scrollbar-background-hover": surface,
            "scrollbar-background-active": surface,
            "scrollbar-corner-color": surface,
        },
    )


#: Okabe & Ito (2008), "Color Universal Design", moved in lightness until each can be
#: read on every ground of its theme and stays apart from the others for all three
#: kinds of colour blindness. tests/tui/test_theme.py works both out.
_DARK = _theme(
    "dark",
    {
        "up": "#23AD71",
        "idle": "#79C3F2",
        "stale": "#FAB419",
        "never": "#EB7700",
        "missing": "#DB84C3",
        "unknown": "#A0A0A0",
    },
    ground=("#121212", "#1C1C1C", "#262626", "#303030"),
    text="#D0D0D0",
    quiet=("#9E9E9E", "#767676", "#4E4E4E"),
    dark=True,
)
_LIGHT = _theme(
    "light",
    {
        "up": "#00522F",
        "idle": "#1264B5",
        "stale": "#592800",
        "never": "#AD2A00",
        "missing": "#8F2B73",
        "unknown": "#5C5C5C",
    },
    ground=("#FFFFFF", "#F6F6F6", "#EEEEEE", "#E4E4E4"),
    text="#1C1C1C",
    quiet=("#585858", "#767676", "#B2B2B2"),
    dark=False,
)
_HIGH_CONTRAST = _theme(
    "high-contrast",
    {
        "up": "#19FAA6",
        "idle": "#4BCCFA",
        "stale": "#F2A818",
        "never": "#FA874B",
        "missing": "#FA7DD7",
        "unknown": "#B8B8B8",
    },
    ground=("#000000", "#0E0E0E", "#161616", "#1C1C1C"),
    text="#FFFFFF",
    quiet=("#C6C6C6", "#FFFFFF", "#9E9E9E"),
    dark=True,
    mark_style="reverse",
)
_HIGH_CONTRAST_LIGHT = _theme(
    "high-contrast-light",
    {
        "up": "#125938",
        "idle": "#0E2E87",
        "stale": "#4A2300",
        "never": "#8F2000",
        "missing": "#701661",
        "unknown": "#3A3A3A",
    },
    ground=("#FFFFFF", "#FAFAFA", "#F4F4F4", "#F0F0F0"),
    text="#000000",
    quiet=("#303030", "#000000", "#626262"),
    dark=False,
    mark_style="reverse",
)

#: The terminal's own colours on its own ground, whatever both are. What is quiet is
#: the attribute `dim`, since "bright black" cannot be seen in some schemes.
_ANSI = Theme(
    name="ansi",
    ansi=True,
    primary="ansi_default",
    secondary="ansi_default",
    accent="ansi_cyan",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    variables={
        "state-up": "ansi_green",
        "state-idle": "ansi_cyan",
        "state-stale": "ansi_yellow",
        "state-never": "ansi_red",
        "state-missing": "ansi_magenta",
        "state-unknown": "ansi_default",
        "dim": "ansi_default",
        "dim-style": "dim",
        "dimmed": "dim",
        "frame": "ansi_default",
        "rule": "ansi_default",
        "mark": "ansi_default",
        "mark-style": "reverse",
        "surface": "ansi_default",
        "panel": "ansi_default",
        # The rest is what Textual's own widgets need: the palette, the input line.
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "input-cursor-text-style": "reverse",
        "input-selection-background": "ansi_blue",
        "input-selection-foreground": "ansi_bright_white",
        "screen-selection-background": "ansi_blue",
        "screen-selection-foreground": "ansi_bright_white",
        "border": "ansi_default",
        "border-blurred": "ansi_default",
        "block-cursor-foreground": "ansi_default",
        "block-cursor-background": "ansi_default",
        "block-cursor-text-style": "bold reverse",
        "scrollbar": "ansi_bright_black",
        "scrollbar-hover": "ansi_bright_black",
        "scrollbar-active": "ansi_bright_black",
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
        "scrollbar-corner-color": "ansi_default",
    },
)

THEMES = (_DARK, _LIGHT, _HIGH_CONTRAST, _HIGH_CONTRAST_LIGHT, _ANSI)
THEME_NAMES = tuple(theme.name for theme in THEMES)

#: What our style sheets need of any theme: Textual's own have none of it.
VARIABLES = dict(_DARK.variables)

_LIGHT_BACKGROUNDS = {"7", "9", "10", "11", "12", "13", "14", "15"}


class ThemeChoice(NamedTuple):
    """What `App` is to be made with."""

    name: str
    ansi_color: bool | None
    """For `App.__init__`: True where no colour code at all may be sent."""


def theme_for(name: str, environ: Mapping[str, str]) -> ThemeChoice:
    """The theme for the setting `name`: `auto`, or one of THEME_NAMES.

    KeyError: there is no such theme. NO_COLOR goes before any setting.
    """
    if name != "auto" and name not in THEME_NAMES:
        raise KeyError(name)
    if "NO_COLOR" in environ:
        # Without the True, Textual's own NO_COLOR still sends 24-bit greys.
        return ThemeChoice("ansi", True)
    if name != "auto":
        return ThemeChoice(name, None)
    system = Console(force_terminal=True, _environ=environ).color_system
    if system not in ("256", "truecolor"):
        return ThemeChoice("ansi", None)
    # "foreground;background", or with a third in between, as rxvt and konsole set it.
    background = environ.get("COLORFGBG", "").rpartition(";")[2]
    return ThemeChoice("light" if background in _LIGHT_BACKGROUNDS else "dark", None)


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

#: Of a pair: a tunnel between two behind NAT that met; no tunnel, and the way through others
#: that it has instead, where all tunnels on it work, and where one does not.
MET, WAY, NO_WAY = "◉", "⇢", "⇏"

#: Of a host: it is disabled, whatever its state; it has something otherwise than mesh.toml
#: says; it missed the latest change.
DISABLED, DRIFT, OWED = "–", "≠", "!"
HOST_GLYPHS: dict[SeenState, str] = {
    "up": "●",
    "connecting": "·",
    "no-interface": "○",
    "not-installed": "∅",
    "refused": "!",
    "unreachable": "×",
    "seen": "◆",
    "away": "◇",
}

#: Which colour (`state-…`) a host's state has.
HOST_COLOURS: dict[SeenState, LinkState] = {
    "up": "up",
    "connecting": "unknown",
    "no-interface": "idle",
    "not-installed": "missing",
    "refused": "stale",
    "unreachable": "never",
    "seen": "up",
    "away": "unknown",
}
