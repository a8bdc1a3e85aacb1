"""What `wg` is told, by words or by a file: read to its end before any of it is done.
Source: config.c of wireguard-tools.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from meshtui.demo.device import Device
from meshtui.wg.endpoint import Endpoint, parse_endpoint
from meshtui.wg.interface import Network

#: Keys of a section in lower case: the setting that each is, and what reads it.
_Known = dict[str, tuple[str, Callable[[str], Any]]]

#: What a file that is not added to what runs sets even where it is silent about it.
_SILENT = {"listen_port": 0, "private_key": None, "fwmark": 0}


class Wrong(Exception):
    """What `wg` says before it ends with 1."""


@dataclass(slots=True)
class Wanted:
    """Settings of an interface, and of its peers as `Device.set_peer` takes them."""

    own: dict[str, Any] = field(default_factory=dict)
    peers: list[tuple[bytes, dict[str, Any]]] = field(default_factory=list)

    def over(self, device: Device, *, sync: bool) -> None:
        """Have this and nothing else; with `sync` the sessions of peers that stay go on.

        MeshError: the port is somebody else's, and nothing is changed.
        """
        self.own = _SILENT | self.own
        stay = {key for key, _ in self.peers} if sync else set()
        gone = (b64decode(row.partition("\t")[0]) for row in device.dump().splitlines()[1:])
        removed = [(key, {"remove": True}) for key in gone if key not in stay]
        self.peers = [*removed, *self.peers]
        self.onto(device)

    def onto(self, device: Device) -> None:
        """Have this besides; MeshError: as above."""
        # First what may fail.
        if "listen_port" in self.own:
            device.listen_port = self.own["listen_port"]
        if "private_key" in self.own:
            device.set_private_key(self.own["private_key"])
        if "fwmark" in self.own:
            device.fwmark = self.own["fwmark"]
        for key, options in self.peers:
            device.set_peer(key, **options)


def read(text: str) -> Wanted:
    """A file for setconf, addconf or syncconf."""
    wanted = Wanted()
    peers: list[dict[str, Any]] = []
    try:
        known: _Known = {}
        into: dict[str, Any] = {}
        for line in text.splitlines():
            bare = "".join(line.partition("#")[0].split())
            name, equals, value = bare.partition("=")
            if bare.lower() == "[interface]":
                known, into = _OWN, wanted.own
            elif bare.lower() == "[peer]":
                known, into = _PEER, {"allowed_ips": [], "replace_allowed_ips": True}
                peers.append(into)
            elif equals and name.lower() == "allowedips" and known is _PEER:
                into["allowed_ips"] += networks(value)
            elif equals and name.lower() in known:
                option, parse = known[name.lower()]
                into[option] = parse(value)
            elif bare:
                raise Wrong(f"Line unrecognized: `{bare}'")
    except Wrong as wrong:
        raise Wrong(f"{wrong}\nConfiguration parsing error") from None
    for peer in peers:
        if "public_key" not in peer:
            raise Wrong("A peer is missing a public key\nInvalid configuration")
        wanted.peers.append((peer.pop("public_key"), peer))
    return wanted


def key(text: str) -> bytes:
    """A key in base64."""
    try:
        found = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != 32:
        raise Wrong(f"Key is not the correct length or format: `{text}'")
    return found


def key_file(text: str) -> bytes | None:
    """A key in a file; None: the file is empty, by which `wg` takes a key away."""
    if not text:
        return None
    if len(text.strip()) != 44:
        raise Wrong("Invalid length key in key file")
    return key(text.strip())


def port(text: str) -> int:
    """A UDP port, of which the C library takes the lower 16 bits."""
    if not text.isdecimal():
        raise Wrong(f"Servname not supported for ai_socktype: `{text}'")
    return int(text) & 0xFFFF


def fwmark(text: str) -> int:
    """The mark of an interface's own packets; 0: none."""
    try:
        found = 0 if text == "off" else int(text, 16 if text[:2] in ("0x", "0X") else 10)
    except ValueError:
        found = -1
    if not 0 <= found <= 0xFFFF_FFFF:
        raise Wrong(f"Fwmark is neither 0/off nor 0-0xffffffff: `{text}'")
    return found


def endpoint(text: str) -> Endpoint:
    """Where a peer is; a demo's hosts have no DNS."""
    if ":" not in text:
        raise Wrong(f"Unable to find port of endpoint: `{text}'")
    try:
        found = parse_endpoint(text)
    except ValueError:
        raise Wrong(f"Unable to parse endpoint: `{text}'") from None
    if not found.is_address:
        raise Wrong(f"Name or service not known: `{text}'")
    return found


def networks(text: str) -> list[Network]:
    """Prefixes between commas, whatever stands behind their length."""
    found = []
    for one in filter(None, text.split(",")):
        address = one.partition("/")[0]
        try:
            ip_address(address)
        except ValueError:
            raise Wrong(f"Unable to parse IP address: `{address}'") from None
        try:
            found.append(ip_network(one, strict=False))
        except ValueError:
            raise Wrong(f"AllowedIP is not in the correct format: `{one}'") from None
    return found


def keepalive(text: str) -> int:
    """Seconds; 0: off."""
    if text != "off" and not (text.isdecimal() and int(text) <= 0xFFFF):
        raise Wrong(f"Persistent keepalive interval is neither 0/off nor 1-65535: `{text}'")
    return 0 if text == "off" else int(text)


_OWN: _Known = {
    "listenport": ("listen_port", port),
    "privatekey": ("private_key", key),
    "fwmark": ("fwmark", fwmark),
}
_PEER: _Known = {
    "publickey": ("public_key", key),
    "presharedkey": ("preshared_key", key),
    "endpoint": ("endpoint", endpoint),
    "persistentkeepalive": ("persistent_keepalive", keepalive),
}
