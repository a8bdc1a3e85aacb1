"""What meshtui did and saw, newest last, and which changes of a host are worth a line."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from meshtui.inert import inert
from meshtui.tui.row import ERROR_LIMIT, NAME_LIMIT, Row
from meshtui.tui.theme import SeenState
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

_WORDS: dict[LinkState, str] = {"stale": "stale", "never": "never up", "missing": "missing"}
_AGAIN = "healthy again"
_NO_NEWS = frozenset((*HEALTHY, None))
_LEVELS: dict[str, Level] = {"stale": "warn", "never up": "bad", "missing": "bad", _AGAIN: "good"}
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
    seers: tuple[str, ...] = ()
    """The hosts that say so of `host`; none: it says so itself."""

    @property
    def told(self) -> str:
        """All that it says."""
        count = len(self.seers)
        if not count:
            return self.text
        seers = ", ".join(self.seers) if count <= NAMED else counted(count, "host")
        return f"{self.text}, says {seers}" if count == 1 else f"{self.text}, say {seers}"

    def about(self, host: str) -> bool:
        """Whether it is of or by that host."""
        return host == self.host or host in self.seers


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

    def add(
        self, level: Level, text: str, host: str | None = None, seer: str | None = None
    ) -> None:
        """Add an entry; the same again within a short time moves to the end and is counted.

        `seer`: the host that says so of `host`. What many say of one is one entry.
        """
        host = None if host is None else inert(host, NAME_LIMIT)
        text = inert("; ".join(text[: 2 * ERROR_LIMIT].splitlines()), ERROR_LIMIT)
        seers = () if seer is None else (inert(seer, NAME_LIMIT),)
        entry, key = LogEntry(self._now(), level, host, text, 1, seers), (level, host, text)
        known = self._latest.get(key)
        if known is not None and self._kept[known].at >= entry.at - REPEAT_WITHIN:
            old = self._kept.pop(known)
            if seers and seers[0] not in old.seers:
                entry = entry._replace(times=old.times, seers=old.seers + seers)
            else:
                entry = entry._replace(times=old.times + 1, seers=old.seers)
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
    seer: str | None = None


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
    # In a mesh of 100 these are 10,000 pairs a second, and hardly ever is one news.
    if before.states == after.states:
        return []
    if _NO_NEWS.issuperset(before.states) and _NO_NEWS.issuperset(after.states):
        return []
    # A host that was silent is asked what is another than it last said.
    was = [link and link.state for link in before.links] if before.kept else before.states
    # All of them may turn at once, in each host's look: first only counted.
    turns = Counter(zip(was, after.states, strict=False))
    groups: dict[str, int] = {}
    for (old, new), count in turns.items():
        if word := _turned(old, new):
            groups[word] = groups.get(word, 0) + count
    found = []
    for word, count in groups.items():
        level = _LEVELS[word]
        if count > NAMED:
            found.append(Change(level, f"{counted(count, 'link')} {word}", after.name))
            continue
        for link, old, new in zip(after.links, was, after.states, strict=False):
            if link is not None and _turned(old, new) == word:
                found.append(Change(level, word, link.to, after.name))
    return found


def _turned(old: LinkState | None, new: LinkState | None) -> str | None:
    """What to call it; None: no news."""
    if old is None or new is None or old == new:
        return None
    if new in HEALTHY:
        return _AGAIN if old in _WORDS else None
    return _WORDS.get(new)
