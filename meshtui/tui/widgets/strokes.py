"""How a drawn line is told to the terminal: what changes from piece to piece, and no more."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.style import Style
from textual.strip import Strip


class Strokes(Strip):
    """A strip that says no colour twice.

    Textual's own says everything anew for each piece, which makes a line of a heat map
    twice as long: on a slow line that is seen.
    """

    __slots__ = ("_told",)

    def render(self, console: Console) -> str:
        """The text and its control sequences; nothing holds beyond its end."""
        told: str | None = getattr(self, "_told", None)
        if told is not None:
            return told
        changes = _changes(COLOR_SYSTEMS[console.color_system or "truecolor"])
        ways, parts = changes.first, [""]
        for text, style, _ in self:
            # By identity: styles are few, and to hash one takes longer than to write it.
            way = ways.get(id(style)) or changes.add(ways, style or _PLAIN)
            ways = way.then
            parts += (way.told, text)
        told = self._told = "".join(parts) + "\x1b[0m"
        return told


class _Way(NamedTuple):
    """From one style to another."""

    told: str
    then: _Ways
    style: Style
    """Kept, so that its id stays its own."""


class _Ways(dict[int, _Way]):
    """From one style to those that ever followed it, by their ids."""

    def __init__(self, style: Style | None) -> None:
        super().__init__()
        self.style = style
        """None: from the beginning of a line."""


class _Changes:
    """What is written between any two styles, in one system of colours."""

    def __init__(self, system: ColorSystem) -> None:
        self.first = _Ways(None)
        self._system = system
        self._ways: dict[int, _Ways] = {}

    def add(self, ways: _Ways, after: Style) -> _Way:
        """Work a way out."""
        if len(self._ways) >= _MOST:
            # Other themes, mostly. A line that is just written goes on with what it holds.
            self._ways.clear()
            self.first.clear()
        then = self._ways.get(id(after))
        if then is None:
            then = self._ways[id(after)] = _Ways(after)
        way = ways[id(after)] = _Way(self._told(ways.style, after), then, after)
        return way

    def _told(self, before: Style | None, after: Style) -> str:
        if before == after:
            return ""
        ink = Style(color=after.color)
        if before is not None and after.color is not None and before + ink == after:
            return f"\x1b[{Strip.render_ansi(ink, self._system)}m"
        return f"\x1b[0;{Strip.render_ansi(after, self._system)}m"


_MOST = 512
_PLAIN = Style.null()


@lru_cache
def _changes(system: ColorSystem) -> _Changes:
    return _Changes(system)
