"""Echo requests and replies."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtui.demo.echo import Echo, answer, parse

U16 = st.integers(0, 0xFFFF)
ECHOES = st.sampled_from([4, 6]).flatmap(
    lambda v: st.builds(
        Echo, st.ip_addresses(v=v), st.ip_addresses(v=v), st.booleans(), U16, U16, st.binary()
    )
)


@given(ECHOES)
def test_what_is_packed_is_parsed_and_answered(echo: Echo) -> None:
    packet = echo.pack()
    assert parse(packet) == parse(packet + bytes(15)) == echo
    replied = answer(packet)
    if echo.reply:
        assert replied is None
    else:
        assert replied and parse(replied) == echo.answered()


@given(ECHOES, st.data())
def test_a_packet_with_a_bit_changed_is_no_echo(echo: Echo, data: st.DataObject) -> None:
    packet = bytearray(echo.pack())
    # What stands before the addresses of IPv6 has no checksum of its own.
    at = data.draw(st.integers(8 if echo.source.version == 6 else 0, len(packet) - 1))
    packet[at] ^= 1 << data.draw(st.integers(0, 7))
    assert parse(bytes(packet)) is None


def test_a_known_packet() -> None:
    echo = Echo(ip_address("10.0.0.1"), ip_address("10.0.0.2"), False, 1, 2, b"")
    assert echo.pack().hex() == "4500001c00000000400166df0a0000010a0000020800f7fc00010002"


def test_what_is_none() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.1"):
        Echo(IPv4Address("10.0.0.1"), IPv6Address("::1"), False, 0, 0, b"").pack()
    packet = Echo(IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2"), False, 0, 0, b"").pack()
    assert parse(packet[:-1]) is parse(b"") is answer(b"\x45") is None


@given(st.binary(max_size=80))
def test_any_bytes_are_an_echo_or_none(data: bytes) -> None:
    parse(data)
