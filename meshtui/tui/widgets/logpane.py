"""The log, newest at the bottom; it follows unless someone has scrolled up."""

from __future__ import annotations

import time
from textwrap import wrap

from rich.cells import cell_len
from textual.timer import Timer

from meshtui.inert import inert
from meshtui.tui.log import Level, Log, LogEntry
from meshtui.tui.view import NAME_LIMIT
from meshtui.tui.widgets.lines import Line, Lines
from meshtui.tui.words import pad

#: Seconds between two looks at the log, while it is shown.
EVERY = 0.25
_GLYPHS: dict[Level, str] = {"info": "·", "good": "✓", "warn": "!", "bad": "×"}
_STYLES: dict[Level, str] = {"info": "dim", "good": "good", "warn": "warn", "bad": "bad"}
_NAME_MOST = 16
_ROOM_LEAST = 20


class LogPane(Lines, inherit_bindings=True):
    """Shows a Log, or what of it is about one host. While it is hidden it costs nothing."""

    DEFAULT_CSS = """
    LogPane {
        height: auto;
        min-height: 4;
        max-height: 30%;
        border-top: solid $rule;

        &:focus { border-top: solid $frame; }
    }
    """

    def __init__(self, log: Log, host: str | None = None, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._log = log
        self._host = None if host is None else inert(host, NAME_LIMIT)
        self._timer: Timer | None = None
        self._drawn: tuple[int, int] | None = None
        self._wrapped: dict[LogEntry, list[Line]] = {}
        self._wrapped_for: tuple[int, int] = (0, 0)

    def on_mount(self) -> None:
        """Look again and again, as long as it is shown."""
        self._timer = self.set_interval(EVERY, self.tell, pause=True)

    def on_show(self) -> None:
        """Show what came while it was hidden."""
        self.tell()
        if self._timer is not None:
            self._timer.resume()

    def on_hide(self) -> None:
        """Stop looking."""
        if self._timer is not None:
            self._timer.pause()

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self.tell()

    def toggle(self) -> None:
        """Show it, or hide it."""
        self.display = not self.display

    def tell(self) -> None:
        """Draw what has come, unless nothing has, or nobody sees it."""
        if not self.display or not self.size.width:
            return
        width = self.scrollable_content_region.width
        if (self._log.version, width) == self._drawn:
            return
        follows = self._drawn is None or self.scroll_offset.y >= self.max_scroll_y
        self._drawn = (self._log.version, width)
        entries = [e for e in self._log.entries if self._host in (None, e.host)]
        self.show(self._lines(entries, width))
        if follows:
            # Forced: the scrollbar that the new lines need is not there yet.
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    def _lines(self, entries: list[LogEntry], width: int) -> list[Line]:
        names = 0
        if self._host is None:
            names = max((cell_len(entry.host) for entry in entries if entry.host), default=0)
        names = min(names, _NAME_MOST)
        if (width, names) != self._wrapped_for:
            self._wrapped_for = (width, names)
            self._wrapped = {}
        # Those that are gone are forgotten, those that are there not wrapped again.
        self._wrapped = {e: self._wrapped.get(e) or _entry(e, names, width) for e in entries}
        lines: list[Line] = []
        day = None
        for entry, wrapped in self._wrapped.items():
            if (today := time.localtime(entry.at)[:3]) != day:
                # Where all is of one day, its date says nothing.
                if day is not None:
                    lines.append(
                        ((time.strftime("── %Y-%m-%d ", time.localtime(entry.at)), "dim"),)
                    )
                day = today
            lines += wrapped
        return lines or [(("nothing yet", "dim"),)]


def _entry(entry: LogEntry, names: int, width: int) -> list[Line]:
    glyph, style = _GLYPHS[entry.level], _STYLES[entry.level]
    at = time.strftime("%H:%M:%S", time.localtime(entry.at))
    who = f"{pad(entry.host or '', names)}  " if names else ""
    lead = len(at) + 3 + cell_len(who) + 1
    times = f" ×{entry.times}" if entry.times > 1 else ""
    room = max(_ROOM_LEAST, width - lead - len(times))
    first, *rest = wrap(entry.text, room) or [""]
    return [
        ((f"{at} ", "dim"), (f"{glyph} ", style), (who, "strong"), (first, ""), (times, "strong")),
        *(((" " * (lead - 1), ""), (part, "")) for part in rest),
    ]
