"""Fleets to plan for: fresh ones, and ones to which things have happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Interface, IPv6Interface, ip_interface, ip_network

from hypothesis import strategies as st

from meshtui.mesh.model import Host, Link, Mesh
from meshtui.wg.conf import ConfFile, parse, section
from meshtui.wg.dump import LivePeer
from meshtui.wg.endpoint import Endpoint
from tests.plan.sim import NOW, Box, Sim, key, public

V4, V6 = ip_network("10.0.0.0/24"), ip_network("fd10::/64")
FOREIGN = public("a foreign peer's")


def make_mesh(
    count: int = 3, *, v4: bool = True, v6: bool = False, psk: bool = False, **host: object
) -> Mesh:
    """A mesh of hosts a, b, c..., reached at 203.0.113.1, .2, .3..."""
    networks = tuple(n for n, there in ((V4, v4), (V6, v6)) if there)
    hosts = {}
    for number in range(1, count + 1):
        name = chr(ord("a") + number - 1)
        addresses = tuple(
            (IPv4Interface if n.version == 4 else IPv6Interface)(
                (int(n.network_address) + number, n.prefixlen)
            )
            for n in networks
        )
        hosts[name] = replace(
            Host(
                name, f"root@203.0.113.{number}", addresses, Endpoint(f"203.0.113.{number}", 51820)
            ),
            **host,  # type: ignore[arg-type]
        )
    return Mesh("prod", networks, preshared_keys=psk, hosts=hosts)


def fresh(mesh: Mesh) -> Sim:
    """Hosts that have nothing yet."""
    return Sim(mesh, {name: Box() for name in mesh.hosts})


def formed(mesh: Mesh) -> Sim:
    """Hosts that meshtui has formed a mesh of."""
    sim = fresh(mesh)
    sim.apply(sim.plan())
    return sim


# -- what can have happened to a host: each takes the fleet, the host's name and a number ------

Damage = Callable[[Sim, str, int], None]


def _other(sim: Sim, name: str, number: int) -> str:
    others = [one for one in sim.mesh.hosts if one != name]
    return others[number % len(others)]


def _key_of(sim: Sim, name: str) -> str:
    return sim.mesh.hosts[name].public_key or ""


def _edit(box: Box, edit: Callable[[ConfFile], ConfFile]) -> None:
    if box.file is not None:
        box.file = str(edit(parse(box.file)))


def _interface(box: Box, *pairs: tuple[str, str]) -> None:
    """Add lines to [Interface]."""

    def edit(conf: ConfFile) -> ConfFile:
        lines = tuple(f"{name} = {value}" for name, value in pairs)
        return ConfFile(
            tuple(
                replace(one, lines=one.lines + lines) if one.heading == "interface" else one
                for one in conf.sections
            )
        )

    _edit(box, edit)


def stop(sim: Sim, name: str, number: int) -> None:
    sim.boxes[name].down()


def reboot(sim: Sim, name: str, number: int) -> None:
    sim.boxes[name].reboot()


def lose_file(sim: Sim, name: str, number: int) -> None:
    sim.boxes[name].file = None


def reinstall(sim: Sim, name: str, number: int) -> None:
    sim.boxes[name] = Box(systemd=sim.boxes[name].systemd, made=f"{number}" and None)


def half_made(sim: Sim, name: str, number: int) -> None:
    """An apply broke off after the key was made."""
    sim.boxes[name] = Box(made=key(f"left over {number}"))


def forget_keys(sim: Sim, name: str, number: int) -> None:
    """mesh.toml came back from git without what was written into it."""
    hosts = {n: replace(h, public_key=None) for n, h in sim.mesh.hosts.items()}
    sim.mesh = replace(sim.mesh, hosts=hosts)


def old_key(sim: Sim, name: str, number: int) -> None:
    host = replace(sim.mesh.hosts[name], public_key=public(f"an old one {number}"))
    sim.mesh = replace(sim.mesh, hosts={**sim.mesh.hosts, name: host})


def unreachable(sim: Sim, name: str, number: int) -> None:
    sim.boxes[name].reachable = False


def no_wg_quick(sim: Sim, name: str, number: int) -> None:
    sim.boxes[name].tools -= {"wg-quick"}


def save_config(sim: Sim, name: str, number: int) -> None:
    _interface(sim.boxes[name], ("SaveConfig", "True"))


def systemd(sim: Sim, name: str, number: int) -> None:
    states = (None, "disabled", "enabled", "enabled-runtime")
    sim.boxes[name].systemd = states[number % len(states)]


def open_file(sim: Sim, name: str, number: int) -> None:
    sim.boxes[name].mode = 0o644


def windows(sim: Sim, name: str, number: int) -> None:
    box = sim.boxes[name]
    if box.file is not None and "\r" not in box.file:
        box.file = box.file.replace("\n", "\r\n")


def lower(sim: Sim, name: str, number: int) -> None:
    box = sim.boxes[name]
    for word in ("PublicKey", "AllowedIPs", "Address", "ListenPort", "PrivateKey", "Endpoint"):
        box.file = box.file and box.file.replace(word, word.lower())


def hooks(sim: Sim, name: str, number: int) -> None:
    _interface(
        sim.boxes[name],
        ("PostUp", "iptables -A FORWARD -i %i -j ACCEPT; true # mine"),
        ("DNS", "10.0.0.1, corp.example"),
        ("Table", ("off", "auto", "1234")[number % 3]),
        ("FwMark", "0x10"),
    )


def extra_address(sim: Sim, name: str, number: int) -> None:
    box = sim.boxes[name]
    if box.live:
        box._add_address(ip_interface(f"192.168.{number}.1/24"))
    if number % 2:
        _interface(box, ("Address", f"192.168.{number}.1/24 172.16.{number}.1/30"))


def former_address(sim: Sim, name: str, number: int) -> None:
    """The host has another address of the mesh, as its first."""
    box = sim.boxes[name]
    address = ip_interface(f"10.0.0.{100 + number}/24")
    if box.live and V4 in sim.mesh.networks and address not in box.addresses:
        box.addresses.insert(0, address)
        box.promotes = number % 2 == 0
        box.routes.add(V4)
        if number % 3 == 0:
            del box.addresses[1]


def single_address(sim: Sim, name: str, number: int) -> None:
    """A /32, with a route for each peer, as many write it by hand."""
    box = sim.boxes[name]
    if box.file is not None:
        box.file = box.file.replace("/24", "/32").replace("/64", "/128")
        box.reboot()


def lost_peer(sim: Sim, name: str, number: int) -> None:
    box, other = sim.boxes[name], _key_of(sim, _other(sim, name, number))
    if box.live and number % 3:
        box.live.peers.pop(other, None)
        box.live.psk.pop(other, None)
    if number % 3 != 1:
        _edit(
            box,
            lambda conf: ConfFile(
                tuple(one for one in conf.sections if one.get("PublicKey") != other)
            ),
        )


def doubled_peer(sim: Sim, name: str, number: int) -> None:
    """The same peer twice in the file: `wg` takes the last."""
    other = _key_of(sim, _other(sim, name, number)) or FOREIGN
    _edit(
        sim.boxes[name],
        lambda conf: ConfFile(
            (
                *conf.sections,
                section("peer", [("PublicKey", other), ("AllowedIPs", f"10.0.0.{200 + number}")]),
            )
        ),
    )


def foreign_peer(sim: Sim, name: str, number: int) -> None:
    box = sim.boxes[name]
    # Some have a prefix of the mesh, some of a wanted peer, some none.
    prefixes = (f"192.168.{number}.0/24", "10.0.0.77/32", "10.0.0.2/32", "10.0.0.0/24", "")
    allowed = prefixes[number % len(prefixes)]
    who = public(f"foreign {number % 2}")
    if box.live and number % 3:
        box.live.put(
            LivePeer(who, number % 2 == 0, None, (allowed,) if allowed else (), NOW, 1, 1, 25)
        )
        if number % 2 == 0:
            box.live.psk[who] = key("foreign psk")
        if allowed:
            box.routes.add(ip_network(allowed))
    if number % 3 != 1:
        pairs = [("PublicKey", who), *([("AllowedIPs", allowed)] if allowed else [])]
        _edit(box, lambda conf: ConfFile((*conf.sections, section("peer", pairs))))


def roamed(sim: Sim, name: str, number: int) -> None:
    box, other = sim.boxes[name], _key_of(sim, _other(sim, name, number))
    if box.live and other in box.live.peers:
        box.live.peers[other] = box.live.peers[other]._replace(
            endpoint=f"198.51.100.{number}:{1000 + number}",
            latest_handshake=NOW - (30 if number % 2 else 9999),
        )


def wrong_peer(sim: Sim, name: str, number: int) -> None:
    """Allowed IPs, keepalive and endpoint that are not what mesh.toml says."""
    box, other = sim.boxes[name], _key_of(sim, _other(sim, name, number))
    if box.live and other in box.live.peers:
        live = box.live.peers[other]
        box.live.put(
            live._replace(allowed_ips=(*live.allowed_ips, "10.77.0.0/16"), persistent_keepalive=7)
            if number % 2
            else live._replace(persistent_keepalive=7)
        )
        box.routes.add(ip_network("10.77.0.0/16"))
    if number % 3 and box.file:
        box.file = box.file.replace("203.0.113.", "198.51.100.")


def own_psk(sim: Sim, name: str, number: int) -> None:
    """A preshared key that somebody set, at one end or at both."""
    other = _other(sim, name, number)
    ends = [(name, other), (other, name)][: 1 + number % 2]
    for here, there in ends:
        live, peer = sim.boxes[here].live, _key_of(sim, there)
        if live and peer in live.peers:
            live.psk[peer] = key(f"by hand {number}")
            live.peers[peer] = live.peers[peer]._replace(preshared=True)


def new_own_key(sim: Sim, name: str, number: int) -> None:
    """Somebody ran `wg set private-key`, and the file does not know."""
    live = sim.boxes[name].live
    if live:
        live.private = key(f"set by hand {number}")


def clone(sim: Sim, name: str, number: int) -> None:
    """An image copied with its key."""
    other, box = sim.boxes[_other(sim, name, number)], sim.boxes[name]
    if other.live and box.live:
        box.live.private = other.live.private


def moved(sim: Sim, name: str, number: int) -> None:
    """The operator gave the host another endpoint, port, keepalive, MTU or address."""
    changes: list[dict[str, object]] = [
        {"endpoint": Endpoint("203.0.113.99", 1)},
        {"endpoint": Endpoint("a.example.com", 51820)},
        {"endpoint": None, "behind_nat": True},
        {"listen_port": 7777},
        {"persistent_keepalive": 15},
        {"mtu": 1380},
        {"keys": "operator"},
    ]
    if V4 in sim.mesh.networks:
        changes.append({"addresses": _renumbered(sim.mesh.hosts[name], 50 + number)})
    host = replace(sim.mesh.hosts[name], **changes[number % len(changes)])  # type: ignore[arg-type]
    sim.mesh = replace(sim.mesh, hosts={**sim.mesh.hosts, name: host})
    resolved = Endpoint("192.0.2.7", 51820)
    sim.resolved = {Endpoint("a.example.com", 51820): resolved}
    for box in sim.boxes.values():
        box.resolved = {"a.example.com:51820": str(resolved)}


def _renumbered(host: Host, last: int) -> tuple[object, ...]:
    return tuple(ip_interface(f"10.0.0.{last}/24") if a.version == 4 else a for a in host.addresses)


def left_the_mesh(sim: Sim, name: str, number: int) -> None:
    if len(sim.mesh.hosts) > 2:
        sim.mesh = replace(sim.mesh, hosts={n: h for n, h in sim.mesh.hosts.items() if n != name})
        del sim.boxes[name]


def disabled(sim: Sim, name: str, number: int) -> None:
    """The operator took a host, or a link, out of the mesh for now."""
    if number % 2:
        host = replace(sim.mesh.hosts[name], disabled=True)
        sim.mesh = replace(sim.mesh, hosts={**sim.mesh.hosts, name: host})
    elif len(sim.mesh.hosts) > 1:
        link = Link((_other(sim, name, number), name), disabled=True)
        sim.mesh = replace(sim.mesh, links=(link,))


HARMLESS: list[Damage] = [
    *(stop, reboot, lose_file, reinstall, half_made, forget_keys, old_key, systemd, open_file),
    *(windows, lower, hooks, extra_address, former_address, single_address, lost_peer),
    *(doubled_peer, foreign_peer, roamed, wrong_peer, own_psk, new_own_key, moved, disabled),
]
"""After these a host can still be worked with (or is in nobody's way)."""
HARMFUL: list[Damage] = [unreachable, no_wg_quick, save_config, clone, left_the_mesh]


@st.composite
def fleets(draw: st.DrawFn, damages: tuple[Damage, ...] = (*HARMLESS, *HARMFUL)) -> Sim:
    """A mesh of 2 to 4 hosts, in any state of disorder."""
    v4 = draw(st.booleans())
    mesh = make_mesh(
        draw(st.integers(2, 4)), v4=v4, v6=draw(st.booleans()) or not v4, psk=draw(st.booleans())
    )
    sim = fresh(mesh) if draw(st.integers(0, 4)) == 0 else formed(mesh)
    if sim.boxes["a"].live:
        sim.story.append("formed")
    for damage in draw(st.lists(st.sampled_from(damages), max_size=5)):
        name = draw(st.sampled_from(sorted(sim.mesh.hosts)))
        number = draw(st.integers(0, 11))
        damage(sim, name, number)
        sim.story.append(f"{damage.__name__}({name}, {number})")
    return sim
