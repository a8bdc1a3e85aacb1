"""`ip` on a demo's host, against what iproute2 6.1 prints for the same calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.demo.kernels import Box, boxes

OWN = "ListenPort = 51820\nAddress = 10.0.0.1/24, fd00::1/64"
FOREVER = "\\       valid_lft forever preferred_lft forever\n"
UNDERLAY = "203.0.113.0/24 dev eth0 proto kernel scope link src 203.0.113.11 \n"


async def test_addresses(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        await a.up(OWN)
        await a.says("ip address replace 10.0.0.1/24 dev wg0")
        await a.says("ip address replace 10.0.0.2/24 dev wg0")
        assert await a.says("ip -o address show dev wg0") == (
            f"3: wg0    inet 10.0.0.1/24 scope global wg0{FOREVER}"
            f"3: wg0    inet6 fd00::1/64 scope global {FOREVER}"
            f"3: wg0    inet 10.0.0.2/24 scope global secondary wg0{FOREVER}"
        )
        assert await a.says("ip -o -4 address show scope global") == (
            f"2: eth0    inet 203.0.113.11/24 scope global eth0{FOREVER}"
            f"3: wg0    inet 10.0.0.1/24 scope global wg0{FOREVER}"
            f"3: wg0    inet 10.0.0.2/24 scope global secondary wg0{FOREVER}"
        )
        every = await a.says("ip -o address show")
        assert every.startswith(f"1: lo    inet 127.0.0.1/8 scope host lo{FOREVER}1: lo    inet6 ")
        # With the first of a subnet Linux takes the others away, and the route.
        await a.says("ip address del 10.0.0.1/24 dev wg0")
        assert "10.0.0." not in await a.says("ip -o address show") + await a.says("ip route show")


async def test_an_ipv6_address_that_goes_is_no_source_any_more(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        await a.up(OWN)
        await a.says("ip address add fd00::2/64 dev wg0")
        await a.says("ip address del fd00::1/64 dev wg0")
        assert " src fd00::2 " in await a.says("ip -o route get fd00::9")


async def test_routes(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        await a.up(OWN)
        for to in ("10.6.0.1/32", "10.5.0.0/16", "fd05::/48"):
            await a.says(f"ip route add {to} dev wg0")
        assert await a.says("ip -4 route show dev wg0") == (
            "10.0.0.0/24 proto kernel scope link src 10.0.0.1 \n"
            "10.5.0.0/16 scope link \n"
            "10.6.0.1 scope link \n"
        )
        assert await a.says("ip -4 route show") == (
            "default via 203.0.113.254 dev eth0 \n"
            "10.0.0.0/24 dev wg0 proto kernel scope link src 10.0.0.1 \n"
            "10.5.0.0/16 dev wg0 scope link \n"
            f"10.6.0.1 dev wg0 scope link \n{UNDERLAY}"
        )
        assert await a.says("ip -6 route show dev wg0") == (
            "fd00::/64 proto kernel metric 256 pref medium\nfd05::/48 metric 1024 pref medium\n"
        )
        assert await a.says("ip -o -6 route show default") == ""
        await a.says("ip -6 route del fd05::/48 dev wg0")
        await a.says("ip route del 10.5.0.0/16 dev wg0")
        assert "05:" not in await a.says("ip -6 route show")
        assert "10.5." not in await a.says("ip route show")


async def test_where_a_packet_goes(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        await a.up(OWN)
        for to, route in {
            "10.0.0.7": "10.0.0.7 dev wg0 src 10.0.0.1 uid 0 \\    cache \n",
            "192.0.2.1": "192.0.2.1 via 203.0.113.254 dev eth0 src 203.0.113.11"
            " uid 0 \\    cache \n",
            "10.0.0.1": "local 10.0.0.1 dev lo src 10.0.0.1 uid 0 \\    cache <local> \n",
            "127.0.0.1": "local 127.0.0.1 dev lo src 127.0.0.1 uid 0 \\    cache <local> \n",
        }.items():
            assert await a.says(f"ip -o route get {to}") == route
        assert (await a.says("ip -o route get fd00::7")).startswith("fd00::7 from :: dev wg0 ")
        said = await a.fails("ip -o route get 2001:db8::1")
        assert said == (2, "RTNETLINK answers: Network is unreachable\n")


async def test_links(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        await a.up(OWN)
        await a.says("ip link set dev wg0 mtu 1380")
        line = await a.says("ip -o link show dev wg0")
        assert line.startswith("3: wg0: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1380 qdisc noqueue ")
        assert line.endswith("\\    link/none \n")
        mtu = a.root / "sys/class/net/wg0/mtu"
        assert mtu.read_text() == "1380\n"
        assert await a.says("ip link show wg0") == line.replace("\\", "\n")
        await a.says("ip link del dev wg0")
        assert not mtu.parent.exists()


async def test_rules(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        six = "0:\tfrom all lookup local\n32766:\tfrom all lookup main\n"
        assert await a.says("ip -6 rule show") == six
        assert await a.says("ip -4 rule show") == f"{six}32767:\tfrom all lookup default\n"


NO_DEVICE = (1, 'Device "wg9" does not exist.\n')
CANNOT_FIND = (1, 'Cannot find device "wg9"\n')


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ip -o link show dev wg9", NO_DEVICE),
        ("ip link show wg9", NO_DEVICE),
        ("ip -o address show dev wg9", NO_DEVICE),
        ("ip link set dev wg9 mtu 1400", CANNOT_FIND),
        ("ip link del dev wg9", CANNOT_FIND),
        ("ip address del 10.0.0.9/24 dev wg9", CANNOT_FIND),
        ("ip -4 route show dev wg9", CANNOT_FIND),
        ("ip route add 10.5.0.0/16 dev wg9", CANNOT_FIND),
        ("ip route del 10.5.0.0/16 dev wg9", CANNOT_FIND),
        ("ip address add 10.0.0.1/24 dev wg0", (2, "Error: ipv4: Address already assigned.\n")),
        ("ip address add fd00::1/64 dev wg0", (2, "Error: ipv6: address already assigned.\n")),
        ("ip address del 10.0.0.9/24 dev wg0", (2, "Error: ipv4: Address not found.\n")),
        ("ip address del fd00::9/64 dev wg0", (2, "Error: ipv6: address not found.\n")),
        ("ip route add 10.0.0.0/24 dev wg0", (2, "RTNETLINK answers: File exists\n")),
        ("ip route del 10.5.0.0/16 dev wg0", (2, "RTNETLINK answers: No such process\n")),
        (
            "ip route add 10.5.0.1/16 dev wg0",
            (2, "Error: Invalid prefix for given prefix length.\n"),
        ),
        (
            "ip -4 route show table 51820",
            (2, "Error: ipv4: FIB table does not exist.\nDump terminated\n"),
        ),
        (
            "ip -6 route show table 51820",
            (2, "Error: ipv6: FIB table does not exist.\nDump terminated\n"),
        ),
        ("ip more", (1, 'Object "more" is unknown, try "ip help".\n')),
        ("ip link more", (255, 'Command "more" is unknown, try "ip link help".\n')),
        ("ip route more", (255, 'Command "more" is unknown, try "ip route help".\n')),
        ("ip address more", (255, 'Command "more" is unknown, try "ip address help".\n')),
    ],
)
async def test_what_cannot_be_done(tmp_path: Path, line: str, said: tuple[int, str]) -> None:
    async with boxes(tmp_path, "a") as (a,):
        await a.up(OWN)
        before = await state(a)
        assert await a.fails(line) == said
        assert await state(a) == before


async def state(box: Box) -> str:
    shown = ("link show", "-o address show", "-4 route show", "-6 route show")
    return "".join([await box.says(f"ip {one}") for one in shown])
