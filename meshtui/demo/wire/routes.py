"""Cryptokey routing: which peer an address belongs to, and the addresses of a packet."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Generic, NamedTuple, TypeVar

P = TypeVar("P")


class Prefix(NamedTuple):
    """A network, small: the hosts of a mesh of 200 have 40,000 of each family."""

    address: bytes
    length: int
    text: str
    """As `wg` writes it: made once, shown to whoever looks each second."""

    @classmethod
    def of(cls, network: IPv4Network | IPv6Network) -> Prefix:
        """`network` as a prefix."""
        return cls(network.network_address.packed, network.prefixlen, str(network))


class Routes(Generic[P]):
    """Whose each prefix is; the longest that holds an address counts."""

    __slots__ = ("_tables",)

    def __init__(self) -> None:
        # By the size of an address: its lengths, longest first, each with mask and owners.
        self._tables: dict[int, dict[int, tuple[int, dict[int, P]]]] = {4: {}, 16: {}}

    def put(self, prefix: Prefix, owner: P) -> P | None:
        """Give `prefix` to `owner`; the one who had it before."""
        size = len(prefix.address)
        tables = self._tables[size]
        if prefix.length not in tables:
            mask = (1 << size * 8) - (1 << size * 8 - prefix.length)
            tables[prefix.length] = (mask, {})
            self._tables[size] = dict(sorted(tables.items(), reverse=True))
        _, owners = self._tables[size][prefix.length]
        address = int.from_bytes(prefix.address)
        before = owners.get(address)
        owners[address] = owner
        return before

    def drop(self, prefix: Prefix) -> None:
        """Take `prefix` from whoever has it."""
        del self._tables[len(prefix.address)][prefix.length][1][int.from_bytes(prefix.address)]

    def find(self, address: bytes) -> P | None:
        """Whose `address` is."""
        number = int.from_bytes(address)
        for mask, owners in self._tables[len(address)].values():
            if (owner := owners.get(number & mask)) is not None:
                return owner
        return None


class Header(NamedTuple):
    """What routing needs of an IP packet."""

    source: bytes
    destination: bytes
    length: int
    """Bytes, this header included."""


def header(packet: bytes) -> Header | None:
    """The header of `packet`, which may have padding behind it; None: it is no IP packet."""
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= 20:
        found = Header(packet[12:16], packet[16:20], int.from_bytes(packet[2:4]))
        least = 20
    elif version == 6 and len(packet) >= 40:
        found = Header(packet[8:24], packet[24:40], 40 + int.from_bytes(packet[4:6]))
        least = 40
    else:
        return None
    return found if least <= found.length <= len(packet) else None


def passed_on(packet: bytes) -> bytes | None:
    """An IP packet as a router sends it on, one hop less to go; None: it came too far.

    Source: RFC 1141.
    """
    version = packet[0] >> 4
    hops = 8 if version == 4 else 7
    if packet[hops] <= 1:
        return None
    sent = bytearray(packet)
    sent[hops] -= 1
    if version == 4:
        total = int.from_bytes(packet[10:12]) + 0x100
        sent[10:12] = ((total & 0xFFFF) + (total >> 16)).to_bytes(2)
    return bytes(sent)
