"""`wg show IF dump` -> values. Source: show.c dump_print of wireguard-tools."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from meshtui.wg.keys import is_key

_ADDRESSES = re.compile(r"\(none\)|[0-9a-zA-Z.:/,%\[\]_-]+")


@dataclass(frozen=True, slots=True)
class LivePeer:
    """A peer of a running interface, in `wg`'s own words."""

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


def parse_dump(name: str, text: str) -> LiveInterface:
    """Read the dump of interface `name`; ValueError names the line that is not one.

    The first line holds the interface (private-key, public-key, listen-port,
    fwmark), each further one a peer.
    """
    first, *rest = text.splitlines() or [""]
    fields = first.split("\t")
    if len(fields) != 4:
        raise ValueError(f"`wg show {name} dump`: {len(fields)} fields where an interface has 4")
    interface = LiveInterface(
        name=name,
        public_key=fields[1] if is_key(fields[1]) else None,
        listen_port=int(fields[2]),
        fwmark=None if fields[3] == "off" else fields[3],
        peers={},
    )
    peers = (_peer(line) for line in rest)
    return replace(interface, peers={peer.public_key: peer for peer in peers})


def _peer(line: str) -> LivePeer:
    fields = line.split("\t")
    if len(fields) != 8 or not is_key(fields[0]):
        raise ValueError(f"`wg show dump`: not a peer: {len(fields)} fields")
    key, psk, endpoint, allowed, handshake, rx, tx, keepalive = fields
    if not (_ADDRESSES.fullmatch(endpoint) and _ADDRESSES.fullmatch(allowed)):
        # It gets shown and compared: from a host that is not itself it may be anything.
        raise ValueError("`wg show dump`: an endpoint or allowed IPs that are none")
    return LivePeer(
        public_key=key,
        preshared=psk != "(none)",
        endpoint=None if endpoint == "(none)" else endpoint,
        allowed_ips=() if allowed == "(none)" else tuple(allowed.split(",")),
        latest_handshake=int(handshake),
        transfer_rx=int(rx),
        transfer_tx=int(tx),
        persistent_keepalive=0 if keepalive == "off" else int(keepalive),
    )
