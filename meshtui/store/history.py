"""The mesh's past, in SQLite: states, handshake ages and counters; never a key or an address.

Looks are kept in memory for a minute, then written together. Another meshtui may write
beside this one. Nothing here raises for the disk's sake: without a history, the past is
empty, and `say` is told once why.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import TypeVar

from meshtui.errors import MeshError, UsageError
from meshtui.mesh.names import is_host_name
from meshtui.store.flows import Flow, flows
from meshtui.store.historyfile import (
    Foreign,
    busy,
    damaged,
    identity,
    open_history,
    put_aside,
    transaction,
)
from meshtui.store.samples import NONE, LinkMoment, Run, Sample, Unreadable
from meshtui.store.thin import gap, insert, make_room, thin
from meshtui.wg.health import HEALTHY

T = TypeVar("T")
At = TypeVar("At", Sample, LinkMoment)

LIMIT = 64 << 20
"""Bytes that the file may have; while it is in use, its log beside it has some MiB more."""
_FILE = "history.sqlite"
#: Seconds between two writes, and how many moments are kept while they fail.
_EVERY, _WAITING = 60, 30
#: All hosts are thinned within so many seconds, and so many more at each write.
_SPREAD, _ASIDE = 300, 8
#: About what one direction takes in a look, for making room: too much rather than too little.
_BYTES = 12


class History:
    """A mesh's past. Belongs to the thread that first uses it; close it there."""

    def __init__(
        self,
        mesh: str,
        *,
        say: Callable[[str], None],
        directory: Path | None = None,
        clock: Callable[[], float] = time.time,
        limit: int = LIMIT,
    ) -> None:
        """The history of the mesh of that name, in the user's state directory or in `directory`.

        Nothing is opened yet. `clock` gives seconds since the epoch.
        """
        if not is_host_name(mesh):
            raise UsageError("the mesh's name cannot name a directory")
        if directory is None:
            from platformdirs import user_state_path  # slow to load

            directory = user_state_path("meshtui")
        self.path = directory / mesh / _FILE
        self._say = say
        self._clock = clock
        self._limit = limit
        self._open: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._said = self._anew = self._off = False
        self._waiting: dict[str, list[Sample]] = {}
        self._moments: list[int] = []
        self._flushed: float | None = None

    # -- writing

    def add(self, looks: Mapping[str, Sample]) -> None:
        """Take in one moment of the mesh: a look at each host that was looked at."""
        for host, sample in looks.items():
            self._waiting.setdefault(host, []).append(sample)
        self._moments.append(max(sample.at for sample in looks.values()))
        now = self._clock()
        if self._flushed is None:
            self._flushed = now
        elif abs(now - self._flushed) >= _EVERY:  # it may have been set back
            self.flush()

    def flush(self) -> None:
        """Write what waits, and thin what has become older."""
        if not self._moments:
            return
        now, hosts = self._clock(), len(self._waiting)
        # Never long: a clock that is set by years would have all of it thinned at once.
        seconds = min(abs(now - (self._flushed or now)), 3600)
        self._flushed = now
        written = self._with(self._write)
        if written or len(self._moments) >= _WAITING:
            self._waiting, self._moments = {}, []
        if written:
            # Each host has a stretch to thin every 10 minutes, and now and then a longer
            # one: some at a time, for the screen shares the processor with this.
            most = _ASIDE + int(hosts * seconds / _SPREAD)
            self._with(lambda connection: thin(connection, self._now(), most))

    def close(self) -> None:
        """Write what waits, and close."""
        self.flush()
        self._drop()

    def _write(self, connection: sqlite3.Connection) -> bool:
        links = sum(len(one.to) for samples in self._waiting.values() for one in samples)
        with transaction(connection):
            make_room(connection, self._limit, _BYTES * links)
            for host, samples in self._waiting.items():
                insert(connection, host, 0, samples)
            connection.executemany(
                "INSERT OR IGNORE INTO moments VALUES (?)", [(at,) for at in self._moments]
            )
        return True

    # -- reading; times are milliseconds since the epoch

    def moment(self, before: int | None = None, after: int | None = None) -> int | None:
        """The recorded moment next before, or after, the given one; with neither, the first."""
        nearest, low, high = min, -1 if after is None else after, self._now() + 1
        if before is not None:
            nearest, low, high = max, -1, min(high, before)
        query = f"SELECT {nearest.__name__}(at) FROM moments WHERE at > ? AND at < ?"  # noqa: S608
        written = self._with(lambda connection: connection.execute(query, (low, high)).fetchone())
        near = [at for at in self._moments if low < at < high]
        near += [at for at in written or () if at is not None]
        return nearest(near, default=None)

    def past(self, at: int, hosts: Collection[str]) -> dict[str, Sample]:
        """The last look at each of `hosts` no later than `at`; none where it is much older."""
        least = at - gap(self._now() - at)
        found = self._with(lambda connection: _past(connection, at, hosts)) or {}
        for host in hosts:
            samples = self._waiting.get(host, [])
            last = max((s for s in samples if s.at <= at), key=lambda s: s.at, default=None)
            if last is not None and (host not in found or found[host].at < last.at):
                found[host] = last
        return {host: sample for host, sample in found.items() if sample.at > least}

    def flows(self, host: str, since: int) -> list[Flow]:
        """What a host moved since then, and in the minutes before, from look to look."""
        waiting = _between(self._waiting.get(host, []), since, self._now())
        return flows([*self._runs(host, since), waiting])

    def link(self, host: str, to: str, since: int) -> list[LinkMoment]:
        """One direction since then, oldest first."""
        found = [one for run in self._runs(host, since) for one in run.link(to)]
        found += self._waiting_link(host, to)
        return _between(found, since, self._now())

    def last_worked(self, host: str, to: str) -> int | None:
        """When the direction was last healthy: so it was seen, or its handshake tells it."""
        now = self._now()
        query = "SELECT packed FROM runs WHERE host = ? AND since <= ? ORDER BY since DESC"

        def read(connection: sqlite3.Connection) -> tuple[int | None]:
            # Row by row: mostly the first one has the answer.
            rows = connection.execute(query, (host, now))
            written = (one for (packed,) in rows for one in reversed(Run(packed).link(to)))
            return (_last_worked(chain(waiting, written), now),)

        waiting = self._waiting_link(host, to)[::-1]
        found = self._with(read)
        return found[0] if found else _last_worked(waiting, now)

    def _runs(self, host: str, since: int) -> list[Run]:
        def read(connection: sqlite3.Connection) -> list[Run]:
            rows = connection.execute(
                "SELECT packed FROM runs WHERE host = ? AND until >= ? AND since <= ?"
                " ORDER BY since",
                (host, since, self._now()),
            )
            return [Run(packed) for (packed,) in rows]

        return self._with(read) or []

    def _waiting_link(self, host: str, to: str) -> list[LinkMoment]:
        return [
            LinkMoment(s.at, s.states[place], s.ages[place], s.rx[place], s.tx[place])
            for s in self._waiting.get(host, [])
            if to in s.to
            for place in [s.to.index(to)]
        ]

    # -- the file

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _with(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """What `work` gives; None: there is no history to work with."""
        for _ in range(2):
            if self._off:
                return None
            try:
                return work(self._opened())
            except (sqlite3.Error, OSError, Foreign, Unreadable) as error:
                self._drop()
                if not self._mended(error):
                    return None
        return None

    def _opened(self) -> sqlite3.Connection:
        if self._open is not None and identity(self.path) != self._file:
            self._drop()  # Someone took it away: what goes there would be lost.
        if self._open is None:
            self._file = identity(self.path)
            self._open = open_history(self.path, self._limit)
            self._file = identity(self.path)
        return self._open

    def _drop(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _mended(self, error: Exception) -> bool:
        """Whether it is worth another try at once."""
        try:
            if busy(error):
                return False
            if identity(self.path) != self._file:
                return True  # Another meshtui put it aside before us.
            if damaged(error):
                return self._begin_anew(error)
        except OSError as worse:
            error = worse
        if not self._said:
            self._said = True
            self._tell(f"cannot be used: {_why(error)}", "the screen goes on without it")
        return False

    def _begin_anew(self, error: Exception) -> bool:
        if self._anew:
            # The new one, too: the disk is at fault. The first has more in it: it is kept.
            self._off = True
            self._tell(f"is damaged again: {_why(error)}", "see whether the disk is well")
            return False
        self._anew = True
        aside = put_aside(self.path)
        self._tell(f"could not be read: {_why(error)}", f"it is {aside.name} now, a new one begins")
        return True

    def _tell(self, what: str, then: str) -> None:
        self._say(str(MeshError(f"the history {self.path} {what}", hint=then)))


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _past(connection: sqlite3.Connection, at: int, hosts: Collection[str]) -> dict[str, Sample]:
    found = {}
    for host in hosts:
        row = connection.execute(
            "SELECT packed FROM runs WHERE host = ? AND since <= ? ORDER BY since DESC LIMIT 1",
            (host, at),
        ).fetchone()
        last = Run(row[0]).last(at) if row else None
        if last:
            found[host] = last
    return found


def _between(found: list[At], since: int, now: int) -> list[At]:
    """By time: two meshtui write side by side, and clocks are set. What is to come is left out."""
    return sorted((one for one in found if since <= one.at <= now), key=lambda one: one.at)


def _last_worked(backwards: Iterable[LinkMoment], now: int) -> int | None:
    proof: int | None = None
    for one in backwards:
        if one.at > now:
            continue
        if one.state in HEALTHY:
            return max(one.at, proof or 0)
        if proof is None and one.age != NONE:
            proof = one.at - 1000 * one.age
        if proof is not None and one.at <= proof:
            break
    return proof
