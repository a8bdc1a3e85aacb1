"""Power off and on: what a host of the demo keeps, and what it does not leave behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.demo.hosts import until
from tests.demo.kernels import boxes, pair, peer


async def test_what_is_on_its_disk_is_back(tmp_path: Path) -> None:
    async with pair(tmp_path) as (a, b):
        fresh = await a.says("wg showconf wg0")
        conf = (a.root / "etc/wireguard/wg0.conf").read_text()
        a.file(f"{conf}\n".replace("[Peer]", "PostUp = sysctl -qw net.ipv4.ip_forward=1\n[Peer]"))
        await a.says("wg-quick down wg0")
        await a.says("systemctl enable --now wg-quick@wg0")
        await a.says("ping -n -c 1 -w 3 10.0.0.2")
        await a.says("wg set wg0 listen-port 51900")
        await a.says("ip route add 10.9.0.0/16 dev wg0")
        await a.says("sysctl -qw net.ipv6.conf.all.forwarding=1")
        a.halt()
        assert await a.says("wg show interfaces") == "\n"
        assert not (a.root / "sys/class/net/wg0").exists() and not a.machine.uplink.ports
        await a.boot()
        assert await a.says("wg showconf wg0") == fresh
        assert await a.says("wg show wg0 transfer") == f"{b.public}\t0\t0\n"
        assert await a.says("wg show wg0 latest-handshakes") == f"{b.public}\t0\n"
        assert "10.9." not in await a.says("ip route show")
        assert await a.says("sysctl -n net.ipv6.conf.all.forwarding") == "0\n"
        assert await a.says("sysctl -n net.ipv4.ip_forward") == "1\n"
        await a.says("ping -n -c 1 -w 6 10.0.0.2")


async def test_nothing_is_left_of_one_that_is_off(tmp_path: Path) -> None:
    def files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before, tasks = files(), asyncio.all_tasks()
    async with pair(tmp_path) as (a, b):
        await a.says("ping -n -c 1 -w 3 10.0.0.2")
        await a.says("systemd-run --unit=x --on-active=60 sh")
        timer = a.machine.timers["x"]
        device = a.machine.device("wg0")
        assert device and files() == before + 2
        a.halt()
        b.halt()
        # At once: they would end by themselves some time.
        await until(lambda: asyncio.all_tasks() == tasks, 0.2)
        assert files() == before and timer.cancelled()
        assert device._alarm is None and device._socket is None


async def test_what_was_under_way_when_it_went_off(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a", "b") as (a, b):
        await a.up("Address = 10.0.0.1/24", peer(b, "10.0.0.2/32"))
        waits = asyncio.create_task(a.call("ping -n -c 1 -w 1 10.0.0.2"))
        await asyncio.sleep(0.05)
        a.halt()
        assert (await waits).status == 1
