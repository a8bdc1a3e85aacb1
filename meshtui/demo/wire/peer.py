"""One peer: its handshakes, its sessions and its timers. Sources: paper, 6; Linux, timers.c."""

from __future__ import annotations

from meshtui.demo.wire import noise
from meshtui.demo.wire.messages import Data, Initiation, Response
from meshtui.demo.wire.noise import Invalid, Keys, Pending, Transcript
from meshtui.demo.wire.routes import Prefix
from meshtui.demo.wire.session import Session
from meshtui.demo.wire.shared import Datagram, Shared
from meshtui.demo.wire.timers import NEVER, Moment
from meshtui.wg.endpoint import Endpoint

#: Most packets that wait for a handshake; of more the oldest are lost.
_WAITING = 128
_NO_PSK = bytes(32)


class Peer:
    """The far end, as one interface knows it. Each `_at` is a timer: when it rings, or NEVER."""

    __slots__ = (
        "_another_keepalive",
        "_attempts",
        "_forget_at",
        "_initiated",
        "_keepalive_at",
        "_last_minute",
        "_newest",
        "_pending",
        "_persistent_at",
        "_retry_at",
        "_shared",
        "_silent_at",
        "_static",
        "_waiting",
        "allowed",
        "current",
        "endpoint",
        "keepalive",
        "latest_handshake",
        "next",
        "previous",
        "psk",
        "public_key",
        "rx",
        "tx",
        "wake",
    )

    def __init__(self, shared: Shared, public_key: bytes) -> None:
        self._shared = shared
        self.public_key = public_key
        self.psk = _NO_PSK
        self.endpoint: Endpoint | None = None
        self.allowed: tuple[Prefix, ...] = ()
        self.keepalive = 0
        """Seconds between two that are sent whatever happens; 0: none are."""
        self.latest_handshake = 0
        """Epoch seconds by the host's own clock; 0: never."""
        self.rx = self.tx = 0
        """Bytes, WireGuard's own included."""
        self.current: Session | None = None
        self.next: Session | None = None
        """Keys that the far end has not shown yet to have: it began the handshake."""
        self.previous: Session | None = None
        self._pending: Pending | None = None
        self.wake = NEVER
        self._newest = b""
        """Timestamp of the latest handshake that the far end began."""
        self._static: bytes | None = None
        """The secret of both static keys, once needed."""
        self.forget()

    def forget(self) -> None:
        """Forget keys, packets that wait and timers, as an interface that goes down does."""
        self._drop_keys()
        self._waiting: list[bytes] = []
        self._attempts = 0
        self._initiated = -NEVER
        self._last_minute = self._another_keepalive = False
        self._retry_at = self._keepalive_at = self._silent_at = NEVER
        self._persistent_at = self._forget_at = NEVER

    def rekey(self) -> None:
        """The interface has another private key: nothing more is sent under the old one."""
        self._static = None
        self._drop_pending()
        self._initiated = -NEVER
        for session in (self.current, self.next):
            if session is not None:
                session.retire()

    def due(self) -> float:
        """When the next timer rings."""
        return min(
            self._retry_at,
            self._keepalive_at,
            self._silent_at,
            self._persistent_at,
            self._forget_at,
        )

    def ring(self, now: Moment) -> None:
        """Do what the timers that ring by `now` are for."""
        times = self._shared.timers
        if self._retry_at <= now.at:
            self._retry_at = NEVER
            if self._attempts > times.rekey_attempt_time / times.rekey_timeout:
                self._waiting = []
                self._keepalive_at = NEVER
                if self._forget_at == NEVER:
                    self._forget_at = now.at + 3 * times.reject_after_time
            else:
                self._attempts += 1
                self._initiate(now)
        if self._keepalive_at <= now.at:
            self._keepalive_at = NEVER
            self.say(now)
            if self._another_keepalive:
                self._another_keepalive = False
                self._keepalive_at = now.at + times.keepalive_timeout
        if self._silent_at <= now.at:
            self._silent_at = NEVER
            self.handshake(now)
        if self._forget_at <= now.at:
            self._forget_at = NEVER
            self._drop_keys()
        if self._persistent_at <= now.at:
            self._persistent_at = NEVER
            if self.keepalive:
                self.say(now)

    def send(self, packet: bytes, now: Moment) -> None:
        """Send `packet`, after a handshake if there is no session."""
        self._waiting.append(packet)
        del self._waiting[:-_WAITING]
        self.flush(now)

    def say(self, now: Moment) -> None:
        """Send a keepalive, unless there is something better to send."""
        if not self._waiting:
            self._waiting = [b""]
        self.flush(now)

    def flush(self, now: Moment) -> None:
        """Send what waits, or begin the handshake that it waits for."""
        if not self._waiting:
            return
        times, session = self._shared.timers, self.current
        if (
            session is None
            or not session.sends()
            or now.at - session.born >= times.reject_after_time
            or session.sent >= times.reject_after_messages
        ):
            self.handshake(now)
            return
        packets, self._waiting = self._waiting, []
        for packet in packets:
            self._put(session.seal(packet), now)
        if any(packets) and self._silent_at == NEVER:
            wait = times.keepalive_timeout + times.rekey_timeout
            self._silent_at = now.at + wait + self._shared.jitter()
        old = session.initiator and now.at - session.born >= times.rekey_after_time
        if old or session.sent > times.rekey_after_messages:
            self.handshake(now)

    def handshake(self, now: Moment) -> None:
        """Begin a handshake, unless one was begun or answered just now."""
        self._attempts = 0
        self._initiate(now)

    def static(self) -> bytes:
        """The secret of both static keys; Invalid: the peer's is a key of no use."""
        assert self._shared.identity is not None
        if self._static is None:
            self._static = self._shared.identity.with_(self.public_key)
        return self._static

    def answer(self, message: Initiation, said: Transcript, source: Endpoint, now: Moment) -> None:
        """Answer the handshake that the peer begins; Invalid: it does not, or long ago."""
        timestamp = said.open(said.key(self.static()), message.timestamp)
        if timestamp <= self._newest:
            raise Invalid
        self._newest = timestamp
        index = self._shared.index(self)
        seed = self._shared.random(32)
        try:
            keys, datagram = noise.respond(
                said, message, self.public_key, self.psk, index=index, seed=seed
            )
        except Invalid:
            del self._shared.indices[index]
            raise
        self._initiated = now.at
        self._drop(self.next, self.previous)
        self.previous = None
        self.next = self._session(keys, index, message.sender, initiator=False, now=now)
        self._heard(source, now)
        self._put(datagram, now)

    def complete(self, message: Response, source: Endpoint, now: Moment) -> None:
        """Take the answer to a handshake that was begun; Invalid: it is none."""
        pending, identity = self._pending, self._shared.identity
        if pending is None or pending.sender != message.receiver or identity is None:
            raise Invalid
        keys = noise.finish(identity, pending, message, self.psk)
        self._pending = None
        old = self.current
        if self.next is not None:
            self._drop(old)
            old, self.next = self.next, None
        self._drop(self.previous)
        self.previous = old
        self.current = self._session(
            keys, message.receiver, message.sender, initiator=True, now=now
        )
        self._heard(source, now)
        self._shook(now)
        self.say(now)

    def open(self, message: Data, source: Endpoint, now: Moment) -> bytes | None:
        """The packet that `message` carries, padded, empty if a keepalive; None: it is dropped."""
        times = self._shared.timers
        for session in (self.current, self.next, self.previous):
            if session is not None and session.index == message.receiver:
                break
        else:
            return None
        if (
            now.at - session.born >= times.reject_after_time
            or message.counter >= times.reject_after_messages
        ):
            return None
        packet = session.open(message)
        if packet is None:
            return None
        self._heard(source, now)
        if session is self.next:
            self._drop(self.previous)
            self.previous, self.current, self.next = self.current, session, None
            self._shook(now)
            self.flush(now)
        self._freshen(now)
        if packet and self._keepalive_at == NEVER:
            self._keepalive_at = now.at + times.keepalive_timeout
        elif packet:
            self._another_keepalive = True
        return packet

    def _initiate(self, now: Moment) -> None:
        shared = self._shared
        again_at = self._initiated + shared.timers.rekey_timeout
        if shared.identity is None or self.endpoint is None or now.at < again_at:
            return
        index = shared.index(self)
        try:
            pending, datagram = noise.initiate(
                shared.identity,
                self.public_key,
                self.static(),
                index=index,
                timestamp=now.tai64n(),
                seed=shared.random(32),
            )
        except Invalid:
            # The peer's key is of no use to anybody, so nobody is there to call.
            del shared.indices[index]
            return
        self._drop_pending()
        self._pending = pending
        self._initiated = now.at
        self._retry_at = now.at + shared.timers.rekey_timeout + shared.jitter()
        self._put(datagram, now)

    def _put(self, datagram: bytes, now: Moment) -> None:
        """Send; whatever it is, it shows the far end that this one lives."""
        assert self.endpoint is not None
        self._shared.out.append(Datagram(datagram, self.endpoint))
        self.tx += len(datagram)
        self._keepalive_at = NEVER
        self._seen(now)

    def _heard(self, source: Endpoint, now: Moment) -> None:
        """What came in was the peer's: it lives, and there it is reached from now on."""
        self.endpoint = source
        self._silent_at = NEVER
        self._seen(now)

    def _seen(self, now: Moment) -> None:
        if self.keepalive:
            self._persistent_at = now.at + self.keepalive

    def _freshen(self, now: Moment) -> None:
        """Begin the next handshake while what comes in can still be opened."""
        times, session = self._shared.timers, self.current
        if self._last_minute or session is None or not session.initiator or not session.sends():
            return
        late = times.reject_after_time - times.keepalive_timeout - times.rekey_timeout
        if now.at - session.born >= late:
            self._last_minute = True
            self.handshake(now)

    def _session(
        self, keys: Keys, index: int, remote: int, *, initiator: bool, now: Moment
    ) -> Session:
        self._forget_at = now.at + 3 * self._shared.timers.reject_after_time
        return Session(keys, index=index, remote=remote, initiator=initiator, born=now.at)

    def _shook(self, now: Moment) -> None:
        """A handshake is complete: the far end has proven that it has the keys."""
        self._retry_at = NEVER
        self._attempts = 0
        self._last_minute = False
        self.latest_handshake = int(now.wall)

    def _drop(self, *sessions: Session | None) -> None:
        """Nothing that comes for these is opened any more."""
        for session in sessions:
            if session is not None:
                del self._shared.indices[session.index]

    def _drop_pending(self) -> None:
        if self._pending is not None:
            del self._shared.indices[self._pending.sender]
            self._pending = None

    def _drop_keys(self) -> None:
        self._drop(self.current, self.next, self.previous)
        self.current = self.next = self.previous = None
        self._drop_pending()
