"""The mesh as last seen: what every widget of the mesh screen draws from."""

from __future__ import annotations

from dataclasses import dataclass, field

from meshtui.fleet.events import HostPolled, LinkStatus
from meshtui.inert import inert
from meshtui.mesh.model import Mesh
from meshtui.tui.theme import SeenState
from meshtui.wg.health import HEALTHY

NAME_LIMIT = 64
ERROR_LIMIT = 1000
ERROR_LINES = 12
FIELD_LIMIT = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One host, and its view of every other, in the mesh's order."""

    name: str
    addresses: tuple[str, ...]
    state: SeenState
    error: str | None
    """Why it is not up, and what to do; may have several lines."""
    public_key: str | None
    listen_port: int | None
    links: tuple[LinkStatus | None, ...]
    """By column; None: itself, or nothing heard yet."""
    version: int = field(compare=False)
    """Goes up with every change of any of this."""
    unknown_peers: tuple[str, ...] = ()
    """Public keys of peers that the interface has and `mesh.toml` does not know."""

    @property
    def silent(self) -> bool:
        """Whether the row has no link to show, only its error."""
        return self.error is not None and all(
            link is None or link.state == "unknown" for link in self.links
        )


class MeshView:
    """The rows, and what they add up to. All text in it is inert, but for the links' endpoints."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self.index = {name: i for i, name in enumerate(mesh.hosts)}
        self.rows = [_connecting(mesh, name) for name in mesh.hosts]
        self._healthy = [0] * len(self.rows)

    def see(self, event: HostPolled) -> int | None:
        """Take one look at one host in; its row's index if anything changed, else None."""
        index = self.index.get(event.host.name)
        if index is None:
            return None
        before, host = self.rows[index], event.host
        cells: list[LinkStatus | None] = [None] * len(self.rows)
        healthy, name, columns = 0, host.name, self.index
        # 10,000 times a second in a mesh of 100: plain lookups, nothing else.
        for link in event.links:
            column = columns.get(link.to, index)
            if column != index and link.from_ == name:
                cells[column] = link
                if link.state in HEALTHY:
                    healthy += 1
        addresses = tuple(inert(text, FIELD_LIMIT) for text in host.addresses)
        # A host that cannot be asked keeps what it said before, or mesh.toml says.
        key, port = host.public_key, host.listen_port
        row = Row(
            name=before.name,
            addresses=addresses or before.addresses,
            state=host.state,
            error=inert_lines(host.error),
            public_key=before.public_key if key is None else inert(key, FIELD_LIMIT),
            listen_port=before.listen_port if port is None else port,
            links=tuple(cells),
            version=before.version + 1,
            unknown_peers=tuple(inert(key, FIELD_LIMIT) for key in host.unknown_peers),
        )
        if row == before:
            return None
        self.rows[index] = row
        self._healthy[index] = healthy
        return index

    def link(self, row: int, column: int) -> LinkStatus | None:
        """What host `row` says of host `column`; None: nothing yet, or itself."""
        return self.rows[row].links[column]

    @property
    def hosts_up(self) -> int:
        """How many hosts answer and run the interface."""
        return sum(1 for row in self.rows if row.state == "up")

    @property
    def answered(self) -> int:
        """How many hosts have answered, or failed to, at least once."""
        return sum(1 for row in self.rows if row.state != "connecting")

    @property
    def directions(self) -> int:
        """How many directions a full mesh has."""
        return len(self.rows) * (len(self.rows) - 1)

    @property
    def healthy(self) -> int:
        """How many of them are up, or idle."""
        return sum(self._healthy)


def inert_lines(text: str | None) -> str | None:
    """`text` with its line breaks kept and nothing else active; None stays None."""
    if text is None:
        return None
    lines = text[: ERROR_LIMIT + 1].splitlines()[:ERROR_LINES]
    return "\n".join(inert(line, ERROR_LIMIT) for line in lines)


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
        version=0,
    )
