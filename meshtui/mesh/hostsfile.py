"""The names of the members, as /etc/hosts has them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from meshtui.mesh.model import Host, Member, Mesh
from meshtui.mesh.names import is_host_name
from meshtui.mesh.problem import Problem, key_path
from meshtui.mesh.target import LOCAL, parse_target

if TYPE_CHECKING:
    from meshtui.wg.interface import Address


class Entry(NamedTuple):
    """One line of /etc/hosts."""

    address: str
    name: str

    def __str__(self) -> str:
        return f"{self.address} {self.name}"


def entries(mesh: Mesh) -> list[Entry]:
    """Each address of each member that is not disabled, in the file's order."""
    members: tuple[Member, ...] = (*mesh.hosts.values(), *mesh.peers.values())
    return [
        Entry(_text(address), one.name)
        for one in members
        if not one.disabled and is_host_name(one.name)
        for address in one.addresses
    ]


@lru_cache(maxsize=4096)
def _text(address: Address) -> str:
    """Asked for each host of a plan: to write them takes longest of all."""
    return str(address.ip)


def marks(interface: str) -> tuple[str, str]:
    """What stands before and after the block: no two interfaces of a host share one."""
    return f"# meshtui {interface} begin", f"# meshtui {interface} end"


def block(mesh: Mesh, host: Host) -> tuple[str, ...]:
    """The lines that /etc/hosts on `host` should have; none where the mesh keeps no names.

    On the machine that meshtui runs on, without the names that it reaches hosts by: SSH
    would lead into the mesh itself.
    """
    if not mesh.hosts_file:
        return ()
    found = entries(mesh)
    if host.ssh == LOCAL:
        others = (one for one in mesh.hosts.values() if one.ssh != LOCAL)
        taken = {parse_target(one.ssh).host.lower() for one in others}
        found = [entry for entry in found if entry.name.lower() not in taken]
    first, last = marks(mesh.interface)
    return (first, *map(str, found), last)


def check_names(mesh: Mesh) -> Iterator[Problem]:
    """Endpoints that are names of members: /etc/hosts would lead the tunnel into itself."""
    if not mesh.hosts_file:
        return
    names = {entry.name.lower(): entry.name for entry in entries(mesh)}
    for host in mesh.hosts.values():
        if host.endpoint and (name := names.get(host.endpoint.host.lower().rstrip("."))):
            yield Problem(
                key_path("hosts", host.name, "endpoint"),
                f"{name} is also a member, and hosts_file gives that name its address in the"
                " mesh; expected an address or another name",
            )
