"""The mesh as last seen: what every widget of the mesh screen draws from."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import compress
from operator import ne
from typing import TYPE_CHECKING

from meshtui.inert import inert
from meshtui.mesh.links import peers_of, reached
from meshtui.mesh.model import Host, Mesh
from meshtui.tui.row import (
    FIELD_LIMIT,
    SILENT,
    TELLING,
    Counters,
    Links,
    Rate,
    Row,
    States,
    connecting,
    counted_of,
    device_row,
    gain_of,
    healthy_of,
    inert_lines,
    moved,
    rate_of,
    still,
)
from meshtui.tui.ways import Ways

if TYPE_CHECKING:
    from meshtui.fleet.events import HostDrift, HostPolled, LinkStatus
    from meshtui.fleet.reports import RoundTrip
    from meshtui.plan.drift import Drift


class MeshView:
    """The rows, and what they add up to. All text in it is inert, but for the links' endpoints."""

    def __init__(self, mesh: Mesh, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.round_trips: dict[tuple[int, int], tuple[float | None, float]] = {}
        """By row and column: milliseconds (None: no answer), and when they were measured."""
        self.drift: dict[str, HostDrift] = {}
        """By host: what it has otherwise than mesh.toml says, as last told."""
        self.owed: dict[str, str] = {}
        """By host: why the latest change is not its own yet."""
        self._begin(mesh, [connecting(mesh, name) for name in mesh.members])

    def _begin(self, mesh: Mesh, rows: list[Row]) -> None:
        self.mesh = mesh
        self.names = tuple(mesh.members)
        """Hosts, then devices, each in the file's order: the rows and the columns."""
        self.index = {name: i for i, name in enumerate(self.names)}
        self.rows = rows
        self.hosts = len(mesh.hosts)
        """How many of the rows are hosts'; the others are devices'."""
        self.versions = [0] * len(rows)
        """Go up with every change of a row; of ages and counters alone, with nearly every look."""
        self.turns = [0] * len(rows)
        """Go up with every other change of a row."""
        names = self.names
        self._others = [names[:i] + names[i + 1 :] for i in range(self.hosts)]
        self._healthy = [healthy_of(row.states[: self.hosts]) for row in rows[: self.hosts]]
        self.directions = sum(len(reached(mesh, host)) for host in mesh.hosts.values())
        """How many directions between hosts there should be: none with what is disabled, for
        one.
        """
        self.ways = Ways(mesh, lambda: [row.states for row in self.rows])

    def replace(self, mesh: Mesh) -> None:
        """Show another mesh: mesh.toml was changed. What is known of hosts that stay is kept."""
        members = mesh.members
        places = [self.index.get(name) for name in members]
        rows = []
        for member, place in zip(members.values(), places, strict=True):
            if place is None or (place < self.hosts) is not isinstance(member, Host):
                rows.append(connecting(mesh, member.name))
                continue
            # What a silent host saw last of one that is no peer any more is no news.
            there = {other.name for other in peers_of(mesh, member)}
            own = [at if n in there else None for n, at in zip(members, places, strict=True)]
            rows.append(moved(self.rows[place], own))
        new = {place: i for i, place in enumerate(places) if place is not None}
        self.round_trips = {
            (new[row], new[column]): found
            for (row, column), found in self.round_trips.items()
            if row in new and column in new
        }
        self.drift = {name: found for name, found in self.drift.items() if name in mesh.hosts}
        self._begin(mesh, rows)

    # -- taking in

    def see(self, event: HostPolled) -> tuple[int, ...]:
        """Take one look at one host in; the indexes of the rows that changed, its own first."""
        index = self.index.get(event.host.name)
        if index is None or self.is_device(index):
            return ()
        before, host = self.rows[index], event.host
        answered = host.state not in SILENT
        kept = not answered and before.seen_at is not None
        if kept:
            links = before.links
            states: States = tuple(["unknown" if link else None for link in links])
            counted, seen_at, rate = before.counted, before.seen_at, None
            earlier = before.before
        else:
            links, states, counted = self._placed(index, event.links)
            seen_at = (event.at or self.clock()) if answered else None
            rate = None if seen_at is None else rate_of(before, counted, seen_at)
            earlier = None if before.seen_at is None else (before.links, before.seen_at)
        # A host that cannot be asked keeps what it said before, or mesh.toml says.
        key, port = host.public_key, host.listen_port
        addresses = tuple([inert(text, FIELD_LIMIT) for text in host.addresses])
        row = Row(
            name=before.name,
            addresses=addresses or before.addresses,
            state=host.state,
            error=inert_lines(host.error),
            public_key=before.public_key if key is None else inert(key, FIELD_LIMIT),
            listen_port=before.listen_port if port is None else port,
            links=links,
            kept=kept,
            unknown_peers=tuple([inert(peer, FIELD_LIMIT) for peer in host.unknown_peers])
            if answered
            else before.unknown_peers,
            rate=rate,
            live=host.live if answered else before.live,
            seen_at=seen_at,
            before=earlier,
            states=states,
            counted=counted,
        )
        self.rows[index] = row
        if row[:TELLING] == before[:TELLING]:
            return ()
        self.versions[index] += 1
        if still(before) != still(row):
            self.turns[index] += 1
        devices = self._seen_by(index) if self.hosts < len(self.rows) else ()
        if states == before.states:
            return (index, *devices)
        self._healthy[index] = healthy_of(states[: self.hosts])
        if self.ways.any:
            # Whoever's way leads over one of these tunnels shows it too.
            self.ways.changed()
            return (index, *[at for at in range(len(self.rows)) if at != index])
        # The cells of the far ends show it too.
        return (index, *compress(range(len(states)), map(ne, before.states, states)))

    def _seen_by(self, host: int) -> list[int]:
        """What a host says of devices is all that is known of these; the rows that changed."""
        changed = []
        for at in range(self.hosts, len(self.rows)):
            before = self.rows[at]
            link, state = self.rows[host].links[at], self.rows[host].states[at]
            if link is None and before.links[host] is None:
                continue  # It does not come in there.
            row = self.rows[at] = device_row(before, host, link, state)
            if row[:TELLING] != before[:TELLING]:
                self.versions[at] += 1
                self.turns[at] += still(row) != still(before)
                changed.append(at)
        return changed

    def _placed(
        self, index: int, links: tuple[LinkStatus, ...]
    ) -> tuple[Links, States, tuple[Counters, Counters]]:
        """The links by column, their states, and their counters rx and tx."""
        others = self._others[index]
        if others and len(links) == len(others):
            # 10,000 links a second in a mesh of 100: nearly always all of them, in order.
            from_, to, states, _, rx, tx, _ = zip(*links, strict=True)
            if to == others and from_.count(self.names[index]) == len(others):
                return (
                    (*links[:index], None, *links[index:]),
                    (*states[:index], None, *states[index:]),
                    ((*rx[:index], 0, *rx[index:]), (*tx[:index], 0, *tx[index:])),
                )
        cells: list[LinkStatus | None] = [None] * len(self.rows)
        for link in links:
            column = self.index.get(link.to, index)
            if column != index and link.from_ == self.names[index]:
                cells[column] = link
        return tuple(cells), tuple([link and link.state for link in cells]), counted_of(cells)

    def measured(self, trip: RoundTrip) -> int | None:
        """Take one ping in; the index of its row, None where there is none."""
        row, column = self.index.get(trip.from_), self.index.get(trip.to)
        if row is None or column is None or row == column:
            return None
        self.round_trips[row, column] = (trip.milliseconds, self.clock())
        self.versions[row] += 1
        return row

    def drifted(self, event: HostDrift) -> int | None:
        """Take one look for drift in; the index of the host's row, None where nothing is new."""
        index, before = self.index.get(event.host), self.drift.get(event.host)
        if event.error and not event.drifts and before:
            # It can't be told any more: what was told last stays.
            event = replace(before, error=event.error)
        if index is None or event == before:
            return None
        self.drift[event.host] = event
        return self.renew(event.host)

    def ignored(self, drift: Drift, on: bool) -> int | None:
        """An item is ignored, or no longer; the index of the row, None where there is none."""
        found = self.drift.get(drift.host)
        if found is None or drift.host not in self.index:
            return None
        ids = found.ignored | {drift.id} if on else found.ignored - {drift.id}
        self.drift[drift.host] = replace(found, ignored=ids)
        return self.renew(drift.host)

    def renew(self, host: str) -> int:
        """Something is another with a host, beside its looks; the index of its row."""
        index = self.index[host]
        self.versions[index] += 1
        self.turns[index] += 1
        return index

    # -- giving out

    def link(self, row: int, column: int) -> LinkStatus | None:
        """What host `row` says, or last said, of host `column`; None: nothing yet, or itself."""
        return self.rows[row].links[column]

    def facing(self, row: int) -> States:
        """What the far ends say of host `row`, by column."""
        return tuple([far.states[row] for far in self.rows])

    def rate(self, row: int, column: int) -> Rate | None:
        """How fast a direction's counters go up; None: not known, or nobody counts now."""
        if self.is_device(row):
            # As the host counts that sees it.
            return None if self.is_device(column) else self.rate(column, row)
        here, seconds = self.rows[row], self._seconds(row)
        if seconds is None or here.before is None:
            return None
        gain = gain_of(here.before[0][column], here.links[column])
        return None if gain is None else Rate(gain[0] / seconds, gain[1] / seconds)

    def speeds(self, row: int, columns: Sequence[int]) -> list[float | None]:
        """Bytes per second, both ways together, of many directions at once."""
        here, seconds = self.rows[row], self._seconds(row)
        if self.is_device(row):
            rates = [self.rate(row, column) for column in columns]
            return [None if rate is None else rate.rx + rate.tx for rate in rates]
        if seconds is None or here.before is None:
            return [None] * len(columns)
        links, now = here.before[0], here.links
        gains = [gain_of(links[column], now[column]) for column in columns]
        return [None if gain is None else (gain[0] + gain[1]) / seconds for gain in gains]

    def _seconds(self, row: int) -> float | None:
        """Between the two latest looks; None: there was one at most, or the host is silent."""
        here = self.rows[row]
        if here.kept or here.before is None or here.seen_at is None:
            return None
        return max(here.seen_at - here.before[1], 0.0) or None

    def age(self, row: int) -> float | None:
        """Seconds since that host last answered; None: it never did."""
        seen_at = self.rows[row].seen_at
        return None if seen_at is None else max(0.0, self.clock() - seen_at)

    def drifts(self, row: int) -> int:
        """How many items of drift a host has that nobody ignores."""
        return len(found.heeded) if (found := self.drift.get(self.names[row])) else 0

    def troubled(self, row: int) -> bool:
        """Whether anything is wrong with a host that is meant to work, or with what it sees."""
        here = self.rows[row]
        if here.state == "connecting" or self.is_device(row) or self.is_disabled(row):
            return False
        return (
            here.state != "up"
            or bool(here.unknown_peers)
            or bool(self.drifts(row))
            or self._healthy[row] < self.hosts - here.states[: self.hosts].count(None)
        )

    def is_device(self, row: int) -> bool:
        """Whether it is only seen by others: nobody reaches it over SSH."""
        return row >= self.hosts

    def is_disabled(self, row: int) -> bool:
        """Whether mesh.toml leaves it out for now."""
        name = self.names[row]
        return (self.mesh.peers if self.is_device(row) else self.mesh.hosts)[name].disabled

    def way(self, row: int, column: int) -> bool:
        """Whether the two have no tunnel, and reach each other through others."""
        return bool(self.ways.reach[row] >> column & 1)

    @property
    def kept(self) -> list[int]:
        """The hosts whose links are as last seen, and grow older."""
        return list(compress(range(len(self.rows)), [row.kept for row in self.rows]))

    @property
    def hosts_up(self) -> int:
        """How many hosts answer and run the interface."""
        return sum(1 for row in self.rows if row.state == "up")

    @property
    def answered(self) -> int:
        """How many hosts have answered, or failed to, at least once."""
        return sum(1 for row in self.rows[: self.hosts] if row.state != "connecting")

    @property
    def healthy(self) -> int:
        """How many directions are up, or idle."""
        return sum(self._healthy)

    @property
    def traffic(self) -> Rate | None:
        """What all hosts together send and receive per second; None: not known yet."""
        rates = [row.rate for row in self.rows if row.rate is not None]
        if not rates:
            return None
        return Rate(sum([rate.rx for rate in rates]), sum([rate.tx for rate in rates]))
