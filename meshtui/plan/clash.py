"""Where a mesh meets another one on the same host, or what else the host is part of."""

from __future__ import annotations

from meshtui.mesh.model import Host, Mesh
from meshtui.mesh.networks import network_of
from meshtui.plan.file import addresses_of, is_kept
from meshtui.plan.seen import Seen
from meshtui.wg.conf import ConfFile
from meshtui.wg.interface import Network


def clash(mesh: Mesh, host: Host, seen: Seen, conf: ConfFile | ValueError | None) -> str | None:
    """Why the mesh cannot be on this host as it says; None: it can. `conf` is its file."""
    interface = mesh.interface
    if isinstance(conf, ConfFile) and is_kept(conf, interface):
        theirs = addresses_of(conf.interface)
        ours = any(network_of(mesh.networks, address) for address in theirs)
        if theirs and not ours and seen.public_key not in (None, host.public_key):
            found = ", ".join(str(address.network) for address in theirs)
            return (
                f"{interface} is kept by meshtui for another mesh there, in {found}"
                " (give [mesh] another interface; if it is this mesh, give the host its public_key)"
            )
    runs = seen.live.listen_port if seen.live else None
    other = seen.other_ports.get(host.listen_port)
    if other is not None and runs != host.listen_port:
        return (
            f"{other} listens on UDP port {host.listen_port} there already"
            " (give the host, or [mesh], another listen_port)"
        )
    if seen.live is None:
        for network, device in seen.other_routes:
            if (whole := _covered(mesh, network)) and network not in host.routes:
                return (
                    f"{network} leads to {device} there, and is part of the mesh's network"
                    f" {whole} (give [mesh] another network, or remove that route)"
                )
    return None


def _covered(mesh: Mesh, network: Network) -> Network | None:
    """The mesh's network that `network` would take addresses of: a longer prefix wins."""
    for whole in mesh.networks:
        if network.version == whole.version and network.subnet_of(whole):  # type: ignore[arg-type]
            return whole
    return None
