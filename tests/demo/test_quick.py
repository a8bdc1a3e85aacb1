"""`wg-quick` on a demo's host."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.demo.kernels import Box, boxes

K = "A" * 42 + "E="
FORWARD = "proc/sys/net/ipv4/ip_forward"


async def gone(box: Box) -> None:
    assert await box.says("wg show interfaces") == "\n"
    assert not (box.root / "sys/class/net/wg0").exists()
    assert "wg0" not in await box.says("ip route show")
    assert not box.machine.uplink.ports


async def test_up_and_down(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        a.file(
            f"[Interface]\nPrivateKey = {a.private}\nListenPort = 51820\nMTU = 1400\n"
            "Address = 10.0.0.1/24\n"
            f"[Peer]\nPublicKey = {K}\nAllowedIPs = 10.0.0.2/32, 10.5.0.0/16, 0.0.0.0/0\n"
        )
        said = (await a.call("wg-quick up wg0")).err.decode()
        assert said.splitlines() == [
            "[#] ip link add wg0 type wireguard",
            "[#] wg setconf wg0 /dev/fd/63",
            "[#] ip -4 address add 10.0.0.1/24 dev wg0",
            "[#] ip link set mtu 1400 up dev wg0",
            "[#] ip -4 route add 10.5.0.0/16 dev wg0",
        ]
        assert await a.says("ip route show dev wg0") == (
            "10.0.0.0/24 proto kernel scope link src 10.0.0.1 \n10.5.0.0/16 scope link \n"
        )
        assert (a.root / "sys/class/net/wg0/mtu").read_text() == "1400\n"
        assert await a.fails("wg-quick up wg0") == (1, "wg-quick: `wg0' already exists\n")
        assert (await a.call("wg-quick down wg0")).err == b"[#] ip link delete dev wg0\n"
        await gone(a)
        said = await a.fails("wg-quick down wg0")
        assert said == (1, "wg-quick: `wg0' is not a WireGuard interface\n")


async def test_strip(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        a.file(
            "[Interface]\nAddress = 10.0.0.1/24\nprivatekey = x\npostUP = sysctl -qw a=1\n"
            f"Table = off\n\n[Peer]\nPublicKey = {K}\n"
        )
        stripped = f"[Interface]\nprivatekey = x\n\n[Peer]\nPublicKey = {K}\n"
        assert await a.says("wg-quick strip wg0") == stripped


async def test_hooks(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        hook = "sysctl -qw net.ipv4.ip_forward"
        await a.up(f"PostUp = {hook}=1; sysctl -qw no.such=1 || :\nPostDown = {hook}=0")
        assert (a.root / FORWARD).read_text() == "1\n"
        assert await a.says("sysctl net.ipv4.ip_forward") == "net.ipv4.ip_forward = 1\n"
        assert await a.says("sysctl -n net.ipv4.ip_forward") == "1\n"
        said = (await a.call("wg-quick down wg0")).err.decode()
        assert said == f"[#] ip link delete dev wg0\n[#] {hook}=0\n"
        assert (a.root / FORWARD).read_text() == "0\n"


@pytest.mark.parametrize(
    ("own", "why"),
    [
        ("PostUp = nft -f /etc/rules", "nft: command not found"),
        ("PreUp = sysctl -qw no.such=1", "sysctl: cannot set no.such=1"),
        ("PostUp = sysctl -qw 'a=1", "No closing quotation"),
        ("MTU = abc", "abc"),
        ("Address = 10.0.0.1/33", "10.0.0.1/33"),
        ("Address = 10.0.0.1/24, 10.0.0.1/24", "10.0.0.1/24"),
        ("ListenPort = abc", "Servname not supported for ai_socktype: `abc'"),
        ("ListenPort = 51821", "Address already in use"),
        ("More = 1", "Line unrecognized: `More=1'"),
    ],
)
async def test_what_fails_takes_the_interface_away_again(
    tmp_path: Path, own: str, why: str
) -> None:
    async with boxes(tmp_path, "a") as (a,):
        a.file("[Interface]\nListenPort = 51821\n", "wg1")
        await a.says("wg-quick up wg1")
        a.file(f"[Interface]\nPrivateKey = {a.private}\n{own}\n")
        status, said = await a.fails("wg-quick up wg0")
        assert status == 1 and why in said and a.private not in said
        assert said.endswith("[#] ip link delete dev wg0\n")
        await a.says("wg-quick down wg1")
        await gone(a)


async def test_a_route_that_is_there(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        a.file(f"[Interface]\n[Peer]\nPublicKey = {K}\nAllowedIPs = 203.0.113.0/24\n")
        status, said = await a.fails("wg-quick up wg0")
        assert status == 1 and "RTNETLINK answers: File exists\n" in said
        await gone(a)
        assert "203.0.113.0/24 dev eth0" in await a.says("ip route show")


async def test_what_there_is_not(tmp_path: Path) -> None:
    async with boxes(tmp_path, "a") as (a,):
        for how in ("up", "down", "strip"):
            said = await a.fails(f"wg-quick {how} wg0")
            assert said == (1, "wg-quick: `/etc/wireguard/wg0.conf' does not exist\n")
        assert (await a.fails("wg-quick up"))[1].startswith("Usage: wg-quick [ up | down | ")
        a.file("more\n")
        assert (await a.fails("wg-quick up wg0"))[0] == 1
        assert (await a.fails("sysctl no.such"))[0] == 255
