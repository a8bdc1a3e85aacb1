from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network

from meshtui.mesh.trace import trace
from meshtui.wg.interface import Forward, Interface, Peer


def one(number: int, forward: bool = True, **peers: str) -> Interface:
    return Interface(
        "wg0",
        None,
        (ip_interface(f"10.0.0.{number}/24"),),
        51820,
        None,
        tuple(
            Peer(name, None, None, tuple(map(ip_network, prefixes.split())))
            for name, prefixes in peers.items()
        ),
        Forward() if forward else None,
    )


def follow(to: str, **interfaces: Interface) -> tuple[str, str | None]:
    found = trace(interfaces, "a", ip_address(to))
    return "".join(found.hops), found.problem


def test_the_longest_prefix_counts() -> None:
    a = one(1, b="10.0.0.0/24", c="10.0.0.3/32")
    c = one(3, a="10.0.0.1/32")
    assert follow("10.0.0.3", a=a, c=c) == ("ac", None)


def test_it_comes_back_to_itself() -> None:
    a, b = one(1, b="10.0.0.9/32 10.0.0.2/32"), one(2, a="10.0.0.0/24")
    assert follow("10.0.0.9", a=a, b=b) == ("aba", "a loop: a → b → a")


def test_the_far_end_would_answer_elsewhere() -> None:
    a = one(1, b="10.0.0.2/32")
    for b, where in ((one(2, c="10.0.0.1/32"), "to c"), (one(2), "to nobody")):
        assert follow("10.0.0.2", a=a, b=b) == (
            "ab",
            f"one-way: b would answer a {where}, not to a",
        )


def test_nobody_has_it() -> None:
    a, b = one(1, b="10.0.0.2/32 10.0.0.3/32"), one(2, a="10.0.0.1/32")
    assert follow("10.0.0.4", a=a, b=b) == ("a", "a has no peer for 10.0.0.4")
    assert follow("10.0.0.3", a=a, b=b) == ("ab", "b has no peer for 10.0.0.3")
    assert follow("fd00::1", a=a, b=b) == ("a", "a has no IPv6 address")


def test_one_that_does_not_forward() -> None:
    a = one(1, b="10.0.0.2/32 10.0.0.3/32 192.168.1.0/24")
    b = one(2, forward=False, a="10.0.0.1/32", c="10.0.0.3/32")
    assert follow("10.0.0.3", a=a, b=b) == ("ab", "b does not forward to c")
    assert follow("192.168.1.1", a=a, b=b) == ("ab", "b has no peer for 192.168.1.1")


def test_it_leaves_the_mesh_and_ends_at_devices() -> None:
    a = one(1, b="10.0.0.2/32 192.168.1.0/24", phone="10.0.0.9/32")
    assert follow("192.168.1.1", a=a, b=one(2, a="10.0.0.1/32")) == ("ab", None)
    assert follow("10.0.0.9", a=a) == ("aphone", None)
