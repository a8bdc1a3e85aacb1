"""Interfaces over real UDP on loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from ipaddress import ip_address, ip_network
from typing import NamedTuple

import pytest

from meshtui.demo import echo
from meshtui.demo.device import Device
from meshtui.demo.wire.timers import Timers
from meshtui.errors import MeshError
from meshtui.wg.dump import LivePeer, parse_dump
from meshtui.wg.endpoint import Endpoint
from tests.demo.world import ping

#: So short that a test sees several sessions end.
QUICK = Timers(rekey_after_time=0.1, reject_after_time=2, rekey_timeout=0.05, jitter=0.01)


class Host(NamedTuple):
    """A device that answers `ping`, and the replies that it had to its own."""

    device: Device
    replies: list[bytes]

    @property
    def key(self) -> bytes:
        assert self.device.public_key
        return self.device.public_key

    @property
    def peer(self) -> LivePeer:
        (peer,) = parse_dump("wg0", self.device.dump()).peers.values()
        return peer


async def until(done: Callable[[], object], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not done():
            await asyncio.sleep(0.005)


def host(number: int) -> Host:
    replies: list[bytes] = []

    def received(packet: bytes, _: bytes) -> None:
        if reply := echo.answer(packet):
            device.send(reply)
        else:
            replies.append(packet)

    device = Device(bytes([number]) * 32, received, timers=QUICK)
    return Host(device, replies)


@pytest.fixture
async def two() -> AsyncIterator[tuple[Host, Host]]:
    hosts = host(1), host(2)
    for a in hosts:
        await a.device.open("127.0.0.1", 0)
    for number, (a, b) in enumerate((hosts, hosts[::-1])):
        a.device.set_peer(
            b.key,
            endpoint=Endpoint("127.0.0.1", b.device.listen_port),
            allowed_ips=[ip_network(f"10.0.0.{2 - number}")],
        )
    yield hosts
    for a in hosts:
        a.device.close()


async def test_an_echo_is_answered_across_many_sessions(two: tuple[Host, Host]) -> None:
    a, b = two
    begin = time.time()
    count = 0
    while time.time() < begin + 1:
        assert a.device.send(ping(1, 2)) == "sent"
        count += 1
        await until(lambda wanted=count: len(a.replies) == wanted)
        await asyncio.sleep(0.01)
    assert a.peer.transfer_tx > 148 * 3, "sessions were renewed"
    assert begin - 1 <= a.peer.latest_handshake <= time.time()
    await until(lambda: a.peer.transfer_tx == b.peer.transfer_rx)


async def test_a_port_is_changed_and_the_session_goes_on(two: tuple[Host, Host]) -> None:
    a, b = two
    a.device.send(ping(1, 2))
    await until(lambda: a.replies)
    before = a.device.listen_port
    a.device.listen_port = 0
    assert a.device.listen_port != before
    a.device.send(ping(1, 2))
    await until(lambda: len(a.replies) == 2)
    assert b.peer.endpoint == f"127.0.0.1:{a.device.listen_port}"


async def test_a_port_in_use_is_an_error_and_the_old_one_stays(two: tuple[Host, Host]) -> None:
    a, b = two
    before = a.device.listen_port
    with pytest.raises(MeshError, match=f"port {b.device.listen_port} of 127.0.0.1"):
        a.device.listen_port = b.device.listen_port
    assert a.device.listen_port == before
    a.device.send(ping(1, 2))
    await until(lambda: a.replies)


async def test_what_cannot_be_sent_is_lost_and_nothing_else(two: tuple[Host, Host]) -> None:
    a, b = two
    a.device.set_peer(b.key, endpoint=Endpoint("::1", 1))
    assert a.device.send(ping(1, 2)) == "sent"
    a.device.set_peer(b.key, endpoint=Endpoint("127.0.0.1", b.device.listen_port))
    await until(lambda: a.replies)


async def test_closed_it_is_quiet_and_opened_again_it_goes_on(two: tuple[Host, Host]) -> None:
    a, b = two
    port = b.device.listen_port
    b.device.close()
    assert b.device.send(ping(2, 1)) == "down"
    assert a.device.send(ping(1, 2)) == "sent"
    b.device.listen_port = port
    await b.device.open("127.0.0.1", port)
    await until(lambda: a.replies)


async def test_it_may_close_while_it_is_told_of_a_packet(two: tuple[Host, Host]) -> None:
    a, _ = two
    closed = asyncio.Event()

    def received(_packet: bytes, _key: bytes) -> None:
        c.device.close()
        closed.set()

    c = Host(Device(b"c" * 32, received), [])
    await c.device.open("127.0.0.1", 0)
    c.device.set_peer(a.key, allowed_ips=[ip_network("10.0.0.1")])
    a.device.set_peer(
        c.key,
        endpoint=Endpoint("127.0.0.1", c.device.listen_port),
        allowed_ips=[ip_network("10.0.0.3")],
    )
    for _ in range(3):
        a.device.send(ping(1, 3))
    await asyncio.wait_for(closed.wait(), 10)


async def test_over_ipv6(two: tuple[Host, Host]) -> None:
    a, b = host(3), host(4)
    ends = ip_address("fd00::3"), ip_address("fd00::4")
    for end in (a, b):
        await end.device.open("::1", 0)
    for end, far, address in ((a, b, ends[1]), (b, a, ends[0])):
        at = Endpoint("::1", far.device.listen_port)
        end.device.set_peer(far.key, endpoint=at, allowed_ips=[ip_network(address)])
    request = echo.Echo(*ends, False, 7, 9, b"six")
    a.device.send(request.pack())
    await until(lambda: a.replies)
    assert echo.parse(a.replies[0]) == request.answered()
    assert a.peer.endpoint == f"[::1]:{b.device.listen_port}"
    for end in (a, b):
        end.device.close()
