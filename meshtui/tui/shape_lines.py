"""How the shape of the mesh reads: ways through others, devices, what a host is there for. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from rich.cells import cell_len

from meshtui.inert import inert
from meshtui.mesh.links import calls, links_of, through
from meshtui.mesh.model import Device, Host, Mesh
from meshtui.tui.row import FIELD_LIMIT, NAME_LIMIT
from meshtui.tui.theme import HOST_COLOURS, HOST_GLYPHS, LINK_GLYPHS
from meshtui.tui.view import MeshView
from meshtui.tui.words import NONE, age_long, bytes_long, bytes_short, counted
from meshtui.wg.health import LinkState

if TYPE_CHECKING:
    from meshtui.tui.host_lines import Fact
    from meshtui.tui.widgets.lines import Line

LABEL = 12


def why_apart(mesh: Mesh, one: str, other: str) -> str:
    """Why two members have no tunnel."""
    links, members = links_of(mesh), mesh.members
    for name in (one, other):
        if members[name].disabled:
            return f"{_shown(name)} is disabled"
    told = links.told.get(frozenset((one, other)))
    if told and told.disabled:
        return "their link is disabled"
    if told and told.relay:
        return f"mesh.toml has {_shown(told.relay)} relay for them"
    for name in (one, other):
        if isinstance(device := members[name], Device):
            hosts = ", ".join(map(_shown, through(mesh, device)))
            return f"{_shown(name)} comes in through {hosts}" if hosts else "it comes in nowhere"
    if links.apart[links.place[one]] >> links.place[other] & 1:
        return "both are behind NAT"
    if mesh.topology == "hub":
        return "neither is a hub"
    if mesh.topology == "groups":
        groups = [host.group or "no group" for host in (mesh.hosts[one], mesh.hosts[other])]
        return f"they are in {_shown(groups[0])} and {_shown(groups[1])}, and not both gateways"
    return "both are behind NAT"


def way_word(mesh: Mesh, one: str, other: str) -> str:
    """What to call it that others carry their packets."""
    links = links_of(mesh)
    return "relayed" if links.apart[links.place[one]] >> links.place[other] & 1 else "through"


def hops_line(view: MeshView, row: int, column: int) -> Line:
    """`a ● ● b ● ◐ c`: the hosts on the way; between them, what each end says of that tunnel."""
    path = view.ways.path(row, column) or (row,)
    line: list[tuple[str, str]] = [(view.rows[row].name, "strong")]
    for here, there in pairwise(path):
        for one, other in ((here, there), (there, here)):
            state = view.rows[one].states[other]
            line.append((f" {LINK_GLYPHS[state]}" if state else " ·", state or "dim"))
        line.append((f" {view.rows[there].name}", "strong"))
    return tuple(line)


def way_lines(view: MeshView, row: int, column: int) -> list[Line]:
    """The way from one member to another in full: each tunnel, as each end sees it."""
    lines: list[Line] = []
    for here, there in pairwise(view.ways.path(row, column) or ()):
        for one, other in ((here, there), (there, here)):
            # What a device sees, nobody knows.
            if not view.is_device(one):
                lines.append(_tunnel(view, one, other))
    return lines


def _tunnel(view: MeshView, one: int, other: int) -> Line:
    names = f"{view.rows[one].name} → {view.rows[other].name}"
    link, state = view.link(one, other), view.rows[one].states[other]
    if link is None or state is None:
        return ((names, ""), ("  nothing heard yet", "dim"))
    told = f"  {age_long(link.latest_handshake_age)}" if state not in ("missing", "unknown") else ""
    word = "" if state == "up" else state
    return ((names, ""), (f"  {LINK_GLYPHS[state]}", state), (f" {state}", word), (told, "label"))


def way_verdict(view: MeshView, row: int, column: int) -> tuple[str, LinkState]:
    """How two do that have no tunnel, in a sentence, and the state that colours it."""
    one, other = view.names[row], view.names[column]
    why = why_apart(view.mesh, one, other)
    path = view.ways.path(row, column)
    if path is None:
        return f"no way to each other: {why}, and nobody carries their packets", "missing"
    names = ", ".join(view.rows[at].name for at in path[1:-1])
    word = "relayed by" if way_word(view.mesh, one, other) == "relayed" else "through"
    state = view.ways.state(row, column)
    how = {
        None: "not heard of yet",
        "idle": "nobody says anything on one of the tunnels",
        "unknown": "not every host on the way can be asked",
    }
    if state == "up":
        told = "all tunnels on the way work"
    else:
        told = how.get(state, "a tunnel on the way does not work")
    return f"{word} {names} ({why}): {told}", state or "unknown"


# -- devices


def device_lines(view: MeshView, row: int, room: int) -> list[Line]:
    """All that is known of a device, which is what hosts see of it, in `room` columns."""
    name = view.names[row]
    device, shown = view.mesh.peers[name], view.rows[row]
    hosts = through(view.mesh, device)
    facts = [
        ("addresses", ", ".join(shown.addresses) or NONE),
        ("through", ", ".join(map(_shown, hosts)) or "nobody: it comes in nowhere"),
        ("exit", _shown(device.exit) if device.exit else "none: it reaches the mesh alone"),
        ("routes", ", ".join(map(str, device.routes))),
        ("endpoint", str(device.endpoint) if device.endpoint else "none: it calls"),
        ("keepalive", f"{device.persistent_keepalive} s" if device.persistent_keepalive else "off"),
        ("public_key", shown.public_key or "none yet"),
    ]
    lines: list[Line] = [((f"{n:<{LABEL}}", "label"), (value, "")) for n, value in facts if value]
    lines += [(), (("as the hosts see it", "strong"),)]
    width = max((len(view.rows[i].name) for i in _seers(view, row)), default=0)
    for host in _seers(view, row):
        lines += _seen_lines(view, host, row, width, room)
    if not hosts:
        lines.append((("no host has it as a peer", "dim"),))
    return lines


def device_state(view: MeshView, row: int) -> tuple[str, LinkState]:
    """`◆ seen`, and the state that colours it."""
    state = view.rows[row].state
    return f"{HOST_GLYPHS[state]} {state}", HOST_COLOURS[state]


def _seers(view: MeshView, row: int) -> list[int]:
    device = view.mesh.peers[view.names[row]]
    return [view.index[name] for name in through(view.mesh, device) if name in view.index]


def _seen_lines(view: MeshView, host: int, row: int, width: int, room: int) -> list[Line]:
    link, state = view.link(host, row), view.rows[host].states[row]
    name = f"  {view.rows[host].name:<{width}}  "
    if link is None or state is None:
        return [((name, ""), ("nothing heard yet", "dim"))]
    line: Line = ((name, ""), (f"{LINK_GLYPHS[state]} {state:<8}", state))
    if state in ("missing", "unknown"):
        return [line]
    where = inert(link.endpoint, FIELD_LIMIT) if link.endpoint else "no endpoint yet"
    line = (*line, (f"{age_long(link.latest_handshake_age):<17}", ""))
    rx, tx = link.transfer_rx, link.transfer_tx
    full: Line = (("rx ", "label"), (f"{bytes_long(rx):<11}", ""))
    full = (*full, ("tx ", "label"), (f"{bytes_long(tx):<11}", ""), (where, ""))
    short: Line = ((f"↓{bytes_short(rx):<4} ↑{bytes_short(tx):<4}  ", ""), (where, ""))
    for more in (full, short):
        if sum(cell_len(text) for text, _ in (*line, *more)) <= room:
            return [(*line, *more)]
    return [line, (("    ", ""), *short)]


# -- hosts


def role_facts(view: MeshView, row: int) -> list[Fact]:
    """What a host is there for in the mesh, beside its own tunnels."""
    mesh, name = view.mesh, view.names[row]
    host = mesh.hosts[name]
    facts: list[Fact] = []
    if roles := _roles(mesh, host):
        facts.append(("role", ", ".join(roles)))
    if carried := view.ways.carries(row):
        facts.append(("carries", counted(carried, "pair")))
    if host.behind_nat:
        seen = mesh.found.mapped.get(name)
        facts.append(("behind NAT", f"seen as {seen}" if seen else "seen nowhere yet"))
        if met := view.ways.met.get(row):
            names = ", ".join(view.rows[other].name for other in sorted(met))
            facts.append(("punched", f"to {names}"))
    if host.routes:
        facts.append(("routes", ", ".join(map(str, host.routes))))
    if host.exit:
        facts.append(("exit", _shown(host.exit)))
    if users := [m.name for m in mesh.members.values() if m.exit == name and not m.disabled]:
        facts.append(("exit of", ", ".join(map(_shown, users))))
    return facts


def _roles(mesh: Mesh, host: Host) -> list[str]:
    roles = []
    if mesh.topology == "hub":
        roles.append("hub" if host.hub else "spoke")
    if mesh.topology == "groups" and host.group:
        roles.append(f"gateway of {_shown(host.group)}" if host.gateway else f"in {host.group}")
    if mesh.relay == host.name and any(calls(other) for other in mesh.hosts.values()):
        roles.append("relay")
    if host.name in mesh.found.down:
        roles.append("down: another carries for it")
    return roles


def _shown(name: str) -> str:
    return inert(name, NAME_LIMIT)
