"""Who carries for whom, case by case; what holds of all is in test_shapes_properties.py."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_interface, ip_network

import pytest

from meshtui.mesh.checks import check
from meshtui.mesh.model import Device, Found, Host, Link, Mesh
from meshtui.mesh.paths import hops, path, transit
from meshtui.mesh.trace import trace
from meshtui.mesh.wanted import wanted, wanted_of_device
from meshtui.wg.endpoint import Endpoint
from meshtui.wg.interface import Forward, Interface

NETWORKS = (ip_network("10.0.0.0/24"),)


def host(name: str, **more: object) -> Host:
    number = ord(name[0]) - 96
    nat = bool(more.get("behind_nat"))
    endpoint = None if nat else Endpoint(f"203.0.113.{number}", 51820)
    return Host(name, name, (ip_interface(f"10.0.0.{number}/24"),), endpoint, **more)  # type: ignore[arg-type]


def mesh(*hosts: Host, **more: object) -> Mesh:
    return Mesh("m", NETWORKS, hosts={h.name: h for h in hosts}, **more)  # type: ignore[arg-type]


def allowed(interface: Interface) -> dict[str, str]:
    return {peer.name: " ".join(peer.prefixes) for peer in interface.peers}


def test_another_hub_takes_over() -> None:
    both = mesh(host("a", hub=True), host("b", hub=True), host("c"), host("d"), topology="hub")
    assert path(both, "c", "d") == ("c", "a", "d")
    assert allowed(wanted(both)["c"]) == {"a": "10.0.0.1/32 10.0.0.4/32", "b": "10.0.0.2/32"}
    one = replace(both, found=Found(down=frozenset("a")))
    assert transit(one) == ("b",)
    assert path(one, "c", "d") == ("c", "b", "d")
    # It keeps its tunnels, and is reached by them.
    assert allowed(wanted(one)["c"]) == {"a": "10.0.0.1/32", "b": "10.0.0.2/32 10.0.0.4/32"}
    none = replace(both, found=Found(down=frozenset("ab")))
    assert path(none, "c", "d") is None


def test_groups_meet_through_their_first_gateways() -> None:
    hosts = [host(n, group=(n in "abc" and "one") or "two", gateway=n in "abde") for n in "abcdef"]
    groups = mesh(*hosts, topology="groups")
    assert path(groups, "c", "f") == ("c", "a", "d", "f")
    assert hops(groups, "c") == {"a": "a", "b": "b", "d": "a", "e": "a", "f": "a"}
    found = replace(groups, found=Found(down=frozenset("d")))
    assert path(found, "c", "f") == ("c", "a", "e", "f")
    made = wanted(groups)
    assert [n for n, one in made.items() if one.forward] == ["a", "d"]
    assert made["a"].forward == Forward()


NAT = [host("a"), host("b"), host("c", behind_nat=True), host("d", behind_nat=True)]


@pytest.mark.parametrize(
    ("more", "by"),
    [
        ({}, "a"),
        ({"relay": "b"}, "b"),
        ({"relay": "b", "found": Found(down=frozenset("b"))}, "a"),
        ({"found": Found(near={"c": ("b", "a"), "d": ("b", "a")})}, "b"),
        ({"relay": "a", "links": (Link(("d", "c"), relay="b"),)}, "b"),
        ({"links": (Link(("a", "c"), disabled=True),)}, "b"),
    ],
)
def test_two_behind_nat_have_a_relay(more: dict[str, object], by: str) -> None:
    assert path(mesh(*NAT, **more), "c", "d") == ("c", by, "d")
    assert path(mesh(*NAT, **more), "d", "c") == ("d", by, "c")


def test_two_behind_nat_that_met_need_none() -> None:
    met = Found(met=frozenset({frozenset("cd")}), mapped={"d": Endpoint("198.51.100.1", 9)})
    found = mesh(*NAT, found=met)
    assert path(found, "c", "d") == ("c", "d")
    peer = wanted(found)["c"].peers[-1]
    assert (peer.name, peer.endpoint, peer.persistent_keepalive) == ("d", met.mapped["d"], 25)
    assert wanted(found)["a"].peers[-1].endpoint is None


def test_what_nat_keeps_from_a_hub_goes_by_what_the_others_count_on() -> None:
    """c is no peer of b, s none of a: were r a relay for a and s alone, b would refuse c's."""
    found = mesh(
        host("a", hub=True, behind_nat=True),
        host("b", hub=True),
        host("c"),
        host("s", behind_nat=True),
        host("r"),
        topology="hub",
        relay="r",
        links=(Link(("b", "c"), disabled=True),),
    )
    way = path(found, "c", "s")
    assert way == ("c", "a", "b", "s")
    assert path(found, "s", "c") == way[::-1]
    for start, end in (("c", "s"), ("s", "c"), ("a", "s"), ("s", "a")):
        expected = path(found, start, end)
        assert trace(wanted(found), start, found.hosts[end].addresses[0].ip) == (expected, None)


def test_a_device_with_an_exit() -> None:
    everything = (ip_network("0.0.0.0/0"), ip_network("::/0"), ip_network("192.168.1.0/24"))
    phone = Device("p", (ip_interface("10.0.0.9/24"),), through=("a",), exit="b")
    found = mesh(host("a"), host("b", routes=everything), host("c"), peers={"p": phone})
    own = wanted_of_device(found, "p")
    assert allowed(own) == {
        "a": "10.0.0.1/32 10.0.0.3/32",
        "b": "10.0.0.2/32 192.168.1.0/24 0.0.0.0/0",
    }
    assert {peer.persistent_keepalive for peer in own.peers} == {25}
    made = wanted(found)
    forward = made["b"].forward
    assert forward and forward.masquerade == NETWORKS
    assert {str(n) for n in forward.to} == {"0.0.0.0/0", "::/0", "192.168.1.0/24"}
    assert made["a"].forward == Forward()
    assert allowed(made["c"]) == {"a": "10.0.0.1/32 10.0.0.9/32", "b": "10.0.0.2/32 192.168.1.0/24"}
    entries = [peer for one in made.values() for peer in one.peers if peer.name == "p"]
    assert [peer.persistent_keepalive for peer in entries] == [0, 0]


def test_networks_behind_a_host_may_keep_their_senders() -> None:
    behind = {"routes": (ip_network("192.168.1.0/24"),), "masquerade": False}
    assert wanted(mesh(host("a", **behind), host("b")))["a"].forward == Forward(to=behind["routes"])


def test_a_host_with_an_exit() -> None:
    everything = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    found = mesh(host("a", exit="b"), host("b", routes=everything), host("c"))
    made = wanted(found)
    assert allowed(made["a"]) == {"b": "10.0.0.2/32 0.0.0.0/0", "c": "10.0.0.3/32"}
    assert allowed(made["c"]) == {"a": "10.0.0.1/32", "b": "10.0.0.2/32"}
    assert (made["a"].exit, made["b"].exit, made["a"].forward) == ("b", None, None)
    assert made["b"].forward == Forward(NETWORKS, everything)
    outside = ip_address("198.51.100.7")
    assert trace(made, "a", outside).hops[:2] == ("a", "b")


EVERYTHING = (ip_network("0.0.0.0/0"),)


@pytest.mark.parametrize(
    ("hosts", "key", "words"),
    [
        ([host("a", exit="x"), host("b")], "a.exit", 'there is no host "x"'),
        ([host("a", exit="a"), host("b")], "a.exit", "a cannot be its own exit"),
        (
            [host("a", exit="b"), host("b", routes=(ip_network("192.168.1.0/24"),))],
            "a.exit",
            'b leads nowhere else; expected routes = ["0.0.0.0/0"] in [hosts.b]',
        ),
        (
            [host("a", exit="b"), host("b", routes=(ip_network("::/0"),))],
            "a.exit",
            "b leads nowhere else",
        ),
        (
            [host("a", exit="b", routes=EVERYTHING), host("b", exit="a", routes=EVERYTHING)],
            "a.exit",
            "a has a /0 in routes, so it is an exit itself",
        ),
        (
            [host("a", exit="b"), host("b", routes=EVERYTHING, disabled=True), host("c")],
            "a.exit",
            "b is disabled",
        ),
    ],
)
def test_exits_that_lead_nowhere_or_in_a_circle(hosts: list[Host], key: str, words: str) -> None:
    (first, *_) = check(mesh(*hosts))
    assert first.key == f"hosts.{key}" and first.message.startswith(words)


def test_a_host_must_have_a_tunnel_with_its_exit() -> None:
    hosts = [host("a", exit="c"), host("b", hub=True), host("c", routes=EVERYTHING)]
    (one,) = check(mesh(*hosts, topology="hub"))
    assert one.key == "hosts.a.exit" and one.message.startswith("a has no tunnel with c")
    assert not check(mesh(*hosts, topology="hub", links=(Link(("a", "c")),)))
