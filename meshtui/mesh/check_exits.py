"""What is wrong with the ways out: an exit that leads nowhere, in a circle, or has no tunnel."""

from __future__ import annotations

from collections.abc import Iterator

from meshtui.mesh.links import peers_of
from meshtui.mesh.model import Host, Member, Mesh
from meshtui.mesh.problem import Problem, key_of, shown


def check_exits(mesh: Mesh) -> Iterator[Problem]:
    """Exits that are no hosts, lead nowhere, or have an exit themselves."""
    for member in mesh.members.values():
        if member.exit is None:
            continue
        key = key_of(member, "exit")
        exit_host = mesh.hosts.get(member.exit)
        if exit_host is None:
            # Of a device's it is said with whom it comes in through.
            if isinstance(member, Host):
                yield Problem(key, no_host(mesh, member.exit))
        elif exit_host is member:
            yield Problem(key, f"{member.name} cannot be its own exit; expected another host")
        elif not _families(mesh, member) & {n.version for n in exit_host.routes if not n.prefixlen}:
            wide = ["0.0.0.0/0" if v == 4 else "::/0" for v in sorted(_families(mesh, member))]
            yield Problem(
                key,
                f"{member.exit} leads nowhere else; expected routes = "
                f"[{', '.join(map(shown, wide))}] in [{key_of(exit_host)}]",
            )
        elif isinstance(member, Host) and not all(n.prefixlen for n in member.routes):
            yield Problem(
                key,
                f"{member.name} has a /0 in routes, so it is an exit itself, and what others send "
                "there would go in a circle; expected one or the other",
            )


def check_exit_tunnels(mesh: Mesh) -> Iterator[Problem]:
    """Hosts without a tunnel with their exit: whoever is in between would send it elsewhere."""
    for host in mesh.hosts.values():
        if host.exit is None or host.disabled:
            continue
        exit_host = mesh.hosts[host.exit]
        if exit_host.disabled:
            yield Problem(
                key_of(host, "exit"),
                f"{host.exit} is disabled; expected a host that is not, or no exit",
            )
        elif exit_host not in peers_of(mesh, host):
            yield Problem(
                key_of(host, "exit"),
                f"{host.name} has no tunnel with {host.exit}; expected a host that it has one "
                f"with, or [[links]] between the two",
            )


def no_host(mesh: Mesh, name: str) -> str:
    """What to say of a name that should be a host's, and is not."""
    if name in mesh.peers:
        return f"{shown(name)} is in [peers], and cannot be reached over SSH; expected a host"
    return f"there is no host {shown(name)}; expected the name of one"


def _families(mesh: Mesh, member: Member) -> set[int]:
    """Of the addresses that it has, or will be given."""
    return {a.version for a in member.addresses} or {n.version for n in mesh.networks}
