from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtui.wg.endpoint import Endpoint, is_address, is_host, parse_endpoint

_LABEL = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9_])?", fullmatch=True)
_NAMES = st.builds(
    lambda labels, dot: ".".join(labels) + dot,
    st.lists(_LABEL, min_size=1, max_size=4),
    st.sampled_from(["", "."]),
).filter(lambda name: any(char.isalpha() for char in name))
_HOSTS = st.one_of(st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str), _NAMES)


@given(_HOSTS, st.integers(1, 65535))
def test_what_is_written_is_read(host: str, port: int) -> None:
    endpoint = Endpoint(host, port)
    assert parse_endpoint(str(endpoint)) == endpoint
    assert endpoint.is_address is is_address(host)
    assert is_host(host)


@given(st.text(max_size=40))
def test_anything_else_is_refused_with_a_reason(text: str) -> None:
    try:
        endpoint = parse_endpoint(text)
    except ValueError as error:
        assert "expected" in str(error) or "brackets" in str(error)
    else:
        assert parse_endpoint(str(endpoint)) == endpoint


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("203.0.113.1:51820", "203.0.113.1", 51820),
        ("[2001:DB8:0:0::1]:1", "2001:db8::1", 1),
        ("vpn.example.com:65535", "vpn.example.com", 65535),
        ("a_b.example:7", "a_b.example", 7),
    ],
)
def test_read(text: str, host: str, port: int) -> None:
    assert parse_endpoint(text) == Endpoint(host, port)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":51820",
        "203.0.113.1",
        "203.0.113.1:",
        "203.0.113.1:0",
        "203.0.113.1:65536",
        "203.0.113.1:+1",
        "203.0.113.1:٣",  # a digit, but not one that `wg` reads
        "300.1.1.1:1",
        "2001:db8::1:51820",
        "[2001:db8::1]",
        "[203.0.113.1]:1",
        "[fe80::1%eth0]:1",
        "-oProxyCommand=x:1",
        "a b:1",
        "name\n:1",
        "a..b:1",
        "x" * 64 + ":1",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_endpoint(text)


def test_an_address_is_no_name() -> None:
    assert is_address(str(IPv4Address(1))) and is_address(str(IPv6Address(1)))
    assert not is_address("::1%lo")
    assert not is_host("1.2.3") and not is_host("::1%lo")
