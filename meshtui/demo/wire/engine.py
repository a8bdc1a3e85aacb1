"""An interface and its peers: what comes in and goes out, and what `wg set` changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from meshtui.demo.wire import noise
from meshtui.demo.wire.messages import Data, Initiation, Response, mac1_fits, parse
from meshtui.demo.wire.noise import Identity, Invalid
from meshtui.demo.wire.peer import Peer
from meshtui.demo.wire.routes import Prefix, Routes, header
from meshtui.demo.wire.shared import Datagram, Shared
from meshtui.demo.wire.timers import Clock, Moment, Timers
from meshtui.wg.endpoint import Endpoint
from meshtui.wg.interface import Network

#: What became of a packet: the last three are not sent, as Linux would tell who sends it.
Sent = Literal["sent", "down", "no-peer", "no-endpoint"]


class Received(NamedTuple):
    """A packet that came out of the tunnel."""

    packet: bytes
    public_key: bytes
    """Whose it is."""


class Engine:
    """One interface. Whoever moves datagrams calls `take` after everything that it does here.

    `random` gives as many random bytes as it is asked for.
    """

    __slots__ = ("_clock", "_routes", "_shared", "peers", "running")

    def __init__(self, timers: Timers, random: Callable[[int], bytes]) -> None:
        self._shared = Shared(timers, random)
        self._clock: Clock[Peer] = Clock()
        self._routes: Routes[Peer] = Routes()
        self.peers: dict[bytes, Peer] = {}
        """By public key, in the order in which they came."""
        self.running = False

    @property
    def identity(self) -> Identity | None:
        """The interface's own keys."""
        return self._shared.identity

    @property
    def due(self) -> float:
        """When to call `tick`, as `Moment.at`."""
        return self._clock.next

    def take(self) -> list[Datagram]:
        """What is to be sent, once."""
        out, self._shared.out = self._shared.out, []
        return out

    def up(self, now: Moment) -> None:
        """Begin: peers with a persistent keepalive are called."""
        self.running = True
        for peer in self.peers.values():
            if peer.keepalive:
                peer.say(now)
                self._clock.wind(peer)

    def down(self) -> None:
        """Stop, and forget all sessions; counters and settings stay."""
        self.running = False
        for peer in self.peers.values():
            peer.forget()

    def set_private_key(self, private_key: bytes | None) -> None:
        """Have another private key, or none; a peer with the same key goes."""
        new, old = None if private_key is None else Identity(private_key), self.identity
        if new and old and new.public_key == old.public_key:
            return
        self._shared.identity = new
        if new:
            self._remove(new.public_key)
        for peer in self.peers.values():
            peer.rekey()

    def set_peer(
        self,
        public_key: bytes,
        now: Moment,
        *,
        endpoint: Endpoint | None = None,
        preshared_key: bytes | None = None,
        allowed_ips: Iterable[Network] = (),
        replace_allowed_ips: bool = False,
        persistent_keepalive: int | None = None,
        update_only: bool = False,
        remove: bool = False,
    ) -> None:
        """Make, change or remove a peer, as `wg set` does; None leaves a thing as it is.

        A preshared key of 32 zeros is none. Prefixes that another peer has move here.
        """
        if remove:
            self._remove(public_key)
            return
        peer = self.peers.get(public_key)
        if peer is None:
            own = self.identity is not None and self.identity.public_key == public_key
            if update_only or own:
                return
            peer = self.peers[public_key] = Peer(self._shared, public_key)
        call = bool(persistent_keepalive) and not peer.keepalive
        if endpoint is not None:
            call = call or (peer.endpoint is None and persistent_keepalive != 0)
            peer.endpoint = endpoint
        if preshared_key is not None:
            peer.psk = preshared_key
        if persistent_keepalive is not None:
            peer.keepalive = persistent_keepalive
        self._allow(peer, [Prefix.of(net) for net in allowed_ips], replace=replace_allowed_ips)
        if not self.running:
            return
        if call and peer.keepalive:
            peer.say(now)
        peer.flush(now)
        self._clock.wind(peer)

    def send(self, packet: bytes, now: Moment) -> Sent:
        """Send the IP packet to the peer whose its destination is."""
        if not self.running:
            return "down"
        head = header(packet)
        peer = self._routes.find(head.destination) if head else None
        if peer is None:
            return "no-peer"
        if peer.endpoint is None:
            return "no-endpoint"
        peer.send(packet, now)
        self._clock.wind(peer)
        return "sent"

    def receive(self, datagram: bytes, source: Endpoint, now: Moment) -> Received | None:
        """Take what came in from `source`; the packet in it, if there is one for this host."""
        message = parse(datagram)
        try:
            if isinstance(message, Data):
                return self._data(message, len(datagram), source, now)
            if message is None or not self._is_mine(datagram):
                return None
            peer = (
                self._initiation(message, source, now)
                if isinstance(message, Initiation)
                else self._response(message, source, now)
            )
        except Invalid:
            # Nothing is said to who has not the keys.
            return None
        peer.rx += len(datagram)
        self._clock.wind(peer)
        return None

    def tick(self, now: Moment) -> None:
        """Do what is due by `now`."""
        for peer in self._clock.ring(now.at):
            peer.ring(now)
            self._clock.wind(peer)

    def _data(self, message: Data, size: int, source: Endpoint, now: Moment) -> Received | None:
        peer = self._shared.indices.get(message.receiver)
        if peer is None:
            return None
        packet = peer.open(message, source, now)
        self._clock.wind(peer)
        if packet is None:
            return None
        if packet:
            head = header(packet)
            if head is None or self._routes.find(head.source) is not peer:
                return None
            packet = packet[: head.length]
        peer.rx += size
        return Received(packet, peer.public_key) if packet else None

    def _initiation(self, message: Initiation, source: Endpoint, now: Moment) -> Peer:
        assert self.identity is not None
        public_key, said = noise.caller(self.identity, message)
        peer = self.peers.get(public_key)
        if peer is None:
            raise Invalid
        peer.answer(message, said, source, now)
        return peer

    def _response(self, message: Response, source: Endpoint, now: Moment) -> Peer:
        peer = self._shared.indices.get(message.receiver)
        if peer is None:
            raise Invalid
        peer.complete(message, source, now)
        return peer

    def _is_mine(self, datagram: bytes) -> bool:
        return self.identity is not None and mac1_fits(datagram, self.identity.mac1_key)

    def _allow(self, peer: Peer, prefixes: list[Prefix], *, replace: bool) -> None:
        if replace:
            for old in peer.allowed:
                self._routes.drop(old)
            peer.allowed = ()
        for prefix in prefixes:
            before = self._routes.put(prefix, peer)
            if before is not None:
                before.allowed = tuple(p for p in before.allowed if p != prefix)
            peer.allowed = (*peer.allowed, prefix)

    def _remove(self, public_key: bytes) -> None:
        peer = self.peers.pop(public_key, None)
        if peer is not None:
            self._allow(peer, [], replace=True)
            peer.forget()
