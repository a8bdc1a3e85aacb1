"""A WireGuard interface in this process: the engine of `wire`, over UDP on loopback."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Iterable

from meshtui.demo.wire import show
from meshtui.demo.wire.engine import Engine, Sent
from meshtui.demo.wire.timers import NEVER, Moment, Timers
from meshtui.errors import MeshError
from meshtui.wg.endpoint import Endpoint
from meshtui.wg.interface import Network

#: Most datagrams taken at once: a handshake costs 0.4 ms at each end, and others wait.
_AT_ONCE = 8
#: More than any datagram is.
_LARGEST = 0x1_0000


class Device:
    """One interface. Its settings can be changed at any time, as with `wg set`.

    `received` is called with each packet that comes out of the tunnel and the public key
    of the peer whose it is; it may call `send`. `clock` gives seconds since 1970: a host
    whose clock is wrong has one of its own.
    """

    def __init__(
        self,
        private_key: bytes | None,
        received: Callable[[bytes, bytes], None],
        *,
        timers: Timers | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = Engine(timers or Timers(), os.urandom)
        self._engine.set_private_key(private_key)
        self._received = received
        self._clock = clock
        self._address = ""
        self._port = 0
        self._socket: socket.socket | None = None
        self._alarm: asyncio.TimerHandle | None = None

    async def open(self, address: str, port: int) -> None:
        """Bring it up at `address`; port 0 is any. MeshError: another program has the port."""
        self._bind(address, port)
        self._engine.up(self._now())
        self._after()

    def close(self) -> None:
        """Bring it down: sessions end, settings and counters stay."""
        self._engine.down()
        self._unbind()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    @property
    def listen_port(self) -> int:
        """The UDP port; 0: any, once it is up."""
        return self._port

    @listen_port.setter
    def listen_port(self, port: int) -> None:
        if self._socket is None:
            self._port = port
        elif port != self._port:
            self._bind(self._address, port)

    @property
    def public_key(self) -> bytes | None:
        """None: it has no private key."""
        identity = self._engine.identity
        return identity.public_key if identity else None

    def set_private_key(self, private_key: bytes | None) -> None:
        """Have another private key from the next packet on; None: have none."""
        self._engine.set_private_key(private_key)

    def set_peer(
        self,
        public_key: bytes,
        *,
        endpoint: Endpoint | None = None,
        preshared_key: bytes | None = None,
        allowed_ips: Iterable[Network] = (),
        replace_allowed_ips: bool = False,
        persistent_keepalive: int | None = None,
        update_only: bool = False,
        remove: bool = False,
    ) -> None:
        """Make, change or remove a peer: see `Engine.set_peer`. The endpoint is an address."""
        self._engine.set_peer(
            public_key,
            self._now(),
            endpoint=endpoint,
            preshared_key=preshared_key,
            allowed_ips=allowed_ips,
            replace_allowed_ips=replace_allowed_ips,
            persistent_keepalive=persistent_keepalive,
            update_only=update_only,
            remove=remove,
        )
        self._after()

    def send(self, packet: bytes) -> Sent:
        """Send an IP packet through the tunnel, to the peer whose its destination is."""
        sent = self._engine.send(packet, self._now())
        self._after()
        return sent

    def dump(self) -> str:
        """What `wg show INTERFACE dump` prints, private and preshared keys included."""
        return show.dump(self._engine, self._port)

    def showconf(self) -> str:
        """What `wg showconf INTERFACE` prints, private and preshared keys included."""
        return show.showconf(self._engine, self._port)

    def _now(self) -> Moment:
        return Moment(time.monotonic(), self._clock())

    def _bind(self, address: str, port: int) -> None:
        """Be at `address` and `port` from now on; what had been bound is let go after that."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        new = socket.socket(family, socket.SOCK_DGRAM)
        new.setblocking(False)
        try:
            new.bind((address, port))
        except OSError as error:
            new.close()
            raise MeshError(
                f"the demo cannot use UDP port {port} of {address}: {error.strerror}",
                hint="end the program that has it",
            ) from None
        self._unbind()
        self._socket = new
        self._address, self._port = new.getsockname()[:2]
        asyncio.get_running_loop().add_reader(new, self._readable, new)

    def _unbind(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _readable(self, bound: socket.socket) -> None:
        for _ in range(_AT_ONCE):
            if bound is not self._socket:
                # What came out of the tunnel made someone close it, or change its port.
                return
            try:
                datagram, source = bound.recvfrom(_LARGEST)
            except BlockingIOError:
                return
            got = self._engine.receive(datagram, Endpoint(*source[:2]), self._now())
            self._after()
            if got is not None:
                self._received(got.packet, got.public_key)

    def _ring(self) -> None:
        self._alarm = None
        self._engine.tick(self._now())
        self._after()

    def _after(self) -> None:
        """Send what the engine has to send, and see to it that it is woken in time."""
        for datagram, endpoint in self._engine.take():
            assert self._socket is not None
            try:
                self._socket.sendto(datagram, endpoint)
            except OSError:
                # No way there, or no room: a datagram is lost, and its sender is used to that.
                continue
        due = self._engine.due
        if self._alarm is not None and self._alarm.when() > due:
            self._alarm.cancel()
            self._alarm = None
        if self._alarm is None and due != NEVER and self._engine.running:
            self._alarm = asyncio.get_running_loop().call_at(due, self._ring)
