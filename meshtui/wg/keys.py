"""WireGuard keys: 32 bytes of Curve25519 in base64, 44 characters that end in `=`."""

from __future__ import annotations

import base64
import re

#: What `wg` accepts: 42 characters, one that leaves no stray bits, and the padding.
_KEY = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")


def is_key(text: str) -> bool:
    """Whether `text` is 32 bytes as `wg` writes them."""
    return _KEY.fullmatch(text) is not None


class Secret:
    """A private or preshared key that no repr, log or traceback will print."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The key itself: only for what goes down SSH's stdin."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(hidden)"

    __str__ = __repr__


def keypair(seed: bytes) -> tuple[Secret, str]:
    """The private key from 32 random bytes (clamped as `wg genkey` does), and its public one."""
    if len(seed) != 32:
        raise ValueError("a Curve25519 key takes 32 bytes")
    # Imported here: only the operator-made way needs it, and it is slow to load.
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    clamped = bytes([seed[0] & 248]) + seed[1:31] + bytes([(seed[31] & 127) | 64])
    public = X25519PrivateKey.from_private_bytes(clamped).public_key().public_bytes_raw()
    return Secret(_encode(clamped)), _encode(public)


def preshared(seed: bytes) -> Secret:
    """The preshared key made from 32 random bytes (source: wg(8), genpsk)."""
    if len(seed) != 32:
        raise ValueError("a preshared key takes 32 bytes")
    return Secret(_encode(seed))


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
