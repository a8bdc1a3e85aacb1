"""A WireGuard interface in this process: the engine of `wire`, over UDP on loopback."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable

from meshtui.demo.udp import Bind, Bound, Udp
from meshtui.demo.wire import show
from meshtui.demo.wire.engine import Engine, Sent
from meshtui.demo.wire.timers import NEVER, Moment, Timers
from meshtui.wg.endpoint import Endpoint
from meshtui.wg.interface import Network


class Device:
    """One interface. Its settings can be changed at any time, as with `wg set`.

    `received` is called with each packet that comes out of the tunnel and the public key
    of the peer whose it is; it may call `send`. `clock` gives seconds since 1970: a host
    whose clock is wrong has one of its own. `bind` is where its port is had.
    """

    def __init__(
        self,
        private_key: bytes | None,
        received: Callable[[bytes, bytes], None],
        *,
        timers: Timers | None = None,
        clock: Callable[[], float] = time.time,
        bind: Bind = Udp,
    ) -> None:
        self._engine = Engine(timers or Timers(), os.urandom)
        self._engine.set_private_key(private_key)
        self._received = received
        self._clock = clock
        self.fwmark = 0
        """What `wg` is told to mark its packets with: shown again, and nothing more; 0: none."""
        self._address = ""
        self._port = 0
        self._bind_to = bind
        self._socket: Bound | None = None
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

    @property
    def peers(self) -> int:
        """How many it has."""
        return len(self._engine.peers)

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
        return show.dump(self._engine, self._port, self.fwmark)

    def showconf(self) -> str:
        """What `wg showconf INTERFACE` prints, private and preshared keys included."""
        return show.showconf(self._engine, self._port, self.fwmark)

    def _now(self) -> Moment:
        return Moment(time.monotonic(), self._clock())

    def _bind(self, address: str, port: int) -> None:
        """Be at `address` and `port` from now on; what had been bound is let go after that."""
        new = self._bind_to(address, port, self._came)
        self._unbind()
        self._socket = new
        self._address, self._port = address, new.port

    def _unbind(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _came(self, datagram: bytes, source: Endpoint) -> None:
        got = self._engine.receive(datagram, source, self._now())
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
            self._socket.send(datagram, endpoint)
        due = self._engine.due
        if self._alarm is not None and self._alarm.when() > due:
            self._alarm.cancel()
            self._alarm = None
        if self._alarm is None and due != NEVER and self._engine.running:
            self._alarm = asyncio.get_running_loop().call_at(due, self._ring)
