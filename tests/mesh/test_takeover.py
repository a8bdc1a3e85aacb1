"""Who takes over, and who is spared because nobody would."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface, ip_network

from meshtui.mesh.model import Found, Host, Mesh
from meshtui.mesh.takeover import spared, takers


def hubs(names: str, count: int = 5) -> Mesh:
    letters = "abcdefghi"[:count]
    hosts = {
        n: Host(n, n, (ip_interface(f"10.0.0.{at}/24"),), hub=n in names)
        for at, n in enumerate(letters, 1)
    }
    return Mesh("m", (ip_network("10.0.0.0/24"),), topology="hub", hosts=hosts)


def down(mesh: Mesh, names: str) -> Mesh:
    return replace(mesh, found=Found(down=frozenset(names)))


def test_the_next_hub_takes_over() -> None:
    two = hubs("ab")
    assert spared(two, "a") == {"a"}
    assert takers(down(two, "a"), "a") == ["b"]
    # The second carried nothing that anybody could take over.
    assert takers(down(two, "b"), "b") == []


def test_the_only_hub_is_no_hub_less_for_being_down() -> None:
    assert spared(hubs("a"), "a") == frozenset()
    assert spared(hubs("ab"), "ab") == {"a"}
    assert spared(hubs("abc"), "ab") == {"a", "b"}
    assert takers(down(hubs("abc"), "ab"), "a") == ["c"]


def test_gateways_of_a_group() -> None:
    hosts = {
        n: Host(n, n, (ip_interface(f"10.0.0.{at}/24"),), group=group, gateway=n in gateways)
        for gateways in ("abd",)
        for at, (n, group) in enumerate(zip("abcdef", "111222", strict=True), 1)
    }
    mesh = Mesh("m", (ip_network("10.0.0.0/24"),), topology="groups", hosts=hosts)
    assert spared(mesh, "ad") == {"a"}
    assert takers(down(mesh, "a"), "a") == ["b"]
