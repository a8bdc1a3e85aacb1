"""Whose a packet is."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from meshtui.demo.wire.routes import Header, Prefix, Routes, header


def net4(bits: int, length: int) -> IPv4Network:
    return ip_network((bits << 24, length), strict=False)  # type: ignore[return-value]


NETS = st.lists(
    st.tuples(st.builds(net4, st.integers(0, 7), st.integers(0, 8)), st.integers(0, 3)),
    max_size=12,
)


@given(NETS, st.integers(0, 255))
def test_the_longest_prefix_counts(nets: list[tuple[IPv4Network, int]], top: int) -> None:
    routes, owners = Routes[int](), dict[IPv4Network, int]()
    for net, owner in nets:
        assert routes.put(Prefix.of(net), owner) == owners.get(net)
        owners[net] = owner
    address = ip_address(top << 24)
    holds = [net for net in owners if address in net]
    best = max(holds, key=lambda net: net.prefixlen, default=None)
    assert routes.find(address.packed) == (None if best is None else owners[best])
    for net in owners:
        routes.drop(Prefix.of(net))
    assert routes.find(address.packed) is None


def test_both_families_have_tables_of_their_own() -> None:
    routes = Routes[str]()
    routes.put(Prefix.of(IPv6Network("::/0")), "six")
    assert routes.find(ip_address("10.0.0.1").packed) is None
    assert routes.find(ip_address("fd00::1").packed) == "six"
    assert Prefix.of(IPv6Network("fd00::/64")).text == "fd00::/64"


def test_a_header_is_read_only_where_there_is_one() -> None:
    four = bytes([0x45, 0, 0, 21]) + bytes(8) + bytes([10, 0, 0, 1, 10, 0, 0, 2]) + b"x"
    assert header(four + bytes(11)) == Header(four[12:16], four[16:20], 21)
    assert header(four[:20]) is None, "shorter than it says"
    assert header(bytes([0x45, 0, 0, 19]) + four[4:]) is None
    assert header(bytes([0x60]) + bytes(38)) is None
    assert header(b"") is header(b"\x50" * 60) is None
