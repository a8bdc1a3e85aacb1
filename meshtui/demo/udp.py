"""UDP: sockets of this process, by which interfaces talk."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Protocol

from meshtui.errors import MeshError
from meshtui.wg.endpoint import Endpoint

#: Called with each datagram and where it came from.
Received = Callable[[bytes, Endpoint], None]
#: Most datagrams taken at once: a handshake costs 0.4 ms at each end, and others wait.
_AT_ONCE = 8
#: More than any datagram is.
_LARGEST = 0x1_0000


class Bound(Protocol):
    """A port that is somebody's."""

    port: int

    def send(self, datagram: bytes, to: Endpoint) -> None:
        """Send it; it may be lost."""

    def close(self) -> None:
        """Let the port go: nothing is received any more."""


#: Have a port of an address, 0 for any; MeshError: it is somebody else's.
Bind = Callable[[str, int, Received], Bound]


class Udp:
    """A socket of this machine's."""

    def __init__(self, address: str, port: int, received: Received) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            self._socket.bind((address, port))
        except OSError as error:
            self._socket.close()
            raise MeshError(
                f"the demo cannot use UDP port {port} of {address}: {error.strerror}",
                hint="end the program that has it",
            ) from None
        self.port: int = self._socket.getsockname()[1]
        self._received = received
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    def send(self, datagram: bytes, to: Endpoint) -> None:
        """Send it; a datagram that cannot be sent is lost, and its sender is used to that."""
        try:
            self._socket.sendto(datagram, to)
        except OSError:
            return

    def close(self) -> None:
        """Let the port go."""
        if self._socket.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()

    def _readable(self) -> None:
        for _ in range(_AT_ONCE):
            if self._socket.fileno() < 0:
                # What came made someone close it.
                return
            try:
                datagram, source = self._socket.recvfrom(_LARGEST)
            except BlockingIOError:
                return
            self._received(datagram, Endpoint(*source[:2]))
