"""What the interfaces of hosts say of NAT: who is seen where, who has met, who relays."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface, ip_network

import pytest

from meshtui.mesh.found import Sight, found
from meshtui.mesh.model import Found, Host, Mesh
from meshtui.wg.dump import LiveInterface, LivePeer
from meshtui.wg.endpoint import Endpoint
from meshtui.wg.health import ALIVE

NOW = 1_800_000_000
HIDDEN = "cd"
KEYS = {name: name.upper() * 43 + "=" for name in "abcd"}


def host(name: str) -> Host:
    number = ord(name) - 96
    nat = name in HIDDEN
    endpoint = None if nat else Endpoint(f"203.0.113.{number}", 51820)
    return Host(name, name, (ip_interface(f"10.0.0.{number}/24"),), endpoint, nat)


MESH = Mesh("m", (ip_network("10.0.0.0/24"),), hosts={name: host(name) for name in "abcd"})


def peer(
    name: str, endpoint: str | None = None, *, ago: int | None = 5, allowed: str = ""
) -> LivePeer:
    """As `wg` tells it, `ago` seconds after a handshake; None: there was none."""
    at = 0 if ago is None else NOW - ago
    return LivePeer(KEYS[name], False, endpoint, tuple(allowed.split()), at, 100, 100, 25)


def sight(*peers: LivePeer) -> Sight:
    return Sight(NOW, LiveInterface("wg0", None, 51820, None, {p.public_key: p for p in peers}))


C1, C2 = "198.51.100.3:4000", "198.51.100.3:4001"


@pytest.mark.parametrize(
    ("at_a", "at_b", "mapped"),
    [
        (peer("c", C1), peer("c", C1), Endpoint("198.51.100.3", 4000)),
        (peer("c", C1), peer("c", None, ago=None), Endpoint("198.51.100.3", 4000)),
        # A port for each that looks: of no use to a third.
        (peer("c", C1), peer("c", C2), None),
        (peer("c", C1), peer("c", C2, ago=ALIVE + 1), Endpoint("198.51.100.3", 4000)),
        (peer("c", C1, ago=ALIVE + 1), peer("c", None, ago=None), None),
        (peer("c", C1), peer("c", "[2001:db8::3]:4000"), Endpoint("198.51.100.3", 4000)),
        (peer("c", C1), peer("c", "nonsense"), Endpoint("198.51.100.3", 4000)),
    ],
)
def test_where_others_see_it(at_a: LivePeer, at_b: LivePeer, mapped: Endpoint | None) -> None:
    now = found(MESH, KEYS, {"a": sight(at_a), "b": sight(at_b)})
    assert now.mapped == ({"c": mapped} if mapped else {})


def test_where_it_was_seen_stays_while_nobody_outside_can_say() -> None:
    was = Found(mapped={"c": Endpoint("198.51.100.3", 4000)})
    assert found(replace(MESH, found=was), KEYS, {"d": sight()}).mapped == was.mapped
    assert found(replace(MESH, found=was), KEYS, {"a": sight()}).mapped == {}
    # What another behind NAT sees of it says nothing of the rest.
    assert found(MESH, KEYS, {"d": sight(peer("c", C1))}).mapped == {}


CD = frozenset({frozenset("cd")})


@pytest.mark.parametrize(
    ("at_c", "at_d", "met"),
    [
        (peer("d", C1), peer("c", C1), CD),
        (peer("d", C1, ago=ALIVE + 1), peer("c", C1), frozenset()),
        (peer("d", C1), peer("a"), frozenset()),
        (peer("d", C1, ago=None), peer("c", C1), frozenset()),
    ],
)
def test_who_has_met(at_c: LivePeer, at_d: LivePeer, met: frozenset[frozenset[str]]) -> None:
    assert found(MESH, KEYS, {"c": sight(at_c), "d": sight(at_d)}).met == met


def test_of_whom_nobody_can_be_asked_it_is_as_it_was() -> None:
    was = replace(MESH, found=Found(met=CD))
    assert found(was, KEYS, {"a": sight()}).met == CD
    # One end alone may say that it is over, and that it goes on.
    assert found(was, KEYS, {"c": sight(peer("d"))}).met == CD
    assert found(was, KEYS, {"c": sight(peer("d", ago=ALIVE + 1))}).met == frozenset()


def test_a_relay_in_use_counts_as_the_nearest() -> None:
    by_b = sight(peer("a", allowed="10.0.0.1/32"), peer("b", allowed="10.0.0.2/32 10.0.0.4/32"))
    was = replace(MESH, found=Found(near={"c": ("a", "b"), "d": ("a",)}, down=frozenset("a")))
    now = found(was, KEYS, {"c": by_b})
    assert now.near == {"c": ("b", "a"), "d": ("a",)}
    assert now.down == {"a"}
    # One that carries nobody else is no relay.
    idle = sight(peer("b", allowed="10.0.0.2/32"))
    assert found(MESH, KEYS, {"c": idle}).near == {}


def test_hosts_that_are_out_of_the_mesh_are_not_looked_for() -> None:
    hosts = {**MESH.hosts, "c": replace(MESH.hosts["c"], disabled=True)}
    sights = {"a": sight(peer("c", C1)), "c": sight(peer("d")), "d": sight(peer("c"))}
    now = found(replace(MESH, hosts=hosts), KEYS, sights)
    assert (now.mapped, now.met) == ({}, frozenset())
