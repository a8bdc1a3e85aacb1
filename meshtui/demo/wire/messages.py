"""The messages on the wire. Source: paper, 5.4; all integers are little-endian."""

from __future__ import annotations

import hmac
import struct
from hashlib import blake2s
from typing import NamedTuple

_INITIATION = struct.Struct("<II32s48s28s")
_RESPONSE = struct.Struct("<III32s16s")
_DATA = struct.Struct("<IIQ")
#: Bytes of the two codes at the end of a handshake message; the second is for cookies.
_MACS = 32
#: The least of a data message: its head and the tag of an empty packet.
_EMPTY = _DATA.size + 16


class Initiation(NamedTuple):
    """The first message of a handshake."""

    sender: int
    """How whoever answers is to name the handshake."""
    ephemeral: bytes
    static: bytes
    """Sealed: the public key of who sends it."""
    timestamp: bytes
    """Sealed: TAI64N, newer in each."""

    def pack(self, mac1_key: bytes) -> bytes:
        """As it is sent to whom `mac1_key` belongs: 148 bytes."""
        return _with_macs(_INITIATION.pack(1, *self), mac1_key)


class Response(NamedTuple):
    """The second message of a handshake."""

    sender: int
    receiver: int
    ephemeral: bytes
    empty: bytes
    """Sealed: nothing, which proves that the keys are the same."""

    def pack(self, mac1_key: bytes) -> bytes:
        """As it is sent to whom `mac1_key` belongs: 92 bytes."""
        return _with_macs(_RESPONSE.pack(2, *self), mac1_key)


class Data(NamedTuple):
    """A packet, or a keepalive, which is one without a byte."""

    receiver: int
    counter: int
    sealed: bytes

    def pack(self) -> bytes:
        """As it is sent: 32 bytes more than the packet."""
        return _DATA.pack(4, self.receiver, self.counter) + self.sealed


def parse(datagram: bytes) -> Initiation | Response | Data | None:
    """The message that `datagram` has the form of; None: of none that is understood."""
    kind, size = datagram[:4], len(datagram)
    if kind == b"\4\0\0\0" and size >= _EMPTY:
        _, receiver, counter = _DATA.unpack_from(datagram)
        return Data(receiver, counter, datagram[_DATA.size :])
    if kind == b"\1\0\0\0" and size == _INITIATION.size + _MACS:
        return Initiation(*_INITIATION.unpack_from(datagram)[1:])
    if kind == b"\2\0\0\0" and size == _RESPONSE.size + _MACS:
        return Response(*_RESPONSE.unpack_from(datagram)[1:])
    return None


def mac1_key(public_key: bytes) -> bytes:
    """What handshake messages to the owner of `public_key` are marked with."""
    return blake2s(b"mac1----" + public_key).digest()


def mac1_fits(datagram: bytes, key: bytes) -> bool:
    """Whether the handshake message `datagram` was made for the owner of `key`."""
    return hmac.compare_digest(_mac(datagram[:-_MACS], key), datagram[-_MACS:-16])


def _with_macs(body: bytes, key: bytes) -> bytes:
    return body + _mac(body, key) + bytes(16)


def _mac(body: bytes, key: bytes) -> bytes:
    return blake2s(body, digest_size=16, key=key).digest()
