"""`ping` between hosts of the demo, against what iputils print for the same calls."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from meshtui.demo.calls import Answer
from meshtui.demo.network import Network
from meshtui.demo.tools.ping import milliseconds
from tests.demo.kernels import Box, boxes, pair, peer

ONE = "ping -n -c 1 -w 1"
K = "A" * 42 + "E="


def said(answer: Answer) -> list[str]:
    """What it prints, times left out."""
    return re.sub(r"(?<=[ =])[\d.]+(?= ?ms)", "T", answer.out.decode()).splitlines()


async def test_one_that_answers(tmp_path: Path) -> None:
    async with pair(tmp_path) as (a, _):
        answer = await a.call("ping -n -c 1 -w 3 10.0.0.2")
        assert answer.status == 0 and not answer.err
        *lines, times = said(answer)
        assert lines == [
            "PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.",
            "64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=T ms",
            "",
            "--- 10.0.0.2 ping statistics ---",
            "1 packets transmitted, 1 received, 0% packet loss, time Tms",
        ]
        number = r"\d+\.\d{3}"
        last = answer.out.decode().splitlines()[-1]
        assert re.fullmatch(f"rtt min/avg/max/mdev = {number}(/{number}){{3}} ms", last), times
        assert (await a.call(f"{ONE} 10.0.0.1")).status == 0


async def test_one_that_does_not(tmp_path: Path) -> None:
    async with pair(tmp_path) as (a, b):
        b.halt()
        answer = await a.call(f"{ONE} 10.0.0.2")
        assert answer.status == 1 and not answer.err
        assert said(answer) == [
            "PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.",
            "",
            "--- 10.0.0.2 ping statistics ---",
            "1 packets transmitted, 0 received, 100% packet loss, time Tms",
            "",
        ]
        # Without a deadline each is waited for as long as -W says.
        began = asyncio.get_running_loop().time()
        answer = await a.call("ping -n -c 2 -i 0.1 -W 0.2 10.0.0.2")
        assert answer.status == 1 and "2 packets transmitted, 0 received" in answer.out.decode()
        assert 0.3 <= asyncio.get_running_loop().time() - began < 1


async def test_what_the_kernel_says(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a", "b") as (a, b):
        await a.up("Address = 10.0.0.1/24", peer(b, "10.0.0.2/32", endpoint=False))
        for to, why in {
            "10.0.0.2": "ping: sendmsg: Destination address required\n",
            "10.0.0.9": "ping: sendmsg: Required key not available\n",
        }.items():
            answer = await a.call(f"ping -n -c 1 -W 0.1 {to}")
            assert (answer.status, answer.err.decode()) == (1, why)
        answer = await a.call(f"{ONE} fd00::1")
        assert answer == (2, b"", b"ping: connect: Network is unreachable\n")
        answer = await a.call(f"{ONE} more")
        assert answer == (2, b"", b"ping: more: Name or service not known\n")


async def test_a_packet_that_is_too_large(tmp_path: Path) -> None:
    async with pair(tmp_path) as (a, _):
        line = "ping -n -c 2 -i 0.05 -W 1 -M do -s {} 10.0.0.2"
        assert (await a.call(line.format(1392))).status == 0
        answer = await a.call(line.format(1393))
        why = "ping: local error: message too long, mtu=1420\n"
        assert (answer.status, answer.err.decode()) == (1, why * 2)
        assert said(answer)[-2] == (
            "2 packets transmitted, 0 received, +2 errors, 100% packet loss, time Tms"
        )
        # As meshtui asks whether this ping knows -M.
        assert (await a.call(f"{ONE} -M do 127.0.0.1")).status == 0


async def test_answers_that_take_longer_than_the_pause(tmp_path: Path) -> None:
    class Slow(Network):
        def delay(self, *_: object) -> float:
            return 0.08

    async with boxes(tmp_path, "a", "b", network=Slow()) as (a, b):
        own = "ListenPort = 51820\nAddress = 10.0.0.{}/24"
        await a.up(own.format(1), peer(b, "10.0.0.2/32"))
        await b.up(own.format(2), peer(a, "10.0.0.1/32"))
        await a.says("ping -n -c 1 -w 3 10.0.0.2")
        out = await a.says("ping -n -c 5 -i 0.05 -W 2 10.0.0.2")
        assert "5 packets transmitted, 5 received, 0% packet loss" in out
        assert re.findall(r"icmp_seq=(\d)", out) == list("12345")
        assert all(float(ms) >= 160 for ms in re.findall(r"time=(\S+) ms", out))


@pytest.mark.parametrize("end", [0, 1])
async def test_a_direction_that_is_blocked(tmp_path: Path, end: int) -> None:
    async with pair(tmp_path) as ends:
        source, destination = ends[end], ends[1 - end]
        source.machine.network.block(source.name, destination.name)
        for box, to in zip(ends, ("10.0.0.2", "10.0.0.1"), strict=True):
            assert (await box.call(f"ping -n -c 1 -W 0.3 {to}")).status == 1


async def test_a_wrong_key(tmp_path: Path) -> None:
    async with pair(tmp_path) as (a, b):
        await b.says(f"wg set wg0 peer {a.public} remove peer {K} allowed-ips 10.0.0.1/32")
        assert (await a.call(f"{ONE} 10.0.0.2")).status == 1
        assert await a.says("wg show wg0 latest-handshakes") == f"{b.public}\t0\n"


async def test_a_host_that_is_down(tmp_path: Path) -> None:
    async with pair(tmp_path) as (a, b):
        await a.says("ping -n -c 1 -w 3 10.0.0.2")
        a.machine.network.down("b")
        for to in ("10.0.0.2", "203.0.113.12"):
            assert (await a.call(f"ping -n -c 1 -W 0.2 {to}")).status == 1
        a.machine.network.down("b", on=False)
        for to in ("10.0.0.2", "203.0.113.12"):
            assert (await a.call(f"ping -n -c 1 -w 3 {to}")).status == 0
        assert b.machine.uplink.address == "203.0.113.12"


async def hub(tmp: tuple[Box, Box, Box]) -> None:
    a, b, c = tmp
    own = "ListenPort = 51820\nAddress = 10.0.0.{}/24"
    await a.up(own.format(1), peer(b, "10.0.0.0/24"))
    await b.up(own.format(2), peer(a, "10.0.0.1/32"), peer(c, "10.0.0.3/32"))
    await c.up(own.format(3), peer(b, "10.0.0.0/24"))


async def test_through_a_hub(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a", "b", "c") as (a, b, c):
        await hub((a, b, c))
        assert (await a.call(f"{ONE} 10.0.0.2")).status == 0
        assert (await a.call("ping -n -c 1 -W 0.3 10.0.0.3")).status == 1
        await b.says("sysctl -qw net.ipv4.ip_forward=1")
        answer = await a.call("ping -n -c 1 -w 3 10.0.0.3")
        assert answer.status == 0 and "from 10.0.0.3: icmp_seq=" in answer.out.decode()
        await b.says("sysctl -qw net.ipv4.ip_forward=0")
        assert (await a.call("ping -n -c 1 -W 0.3 10.0.0.3")).status == 1


def test_how_long_it_took() -> None:
    took = (0.0412, 1.234, 56.78, 163.4, 5012.3)
    assert [milliseconds(ms) for ms in took] == ["0.041", "1.23", "56.8", "163", "5012"]


async def test_how_it_is_called(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        usage = "ping: usage error: Destination address required\n"
        assert await a.fails("ping -c 1") == (1, usage)
        status, why = await a.fails("ping -Z 127.0.0.1")
        assert status == 2 and why.startswith("ping: invalid option -- 'Z'\n")
