"""What is wrong with the shape of a mesh: hubs, groups, relays, and who comes in through whom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from meshtui.mesh.bits import places_of
from meshtui.mesh.check_exits import check_exit_tunnels, check_exits, no_host
from meshtui.mesh.links import calls, links_of
from meshtui.mesh.model import Device, Host, Mesh, Topology
from meshtui.mesh.names import is_host_name
from meshtui.mesh.paths import reach
from meshtui.mesh.problem import Problem, key_of, key_path, listed, shown


def check_shape(mesh: Mesh) -> list[Problem]:
    """All of it; who has no way to whom is only said where nothing else explains it."""
    problems = [*_check_roles(mesh), *_check_groups(mesh), *_check_relays(mesh)]
    for device in mesh.peers.values():
        problems += _check_device(mesh, device)
    problems += check_exits(mesh)
    return problems or [*check_exit_tunnels(mesh), *_check_ways(mesh)]


def _check_roles(mesh: Mesh) -> Iterator[Problem]:
    """Each topology has its own keys."""
    if mesh.topology == "hub" and mesh.hosts and not any(h.hub for h in mesh.hosts.values()):
        yield Problem(
            "mesh.topology",
            "there is no hub; expected hub = true in at least one host, or another topology",
        )
    for host in mesh.hosts.values():
        roles: tuple[tuple[str, object, Topology], ...] = (
            ("hub", host.hub, "hub"),
            ("group", host.group, "groups"),
            ("gateway", host.gateway, "groups"),
        )
        for key, value, topology in roles:
            if value and mesh.topology != topology:
                yield Problem(
                    key_of(host, key),
                    f"a mesh with topology = {shown(mesh.topology)} has none; "
                    f'expected topology = "{topology}"',
                )


def _check_groups(mesh: Mesh) -> Iterator[Problem]:
    if mesh.topology != "groups":
        return
    groups: dict[str, list[Host]] = {}
    for host in mesh.hosts.values():
        if host.group is None:
            yield Problem(key_of(host, "group"), "missing; expected the name of its group")
        else:
            groups.setdefault(host.group, []).append(host)
    for name, hosts in groups.items():
        if len(groups) > 1 and not any(host.gateway for host in hosts):
            yield Problem(
                key_of(hosts[0], "gateway"),
                f"group {shown(name)} has no gateway to the other groups; expected "
                f"gateway = true in one of {listed([h.name for h in hosts])}",
            )


def _check_relays(mesh: Mesh) -> Iterator[Problem]:
    named: list[tuple[str, str | None, tuple[str, ...]]] = [("mesh.relay", mesh.relay, ())]
    named += [(key_of(h, "relay"), h.relay, (h.name,)) for h in mesh.hosts.values()]
    for number, link in enumerate(mesh.links, 1):
        key = key_path("links", str(number), "relay")
        named.append((key, link.relay, link.between))
    for key, name, ends in named:
        if name is None:
            continue
        relay = mesh.hosts.get(name)
        if relay is None:
            yield Problem(key, no_host(mesh, name))
        elif name in ends:
            yield Problem(key, f"{name} cannot be its own relay; expected another host")
        elif relay.behind_nat:
            yield Problem(
                key, f"{name} is behind NAT itself; expected a host that is reached from outside"
            )
        elif relay.disabled:
            yield Problem(key, f"{name} is disabled; expected a host that is not, or no relay")


def _check_device(mesh: Mesh, device: Device) -> Iterator[Problem]:
    named = [("through", name) for name in device.through]
    named += [("exit", device.exit)] if device.exit else []
    for number, (key, name) in enumerate(named):
        if name not in mesh.hosts:
            yield Problem(key_of(device, key), no_host(mesh, name))
        elif key == "through" and ("through", name) in named[:number]:
            yield Problem(key_of(device, key), f"{name} is there twice; expected it once")
        elif calls(device) and mesh.hosts[name].behind_nat:
            yield Problem(
                key_of(device, key),
                f"{name} is behind NAT, so {device.name} cannot call it; expected a host that is "
                "reached from outside, or an endpoint of its own",
            )


def _check_ways(mesh: Mesh) -> Iterator[Problem]:
    """Who has no way to whom, also with all that is disabled by hand back in the mesh."""
    whole = replace(
        mesh,
        hosts={name: replace(host, disabled=False) for name, host in mesh.hosts.items()},
        peers={name: replace(device, disabled=False) for name, device in mesh.peers.items()},
        links=tuple(link for link in mesh.links if not link.disabled),
    )
    members = links_of(whole).members
    every = (1 << len(members)) - 1
    for place, member in enumerate(members):
        # Each pair is said once, where the first of the two stands.
        cut = (every & ~reach(whole, place)) >> place + 1 << place + 1
        if not cut:
            continue
        others = [members[other] for other in places_of(cut)]
        names = listed([o.name if is_host_name(o.name) else shown(o.name) for o in others])
        if calls(member) and all(map(calls, others)):
            needed = "a host that is reached from outside, for them to meet through"
        else:
            needed = "a link, or a hub, gateway or relay that has a tunnel with each"
        yield Problem(key_of(member), f"it has no way to {names}; expected {needed}")
