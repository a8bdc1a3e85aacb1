"""Packets between a demo's hosts: real ones, through tunnels and over the network below."""

from __future__ import annotations

import asyncio
from pathlib import Path

from meshtui.demo import echo
from meshtui.demo.wire.routes import passed_on
from tests.demo.machines import Hosts, endpoint, hosts

PING = "ping -n -c 1 -w 2"
#: As long as a ping takes that must not be answered.
LOST = "ping -n -c 1 -W 0.3"


def pair(a: str, b: str, more: str = "") -> dict[str, tuple[str, dict[str, str]]]:
    return {
        a: ("10.9.0.1/24", {b: f"AllowedIPs = 10.9.0.2/32{endpoint(b)}{more}"}),
        b: ("10.9.0.2/24", {a: f"AllowedIPs = 10.9.0.1/32{endpoint(a)}"}),
    }


async def milliseconds(lab: Hosts, host: str, to: str) -> float:
    said = await lab.out(host, f"{PING} {to}")
    return float(said.partition("time=")[2].partition(" ")[0])


async def test_as_far_as_their_cities_are(tmp_path: Path) -> None:
    async with hosts(tmp_path, "fra-1", "nyc-1") as lab:
        await lab.up(pair("fra-1", "nyc-1"))
        await milliseconds(lab, "fra-1", "10.9.0.2")
        assert 82 < await milliseconds(lab, "fra-1", "10.9.0.2") < 150
        assert 82 < await milliseconds(lab, "fra-1", "198.51.100.11") < 150
        assert (await lab.run("fra-1", f"{LOST} 10.9.0.3")).status == 1


async def test_what_is_blocked_one_way_is_lost(tmp_path: Path) -> None:
    async with hosts(tmp_path, "fra-1", "fra-2") as lab:
        await lab.up(pair("fra-1", "fra-2"))
        lab.network.block("fra-2", "fra-1")
        assert (await lab.run("fra-1", f"{LOST} 10.9.0.2")).status == 1
        assert (await lab.run("fra-1", f"{LOST} 203.0.113.12")).status == 1
        heard = await lab.out("fra-2", "wg show wg0 transfer")
        assert int(heard.split("\t")[1]) > 0, "the other way is open"
        lab.network.block("fra-2", "fra-1", on=False)
        await lab.out("fra-1", "ping -n -c 1 -w 10 10.9.0.2")


async def test_one_behind_nat_is_reached_once_it_has_called(tmp_path: Path) -> None:
    async with hosts(tmp_path, "fra-1", "office") as lab:
        await lab.up(
            {
                "fra-1": ("10.9.0.1/24", {"office": "AllowedIPs = 10.9.0.2/32"}),
                "office": (
                    "10.9.0.2/24",
                    {"fra-1": f"AllowedIPs = 10.9.0.1/32{endpoint('fra-1')}"},
                ),
            }
        )
        before = await lab.run("fra-1", f"{LOST} 10.9.0.2")
        assert b"Destination address required" in before.err
        await lab.out("office", f"{PING} 10.9.0.1")
        await lab.out("fra-1", f"{PING} 10.9.0.2")
        seen = (await lab.out("fra-1", "wg show wg0 endpoints")).split("\t")[1].strip()
        assert seen.startswith("198.51.100.250:")
        assert not seen.endswith(":51820")


async def test_a_hub_passes_on_what_it_is_told_to(tmp_path: Path) -> None:
    async with hosts(tmp_path, "fra-1", "fra-2", "nyc-1") as lab:
        by_hub = f"AllowedIPs = 10.9.0.0/24{endpoint('fra-1')}\nPersistentKeepalive = 25"
        spokes = {name: f"AllowedIPs = 10.9.0.{n}/32" for n, name in ((2, "fra-2"), (3, "nyc-1"))}
        await lab.up(
            {
                "fra-1": ("10.9.0.1/24", spokes),
                "fra-2": ("10.9.0.2/24", {"fra-1": by_hub}),
                "nyc-1": ("10.9.0.3/24", {"fra-1": by_hub}),
            }
        )
        for name in ("fra-2", "nyc-1"):
            await lab.out(name, f"{PING} 10.9.0.1")
        assert (await lab.run("fra-2", f"{LOST} 10.9.0.3")).status == 1
        await lab.out("fra-1", "sysctl -qw net.ipv4.ip_forward=1")
        await lab.out("fra-2", f"{PING} 10.9.0.3")


async def test_a_packet_that_goes_in_circles_comes_to_an_end(tmp_path: Path) -> None:
    async with hosts(tmp_path, "fra-1", "fra-2") as lab:
        all_of_it = "AllowedIPs = 10.9.0.0/24"
        await lab.up(
            {
                "fra-1": ("10.9.0.1/24", {"fra-2": all_of_it + endpoint("fra-2")}),
                "fra-2": ("10.9.0.2/24", {"fra-1": all_of_it + endpoint("fra-1")}),
            }
        )
        for name in lab.machines:
            await lab.out(name, "sysctl -qw net.ipv4.ip_forward=1")
        await lab.out("fra-1", f"{PING} 10.9.0.2")
        assert (await lab.run("fra-1", f"{LOST} 10.9.0.99")).status == 1
        async with asyncio.timeout(20):
            before = ""
            while before != (now := await lab.out("fra-2", "wg show wg0 transfer")):
                before = now
                await asyncio.sleep(0.3)


def test_each_router_takes_one_hop() -> None:
    for one, other in (("10.9.0.1", "10.9.0.2"), ("fd00::1", "fd00::2")):
        asked = echo.Echo(*map(echo.ip_address, (one, other)), False, 1, 1, b"hello")
        packet: bytes | None = asked.pack()
        hops = 0
        while packet:
            assert echo.parse(packet) == asked, "its checksum is right"
            packet = passed_on(packet)
            hops += 1
        assert hops == 64
