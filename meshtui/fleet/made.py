"""The secrets that are made here, for as long as an apply lasts, and nowhere else."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection

from meshtui.errors import CommandFailed
from meshtui.mesh.model import Mesh
from meshtui.plan.model import Plan
from meshtui.plan.seen import Seen
from meshtui.wg.keys import Secret, is_key, keypair, preshared


def known_keys(plan: Plan) -> set[str]:
    """Every key that some host has, or has a peer for: a new one is none of them."""
    assert plan.inputs
    keys = set(plan.public_keys.values())
    for seen in plan.inputs.seen.values():
        if isinstance(seen, Seen):
            keys |= set(seen.live.peers if seen.live else ())
            keys |= set(re.findall(r"[A-Za-z0-9+/]{43}=", seen.file or ""))
    return keys


def made_there(host: str, reply: bytes, taken: Collection[str]) -> str:
    """The public key that `host` says it made. CommandFailed: it can't be used."""
    public = reply.decode("ascii", "replace").strip()
    if not is_key(public):
        raise CommandFailed("the key that it made is not one", host=host)
    if public in taken:
        # Its peer entries elsewhere would become this host's, which nobody was shown.
        raise CommandFailed("the key that it made is another's", host=host)
    return public


class Made:
    """Private keys of hosts with `keys = "operator"` and of devices; preshared keys of links."""

    def __init__(self) -> None:
        self._private: dict[str, Secret] = {}
        self._preshared: dict[frozenset[str], Secret] = {}

    def pair(self, member: str) -> str:
        """A new private key for `member`; its public half."""
        self._private[member], public = keypair(secrets.token_bytes(32))
        return public

    @property
    def members(self) -> frozenset[str]:
        """Whose pair was made."""
        return frozenset(self._private)

    def private(self, member: str) -> Secret | None:
        """The private key that was made for `member`."""
        return self._private.get(member)

    def preshared(self, member: str) -> dict[str, Secret]:
        """The preshared keys made for the links of `member`, by the other end's name."""
        return {
            other: key
            for link, key in self._preshared.items()
            if member in link
            for other in link - {member}
        }

    def filled(self, mesh: Mesh, host: str, text: str) -> bytes:
        """What goes to `host`: its marks (see `Work`) replaced by what they stand for."""
        if secret := self._private.get(host):
            text = text.replace("@operator@", secret.reveal())
        for other in (*mesh.hosts, *mesh.peers):
            mark = f"@psk:{other}@"
            if mark in text:
                link = frozenset((host, other))
                if link not in self._preshared:
                    self._preshared[link] = preshared(secrets.token_bytes(32))
                text = text.replace(mark, self._preshared[link].reveal())
        return text.encode("utf-8", "surrogateescape")
