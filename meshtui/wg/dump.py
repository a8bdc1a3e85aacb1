"""`wg show IF dump` -> values. Source: show.c dump_print of wireguard-tools."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from meshtui.wg.keys import is_key

#: One peer, checked and taken apart at once: of 50 hosts there are 2,450 a second. What
#: may be shown or compared later is held to what `wg` prints, whatever a host sends.
_PEER = re.compile(
    r"([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)\t(\(none\)|set)\t([0-9a-zA-Z.:%\[\]_-]+|\(none\))"
    r"\t([0-9a-f.:/,]+|\(none\))\t([0-9]{1,20})\t([0-9]{1,20})\t([0-9]{1,20})\t([0-9]{1,5}|off)"
)
_PORT = re.compile(r"[0-9]{1,5}")
#: More than any mesh has; a host that says more would only cost time and memory.
MOST_PEERS = 5_000


class LivePeer(NamedTuple):
    """A peer of a running interface, in `wg`'s own words. A tuple: it is made often."""

    public_key: str
    preshared: bool
    endpoint: str | None
    allowed_ips: tuple[str, ...]
    latest_handshake: int
    """Epoch seconds by the host's own clock; 0: never."""
    transfer_rx: int
    """Bytes since the peer was made."""
    transfer_tx: int
    persistent_keepalive: int
    """Seconds; 0 is off."""


@dataclass(frozen=True, slots=True)
class LiveInterface:
    """A running interface. Private and preshared keys are masked before they get here."""

    name: str
    public_key: str | None
    """None: the interface has no private key."""
    listen_port: int
    fwmark: str | None
    peers: dict[str, LivePeer]
    """By public key."""


class Dumps:
    """One dump of an interface after the other: a peer's line that stays is not read again."""

    def __init__(self) -> None:
        self._lines: dict[str, LivePeer] = {}

    def read(self, name: str, text: str) -> LiveInterface:
        """As `parse_dump`."""
        live, self._lines = _parse(name, text, self._lines)
        return live


def parse_dump(name: str, text: str) -> LiveInterface:
    """Read the dump of interface `name`; ValueError names the line that is not one.

    The first line holds the interface (private-key, public-key, listen-port,
    fwmark), each further one a peer.
    """
    return _parse(name, text, {})[0]


def _parse(
    name: str, text: str, known: dict[str, LivePeer]
) -> tuple[LiveInterface, dict[str, LivePeer]]:
    """The interface, and its peers by their lines, of which some may be `known`."""
    first, *rest = text.splitlines() or [""]
    fields = first.split("\t")
    if len(fields) != 4:
        raise ValueError(f"`wg show {name} dump`: {len(fields)} fields where an interface has 4")
    if len(rest) > MOST_PEERS:
        raise ValueError(f"`wg show {name} dump`: {len(rest)} peers, more than {MOST_PEERS}")
    if not _PORT.fullmatch(fields[2]) or int(fields[2]) > 0xFFFF:
        raise ValueError(f"`wg show {name} dump`: a listen-port that is none")
    lines = {line: known.get(line) or _peer(line) for line in rest}
    live = LiveInterface(
        name=name,
        public_key=fields[1] if is_key(fields[1]) else None,
        listen_port=int(fields[2]),
        fwmark=None if fields[3] == "off" else fields[3],
        peers={peer.public_key: peer for peer in lines.values()},
    )
    return live, lines


def _peer(line: str) -> LivePeer:
    found = _PEER.fullmatch(line)
    if found is None:
        raise ValueError(f"`wg show dump`: not a peer: {line.count(chr(9)) + 1} fields")
    key, psk, endpoint, allowed, handshake, rx, tx, keepalive = found.groups()
    return LivePeer(
        key,
        psk == "set",
        None if endpoint == "(none)" else endpoint,
        () if allowed == "(none)" else tuple(allowed.split(",")),
        int(handshake),
        int(rx),
        int(tx),
        0 if keepalive == "off" else int(keepalive),
    )
