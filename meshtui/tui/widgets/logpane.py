"""The log, newest at the bottom; it follows unless someone has scrolled up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from textwrap import wrap
from typing import overload

from rich.cells import cell_len
from textual.timer import Timer

from meshtui.inert import inert
from meshtui.tui.log import KEPT, Level, Log, LogEntry
from meshtui.tui.row import NAME_LIMIT
from meshtui.tui.widgets.lines import Line, Lines
from meshtui.tui.words import pad

#: Seconds between two looks at the log, while it is shown.
EVERY = 0.5
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
        entries = [e for e in self._log.entries if self._host is None or e.about(self._host)]
        page = _Page(entries, width, names=self._host is None)
        self.show(page, page.width)
        if follows:
            # Forced: the scrollbar that the new lines need is not there yet.
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)


class _Page(Sequence[Line]):
    """The entries as lines. All are counted, and only those made that someone looks at."""

    def __init__(self, entries: Sequence[LogEntry], width: int, *, names: bool) -> None:
        hosts = {entry.host for entry in entries if entry.host} if names else ()
        self._names = min(max(map(cell_len, hosts), default=0), _NAME_MOST)
        # The time, the glyph, the name, and a space after each.
        self._lead = len("00:00:00 · ") + (self._names + 2 if self._names else 0)
        self._room = max(_ROOM_LEAST, width - self._lead)
        self.width = self._lead + self._room
        """No line is wider."""
        self._places: list[tuple[LogEntry, int]] = []
        """Of each line: its entry, and the how-manieth of its lines it is; -1: the day."""
        day = None
        for entry in entries:
            if (today := _day(int(entry.at))) != day:
                # Where all is of one day, its date says nothing.
                if day is not None:
                    self._places.append((entry, -1))
                day = today
            parts = len(self._parts(entry))
            self._places += [(entry, part) for part in range(parts)]

    def _parts(self, entry: LogEntry) -> Sequence[str]:
        text = entry.told
        room = self._room - len(_times(entry))
        return _wrapped(text, room) if len(text) > room else (text,)

    def __len__(self) -> int:
        return len(self._places) or 1

    @overload
    def __getitem__(self, index: int) -> Line: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Line]: ...

    def __getitem__(self, index: int | slice) -> Line | Sequence[Line]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not self._places:
            return (("nothing yet", "dim"),)
        entry, part = self._places[index]
        if part < 0:
            return ((time.strftime("── %Y-%m-%d ", time.localtime(entry.at)), "dim"),)
        text = self._parts(entry)[part]
        if part > 0:
            return ((" " * self._lead, ""), (text, ""))
        at = time.strftime("%H:%M:%S", time.localtime(entry.at))
        glyph, style = _GLYPHS[entry.level], _STYLES[entry.level]
        who = f"{pad(entry.host or '', self._names)}  " if self._names else ""
        return (
            *((f"{at} ", "dim"), (f"{glyph} ", style), (who, "strong")),
            *((text, ""), (_times(entry), "strong")),
        )


@lru_cache(2 * KEPT)
def _wrapped(text: str, room: int) -> Sequence[str]:
    return wrap(text, room) or [""]


@lru_cache(64)
def _day(at: int) -> tuple[int, ...]:
    return time.localtime(at)[:3]


def _times(entry: LogEntry) -> str:
    return f" ×{entry.times}" if entry.times > 1 else ""
