"""A host's peers: what it says of each, and each of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len

from meshtui.inert import inert
from meshtui.tui.row import FIELD_LIMIT, NAME_LIMIT
from meshtui.tui.theme import LINK_GLYPHS, NO_WAY, WAY
from meshtui.tui.view import MeshView
from meshtui.tui.widgets.columns import Cell, Column
from meshtui.tui.widgets.table import Cells, Table
from meshtui.tui.words import NONE, age_mid, bytes_short
from meshtui.wg.dump import LivePeer
from meshtui.wg.health import HEALTHY, LinkState

#: In front of the key of a peer that `mesh.toml` does not know, where others have a name.
UNKNOWN = "? "
#: Of the states the worst first.
_SEVERITY: tuple[LinkState, ...] = ("up", "idle", "unknown", "stale", "missing", "never")
_NAME_MOST = 24
_ENDPOINT_MOST = 47


class Peers(Table):
    """Rows are the names of the other hosts, and `? KEY` for peers that nobody wants."""

    def __init__(self, view: MeshView, host: str) -> None:
        self._view, self._host = view, host
        # Each has room for its heading and the mark of what it is sorted by.
        self._widths = {"peer": 6, "here": 5, "there": 6, "endpoint": 12}
        super().__init__(self._columns(), self._row_of, self._order_of)

    def tell(self) -> None:
        """Show the view as it is now."""
        index = self._view.index.get(self._host)
        if index is None:
            self.show([])
            return
        names = [name for name in self._view.index if name != self._host]
        unknown = [UNKNOWN + key for key in self._view.rows[index].unknown_peers]
        self._widen(index, names)
        self.show(names + unknown)

    def far_ends(self) -> tuple[object, ...]:
        """What is shown of what the others say: another value, another picture."""
        index, rows = self._view.index.get(self._host), self._view.rows
        if index is None:
            return ()
        return tuple(
            [(link.state if (link := row.links[index]) else None, row.kept) for row in rows]
        )

    def _widen(self, index: int, names: Sequence[str]) -> None:
        """Room for the longest words so far; a column that shrank again would only be restless."""
        view = self._view
        links = [link for link in view.rows[index].links if link is not None]
        back = [link for row in view.rows if (link := row.links[index]) is not None]
        sizes = {
            "peer": [min(_NAME_MOST, cell_len(name)) for name in names],
            "here": [len(link.state) + 2 for link in links],
            "there": [len(link.state) + 2 for link in back],
            "endpoint": [min(_ENDPOINT_MOST, len(link.endpoint or "")) for link in links],
        }
        for column, found in sizes.items():
            self._widths[column] = max(self._widths[column], *found, 0)
        self.use_columns(self._columns())

    def _columns(self) -> tuple[Column, ...]:
        widths = self._widths
        return (
            Column("peer", "PEER", widths["peer"], 6, 0),
            Column("here", "HERE", widths["here"], 1, 1, most=True),
            Column("there", "THERE", widths["there"], 1, 2, most=True),
            Column("age", "AGE", 6, 4, 3, right=True, most=True),
            Column("rx", "RX", 4, 4, 4, right=True, most=True),
            Column("tx", "TX", 4, 4, 5, right=True, most=True),
            Column("rx_rate", "RX/S", 6, 6, 6, right=True, most=True),
            Column("tx_rate", "TX/S", 6, 6, 7, right=True, most=True),
            Column("endpoint", "ENDPOINT", widths["endpoint"], 12, 8),
        )

    def peer_key(self, key: str) -> str:
        """The public key of a row's peer; empty: it is not known."""
        if key.startswith(UNKNOWN):
            return key.removeprefix(UNKNOWN)
        index = self._view.index.get(key)
        return "" if index is None else self._view.rows[index].public_key or ""

    def _row_of(self, key: str) -> Cells:
        view, here = self._view, self._view.index.get(self._host)
        if here is not None and key.startswith(UNKNOWN):
            return self._stranger(key, here)
        there = view.index.get(key)
        if here is None or there is None:
            # mesh.toml was changed: until `tell` the row stands for a host that is gone.
            return (_text(inert(key, NAME_LIMIT), "dim"), *[_text(NONE, "")] * 8)
        link, back = view.link(here, there), view.link(there, here)
        if link is None and view.way(here, there):
            return self._carried(here, there)
        if view.is_device(there):
            # What a device sees, nobody knows.
            back = None
        rate = view.rate(here, there)
        # Values of a host that is silent now are old: none of them is in colour.
        old, back_old = view.rows[here].kept, view.rows[there].kept
        quiet = "dim" if old else ""
        return (
            ((view.rows[there].name, quiet),),
            _state(None if link is None else link.state, old=old),
            _state(None if back is None else back.state, old=back_old),
            _text(age_mid(link.latest_handshake_age) if link else NONE, quiet),
            _text(bytes_short(link.transfer_rx if link else None), quiet),
            _text(bytes_short(link.transfer_tx if link else None), quiet),
            _text(NONE if rate is None else f"{bytes_short(round(rate.rx))}/s", quiet),
            _text(NONE if rate is None else f"{bytes_short(round(rate.tx))}/s", quiet),
            _text(inert(link.endpoint, FIELD_LIMIT) if link and link.endpoint else NONE, quiet),
        )

    def _carried(self, here: int, there: int) -> Cells:
        """A member that is reached through others."""
        view, path = self._view, self._view.ways.path(here, there) or ()
        state = view.ways.state(here, there)
        ill = state is not None and state not in HEALTHY and state != "unknown"
        blank: Cell = ((NONE, "dim"),)
        via = ", ".join(view.rows[at].name for at in path[1:-1])
        return (
            ((view.rows[there].name, ""),),
            ((NO_WAY if ill else WAY, state or "dim"), (" via", "dim")),
            *[blank] * 6,
            ((f"via {via}", "dim"),),
        )

    def _stranger(self, key: str, here: int) -> Cells:
        """A peer that the interface has and `mesh.toml` does not know."""
        peer = self._live(key, here)
        blank: Cell = ((NONE, "dim"),)
        count = (None, None) if peer is None else (peer.transfer_rx, peer.transfer_tx)
        endpoint = peer.endpoint if peer is not None and peer.endpoint else NONE
        return (
            ((key, "missing"),),
            (("not in mesh.toml", "missing"),),
            blank,
            blank,
            _text(bytes_short(count[0]), ""),
            _text(bytes_short(count[1]), ""),
            blank,
            blank,
            _text(inert(endpoint, FIELD_LIMIT), ""),
        )

    def _live(self, key: str, here: int) -> LivePeer | None:
        live = self._view.rows[here].live
        return None if live is None else live.peers.get(key.removeprefix(UNKNOWN))

    def _order_of(self, key: str, column: str) -> Any:
        view, here = self._view, self._view.index.get(self._host)
        if key.startswith(UNKNOWN):
            return len(view.rows) if column == "peer" else None
        there = view.index.get(key)
        if here is None or there is None:
            return None
        if column == "peer":
            return there
        if column == "there":
            back = view.link(there, here)
            return None if back is None else _SEVERITY.index(back.state)
        if column in ("rx_rate", "tx_rate"):
            rate = view.rate(here, there)
            return None if rate is None else rate[column == "tx_rate"]
        link = view.link(here, there)
        if link is None:
            return None
        return {
            "here": _SEVERITY.index(link.state),
            "age": link.latest_handshake_age,
            "rx": link.transfer_rx,
            "tx": link.transfer_tx,
            "endpoint": link.endpoint,
        }[column]


def _state(state: LinkState | None, *, old: bool) -> Cell:
    if state is None:
        return (("·", "dim"),)
    # A healthy link speaks softly: only its glyph is coloured.
    word = "dim" if old else "" if state == "up" else state
    return ((LINK_GLYPHS[state], "dim" if old else state), (f" {state}", word))


def _text(text: str, style: str) -> Cell:
    return ((text, style if text != NONE else "dim"),)
