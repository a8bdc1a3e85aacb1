"""What meshtui did and saw, newest last, and which changes of a host are worth a line."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from meshtui.inert import inert
from meshtui.tui.theme import SeenState
from meshtui.tui.view import ERROR_LIMIT, NAME_LIMIT, Row
from meshtui.tui.words import counted
from meshtui.wg.health import HEALTHY, LinkState

Level = Literal["info", "good", "warn", "bad"]

#: Entries that are kept; older ones go.
KEPT = 2000
#: Of these, how many may be about one host: it must not wash the others out.
SHARE = 300
#: Seconds within which the same text from the same host is counted, not repeated.
REPEAT_WITHIN = 60.0
#: Where more links of one host than these change together, they are counted, not named.
NAMED = 3

_LINK_LEVELS: dict[LinkState, Level] = {"stale": "warn", "never": "bad", "missing": "bad"}
_HOST_LEVELS: dict[SeenState, Level] = {"up": "good", "no-interface": "warn"}


class LogEntry(NamedTuple):
    """One thing that happened. Its texts are inert."""

    at: float
    """Epoch seconds; of the latest, where it happened several times."""
    level: Level
    host: str | None
    """Whom it is about; None: the mesh, or meshtui itself."""
    text: str
    times: int = 1


class Log:
    """The latest entries. Whoever draws them looks at `version` first."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._kept: OrderedDict[int, LogEntry] = OrderedDict()
        self._latest: dict[tuple[Level, str | None, str], int] = {}
        self._of_host: dict[str | None, deque[int]] = {}
        self._entries: tuple[LogEntry, ...] | None = ()
        self.version = 0
        """Goes up with every entry."""

    def add(self, level: Level, text: str, host: str | None = None) -> None:
        """Add an entry; the same again within a short time moves to the end and is counted."""
        host = None if host is None else inert(host, NAME_LIMIT)
        text = inert("; ".join(text[: 2 * ERROR_LIMIT].splitlines()), ERROR_LIMIT)
        entry, key = LogEntry(self._now(), level, host, text), (level, host, text)
        known = self._latest.get(key)
        if known is not None and self._kept[known].at >= entry.at - REPEAT_WITHIN:
            entry = entry._replace(times=self._kept.pop(known).times + 1)
        self.version += 1
        self._latest[key] = self.version
        self._kept[self.version] = entry
        mine = self._of_host.setdefault(host, deque(maxlen=KEPT))
        mine.append(self.version)
        if host is not None and len(mine) > SHARE:
            self._drop(mine.popleft())
        if len(self._kept) > KEPT:
            # What meshtui itself did and saw stays longest.
            others = (n for n, e in self._kept.items() if e.host and n != self.version)
            self._drop(next(others, next(iter(self._kept))))
        self._entries = None

    def _drop(self, number: int) -> None:
        old = self._kept.pop(number, None)
        if old is not None:
            key = (old.level, old.host, old.text)
            if self._latest.get(key) == number:
                del self._latest[key]

    @property
    def entries(self) -> Sequence[LogEntry]:
        """All that is kept, oldest first."""
        if self._entries is None:
            self._entries = tuple(self._kept.values())
        return self._entries


class Change(NamedTuple):
    """What `Log.add` takes: `log.add(*change)`."""

    level: Level
    text: str
    host: str


def changes(before: Row, after: Row) -> list[Change]:
    """What of two looks at one host is worth a line; its first answer is not."""
    if before.state == "connecting":
        return []
    found: list[Change] = []
    if after.state != before.state:
        text = "up again" if after.state == "up" else f"{after.state}: {after.error or 'no reason'}"
        found.append(Change(_HOST_LEVELS.get(after.state, "bad"), text, after.name))
    found += _links(before, after)
    # Only a host that answered both times can say that a peer is new, or gone.
    if before.state == after.state == "up":
        peers: tuple[tuple[Level, str, Row, Row], ...] = (
            ("warn", "appeared", before, after),
            ("info", "is gone", after, before),
        )
        for level, what, old, new in peers:
            known = set(old.unknown_peers)
            if keys := [key for key in new.unknown_peers if key not in known]:
                more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
                text = f"unknown peer {what}: {', '.join(keys[:NAMED])}{more}"
                found.append(Change(level, text, after.name))
    return found


def _links(before: Row, after: Row) -> list[Change]:
    """Links that are ill now, or well again."""
    # In a mesh of 100 these are 10,000 pairs a second, and hardly ever is one different.
    if before.states == after.states:
        return []
    # By what is said of them.
    groups: dict[LinkState, list[str]] = {}
    for old, new in zip(before.links, after.links, strict=False):
        if old is None or new is None or old.state == new.state:
            continue
        if new.state in _LINK_LEVELS:
            groups.setdefault(new.state, []).append(new.to)
        elif new.state in HEALTHY and old.state in _LINK_LEVELS:
            groups.setdefault("up", []).append(new.to)
    found = []
    for state, ends in groups.items():
        what = {"up": "healthy again", "never": "never up"}.get(state, state)
        if len(ends) > NAMED:
            text = f"{counted(len(ends), 'link')} {what}"
        else:
            names = ", ".join(inert(end, NAME_LIMIT) for end in ends)
            text = f"{'link' if len(ends) == 1 else 'links'} to {names} {what}"
        found.append(Change(_LINK_LEVELS.get(state, "good"), text, after.name))
    return found
