"""meshtui, with a mesh.toml that makes server-b the relay between server-a and server-c.

Run as `relayed.py [exit] [killed POINT] ARGS...`: with `exit`, server-b leads them out of the
mesh as well; killed at a POINT (see broken_off.py), hosts go back after 4 s.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import replace
from ipaddress import ip_network

import broken_off

from meshtui.cli import main
from meshtui.fleet import observe
from meshtui.mesh.model import Mesh
from meshtui.mesh.wanted import wanted
from meshtui.plan import planner
from meshtui.wg.interface import Forward, Interface, Peer

OUTSIDE = ip_network("192.0.2.0/24")


def relay(mesh: Mesh, hosts: Collection[str] | None = None) -> dict[str, Interface]:
    """As `wanted`, with what the others have of each other behind server-b."""
    found = wanted(mesh, hosts)
    full = wanted(replace(mesh, links=()))
    for name, far in (("server-a", "server-c"), ("server-c", "server-a")):
        if name in found:
            behind = next(p for p in full["server-b"].peers if p.name == far).allowed_ips
            peers = (_through(p, behind) if p.name == "server-b" else p for p in found[name].peers)
            found[name] = replace(found[name], peers=tuple(peers))
    if "server-b" in found:
        forward = Forward(mesh.networks, (OUTSIDE,)) if _EXIT else Forward()
        found["server-b"] = replace(found["server-b"], forward=forward)
    return found


def _through(peer: Peer, behind: tuple[object, ...]) -> Peer:
    return replace(peer, allowed_ips=(*peer.allowed_ips, *behind, *([OUTSIDE] if _EXIT else [])))


if __name__ == "__main__":
    args = sys.argv[1:]
    if _EXIT := args[0] == "exit":
        del args[0]
    planner.wanted = relay
    observe.may_pass = lambda _: True
    if args[0] == "killed":
        sys.exit(broken_off.main(args[1], "kill", 4, args[2:]))
    sys.exit(main(args))
