from __future__ import annotations

from ipaddress import ip_interface, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshtui.plan.seen import Seen, Underway, parse_seen
from tests.plan.sim import key

REPLY = f"""\
@tools
|wg
|ip
@clock
|1700000000
@backend
|wireguard-go
@systemd
|enabled
@dump
|-\t{key("own")}\t51820\t0xca6c
|{key("b")}\tset\t203.0.113.2:51820\t10.0.0.2/32\t1699999990\t1\t2\t25
@preshared
|{key("b")} 0123456789abcdef
@link
|7: wg0: <POINTOPOINT,NOARP,UP> mtu 1380 qdisc noqueue state UNKNOWN
@addresses
|2: eth0    inet 203.0.113.1/24 scope global eth0\\       valid_lft forever
|7: wg0    inet 10.0.0.1/24 scope global wg0\\       valid_lft forever preferred_lft forever
|7: wg0    inet 10.0.0.9/24 scope global secondary wg0\\       valid_lft forever
|7: wg0    inet6 fd10::1/64 scope global \\       valid_lft forever preferred_lft forever
|7: wg0    inet6 fe80::1/64 scope link \\       valid_lft forever preferred_lft forever
@routes
|10.0.0.0/24 proto kernel scope link src 10.0.0.1
|192.168.7.7 scope link
|default scope link
|fd10::/64 proto kernel metric 256 pref medium
|unreachable 10.9.0.0/16
@ssh
|inside
@sha256
|abcd
@mode
|644
@file
|[Interface]
|@dump
||x
@file-preshared
|2 0123456789abcdef
@file-key
|{key("own")}
"""


@pytest.mark.parametrize(
    ("old", "new", "lost"),
    [
        ("|10.0.0.0/24 proto kernel scope link src 10.0.0.1\n", "", ["10.0.0.0/24"]),
        ("|fd10::/64 proto", "|fd99::/64 proto", ["fd10::/64"]),
        # None that the kernel ever made: in a VRF's own table, on an interface that is down.
        ("mtu 1380 ", "mtu 1380 master red ", []),
        ("NOARP,UP", "NOARP", []),
    ],
)
def test_a_route_that_somebody_took_away(old: str, new: str, lost: list[str]) -> None:
    assert parse_seen("wg0", REPLY.encode()).unrouted == ()
    reply = REPLY.replace(old, new)
    assert reply != REPLY
    if not lost:
        reply = reply.replace("|10.0.0.0/24 proto", "|10.9.9.0/24 proto")
    assert list(map(str, parse_seen("wg0", reply.encode()).unrouted)) == lost


def test_a_whole_reply() -> None:
    seen = parse_seen("wg0", REPLY.encode())
    assert seen.tools == {"wg", "ip"} and seen.clock == 1_700_000_000
    assert (seen.backend, seen.systemd, seen.exists, seen.mtu) == (
        *("wireguard-go", "enabled"),
        True,
        1380,
    )
    assert seen.live and seen.live.fwmark == "0xca6c" and seen.live.peers[key("b")].preshared
    assert seen.preshared == {key("b"): "0123456789abcdef"}
    assert seen.file_preshared == {"@secret:2@": "0123456789abcdef"}
    # Link-local addresses are the kernel's own. The order is the kernel's: primary first.
    assert seen.addresses == tuple(map(ip_interface, ("10.0.0.1/24", "10.0.0.9/24", "fd10::1/64")))
    assert seen.own == {"203.0.113.1", "10.0.0.1", "10.0.0.9", "fd10::1", "fe80::1"}
    assert seen.routes == set(map(ip_network, ("10.0.0.0/24", "192.168.7.7/32", "fd10::/64")))
    assert seen.ssh_inside and not parse_seen("wg0", b"@ssh\n").ssh_inside
    # No content passes for a heading.
    assert seen.file == "[Interface]\n@dump\n|x\n"
    assert (seen.sha256, seen.mode, seen.file_key) == ("abcd", 0o644, key("own"))
    assert seen.public_key == key("own")


def test_a_bare_host() -> None:
    assert parse_seen("wg0", b"") == Seen()
    seen = parse_seen("wg0", b"@tools\n|ip\n@backend\n@systemd\n@file\n@file-key\n")
    assert (seen.backend, seen.systemd, seen.file, seen.file_key) == (None, "", "", None)


def test_whose_key_counts() -> None:
    seen = Seen(file_key=key("file"), made_key=key("made"))
    assert seen.public_key == seen.used_key == key("file")
    assert (Seen(made_key="x").public_key, Seen(made_key="x").used_key) == ("x", None)


@pytest.mark.parametrize(
    "reply",
    [
        *("Welcome!\n", "@clock\n|soon\n", "@dump\n|what\n", "@mode\n|rw\n"),
        "@addresses\n|7: wg0 inet x\n",
    ],
)
def test_what_is_no_reply(reply: str) -> None:
    with pytest.raises(ValueError):
        parse_seen("wg0", reply.encode())


@given(st.binary(max_size=60).filter(lambda raw: b"\n" not in raw))
def test_a_file_comes_back_as_the_bytes_that_it_was(raw: bytes) -> None:
    seen = parse_seen("wg0", b"@file\n|" + raw + b"\n")
    assert seen.file is not None
    assert seen.file.encode("utf-8", "surrogateescape") == raw + b"\n"


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("change a1 pending 48 12 jo d@laptop\nlast 9f confirmed", ("jo d@laptop", 12, 48)),
        ("change a1 committing 0 12 jo@laptop", ("jo@laptop", 12, 0)),
        ("change a1 void 0 12 jo@laptop", None),
        ("last 9f confirmed", None),
    ],
)
def test_who_is_changing_it(said: str, found: tuple[str, int, int] | None) -> None:
    reply = "@standing\n" + "".join(f"|{line}\n" for line in said.split("\n"))
    change = parse_seen("wg0", reply.encode()).underway
    assert change == (Underway("a1", *found) if found else None)
