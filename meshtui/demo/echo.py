"""`ping`: echo requests and their answers, as whole IP packets. Sources: RFC 792, RFC 4443."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple

Address = IPv4Address | IPv6Address

_V4 = struct.Struct("!BBHHHBBH4s4s")
_V6 = struct.Struct("!IHBB16s16s")
_ECHO = struct.Struct("!BBHHH")
_ICMP, _ICMP6 = 1, 58
#: Type of a request, and of a reply, by IP version.
_TYPES = {4: (8, 0), 6: (128, 129)}
_HOPS = 64
#: "More fragments", and where in the whole packet this one stands.
_FRAGMENT = 0x3FFF


class Echo(NamedTuple):
    """An echo request or reply."""

    source: Address
    destination: Address
    reply: bool
    ident: int
    sequence: int
    payload: bytes

    def pack(self) -> bytes:
        """As an IP packet; ValueError: its addresses are not of one family."""
        version = self.source.version
        if self.destination.version != version:
            raise ValueError(f"no packet goes from {self.source} to {self.destination}")
        ends = self.source.packed, self.destination.packed
        kind = _TYPES[version][self.reply]
        body = _ECHO.pack(kind, 0, 0, self.ident, self.sequence) + self.payload
        if version == 4:
            body = _with_sum(body, 2, b"")
            head = _V4.pack(0x45, 0, 20 + len(body), 0, 0, _HOPS, _ICMP, 0, *ends)
            return _with_sum(head, 10, b"") + body
        pseudo = b"".join(ends) + struct.pack("!II", len(body), _ICMP6)
        head = _V6.pack(6 << 28, len(body), _ICMP6, _HOPS, *ends)
        return head + _with_sum(body, 2, pseudo)

    def answered(self) -> Echo:
        """The reply to this request."""
        return self._replace(source=self.destination, destination=self.source, reply=True)


def parse(packet: bytes) -> Echo | None:
    """The echo that `packet` is; None: it is something else, a fragment, or damaged."""
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= _V4.size:
        first, _, length, _, fragment, _, protocol, _, *ends = _V4.unpack_from(packet)
        start, pseudo = (first & 15) * 4, b""
        if protocol != _ICMP or fragment & _FRAGMENT or _sum(packet[:start]):
            return None
    elif version == 6 and len(packet) >= _V6.size:
        _, size, protocol, _, *ends = _V6.unpack_from(packet)
        start, length = _V6.size, _V6.size + size
        pseudo = b"".join(ends) + struct.pack("!II", size, _ICMP6)
        if protocol != _ICMP6:
            return None
    else:
        return None
    body = packet[start:length]
    if length > len(packet) or len(body) < _ECHO.size or _sum(pseudo + body):
        return None
    kind, code, _, ident, sequence = _ECHO.unpack_from(body)
    if code or kind not in _TYPES[version]:
        return None
    reply = kind == _TYPES[version][True]
    source, destination = map(ip_address, ends)
    return Echo(source, destination, reply, ident, sequence, body[_ECHO.size :])


def answer(packet: bytes) -> bytes | None:
    """What a host sends back for `packet`; None: it is no echo request."""
    echo = parse(packet)
    return echo.answered().pack() if echo and not echo.reply else None


def _with_sum(data: bytes, at: int, pseudo: bytes) -> bytes:
    """`data` with its checksum, so far 0, at byte `at`."""
    return data[:at] + _sum(pseudo + data).to_bytes(2) + data[at + 2 :]


def _sum(data: bytes) -> int:
    """The checksum of the internet (RFC 1071); 0 of what has its right one in it."""
    even = data + bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(even) // 2}H", even))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF
