"""The mesh as last seen: what every widget of the mesh screen draws from."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import compress
from operator import le, ne
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from meshtui.inert import inert
from meshtui.mesh.links import reached
from meshtui.mesh.model import Mesh
from meshtui.tui.theme import SeenState
from meshtui.wg.health import HEALTHY, LinkState

if TYPE_CHECKING:
    from meshtui.fleet.events import HostDrift, HostPolled, LinkStatus
    from meshtui.fleet.reports import RoundTrip
    from meshtui.plan.drift import Drift
    from meshtui.wg.dump import LiveInterface

NAME_LIMIT = 64
ERROR_LIMIT = 1000
ERROR_LINES = 12
FIELD_LIMIT = 64
#: Hosts in these states say nothing of their links: what they said last is kept.
SILENT: frozenset[SeenState] = frozenset({"unreachable", "refused"})

Links: TypeAlias = "tuple[LinkStatus | None, ...]"
"""By column; None: the host itself, or nothing heard yet."""


States = tuple[LinkState | None, ...]
Counters = tuple[int | None, ...]
"""By column, too."""


class Rate(NamedTuple):
    """Bytes per second, between the two latest looks."""

    rx: float
    tx: float


class Row(NamedTuple):
    """One host, and its view of every other, in the mesh's order. A tuple: it is made often."""

    name: str
    addresses: tuple[str, ...]
    state: SeenState
    error: str | None
    """Why it is not up, and what to do; may have several lines."""
    public_key: str | None
    listen_port: int | None
    links: Links
    kept: bool = False
    """Whether it is silent now, and its links are as it last saw them."""
    unknown_peers: tuple[str, ...] = ()
    """Public keys that its interface has and mesh.toml does not know."""
    rate: Rate | None = None
    """Over all its links; None: not looked at twice yet."""
    # From here on: nothing that a look is called another for.
    live: LiveInterface | None = None
    """Its interface, as it last said."""
    seen_at: float | None = None
    """When it last answered, by the monotonic clock."""
    before: tuple[Links, float] | None = None
    """Its links one answer earlier, and when that was, for the rates."""
    states: States = ()
    """Of the links, as they are known now: a silent host knows of none."""
    counted: tuple[Counters, Counters] = ((), ())
    """All counters rx, and all tx."""

    @property
    def silent(self) -> bool:
        """Whether the row has no link to show, only its error."""
        return self.error is not None and all(
            link is None or link.state == "unknown" for link in self.links
        )


#: How many fields of a row make it another one.
_TELLING = Row._fields.index("live")


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
        self._begin(mesh, [_connecting(mesh, name) for name in mesh.hosts])

    def _begin(self, mesh: Mesh, rows: list[Row]) -> None:
        self.mesh = mesh
        self.index = {name: i for i, name in enumerate(mesh.hosts)}
        self.rows = rows
        self.versions = [0] * len(rows)
        """Go up with every change of a row; of ages and counters alone, with nearly every look."""
        self.turns = [0] * len(rows)
        """Go up with every other change of a row."""
        names = self.names = tuple(mesh.hosts)
        self._others = [names[:i] + names[i + 1 :] for i in range(len(names))]
        self._healthy = [_healthy(row.states) for row in rows]
        self.directions = sum(len(reached(mesh, host)) for host in mesh.hosts.values())
        """How many directions the mesh should have: none with what is disabled, for one."""

    def replace(self, mesh: Mesh) -> None:
        """Show another mesh: mesh.toml was changed. What is known of hosts that stay is kept."""
        places = [self.index.get(name) for name in mesh.hosts]
        rows = []
        for host, place in zip(mesh.hosts.values(), places, strict=True):
            if place is None:
                rows.append(_connecting(mesh, host.name))
                continue
            # What a silent host saw last of one that is no peer any more is no news.
            there = {other.name for other in reached(mesh, host)}
            own = [at if n in there else None for n, at in zip(mesh.hosts, places, strict=True)]
            rows.append(_moved(self.rows[place], own))
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
        if index is None:
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
            rate = None if seen_at is None else _rate(before, counted, seen_at)
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
        if row[:_TELLING] == before[:_TELLING]:
            return ()
        self.versions[index] += 1
        if _still(before) != _still(row):
            self.turns[index] += 1
        if states == before.states:
            return (index,)
        self._healthy[index] = _healthy(states)
        # The cells of the far ends show it too.
        return (index, *compress(range(len(states)), map(ne, before.states, states)))

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
        return tuple(cells), tuple([link and link.state for link in cells]), _counted(cells)

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
        here, seconds = self.rows[row], self._seconds(row)
        if seconds is None or here.before is None:
            return None
        gain = _gain(here.before[0][column], here.links[column])
        return None if gain is None else Rate(gain[0] / seconds, gain[1] / seconds)

    def speeds(self, row: int, columns: Sequence[int]) -> list[float | None]:
        """Bytes per second, both ways together, of many directions at once."""
        here, seconds = self.rows[row], self._seconds(row)
        if seconds is None or here.before is None:
            return [None] * len(columns)
        links, now = here.before[0], here.links
        gains = [_gain(links[column], now[column]) for column in columns]
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
        if here.state == "connecting" or self.mesh.hosts[self.names[row]].disabled:
            return False
        return (
            here.state != "up"
            or bool(here.unknown_peers)
            or bool(self.drifts(row))
            or self._healthy[row] < (len(here.states) - here.states.count(None))
        )

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
        return sum(1 for row in self.rows if row.state != "connecting")

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


def inert_lines(text: str | None) -> str | None:
    """`text` with its line breaks kept and nothing else active; None stays None."""
    if text is None:
        return None
    lines = text[: ERROR_LIMIT + 1].splitlines()[:ERROR_LINES]
    return "\n".join(inert(line, ERROR_LIMIT) for line in lines)


def _healthy(states: States) -> int:
    return sum([states.count(state) for state in HEALTHY])


def _gain(was: LinkStatus | None, now: LinkStatus | None) -> tuple[int, int] | None:
    """A counter that falls back was begun anew: what it lost is no traffic."""
    if was is None or now is None:
        return None
    _, _, _, _, rx, tx, _ = now
    _, _, _, _, old_rx, old_tx, _ = was
    if rx is None or tx is None or old_rx is None or old_tx is None:
        return None
    return rx - old_rx if rx > old_rx else 0, tx - old_tx if tx > old_tx else 0


def _rate(before: Row, counted: tuple[Counters, Counters], at: float) -> Rate | None:
    """Over all links that were counted both times."""
    if before.seen_at is None or at <= before.seen_at:
        return None
    seconds = at - before.seen_at
    rx, tx = map(_gained, before.counted, counted)
    return Rate(rx / seconds, tx / seconds)


def _gained(was: Counters, now: Counters) -> int:
    """By all counters that are known both times; see `_gain`."""
    if None not in was and None not in now and all(map(le, was, now)):  # type: ignore[arg-type]
        return sum(now) - sum(was)  # type: ignore[arg-type]
    known = zip(was, now, strict=False)
    return sum([max(0, new - old) for old, new in known if old is not None and new is not None])


def _still(row: Row) -> tuple[object, ...]:
    """What of a row is no age and no counter."""
    return row.states, row.state, row.error, row.kept, row.addresses, row.unknown_peers


def _counted(links: Iterable[LinkStatus | None]) -> tuple[Counters, Counters]:
    pairs = [(link.transfer_rx, link.transfer_tx) if link else (None, None) for link in links]
    rx, tx = zip(*pairs, strict=True)
    return rx, tx


def _moved(row: Row, places: list[int | None]) -> Row:
    """The row with its columns in other places; None: a column that is new, or no peer's."""
    links = tuple([None if place is None else row.links[place] for place in places])
    states = tuple([None if place is None else row.states[place] for place in places])
    return row._replace(links=links, states=states, counted=_counted(links), before=None)


def _connecting(mesh: Mesh, name: str) -> Row:
    host = mesh.hosts[name]
    return Row(
        name=inert(name, NAME_LIMIT),
        addresses=tuple(str(address.ip) for address in host.addresses),
        state="connecting",
        error=None,
        public_key=host.public_key,
        listen_port=host.listen_port,
        links=(None,) * len(mesh.hosts),
        states=(None,) * len(mesh.hosts),
    )
