"""The secrets that are made here, for as long as an apply lasts, and nowhere else."""

from __future__ import annotations

import secrets

from meshtui.mesh.model import Mesh
from meshtui.wg.keys import Secret, keypair, preshared


class Made:
    """Private keys of hosts with `keys = "operator"`, and preshared keys of links."""

    def __init__(self) -> None:
        self._private: dict[str, Secret] = {}
        self._preshared: dict[frozenset[str], Secret] = {}

    def pair(self, host: str) -> str:
        """A new private key for `host`; its public half."""
        self._private[host], public = keypair(secrets.token_bytes(32))
        return public

    def filled(self, mesh: Mesh, host: str, text: str) -> bytes:
        """What goes to `host`: its marks (see `Work`) replaced by what they stand for."""
        if secret := self._private.get(host):
            text = text.replace("@operator@", secret.reveal())
        for other in mesh.hosts:
            mark = f"@psk:{other}@"
            if mark in text:
                link = frozenset((host, other))
                if link not in self._preshared:
                    self._preshared[link] = preshared(secrets.token_bytes(32))
                text = text.replace(mark, self._preshared[link].reveal())
        return text.encode("utf-8", "surrogateescape")
