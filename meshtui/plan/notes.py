"""What a host cannot do, said where it is changed, and who is changing it already."""

from __future__ import annotations

from collections import defaultdict

from meshtui.mesh.families import second_choices
from meshtui.mesh.links import blocked, reached
from meshtui.mesh.model import Host, Mesh
from meshtui.mesh.paths import path
from meshtui.mesh.takeover import takers
from meshtui.plan.seen import Seen


def host_notes(name: str, seen: Seen) -> list[str]:
    """What the host cannot do, of interest while it is changed."""
    notes = []
    if "ping" not in seen.tools:
        notes.append("ping is not installed: its directions are verified by handshakes alone")
    if seen.live and seen.file is None:
        notes.append(
            f"{name} runs without a file of wg-quick's: see that what made it"
            " (systemd-networkd, NetworkManager?) does not make it at boot as well"
        )
    if seen.systemd is None:
        notes.append("no systemd: the interface will not come back at boot by itself")
    elif seen.systemd in ("", "not-found"):
        notes.append("systemd has no wg-quick@ unit: the interface will not come back at boot")
    elif seen.systemd.startswith("masked"):
        notes.append(f"wg-quick@{name} is masked: the interface will not come back at boot")
    return notes


def held_notes(seen: Seen) -> list[str]:
    """Who is changing the host; not inert."""
    if (change := seen.underway) is None:
        return []
    ends = f"; it ends in {change.left} s at the latest" if change.left > 0 else ""
    begun = f"change {change.id}, begun {change.age} s ago"
    return [f"{change.owner} is changing this host ({begun}){ends}"]


def down_notes(mesh: Mesh, name: str) -> list[str]:
    """Who carries what a host did that nobody hears."""
    if name not in mesh.found.down or not (names := takers(mesh, name)):
        return []
    return [f"{name} does not answer: {', '.join(names)} take{'s' * (len(names) == 1)} over"]


def family_notes(mesh: Mesh, host: Host) -> list[str]:
    """To whom it sends by its second choice of a family."""
    names: defaultdict[int, list[str]] = defaultdict(list)
    for name, version in second_choices(mesh, host).items():
        names[version].append(name)
    return [
        f"by IPv{version} to {', '.join(those)}: IPv{10 - version} does not get through"
        for version, those in names.items()
    ]


def nat_notes(mesh: Mesh, host: Host) -> list[str]:
    """How it reaches hosts that are behind NAT as it is."""
    if not host.behind_nat:
        return []
    relayed: defaultdict[str | None, list[str]] = defaultdict(list)
    for other in blocked(mesh, host):
        hops = path(mesh, host.name, other.name) if other.behind_nat else None
        if other.behind_nat:
            relayed[hops[1] if hops else None].append(other.name)
    notes = []
    for relay, names in relayed.items():
        who = f"{', '.join(names)}: behind NAT as {host.name} is"
        if relay is None:
            notes.append(f"no tunnel to {who}, and no host relays")
        else:
            notes.append(f"through {relay} to {who}, unless they can meet")
    met = [other.name for other in reached(mesh, host) if other.behind_nat]
    if met:
        notes.append(
            f"a tunnel through NAT to {', '.join(met)}: should NAT close it, the next apply"
            " opens it again or has it relayed, and nothing does before"
        )
    return notes
