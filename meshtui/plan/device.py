"""The configuration of a member that nobody reaches over SSH: what it imports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from meshtui.mesh.model import Mesh
from meshtui.mesh.wanted import single, wanted_of_device
from meshtui.wg.interface import Peer
from meshtui.wg.keys import Secret


def configuration(
    mesh: Mesh, name: str, private: Secret | None, preshared: Mapping[str, Secret]
) -> Secret:
    """A wg-quick file, which the apps for phones read as well.

    `private` None: the device has its key already, and a comment stands in for it.
    `preshared`: of the link with a host, by that host's name.
    """
    key = f"PrivateKey = {private.reveal()}" if private else f"# PrivateKey = (on {name})"
    head = [f"# {name} in the mesh {mesh.name}", "[Interface]", key]
    return Secret("".join(f"{line}\n" for line in (*head, *below_key(mesh, name, preshared))))


def below_key(mesh: Mesh, name: str, preshared: Mapping[str, Secret]) -> list[str]:
    """The lines of the file behind the private key."""
    want = wanted_of_device(mesh, name)
    lines = ["Address = " + ", ".join(str(single(address)) for address in want.addresses)]
    if want.listen_port:
        lines.append(f"ListenPort = {want.listen_port}")
    for peer in want.peers:
        lines += ["", *_peer(peer, preshared.get(peer.name))]
    return lines


def unready(mesh: Mesh, name: str) -> list[str]:
    """The hosts that it should have a tunnel with, and that have no key yet."""
    return [p.name for p in wanted_of_device(mesh, name).peers if p.public_key is None]


def _peer(peer: Peer, preshared: Secret | None) -> Iterator[str]:
    if peer.public_key is None:
        yield f"# {peer.name} has no key yet: apply, then export this again"
        return
    yield "[Peer]"
    yield f"# {peer.name}"
    yield f"PublicKey = {peer.public_key}"
    if preshared:
        yield f"PresharedKey = {preshared.reveal()}"
    if peer.prefixes:
        yield f"AllowedIPs = {', '.join(peer.prefixes)}"
    if peer.at:
        yield f"Endpoint = {peer.at}"
    if peer.persistent_keepalive:
        yield f"PersistentKeepalive = {peer.persistent_keepalive}"
