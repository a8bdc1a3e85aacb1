"""The keys of one handshake at work: packets sealed and opened, each once."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from meshtui.demo.wire.messages import Data
from meshtui.demo.wire.noise import Keys

#: How many counters back a packet may come late.
WINDOW = 2048
_MASK = (1 << WINDOW) - 1
#: Packets are filled up to blocks of as many bytes, to say less about their length.
_BLOCK = 16


class Session:
    """One pair of keys. Ciphers are made when needed: each takes 2 KB, a mesh has many."""

    __slots__ = (
        "_receive",
        "_seen",
        "_send",
        "_top",
        "born",
        "index",
        "initiator",
        "remote",
        "sent",
    )

    def __init__(
        self, keys: Keys, *, index: int, remote: int, initiator: bool, born: float
    ) -> None:
        self._send: bytes | None = keys.send
        self._receive = keys.receive
        self.index = index
        self.remote = remote
        """How the far end names it."""
        self.initiator = initiator
        """Whether this end began the handshake, so that it is to begin the next."""
        self.born = born
        self.sent = 0
        """Packets, and so the next one's counter."""
        self._top = -1
        self._seen = 0

    def sends(self) -> bool:
        """Whether it may still seal."""
        return self._send is not None

    def retire(self) -> None:
        """Seal nothing any more; what is on its way can still be opened."""
        self._send = None

    def seal(self, packet: bytes) -> bytes:
        """The message that carries `packet`."""
        assert self._send is not None
        counter, self.sent = self.sent, self.sent + 1
        padded = packet + bytes(-len(packet) % _BLOCK)
        sealed = ChaCha20Poly1305(self._send).encrypt(_nonce(counter), padded, None)
        return Data(self.remote, counter, sealed).pack()

    def open(self, message: Data) -> bytes | None:
        """The packet, padded; None: not from the far end, too late, or here before."""
        try:
            packet = ChaCha20Poly1305(self._receive).decrypt(
                _nonce(message.counter), message.sealed, None
            )
        except InvalidTag:
            return None
        return packet if self.first(message.counter) else None

    def first(self, counter: int) -> bool:
        """Whether `counter` comes for the first time, and not too late to know."""
        if counter > self._top:
            ahead = counter - self._top
            self._seen = (self._seen << ahead | 1) & _MASK if ahead < WINDOW else 1
            self._top = counter
            return True
        bit = 1 << (self._top - counter) if self._top - counter < WINDOW else 0
        if not bit or self._seen & bit:
            return False
        self._seen |= bit
        return True


def _nonce(counter: int) -> bytes:
    return bytes(4) + counter.to_bytes(8, "little")
