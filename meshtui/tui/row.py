"""One line of the picture: a host and what it sees of every other member, or a device."""

from __future__ import annotations

from collections.abc import Iterable
from operator import le
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from meshtui.inert import inert
from meshtui.mesh.model import Host, Mesh
from meshtui.tui.theme import SeenState
from meshtui.wg.health import HEALTHY, LinkState

if TYPE_CHECKING:
    from meshtui.fleet.events import LinkStatus
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
TELLING = Row._fields.index("live")


def inert_lines(text: str | None) -> str | None:
    """`text` with its line breaks kept and nothing else active; None stays None."""
    if text is None:
        return None
    lines = text[: ERROR_LIMIT + 1].splitlines()[:ERROR_LINES]
    return "\n".join(inert(line, ERROR_LIMIT) for line in lines)


def healthy_of(states: States) -> int:
    """How many of them are up, or idle."""
    return sum([states.count(state) for state in HEALTHY])


def gain_of(was: LinkStatus | None, now: LinkStatus | None) -> tuple[int, int] | None:
    """A counter that falls back was begun anew: what it lost is no traffic."""
    if was is None or now is None:
        return None
    _, _, _, _, rx, tx, _ = now
    _, _, _, _, old_rx, old_tx, _ = was
    if rx is None or tx is None or old_rx is None or old_tx is None:
        return None
    return rx - old_rx if rx > old_rx else 0, tx - old_tx if tx > old_tx else 0


def rate_of(before: Row, counted: tuple[Counters, Counters], at: float) -> Rate | None:
    """Over all links that were counted both times."""
    if before.seen_at is None or at <= before.seen_at:
        return None
    seconds = at - before.seen_at
    rx, tx = map(_gained, before.counted, counted)
    return Rate(rx / seconds, tx / seconds)


def _gained(was: Counters, now: Counters) -> int:
    """By all counters that are known both times; see `gain_of`."""
    if None not in was and None not in now and all(map(le, was, now)):  # type: ignore[arg-type]
        return sum(now) - sum(was)  # type: ignore[arg-type]
    known = zip(was, now, strict=False)
    return sum([max(0, new - old) for old, new in known if old is not None and new is not None])


def still(row: Row) -> tuple[object, ...]:
    """What of a row is no age and no counter."""
    return row.states, row.state, row.error, row.kept, row.addresses, row.unknown_peers


def counted_of(links: Iterable[LinkStatus | None]) -> tuple[Counters, Counters]:
    """All counters rx, and all tx."""
    pairs = [(link.transfer_rx, link.transfer_tx) if link else (None, None) for link in links]
    rx, tx = zip(*pairs, strict=True)
    return rx, tx


def moved(row: Row, places: list[int | None]) -> Row:
    """The row with its columns in other places; None: a column that is new, or no peer's."""
    links = tuple([None if place is None else row.links[place] for place in places])
    states = tuple([None if place is None else row.states[place] for place in places])
    return row._replace(links=links, states=states, counted=counted_of(links), before=None)


def connecting(mesh: Mesh, name: str) -> Row:
    """A member of which nothing was heard yet."""
    member, count = mesh.members[name], len(mesh.hosts) + len(mesh.peers)
    return Row(
        name=inert(name, NAME_LIMIT),
        addresses=tuple(str(address.ip) for address in member.addresses),
        state="connecting",
        error=None,
        public_key=member.public_key,
        listen_port=member.listen_port if isinstance(member, Host) else None,
        links=(None,) * count,
        states=(None,) * count,
    )


def device_row(row: Row, host: int, link: LinkStatus | None, state: LinkState | None) -> Row:
    """A device's row, now that the host in column `host` says this of it.

    Its cells are what the hosts say of it, not what it would say of them. That it is away is
    nobody's fault.
    """
    if link is not None and state is not None:
        # What a silent host said last is not known to be so.
        link = link._replace(state=state)
    links = (*row.links[:host], link, *row.links[host + 1 :])
    states = (*row.states[:host], state, *row.states[host + 1 :])
    known = {state for state in states if state is not None}
    seen: SeenState = "seen" if "up" in known else "away" if known else "connecting"
    return row._replace(state=seen, links=links, states=states, counted=counted_of(links))
