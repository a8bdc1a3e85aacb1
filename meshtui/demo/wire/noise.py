"""Noise_IKpsk2 as WireGuard uses it: the two messages, and the keys that come of them.

Source: paper, 5.4.2 to 5.4.5; the names of its variables stand beside ours.
"""

from __future__ import annotations

import hmac
from hashlib import blake2s
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from meshtui.demo.wire.messages import Initiation, Response, mac1_key

CHAIN = blake2s(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s").digest()
HASH = blake2s(CHAIN + b"WireGuard v1 zx2c4 Jason@zx2c4.com").digest()


class Invalid(Exception):
    """A key or message is not what it should be: there is nothing to answer."""


class Identity:
    """An interface's own key pair."""

    __slots__ = ("_private", "mac1_key", "public_key")

    def __init__(self, private_key: bytes) -> None:
        first, *middle, last = private_key
        clamped = bytes([first & 248, *middle, last & 127 | 64])
        self._private = X25519PrivateKey.from_private_bytes(clamped)
        self.public_key = self._private.public_key().public_bytes_raw()
        self.mac1_key = mac1_key(self.public_key)

    def with_(self, public_key: bytes) -> bytes:
        """The secret shared with `public_key`; Invalid: that is a key of no use."""
        try:
            return self._private.exchange(X25519PublicKey.from_public_bytes(public_key))
        except ValueError:
            raise Invalid from None

    def private_bytes(self) -> bytes:
        """The private key: only for what `wg` itself would print."""
        return self._private.private_bytes_raw()


class Keys(NamedTuple):
    """What a handshake ends in: one key for each way."""

    send: bytes
    receive: bytes

    def __repr__(self) -> str:
        return "Keys(hidden)"


class Transcript:
    """All that was said in a handshake, as the two ends know it: C and H."""

    __slots__ = ("chain", "hash")

    def __init__(self, chain: bytes, hash_: bytes) -> None:
        self.chain = chain
        self.hash = hash_

    @classmethod
    def to(cls, responder: bytes) -> Transcript:
        """A new one, with the owner of the public key `responder`."""
        return cls(CHAIN, _mixed(HASH, responder))

    def copy(self) -> Transcript:
        """To try a message on that may be forged."""
        return Transcript(self.chain, self.hash)

    def ephemeral(self, public_key: bytes) -> None:
        """Take in the ephemeral key of either end."""
        self.hash = _mixed(self.hash, public_key)
        self.mix(public_key)

    def mix(self, secret: bytes) -> None:
        """Let all that follows depend on `secret`."""
        (self.chain,) = kdf(self.chain, secret, 1)

    def key(self, secret: bytes) -> bytes:
        """Likewise, and a key to seal one text with."""
        self.chain, key = kdf(self.chain, secret, 2)
        return key

    def preshared(self, psk: bytes) -> bytes:
        """Likewise, of a preshared key."""
        self.chain, tau, key = kdf(self.chain, psk, 3)
        self.hash = _mixed(self.hash, tau)
        return key

    def seal(self, key: bytes, text: bytes) -> bytes:
        """`text` sealed for who has the same transcript."""
        sealed = ChaCha20Poly1305(key).encrypt(bytes(12), text, self.hash)
        self.hash = _mixed(self.hash, sealed)
        return sealed

    def open(self, key: bytes, sealed: bytes) -> bytes:
        """What was sealed; Invalid: not with this key, or of another transcript."""
        try:
            text = ChaCha20Poly1305(key).decrypt(bytes(12), sealed, self.hash)
        except InvalidTag:
            raise Invalid from None
        self.hash = _mixed(self.hash, sealed)
        return text


class Pending(NamedTuple):
    """A handshake that was begun and not answered yet."""

    sender: int
    ephemeral: Identity
    transcript: Transcript


def initiate(
    own: Identity, far: bytes, shared: bytes, *, index: int, timestamp: bytes, seed: bytes
) -> tuple[Pending, bytes]:
    """Begin a handshake with the owner of `far`: its state, and what to send.

    `shared` is the secret of both static keys, `seed` 32 random bytes. Invalid: `far` is
    a key of no use.
    """
    said = Transcript.to(far)
    ephemeral = Identity(seed)
    said.ephemeral(ephemeral.public_key)
    static = said.seal(said.key(ephemeral.with_(far)), own.public_key)
    stamp = said.seal(said.key(shared), timestamp)
    message = Initiation(index, ephemeral.public_key, static, stamp)
    return Pending(index, ephemeral, said), message.pack(mac1_key(far))


def caller(own: Identity, message: Initiation) -> tuple[bytes, Transcript]:
    """The public key of who begins a handshake, not proven yet, and what is said so far."""
    said = Transcript.to(own.public_key)
    said.ephemeral(message.ephemeral)
    key = said.key(own.with_(message.ephemeral))
    return said.open(key, message.static), said


def respond(
    said: Transcript, message: Initiation, far: bytes, psk: bytes, *, index: int, seed: bytes
) -> tuple[Keys, bytes]:
    """Answer the owner of `far`, whose timestamp was opened: the keys, and what to send."""
    ephemeral = Identity(seed)
    said.ephemeral(ephemeral.public_key)
    said.mix(ephemeral.with_(message.ephemeral))
    said.mix(ephemeral.with_(far))
    empty = said.seal(said.preshared(psk), b"")
    receive, send = kdf(said.chain, b"", 2)
    answer = Response(index, message.sender, ephemeral.public_key, empty)
    return Keys(send, receive), answer.pack(mac1_key(far))


def finish(own: Identity, pending: Pending, message: Response, psk: bytes) -> Keys:
    """The keys that the answer `message` leads to; Invalid: it is none, `pending` still waits."""
    said = pending.transcript.copy()
    said.ephemeral(message.ephemeral)
    said.mix(pending.ephemeral.with_(message.ephemeral))
    said.mix(own.with_(message.ephemeral))
    said.open(said.preshared(psk), message.empty)
    return Keys(*kdf(said.chain, b"", 2))


def kdf(key: bytes, data: bytes, count: int) -> tuple[bytes, ...]:
    """HKDF with HMAC-BLAKE2s: `count` keys of 32 bytes."""
    secret = hmac.digest(key, data, blake2s)
    keys = [b""]
    for number in range(1, count + 1):
        keys.append(hmac.digest(secret, keys[-1] + bytes([number]), blake2s))
    return tuple(keys[1:])


def _mixed(hash_: bytes, data: bytes) -> bytes:
    return blake2s(hash_ + data).digest()
